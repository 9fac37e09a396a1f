//! Articles as text files in one folder per topic, the layout that scikit-learn's `load_files` reads.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    vec,
};

use super::{
    error::{Cause, Violation},
    jsonl::MAX_LINE_BYTES,
    records::{ReadError, Record, entries, fatal},
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
    let place = path.display().to_string();
    let violation = |cause| ReadError::Violation(Violation { place: place.clone(), cause });
    if path.extension().is_none_or(|e| e != "txt") {
        return Err(violation(Cause::NotText));
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|e| fatal(path, e))?;
    file.take(MAX_LINE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|e| fatal(path, e))?;
    if bytes.len() > MAX_LINE_BYTES {
        return Err(violation(Cause::TooLong));
    }
    let text = String::from_utf8(bytes).map_err(|_| violation(Cause::NotUtf8))?;
    let name = path.file_stem().map(|n| n.to_string_lossy()).unwrap_or_default();
    Ok(Record {
        article: Article { id: format!("{topic}/{name}"), title: String::new(), text },
        label: Some(topic.to_owned()),
        place,
    })
}
