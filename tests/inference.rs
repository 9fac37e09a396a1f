//! The Open Inference Protocol, as Triton's and KServe's clients speak it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy.toml allows it in tests, but not in their helpers

mod harness;

use bayeswire::api::inference::{
    InferTensorContents, ModelInferRequest, ModelInferResponse, ModelMetadataRequest, ModelReadyRequest,
    ServerLiveRequest, ServerMetadataRequest, ServerReadyRequest,
    grpc_inference_service_client::GrpcInferenceServiceClient,
    model_infer_request::{InferInputTensor, InferRequestedOutputTensor},
};
use harness::{TestServer, default_model, reason, violations};
use tonic::{Code, Status, transport::Channel};

const TREATY: &str =
    "Foreign ministers met in Geneva to sign a treaty on their border and resume talks on trade.";
const CONCERT: &str = "The orchestra's new conductor opened the season with a symphony and two arias.";

fn input(name: &str, texts: &[&[u8]]) -> InferInputTensor {
    InferInputTensor {
        name: name.to_owned(),
        datatype: "BYTES".to_owned(),
        shape: vec![texts.len() as i64],
        contents: Some(InferTensorContents {
            bytes_contents: texts.iter().map(|text| text.to_vec()).collect(),
            ..InferTensorContents::default()
        }),
        ..InferInputTensor::default()
    }
}

fn request(inputs: Vec<InferInputTensor>) -> ModelInferRequest {
    ModelInferRequest {
        model_name: "news-topic".to_owned(),
        id: "call 7".to_owned(),
        inputs,
        ..ModelInferRequest::default()
    }
}

/// The same with raw contents.
fn raw(mut request: ModelInferRequest) -> ModelInferRequest {
    for input in &mut request.inputs {
        let mut bytes = Vec::new();
        for element in input.contents.take().unwrap().bytes_contents {
            bytes.extend((element.len() as u32).to_le_bytes());
            bytes.extend(element);
        }
        request.raw_input_contents.push(bytes);
    }
    request
}

fn output<'a>(response: &'a ModelInferResponse, name: &str) -> &'a InferTensorContents {
    response.outputs.iter().find(|output| output.name == name).unwrap().contents.as_ref().unwrap()
}

async fn client(server: &TestServer) -> GrpcInferenceServiceClient<Channel> {
    GrpcInferenceServiceClient::new(server.channel().await)
}

#[tokio::test]
async fn typed_and_raw_contents_give_the_same_answers() {
    let server = TestServer::start().await;
    let mut client = client(&server).await;
    let inputs = vec![
        input("title", &[b"Treaty signed", b"", b"Short"]),
        input("text", &[TREATY.as_bytes(), CONCERT.as_bytes(), b"Peace."]),
    ];
    let typed = client.model_infer(request(inputs.clone())).await.unwrap().into_inner();
    assert_eq!((typed.model_name.as_str(), typed.id.as_str()), ("news-topic", "call 7"));
    assert_eq!(typed.model_version, default_model().revision().to_string());
    let described: Vec<_> =
        typed.outputs.iter().map(|o| (o.name.as_str(), o.datatype.as_str(), o.shape.as_slice())).collect();
    assert_eq!(
        described,
        [("topic", "BYTES", &[3][..]), ("probability", "FP64", &[3]), ("abstained", "BOOL", &[3])]
    );
    let topics = &output(&typed, "topic").bytes_contents;
    assert_eq!(topics, &[b"diplomacy".to_vec(), Vec::new(), Vec::new()]);
    assert_eq!(output(&typed, "abstained").bool_contents, [false, true, true]);
    let probabilities = &output(&typed, "probability").fp64_contents;
    assert!(probabilities.len() == 3 && probabilities.iter().all(|p| (0.25..=1.0).contains(p)));
    assert!(typed.raw_output_contents.is_empty());

    let response = client.model_infer(raw(request(inputs))).await.unwrap().into_inner();
    assert!(response.outputs.iter().all(|output| output.contents.is_none() && output.shape == [3]));
    let expected: [Vec<u8>; 3] = [
        b"\x09\0\0\0diplomacy\0\0\0\0\0\0\0\0".to_vec(),
        probabilities.iter().flat_map(|p| p.to_le_bytes()).collect(),
        vec![0, 1, 1],
    ];
    assert_eq!(response.raw_output_contents, expected);
}

