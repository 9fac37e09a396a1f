//! `google.protobuf.Timestamp`.

use std::{fmt, time::SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// A point in time: seconds since 1970-01-01T00:00:00Z, and nanoseconds that count forward from there, before 1970 too.
///
/// In JSON it is as ProtoJSON has it: RFC 3339 in UTC with 0, 3, 6 or 9 digits behind the point. (prost's own type has no
/// JSON, and that of pbjson-types writes `+00:00` for `Z`.)
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct Timestamp {
    /// Whole seconds.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// 0 to 999,999,999.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(time: jiff::Timestamp) -> Self {
        let nanoseconds = time.as_nanosecond();
        let seconds = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).unwrap_or(0);
        let nanos = i32::try_from(nanoseconds.rem_euclid(1_000_000_000)).unwrap_or(0);
        Self { seconds, nanos }
    }
}

/// Times before 1970 do not occur on files; they would be 1970.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        Self { seconds, nanos: i32::try_from(since.subsec_nanos()).unwrap_or(0) }
    }
}

/// As in JSON; a time beyond the years that RFC 3339 can say shows its seconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(time) = jiff::Timestamp::new(self.seconds, self.nanos) else {
            return write!(f, "{} s", self.seconds);
        };
        match self.nanos {
            0 => write!(f, "{time:.0}"),
            nanos if nanos % 1_000_000 == 0 => write!(f, "{time:.3}"),
            nanos if nanos % 1000 == 0 => write!(f, "{time:.6}"),
            _ => write!(f, "{time:.9}"),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !(0..1_000_000_000).contains(&self.nanos) {
            return Err(ser::Error::custom("nanos of a timestamp outside their range"));
        }
        jiff::Timestamp::new(self.seconds, self.nanos).map_err(ser::Error::custom)?;
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse::<jiff::Timestamp>().map(Self::from).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_what_protobuf_says() {
        for (json, seconds, nanos) in [
            ("\"2024-03-08T18:30:00Z\"", 1_709_922_600, 0),
            ("\"2024-03-08T18:30:00.250Z\"", 1_709_922_600, 250_000_000),
            ("\"2024-03-08T18:30:00.000001Z\"", 1_709_922_600, 1000),
            ("\"2024-03-08T18:30:00.000000001Z\"", 1_709_922_600, 1),
            ("\"1969-12-31T23:59:59.250Z\"", -1, 250_000_000),
        ] {
            let time = Timestamp { seconds, nanos };
            assert_eq!(serde_json::from_str::<Timestamp>(json).unwrap(), time);
            assert_eq!(serde_json::to_string(&time).unwrap(), json);
        }
        let elsewhere: Timestamp = serde_json::from_str("\"2024-03-08T19:30:00+01:00\"").unwrap();
        assert_eq!(elsewhere.seconds, 1_709_922_600);
    }

    #[test]
    fn what_is_no_time_has_no_json() {
        for (seconds, nanos) in [(i64::MAX, 0), (0, -1), (0, 1_000_000_000)] {
            assert!(serde_json::to_string(&Timestamp { seconds, nanos }).is_err());
        }
        assert!(serde_json::from_str::<Timestamp>("\"yesterday\"").is_err());
    }
}
