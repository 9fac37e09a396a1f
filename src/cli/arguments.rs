//! Arguments that several subcommands share.

use std::{
    ffi::OsString,
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;

use super::{ExitStatus, Failure, built_in};
use crate::{
    client::ConnectOptions,
    corpus::{Columns, Format, Input, ReadOptions},
    counts::Counts,
    file::OpenFile,
    model::{DEFAULT_MAX_TERMS, Model, TrainingParams, Variant},
    server::{ModelSource, Registry},
    text::{StemmerKind, TextProfile},
    training::{MemoryLimit, Shares},
};

/// Where articles come from.
#[derive(Debug, Args)]
pub(super) struct Inputs {
    /// Articles: files or folders of JSON lines, CSV, TSV, fastText lines or Parquet, plain, .gz or .zst; a folder with one
    /// folder of .txt files per topic; a pattern of file names; or - for standard input. docs/FORMATS.md says more
    #[arg(value_name = "INPUT", required = true)]
    inputs: Vec<OsString>,

    #[command(flatten)]
    reading: ReadArguments,
}

impl Inputs {
    pub(super) fn get(&self) -> Vec<Input> {
        self.inputs.iter().map(|i| Input::from(i.as_os_str())).collect()
    }

    pub(super) fn options(&self) -> Result<ReadOptions, Failure> {
        self.reading.options()
    }
}

/// How inputs are read.
#[derive(Debug, Args)]
pub(super) struct ReadArguments {
    /// The format of every file, whatever it is called [default: as the extension tells; JSON lines without one]
    #[arg(long, env = "BAYESWIRE_INPUT_FORMAT", value_name = "FORMAT")]
    input_format: Option<Format>,

    /// The column, or field of JSON, with the body [default: text]
    #[arg(long, env = "BAYESWIRE_TEXT_COLUMN", value_name = "NAME")]
    text_column: Option<String>,

    /// The column with the topic [default: topic, or else label]
    #[arg(long, env = "BAYESWIRE_TOPIC_COLUMN", value_name = "NAME")]
    topic_column: Option<String>,

    /// The column with the headline [default: title, where there is one]
    #[arg(long, env = "BAYESWIRE_TITLE_COLUMN", value_name = "NAME")]
    title_column: Option<String>,

    /// The column with the article's id [default: id, where there is one]
    #[arg(long, env = "BAYESWIRE_ID_COLUMN", value_name = "NAME")]
    id_column: Option<String>,
}

impl ReadArguments {
    pub(super) fn options(&self) -> Result<ReadOptions, Failure> {
        let columns = Columns {
            text: self.text_column.clone(),
            topic: self.topic_column.clone(),
            title: self.title_column.clone(),
            id: self.id_column.clone(),
        };
        if let Some(name) = columns.twice() {
            let message =
                format!("the column {name:?} has two roles, each of text, topic, title and id needs its own");
            return Err(Failure::new(ExitStatus::Usage, message));
        }
        Ok(ReadOptions { format: self.input_format, columns, ..ReadOptions::default() })
    }
}

/// How words are made of text.
#[derive(Debug, Args)]
pub(super) struct TextArguments {
    /// The language whose rules reduce words to stems ("negotiations" and "negotiate" to "negoti"), or none
    #[arg(long, env = "BAYESWIRE_STEMMER", value_name = "LANGUAGE", default_value_t = StemmerKind::English)]
    stemmer: StemmerKind,

    /// Count single words only, not pairs of adjacent ones too
    #[arg(long, env = "BAYESWIRE_NO_PAIRS")]
    no_pairs: bool,
}

impl TextArguments {
    pub(super) fn profile(&self) -> TextProfile {
        TextProfile { stemmer: self.stemmer, pairs: !self.no_pairs }
    }
}

/// How much memory may be used.
#[derive(Debug, Args)]
pub(super) struct MemoryArgument {
    /// Take about so much memory at most, such as 512MiB or 2GiB: what does not fit goes through temporary files in TMPDIR,
    /// and the result has the same bytes. At least 128MiB
    #[arg(long, env = "BAYESWIRE_MAX_MEMORY", value_name = "SIZE")]
    max_memory: Option<MemoryLimit>,
}

impl MemoryArgument {
    pub(super) fn shares(&self) -> Option<Shares> {
        self.max_memory.map(MemoryLimit::shares)
    }
}

/// How a model is made of counts.
#[derive(Debug, Args)]
pub(super) struct TrainingArguments {
    /// Smoothing: what is added to every sum of article weights. Chosen by leave-one-out when not given
    #[arg(long, env = "BAYESWIRE_ALPHA", value_name = "NUMBER")]
    alpha: Option<f64>,

    /// Which estimate of a term's weight. Chosen by leave-one-out when not given
    #[arg(long, env = "BAYESWIRE_VARIANT", value_name = "VARIANT")]
    variant: Option<Variant>,

    /// How far the topics' sums are scaled to a common total: 0 not at all, 1 wholly. Chosen by leave-one-out when not given
    #[arg(long, env = "BAYESWIRE_ROW_SCALING", value_name = "SHARE")]
    row_scaling: Option<f64>,

    /// Divide each topic's weights by their mean size; goes with row scaling 0
    #[arg(long, env = "BAYESWIRE_NORMALIZE")]
    normalize: bool,

    /// Drop terms that occur in fewer articles than this
    #[arg(long, env = "BAYESWIRE_MIN_ARTICLES", value_name = "COUNT", default_value_t = 1)]
    min_articles: u64,

    /// Keep at most so many terms: those in the most articles
    #[arg(long, env = "BAYESWIRE_MAX_TERMS", value_name = "COUNT", default_value_t = DEFAULT_MAX_TERMS)]
    max_terms: usize,

    /// The topic that stands for "none of the others": articles of it are turned away as OFF_TOPIC. "" for none
    /// [default: other, if there is such a topic]
    #[arg(long, env = "BAYESWIRE_BACKGROUND", value_name = "TOPIC")]
    background: Option<String>,
}

impl TrainingArguments {
    pub(super) fn params(&self) -> TrainingParams {
        TrainingParams {
            alpha: self.alpha,
            min_articles: self.min_articles,
            max_terms: self.max_terms,
            variant: self.variant,
            row_scaling: self.row_scaling,
            normalize: self.normalize,
            background: self.background.clone(),
        }
    }
}

/// The model to use.
#[derive(Debug, Args)]
pub(super) struct ModelArgument {
    /// The model file [default: the built-in model]
    #[arg(long, env = "BAYESWIRE_MODEL", value_name = "FILE")]
    model: Option<PathBuf>,
}

impl ModelArgument {
    pub(super) fn load(&self) -> Result<Model, Failure> {
        match &self.model {
            Some(path) => load_model(path),
            None => built_in::load(),
        }
    }
}

/// The registry of the models at `path`, a file or a directory, or of the built-in one; and what gives the first model.
pub(super) fn open_models(
    path: Option<PathBuf>,
    held_revisions: NonZeroUsize,
) -> (Arc<Registry>, impl FnOnce() -> Result<Model, Failure> + Send + 'static) {
    let directory = path.as_ref().is_some_and(|path| path.is_dir());
    let source = match path.clone() {
        Some(path) if directory => ModelSource::Directory(path),
        Some(path) => ModelSource::File(path),
        None => ModelSource::Fixed,
    };
    let registry = Arc::new(Registry::new(source, held_revisions));
    let first = Arc::clone(&registry);
    let load = move || {
        if directory {
            return Ok(first.load_first(&built_in::bytes()?)?);
        }
        ModelArgument { model: path }.load()
    };
    (registry, load)
}

/// How to reach a server that asks who calls.
#[derive(Debug, Args)]
pub(super) struct ConnectionArguments {
    /// Trust servers with certificates of these authorities, PEM [default: those that the system trusts]
    #[arg(long, env = "BAYESWIRE_TLS_CA", value_name = "FILE")]
    tls_ca: Option<PathBuf>,

    /// Our certificate chain, PEM, for servers that ask for one
    #[arg(long, env = "BAYESWIRE_CLIENT_CERT", value_name = "FILE", requires = "client_key")]
    client_cert: Option<PathBuf>,

    /// Its private key, PEM
    #[arg(long, env = "BAYESWIRE_CLIENT_KEY", value_name = "FILE", requires = "client_cert")]
    client_key: Option<PathBuf>,

    /// A file with a bearer token and nothing else, for servers that ask for one
    #[arg(long, env = "BAYESWIRE_BEARER_FILE", value_name = "FILE")]
    bearer_file: Option<PathBuf>,
}

impl ConnectionArguments {
    pub(super) fn options(&self) -> ConnectOptions {
        ConnectOptions {
            tls_ca: self.tls_ca.clone(),
            identity: self.client_cert.clone().zip(self.client_key.clone()),
            token_file: self.bearer_file.clone(),
        }
    }
}

/// Reads a model file.
pub(super) fn load_model(path: &Path) -> Result<Model, Failure> {
    let file = OpenFile::open(path).map_err(|e| Failure::reading(path, &e))?;
    Model::from_source(&file).map_err(|e| Failure::invalid(path, &e))
}

/// Reads a counts file.
pub(super) fn load_counts(path: &Path) -> Result<Counts, Failure> {
    let bytes = fs::read(path).map_err(|e| Failure::reading(path, &e))?;
    Counts::from_bytes(&bytes).map_err(|e| Failure::invalid(path, &e))
}
