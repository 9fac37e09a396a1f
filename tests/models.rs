//! The life of models: which one answers, how another takes its place, and what operators are told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy.toml allows it in tests, but not in their helpers

mod harness;

use std::{
    collections::HashMap,
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bayeswire::{
    api::v1::{
        Article, ClassificationOptions, ClassifyArticleRequest, GetModelRevisionRequest,
        ListModelRevisionsRequest, LookUpTermRequest, ModelRevision, ModelRevisionState,
        classification_service_client::ClassificationServiceClient, model_service_client::ModelServiceClient,
    },
    client::Client,
    file::replace,
    model::{Model, Revision},
    server::{ModelObserver, ModelOutcome, ModelSource, Registry, ServerConfig},
};
use harness::{ServerProcess, TestServer, model_file, reason, until, violations};
use tempfile::TempDir;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// How often the tests' servers look at their directory.
const POLL: Duration = Duration::from_millis(20);

/// Counts what it is told.
#[derive(Default)]
struct Counter {
    outcomes: Mutex<HashMap<ModelOutcome, usize>>,
    active: Mutex<Option<Revision>>,
}

impl Counter {
    fn count(&self, outcome: ModelOutcome) -> usize {
        self.outcomes.lock().unwrap().get(&outcome).copied().unwrap_or(0)
    }
}

impl ModelObserver for Counter {
    fn activated(&self, model: &Model) {
        *self.active.lock().unwrap() = Some(model.revision());
    }

    fn reloaded(&self, outcome: ModelOutcome) {
        *self.outcomes.lock().unwrap().entry(outcome).or_default() += 1;
    }
}

/// A server on a directory, and what it counted.
struct Serving {
    server: TestServer,
    client: Client,
    registry: Arc<Registry>,
    counter: Arc<Counter>,
    folder: PathBuf,
}

async fn serve(folder: &Path, held: usize) -> Serving {
    let counter = Arc::new(Counter::default());
    let source = ModelSource::Directory(folder.to_owned());
    let registry = Registry::new(source, NonZeroUsize::new(held).unwrap());
    let registry = Arc::new(registry.polled_every(POLL));
    registry.observe(counter.clone());
    let first = Arc::clone(&registry);
    let config = ServerConfig { drain_delay: Duration::ZERO, ..ServerConfig::default() };
    let load = move || first.load_first(&built_in().1).map_err(|e| e.to_string());
    let mut server = TestServer::with_registry(config, Arc::clone(&registry), load).await;
    server.ready().await;
    let client = Client::connect(&server.url()).await.unwrap();
    Serving { server, client, registry, counter, folder: folder.to_owned() }
}

fn built_in() -> (Revision, Vec<u8>) {
    model_file("built-in")
}

/// Puts a model into a folder as our own writers do, and gives its revision.
fn put(folder: &TempDir, name: &str, word: &str) -> Revision {
    let (revision, bytes) = model_file(word);
    replace(&folder.path().join(name), &bytes).unwrap();
    revision
}

/// Makes a file older, so that the order of files does not hang on how fast the test is.
fn age(folder: &TempDir, name: &str, seconds: u64) {
    let file = fs::File::options().append(true).open(folder.path().join(name)).unwrap();
    file.set_modified(std::time::SystemTime::now() - Duration::from_secs(seconds)).unwrap();
}

impl Serving {
    async fn answering(&self) -> String {
        self.classify(ClassificationOptions::default()).await.unwrap()
    }

    /// The revision that answers.
    async fn classify(&self, options: ClassificationOptions) -> Result<String, Status> {
        let article = bayeswire::article::Article { text: "Heavy rain falls.".into(), ..Default::default() };
        Ok(self.client.classify(&article, options).await?.classification.unwrap().model_revision)
    }

    /// Waits until a revision answers. The record is what a change does last, so all the rest of it is done then.
    async fn becomes(&self, revision: Revision) {
        let record = self.folder.join("active");
        until("the revision is recorded", || {
            let recorded = fs::read_to_string(&record).is_ok_and(|text| text.trim() == revision.to_string());
            async move { recorded }
        })
        .await;
        assert_eq!(self.answering().await, revision.to_string());
        assert_eq!(*self.counter.active.lock().unwrap(), Some(revision));
    }

    async fn state(&self, revision: Revision) -> Option<ModelRevision> {
        let all = self.client.model_revisions().await.unwrap();
        all.into_iter().find(|listed| listed.model_revision == revision.to_string())
    }
}

fn asking(revision: Revision) -> ClassificationOptions {
    ClassificationOptions { model_revision: revision.to_string(), ..ClassificationOptions::default() }
}

#[tokio::test]
async fn a_new_file_is_activated_and_the_old_revision_stays_answerable() {
    let folder = tempfile::tempdir().unwrap();
    let a = put(&folder, "a.model", "a");
    let serving = serve(folder.path(), 4).await;
    assert_eq!(serving.answering().await, a.to_string());
    let b = put(&folder, "b.model", "b");
    serving.becomes(b).await;
    assert_eq!(serving.classify(asking(a)).await.unwrap(), a.to_string());
    // The same name, other content.
    let c = put(&folder, "b.model", "c");
    serving.becomes(c).await;
    assert_eq!(serving.counter.count(ModelOutcome::Activated), 2);
}

#[tokio::test]
async fn a_file_that_is_touched_or_linked_is_not_another_model() {
    let folder = tempfile::tempdir().unwrap();
    let a = put(&folder, "a.model", "a");
    let serving = serve(folder.path(), 4).await;
    let b = put(&folder, "b.model", "b");
    serving.becomes(b).await;
    age(&folder, "a.model", 5);
    fs::hard_link(folder.path().join("a.model"), folder.path().join("a.model.backup")).unwrap();
    fs::write(folder.path().join("notes.txt"), "not a model").unwrap();
    fs::write(folder.path().join(".c.model"), "hidden").unwrap();
    // Newer, so it is looked at first; the same look goes on to the file that was touched.
    fs::write(folder.path().join("e.model"), "damaged").unwrap();
    let counter = Arc::clone(&serving.counter);
    until("it is rejected", || {
        let rejected = counter.count(ModelOutcome::Rejected) > 0;
        async move { rejected }
    })
    .await;
    let d = put(&folder, "d.model", "d");
    serving.becomes(d).await;
    let outcomes = serving.counter.outcomes.lock().unwrap().clone();
    assert_eq!(outcomes, HashMap::from([(ModelOutcome::Activated, 2), (ModelOutcome::Rejected, 1)]));
    assert_eq!(serving.state(a).await.unwrap().state(), ModelRevisionState::Held);
}

#[tokio::test]
async fn a_corrupt_file_keeps_the_old_one_serving_and_is_complained_about_once() {
    let folder = tempfile::tempdir().unwrap();
    let a = put(&folder, "a.model", "a");
    let serving = serve(folder.path(), 4).await;
    let (_, mut bytes) = model_file("b");
    *bytes.last_mut().unwrap() ^= 1;
    let bad = Revision::of(&bytes);
    replace(&folder.path().join("b.model"), &bytes).unwrap();
    let counter = Arc::clone(&serving.counter);
    until("it is rejected", || {
        let rejected = counter.count(ModelOutcome::Rejected) > 0;
        async move { rejected }
    })
    .await;
    assert_eq!(serving.answering().await, a.to_string());

    let listed = serving.state(bad).await.unwrap();
    assert_eq!(listed.state(), ModelRevisionState::Rejected);
    assert!(listed.reject_reason.contains("damaged"), "{}", listed.reject_reason);
    assert_eq!((listed.file_name.as_str(), listed.file_bytes), ("b.model", bytes.len() as u64));

    // A good one behind it: while that was found, the bad one has been passed over several times.
    let c = put(&folder, "c.model", "c");
    serving.becomes(c).await;
    assert_eq!(serving.counter.count(ModelOutcome::Rejected), 1);
    serving.server.metric("bayeswire_reloads_total{outcome=\"refused\",what=\"model\"} 1").await;
    serving.server.metric("bayeswire_reloads_total{outcome=\"loaded\",what=\"model\"} 1").await;
    serving.server.metric(&format!("bayeswire_model_info{{revision=\"{c}\"}} 1")).await;

    // An operator who asks for it is told why not, for trial or in earnest.
    for validate_only in [true, false] {
        let status = serving.client.activate_model(&bad.to_string(), validate_only).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "MODEL_REJECTED"));
        let details = status.get_error_details();
        let violation = &details.precondition_failure().unwrap().violations[0];
        assert_eq!((violation.r#type.as_str(), violation.subject.clone()), ("MODEL", bad.to_string()));
        assert!(violation.description.contains("damaged"), "{}", violation.description);
    }
    assert_eq!(serving.answering().await, c.to_string());
    // A reload looks again.
    let before = serving.counter.count(ModelOutcome::Rejected);
    serving.registry.reload();
    until("it is rejected again", || {
        let rejected = serving.counter.count(ModelOutcome::Rejected) > before;
        async move { rejected }
    })
    .await;
    assert_eq!(serving.answering().await, c.to_string());
}

#[tokio::test]
async fn a_file_that_is_written_in_place_is_read_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder, "a.model", "a");
    let serving = serve(folder.path(), 4).await;
    let (revision, bytes) = model_file("b");
    let path = folder.path().join("b.model");
    // The first part stays long enough to be taken for the whole, and is rejected.
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let counter = Arc::clone(&serving.counter);
    until("it is rejected", || {
        let rejected = counter.count(ModelOutcome::Rejected) > 0;
        async move { rejected }
    })
    .await;
    fs::write(&path, &bytes).unwrap();
    serving.becomes(revision).await;
}