#[tokio::test]
async fn outputs_and_versions_can_be_chosen() {
    let server = TestServer::start().await;
    let mut client = client(&server).await;
    let wanted = |name: &str| InferRequestedOutputTensor { name: name.to_owned(), ..Default::default() };
    let mut one = input("text", &[TREATY.as_bytes()]);
    one.shape = vec![1, 1];
    let asked = ModelInferRequest {
        outputs: vec![wanted("abstained"), wanted("topic")],
        model_version: default_model().revision().to_string(),
        ..request(vec![one])
    };
    let response = client.model_infer(asked).await.unwrap().into_inner();
    let names: Vec<_> = response.outputs.iter().map(|o| (o.name.as_str(), o.shape.clone())).collect();
    assert_eq!(names, [("abstained", vec![1, 1]), ("topic", vec![1, 1])]);

    let many: Vec<&[u8]> = vec![TREATY.as_bytes(); 1000];
    let response = client.model_infer(request(vec![input("text", &many)])).await.unwrap().into_inner();
    assert_eq!(output(&response, "topic").bytes_contents.len(), 1000);
}

#[tokio::test]
async fn the_server_and_the_model_describe_themselves() {
    let server = TestServer::start().await;
    let mut client = client(&server).await;
    assert!(client.server_live(ServerLiveRequest {}).await.unwrap().into_inner().live);
    assert!(client.server_ready(ServerReadyRequest {}).await.unwrap().into_inner().ready);
    let metadata = client.server_metadata(ServerMetadataRequest {}).await.unwrap().into_inner();
    assert_eq!((metadata.name.as_str(), metadata.version.as_str()), ("bayeswire", env!("CARGO_PKG_VERSION")));
    let revision = default_model().revision().to_string();
    for (name, version, expected) in [
        ("news-topic", "", true),
        ("news-topic", revision.as_str(), true),
        ("news-topic", "1", false),
        ("resnet", "", false),
    ] {
        let asked = ModelReadyRequest { name: name.to_owned(), version: version.to_owned() };
        assert_eq!(client.model_ready(asked).await.unwrap().into_inner().ready, expected, "{name} {version}");
    }
    let asked = ModelMetadataRequest { name: "news-topic".to_owned(), ..ModelMetadataRequest::default() };
    let metadata = client.model_metadata(asked).await.unwrap().into_inner();
    assert_eq!(metadata.versions, [revision]);
    let tensors: Vec<_> = metadata
        .inputs
        .iter()
        .chain(&metadata.outputs)
        .map(|t| (t.name.as_str(), t.datatype.as_str(), t.shape.as_slice()))
        .collect();
    assert_eq!(
        tensors,
        [
            ("text", "BYTES", &[-1][..]),
            ("title", "BYTES", &[-1]),
            ("topic", "BYTES", &[-1]),
            ("probability", "FP64", &[-1]),
            ("abstained", "BOOL", &[-1])
        ]
    );
    let asked = ModelMetadataRequest { name: "resnet".to_owned(), ..ModelMetadataRequest::default() };
    let status = client.model_metadata(asked).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "MODEL_NOT_FOUND"));
}

#[tokio::test]
async fn a_server_without_a_model_yet_is_live_but_not_ready() {
    let (keep, wait) = std::sync::mpsc::channel::<()>();
    let server = TestServer::with(bayeswire::server::ServerConfig::default(), move || {
        let _ = wait.recv();
        Ok(harness::small_model())
    })
    .await;
    let mut client = client(&server).await;
    assert!(client.server_live(ServerLiveRequest {}).await.unwrap().into_inner().live);
    assert!(!client.server_ready(ServerReadyRequest {}).await.unwrap().into_inner().ready);
    let asked = ModelReadyRequest { name: "news-topic".to_owned(), ..ModelReadyRequest::default() };
    assert!(!client.model_ready(asked).await.unwrap().into_inner().ready);
    let status = client.model_infer(request(vec![input("text", &[b"a"])])).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "MODEL_NOT_LOADED"));
    drop(keep);
    server.stop().await.unwrap();
}

