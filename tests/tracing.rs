//! Spans arrive at an OpenTelemetry collector, in the caller's trace.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use bayeswire::{
    api::v1::classification_service_client::ClassificationServiceClient,
    server::{OtlpConfig, Secret, ServerConfig},
};
use harness::{TestServer, article};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    trace::v1::{Span, span::SpanKind},
};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

/// A collector that hands on what it is sent.
struct Collector(mpsc::UnboundedSender<(Option<String>, ExportTraceServiceRequest)>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let token = request.metadata().get("authorization").map(|v| v.to_str().unwrap().to_owned());
        self.0.send((token, request.into_inner())).unwrap();
        Ok(Response::new(ExportTraceServiceResponse { partial_success: None }))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_arrives_with_the_callers_trace_id() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (sender, mut arrived) = mpsc::unbounded_channel();
    let collector = Server::builder().add_service(TraceServiceServer::new(Collector(sender)));
    tokio::spawn(collector.serve_with_incoming(TcpListenerStream::new(listener)));

    let headers = Secret::new(vec![("authorization".to_owned(), "Bearer collector".to_owned())]);
    let otlp = Some(OtlpConfig { endpoint, headers, sample_ratio: 0.0 });
    let server = TestServer::configured(ServerConfig { otlp, ..ServerConfig::default() }).await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    // The first is not sampled (ratio 0), the second because its caller has decided so.
    client.classify_article(article("Rebels signed a cease-fire.")).await.unwrap();
    let mut request = Request::new(article("Rebels signed a cease-fire."));
    request.metadata_mut().insert("traceparent", format!("00-{trace}-{parent}-01").parse().unwrap());
    client.classify_article(request).await.unwrap();
    drop(client);
    server.stop().await.unwrap();

    let (token, batch) = arrived.recv().await.unwrap();
    assert_eq!(token.as_deref(), Some("Bearer collector"));
    let spans: Vec<Span> = batch
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .collect();
    assert_eq!(spans.len(), 1, "{spans:?}");
    let span = &spans[0];
    assert_eq!((hex(&span.trace_id).as_str(), hex(&span.parent_span_id).as_str()), (trace, parent));
    assert_eq!(span.name, "bayeswire.v1.ClassificationService/ClassifyArticle");
    assert_eq!(span.kind(), SpanKind::Server);
    assert!(span.end_time_unix_nano > span.start_time_unix_nano);
    assert!(span.attributes.iter().any(|a| a.key == "rpc.grpc.status_code"), "{span:?}");
    assert!(!format!("{span:?}").contains("cease-fire"));
}
