//! Bytes on the wire, for the real server.

use std::{cell::RefCell, net::SocketAddr, num::NonZeroUsize, sync::Arc};

use bayeswire::{
    api::inference::ModelInferResponse,
    model::Model,
    server::{ModelSource, Registry, ServerConfig, run_with_admin},
};
use bytes::Bytes;
use h2::client::SendRequest;
use http::HeaderMap;
use prost::Message as _;
use tokio::{net::TcpListener, runtime::Runtime};

/// Every kind of rpc: one message or many, from either side.
const RPCS: [&str; 8] = [
    "/bayeswire.v1.ClassificationService/ClassifyArticle",
    "/bayeswire.v1.ClassificationService/BatchClassifyArticles",
    "/bayeswire.v1.ClassificationService/StreamClassifyArticles",
    "/bayeswire.v1.ClassificationService/ExplainArticle",
    "/bayeswire.v1.ModelService/ListModelRevisions",
    "/bayeswire.v1.ModelService/LookUpTerm",
    "/inference.GRPCInferenceService/ModelInfer",
    "/grpc.health.v1.Health/Check",
];
const ENCODINGS: [&str; 4] = ["identity", "gzip", "zstd", "br"];

const INFER: &str = RPCS[6];

/// A server in this thread, which runs while it is asked, and a connection to it.
struct Served {
    runtime: Runtime,
    address: SocketAddr,
    client: Option<SendRequest<Bytes>>,
}

thread_local! {
    static SERVED: RefCell<Option<Served>> = const { RefCell::new(None) };
}

/// The message of a `ModelInfer`, as bytes.
pub fn tensors(data: &[u8]) {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    let body = [&[0], &length[..], data].concat();
    let (code, reply) = ask(INFER, "identity", &body);
    // OK, INVALID_ARGUMENT, NOT_FOUND.
    assert!([0, 3, 5].contains(&code), "{code}");
    if code == 0 {
        let response = ModelInferResponse::decode(reply.get(5..).unwrap()).unwrap();
        check(&response);
    }
}

/// As many elements as the shape says, in every output.
fn check(response: &ModelInferResponse) {
    let raw = &response.raw_output_contents;
    for (index, output) in response.outputs.iter().enumerate() {
        let elements = usize::try_from(output.shape[0]).unwrap();
        let Some(contents) = &output.contents else {
            let bytes = raw[index].len();
            match output.datatype.as_str() {
                "BYTES" => assert!(bytes >= 4 * elements),
                "FP64" => assert_eq!(bytes, 8 * elements),
                "BOOL" => assert_eq!(bytes, elements),
                other => panic!("{other}"),
            }
            continue;
        };
        let given =
            contents.bytes_contents.len() + contents.fp64_contents.len() + contents.bool_contents.len();
        assert_eq!((given, raw.len()), (elements, 0));
        assert!(contents.fp64_contents.iter().all(|p| (0.0..=1.0).contains(p)));
    }
}

/// The body of a call: two bytes say which rpc and which encoding, then frames, if they are any.
pub fn frames(data: &[u8]) {
    let Some((&[rpc, encoding], body)) = data.split_first_chunk() else { return };
    let rpc = RPCS[usize::from(rpc) % RPCS.len()];
    let encoding = ENCODINGS[usize::from(encoding) % ENCODINGS.len()];
    let (code, _) = ask(rpc, encoding, body);
    // OK, INVALID_ARGUMENT, NOT_FOUND; UNIMPLEMENTED for an encoding that there is not.
    assert!([0, 3, 5].contains(&code) || code == 12 && encoding == "br", "{rpc}, {encoding}: {code}");
}

/// The code and the data of the answer.
fn ask(path: &'static str, encoding: &'static str, body: &[u8]) -> (i32, Vec<u8>) {
    SERVED.with_borrow_mut(|served| {
        let Served { runtime, address, client } = served.get_or_insert_with(serve);
        runtime.block_on(async {
            let mut sender = match client.take() {
                Some(client) => client,
                None => connect(*address).await,
            };
            let answer = call(&mut sender, path, encoding, body).await;
            *client = Some(sender);
            answer
        })
    })
}

fn serve() -> Served {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let registry = Arc::new(Registry::new(ModelSource::Fixed, NonZeroUsize::MIN));
    let shipped: &[u8] = include_bytes!("../../models/default/default.model");
    let load = move || Model::from_bytes(shipped);
    let server = run_with_admin(
        listener,
        None,
        ServerConfig::default(),
        Arc::clone(&registry),
        load,
        std::future::pending(),
    );
    runtime.spawn(server);
    runtime.block_on(async {
        while registry.active_revision().is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    });
    Served { runtime, address, client: None }
}

async fn connect(address: SocketAddr) -> SendRequest<Bytes> {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (client, connection) = h2::client::Builder::new()
        .initial_window_size(1 << 30)
        .initial_connection_window_size(1 << 30)
        .handshake(stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

async fn call(
    client: &mut SendRequest<Bytes>,
    path: &str,
    encoding: &'static str,
    body: &[u8],
) -> (i32, Vec<u8>) {
    let request = http::Request::post(format!("http://localhost{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-encoding", encoding)
        .body(())
        .unwrap();
    *client = client.clone().ready().await.unwrap();
    let (answer, mut stream) = client.send_request(request, false).unwrap();
    // The server may answer before it has read everything, and then it reads no more.
    let _ = stream.send_data(Bytes::copy_from_slice(body), true);
    let (head, mut answer) = answer.await.unwrap().into_parts();
    let mut data = Vec::new();
    while let Some(chunk) = answer.data().await {
        let Ok(chunk) = chunk else { break };
        let _ = answer.flow_control().release_capacity(chunk.len());
        data.extend_from_slice(&chunk);
    }
    let trailers = answer.trailers().await.ok().flatten();
    let code = |headers: &HeaderMap| headers.get("grpc-status")?.to_str().ok()?.parse().ok();
    let code = code(&head.headers).or_else(|| trailers.as_ref().and_then(code));
    (code.expect("an answer without a status"), data)
}
