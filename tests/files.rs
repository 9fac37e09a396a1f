//! Damaged files are refused, whatever the damage.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

use bayeswire::{
    article::{Article, LabeledArticle, Topic},
    counts::Counts,
    model::{Model, TrainingParams, train},
    text::TextProfile,
};

fn counts() -> (Vec<LabeledArticle>, Counts) {
    let article = |topic, text: &str| LabeledArticle {
        topic: Topic::new(topic).unwrap(),
        article: Article { text: text.to_owned(), ..Article::default() },
    };
    let articles = vec![
        article("peace", "Envoys sign a treaty."),
        article("peace", "A treaty is kept."),
        article("war", "Guns fire on a town."),
    ];
    let counts = Counts::of(TextProfile::default(), &articles).unwrap();
    (articles, counts)
}

fn model() -> Vec<u8> {
    let (articles, counts) = counts();
    let references: Vec<_> = articles.iter().collect();
    train(&counts, Some(&references), &TrainingParams::default().check().unwrap()).unwrap().bytes
}

fn refused_whatever_is_changed(good: &[u8], accepts: impl Fn(&[u8]) -> bool) {
    assert!(accepts(good));
    for at in 0..good.len() {
        for change in [0x01, 0x20, 0x80, 0xFF] {
            let mut bad = good.to_vec();
            bad[at] ^= change;
            assert!(!accepts(&bad), "byte {at} changed by {change:#x}");
        }
        assert!(!accepts(&good[..at]), "cut at {at}");
    }
    let longer = [good, b" "].concat();
    assert!(!accepts(&longer), "a byte more");
}

#[test]
fn a_model_with_any_byte_changed_or_cut_off_is_refused() {
    refused_whatever_is_changed(&model(), |bytes| Model::from_bytes(bytes).is_ok());
}

#[test]
fn counts_with_any_byte_changed_or_cut_off_are_refused() {
    refused_whatever_is_changed(&counts().1.to_bytes().unwrap(), |bytes| Counts::from_bytes(bytes).is_ok());
}

#[test]
fn one_kind_of_file_is_not_taken_for_the_other() {
    let error = Model::from_bytes(&counts().1.to_bytes().unwrap()).unwrap_err().to_string();
    assert_eq!(error, "not a bayeswire.model/2 file: bayeswire.counts/2");
    assert!(Counts::from_bytes(&model()).is_err());
}

#[test]
fn a_model_that_is_read_is_written_alike() {
    let bytes = model();
    assert_eq!(Model::from_bytes(&bytes).unwrap().to_bytes().unwrap(), bytes);
}