#[tokio::test]
async fn an_activated_revision_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let a = put(&folder, "a.model", "a");
    let b = put(&folder, "b.model", "b");
    age(&folder, "a.model", 60);
    let serving = serve(folder.path(), 4).await;
    assert_eq!(serving.answering().await, b.to_string(), "nothing is recorded: the newest");
    let answer = serving.client.activate_model(&a.to_string(), false).await.unwrap();
    assert!(answer.recorded);
    assert_eq!(answer.previous_revision, b.to_string());
    let revision = answer.revision.unwrap();
    assert_eq!((revision.model_revision, revision.facts.unwrap().topics.len()), (a.to_string(), 2));
    serving.server.stop().await.unwrap();

    let serving = serve(folder.path(), 4).await;
    assert_eq!(serving.answering().await, a.to_string());
    serving.client.activate_model(&b.to_string(), false).await.unwrap();
    assert!(serving.client.roll_back_model().await.unwrap().recorded);
    serving.server.stop().await.unwrap();

    let serving = serve(folder.path(), 4).await;
    assert_eq!(serving.answering().await, a.to_string(), "a rollback is recorded as well");
    serving.server.stop().await.unwrap();

    // A record of something that is not there any more, or no record at all, is no reason not to start.
    fs::remove_file(folder.path().join("a.model")).unwrap();
    let serving = serve(folder.path(), 4).await;
    assert_eq!(serving.answering().await, b.to_string());
    serving.server.stop().await.unwrap();
    fs::write(folder.path().join("active"), "the blue one").unwrap();
    let serving = serve(folder.path(), 4).await;
    assert_eq!(serving.answering().await, b.to_string());
}

