//! The name of a call: the caller's, or one that is made here.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use http::{HeaderMap, HeaderName, HeaderValue};

/// Where the name travels, both ways.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest name that is taken from a caller, in bytes.
const MAX_BYTES: usize = 128;

/// The caller's name when it is sane: 1 to 128 letters, digits, or any of `-_.:+/=`; otherwise a new one.
///
/// What is written into every log line must not be able to break one.
pub(super) fn take_or_make(headers: &HeaderMap) -> HeaderValue {
    match headers.get(REQUEST_ID) {
        Some(theirs) if is_sane(theirs.as_bytes()) => theirs.clone(),
        _ => make(),
    }
}

fn is_sane(name: &[u8]) -> bool {
    (1..=MAX_BYTES).contains(&name.len())
        && name.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.:+/=".contains(b))
}

/// 16 hexadecimal digits: different for 2^64 calls of one process, and as random as the standard library's hash seeds from
/// process to process.
fn make() -> HeaderValue {
    static START: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(std::process::id()));
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mixed = mix(START.wrapping_add(COUNT.fetch_add(1, Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let mut digits = [0; 16];
    for (i, digit) in digits.iter_mut().enumerate() {
        let nibble = mixed >> (60 - 4 * i) & 15;
        *digit = b"0123456789abcdef"[nibble as usize];
    }
    HeaderValue::from_bytes(&digits).unwrap_or(HeaderValue::from_static("-"))
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): a bijection, so different numbers stay different.
const fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sane_name_is_taken_and_any_other_replaced() {
        let taken = |name: &[u8]| {
            let value = HeaderValue::from_bytes(name).unwrap();
            take_or_make(&HeaderMap::from_iter([(REQUEST_ID, value.clone())])) == value
        };
        assert!(taken(b"018f-4f2e:a.b/c+d=_"));
        assert!(taken(&[b'x'; 128]));
        for name in [&b""[..], &[b'x'; 129], b"a b", b"a\"b", b"a\\b", b"{", "é".as_bytes()] {
            assert!(!taken(name), "{name:?}");
        }
    }

    #[test]
    fn made_names_differ() {
        let made: std::collections::HashSet<_> = (0..1000).map(|_| make()).collect();
        assert_eq!(made.len(), 1000);
        assert!(made.iter().all(|m| m.len() == 16));
    }
}
