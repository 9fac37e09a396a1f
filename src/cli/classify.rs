//! `bayeswire classify`

use std::{fmt::Write as _, io::IsTerminal as _};

use clap::{Args, ValueEnum};
use futures_util::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};

use super::{
    ExitStatus, Failure,
    arguments::{ConnectionArguments, Inputs, ModelArgument},
    output,
    pages::Pages,
    progress::Progress,
};
use crate::{
    api::{to_json, v1},
    article::Article,
    client::Client,
    corpus::{RawRecord, RawRecords, ReadError, Record, in_order},
    model::{Classifier, Model, Options},
};

/// How many calls to a server are under way at once.
const CALLS: usize = 32;
/// The limit of a server that was told nothing else, so that both ways give the same answers.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// Tell what articles are about
#[derive(Debug, Args)]
pub(super) struct Classify {
    #[command(flatten)]
    inputs: Inputs,

    /// The inputs are scraped pages: find the articles on each and classify those. INPUT is then files (.html and .htm are
    /// HTML, anything else is plain text), folders of such files, or - for one page on standard input, which is HTML if it
    /// begins with <. Pages in any of the encodings of the Web are read, at most 16 MiB each. --format jsonl prints one
    /// ClassifyPageResponse a page, its sourceUri the name of the file; --format text a line for the page and one for each
    /// article: topic, probability, title, first words
    #[arg(long, env = "BAYESWIRE_PAGE")]
    page: bool,

    #[command(flatten)]
    model: ModelArgument,

    /// Ask this server in place of classifying here, such as http://127.0.0.1:50051
    #[arg(long, env = "BAYESWIRE_SERVER", value_name = "URL", conflicts_with = "model")]
    server: Option<String>,

    #[command(flatten)]
    connection: ConnectionArguments,

    /// How to print answers
    #[arg(long, env = "BAYESWIRE_FORMAT", value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// How many of the weightiest terms to give as evidence
    #[arg(long, env = "BAYESWIRE_EVIDENCE", value_name = "COUNT", default_value_t = 0,
          value_parser = clap::value_parser!(i32).range(0..=1000))]
    evidence: i32,

    /// Abstain when the best topic is less probable than this [default: the model's threshold]
    #[arg(long, env = "BAYESWIRE_MIN_PROBABILITY", value_name = "PROBABILITY")]
    min_probability: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A line for eyes: decision, probability, id or place, title.
    Text,
    /// One ClassifyArticleResponse (or ClassifyPageResponse) in ProtoJSON a line, as the server sends it.
    Jsonl,
}

impl Classify {
    pub(super) fn run(self) -> Result<(), Failure> {
        let options = v1::ClassificationOptions {
            min_probability: self.min_probability,
            max_evidence_terms: self.evidence,
            ..v1::ClassificationOptions::default()
        };
        if self.page {
            let pages = Pages::new(&self.inputs.get(), self.format);
            return match &self.server {
                Some(url) => pages.ask(url, &self.connection.options(), &options),
                None => {
                    let model = self.model.load()?;
                    let options = checked(&model, &options)?;
                    pages.classify_here(&model, &options)
                }
            };
        }
        let progress = Progress::start("classifying");
        let mut printer = Printer { answered: 0, wrong: 0, progress };
        match &self.server {
            Some(url) => {
                let runtime = tokio::runtime::Runtime::new().map_err(|e| Failure::new(ExitStatus::Io, e))?;
                runtime.block_on(self.ask(url, &options, &mut printer))?;
            }
            None => self.classify_here(&options, &mut printer)?,
        }
        printer.finish()
    }

    fn classify_here(
        &self,
        options: &v1::ClassificationOptions,
        printer: &mut Printer,
    ) -> Result<(), Failure> {
        let model = self.model.load()?;
        let options = checked(&model, options)?;
        let profile = model.facts().text_profile;
        in_order(
            RawRecords::new(&self.inputs.get(), &self.inputs.options()?),
            RawRecord::size,
            rayon::current_num_threads(),
            || Classifier::new(profile),
            |classifier, raw| {
                let record = raw.read()?;
                let answer = answer(classifier, &model, &record.article, &options);
                Ok(self.format.show(&record, answer))
            },
            |answers| printer.print(answers),
        )?;
        Ok(())
    }

    async fn ask(
        &self,
        url: &str,
        options: &v1::ClassificationOptions,
        printer: &mut Printer,
    ) -> Result<(), Failure> {
        let client = Client::connect_with(url, &self.connection.options()).await?;
        let records = RawRecords::new(&self.inputs.get(), &self.inputs.options()?);
        let (send, receive) = tokio::sync::mpsc::channel(CALLS);
        // Reading blocks, so it has a thread of its own; that ends when nobody listens any more.
        std::thread::spawn(move || {
            for record in records.map(RawRecord::read) {
                if send.blocking_send(record).is_err() {
                    break;
                }
            }
        });
        let calls = ReceiverStream::new(receive).map(|record| {
            let (client, options) = (client.clone(), options.clone());
            async move {
                let record = record?;
                let answer = client.classify(&record.article, options).await;
                Ok(self.format.show(&record, answer))
            }
        });
        let mut answers = calls.buffered(CALLS).ready_chunks(CALLS);
        while let Some(answers) = answers.next().await {
            printer.print(answers)?;
        }
        Ok(())
    }
}