#[tokio::test]
async fn a_server_starts_with_the_newest_model_that_can_be_served_or_the_built_in_one() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serve(folder.path(), 4).await;
    assert_eq!(serving.answering().await, built_in().0.to_string());
    serving.server.stop().await.unwrap();

    let a = put(&folder, "a.model", "a");
    age(&folder, "a.model", 60);
    fs::write(folder.path().join("z.model"), "damaged").unwrap();
    let serving = serve(folder.path(), 4).await;
    assert_eq!(serving.answering().await, a.to_string());
    assert!(!folder.path().join("active").exists(), "a start records nothing");
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_does_not_hinder_activation() {
    let folder = tempfile::tempdir().unwrap();
    let a = put(&folder, "a.model", "a");
    let b = put(&folder, "b.model", "b");
    age(&folder, "a.model", 60);
    // What cannot be replaced by a file, even by root.
    fs::create_dir_all(folder.path().join("active/x")).unwrap();
    let serving = serve(folder.path(), 4).await;
    assert_eq!(serving.answering().await, b.to_string());
    let answer = serving.client.activate_model(&a.to_string(), false).await.unwrap();
    assert!(!answer.recorded);
    assert_eq!(serving.answering().await, a.to_string());
}

#[tokio::test]
async fn validating_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let a = put(&folder, "a.model", "a");
    let b = put(&folder, "b.model", "b");
    age(&folder, "a.model", 60);
    let serving = serve(folder.path(), 4).await;
    let answer = serving.client.activate_model(&a.to_string(), true).await.unwrap();
    assert_eq!((answer.previous_revision, answer.recorded), (b.to_string(), false));
    let revision = answer.revision.unwrap();
    assert_eq!(revision.state(), ModelRevisionState::Available);
    assert!(revision.facts.is_some());
    assert_eq!(serving.answering().await, b.to_string());
    let status = serving.classify(asking(a)).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "REVISION_NOT_FOUND"));
}

