//! Output tensors.

use std::collections::HashMap;

use super::BYTES;
use crate::{
    api::inference::{
        InferTensorContents, model_infer_request::InferRequestedOutputTensor,
        model_infer_response::InferOutputTensor,
    },
    model::{Classification, Decision, Model},
    server::violation::RequestViolation,
};

/// An output of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// The topic; empty when it abstained.
    Topic,
    /// The probability of the most probable topic.
    Probability,
    /// Whether it abstained.
    Abstained,
}

impl Output {
    pub(super) const ALL: [Self; 3] = [Self::Topic, Self::Probability, Self::Abstained];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Probability => "probability",
            Self::Abstained => "abstained",
        }
    }

    pub(super) fn datatype(self) -> &'static str {
        match self {
            Self::Topic => BYTES,
            Self::Probability => "FP64",
            Self::Abstained => "BOOL",
        }
    }
}

/// Which outputs are asked for: all of them, where none is named.
pub(super) fn check(
    asked: &[InferRequestedOutputTensor],
    violations: &mut Vec<RequestViolation>,
) -> Vec<Output> {
    if asked.is_empty() {
        return Output::ALL.to_vec();
    }
    let mut outputs = Vec::new();
    for (index, tensor) in asked.iter().enumerate() {
        let found = Output::ALL.into_iter().find(|output| output.name() == tensor.name);
        let why = match found {
            Some(output) if !outputs.contains(&output) => {
                outputs.push(output);
                continue;
            }
            Some(_) => "is there twice",
            None => "is no output of the model, which are topic, probability and abstained",
        };
        violations
            .push(RequestViolation::Tensor { path: format!("outputs[{index}].name"), why: why.to_owned() });
    }
    outputs
}

/// The answers of one call.
pub(super) struct Outputs<'a> {
    model: &'a Model,
    topics: Vec<&'a str>,
    probabilities: Vec<f64>,
    abstained: Vec<bool>,
}

impl<'a> Outputs<'a> {
    pub(super) fn new(model: &'a Model) -> Self {
        Self { model, topics: Vec::new(), probabilities: Vec::new(), abstained: Vec::new() }
    }

    /// Adds the answer to the next text.
    pub(super) fn push(&mut self, answer: &Classification) {
        let topic = match answer.decision {
            Decision::Assigned(topic) => self.model.facts().topics.get(topic).map(String::as_str),
            Decision::Abstained(_) => None,
        };
        self.topics.push(topic.unwrap_or(""));
        self.probabilities.push(answer.topics.first().map_or(0.0, |best| best.probability));
        self.abstained.push(topic.is_none());
    }

    /// The tensors that are asked for and, if they are to be raw, their elements.
    pub(super) fn finish(
        &self,
        wanted: &[Output],
        shape: &[i64],
        raw: bool,
    ) -> (Vec<InferOutputTensor>, Vec<Vec<u8>>) {
        let tensors = wanted.iter().map(|&output| InferOutputTensor {
            name: output.name().to_owned(),
            datatype: output.datatype().to_owned(),
            shape: shape.to_vec(),
            parameters: HashMap::new(),
            contents: (!raw).then(|| self.typed(output)),
        });
        let elements = if raw { wanted.iter().map(|&output| self.raw(output)).collect() } else { Vec::new() };
        (tensors.collect(), elements)
    }

    fn typed(&self, output: Output) -> InferTensorContents {
        let mut contents = InferTensorContents::default();
        match output {
            Output::Topic => {
                contents.bytes_contents = self.topics.iter().map(|topic| topic.as_bytes().to_vec()).collect();
            }
            Output::Probability => contents.fp64_contents.clone_from(&self.probabilities),
            Output::Abstained => contents.bool_contents.clone_from(&self.abstained),
        }
        contents
    }

    fn raw(&self, output: Output) -> Vec<u8> {
        let mut bytes = Vec::new();
        match output {
            Output::Topic => {
                for topic in &self.topics {
                    // A topic's name has at most 128 bytes.
                    bytes.extend((topic.len() as u32).to_le_bytes());
                    bytes.extend(topic.as_bytes());
                }
            }
            Output::Probability => bytes.extend(self.probabilities.iter().flat_map(|p| p.to_le_bytes())),
            Output::Abstained => bytes.extend(self.abstained.iter().map(|&abstained| u8::from(abstained))),
        }
        bytes
    }
}
