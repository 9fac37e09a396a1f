//! Articles from several inputs, one after the other.

use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    columns::ReadOptions,
    delimited::DelimitedRecords,
    error::{CorpusError, Violation},
    folder::FolderRecords,
    format::{Compression, Format},
    inputs::{Input, contents, matches},
    lines::Lines,
    open::{Plain, open, standard_input},
    parquet::ParquetRecords,
    place::Place,
    raw::{RawRecord, Syntax},
    spool::spool,
};
use crate::article::Article;

/// An article as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The file, and the line or row where there are such.
    pub place: Place,
    /// The article; its text may be empty.
    pub article: Article,
    /// What the input says the topic is.
    pub label: Option<String>,
}

/// Why a record could not be read.
#[derive(Debug)]
pub enum ReadError {
    /// This record is wrong; the next may be right.
    Violation(Violation),
    /// The input ends here.
    Fatal(CorpusError),
}

/// The records of all inputs, in order; files of a folder in the order of their names.
pub struct Records(RawRecords);

impl Records {
    /// Reads `inputs`; nothing is opened before it is its turn.
    #[must_use]
    pub fn new(inputs: &[Input]) -> Self {
        Self::with(inputs, &ReadOptions::default())
    }

    /// Reads `inputs` as `options` say.
    #[must_use]
    pub fn with(inputs: &[Input], options: &ReadOptions) -> Self {
        Self(RawRecords::new(inputs, options))
    }
}

impl Iterator for Records {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(RawRecord::read)
    }
}

/// The same before the lines are read: for reading them on other threads.
pub struct RawRecords {
    waiting: VecDeque<Input>,
    current: Option<Box<dyn Iterator<Item = RawRecord> + Send>>,
    options: Arc<ReadOptions>,
}

impl RawRecords {
    /// Reads `inputs` as `options` say; nothing is opened before it is its turn.
    #[must_use]
    pub fn new(inputs: &[Input], options: &ReadOptions) -> Self {
        let waiting = inputs.iter().cloned().collect();
        Self { waiting, current: None, options: Arc::new(options.clone()) }
    }

    fn open(&mut self, input: Input) -> Result<(), ReadError> {
        match input {
            Input::Stdin => {
                let format = self.options.format.unwrap_or(Format::Jsonl);
                let path = PathBuf::from("standard input");
                let input = standard_input()?;
                let options = Arc::clone(&self.options);
                self.current = Some(match format {
                    Format::Parquet => {
                        let file = spool(&path, input)?;
                        Box::new(ParquetRecords::new(&path, file, options).map(RawRecord::from))
                    }
                    format => records(format, path, input, options),
                });
                Ok(())
            }
            Input::Path(path) => self.open_path(path),
        }
    }

    fn open_path(&mut self, path: PathBuf) -> Result<(), ReadError> {
        if let Some(paths) = matches(&path)? {
            paths.into_iter().rev().for_each(|path| self.waiting.push_front(Input::Path(path)));
            return Ok(());
        }
        if fs::metadata(&path).map_err(|e| fatal(&path, e))?.is_dir() {
            let (folders, files) = contents(&path, self.options.format)?;
            files.into_iter().rev().for_each(|file| self.waiting.push_front(Input::Path(file)));
            self.current = Some(Box::new(FolderRecords::new(folders).map(RawRecord::from)));
            return Ok(());
        }
        let format = self.options.format.or_else(|| Format::of_name(&path)).unwrap_or(Format::Jsonl);
        let options = Arc::clone(&self.options);
        self.current = Some(match format {
            Format::Parquet => {
                let file = match Compression::of_name(&path) {
                    None => fs::File::open(&path).map_err(|e| fatal(&path, e))?,
                    Some(_) => spool(&path, open(&path)?)?,
                };
                Box::new(ParquetRecords::new(&path, file, options).map(RawRecord::from))
            }
            format => records(format, path.clone(), open(&path)?, options),
        });
        Ok(())
    }
}

/// The records of an input that is read from front to end.
fn records(
    format: Format,
    path: PathBuf,
    input: Plain,
    options: Arc<ReadOptions>,
) -> Box<dyn Iterator<Item = RawRecord> + Send> {
    let delimiter = if format == Format::Csv { b',' } else { b'\t' };
    let syntax = if format == Format::Fasttext { Syntax::Fasttext } else { Syntax::Json };
    match format {
        Format::Csv | Format::Tsv => {
            Box::new(DelimitedRecords::new(path, input, delimiter, options).map(RawRecord::from))
        }
        _ => Box::new(Lines::new(path, input).map(move |line| match line {
            Ok((place, line)) => RawRecord::line(place, line, syntax, Arc::clone(&options)),
            Err(error) => RawRecord::from(Err(error)),
        })),
    }
}

impl Iterator for RawRecords {
    type Item = RawRecord;

    fn next(&mut self) -> Option<RawRecord> {
        loop {
            let record = match self.current.as_mut().and_then(Iterator::next) {
                Some(record) => record,
                None => {
                    self.current = None;
                    match self.waiting.pop_front().map(|input| self.open(input))? {
                        Ok(()) => continue,
                        Err(error) => RawRecord::from(Err(error)),
                    }
                }
            };
            if record.ends_input() {
                self.current = None;
                self.waiting.clear();
            }
            return Some(record);
        }
    }
}

pub(super) fn fatal(path: &Path, error: io::Error) -> ReadError {
    ReadError::Fatal(match error.kind() {
        io::ErrorKind::NotFound => CorpusError::NotFound(path.to_owned()),
        _ => CorpusError::Io(path.to_owned(), error),
    })
}