#[tokio::test]
async fn rollback_goes_back_as_far_as_revisions_are_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let revisions = ["a", "b", "c"].map(|word| put(&folder, &format!("{word}.model"), word));
    for (seconds, name) in [(60, "a.model"), (50, "b.model"), (40, "c.model")] {
        age(&folder, name, seconds);
    }
    let serving = serve(folder.path(), 2).await;
    let status = serving.client.roll_back_model().await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "NO_EARLIER_REVISION"));
    assert!(status.get_error_details().precondition_failure().is_some());
    for revision in &revisions[..2] {
        serving.client.activate_model(&revision.to_string(), false).await.unwrap();
    }
    // c, a, b were active; two are held.
    let status = serving.classify(asking(revisions[2])).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let target = serving.state(revisions[0]).await.unwrap();
    assert_eq!((target.state(), target.rollback_target), (ModelRevisionState::Held, true));
    // Not even the file is needed.
    fs::remove_file(folder.path().join("a.model")).unwrap();
    let answer = serving.client.roll_back_model().await.unwrap();
    assert_eq!(answer.previous_revision, revisions[1].to_string());
    assert_eq!(serving.answering().await, revisions[0].to_string());
    assert_eq!(serving.counter.count(ModelOutcome::RolledBack), 1);
    assert_eq!(serving.client.roll_back_model().await.unwrap_err().code(), Code::FailedPrecondition);
    // Activating the active revision is no change to be rolled back.
    serving.client.activate_model(&revisions[0].to_string(), false).await.unwrap();
    assert_eq!(serving.client.roll_back_model().await.unwrap_err().code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn revisions_are_listed_page_by_page_whatever_comes_in_between() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["a", "b", "c", "d", "e"];
    let revisions = names.map(|word| put(&folder, &format!("{word}.model"), word));
    for (index, name) in names.iter().enumerate() {
        age(&folder, &format!("{name}.model"), 1000 - index as u64);
    }
    let serving = serve(folder.path(), 4).await;
    let mut client = ModelServiceClient::new(serving.server.channel().await);
    let mut seen = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListModelRevisionsRequest { page_size: 2, page_token };
        let page = client.list_model_revisions(request).await.unwrap().into_inner();
        assert!(page.revisions.len() <= 2);
        seen.extend(page.revisions);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
        // Comes first, so it is on no later page.
        let word = format!("f{}", seen.len());
        put(&folder, &format!("{word}.model"), &word);
    }
    let expected: Vec<_> = revisions.iter().rev().map(ToString::to_string).collect();
    assert_eq!(seen.iter().map(|r| r.model_revision.clone()).collect::<Vec<_>>(), expected);
    assert_eq!(seen[0].state(), ModelRevisionState::Active);
    let facts = seen[0].facts.as_ref().unwrap();
    assert_eq!(
        facts.topics.iter().map(|t| (t.topic.as_str(), t.articles)).collect::<Vec<_>>(),
        [("goal", 1), ("rain", 1)]
    );
    assert!(seen[1..].iter().all(|r| r.state() == ModelRevisionState::Available && r.facts.is_none()));
    assert!(seen.iter().all(|r| r.modify_time.is_some() && r.file_bytes > 0));

    let request = ListModelRevisionsRequest { page_size: 101, page_token: "2".into() };
    let status = client.list_model_revisions(request).await.unwrap_err();
    let expected = [("page_size", "PAGE_SIZE_INVALID"), ("page_token", "PAGE_TOKEN_INVALID")];
    assert_eq!(violations(&status), expected.map(|(f, r)| (f.to_owned(), r.to_owned())));
}

