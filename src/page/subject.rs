//! What a stretch of text is about, so that a change of subject can be seen.

/// Tells what text is about. The segmenter asks for every stretch of paragraphs once.
pub trait SubjectReader {
    /// What `text` is about.
    fn read(&mut self, text: &str) -> Subject;
}

/// What a stretch of text is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subject {
    /// Its terms by key in increasing order, each once, with a weight above 0 that is large where a term says much.
    pub terms: Vec<(u64, f64)>,
    /// The probability of every topic; empty where there are none.
    pub topics: Vec<f64>,
}

impl Subject {
    /// The cosine of the angle between the terms' weights: 0 nothing in common, 1 the same mix. None where
    /// one of them has no terms.
    #[must_use]
    pub fn similarity(&self, other: &Self) -> Option<f64> {
        let length = |terms: &[(u64, f64)]| terms.iter().map(|(_, w)| w * w).sum::<f64>().sqrt();
        let lengths = length(&self.terms) * length(&other.terms);
        if lengths <= 0.0 {
            return None;
        }
        let (mut left, mut right) = (self.terms.iter().peekable(), other.terms.iter().peekable());
        let mut product = 0.0;
        while let (Some(&&(a, wa)), Some(&&(b, wb))) = (left.peek(), right.peek()) {
            if a == b {
                product += wa * wb;
            }
            if a <= b {
                left.next();
            }
            if b <= a {
                right.next();
            }
        }
        Some(product / lengths)
    }

    /// How much of their probability the topics share: 1 the same mix, 0 none. None where there are no topics.
    #[must_use]
    pub fn shared_topics(&self, other: &Self) -> Option<f64> {
        if self.topics.is_empty() || self.topics.len() != other.topics.len() {
            return None;
        }
        Some(self.topics.iter().zip(&other.topics).map(|(a, b)| a.min(*b)).sum())
    }
}

/// Knows no subjects: articles are told apart by the structure of the page alone.
impl SubjectReader for () {
    fn read(&mut self, _: &str) -> Subject {
        Subject::default()
    }
}

#[cfg(test)]
mod tests {
    use super::Subject;

    fn subject(terms: &[(u64, f64)], topics: &[f64]) -> Subject {
        Subject { terms: terms.to_vec(), topics: topics.to_vec() }
    }

    #[test]
    fn similarity_is_the_cosine_of_the_terms() {
        let (a, b) = (subject(&[(1, 3.0), (5, 4.0)], &[]), subject(&[(2, 1.0), (5, 1.0), (9, 1.0)], &[]));
        assert_eq!(a.similarity(&a), Some(1.0));
        // By hand: 4 / (5 sqrt 3).
        assert!((a.similarity(&b).unwrap() - 4.0 / (5.0 * 3.0_f64.sqrt())).abs() < 1e-12);
        assert_eq!(a.similarity(&Subject::default()), None);
    }

    #[test]
    fn topics_are_shared_as_far_as_their_probabilities_overlap() {
        let shared = subject(&[], &[0.9, 0.1]).shared_topics(&subject(&[], &[0.2, 0.8]));
        assert!((shared.unwrap() - 0.3).abs() < 1e-12);
        assert_eq!(subject(&[], &[1.0]).shared_topics(&Subject::default()), None);
    }
}
