//! Pages of lists.

use std::time::{Duration, SystemTime};

use super::violation::RequestViolation;
use crate::model::Revision;

/// No more revisions on one page.
const MAX_PAGE_SIZE: i32 = 100;
/// How many where the caller does not say.
const DEFAULT_PAGE_SIZE: usize = 50;

/// How many entries a page has.
pub(super) fn check_page_size(size: i32, violations: &mut Vec<RequestViolation>) -> usize {
    match usize::try_from(size) {
        Ok(0) => DEFAULT_PAGE_SIZE,
        Ok(n) if size <= MAX_PAGE_SIZE => n,
        _ => {
            violations.push(RequestViolation::PageSize { size, limit: MAX_PAGE_SIZE });
            DEFAULT_PAGE_SIZE
        }
    }
}

/// The token of the page behind the entry with this key. It names the entry, not a number of entries: what comes and goes
/// meanwhile neither hides an entry nor shows one twice.
pub(super) fn page_token((modified, revision): (SystemTime, Revision)) -> String {
    let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{:016x}{:08x}{revision}", since.as_secs(), since.subsec_nanos())
}

/// The key behind which the page begins; None at the beginning.
pub(super) fn check_page_token(
    token: &str,
    violations: &mut Vec<RequestViolation>,
) -> Option<(SystemTime, Revision)> {
    if token.is_empty() {
        return None;
    }
    let key = parse(token);
    if key.is_none() {
        violations.push(RequestViolation::PageToken);
    }
    key
}

fn parse(token: &str) -> Option<(SystemTime, Revision)> {
    let digits = |range| {
        let text: &str = token.get(range)?;
        text.bytes().all(|b| b.is_ascii_hexdigit()).then_some(text)
    };
    let seconds = u64::from_str_radix(digits(0..16)?, 16).ok()?;
    let nanos = u32::from_str_radix(digits(16..24)?, 16).ok().filter(|&nanos| nanos < 1_000_000_000)?;
    let modified = SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))?;
    Some((modified, token.get(24..)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_entry() {
        let key = (SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 7), Revision::of(b"x"));
        let mut violations = Vec::new();
        assert_eq!(check_page_token(&page_token(key), &mut violations), Some(key));
        assert_eq!(check_page_token("", &mut violations), None);
        assert!(violations.is_empty());
    }

    #[test]
    fn anything_else_is_no_token() {
        let good = page_token((SystemTime::UNIX_EPOCH, Revision::of(b"x")));
        let bad = ["2", "+0", "ü", &good[1..], &format!("+{}", &good[1..]), &"f".repeat(88), &"é".repeat(44)];
        for token in bad {
            let mut violations = Vec::new();
            assert_eq!(check_page_token(token, &mut violations), None);
            assert_eq!(violations, [RequestViolation::PageToken], "{token}");
        }
    }

    #[test]
    fn a_page_has_1_to_100_entries() {
        let mut violations = Vec::new();
        assert_eq!([0, 1, 100].map(|size| check_page_size(size, &mut violations)), [50, 1, 100]);
        assert!(violations.is_empty());
        for size in [-1, 101, i32::MIN] {
            check_page_size(size, &mut violations);
        }
        assert_eq!(violations.len(), 3);
    }
}
