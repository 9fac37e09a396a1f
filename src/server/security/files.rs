//! Files that are read again when they change.

use std::{fs, io, path::PathBuf, time::Duration};

/// Files and what is in them.
pub(in crate::server) type Contents = Vec<(PathBuf, Vec<u8>)>;

/// Reads all of `paths`.
///
/// # Errors
/// The first file that cannot be read.
pub(in crate::server) fn read_all(paths: &[PathBuf]) -> Result<Contents, (PathBuf, io::Error)> {
    paths
        .iter()
        .map(|path| fs::read(path).map(|bytes| (path.clone(), bytes)).map_err(|e| (path.clone(), e)))
        .collect()
}

/// Reads `paths` every `interval` and calls `changed` with all of their contents when those of any are others than
/// before, `before` being what they were last.
///
/// Contents are compared, not times: a folder of secrets that is swapped by a symbolic link, a copy that keeps the time, a
/// file on a network all work alike, and certificates are small. A file that cannot be read at the moment is being
/// replaced, most likely; it is looked at again.
pub(in crate::server) async fn watch(
    paths: Vec<PathBuf>,
    mut before: Contents,
    interval: Duration,
    mut changed: impl FnMut(&Contents) + Send,
) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let paths = paths.clone();
        let Ok(Ok(now)) = tokio::task::spawn_blocking(move || read_all(&paths)).await else {
            continue;
        };
        if now != before {
            changed(&now);
            before = now;
        }
    }
}
