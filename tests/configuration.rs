//! Settings: flags before the environment before the file before defaults; everything wrong is told at once.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::{fs, process::Output};

use harness::{bayeswire, stderr, stdout};

/// `serve --print-config` with flags, environment variables and a file.
fn print_config(flags: &[&str], environment: &[(&str, &str)], file: Option<&str>) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = bayeswire();
    command.args(["serve", "--print-config"]).args(flags).envs(environment.iter().copied());
    if let Some(text) = file {
        let path = folder.path().join("bayeswire.toml");
        fs::write(&path, text).unwrap();
        command.arg("--config").arg(path);
    }
    command.output().unwrap()
}

fn settings(output: &Output) -> toml::Table {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    stdout(output).parse().unwrap()
}

#[test]
fn flags_win_over_the_environment_over_the_file_over_defaults() {
    let file = "deadline = 4\ngrace = 40\nmax_text_bytes = 400\nlog_format = \"json\"\n";
    let environment = [("BAYESWIRE_DEADLINE", "3"), ("BAYESWIRE_GRACE", "30.5")];
    let output = print_config(&["--deadline", "2"], &environment, Some(file));
    let found = settings(&output);
    assert_eq!(found["deadline"].as_integer(), Some(2));
    assert_eq!(found["grace"].as_float(), Some(30.5));
    assert_eq!(found["max_text_bytes"].as_integer(), Some(400));
    assert_eq!(found["log_format"].as_str(), Some("json"));
    assert_eq!(found["concurrency_limit"].as_integer(), Some(1024));
    let text = stdout(&output);
    for line in ["deadline = 2 # flag", "grace = 30.5 # environment", "concurrency_limit = 1024 # default"] {
        assert!(text.lines().any(|l| l == line), "{line}: {text}");
    }
}

#[test]
fn what_is_printed_can_be_read_again() {
    let file = "operate_names = [\"a.test\", \"b.test\"]\ntls_cert = \"c\"\ntls_key = \"k\"\ntls_client_ca = \"ca\"\n\
                keep_alive_interval = 0\nadmin_listen = \"127.0.0.1:9\"\nhealth = \"closed\"\ninsecure = true\n";
    let first = print_config(&[], &[], Some(file));
    let second = print_config(&[], &[], Some(&stdout(&first)));
    assert_eq!(settings(&first), settings(&second));
    assert_eq!(settings(&first)["operate_names"].as_array().unwrap().len(), 2);
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_where_it_is() {
    let file = "deadline = \"soon\"\nmax_text_byte = 5\nhealth = \"ajar\"\nmax-streams = 7\n";
    let environment = [("BAYESWIRE_GRACE", "-1"), ("BAYESWIRE_LOG_FORMAT", "xml")];
    let flags = ["--concurrency-limit", "0", "--tls-cert", "c.pem", "--otlp-endpoint", "http://user:pw@host"];
    let output = print_config(&flags, &environment, Some(file));
    assert_eq!(output.status.code(), Some(64));
    let told = stderr(&output);
    for (place, what) in [
        ("bayeswire.toml: deadline", "a number of seconds"),
        ("bayeswire.toml: max_text_byte:", "no setting"),
        ("bayeswire.toml: health", "open or closed"),
        ("bayeswire.toml: max-streams:", "max_streams is"),
        ("BAYESWIRE_GRACE", "a number of seconds"),
        ("BAYESWIRE_LOG_FORMAT", "text or json"),
        ("--concurrency-limit", "1 to 1048576"),
        ("tls_cert", "goes with tls_key"),
        ("--otlp-endpoint", "without a password"),
    ] {
        assert!(told.lines().any(|l| l.contains(place) && l.contains(what)), "{place}, {what}: {told}");
    }
    assert_eq!(told.lines().count(), 9, "{told}");
    assert_eq!(stdout(&output), "");
}

#[test]
fn secrets_are_neither_printed_nor_told() {
    let output = print_config(
        &["--otlp-endpoint", "http://127.0.0.1:4317"],
        &[("BAYESWIRE_OTLP_HEADERS", "authorization=Bearer hush-1,x-team=hush-2")],
        None,
    );
    let shown = stdout(&output);
    assert!(shown.contains("otlp_headers is set and not shown (environment)"), "{shown}");
    assert!(!shown.contains("hush"), "{shown}");
    let output = print_config(&[], &[("BAYESWIRE_OTLP_HEADERS", "hush-3")], None);
    assert_eq!(output.status.code(), Some(64));
    assert!(!stderr(&output).contains("hush"), "{}", stderr(&output));
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_told() {
    let output = bayeswire().args(["serve", "--config", "/no/such.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(66), "{}", stderr(&output));
    let output = print_config(&[], &[], Some("deadline = 1\ntoken_file = hush\n"));
    assert_eq!(output.status.code(), Some(64));
    let told = stderr(&output);
    assert!(told.contains("line 2") && !told.contains("hush"), "{told}");
}