/// Checks the options against the model.
fn checked(model: &Model, options: &v1::ClassificationOptions) -> Result<Options, Failure> {
    let evidence = i64::from(options.max_evidence_terms);
    Options::new(model, options.min_probability, evidence, &options.topic_priors).map_err(|wrong| {
        let lines: Vec<_> = wrong.iter().map(ToString::to_string).collect();
        Failure::new(ExitStatus::Usage, lines.join("\n"))
    })
}

/// What a server would answer.
fn answer(
    classifier: &mut Classifier,
    model: &Model,
    article: &Article,
    options: &Options,
) -> Result<v1::ClassifyArticleResponse, Status> {
    let bytes = article.title.len() + article.text.len();
    if bytes > MAX_TEXT_BYTES {
        let message =
            format!("article.text: has {bytes} bytes with the title, the limit is {MAX_TEXT_BYTES}");
        return Err(Status::invalid_argument(message));
    }
    if article.text.trim_start().is_empty() {
        return Err(Status::invalid_argument("article.text: is empty"));
    }
    let answer = classifier.classify(model, &article.title, &article.text, options);
    Ok(v1::ClassifyArticleResponse {
        article_id: article.id.clone(),
        classification: Some(v1::Classification::new(model, answer)),
    })
}

impl Format {
    /// What to print for an answer.
    fn show(self, record: &Record, answer: Result<v1::ClassifyArticleResponse, Status>) -> Shown {
        match answer {
            Ok(response) => match self {
                Self::Jsonl => match to_json(&response) {
                    Ok(line) => Shown::Answer(line),
                    Err(error) => Shown::Failed(Failure::new(ExitStatus::Software, error)),
                },
                Self::Text => Shown::Answer(for_eyes(record, &response).into_bytes()),
            },
            Err(status) => {
                let what = format!("{}: {}", record.place, status.message());
                if status.code() == Code::InvalidArgument {
                    return Shown::Wrong(what);
                }
                let what = format!("{what} ({:?})", status.code());
                Shown::Failed(Failure::new(ExitStatus::Unavailable, what))
            }
        }
    }
}

/// What comes of an article.
enum Shown {
    /// Bytes for standard output.
    Answer(Vec<u8>),
    /// The article has no answer; the others have theirs.
    Wrong(String),
    /// There are no more answers.
    Failed(Failure),
}

/// Prints answers in order and remembers what was wrong.
struct Printer {
    answered: usize,
    wrong: usize,
    progress: Progress,
}

impl Printer {
    fn complain(&mut self, what: &str) {
        eprintln!("bayeswire: {what}");
        self.wrong += 1;
    }

    /// Prints all at once, so that what has been answered is seen.
    fn print(&mut self, answers: Vec<Result<Shown, ReadError>>) -> Result<(), Failure> {
        let mut out = Vec::new();
        for answer in answers {
            let failure = match answer {
                Ok(Shown::Answer(bytes)) => {
                    out.extend(bytes);
                    self.answered += 1;
                    continue;
                }
                Ok(Shown::Wrong(what)) => {
                    self.complain(&what);
                    continue;
                }
                Err(ReadError::Violation(violation)) => {
                    self.complain(&violation.to_string());
                    continue;
                }
                Ok(Shown::Failed(failure)) => failure,
                Err(ReadError::Fatal(error)) => error.into(),
            };
            output::print(&out)?;
            return Err(failure);
        }
        self.progress.set(self.answered);
        output::print(&out)
    }

    fn finish(self) -> Result<(), Failure> {
        match self.wrong {
            0 => Ok(()),
            n => Err(Failure::new(ExitStatus::Data, format!("{n} of the articles could not be classified"))),
        }
    }
}

/// One line: decision, probability, what the article is called, title; and the evidence below.
fn for_eyes(record: &Record, response: &v1::ClassifyArticleResponse) -> String {
    let Some(answer) = &response.classification else {
        return String::new();
    };
    let decision = decision_for_eyes(answer);
    let name =
        if record.article.id.is_empty() { record.place.to_string() } else { record.article.id.clone() };
    let heading = if record.article.title.is_empty() { &record.article.text } else { &record.article.title };
    let heading: String = heading.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(60).collect();
    let mut out = format!("{decision}  {name}  {heading}\n");
    for evidence in &answer.evidence {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "    {:+6.1} dB  {} x{}", evidence.decibans, evidence.term, evidence.count);
    }
    out
}

/// Decision and probability, in columns.
pub(super) fn decision_for_eyes(answer: &v1::Classification) -> String {
    let decision = if answer.topic.is_empty() {
        let reason = answer.abstain_reason().as_str_name();
        format!("({})", reason.trim_start_matches("ABSTAIN_REASON_").to_lowercase())
    } else {
        answer.topic.clone()
    };
    let probability = answer.topics.first().map_or(0.0, |t| t.probability);
    if std::io::stdout().is_terminal() {
        format!("\x1b[1m{decision:14}\x1b[0m {probability:.3}")
    } else {
        format!("{decision:14} {probability:.3}")
    }
}
