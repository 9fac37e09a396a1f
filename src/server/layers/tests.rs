//! The layer around services that misbehave as ours never should, behind a real connection.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::BoxFuture;
use http::{Request, Response};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Code, Status,
    body::Body,
    client::Grpc,
    server::NamedService,
    service::Routes,
    transport::{Channel, Server},
};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt as _;
use tower_service::Service;

use super::{CallLayer, Calls, RpcTable};
use crate::server::{ServerConfig, metrics::Metrics, security::Access};

/// Panics, waits or answers, as the method says.
#[derive(Clone)]
struct Misbehaving;

impl NamedService for Misbehaving {
    const NAME: &'static str = "test.Misbehaving";
}

impl Service<Request<Body>> for Misbehaving {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async move {
            match request.uri().path() {
                "/test.Misbehaving/Panic" => panic!("the secret text of an article"),
                "/test.Misbehaving/Wait" => tokio::time::sleep(Duration::from_secs(60)).await,
                "/test.Misbehaving/Deadline" => {
                    let left = super::current_deadline().unwrap() - std::time::Instant::now();
                    return Ok(Status::failed_precondition(left.as_millis().to_string()).into_http());
                }
                "/test.Misbehaving/Malformed" => return Ok(Status::internal("bad UTF-8").into_http()),
                _ => {}
            }
            Ok(Status::not_found("nothing").into_http())
        })
    }
}

struct Served {
    calls: Arc<Calls>,
    channel: Channel,
}

async fn serve(config: ServerConfig) -> Served {
    let rpcs = RpcTable::new().unwrap();
    let metrics = Metrics::new(&rpcs).unwrap();
    let calls = Calls::new(rpcs, &config, metrics, Arc::new(Access::new(&config, None)), None);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = Server::builder()
        .layer(CallLayer(Arc::clone(&calls)))
        .add_routes(Routes::new(Misbehaving))
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(server);
    Served { calls, channel: Channel::from_shared(url).unwrap().connect().await.unwrap() }
}

impl Served {
    async fn call(&self, method: &'static str, headers: &[(&'static str, &str)]) -> Status {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let mut request = tonic::Request::new(());
        for (name, value) in headers {
            request.metadata_mut().insert(*name, value.parse().unwrap());
        }
        let path = http::uri::PathAndQuery::from_static(method);
        grpc.unary::<(), (), _>(request, path, ProstCodec::default()).await.unwrap_err()
    }

    fn metric(&self, line: &str) -> bool {
        self.calls.metrics.text(self.calls.in_flight.now()).unwrap().lines().any(|l| l == line)
    }
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map_or_else(String::new, |info| info.reason.clone())
}

#[tokio::test]
async fn a_panic_is_internal_without_its_text_and_is_counted() {
    let served = serve(ServerConfig::default()).await;
    for _ in 0..3 {
        let status = served.call("/test.Misbehaving/Panic", &[]).await;
        assert_eq!((status.code(), reason(&status)), (Code::Internal, "INTERNAL".to_owned()));
        assert!(!format!("{status:?}").contains("secret"), "{status:?}");
    }
    // The connection and the server live on.
    assert_eq!(served.call("/test.Misbehaving/Other", &[]).await.code(), Code::NotFound);
    assert!(served.metric("bayeswire_panics_total 3"));
    assert!(served.metric("bayeswire_rpcs_in_flight 0"));
}

#[tokio::test]
async fn a_handler_that_waits_too_long_is_cut_off_at_the_servers_deadline() {
    let config = ServerConfig { deadline: Duration::from_millis(50), ..ServerConfig::default() };
    let served = serve(config).await;
    let status = served.call("/test.Misbehaving/Wait", &[]).await;
    assert_eq!((status.code(), reason(&status)), (Code::DeadlineExceeded, "DEADLINE".to_owned()));
    assert!(served.metric("bayeswire_rpcs_in_flight 0"));
    assert!(served.metric("bayeswire_rpcs_total{code=\"DEADLINE_EXCEEDED\",rpc=\"other\"} 1"));
}

