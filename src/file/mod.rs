//! Files that are whole or not there: canonical safetensors content, written aside and renamed into place.

mod columns;
mod replace;
mod tensors;

pub(crate) use columns::StreamedFile;
pub use replace::replace;
pub(crate) use replace::replace_with;
pub use tensors::InvalidFile;
pub(crate) use tensors::{Column, TensorFile, TensorWriter, hex};
