//! A model written straight into its file, for those who need no model in memory.

use std::{fs::File, io};

use rayon::prelude::*;
use safetensors::Dtype;

use super::{
    ESTIMATE_BLOCK, Fitted, Revision,
    estimate::{EstimateError, Rows},
    file::{metadata, one_key},
    weights::EqualSums,
};
use crate::{
    counts::{Counts, TermId},
    file::{Column, InvalidFile, StreamedFile},
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
        let kept_words: Vec<u32> =
            kept_terms().filter(|term| term.second().is_none()).map(TermId::first).collect();
        self.check_keys(counts, &kept_words)?;
        let mut numbers = vec![u32::MAX; counts.words.len()];
        for (number, &word) in (0..).zip(&kept_words) {
            numbers[word as usize] = number;
        }
        let renumbered = |&index: &u32| {
            let term = counts.terms[index as usize];
            let first = numbers[term.first() as usize];
            match term.second() {
                None => TermId::word(first).0,
                Some(second) => TermId::pair(first, numbers[second as usize]).0,
            }
        };
        let articles = |&index: &u32| counts.articles_with(index as usize) as u32;
        let lengths: Vec<u8> = kept_words.iter().map(|&word| counts.words.get(word).len() as u8).collect();
        let equal = EqualSums::new(counts, &self.kept);
        let tensors = vec![
            ("word_bytes", Dtype::U8, lengths.iter().map(|&length| usize::from(length)).sum()),
            ("word_lengths", Dtype::U8, lengths.len()),
            ("term_words", Dtype::U64, self.kept.len()),
            ("term_articles", Dtype::U32, self.kept.len()),
            ("term_rows", Dtype::U32, self.kept.len()),
            ("row_weights", Dtype::F32, equal.terms.len() * self.facts.topics.len()),
        ];
        let mut out = StreamedFile::new(file, tensors, metadata(&self.facts)?)?;
        // In the order of the file, that of the checksum.
        self.write_column(&mut out, "term_words", renumbered)?;
        let mut weights = out.column("row_weights");
        let rows = Rows::new(counts, &self.kept);
        rows.estimate_in_parts(&self.facts.estimator, &equal.terms, |part| {
            out.push_all(&mut weights, &part).map_err(WriteError::Io)
        })?;
        out.end(weights)?;
        self.write_column(&mut out, "term_articles", articles)?;
        let mut column = out.column("term_rows");
        out.push_all(&mut column, &equal.rows)?;
        out.end(column)?;
        let mut bytes = out.column("word_bytes");
        kept_words.iter().try_for_each(|&word| out.extend(&mut bytes, counts.words.get(word).as_bytes()))?;
        out.end(bytes)?;
        let mut column = out.column("word_lengths");
        out.push_all(&mut column, &lengths)?;
        out.end(column)?;
        out.finish::<WriteError>().map(Revision::from_digest)
    }

    /// Writes the tensor `name`, which has a number for each kept term.
    fn write_column<T: Column + Send>(
        &self,
        out: &mut StreamedFile<'_>,
        name: &str,
        number: impl Fn(&u32) -> T + Sync,
    ) -> io::Result<()> {
        let mut column = out.column(name);
        for terms in self.kept.chunks(ESTIMATE_BLOCK * rayon::current_num_threads()) {
            let numbers: Vec<T> = terms.par_iter().with_min_len(ESTIMATE_BLOCK).map(&number).collect();
            out.push_all(&mut column, &numbers)?;
        }
        out.end(column)
    }

    /// Checks that no two of the words share a key.
    fn check_keys(&self, counts: &Counts, words: &[u32]) -> Result<(), InvalidFile> {
        let keys = counts.words.keys();
        let mut keys: Vec<_> = words.iter().map(|&word| (keys[word as usize], word)).collect();
        keys.par_sort_unstable();
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
