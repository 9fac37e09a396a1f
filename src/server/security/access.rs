//! Whether a caller may make a call.

use std::{fmt, str::FromStr};

use arc_swap::ArcSwapOption;
use http::{HeaderMap, Request, header::AUTHORIZATION};

use super::Tokens;
use crate::server::{
    RequestError, ServerConfig,
    incoming::Peer,
    layers::{Group, Rpc},
};

/// What a caller may do. Whoever may do the later may do the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Have articles classified and read what the server tells about its models.
    Classify,
    /// Change which model answers.
    Operate,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Classify => "classify",
            Self::Operate => "operate",
        })
    }
}

/// Not a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no role: classify or operate")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        match text {
            "classify" => Ok(Self::Classify),
            "operate" => Ok(Self::Operate),
            _ => Err(UnknownRole),
        }
    }
}

/// Whether a service asks who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Anybody may call it.
    Open,
    /// Only callers with a role.
    Closed,
}

/// The rules, and the tokens that are valid now.
#[derive(Debug)]
pub(in crate::server) struct Access {
    /// Whether roles are asked for at all.
    guarded: bool,
    /// Replaced as a whole when the file changes. None when callers are not known by tokens.
    tokens: ArcSwapOption<Tokens>,
    health: Opening,
    reflection: Opening,
}

impl Access {
    pub(in crate::server) fn new(config: &ServerConfig, tokens: Option<Tokens>) -> Self {
        let by_certificate = config.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some());
        Self {
            guarded: tokens.is_some() || by_certificate,
            tokens: ArcSwapOption::from_pointee(tokens),
            health: config.health,
            reflection: config.reflection,
        }
    }

    /// From now on these tokens are valid, and no others.
    pub(in crate::server) fn replace_tokens(&self, tokens: Tokens) {
        self.tokens.store(Some(tokens.into()));
    }

    /// Whether the caller of `request` may call `rpc`.
    pub(in crate::server) fn check<B>(&self, rpc: &Rpc, request: &Request<B>) -> Result<(), RequestError> {
        let open = match rpc.group {
            Group::Health => self.health == Opening::Open,
            Group::Reflection => self.reflection == Opening::Open,
            Group::Work => false,
        };
        if !self.guarded || open {
            return Ok(());
        }
        let by_certificate = request.extensions().get::<Peer>().and_then(|peer| peer.role);
        match self.by_token(request.headers())?.max(by_certificate) {
            None => Err(RequestError::TokenInvalid),
            Some(role) if role < rpc.role => Err(RequestError::RoleMissing { role: rpc.role }),
            Some(_) => Ok(()),
        }
    }

    /// The role that the token gives; a token that gives none is an error even for a caller with a certificate.
    fn by_token(&self, headers: &HeaderMap) -> Result<Option<Role>, RequestError> {
        let tokens = self.tokens.load();
        let (Some(tokens), Some(header)) = (tokens.as_deref(), headers.get(AUTHORIZATION)) else {
            return Ok(None);
        };
        let (scheme, token) = header.as_bytes().split_at_checked(7).ok_or(RequestError::TokenInvalid)?;
        if !scheme.eq_ignore_ascii_case(b"bearer ") {
            return Err(RequestError::TokenInvalid);
        }
        tokens.role(token.trim_ascii()).map(Some).ok_or(RequestError::TokenInvalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: &str = "classify c-0123456789abcdef\noperate o-0123456789abcdef\n";

    fn check(
        access: &Access,
        method: &str,
        token: Option<&str>,
        by_certificate: Option<Role>,
    ) -> Option<RequestError> {
        let mut request = Request::new(());
        if let Some(token) = token {
            request.headers_mut().insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        request.extensions_mut().insert(Peer { role: by_certificate });
        access.check(&Rpc::new("bayeswire.v1.ModelService", method, false), &request).err()
    }

    #[test]
    fn only_operators_may_change_what_is_served() {
        let access = Access::new(&ServerConfig::default(), Some(Tokens::parse(TOKENS).unwrap()));
        let (classify, operate) = (Some("c-0123456789abcdef"), Some("o-0123456789abcdef"));
        let missing = Some(RequestError::RoleMissing { role: Role::Operate });
        assert_eq!(check(&access, "RollbackModel", classify, None), missing);
        assert_eq!(check(&access, "GetServerInfo", classify, None), None);
        assert_eq!(check(&access, "RollbackModel", operate, None), None);
        assert_eq!(check(&access, "RollbackModel", None, None), Some(RequestError::TokenInvalid));
        // A certificate counts as much as a token, but does not make up for a wrong one.
        assert_eq!(check(&access, "RollbackModel", None, Some(Role::Operate)), None);
        assert_eq!(check(&access, "RollbackModel", None, Some(Role::Classify)), missing);
        assert_eq!(check(&access, "RollbackModel", classify, Some(Role::Operate)), None);
        let wrong = check(&access, "RollbackModel", Some("guess"), Some(Role::Operate));
        assert_eq!(wrong, Some(RequestError::TokenInvalid));
    }

    #[test]
    fn without_tokens_and_authorities_everybody_may_do_everything() {
        let access = Access::new(&ServerConfig::default(), None);
        assert_eq!(check(&access, "RollbackModel", None, None), None);
    }
}
