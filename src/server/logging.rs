//! Log lines: their form, their level while the server runs, and the request that they belong to.

use std::{
    fmt::{self, Write as _},
    sync::OnceLock,
};

use tracing::{Event, Subscriber, error};
use tracing_subscriber::{
    Registry,
    filter::{ParseError, Targets},
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Json, JsonFields, Writer},
    },
    layer::SubscriberExt as _,
    registry::LookupSpan,
    reload,
    util::SubscriberInitExt as _,
};

use super::layers::{Call, with_current};

/// The filter of the process. There is one subscriber in a process, so there is one filter.
static FILTER: OnceLock<LogFilter> = OnceLock::new();

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For eyes.
    Text,
    /// One JSON object a line.
    Json,
}

/// Why the level cannot be set.
#[derive(Debug, thiserror::Error)]
pub enum LogFilterError {
    /// Not a filter.
    #[error("is no filter such as debug or info,h2=warn: {0}")]
    Invalid(#[from] ParseError),
    /// [`log_to_stderr`] was not called, or another subscriber is there.
    #[error("this process does not log by this server's subscriber")]
    NotInstalled,
}

struct LogFilter {
    handle: reload::Handle<Targets, Registry>,
    /// What was asked for at the start; SIGUSR1 goes back to it.
    at_start: String,
}

/// Sends log lines to standard error, and panics to the log without what they say: it may quote an article.
///
/// # Errors
/// When `filter` is none or the process has a subscriber already.
pub fn log_to_stderr(format: LogFormat, filter: &str) -> Result<(), LogFilterError> {
    let (layer, handle) = reload::Layer::new(filter.parse::<Targets>()?);
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(std::io::stderr);
    let installed = match format {
        LogFormat::Text => {
            let lines = lines.event_format(WithRequest(Format::default().with_target(false), append_text));
            tracing_subscriber::registry().with(layer).with(lines).try_init()
        }
        LogFormat::Json => {
            let lines = lines
                .fmt_fields(JsonFields::new())
                .event_format(WithRequest::<Format<Json>>(Format::default().json(), append_json));
            tracing_subscriber::registry().with(layer).with(lines).try_init()
        }
    };
    installed.map_err(|_| LogFilterError::NotInstalled)?;
    // Nobody else sets it: the subscriber above can be installed once.
    let _ = FILTER.set(LogFilter { handle, at_start: filter.to_owned() });
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map_or_else(String::new, ToString::to_string);
        error!(location, "panic");
    }));
    Ok(())
}

/// Changes what is logged from now on.
///
/// # Errors
/// When `filter` is none or nothing is logged by [`log_to_stderr`].
pub fn set_log_filter(filter: &str) -> Result<(), LogFilterError> {
    let parsed = filter.trim().parse::<Targets>()?;
    let held = FILTER.get().ok_or(LogFilterError::NotInstalled)?;
    held.handle.reload(parsed).map_err(|_| LogFilterError::NotInstalled)
}

/// Switches between `debug` and what was asked for at the start; gives what holds now.
///
/// # Errors
/// When nothing is logged by [`log_to_stderr`].
pub fn toggle_debug() -> Result<String, LogFilterError> {
    let held = FILTER.get().ok_or(LogFilterError::NotInstalled)?;
    let now = held.handle.with_current(ToString::to_string).map_err(|_| LogFilterError::NotInstalled)?;
    let next = if now == "debug" { held.at_start.as_str() } else { "debug" };
    set_log_filter(next)?;
    Ok(next.to_owned())
}

/// Writes a line as `F` does, and then the request that it belongs to.
struct WithRequest<F>(F, fn(&mut String, &Call) -> fmt::Result);

impl<S, N, F> FormatEvent<S, N> for WithRequest<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        with_current(|call| {
            let Some(call) = call else {
                return self.0.format_event(context, writer.by_ref(), event);
            };
            let mut line = String::new();
            self.0.format_event(context, Writer::new(&mut line), event)?;
            line.truncate(line.trim_end().len());
            (self.1)(&mut line, call)?;
            writeln!(writer, "{line}")
        })
    }
}

/// Request ids are plain characters only, so they need no quoting; see `request_id`.
fn append_text(line: &mut String, call: &Call) -> fmt::Result {
    write!(line, " request_id={}", id(call))?;
    call.trace_id.iter().try_for_each(|trace| write!(line, " trace_id={trace}"))
}

fn append_json(line: &mut String, call: &Call) -> fmt::Result {
    if line.pop() != Some('}') {
        return Err(fmt::Error);
    }
    write!(line, ",\"request_id\":\"{}\"", id(call))?;
    call.trace_id.iter().try_for_each(|trace| write!(line, ",\"trace_id\":\"{trace}\""))?;
    line.push('}');
    Ok(())
}

fn id(call: &Call) -> &str {
    call.request_id.to_str().unwrap_or("-")
}
