//! What operators ask over HTTP, on an address of its own.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tracing::info;

use super::{
    layers::Calls,
    logging::{LogFilterError, set_log_filter},
};

/// Prometheus' text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the admin listener tells about.
#[derive(Clone, Debug)]
pub(super) struct Admin {
    pub(super) calls: Arc<Calls>,
    /// Whether the server answers: set when the model is loaded, taken back when the server is told to stop.
    pub(super) ready: Arc<AtomicBool>,
}

/// * `GET /metrics`: Prometheus' text format. * `GET /livez`: 200 while the process can answer at all. * `GET /readyz`: 200
///   while calls are answered, 503 before the model is loaded and after SIGTERM. * `POST /loglevel` with a filter such as
///   `debug` or `info,h2=warn`: what is logged from now on.
pub(super) fn router(admin: Admin) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/loglevel", post(log_level))
        .with_state(admin)
}

async fn metrics(State(admin): State<Admin>) -> Response {
    match admin.calls.metrics.text(admin.calls.in_flight.now()) {
        Ok(text) => ([(CONTENT_TYPE, METRICS_TYPE)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

async fn ready(State(admin): State<Admin>) -> (StatusCode, &'static str) {
    if admin.ready.load(Relaxed) {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

async fn log_level(filter: String) -> (StatusCode, String) {
    match set_log_filter(&filter) {
        Ok(()) => {
            info!(filter = filter.trim(), "log filter changed");
            (StatusCode::OK, "ok\n".to_owned())
        }
        Err(error @ LogFilterError::Invalid(_)) => {
            (StatusCode::BAD_REQUEST, format!("{:?} {error}\n", filter.trim()))
        }
        Err(error @ LogFilterError::NotInstalled) => (StatusCode::CONFLICT, format!("{error}\n")),
    }
}
