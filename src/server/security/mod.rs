//! Who may call what, and how connections are kept private.
//!
//! [`Guard`] holds both and reads their files again when they change.

mod access;
mod files;
mod guard;
mod tls;
mod tokens;

pub(super) use access::Access;
pub use access::{Opening, Role, UnknownRole};
pub(super) use guard::Guard;
pub use guard::SecurityError;
pub(super) use tls::Tls;
pub use tls::TlsError;
pub use tokens::{InvalidTokens, Tokens};
