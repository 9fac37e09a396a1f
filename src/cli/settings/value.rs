//! From what was written to what it means. An error says what may be written instead.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use toml::Value;

/// What may be written, to be read after "must be".
pub(super) type MustBe = String;

/// A whole number between `min` and `max`.
pub(super) fn number(value: &Value, min: i64, max: i64) -> Result<i64, MustBe> {
    let number = match value {
        Value::Integer(number) => Some(*number),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    number.filter(|n| (min..=max).contains(n)).ok_or_else(|| format!("a whole number, {min} to {max}"))
}

/// [`number`], as a number of things in memory.
pub(super) fn size(value: &Value, min: i64, max: i64) -> Result<usize, MustBe> {
    number(value, min, max).map(|n| usize::try_from(n).unwrap_or(usize::MAX))
}

/// [`number`], as one that the protocol carries.
pub(super) fn word(value: &Value, min: u32, max: u32) -> Result<u32, MustBe> {
    number(value, min.into(), max.into()).map(|n| u32::try_from(n).unwrap_or(u32::MAX))
}

/// A fraction between `min` and `max`.
pub(super) fn fraction(value: &Value, min: f64, max: f64) -> Result<f64, MustBe> {
    let number = match value {
        Value::Integer(number) => i32::try_from(*number).ok().map(f64::from),
        Value::Float(number) => Some(*number),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    number.filter(|n| (min..=max).contains(n)).ok_or_else(|| format!("a number, {min} to {max}"))
}

/// Seconds, with or without a fraction.
pub(super) fn seconds(value: &Value, min: f64, max: f64) -> Result<Duration, MustBe> {
    let seconds =
        fraction(value, min, max).ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| format!("a number of seconds, {min} to {max}"))
}

/// Seconds, where 0 stands for never.
pub(super) fn seconds_or_never(value: &Value, max: f64) -> Result<Option<Duration>, MustBe> {
    let seconds = seconds(value, 0.0, max).map_err(|must| format!("{must}; 0 for never"))?;
    Ok((!seconds.is_zero()).then_some(seconds))
}

/// Yes or no.
pub(super) fn switch(value: &Value) -> Result<bool, MustBe> {
    match value {
        Value::Boolean(on) => Ok(*on),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        _ => Err("true or false".to_owned()),
    }
}

/// Text that is not empty.
pub(super) fn text(value: &Value) -> Result<String, MustBe> {
    match value {
        Value::String(text) if !text.is_empty() => Ok(text.clone()),
        _ => Err("text that is not empty".to_owned()),
    }
}

/// A path.
pub(super) fn path(value: &Value) -> Result<PathBuf, MustBe> {
    text(value).map(PathBuf::from).map_err(|_| "a path".to_owned())
}

/// An address and a port.
pub(super) fn address(value: &Value) -> Result<SocketAddr, MustBe> {
    let parsed = value.as_str().and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| "an IP address and a port, such as 127.0.0.1:50051 or [::]:50051".to_owned())
}

/// One of a few words.
pub(super) fn choice<T: Copy>(value: &Value, choices: &[(&str, T)]) -> Result<T, MustBe> {
    let found = choices.iter().find(|(name, _)| value.as_str() == Some(name));
    found.map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        names.join(" or ")
    })
}

/// A list; on the command line and in the environment with commas between.
pub(super) fn list(value: &Value, of_what: &str) -> Result<Vec<String>, MustBe> {
    let parts: Option<Vec<String>> = match value {
        Value::Array(parts) => parts.iter().map(|p| p.as_str().map(str::to_owned)).collect(),
        Value::String(text) => Some(text.split(',').map(|p| p.trim().to_owned()).collect()),
        _ => None,
    };
    parts
        .filter(|parts| parts.iter().all(|p| !p.is_empty()))
        .ok_or_else(|| format!("{of_what}: a list in the file, with commas between elsewhere"))
}
