//! Arguments that several subcommands share.

use std::{
    ffi::OsString,
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;

use super::Failure;
use crate::{
    corpus::Input,
    counts::Counts,
    file::InvalidFile,
    model::{DEFAULT_MAX_TERMS, Model, TrainingParams, Variant},
    server::{DEFAULT_HELD_REVISIONS, ModelSource, Registry},
    text::{StemmerKind, TextProfile},
};

/// The model that is built in: `models/default/default.model`.
static BUILT_IN: &[u8] = include_bytes!("../../models/default/default.model");

/// Where articles come from.
#[derive(Debug, Args)]
pub(super) struct Inputs {
    /// Articles: JSON lines (objects with "text", and perhaps "title", "id", and "topic" or "label"), a folder with one
    /// folder of .txt files per topic, a folder of .jsonl files, or - for JSON lines on standard input
    #[arg(value_name = "INPUT", required = true)]
    inputs: Vec<OsString>,
}

impl Inputs {
    pub(super) fn get(&self) -> Vec<Input> {
        self.inputs.iter().map(|i| Input::from(i.as_os_str())).collect()
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
            None => {
                Model::from_bytes(BUILT_IN).map_err(|e| Failure::invalid(Path::new("the built-in model"), &e))
            }
        }
    }
}

/// The models to serve.
#[derive(Debug, Args)]
pub(super) struct ModelsArgument {
    /// A model file, or a directory of *.model files [default: the built-in model].
    ///
    /// From a directory the revision is served that was active last (its file `active` says which), else the newest file
    /// that can be served, else the built-in model. A file that comes or changes there is activated, unless it is damaged
    /// or fails its self-test: then the old one goes on, and the log says why. Write files elsewhere and rename them into
    /// place; one that is written in place is read when it has not changed for a second. SIGHUP looks at once, and again at
    /// files that were rejected; with a single file it reads that again
    #[arg(long, env = "BAYESWIRE_MODEL", value_name = "FILE|DIR")]
    model: Option<PathBuf>,

    /// How many revisions to keep in memory: they answer calls that name them, and `bayeswire models rollback` goes back
    /// to them at once
    #[arg(long, env = "BAYESWIRE_HELD_REVISIONS", value_name = "COUNT", default_value_t = DEFAULT_HELD_REVISIONS)]
    held_revisions: NonZeroUsize,
}

impl ModelsArgument {
    /// The registry of models, and what gives the first one.
    pub(super) fn open(self) -> (Arc<Registry>, impl FnOnce() -> Result<Model, Failure> + Send + 'static) {
        let directory = self.model.as_ref().is_some_and(|path| path.is_dir());
        let source = match self.model.clone() {
            Some(path) if directory => ModelSource::Directory(path),
            Some(path) => ModelSource::File(path),
            None => ModelSource::Fixed,
        };
        let registry = Arc::new(Registry::new(source, self.held_revisions));
        let first = Arc::clone(&registry);
        let load = move || {
            if directory {
                return Ok(first.load_first(BUILT_IN)?);
            }
            ModelArgument { model: self.model }.load()
        };
        (registry, load)
    }
}

/// Reads a model file.
pub(super) fn load_model(path: &Path) -> Result<Model, Failure> {
    load(path, Model::from_bytes)
}

/// Reads a counts file.
pub(super) fn load_counts(path: &Path) -> Result<Counts, Failure> {
    load(path, Counts::from_bytes)
}

fn load<T>(path: &Path, parse: impl Fn(&[u8]) -> Result<T, InvalidFile>) -> Result<T, Failure> {
    let bytes = fs::read(path).map_err(|e| Failure::reading(path, &e))?;
    parse(&bytes).map_err(|e| Failure::invalid(path, &e))
}