/// What is refused: the request, and path and reason of every violation.
fn malformed() -> Vec<(ModelInferRequest, Vec<(&'static str, &'static str)>)> {
    let text = || input("text", &[TREATY.as_bytes(), b"b b b"]);
    let change = |change: &dyn Fn(&mut InferInputTensor)| {
        let mut tensor = text();
        change(&mut tensor);
        request(vec![tensor])
    };
    let raw_bytes = |bytes: &[u8]| {
        let mut request = raw(request(vec![text()]));
        request.raw_input_contents[0] = bytes.to_vec();
        request
    };
    let invalid = "TENSOR_INVALID";
    let many: Vec<&[u8]> = vec![b"a"; 1001];
    let mut both = raw(request(vec![text()]));
    both.inputs[0].contents = text().contents;
    let mut few = raw(request(vec![text(), input("title", &[b"a", b"b"])]));
    few.raw_input_contents.pop();
    let outputs = ["topic", "topic", "logits"]
        .map(|name| InferRequestedOutputTensor { name: name.to_owned(), ..Default::default() });
    vec![
        (request(Vec::new()), vec![("inputs", invalid)]),
        (request(vec![input("title", &[b"a"])]), vec![("inputs", invalid)]),
        (request(vec![text(), input("image", &[b"a"])]), vec![("inputs[1].name", invalid)]),
        (request(vec![text(), text()]), vec![("inputs[1].name", invalid)]),
        (request(vec![input("title", &[b"a"]), text()]), vec![("inputs[0].shape", invalid)]),
        (change(&|t| t.datatype = "FP32".into()), vec![("inputs[0].datatype", invalid)]),
        (change(&|t| t.shape = vec![]), vec![("inputs[0].shape", invalid)]),
        (change(&|t| t.shape = vec![1, 2]), vec![("inputs[0].shape", invalid)]),
        (change(&|t| t.shape = vec![-1]), vec![("inputs[0].shape", invalid)]),
        (change(&|t| t.shape = vec![0]), vec![("inputs[0].shape", "BATCH_EMPTY")]),
        (change(&|t| t.shape = vec![i64::MAX]), vec![("inputs[0].shape", "BATCH_TOO_LARGE")]),
        (request(vec![input("text", &many)]), vec![("inputs[0].shape", "BATCH_TOO_LARGE")]),
        (change(&|t| t.shape = vec![3]), vec![("inputs[0].contents.bytes_contents", invalid)]),
        (change(&|t| t.contents = None), vec![("inputs[0].contents", invalid)]),
        (
            change(&|t| t.contents.as_mut().unwrap().fp32_contents = vec![1.0]),
            vec![("inputs[0].contents", invalid)],
        ),
        (
            change(&|t| t.contents.as_mut().unwrap().bytes_contents[1] = b"a\xFF".to_vec()),
            vec![("inputs[0].contents.bytes_contents[1]", invalid)],
        ),
        (
            change(&|t| t.contents.as_mut().unwrap().bytes_contents[1] = b" ".to_vec()),
            vec![("inputs[0].contents.bytes_contents[1]", "ARTICLE_TEXT_EMPTY")],
        ),
        (
            change(&|t| t.contents.as_mut().unwrap().bytes_contents[0] = vec![b'a'; (1 << 20) + 1]),
            vec![("inputs[0].contents.bytes_contents[0]", "TEXT_TOO_LONG")],
        ),
        (both, vec![("inputs[0].contents", invalid)]),
        (few, vec![("raw_input_contents", invalid)]),
        (raw_bytes(b""), vec![("raw_input_contents[0]", invalid)]),
        (raw_bytes(b"\x01\0\0"), vec![("raw_input_contents[0]", invalid)]),
        (raw_bytes(b"\x01\0\0\0a\xFF\xFF\xFF\xFFb"), vec![("raw_input_contents[0]", invalid)]),
        (raw_bytes(b"\x01\0\0\0a\x01\0\0\0b!"), vec![("raw_input_contents[0]", invalid)]),
        (raw_bytes(b"\x01\0\0\0\xFF\x01\0\0\0 "), vec![("raw_input_contents[0][0]", invalid)]),
        (
            ModelInferRequest { outputs: outputs.to_vec(), ..request(vec![text()]) },
            vec![("outputs[1].name", invalid), ("outputs[2].name", invalid)],
        ),
        (
            ModelInferRequest { model_version: "1".into(), ..request(vec![]) },
            vec![("model_version", "MODEL_REVISION_INVALID"), ("inputs", invalid)],
        ),
    ]
}

#[tokio::test]
async fn every_malformed_tensor_is_refused_with_its_place_and_cause() {
    let server = TestServer::start().await;
    let mut client = client(&server).await;
    for (request, expected) in malformed() {
        let status: Status = client.model_infer(request).await.expect_err(expected[0].0);
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        let expected: Vec<_> = expected.into_iter().map(|(f, r)| (f.to_owned(), r.to_owned())).collect();
        assert_eq!(violations(&status), expected, "{}", status.message());
    }
    let other = ModelInferRequest { model_name: "resnet".into(), ..request(vec![]) };
    let status = client.model_infer(other).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "MODEL_NOT_FOUND"));
    let unknown = ModelInferRequest { model_version: "0".repeat(64), ..request(vec![]) };
    let status = client.model_infer(unknown).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "REVISION_NOT_FOUND"));
}
