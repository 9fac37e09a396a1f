//! Articles as text files in one folder per topic, the layout that scikit-learn's `load_files` reads.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    vec,
};

use super::{
    error::{Cause, Violation},
    format::uncompressed_name,
    inputs::entries,
    lines::MAX_RECORD_BYTES,
    open::{broken, open},
    place::Place,
    records::{ReadError, Record},
};
use crate::article::Article;

/// The articles of several topics' folders.
pub(super) struct FolderRecords {
    topics: vec::IntoIter<PathBuf>,
    topic: String,
    files: vec::IntoIter<PathBuf>,
}

impl FolderRecords {
    pub(super) fn new(topics: Vec<PathBuf>) -> Self {
        Self { topics: topics.into_iter(), topic: String::new(), files: Vec::new().into_iter() }
    }
}

impl Iterator for FolderRecords {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(file) = self.files.next() {
                return Some(read(&file, &self.topic));
            }
            let folder = self.topics.next()?;
            self.topic = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            match entries(&folder) {
                Ok(files) => self.files = files.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

fn read(path: &Path, topic: &str) -> Result<Record, ReadError> {
    let place = Place::file(path);
    let violation = |cause| ReadError::Violation(Violation { place: place.to_string(), cause });
    let name = uncompressed_name(path);
    if name.extension().is_none_or(|e| e != "txt") {
        return Err(violation(Cause::NotText));
    }
    let mut bytes = Vec::new();
    let limit = MAX_RECORD_BYTES as u64 + 1;
    open(path)?.take(limit).read_to_end(&mut bytes).map_err(|e| broken(&place, path, e))?;
    if bytes.len() > MAX_RECORD_BYTES {
        return Err(violation(Cause::TooLong));
    }
    let text = String::from_utf8(bytes).map_err(|_| violation(Cause::NotUtf8))?;
    let name = name.file_stem().map(|n| n.to_string_lossy()).unwrap_or_default();
    let article = Article { id: format!("{topic}/{name}"), title: String::new(), text };
    Ok(Record { article, label: Some(topic.to_owned()), place })
}
