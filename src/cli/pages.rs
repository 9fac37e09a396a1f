//! `bayeswire classify --page`

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use futures_util::{StreamExt as _, stream};
use rayon::prelude::*;
use tonic::{Code, Status};

use super::{
    ExitStatus, Failure,
    classify::{Format, decision_for_eyes},
    output,
    progress::Progress,
};
use crate::{
    api::{
        to_json,
        v1::{self, classify_page_request},
    },
    client::{Client, ConnectOptions},
    corpus::Input,
    model::{Classifier, Model, Options},
    page::{Content, MAX_PAGE_BYTES, decode},
};

/// How many pages are read before they are answered, on all cores.
const BATCH: usize = 32;
/// How many calls to a server are under way at once.
const CALLS: usize = 8;

/// A page that was read.
struct Page {
    name: String,
    is_html: bool,
    text: String,
}

/// The pages to classify, and what became of them.
pub(super) struct Pages {
    /// Files in order; `None` is standard input.
    files: Vec<Option<PathBuf>>,
    format: Format,
    /// Folders that could not be read, and files.
    failure: Option<Failure>,
    wrong: usize,
}

impl Pages {
    /// The pages in `inputs`; folders with all that is in them, in the order of their names.
    pub(super) fn new(inputs: &[Input], format: Format) -> Self {
        let mut pages = Self { files: Vec::new(), format, failure: None, wrong: 0 };
        for input in inputs {
            match input {
                Input::Stdin => pages.files.push(None),
                Input::Path(path) => match files(path) {
                    Ok(files) => pages.files.extend(files.into_iter().map(Some)),
                    Err((path, error)) => {
                        pages.failure.get_or_insert(Failure::reading(&path, &error));
                    }
                },
            }
        }
        pages
    }

    /// Classifies with a model of our own.
    pub(super) fn classify_here(mut self, model: &Model, options: &Options) -> Result<(), Failure> {
        let files = self.start()?;
        let progress = Progress::start("classifying");
        for (done, batch) in files.chunks(BATCH).enumerate() {
            let pages = self.read(batch)?;
            let answers: Vec<_> = pages
                .into_par_iter()
                .map_init(
                    || Classifier::new(model.facts().text_profile),
                    |classifier, page| {
                        let content =
                            if page.is_html { Content::Html(&page.text) } else { Content::Text(&page.text) };
                        let name = page.name.clone();
                        let answer =
                            v1::ClassifyPageResponse::new(model, classifier, content, name.clone(), options);
                        (name, Ok(answer))
                    },
                )
                .collect();
            progress.set(done * BATCH + batch.len());
            self.print(answers)?;
        }
        self.finish()
    }

    /// Asks a server.
    pub(super) fn ask(
        mut self,
        url: &str,
        connection: &ConnectOptions,
        options: &v1::ClassificationOptions,
    ) -> Result<(), Failure> {
        let runtime = tokio::runtime::Runtime::new().map_err(|e| Failure::new(ExitStatus::Io, e))?;
        let files = self.start()?;
        let progress = Progress::start("classifying");
        runtime.block_on(async {
            let client = Client::connect_with(url, connection).await?;
            for (done, batch) in files.chunks(BATCH).enumerate() {
                let calls = self.read(batch)?.into_iter().map(|page| {
                    let (client, options, name) = (client.clone(), options.clone(), page.name.clone());
                    async move { (name, client.classify_page(request(page, options)).await) }
                });
                let answers = stream::iter(calls).buffered(CALLS).collect().await;
                progress.set(done * BATCH + batch.len());
                self.print(answers)?;
            }
            self.finish()
        })
    }

