//! Files that are whole or not there: canonical safetensors content, written aside and renamed into place.

mod checksum;
mod columns;
mod error;
mod replace;
mod source;
mod tensor_file;
mod tensors;

pub(crate) use columns::StreamedFile;
pub use error::InvalidFile;
pub use replace::replace;
pub(crate) use replace::replace_with;
pub(crate) use source::{OpenFile, Source};
pub(crate) use tensor_file::TensorFile;
pub(crate) use tensors::{Column, TensorWriter, hex};