#[tokio::test]
async fn operators_are_told_what_is_served_and_what_it_knows() {
    let server = TestServer::start().await;
    let client = Client::connect(&server.url()).await.unwrap();
    let info = client.server_info().await.unwrap();
    assert_eq!(info.version, env!("CARGO_PKG_VERSION"));
    assert_eq!(info.active_revision, harness::default_model().revision().to_string());
    let limits = info.limits.unwrap();
    assert_eq!(
        (limits.max_text_bytes, limits.max_batch_articles, limits.max_held_revisions),
        (1 << 20, 1000, 4)
    );
    assert_eq!(limits.max_page_bytes, 16 << 20);
    assert_eq!(info.features, ["batch", "explain", "grpc-web", "open-inference-protocol", "pages", "stream"]);

    let mut models = ModelServiceClient::new(server.channel().await);
    let request = GetModelRevisionRequest::default();
    let revision = models.get_model_revision(request).await.unwrap().into_inner().revision.unwrap();
    assert_eq!((revision.state(), revision.file_name.as_str()), (ModelRevisionState::Active, ""));
    assert!(revision.facts.unwrap().leave_one_out_accuracy.is_some());
    for (name, code, expected) in [
        ("0".repeat(64), Code::NotFound, "REVISION_NOT_FOUND"),
        ("latest".to_owned(), Code::InvalidArgument, "MODEL_REVISION_INVALID"),
    ] {
        let request = GetModelRevisionRequest { model_revision: name.clone() };
        let status = models.get_model_revision(request).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (code, expected));
        let status = client.activate_model(&name, false).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (code, expected));
    }
    assert_eq!(client.activate_model("", false).await.unwrap_err().code(), Code::InvalidArgument);

    let term = client.look_up_term("Foreign ministers").await.unwrap();
    assert_eq!(term.term, "foreign minist");
    assert!(term.articles > 5);
    let weight = |topic: &str| term.weights.iter().find(|w| w.topic == topic).unwrap().weight;
    assert!(weight("diplomacy") > weight("protest"));
    for (term, code, expected) in [
        ("qwzxv", Code::NotFound, "TERM_NOT_FOUND"),
        ("", Code::InvalidArgument, "TERM_INVALID"),
        (" - ", Code::InvalidArgument, "TERM_INVALID"),
        ("three words here", Code::InvalidArgument, "TERM_INVALID"),
        (&"x".repeat(257), Code::InvalidArgument, "TERM_INVALID"),
    ] {
        let status = client.look_up_term(term).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (code, expected), "{term}");
    }
    let request = LookUpTermRequest { term: "rain".into(), model_revision: "0".repeat(64) };
    assert_eq!(models.look_up_term(request).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_server_without_a_model_yet_says_so_to_operators() {
    let (_keep, wait) = std::sync::mpsc::channel::<()>();
    let server = TestServer::with(ServerConfig::default(), move || {
        let _ = wait.recv();
        Ok(harness::small_model())
    })
    .await;
    let client = Client::connect(&server.url()).await.unwrap();
    assert_eq!(client.server_info().await.unwrap().active_revision, "");
    let statuses = [
        client.model_revisions().await.unwrap_err(),
        client.activate_model(&"0".repeat(64), false).await.unwrap_err(),
        client.roll_back_model().await.unwrap_err(),
        client.look_up_term("rain").await.unwrap_err(),
    ];
    for status in statuses {
        assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "MODEL_NOT_LOADED"));
    }
    drop(_keep);
    server.stop().await.unwrap();
}

