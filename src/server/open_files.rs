//! How many files a server may have open: each connection is one.

use tracing::warn;

/// What a server has open besides connections: listeners, models, certificates, what it is about to close.
const OTHERS: u64 = 64;

/// Raises the limit that shells and service managers set low for old programs' sake (most often to 1,024) to as many as the
/// system allows; warns where that is too few for so many connections.
pub fn allow_open_files_for(connections: usize) {
    let wanted = OTHERS.saturating_add(u64::try_from(connections).unwrap_or(u64::MAX));
    if let Some(limit) = raise().filter(|limit| *limit < wanted) {
        warn!(
            limit,
            connections, "fewer files may be open (ulimit -n) than max_connections allows connections"
        );
    }
}

/// The limit as it is then. None: there is none, or it cannot be told.
#[cfg(target_os = "linux")]
fn raise() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(_) => current,
    }
}

#[cfg(not(target_os = "linux"))]
fn raise() -> Option<u64> {
    None
}
