//! Files that are whole or not there: canonical safetensors content, written aside and renamed into place.

mod replace;
mod tensors;

pub use replace::replace;
pub use tensors::InvalidFile;
pub(crate) use tensors::{TensorFile, TensorWriter, hex};
