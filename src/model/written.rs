//! A model written straight into its file, for those who need no model in memory.

use std::{fs::File, io};

use safetensors::Dtype;

use super::{
    Fitted, Revision,
    estimate::{EstimateError, Rows},
    file::{metadata, one_key},
};
use crate::{
    counts::{Counts, TermId},
    file::{InvalidFile, StreamedFile},
};

/// Why a model file was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The file cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// There can be no such file.
    #[error(transparent)]
    Invalid(#[from] InvalidFile),
    /// linfa failed.
    #[error(transparent)]
    Estimate(#[from] EstimateError),
}

impl Fitted {
    /// Writes the bytes of the model's file; the weights are estimated meanwhile, some at a time. `counts` are those of the fit.
    pub(crate) fn write(&self, counts: &Counts, file: &mut File) -> Result<Revision, WriteError> {
        let kept_terms = || self.kept.iter().map(|&i| counts.terms[i as usize]);
        let kept_words = || kept_terms().filter(|term| term.second().is_none()).map(TermId::first);
        let mut numbers = vec![u32::MAX; counts.words.len()];
        for (number, word) in (0..).zip(kept_words()) {
            numbers[word as usize] = number;
        }
        let word_bytes: usize = kept_words().map(|word| counts.words.get(word).len()).sum();
        self.check_keys(counts, kept_words())?;
        let (terms, words) = (self.kept.len(), kept_words().count());
        let tensors = vec![
            ("word_bytes", Dtype::U8, word_bytes),
            ("word_lengths", Dtype::U8, words),
            ("term_words", Dtype::U64, terms),
            ("term_articles", Dtype::U32, terms),
            ("term_weights", Dtype::F32, terms * self.facts.topics.len()),
        ];
        let mut out = StreamedFile::new(file, tensors, metadata(&self.facts)?)?;
        let [mut bytes, mut lengths, mut term_words, mut articles, mut weights] =
            ["word_bytes", "word_lengths", "term_words", "term_articles", "term_weights"]
                .map(|name| out.column(name));
        for word in kept_words() {
            let word = counts.words.get(word);
            out.extend(&mut bytes, word.as_bytes())?;
            out.push(&mut lengths, word.len() as u8)?;
        }
        for (term, &index) in kept_terms().zip(&self.kept) {
            let first = numbers[term.first() as usize];
            let term = match term.second() {
                None => TermId::word(first),
                Some(second) => TermId::pair(first, numbers[second as usize]),
            };
            out.push(&mut term_words, term.0)?;
            out.push(&mut articles, counts.articles_with(index as usize) as u32)?;
        }
        Rows::new(counts, &self.kept).estimate_in_parts(&self.facts.estimator, |part| {
            part.into_iter().try_for_each(|weight| out.push(&mut weights, weight)).map_err(WriteError::Io)
        })?;
        for column in [bytes, lengths, term_words, articles, weights] {
            out.end(column)?;
        }
        out.finish::<WriteError>().map(Revision::from_digest)
    }

    /// Checks that no two of the words share a key.
    fn check_keys(&self, counts: &Counts, words: impl Iterator<Item = u32>) -> Result<(), InvalidFile> {
        let keys = counts.words.keys();
        let mut keys: Vec<_> = words.map(|word| (keys[word as usize], word)).collect();
        keys.sort_unstable();
        match keys.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            None => Ok(()),
            Some(pair) => Err(one_key(counts.words.get(pair[0].1), counts.words.get(pair[1].1))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _};

    use super::*;
    use crate::{
        article::{Article, LabeledArticle, Topic},
        model::{TrainingParams, fit, train},
        text::TextProfile,
    };

    #[test]
    fn the_file_is_the_one_of_the_model() {
        let article = |n: usize| LabeledArticle {
            topic: Topic::new(["a", "b", "c"][n % 3]).unwrap(),
            article: Article { text: format!("word{} again and word{n}", n % 7), ..Article::default() },
        };
        let corpus: Vec<LabeledArticle> = (0..60).map(article).collect();
        let counts = Counts::of(TextProfile::default(), &corpus).unwrap();
        for params in [
            TrainingParams::default(),
            TrainingParams { max_terms: 20, ..TrainingParams::default() },
            TrainingParams { min_articles: 3, normalize: true, ..TrainingParams::default() },
        ] {
            let params = params.check().unwrap();
            let expected = train(&counts, None, &params).unwrap();
            let fitted = fit(&counts, &counts.summary(), None, &params).unwrap();
            let mut file = tempfile::tempfile().unwrap();
            assert_eq!(fitted.write(&counts, &mut file).unwrap(), expected.model.revision());
            let mut bytes = Vec::new();
            file.rewind().unwrap();
            file.read_to_end(&mut bytes).unwrap();
            assert!(bytes == expected.bytes);
        }
    }
}