    /// The files, or why one of the folders could not be read.
    fn start(&mut self) -> Result<Vec<Option<PathBuf>>, Failure> {
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(std::mem::take(&mut self.files)),
        }
    }

    /// Reads pages; one that is too long is complained about.
    fn read(&mut self, files: &[Option<PathBuf>]) -> Result<Vec<Page>, Failure> {
        let mut pages = Vec::new();
        for file in files {
            let path = file.as_deref().unwrap_or(Path::new("-"));
            let mut bytes = Vec::new();
            let limit = MAX_PAGE_BYTES as u64 + 1;
            let read = match file {
                Some(path) => fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)),
                None => io::stdin().lock().take(limit).read_to_end(&mut bytes),
            };
            read.map_err(|e| Failure::reading(path, &e))?;
            let text = decode(&bytes);
            if bytes.len() > MAX_PAGE_BYTES || text.len() > MAX_PAGE_BYTES {
                self.complain(&format!("{}: longer than {MAX_PAGE_BYTES} bytes, the limit", path.display()));
                continue;
            }
            let is_html = match file {
                Some(path) => path
                    .extension()
                    .is_some_and(|e| e.eq_ignore_ascii_case("html") || e.eq_ignore_ascii_case("htm")),
                None => text.trim_start().starts_with('<'),
            };
            pages.push(Page { name: path.display().to_string(), is_html, text: text.into_owned() });
        }
        Ok(pages)
    }

    fn complain(&mut self, what: &str) {
        eprintln!("bayeswire: {what}");
        self.wrong += 1;
    }

    fn print(
        &mut self,
        answers: Vec<(String, Result<v1::ClassifyPageResponse, Status>)>,
    ) -> Result<(), Failure> {
        let mut out = Vec::new();
        for (name, answer) in answers {
            match answer {
                Ok(answer) if self.format == Format::Jsonl => {
                    out.extend(to_json(&answer).map_err(|e| Failure::new(ExitStatus::Software, e))?);
                }
                Ok(answer) => out.extend(for_eyes(&name, &answer).into_bytes()),
                Err(status) if status.code() == Code::InvalidArgument => {
                    self.complain(&format!("{name}: {}", status.message()));
                }
                Err(status) => {
                    output::print(&out)?;
                    let what = format!("{name}: {} ({:?})", status.message(), status.code());
                    return Err(Failure::new(ExitStatus::Unavailable, what));
                }
            }
        }
        output::print(&out)
    }

    fn finish(&self) -> Result<(), Failure> {
        match self.wrong {
            0 => Ok(()),
            n => Err(Failure::new(ExitStatus::Data, format!("{n} of the pages could not be classified"))),
        }
    }
}

/// All files in `path`, or `path` itself. Links to folders are not followed, so that none is entered twice.
fn files(path: &Path) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let mut found = Vec::new();
    if !fs::metadata(path).map_err(|e| (path.to_owned(), e))?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|e| (folder.clone(), e))?;
        for entry in entries {
            let entry = entry.map_err(|e| (folder.clone(), e))?;
            let kind = entry.file_type().map_err(|e| (entry.path(), e))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if entry.path().is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn request(page: Page, options: v1::ClassificationOptions) -> v1::ClassifyPageRequest {
    let content = if page.is_html {
        classify_page_request::Content::Html(page.text)
    } else {
        classify_page_request::Content::Text(page.text)
    };
    v1::ClassifyPageRequest { content: Some(content), source_uri: page.name, options: Some(options) }
}

/// A line for the page, and one for each article: topic, probability, title, first words.
fn for_eyes(name: &str, page: &v1::ClassifyPageResponse) -> String {
    let articles = match page.articles.len() {
        1 => "1 article".to_owned(),
        n => format!("{n} articles"),
    };
    let mut out = format!("{name}: {articles}, {:.0}% left out\n", page.left_out_share * 100.0);
    for article in &page.articles {
        let decision = article.classification.as_ref().map(decision_for_eyes).unwrap_or_default();
        let title = if article.title.is_empty() { "(no title)" } else { &article.title };
        let words: Vec<&str> = article.text.split_whitespace().take(12).collect();
        out.push_str(&format!("  {decision}  {title}: {}\n", words.join(" ")));
    }
    out
}
