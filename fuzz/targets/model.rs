//! The bytes of a `.model` file.

use std::sync::LazyLock;

use bayeswire::model::{Classifier, Model, Options, Revision};

use super::{article::check_answer, file::repaired};

/// The model that is shipped.
pub(super) fn shipped() -> &'static Model {
    static MODEL: LazyLock<Model> =
        LazyLock::new(|| Model::from_bytes(include_bytes!("../../models/default/default.model")).unwrap());
    &MODEL
}

/// Bytes are refused or are a model, which then answers whatever it is asked.
pub fn model(data: &[u8]) {
    read(data);
    if let Some(repaired) = repaired(data) {
        read(&repaired);
    }
}

fn read(bytes: &[u8]) {
    let Ok(model) = Model::from_bytes(bytes) else { return };
    assert_eq!(model.revision(), Revision::of(bytes));
    assert_eq!(model.to_bytes().unwrap(), bytes);
    let known: Vec<String> = model.terms().take(50).map(|term| term.text()).collect();
    let texts = ["", "Rain and wind.", &known.join(". "), &known.join(" ").repeat(20)];
    let mut classifier = Classifier::new(model.facts().text_profile);
    for text in texts {
        let options = Options::new(&model, None, 10, &Default::default()).unwrap();
        let answer = classifier.classify(&model, "", text, &options);
        check_answer(&answer, ["", text], 10);
        classifier.explain(&model, "", text, &options, "").unwrap();
    }
    for term in &known {
        let _ = model.find_term(term);
    }
}
