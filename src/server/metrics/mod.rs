//! What is counted, and how Prometheus reads it.
//!
//! Every update is an atomic addition: labels are looked up once, not per call.

mod answers;
mod rpcs;

use std::{sync::Arc, time::Duration};

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};
use tonic::Code;

pub(super) use self::rpcs::name as code_name;
use self::{answers::AnswerMetrics, rpcs::RpcMetrics};
use super::{
    layers::RpcTable,
    registry::{ModelObserver, ModelOutcome},
};
use crate::model::{Classification, Model};

/// Every metric's name begins with it.
const NAMESPACE: &str = "bayeswire";

/// What became of an attempt to load a model, a certificate or a file of tokens again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReloadOutcome {
    /// It is in use.
    Loaded,
    /// It was bad: the old one is still in use.
    Refused,
}

impl ReloadOutcome {
    const fn label(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Refused => "refused",
        }
    }
}

/// All metrics of one server.
#[derive(Debug)]
pub(in crate::server) struct Metrics {
    registry: Registry,
    rpcs: RpcMetrics,
    answers: AnswerMetrics,
    shed: IntCounter,
    panics: IntCounter,
    in_flight: IntGauge,
    connections: IntGauge,
    connections_refused: IntCounter,
    handshakes_failed: IntCounter,
    /// By what was loaded (`model`, `certificate`, `tokens`) and outcome.
    reloads: IntCounterVec,
}

/// Makes a metric known to `registry`.
fn register<M: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    metric: Result<M, prometheus::Error>,
) -> Result<M, prometheus::Error> {
    let metric = metric?;
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace(NAMESPACE)
}

impl Metrics {
    /// # Errors
    /// When two metrics have one name: a bug.
    pub(in crate::server) fn new(table: &RpcTable) -> Result<Arc<Self>, prometheus::Error> {
        let registry = Registry::new();
        let counter = |name, help| register(&registry, IntCounter::with_opts(opts(name, help)));
        let gauge = |name, help| register(&registry, IntGauge::with_opts(opts(name, help)));
        let build = opts("build_info", "The version of the program; always 1.")
            .const_label("version", env!("BAYESWIRE_VERSION"));
        register(&registry, IntGauge::with_opts(build))?.set(1);
        let reloads = register(
            &registry,
            IntCounterVec::new(
                opts("reloads_total", "Attempts to load a model, a certificate or tokens again, by outcome."),
                &["what", "outcome"],
            ),
        )?;
        for what in ["model", "certificate", "tokens"] {
            for outcome in [ReloadOutcome::Loaded, ReloadOutcome::Refused] {
                reloads.with_label_values(&[what, outcome.label()]);
            }
        }
        Ok(Arc::new(Self {
            rpcs: RpcMetrics::new(&registry, table)?,
            answers: AnswerMetrics::new(&registry)?,
            shed: counter("shed_total", "Calls refused because as many as allowed were under way.")?,
            panics: counter("panics_total", "Handlers that panicked: bugs.")?,
            in_flight: gauge("rpcs_in_flight", "Calls under way, health and reflection apart.")?,
            connections: gauge("connections", "Open connections.")?,
            connections_refused: counter(
                "connections_refused_total",
                "Connections closed at once because as many as allowed were open.",
            )?,
            handshakes_failed: counter(
                "tls_handshakes_failed_total",
                "Connections that ended before TLS was agreed.",
            )?,
            reloads,
            registry,
        }))
    }

    /// A call has ended.
    pub(super) fn ended(&self, rpc: usize, code: Code, after: Duration) {
        self.rpcs.ended(rpc, code, after);
    }

    pub(super) fn shed(&self) {
        self.shed.inc();
    }

    pub(super) fn panicked(&self) {
        self.panics.inc();
    }

    pub(super) fn connected(&self) {
        self.connections.inc();
    }

    pub(super) fn disconnected(&self) {
        self.connections.dec();
    }

    pub(super) fn connection_refused(&self) {
        self.connections_refused.inc();
    }

    pub(super) fn handshake_failed(&self) {
        self.handshakes_failed.inc();
    }

    /// An article was classified with `model`.
    pub(in crate::server) fn answered(&self, model: &Model, answer: &Classification) {
        self.answers.answered(model, answer);
    }

    /// `what` (`model`, `certificate` or `tokens`) was read again.
    pub(in crate::server) fn reloaded(&self, what: &'static str, outcome: ReloadOutcome) {
        self.reloads.with_label_values(&[what, outcome.label()]).inc();
    }

    /// All of them in Prometheus' text format, version 0.0.4.
    pub(in crate::server) fn text(&self, in_flight: usize) -> Result<String, prometheus::Error> {
        self.in_flight.set(i64::try_from(in_flight).unwrap_or(i64::MAX));
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

impl ModelObserver for Metrics {
    fn activated(&self, model: &Model) {
        self.answers.activated(model);
    }

    fn reloaded(&self, outcome: ModelOutcome) {
        match outcome {
            ModelOutcome::Activated | ModelOutcome::RolledBack => {
                Self::reloaded(self, "model", ReloadOutcome::Loaded);
            }
            ModelOutcome::Rejected => Self::reloaded(self, "model", ReloadOutcome::Refused),
            // What was in use already was not loaded.
            ModelOutcome::Unchanged => {}
        }
    }
}