/// How far the swaps have come. Swap n, counted from 0, activates revision n modulo 4; the first is done beforehand.
#[derive(Clone)]
struct Swaps {
    begun: Arc<AtomicUsize>,
    done: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Default for Swaps {
    fn default() -> Self {
        let one = || Arc::new(AtomicUsize::new(1));
        Self { begun: one(), done: one(), stop: Arc::default() }
    }
}

impl Swaps {
    async fn next(&self, client: &Client, revision: &Revision) {
        self.begun.fetch_add(1, Ordering::SeqCst);
        client.activate_model(&revision.to_string(), false).await.unwrap();
        self.done.fetch_add(1, Ordering::SeqCst);
    }
}

/// Calls until the swaps stop. Every answer must be of a revision that was active during the call: how many there were, and
/// which revisions gave them.
async fn call_during_swaps(url: String, swaps: Swaps, names: [String; 4]) -> (usize, [bool; 4]) {
    let channel = tonic::transport::Channel::from_shared(url).unwrap().connect().await.unwrap();
    let mut client = ClassificationServiceClient::new(channel);
    let (mut calls, mut seen) = (0, [false; 4]);
    while !swaps.stop.load(Ordering::SeqCst) {
        let oldest = swaps.done.load(Ordering::SeqCst) - 1;
        let article = Article { text: "Heavy rain falls.".into(), ..Article::default() };
        let request = ClassifyArticleRequest { article: Some(article), options: None };
        let answer = client.classify_article(request).await.unwrap().into_inner();
        let newest = swaps.begun.load(Ordering::SeqCst) - 1;
        let revision = answer.classification.unwrap().model_revision;
        let of_its_time = (oldest..=newest).any(|swap| names[swap % 4] == revision);
        assert!(of_its_time, "{revision} was not active during swaps {oldest} to {newest}");
        calls += 1;
        seen[names.iter().position(|name| *name == revision).unwrap()] = true;
    }
    (calls, seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_swaps_under_load_fail_no_call_and_every_answer_is_of_its_time() {
    const SWAPS: usize = 1000;
    const CALLERS: usize = 16;
    let folder = tempfile::tempdir().unwrap();
    let revisions = ["a", "b", "c", "d"].map(|word| put(&folder, &format!("{word}.model"), word));
    let serving = serve(folder.path(), 4).await;
    serving.client.activate_model(&revisions[0].to_string(), false).await.unwrap();
    let swaps = Swaps::default();
    let names = revisions.map(|r| r.to_string());
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| tokio::spawn(call_during_swaps(serving.server.url(), swaps.clone(), names.clone())))
        .collect();
    for swap in 1..=SWAPS {
        if swap == 100 {
            // Each record waits for the disk twice. Without the directory there are none, and all four models are in memory.
            fs::remove_dir_all(folder.path()).unwrap();
        }
        swaps.next(&serving.client, &revisions[swap % 4]).await;
    }
    swaps.stop.store(true, Ordering::SeqCst);
    let (mut calls, mut seen) = (0, [false; 4]);
    for caller in callers {
        let (more, these) = caller.await.unwrap();
        calls += more;
        seen = std::array::from_fn(|i| seen[i] || these[i]);
    }
    assert!(calls > SWAPS, "{calls} calls");
    assert_eq!(seen, [true; 4]);
    let swapped = serving.counter.count(ModelOutcome::Activated);
    assert!((SWAPS..=SWAPS + 1).contains(&swapped), "{swapped}");
}

/// Every swap reads a file, since two models are kept and four take turns; one of them is the shipped model, 6 MB.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_swaps_under_load_leave_memory_as_it_was() {
    const WARM_UP: usize = 200;
    const SWAPS: usize = 1000;
    // While a model is read there are three, and pages that were freed stay for a while: the least of so many swaps counts.
    const LOOKS: usize = 50;
    const SLACK: u64 = 16 << 20;
    let folder = tempfile::tempdir().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|word| put(&folder, &format!("{word}.model"), word));
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default/default.model");
    fs::copy(shipped, folder.path().join("d.model")).unwrap();
    let revisions = [a, b, c, harness::default_model().revision()];
    let path = folder.path().to_str().unwrap();
    let server = ServerProcess::start(&["--model", path, "--held-revisions", "2"]);
    let client = Client::connect(&server.url()).await.unwrap();
    client.activate_model(&revisions[0].to_string(), false).await.unwrap();
    let swaps = Swaps::default();
    let names = revisions.map(|r| r.to_string());
    let callers: Vec<_> = (0..16)
        .map(|_| tokio::spawn(call_during_swaps(server.url(), swaps.clone(), names.clone())))
        .collect();
    let mut least = [None, None];
    for swap in 1..=WARM_UP + SWAPS {
        swaps.next(&client, &revisions[swap % 4]).await;
        for (least, last) in least.iter_mut().zip([WARM_UP, WARM_UP + SWAPS]) {
            if (last - LOOKS..=last).contains(&swap) {
                *least = (*least).into_iter().chain(server.resident_bytes()).min();
            }
        }
    }
    swaps.stop.store(true, Ordering::SeqCst);
    let mut calls = 0;
    for caller in callers {
        calls += caller.await.unwrap().0;
    }
    assert!(calls > SWAPS, "{calls} calls");
    if let [Some(before), Some(after)] = least {
        println!("{calls} calls, {} KiB before and {} KiB after {SWAPS} swaps", before >> 10, after >> 10);
        assert!(after < before + SLACK, "{before} bytes before, {after} after");
    }
}

