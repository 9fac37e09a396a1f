//! Calls by rpc and code, and how long they took.

use std::{array, sync::OnceLock, time::Duration};

use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Registry};
use tonic::Code;

use super::{NAMESPACE, opts, register};
use crate::server::layers::RpcTable;

/// How many codes gRPC has.
const CODES: usize = 17;

/// Seconds: from what a short article takes to beyond the default deadline.
const LATENCY_BUCKETS: [f64; 16] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0,
];

#[derive(Debug)]
pub(super) struct RpcMetrics {
    total: IntCounterVec,
    /// By index in the table.
    rpcs: Vec<OneRpc>,
}

#[derive(Debug)]
struct OneRpc {
    path: Box<str>,
    /// By code; looked up when a code is first answered, so that what never happens is not exported.
    codes: [OnceLock<IntCounter>; CODES],
    latency: Histogram,
}

impl RpcMetrics {
    pub(super) fn new(registry: &Registry, table: &RpcTable) -> Result<Self, prometheus::Error> {
        let total = register(
            registry,
            IntCounterVec::new(opts("rpcs_total", "Calls by rpc and gRPC code."), &["rpc", "code"]),
        )?;
        let latency = HistogramOpts::new(
            "rpc_duration_seconds",
            "From the arrival of a call to its answer, or to the end of a stream of answers.",
        );
        let latency = latency.namespace(NAMESPACE).buckets(LATENCY_BUCKETS.to_vec());
        let latency = register(registry, HistogramVec::new(latency, &["rpc"]))?;
        let rpcs = table.iter().map(|rpc| OneRpc {
            path: rpc.path.clone(),
            codes: array::from_fn(|_| OnceLock::new()),
            latency: latency.with_label_values(&[&*rpc.path]),
        });
        Ok(Self { total, rpcs: rpcs.collect() })
    }

    pub(super) fn ended(&self, rpc: usize, code: Code, after: Duration) {
        let Some(rpc) = self.rpcs.get(rpc) else { return };
        rpc.latency.observe(after.as_secs_f64());
        if let Some(count) = rpc.codes.get(code as usize) {
            count.get_or_init(|| self.total.with_label_values(&[&*rpc.path, name(code)])).inc();
        }
    }
}

/// The code's name as gRPC writes it.
pub(in crate::server) const fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
