//! Files of ours as strangers would have them.

use std::collections::HashMap;

use rapidhash::v3::{RapidSecrets, RapidStreamHasherV3};
use safetensors::{SafeTensors, serialize};
use serde_json::Value;

const KEY: &str = "bayeswire";

/// The same content with the checksum that it should have, in the order that it should have: changed bytes get past the
/// checksum this way and reach what is behind it. None where they are no safetensors file with our metadata.
pub(super) fn repaired(bytes: &[u8]) -> Option<Vec<u8>> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
    let tensors = SafeTensors::deserialize(bytes).ok()?;
    let text = metadata.metadata().as_ref()?.get(KEY)?;
    let Ok(Value::Object(mut facts)) = serde_json::from_str(text) else { return None };
    facts.remove("checksum");
    let mut parts = tensors.tensors();
    let place = |name: &str| metadata.info(name).map(|info| info.data_offsets);
    parts.sort_by(|(a, x), (b, y)| place(a).cmp(&place(b)).then(y.dtype().cmp(&x.dtype())).then(a.cmp(b)));
    let secrets = RapidSecrets::seed(0);
    let mut hash = RapidStreamHasherV3::new(&secrets);
    hash.write(Value::Object(facts.clone()).to_string().as_bytes());
    for (name, view) in &parts {
        hash.write(name.as_bytes());
        hash.write(&(view.data().len() as u64).to_le_bytes());
        hash.write(view.data());
    }
    facts.insert("checksum".to_owned(), format!("{:016x}", hash.finish()).into());
    let metadata = HashMap::from([(KEY.to_owned(), Value::Object(facts).to_string())]);
    serialize(parts, Some(metadata)).ok()
}