/// A pipe in place of the file: reading it takes until somebody has written it.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_still_being_read_does_not_undo_a_rollback() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.model");
    let [(a, first), (b, second), (_, late)] = ["a", "b", "late"].map(model_file);
    fs::write(&path, &first).unwrap();
    let server = ServerProcess::start(&["--model", path.to_str().unwrap()]);
    let client = Client::connect(&server.url()).await.unwrap();
    replace(&path, &second).unwrap();
    server.signal("-HUP");
    until("it is read", || async { client.server_info().await.unwrap().active_revision == b.to_string() })
        .await;

    fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    server.signal("-HUP");
    // Opening it for writing waits until the server has opened it for reading.
    let mut pipe = tokio::task::spawn_blocking(move || fs::File::options().write(true).open(path).unwrap())
        .await
        .unwrap();
    client.roll_back_model().await.unwrap();
    std::io::Write::write_all(&mut pipe, &late).unwrap();
    drop(pipe);
    server.logged("an operator has chosen another meanwhile").await;
    assert_eq!(client.server_info().await.unwrap().active_revision, a.to_string());
}

#[tokio::test]
async fn what_is_no_file_in_a_directory_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let a = put(&folder, "a.model", "a");
    for name in ["pipe.model", "active"] {
        let made = std::process::Command::new("mkfifo").arg(folder.path().join(name)).status();
        assert!(made.unwrap().success());
    }
    fs::create_dir(folder.path().join("folder.model")).unwrap();
    std::os::unix::fs::symlink("/no/such/file", folder.path().join("dangling.model")).unwrap();
    std::os::unix::fs::symlink(".", folder.path().join("loop.model")).unwrap();
    let serving = tokio::time::timeout(Duration::from_secs(10), serve(folder.path(), 4)).await.unwrap();
    assert_eq!(serving.answering().await, a.to_string());
    assert_eq!(serving.client.model_revisions().await.unwrap().len(), 1);
    fs::remove_file(folder.path().join("active")).unwrap();
    // A link to a file is a file.
    let elsewhere = tempfile::tempdir().unwrap();
    let b = put(&elsewhere, "b", "b");
    std::os::unix::fs::symlink(elsewhere.path().join("b"), folder.path().join("b.model")).unwrap();
    serving.becomes(b).await;
}

#[tokio::test]
async fn a_directory_that_disappears_and_comes_back_is_looked_at_again() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("models");
    fs::create_dir(&path).unwrap();
    let (a, bytes) = model_file("a");
    replace(&path.join("a.model"), &bytes).unwrap();
    let serving = serve(&path, 4).await;
    fs::remove_dir_all(&path).unwrap();
    assert_eq!(serving.answering().await, a.to_string());
    assert_eq!(serving.client.model_revisions().await.unwrap().len(), 1);
    fs::create_dir(&path).unwrap();
    let (b, bytes) = model_file("b");
    replace(&path.join("b.model"), &bytes).unwrap();
    serving.becomes(b).await;
}
