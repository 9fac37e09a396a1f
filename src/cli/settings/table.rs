//! All settings.

use std::{num::NonZeroUsize, time::Duration};

use toml::Value;
use tracing_subscriber::filter::Targets;

use super::{
    Settings,
    value::{
        MustBe, address, choice, fraction, list, path, seconds, seconds_or_never, size, switch, text, word,
    },
};
use crate::server::{LogFormat, Opening, WebOrigin};

/// One setting.
pub(super) struct Setting {
    /// As in the file. The flag has - for _, the environment variable begins with `BAYESWIRE_`.
    pub(super) name: &'static str,
    /// What stands for the value in the help; empty for a switch.
    pub(super) value: &'static str,
    /// Under which heading the help has it.
    pub(super) heading: &'static str,
    pub(super) help: &'static str,
    /// Whether the value may be shown.
    pub(super) secret: bool,
    pub(super) set: fn(&mut Settings, &Value) -> Result<(), MustBe>,
    /// The value as it would be written into the file; None when it is not set.
    pub(super) show: fn(&Settings) -> Option<Value>,
}

const LISTEN: &str = "Where it listens";
const LIMITS: &str = "Limits and times";
const CONNECTIONS: &str = "Connections";
const SECURITY: &str = "Security";
const OBSERVING: &str = "Logs, metrics and traces";

const OPENINGS: [(&str, Opening); 2] = [("open", Opening::Open), ("closed", Opening::Closed)];
const LOG_FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];

/// A day, in seconds.
const DAY: f64 = 86_400.0;

macro_rules! setting {
    ($name:literal $value:literal $heading:ident $help:literal $set:expr, $show:expr) => {
        setting!(@ $name $value $heading $help false, $set, $show)
    };
    ($name:literal $value:literal $heading:ident $help:literal secret $set:expr, $show:expr) => {
        setting!(@ $name $value $heading $help true, $set, $show)
    };
    (@ $name:literal $value:literal $heading:ident $help:literal $secret:literal, $set:expr, $show:expr) => {
        Setting {
            name: $name,
            value: $value,
            heading: $heading,
            help: $help,
            secret: $secret,
            set: |settings, value| $set(settings, value),
            show: |settings| $show(settings),
        }
    };
}

/// Puts a value that was read where it belongs.
fn put<T>(place: &mut T, value: Result<T, MustBe>) -> Result<(), MustBe> {
    *place = value?;
    Ok(())
}

fn shown(value: impl ToString) -> Option<Value> {
    Some(Value::String(value.to_string()))
}

fn shown_path(path: Option<&std::path::PathBuf>) -> Option<Value> {
    path.and_then(|path| shown(path.display()))
}

fn shown_number(number: usize) -> Option<Value> {
    i64::try_from(number).ok().map(Value::Integer)
}

fn shown_seconds(duration: Duration) -> Option<Value> {
    let seconds = duration.as_secs_f64();
    let whole = duration.subsec_nanos() == 0;
    Some(if whole { Value::Integer(duration.as_secs() as i64) } else { Value::Float(seconds) })
}

fn shown_list(list: &[String]) -> Option<Value> {
    Some(Value::Array(list.iter().cloned().map(Value::String).collect()))
}

fn shown_choice<T: PartialEq>(choices: &[(&str, T)], chosen: &T) -> Option<Value> {
    choices.iter().find(|(_, choice)| choice == chosen).and_then(|(name, _)| shown(name))
}

fn above_zero(number: usize) -> Result<NonZeroUsize, MustBe> {
    NonZeroUsize::new(number).ok_or_else(|| "above 0".to_owned())
}

fn origins(value: &Value) -> Result<Vec<WebOrigin>, MustBe> {
    let must = || "origins such as https://news.example or http://localhost:8080, or *".to_owned();
    list(value, "origins")?.iter().map(|origin| origin.parse().map_err(|_| must())).collect()
}

/// `name=value`, both as HTTP allows them.
fn headers(value: &Value) -> Result<Vec<(String, String)>, MustBe> {
    let must = || "NAME=VALUE pairs, as HTTP headers may be".to_owned();
    let pair = |pair: String| {
        let (name, value) = pair.split_once('=').ok_or_else(must)?;
        let name = http::HeaderName::try_from(name.trim()).map_err(|_| must())?;
        http::HeaderValue::try_from(value.trim()).map_err(|_| must())?;
        Ok((name.to_string(), value.trim().to_owned()))
    };
    list(value, "NAME=VALUE pairs")?.into_iter().map(pair).collect()
}

