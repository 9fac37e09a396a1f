//! Input tensors.

use super::BYTES;
use crate::{
    api::inference::{
        InferTensorContents, ModelInferRequest as Request, model_infer_request::InferInputTensor,
    },
    server::{request::MAX_BATCH_ARTICLES, violation::RequestViolation},
};

/// The texts.
pub(super) const TEXT: &str = "text";
/// The headlines, which may be left out.
pub(super) const TITLE: &str = "title";

/// The texts of a call, and their headlines if there are any.
pub(super) struct Inputs<'a> {
    texts: Vec<&'a str>,
    /// As many as texts, or none.
    titles: Vec<&'a str>,
    /// The shape of `text`, and so of all outputs.
    pub(super) shape: Vec<i64>,
    /// Whether the elements came in `raw_input_contents`.
    pub(super) raw: bool,
    /// Which of the inputs is `text`.
    text_input: usize,
}

/// Where one input tensor stands in a call.
struct Place<'a> {
    index: usize,
    tensor: &'a InferInputTensor,
    /// Its raw elements.
    raw: Option<&'a [u8]>,
}

impl<'a> Inputs<'a> {
    /// Reads the inputs of a call; everything that is wrong with them is added to `violations`, and then what is returned
    /// means nothing.
    pub(super) fn read(request: &'a Request, violations: &mut Vec<RequestViolation>) -> Self {
        let raw = !request.raw_input_contents.is_empty();
        if raw && request.raw_input_contents.len() != request.inputs.len() {
            let (given, inputs) = (request.raw_input_contents.len(), request.inputs.len());
            let why = format!("has {given} entries for {inputs} inputs, every input needs one");
            violations.push(tensor("raw_input_contents", why));
        }
        let text_input = index_of(request, TEXT).unwrap_or(0);
        let mut inputs = Self { texts: Vec::new(), titles: Vec::new(), shape: Vec::new(), raw, text_input };
        let (mut has_text, mut has_title) = (false, false);
        for (index, tensor_input) in request.inputs.iter().enumerate() {
            let raw_elements = request.raw_input_contents.get(index).map(Vec::as_slice);
            let place = Place { index, tensor: tensor_input, raw: raw_elements };
            let seen = match tensor_input.name.as_str() {
                TEXT => &mut has_text,
                TITLE => &mut has_title,
                _ => {
                    let path = format!("inputs[{index}].name");
                    violations.push(tensor(path, "is no input of the model, which are text and title"));
                    continue;
                }
            };
            if std::mem::replace(seen, true) {
                violations.push(tensor(format!("inputs[{index}].name"), "is there twice"));
                continue;
            }
            // With too few raw entries there is nothing to say about those that are missing.
            if raw && raw_elements.is_none() {
                continue;
            }
            if let Some(elements) = place.read(violations) {
                if tensor_input.name == TEXT {
                    inputs.texts = elements;
                    inputs.shape.clone_from(&tensor_input.shape);
                } else {
                    inputs.titles = elements;
                }
            }
        }
        if !has_text {
            violations.push(tensor("inputs", "has no tensor \"text\""));
        }
        let (texts, titles) = (inputs.texts.len(), inputs.titles.len());
        if texts > 0 && titles > 0 && texts != titles {
            let path = format!("inputs[{}].shape", index_of(request, TITLE).unwrap_or(0));
            violations.push(tensor(path, format!("has {titles} titles for {texts} texts")));
        }
        inputs
    }

    /// Title and text of each article.
    pub(super) fn articles(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        let title = |index| self.titles.get(index).copied().unwrap_or("");
        self.texts.iter().enumerate().map(move |(index, &text)| (title(index), text))
    }

    /// Where the n-th text stands.
    pub(super) fn text_path(&self, element: usize) -> String {
        element_path(self.text_input, self.raw, element)
    }
}

fn index_of(request: &Request, name: &str) -> Option<usize> {
    request.inputs.iter().position(|input| input.name == name)
}

fn tensor(path: impl Into<String>, why: impl Into<String>) -> RequestViolation {
    RequestViolation::Tensor { path: path.into(), why: why.into() }
}

fn element_path(input: usize, raw: bool, element: usize) -> String {
    if raw {
        format!("raw_input_contents[{input}][{element}]")
    } else {
        format!("inputs[{input}].contents.bytes_contents[{element}]")
    }
}