#[tokio::test]
async fn handlers_are_told_the_shorter_deadline() {
    let served = serve(ServerConfig { deadline: Duration::from_secs(20), ..ServerConfig::default() }).await;
    let left = |status: Status| status.message().parse::<u64>().unwrap();
    let own = left(served.call("/test.Misbehaving/Deadline", &[]).await);
    assert!((15_000..=20_000).contains(&own), "{own}");
    let callers = left(served.call("/test.Misbehaving/Deadline", &[("grpc-timeout", "10S")]).await);
    assert!((5_000..=10_000).contains(&callers), "{callers}");
    let longer = left(served.call("/test.Misbehaving/Deadline", &[("grpc-timeout", "40S")]).await);
    assert!((15_000..=20_000).contains(&longer), "{longer}");
}

#[tokio::test]
async fn calls_over_the_limit_are_shed_at_once_and_room_comes_back() {
    let config = ServerConfig { concurrency_limit: 2, ..ServerConfig::default() };
    let served = Arc::new(serve(config).await);
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let served = Arc::clone(&served);
            tokio::spawn(async move { served.call("/test.Misbehaving/Wait", &[]).await })
        })
        .collect();
    while served.calls.in_flight.now() < 2 {
        tokio::task::yield_now().await;
    }
    let status = served.call("/test.Misbehaving/Other", &[]).await;
    assert_eq!((status.code(), reason(&status)), (Code::ResourceExhausted, "CONCURRENCY_LIMIT".to_owned()));
    let details = status.get_error_details();
    assert!(details.retry_info().unwrap().retry_delay.is_some());
    assert_eq!(details.error_info().unwrap().metadata["limit"], "2");
    assert!(served.metric("bayeswire_shed_total 1"));
    // Callers that go away give their places back.
    for call in waiting {
        call.abort();
    }
    while served.calls.in_flight.now() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(served.call("/test.Misbehaving/Other", &[]).await.code(), Code::NotFound);
    assert!(served.metric("bayeswire_rpcs_total{code=\"CANCELLED\",rpc=\"other\"} 2"));
}

#[tokio::test]
async fn a_request_id_is_taken_or_made_and_echoed_with_every_status() {
    let served = serve(ServerConfig::default()).await;
    let id = |status: Status| status.metadata().get("x-request-id").unwrap().to_str().unwrap().to_owned();
    let theirs = [("x-request-id", "callers-7")];
    for method in ["/test.Misbehaving/Other", "/test.Misbehaving/Panic", "/what/Ever"] {
        assert_eq!(id(served.call(method, &theirs).await), "callers-7", "{method}");
    }
    let made = id(served.call("/test.Misbehaving/Other", &[("x-request-id", "not sane")]).await);
    assert!(made.len() == 16 && made.bytes().all(|b| b.is_ascii_hexdigit()), "{made}");
    assert_ne!(made, id(served.call("/test.Misbehaving/Other", &[]).await));
}

#[tokio::test]
async fn a_stopping_server_refuses_new_calls_and_says_when_to_try_again() {
    let served = serve(ServerConfig::default()).await;
    served.calls.drain();
    let status = served.call("/test.Misbehaving/Other", &[]).await;
    assert_eq!((status.code(), reason(&status)), (Code::Unavailable, "DRAINING".to_owned()));
    assert!(status.get_error_details().retry_info().unwrap().retry_delay.is_some());
}

#[tokio::test]
async fn what_the_transport_could_not_read_is_the_callers_fault() {
    let served = serve(ServerConfig::default()).await;
    let status = served.call("/test.Misbehaving/Malformed", &[]).await;
    assert_eq!((status.code(), reason(&status)), (Code::InvalidArgument, "MESSAGE_MALFORMED".to_owned()));
    assert_eq!(served.call("/no.Service/Method", &[]).await.code(), Code::Unimplemented);
}
