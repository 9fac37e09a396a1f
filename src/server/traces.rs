//! OpenTelemetry traces: one span for each call, in the caller's trace, sent by OTLP.
//!
//! Without an endpoint nothing of this exists: no span is made and no header read.

use std::{collections::HashMap, time::Duration};

use http::HeaderMap;
use opentelemetry::{
    Context, KeyValue,
    propagation::{Extractor, TextMapPropagator as _},
    trace::{Span as _, SpanKind, Status, Tracer as _, TracerProvider as _},
};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracer, SdkTracerProvider, Span},
};
use tonic::{Code, metadata::MetadataMap};

use super::{config::OtlpConfig, metrics::code_name};

/// How long the collector may take for a batch of spans.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes the spans of calls.
#[derive(Clone, Debug)]
pub(in crate::server) struct CallTracer {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// The span of one call.
#[derive(Debug)]
pub(in crate::server) struct CallSpan(Span);

impl CallTracer {
    /// Begins to send spans. The connection is made when there is something to send; a collector that is not there costs
    /// spans, not calls.
    ///
    /// # Errors
    /// When the endpoint is no URL.
    pub(in crate::server) fn new(config: &OtlpConfig) -> Result<Self, ExporterBuildError> {
        let headers: HashMap<_, _> = config.headers.expose().iter().cloned().collect();
        let metadata = MetadataMap::from_headers(HeaderMap::try_from(&headers).unwrap_or_default());
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(&config.endpoint)
            .with_timeout(EXPORT_TIMEOUT)
            .with_metadata(metadata)
            .build()?;
        let resource = Resource::builder()
            .with_service_name("bayeswire")
            .with_attribute(KeyValue::new("service.version", env!("BAYESWIRE_VERSION")))
            .build();
        // A caller that has decided to trace or not is followed; otherwise so many of the calls are.
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sample_ratio)));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler)
            .with_resource(resource)
            .build();
        Ok(Self { tracer: provider.tracer("bayeswire"), provider })
    }

    /// Begins the span of a call, in the trace that its `traceparent` names.
    pub(in crate::server) fn begin(&self, path: &str, headers: &HeaderMap) -> CallSpan {
        let parent =
            TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers));
        let name = path.trim_start_matches('/').to_owned();
        let (service, method) = name.rsplit_once('/').unwrap_or(("", &name));
        let attributes = vec![
            KeyValue::new("rpc.system", "grpc"),
            KeyValue::new("rpc.service", service.to_owned()),
            KeyValue::new("rpc.method", method.to_owned()),
        ];
        let builder = self.tracer.span_builder(name).with_kind(SpanKind::Server).with_attributes(attributes);
        CallSpan(self.tracer.build_with_context(builder, &parent))
    }

    /// Sends what has not been sent; blocks until it is or the collector's time is over.
    pub(in crate::server) fn shut_down(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(EXPORT_TIMEOUT) {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

impl CallSpan {
    pub(in crate::server) fn trace_id(&self) -> Box<str> {
        self.0.span_context().trace_id().to_string().into()
    }

    pub(in crate::server) fn end(&mut self, code: Code) {
        self.0.set_attribute(KeyValue::new("rpc.grpc.status_code", i64::from(code as i32)));
        // The server's fault, as OpenTelemetry's conventions for gRPC servers have it; the others are their callers'.
        let ours = [
            Code::Unknown,
            Code::DeadlineExceeded,
            Code::Unimplemented,
            Code::Internal,
            Code::Unavailable,
            Code::DataLoss,
        ];
        if ours.contains(&code) {
            self.0.set_status(Status::error(code_name(code)));
        }
        self.0.end();
    }
}

struct HeaderExtractor<'a>(&'a HeaderMap);

impl Extractor for HeaderExtractor<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
