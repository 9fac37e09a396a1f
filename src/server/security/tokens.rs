//! The file of tokens.

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use super::Role;

/// Shorter ones could be guessed.
const MIN_TOKEN_BYTES: usize = 16;

/// Who is known by which token.
///
/// Only digests are kept: a token is in no core dump and in no `Debug`, and digests are compared in a time that depends on
/// neither the token nor its length.
#[derive(Clone)]
pub struct Tokens(Vec<(Role, [u8; 32])>);

/// What is wrong with a file of tokens, a line for each; never a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct InvalidTokens(pub Vec<String>);

impl Tokens {
    /// Reads lines `ROLE TOKEN`, the role being `classify` or `operate`. Empty lines and lines that begin with # are
    /// passed over.
    ///
    /// # Errors
    /// Every line that is neither, that has a token shorter than 16 bytes or of other than visible ASCII, or when there is
    /// no token at all.
    pub fn parse(text: &str) -> Result<Self, InvalidTokens> {
        let (mut tokens, mut wrong) = (Vec::new(), Vec::new());
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match entry(line) {
                Ok(token) => tokens.push(token),
                Err(what) => wrong.push(format!("line {number}: {what}")),
            }
        }
        if tokens.is_empty() && wrong.is_empty() {
            wrong.push("there is no token: every line is ROLE TOKEN".to_owned());
        }
        if wrong.is_empty() { Ok(Self(tokens)) } else { Err(InvalidTokens(wrong)) }
    }

    /// The highest role that `token` gives. All are compared, so that the time says nothing about which one was nearest.
    pub(super) fn role(&self, token: &[u8]) -> Option<Role> {
        let digest = Sha256::digest(token);
        let (mut classify, mut operate) = (Choice::from(0), Choice::from(0));
        for (role, known) in &self.0 {
            let same = known[..].ct_eq(&digest);
            match role {
                Role::Classify => classify |= same,
                Role::Operate => operate |= same,
            }
        }
        if operate.into() { Some(Role::Operate) } else { bool::from(classify).then_some(Role::Classify) }
    }
}

fn entry(line: &str) -> Result<(Role, [u8; 32]), String> {
    let (role, token) = line.split_once(char::is_whitespace).ok_or("must be ROLE TOKEN")?;
    let role = role.parse().map_err(|_| "must begin with a role, classify or operate")?;
    let token = token.trim();
    if token.len() < MIN_TOKEN_BYTES {
        return Err(format!("the token has {} bytes, the least is {MIN_TOKEN_BYTES}", token.len()));
    }
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("the token may have visible ASCII characters only".to_owned());
    }
    Ok((role, Sha256::digest(token).into()))
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tokens").field(&self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSIFY: &str = "c-0123456789abcdef";
    const OPERATE: &str = "o-0123456789abcdef";

    #[test]
    fn a_token_gives_its_role_and_nothing_else_does() {
        let text = format!("# callers\nclassify {CLASSIFY}\n\noperate\t{OPERATE}\n");
        let tokens = Tokens::parse(&text).unwrap();
        assert_eq!(tokens.role(CLASSIFY.as_bytes()), Some(Role::Classify));
        assert_eq!(tokens.role(OPERATE.as_bytes()), Some(Role::Operate));
        for other in ["", "c", &CLASSIFY[1..], "c-0123456789abcdeF", "c-0123456789abcdef "] {
            assert_eq!(tokens.role(other.as_bytes()), None, "{other}");
        }
        let shown = format!("{tokens:?}");
        assert!(!shown.contains("0123"), "{shown}");
    }

    #[test]
    fn every_bad_line_is_told_without_its_token() {
        let text = format!("{CLASSIFY}\nadmin {CLASSIFY}\nclassify short-secret\noperate {OPERATE}é\n");
        let error = Tokens::parse(&text).unwrap_err();
        assert_eq!(error.0.len(), 4, "{error}");
        for secret in ["0123", "short-secret", "admin"] {
            assert!(!error.to_string().contains(secret), "{error}");
        }
        assert!(Tokens::parse("# nobody\n").is_err());
    }
}
