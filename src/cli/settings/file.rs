//! The configuration file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    asked::{Given, Origin},
    table::SETTINGS,
};

/// Why there are no settings.
#[derive(Debug)]
pub(in crate::cli) enum FileError {
    /// The file cannot be read.
    Read(PathBuf, io::Error),
    /// It is not TOML; the line says where.
    Syntax(String),
}

/// The values in the file, and a line for every key that is no setting.
pub(super) fn read(path: &Path) -> Result<(Vec<Given>, Vec<String>), FileError> {
    let text = fs::read_to_string(path).map_err(|e| FileError::Read(path.to_owned(), e))?;
    let name = path.display().to_string();
    // The message's first line says where; what follows quotes the line, which may hold a secret.
    let table: toml::Table = toml::from_str(&text).map_err(|e| {
        let line =
            e.span().map_or(1, |span| 1 + text.get(..span.start).map_or(0, |t| t.matches('\n').count()));
        FileError::Syntax(format!("{name}: line {line}: is not TOML: {}", e.message()))
    })?;
    let (mut given, mut wrong) = (Vec::new(), Vec::new());
    for (key, value) in table {
        match SETTINGS.iter().find(|setting| setting.name == key) {
            Some(setting) => {
                given.push(Given { name: setting.name, value, origin: Origin::File(name.clone()) });
            }
            None => wrong.push(format!("{name}: {key}: is no setting{}", nearest(&key))),
        }
    }
    Ok((given, wrong))
}

/// The setting that was meant, where the difference is only in how it is written.
fn nearest(key: &str) -> String {
    let meant = key.replace('-', "_").to_lowercase();
    let found = SETTINGS.iter().find(|setting| setting.name == meant);
    found.map_or_else(String::new, |setting| format!(", {} is", setting.name))
}