fn endpoint(value: &Value) -> Result<String, MustBe> {
    let must =
        || "a URL such as http://127.0.0.1:4317, without a password (otlp_headers is for that)".to_owned();
    let text = text(value).map_err(|_| must())?;
    let url: http::Uri = text.parse().map_err(|_| must())?;
    let plain = url.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    let scheme = matches!(url.scheme_str(), Some("http" | "https"));
    (plain && scheme).then_some(text).ok_or_else(must)
}

fn filter(value: &Value) -> Result<String, MustBe> {
    let must = || "error, warn, info, debug, or a filter such as info,h2=warn".to_owned();
    let text = text(value).map_err(|_| must())?;
    text.parse::<Targets>().map(|_| text).map_err(|_| must())
}

/// In the order of the help.
pub(super) static SETTINGS: &[Setting] = &[
    setting!("listen" "ADDRESS" LISTEN
        "The address to listen on. Other machines reach an address that is not a loopback one (127.0.0.1, ::1): it needs TLS, or --insecure"
        |s: &mut Settings, v| put(&mut s.listen, address(v)), |s: &Settings| shown(s.listen)),
    setting!("admin_listen" "ADDRESS" LISTEN
        "Answer operators over HTTP on this address: GET /metrics (Prometheus), /livez, /readyz; POST /loglevel with a filter such as debug. It has no TLS and asks for no token: keep it away from callers"
        |s: &mut Settings, v| put(&mut s.admin_listen, address(v).map(Some)), |s: &Settings| s.admin_listen.and_then(shown)),
    setting!("model" "FILE|DIR" LISTEN
        "A model file, or a directory of *.model files [default: the built-in model]. From a directory the revision is served that was active last (its file active says which), else the newest file that can be served, else the built-in model; a file that comes or changes there is activated, unless it is damaged or fails its self-test: then the old one goes on, and the log says why. Write files elsewhere and rename them into place; one that is written in place is read when it has not changed for a second. SIGHUP looks at once, and again at files that were rejected; a single file it reads again"
        |s: &mut Settings, v| put(&mut s.model, path(v).map(Some)), |s: &Settings| shown_path(s.model.as_ref())),
    setting!("held_revisions" "COUNT" LISTEN
        "How many revisions to keep in memory: they answer calls that name them, and a rollback to them takes no time"
        |s: &mut Settings, v| put(&mut s.held_revisions, size(v, 1, 64).and_then(above_zero)), |s: &Settings| shown_number(s.held_revisions.get())),
    setting!("web_origins" "ORIGIN,..." LISTEN
        "Let pages of these origins, such as https://news.example, call the server from browsers by gRPC-Web; * stands for every page. Other programs than browsers need none"
        |s: &mut Settings, v| put(&mut s.server.web_origins, origins(v)), |s: &Settings| shown_list(&s.server.web_origins.iter().map(ToString::to_string).collect::<Vec<_>>())),
    setting!("max_text_bytes" "BYTES" LIMITS
        "The longest article, title and text together, in bytes; a longer one is refused with TEXT_TOO_LONG"
        |s: &mut Settings, v| put(&mut s.server.max_text_bytes, size(v, 1, 16 << 20)), |s: &Settings| shown_number(s.server.max_text_bytes)),
    setting!("max_page_bytes" "BYTES" LIMITS
        "The longest page, in bytes; a longer one is refused with PAGE_TOO_LONG"
        |s: &mut Settings, v| put(&mut s.server.max_page_bytes, size(v, 1, 16 << 20)), |s: &Settings| shown_number(s.server.max_page_bytes)),
    setting!("max_message_bytes" "BYTES" LIMITS
        "The longest message that is read at all, in bytes; a longer one is refused with MESSAGE_TOO_LARGE [default: twice max_text_bytes and 2 MiB; for pages, max_page_bytes and 1 MiB]"
        |s: &mut Settings, v| put(&mut s.server.max_message_bytes, size(v, 1024, 1 << 30).map(Some)), |s: &Settings| s.server.max_message_bytes.and_then(shown_number)),
    setting!("deadline" "SECONDS" LIMITS
        "How long a call may take when its caller names no shorter time (grpc-timeout); for a stream of answers, until it begins. Then DEADLINE_EXCEEDED"
        |s: &mut Settings, v| put(&mut s.server.deadline, seconds(v, 0.001, DAY)), |s: &Settings| shown_seconds(s.server.deadline)),
    setting!("stream_idle_timeout" "SECONDS" LIMITS
        "How long a stream of answers may go without one, whether its caller sends nothing or takes nothing; then DEADLINE_EXCEEDED"
        |s: &mut Settings, v| put(&mut s.server.stream_idle_timeout, seconds(v, 0.001, DAY)), |s: &Settings| shown_seconds(s.server.stream_idle_timeout)),
    setting!("concurrency_limit" "CALLS" LIMITS
        "How many calls may be under way on all connections together, health and reflection apart. More are refused at once with RESOURCE_EXHAUSTED and when to try again"
        |s: &mut Settings, v| put(&mut s.server.concurrency_limit, size(v, 1, 1 << 20)), |s: &Settings| shown_number(s.server.concurrency_limit)),
    setting!("max_pending_bytes" "BYTES" LIMITS
        "How many bytes of requests may be in memory, on all connections together and beyond the first 64 KiB of each. Those beyond are refused with RESOURCE_EXHAUSTED and when to try again"
        |s: &mut Settings, v| put(&mut s.server.max_pending_bytes, size(v, 1024, 1 << 40)), |s: &Settings| shown_number(s.server.max_pending_bytes)),
    setting!("compression" "true|false" LIMITS
        "Take gzip and zstd, and give them where the caller accepts them and replies are long"
        |s: &mut Settings, v| put(&mut s.server.compression, switch(v)), |s: &Settings| Some(Value::Boolean(s.server.compression))),
    setting!("drain_delay" "SECONDS" LIMITS
        "After SIGTERM, how long to answer as before while health says NOT_SERVING: what load balancers need to notice"
        |s: &mut Settings, v| put(&mut s.server.drain_delay, seconds(v, 0.0, 3600.0)), |s: &Settings| shown_seconds(s.server.drain_delay)),
    setting!("grace" "SECONDS" LIMITS
        "After the drain delay, how long calls in flight may take. New ones are refused with DRAINING"
        |s: &mut Settings, v| put(&mut s.server.grace, seconds(v, 0.0, DAY)), |s: &Settings| shown_seconds(s.server.grace)),
    setting!("max_connections" "COUNT" CONNECTIONS
        "How many connections may be open. More are closed at once, so that their clients go elsewhere; bayeswire_connections_refused_total counts them. The limit on open files (ulimit -n) is raised as far as the system allows"
        |s: &mut Settings, v| put(&mut s.server.max_connections, size(v, 1, 1 << 20)), |s: &Settings| shown_number(s.server.max_connections)),
    setting!("max_streams" "CALLS" CONNECTIONS
        "How many calls one connection may carry at once; clients keep more waiting on their side"
        |s: &mut Settings, v| put(&mut s.server.http2.max_streams, word(v, 1, 1 << 20)), |s: &Settings| Some(Value::Integer(s.server.http2.max_streams.into()))),
    setting!("handshake_timeout" "SECONDS" CONNECTIONS
        "How long a client may take to agree on TLS, and again to begin to speak HTTP; then its connection is closed"
        |s: &mut Settings, v| put(&mut s.server.http2.handshake_timeout, seconds(v, 0.1, DAY)), |s: &Settings| shown_seconds(s.server.http2.handshake_timeout)),
    setting!("keep_alive_interval" "SECONDS" CONNECTIONS
        "After how long without a word a connection is probed; 0 for never"
        |s: &mut Settings, v| put(&mut s.server.http2.keep_alive_interval, seconds_or_never(v, DAY)), |s: &Settings| shown_seconds(s.server.http2.keep_alive_interval.unwrap_or_default())),
    setting!("keep_alive_timeout" "SECONDS" CONNECTIONS
        "How long a client may take to answer a probe; then its connection is closed"
        |s: &mut Settings, v| put(&mut s.server.http2.keep_alive_timeout, seconds(v, 0.1, DAY)), |s: &Settings| shown_seconds(s.server.http2.keep_alive_timeout)),
    setting!("max_connection_age" "SECONDS" CONNECTIONS
        "After how long a connection is closed gracefully (no call is lost), so that callers spread over servers that were added; each up to a tenth sooner or later, so that those that were made together do not end together; 0 for never"
        |s: &mut Settings, v| put(&mut s.server.http2.max_connection_age, seconds_or_never(v, 30.0 * DAY)), |s: &Settings| shown_seconds(s.server.http2.max_connection_age.unwrap_or_default())),
    setting!("stream_window_bytes" "BYTES" CONNECTIONS
        "How many bytes of one call a client may send before they are read"
        |s: &mut Settings, v| put(&mut s.server.http2.stream_window_bytes, word(v, 65_535, (1 << 31) - 1)), |s: &Settings| Some(Value::Integer(s.server.http2.stream_window_bytes.into()))),
    setting!("connection_window_bytes" "BYTES" CONNECTIONS
        "How many bytes of all calls of a connection a client may send before they are read"
        |s: &mut Settings, v| put(&mut s.server.http2.connection_window_bytes, word(v, 65_535, (1 << 31) - 1)), |s: &Settings| Some(Value::Integer(s.server.http2.connection_window_bytes.into()))),
    setting!("tls_cert" "FILE" SECURITY
        "The server's certificate chain, PEM; goes with tls_key. Read again when it changes"
        |s: &mut Settings, v| put(&mut s.tls_cert, path(v).map(Some)), |s: &Settings| shown_path(s.tls_cert.as_ref())),
    setting!("tls_key" "FILE" SECURITY
        "The private key of the certificate, PEM. Read again when it changes"
        |s: &mut Settings, v| put(&mut s.tls_key, path(v).map(Some)), |s: &Settings| shown_path(s.tls_key.as_ref())),
    setting!("tls_client_ca" "FILE" SECURITY
        "Let only clients in that have a certificate of one of these authorities, PEM (mutual TLS). Read again when it changes"
        |s: &mut Settings, v| put(&mut s.tls_client_ca, path(v).map(Some)), |s: &Settings| shown_path(s.tls_client_ca.as_ref())),
    setting!("operate_names" "NAME,..." SECURITY
        "Clients whose certificates are valid for one of these DNS names have the role operate"
        |s: &mut Settings, v| put(&mut s.operate_names, list(v, "DNS names")), |s: &Settings| shown_list(&s.operate_names)),
    setting!("classify_names" "NAME,..." SECURITY
        "Clients whose certificates are valid for one of these DNS names have the role classify [default: all whom tls_client_ca lets in]"
        |s: &mut Settings, v| put(&mut s.classify_names, list(v, "DNS names").map(Some)), |s: &Settings| s.classify_names.as_deref().and_then(shown_list)),
    setting!("token_file" "FILE" SECURITY
        "Answer only callers with a bearer token (authorization: Bearer TOKEN) from this file: a line ROLE TOKEN for each, ROLE being classify or operate (which includes classify), TOKEN 16 or more visible ASCII characters. Read again when it changes"
        |s: &mut Settings, v| put(&mut s.server.token_file, path(v).map(Some)), |s: &Settings| shown_path(s.server.token_file.as_ref())),
    setting!("health" "open|closed" SECURITY
        "Whether the health service answers callers without a role"
        |s: &mut Settings, v| put(&mut s.server.health, choice(v, &OPENINGS)), |s: &Settings| shown_choice(&OPENINGS, &s.server.health)),
    setting!("reflection" "open|closed" SECURITY
        "Whether reflection answers callers without a role"
        |s: &mut Settings, v| put(&mut s.server.reflection, choice(v, &OPENINGS)), |s: &Settings| shown_choice(&OPENINGS, &s.server.reflection)),
    setting!("insecure" "" SECURITY
        "Listen without TLS even where other machines can listen in"
        |s: &mut Settings, v| put(&mut s.insecure, switch(v)), |s: &Settings| Some(Value::Boolean(s.insecure))),
    setting!("reload_interval" "SECONDS" SECURITY
        "How often files of certificates and tokens are looked at. A bad new one is refused and logged, the old one stays"
        |s: &mut Settings, v| put(&mut s.server.reload_interval, seconds(v, 0.05, DAY)), |s: &Settings| shown_seconds(s.server.reload_interval)),
    setting!("log" "FILTER" OBSERVING
        "What to log: error, warn, info, debug, or a filter such as info,h2=warn. SIGUSR1 switches debug on and off"
        |s: &mut Settings, v| put(&mut s.log, filter(v)), |s: &Settings| shown(&s.log)),
    setting!("log_format" "text|json" OBSERVING
        "The form of log lines, which go to standard error: for eyes, or one JSON object a line"
        |s: &mut Settings, v| put(&mut s.log_format, choice(v, &LOG_FORMATS)), |s: &Settings| shown_choice(&LOG_FORMATS, &s.log_format)),
    setting!("otlp_endpoint" "URL" OBSERVING
        "Send a span for each call to this OpenTelemetry collector (OTLP over gRPC), continuing the caller's traceparent"
        |s: &mut Settings, v| put(&mut s.otlp_endpoint, endpoint(v).map(Some)), |s: &Settings| s.otlp_endpoint.as_ref().and_then(shown)),
    setting!("otlp_headers" "NAME=VALUE,..." OBSERVING
        "Headers for the collector, such as authorization. A secret: better in the environment or the file than on a command line, which others can see"
        secret |s: &mut Settings, v| put(&mut s.otlp_headers, headers(v)), |s: &Settings| shown_list(&s.otlp_headers.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>())),
    setting!("otlp_sample_ratio" "SHARE" OBSERVING
        "The share of calls to trace where the caller has not decided, 0 to 1"
        |s: &mut Settings, v| put(&mut s.otlp_sample_ratio, fraction(v, 0.0, 1.0)), |s: &Settings| Some(Value::Float(s.otlp_sample_ratio))),
];
