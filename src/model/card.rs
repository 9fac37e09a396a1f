//! What a model says about itself, for people.

use std::fmt::Write as _;

use super::{Model, Term};
use crate::counts::TermId;
use crate::text::TextReader;

/// How many terms a card shows for each topic.
const CARD_TERMS: usize = 20;

impl Model {
    /// The terms that speak most for the topic at `topic` across the training articles, strongest first: ordered by how far
    /// the topic's weight is above the mean of the others', times the logarithm of the number of articles with the term.
    #[must_use]
    pub fn strongest_terms(&self, topic: usize, most: usize) -> Vec<String> {
        let topics = self.facts.topics.len();
        let mut strengths: Vec<(f64, Term<'_>)> = self
            .terms()
            .filter_map(|term| {
                let own = f64::from(term.weights().nth(topic)?);
                let all: f64 = term.weights().map(f64::from).sum();
                let others = (all - own) / (topics - 1) as f64;
                Some(((own - others) * libm::log(f64::from(term.articles())), term))
            })
            .collect();
        strengths.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.id.cmp(&b.1.id)));
        strengths.iter().take(most).map(|(_, term)| term.text()).collect()
    }

    /// The term that `text`, one or two words, becomes.
    #[must_use]
    pub fn find_term(&self, text: &str) -> Option<Term<'_>> {
        let mut reader = TextReader::new(self.facts.text_profile);
        reader.read("", text);
        if reader.running_words() > 2 {
            return None;
        }
        let number = |key| self.terms.word(key);
        let (id, place, row) = match reader.pairs().last() {
            Some((first, second, _, _)) => {
                let (first, second) = (number(reader.word(first))?, number(reader.word(second))?);
                let row = self.terms.pair(first, second)?;
                (TermId::pair(first, second), self.terms.place_of_pair(first, second), row)
            }
            None => {
                let word = number(reader.words().last()?.0)?;
                (TermId::word(word), self.terms.place_of_word(word), self.terms.of_word(word))
            }
        };
        Some(Term { model: self, id, place, weights: self.weights.row(row) })
    }

    /// The model card, in Markdown: everything in it comes from the model file.
    #[must_use]
    pub fn card(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_card(&mut out);
        out
    }

    fn write_card(&self, out: &mut String) -> std::fmt::Result {
        let facts = &self.facts;
        let (training, estimator, calibration) = (&facts.training, &facts.estimator, &facts.calibration);
        let all: u64 = training.articles.iter().sum();
        writeln!(out, "# Model card\n")?;
        writeln!(out, "| | |\n|---|---|")?;
        writeln!(out, "| revision | `{}` |", self.revision)?;
        writeln!(out, "| corpus | `{}` |", training.corpus_digest)?;
        writeln!(out, "| training articles | {all} |")?;
        writeln!(out, "| terms | {} of {} |", self.term_count(), training.terms)?;
        writeln!(out, "| text | {} |", facts.text_profile)?;
        writeln!(
            out,
            "| estimator | {:?} naive Bayes, alpha {}, row scaling {}, normalised {} |",
            estimator.variant, estimator.alpha, estimator.row_scaling, estimator.normalize
        )?;
        writeln!(
            out,
            "| kept terms | in at least {} articles, at most {} |",
            training.min_articles, training.max_terms
        )?;
        let fitted = if calibration.fitted { "fitted on leave-one-out scores" } else { "not fitted" };
        writeln!(
            out,
            "| calibration | {fitted}: scale {:.4}, length slope {:.4} |",
            calibration.scale, calibration.length_slope
        )?;
        let t = &facts.thresholds;
        writeln!(
            out,
            "| abstains | below {} words, {:.2} of words known, or probability {:.2} |",
            t.min_words, t.min_coverage, t.min_probability
        )?;
        if let Some(loo) = &training.leave_one_out {
            writeln!(
                out,
                "| leave-one-out, {} articles (chosen on {}) | accuracy {:.4}, log-loss {:.4} nats |",
                loo.articles, loo.choice_articles, loo.accuracy, loo.log_loss
            )?;
        }
        writeln!(out, "\n## Topics\n\n| topic | articles | bias | strongest terms |\n|---|---|---|---|")?;
        for (index, topic) in facts.topics.iter().enumerate() {
            let background = if facts.background == Some(index) { " (background)" } else { "" };
            writeln!(
                out,
                "| {topic}{background} | {} | {:.4} | {} |",
                training.articles[index],
                calibration.biases[index],
                self.strongest_terms(index, CARD_TERMS).join(", ")
            )?;
        }
        Ok(())
    }
}