impl<'a> Place<'a> {
    fn read(&self, violations: &mut Vec<RequestViolation>) -> Option<Vec<&'a str>> {
        let index = self.index;
        let before = violations.len();
        if self.tensor.datatype != BYTES {
            violations.push(tensor(format!("inputs[{index}].datatype"), "must be \"BYTES\""));
        }
        let len = self.len(violations);
        if violations.len() > before {
            return None;
        }
        let len = len?;
        let elements = match self.raw {
            Some(raw) => self.raw_elements(raw, len),
            None => self.typed_elements(len),
        };
        let elements = elements.map_err(|violation| violations.push(violation)).ok()?;
        let mut texts = Vec::with_capacity(len);
        for (element, bytes) in elements.into_iter().enumerate() {
            match std::str::from_utf8(bytes) {
                Ok(text) => texts.push(text),
                Err(error) => {
                    let path = element_path(index, self.raw.is_some(), element);
                    violations.push(tensor(path, format!("is not UTF-8 at byte {}", error.valid_up_to())));
                }
            }
        }
        (texts.len() == len).then_some(texts)
    }

    /// How many elements the tensor says it has: 1 to 1,000.
    fn len(&self, violations: &mut Vec<RequestViolation>) -> Option<usize> {
        let path = format!("inputs[{}].shape", self.index);
        let len = match self.tensor.shape.as_slice() {
            &[len] | &[len, 1] => usize::try_from(len).ok(),
            _ => None,
        };
        let limit = MAX_BATCH_ARTICLES;
        let violation = match len {
            None => tensor(path, "must be [N] or [N, 1], N from 1 to 1000"),
            Some(0) => RequestViolation::BatchEmpty { limit }.at(path),
            Some(articles) if articles > limit => {
                RequestViolation::BatchTooLarge { articles, limit }.at(path)
            }
            Some(len) => return Some(len),
        };
        violations.push(violation);
        None
    }

    fn typed_elements(&self, len: usize) -> Result<Vec<&'a [u8]>, RequestViolation> {
        let path = format!("inputs[{}].contents", self.index);
        let Some(contents) = &self.tensor.contents else {
            return Err(tensor(path, "is missing, and there are no raw_input_contents"));
        };
        if has_other_than_bytes(contents) {
            return Err(tensor(path, "has elements of another type than BYTES"));
        }
        let given = contents.bytes_contents.len();
        if given != len {
            let why = format!("has {given} elements, the shape says {len}");
            return Err(tensor(format!("{path}.bytes_contents"), why));
        }
        Ok(contents.bytes_contents.iter().map(Vec::as_slice).collect())
    }

    fn raw_elements(&self, mut raw: &'a [u8], len: usize) -> Result<Vec<&'a [u8]>, RequestViolation> {
        let path = format!("raw_input_contents[{}]", self.index);
        if self.tensor.contents.as_ref().is_some_and(|contents| *contents != InferTensorContents::default()) {
            let why = "must not be set together with raw_input_contents";
            return Err(tensor(format!("inputs[{}].contents", self.index), why));
        }
        let mut elements = Vec::with_capacity(len);
        for element in 0..len {
            let Some((size, rest)) = raw.split_first_chunk() else {
                let why = format!("ends before the length of element {element} of {len}");
                return Err(tensor(path, why));
            };
            let size = u32::from_le_bytes(*size) as usize;
            let Some((bytes, rest)) = rest.split_at_checked(size) else {
                let why = format!("ends within element {element} of {len}, which says it has {size} bytes");
                return Err(tensor(path, why));
            };
            elements.push(bytes);
            raw = rest;
        }
        if raw.is_empty() {
            Ok(elements)
        } else {
            Err(tensor(path, format!("goes on for {} bytes behind its {len} elements", raw.len())))
        }
    }
}

fn has_other_than_bytes(contents: &InferTensorContents) -> bool {
    let InferTensorContents {
        bool_contents,
        int_contents,
        int64_contents,
        uint_contents,
        uint64_contents,
        fp32_contents,
        fp64_contents,
        bytes_contents: _,
    } = contents;
    !(bool_contents.is_empty()
        && int_contents.is_empty()
        && int64_contents.is_empty()
        && uint_contents.is_empty()
        && uint64_contents.is_empty()
        && fp32_contents.is_empty()
        && fp64_contents.is_empty())
}
