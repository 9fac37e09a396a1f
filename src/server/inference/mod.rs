//! The Open Inference Protocol: `inference.GRPCInferenceService`, for clients of Triton and KServe.

mod inputs;
mod outputs;

use std::sync::Arc;

use tonic::{Request, Response, Status};

use self::{
    inputs::Inputs,
    outputs::{Output, Outputs},
};
use super::{
    answering::{Answering, Work},
    layers::reply,
    registry::Held,
    request::{check_revision, check_text, refuse_any},
    status::RequestError,
};
use crate::{
    api::inference::{
        self as oip, grpc_inference_service_server::GrpcInferenceService,
        model_metadata_response::TensorMetadata,
    },
    model::{Options, Revision},
};

/// What the model is called there.
const MODEL_NAME: &str = "news-topic";
/// The only type of inputs.
const BYTES: &str = "BYTES";

/// The service; one for all connections.
pub(super) struct Inference {
    answering: Arc<Answering>,
}

impl Inference {
    pub(super) fn new(answering: Arc<Answering>) -> Self {
        Self { answering }
    }

    fn metadata(
        &self,
        request: &oip::ModelMetadataRequest,
    ) -> Result<oip::ModelMetadataResponse, RequestError> {
        let now = self.answering.now();
        let held: &Held = now.held()?;
        check_name(&request.name)?;
        let mut violations = Vec::new();
        check_revision("version", &request.version, held, &mut violations)?;
        refuse_any(violations)?;
        let tensor = |name: &str, datatype: &str| TensorMetadata {
            name: name.to_owned(),
            datatype: datatype.to_owned(),
            shape: vec![-1],
        };
        Ok(oip::ModelMetadataResponse {
            name: MODEL_NAME.to_owned(),
            versions: held.models().map(|model| model.revision().to_string()).collect(),
            platform: "bayeswire".to_owned(),
            inputs: vec![tensor(inputs::TEXT, BYTES), tensor(inputs::TITLE, BYTES)],
            outputs: Output::ALL.map(|output| tensor(output.name(), output.datatype())).to_vec(),
        })
    }

    async fn infer(&self, request: oip::ModelInferRequest) -> Result<oip::ModelInferResponse, RequestError> {
        let mut violations = Vec::new();
        let model = {
            let now = self.answering.now();
            let held = now.held()?;
            check_name(&request.model_name)?;
            check_revision("model_version", &request.model_version, held, &mut violations)?
        };
        let wanted = outputs::check(&request.outputs, &mut violations);
        let inputs = Inputs::read(&request, &mut violations);
        for (index, (title, text)) in inputs.articles().enumerate() {
            let wrong = check_text(title, text, &self.answering.config);
            violations.extend(wrong.map(|violation| violation.at(inputs.text_path(index))));
        }
        refuse_any(violations)?;
        let mut outputs = Outputs::new(model.as_ref());
        let mut work = Work::default();
        for (title, text) in inputs.articles() {
            if work.is_enough() {
                // Here the call also ends when its caller is gone: the transport drops it.
                tokio::task::yield_now().await;
            }
            work.add(title.len() + text.len());
            outputs.push(&self.answering.classify(&model, title, text, &Options::default()));
        }
        let (outputs, raw_output_contents) = outputs.finish(&wanted, &inputs.shape, inputs.raw);
        Ok(oip::ModelInferResponse {
            model_name: MODEL_NAME.to_owned(),
            model_version: model.revision().to_string(),
            id: request.id.clone(),
            parameters: std::collections::HashMap::new(),
            outputs,
            raw_output_contents,
        })
    }

    fn is_ready(&self, request: &oip::ModelReadyRequest) -> bool {
        let now = self.answering.now();
        let Ok(held) = now.held() else { return false };
        request.name == MODEL_NAME
            && (request.version.is_empty()
                || request.version.parse::<Revision>().is_ok_and(|asked| held.find(asked).is_some()))
    }
}

fn check_name(asked: &str) -> Result<(), RequestError> {
    if asked == MODEL_NAME {
        Ok(())
    } else {
        Err(RequestError::ModelNotFound { asked: asked.to_owned(), held: MODEL_NAME })
    }
}

#[tonic::async_trait]
impl GrpcInferenceService for Inference {
    async fn server_live(
        &self,
        _: Request<oip::ServerLiveRequest>,
    ) -> Result<Response<oip::ServerLiveResponse>, Status> {
        Ok(reply(oip::ServerLiveResponse { live: true }))
    }

    async fn server_ready(
        &self,
        _: Request<oip::ServerReadyRequest>,
    ) -> Result<Response<oip::ServerReadyResponse>, Status> {
        let ready = self.answering.now().held().is_ok();
        Ok(reply(oip::ServerReadyResponse { ready }))
    }

    async fn model_ready(
        &self,
        request: Request<oip::ModelReadyRequest>,
    ) -> Result<Response<oip::ModelReadyResponse>, Status> {
        let ready = self.is_ready(request.get_ref());
        Ok(reply(oip::ModelReadyResponse { ready }))
    }

    async fn server_metadata(
        &self,
        _: Request<oip::ServerMetadataRequest>,
    ) -> Result<Response<oip::ServerMetadataResponse>, Status> {
        Ok(reply(oip::ServerMetadataResponse {
            name: "bayeswire".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            extensions: Vec::new(),
        }))
    }

    async fn model_metadata(
        &self,
        request: Request<oip::ModelMetadataRequest>,
    ) -> Result<Response<oip::ModelMetadataResponse>, Status> {
        Ok(reply(self.metadata(request.get_ref())?))
    }

    async fn model_infer(
        &self,
        request: Request<oip::ModelInferRequest>,
    ) -> Result<Response<oip::ModelInferResponse>, Status> {
        Ok(reply(self.infer(request.into_inner()).await?))
    }
}
