//! Scores every training article with the model of all the others, exactly, without training again.
//!
//! A naive-Bayes score needs the topics' sums over the article's own terms, the topics' totals and the number of terms.
//! Taking the article away changes these by its own integers, and by those of terms that are then in too few articles to
//! be kept; everything else in the model stays out of the score. So the score is that of a model trained anew.

use std::ops::Range;

use rayon::prelude::*;

use super::{
    estimate::{Estimator, row_factor, unit},
    log_sums::LogSums,
    logarithm::LogProducts,
    sample::SampledArticle,
    vocabulary,
};
use crate::{
    counts::Counts,
    text::{WEIGHT_ONE, Weight},
};

/// The model of all articles, from which single ones are taken out.
pub(crate) struct Whole<'a> {
    counts: &'a Counts,
    min_articles: u64,
    kept: &'a [u32],
    is_kept: Vec<bool>,
    totals: Vec<u64>,
}

impl<'a> Whole<'a> {
    /// A model that keeps the terms `kept`, which occur in at least `min_articles` articles.
    pub(crate) fn new(counts: &'a Counts, min_articles: u64, kept: &'a [u32]) -> Self {
        let mut is_kept = vec![false; counts.terms.len()];
        kept.iter().for_each(|&term| is_kept[term as usize] = true);
        Self { counts, min_articles, kept, is_kept, totals: vocabulary::totals(counts, kept) }
    }

    /// Each topic's sum over the kept terms.
    pub(crate) fn totals(&self) -> &[u64] {
        &self.totals
    }

    /// In how many articles a term occurs beside one that has it; 0 where it would not be kept without that one.
    pub(crate) fn other_articles(&self, term: u32) -> u64 {
        let others = self.counts.articles_with(term as usize) - 1;
        if self.is_kept[term as usize] && others >= self.min_articles { others } else { 0 }
    }

    /// The scores of `articles`, each by the model of all others, for each estimator:
    /// `scores[estimator][article * topics + topic]`.
    pub(crate) fn scores(&self, articles: &[SampledArticle], estimators: &[Estimator]) -> Vec<Vec<f64>> {
        let topics = self.totals.len();
        let plan = Plan::new(self, estimators);
        let per_article: Vec<Vec<f64>> = articles
            .par_iter()
            .map_init(
                || Without::new(topics),
                |without, article| {
                    without.take(self, article, plan.with_norms());
                    let mut scores = vec![0.0; estimators.len() * topics];
                    for group in &plan.groups {
                        without.score(group, &self.totals, &mut scores);
                    }
                    scores
                },
            )
            .collect();
        let of_estimator = |e: usize| {
            per_article.iter().flat_map(|scores| &scores[e * topics..(e + 1) * topics]).copied().collect()
        };
        (0..estimators.len()).into_par_iter().map(of_estimator).collect()
    }
}

/// Estimators by what they have in common: whatever two of them need is computed once.
struct Plan {
    groups: Vec<Group>,
}

/// Estimators with the same rows.
struct Group {
    like: Estimator,
    /// What each topic's row is multiplied by while no article is left out.
    factors: Vec<f64>,
    settings: Vec<Setting>,
}

/// Estimators with the same rows and the same smoothing: variants.
struct Setting {
    alpha: f64,
    norms: Option<LogSums>,
    /// Place among the estimators; shares of the plain and the complement weight.
    variants: Vec<(usize, f64, f64)>,
}

impl Plan {
    fn new(whole: &Whole<'_>, estimators: &[Estimator]) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for (place, estimator) in estimators.iter().enumerate() {
            let rows = |e: &Estimator| (e.row_scaling, e.common_sum, e.normalize);
            let group = match groups.iter().position(|g| rows(&g.like) == rows(estimator)) {
                Some(group) => group,
                None => {
                    let factors = whole.totals.iter().map(|&t| row_factor(estimator, unit(t))).collect();
                    groups.push(Group { like: *estimator, factors, settings: Vec::new() });
                    groups.len() - 1
                }
            };
            let settings = &mut groups[group].settings;
            let setting = match settings.iter().position(|s| s.alpha == estimator.alpha) {
                Some(setting) => setting,
                None => {
                    let alpha = estimator.alpha;
                    let norms = estimator.normalize.then(|| LogSums::new(whole.counts, whole.kept, alpha));
                    settings.push(Setting { alpha, norms, variants: Vec::new() });
                    settings.len() - 1
                }
            };
            let (plain, complement) = estimator.variant.shares();
            settings[setting].variants.push((place, plain, complement));
        }
        Self { groups }
    }

    fn with_norms(&self) -> bool {
        self.groups.iter().any(|group| group.like.normalize)
    }
}

/// The model without one article, as far as that article's score needs it.
struct Without {
    /// Where the entries of the article's kept terms stand, and its weights.
    places: Vec<(Range<usize>, Weight)>,
    /// The article's kept terms, heaviest first: weight, and where its sums end in `sums`.
    terms: Vec<(f64, usize)>,
    /// Topic and sum of weights, term by term; topics without the term are left out.
    sums: Vec<(usize, f64)>,
    /// The same before the article was taken away, of kept and of vanished terms: for the norms.
    before: Vec<(usize, f64)>,
    before_ends: Vec<usize>,
    totals: Vec<u64>,
    kept: f64,
    /// For one group of estimators: the sums in its scale with what the other topics have, and all topics' for each term.
    scaled: Vec<(f64, f64)>,
    alls: Vec<f64>,
    /// For every topic the sum over the terms of weight times ln(M + alpha): of its own row, and of the others'.
    plain: LogProducts,
    complement: LogProducts,
}

impl Without {
    fn new(topics: usize) -> Self {
        Self {
            places: Vec::new(),
            terms: Vec::new(),
            sums: Vec::new(),
            before: Vec::new(),
            before_ends: Vec::new(),
            totals: vec![0; topics],
            kept: 0.0,
            scaled: Vec::new(),
            alls: Vec::new(),
            plain: LogProducts::new(topics),
            complement: LogProducts::new(topics),
        }
    }

    /// Takes `article` out of the sums; where `with_norms`, those of the norms too.
    fn take(&mut self, whole: &Whole<'_>, article: &SampledArticle, with_norms: bool) {
        self.terms.clear();
        self.sums.clear();
        self.before.clear();
        self.before_ends.clear();
        let totals = &mut self.totals;
        totals.copy_from_slice(&whole.totals);
        let mut kept = whole.kept.len();
        // All places before the first entry: the processor waits for their memory at once.
        self.places.clear();
        let kept_terms = article.terms.iter().filter(|(term, _)| whole.is_kept[*term as usize]);
        self.places.extend(kept_terms.map(|&(term, weight)| (whole.counts.place_of(term as usize), weight)));
        for (place, weight) in self.places.drain(..) {
            let entries = &whole.counts.entries[place];
            if with_norms {
                self.before.extend(entries.iter().map(|e| (usize::from(e.topic), unit(e.weight))));
                self.before_ends.push(self.before.len());
            }
            totals[article.topic] -= u64::from(weight);
            let articles: u64 = entries.iter().map(|e| u64::from(e.articles)).sum();
            if articles > whole.min_articles {
                for entry in entries {
                    let topic = usize::from(entry.topic);
                    let own = if topic == article.topic { u64::from(weight) } else { 0 };
                    if entry.weight > own {
                        self.sums.push((topic, unit(entry.weight - own)));
                    }
                }
                self.terms.push((f64::from(weight) / f64::from(WEIGHT_ONE), self.sums.len()));
            } else {
                // Without the article the term is in too few articles: it is gone from every topic.
                kept -= 1;
                for entry in entries {
                    let topic = usize::from(entry.topic);
                    let own = if topic == article.topic { u64::from(weight) } else { 0 };
                    totals[topic] -= entry.weight - own;
                }
            }
        }
        self.kept = kept as f64;
    }

    /// Puts the article's scores by the estimators of `group` where they belong: `out[estimator * topics + topic]`.
    ///
    /// `whole` are the totals with the article.
    fn score(&mut self, group: &Group, whole: &[u64], out: &mut [f64]) {
        let topics = self.totals.len();
        let factors: Vec<f64> = (self.totals.iter().zip(whole))
            .zip(&group.factors)
            .map(
                |((&own, &whole), &factor)| {
                    if own == whole { factor } else { row_factor(&group.like, unit(own)) }
                },
            )
            .collect();
        let row_totals: Vec<f64> =
            self.totals.iter().zip(&factors).map(|(&total, f)| unit(total) * f).collect();
        let all_total: f64 = row_totals.iter().sum();
        self.scale(&factors);
        let weight_sum: f64 = self.terms.iter().map(|t| t.0).sum();
        for setting in &group.settings {
            let alpha = setting.alpha;
            let wants_plain = setting.variants.iter().any(|v| v.1 != 0.0);
            self.add_logarithms(alpha, wants_plain);
            let smoothing = alpha * self.kept;
            let sums = setting.norms.as_ref().map(|sums| self.log_sums(sums, alpha));
            for topic in 0..topics {
                let log_row = libm::log(row_totals[topic] + smoothing);
                let log_others = libm::log((all_total - row_totals[topic]).max(0.0) + smoothing);
                let of_row = self.plain.sums[topic] - weight_sum * log_row;
                let of_others = self.complement.sums[topic] - weight_sum * log_others;
                for &(place, plain, complement) in &setting.variants {
                    let mut score = plain * of_row - complement * of_others;
                    if let Some(sums) = &sums {
                        // Every weight of a topic has the same sign where only one share is not 0; see `Estimator::normalize`.
                        let of_row = plain * (sums.plain[topic] - self.kept * log_row);
                        let of_others = complement * (sums.complement[topic] - self.kept * log_others);
                        score *= self.kept / (of_row - of_others).abs();
                    }
                    out[place * topics + topic] = score;
                }
            }
        }
    }

    /// The sums with each topic's row multiplied by its factor.
    fn scale(&mut self, factors: &[f64]) {
        self.scaled.clear();
        self.alls.clear();
        let mut from = 0;
        for &(_, to) in &self.terms {
            let own = &self.sums[from..to];
            from = to;
            let all: f64 = own.iter().map(|&(topic, n)| n * factors[topic]).sum();
            self.alls.push(all);
            self.scaled.extend(own.iter().map(|&(topic, n)| {
                let n = n * factors[topic];
                (n, (all - n).max(0.0))
            }));
        }
    }

    /// Sums up the logarithms for one smoothing.
    fn add_logarithms(&mut self, alpha: f64, wants_plain: bool) {
        // Most topics do not have most terms: score those as if none had, and put right the topics that do.
        let weight_sum: f64 = self.terms.iter().map(|t| t.0).sum();
        self.plain.start(weight_sum * libm::log(alpha));
        self.complement.start(0.0);
        let over_alpha = 1.0 / alpha;
        let mut from = 0;
        let terms = self.terms.iter().zip(&self.alls);
        for (&(weight, to), &all) in terms {
            let everything = all + alpha;
            self.plain.next(weight);
            self.complement.next(weight);
            self.complement.multiply_all(everything);
            let over_everything = 1.0 / everything;
            for (&(topic, _), &(own, others)) in self.sums[from..to].iter().zip(&self.scaled[from..to]) {
                if wants_plain {
                    self.plain.multiply(topic, (own + alpha) * over_alpha);
                }
                self.complement.multiply(topic, (others + alpha) * over_everything);
            }
            from = to;
        }
        self.plain.finish();
        self.complement.finish();
    }

    /// The norms' sums without the article.
    fn log_sums(&self, whole: &LogSums, alpha: f64) -> LogSums {
        let mut sums = whole.clone();
        let mut from = 0;
        for &to in &self.before_ends {
            sums.add(&self.before[from..to], alpha, -1.0);
            from = to;
        }
        from = 0;
        for &(_, to) in &self.terms {
            sums.add(&self.sums[from..to], alpha, 1.0);
            from = to;
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{
        article::{Article, LabeledArticle, Topic},
        counts::{TermId, WordTable},
        model::{
            Variant,
            classify::in_units,
            estimate::Rows,
            sample::{Sample, in_order_of_digests},
            score::add_scores,
            term_table::TermTable,
        },
        text::{TermKey, TextProfile, TextReader, pair_key, word_key},
    };

    fn term_key(words: &WordTable, term: TermId) -> TermKey {
        let key = |word| word_key(words.get(word));
        term.second().map_or(key(term.first()), |second| pair_key(key(term.first()), key(second)))
    }

    fn corpus() -> Vec<LabeledArticle> {
        let texts = [
            ("peace", "Envoys meet in Geneva to sign the peace treaty"),
            ("peace", "The treaty is signed, the envoys leave Geneva"),
            ("peace", "Ministers meet, talk and talk again"),
            ("war", "Guns fire on the border, the army says"),
            ("war", "The army fires guns. Ministers say nothing"),
            ("sport", "The striker fires, the keeper saves, the crowd sings"),
            ("sport", "A keeper signs for Geneva"),
            ("sport", "Crowd sings again and again"),
        ];
        let article = |(topic, text): (&str, &str)| LabeledArticle {
            topic: Topic::new(topic).unwrap(),
            article: Article { text: text.to_owned(), ..Article::default() },
        };
        texts.map(article).to_vec()
    }

    fn estimators() -> Vec<Estimator> {
        let base = Estimator {
            variant: Variant::Plain,
            alpha: 0.1,
            row_scaling: 0.0,
            common_sum: 7.0,
            normalize: false,
        };
        vec![
            base,
            Estimator { variant: Variant::Complement, ..base },
            Estimator { variant: Variant::Blend, alpha: 0.03, row_scaling: 0.75, ..base },
            Estimator { variant: Variant::Complement, row_scaling: 1.0, ..base },
            Estimator { normalize: true, ..base },
            Estimator { variant: Variant::Complement, normalize: true, alpha: 0.5, ..base },
        ]
    }

    /// The scores of `article` by a model that is trained anew.
    fn retrained(
        counts: &Counts,
        article: &LabeledArticle,
        min_articles: u64,
        estimator: &Estimator,
    ) -> Vec<f64> {
        let mut without = counts.clone();
        without.remove(article).unwrap();
        let kept = vocabulary::select(&without, min_articles, usize::MAX);
        let weights = Rows::new(&without, &kept).estimate(estimator).unwrap();
        let numbers: HashMap<TermKey, u32> =
            kept.iter().map(|&i| term_key(&without.words, without.terms[i as usize])).zip(0..).collect();
        let mut reader = TextReader::new(without.profile);
        reader.read(&article.article.title, &article.article.text);
        let mut scores = vec![0.0; without.topics.len()];
        let topics = scores.len();
        for (number, w) in reader.terms().filter_map(|(key, w)| Some((*numbers.get(&key)? as usize, w))) {
            add_scores(
                &mut scores,
                in_units(w),
                weights[number * topics..(number + 1) * topics].iter().copied(),
            );
        }
        scores
    }

    #[test]
    fn taking_away_equals_training_anew() {
        let corpus = corpus();
        let counts = Counts::of(TextProfile::default(), &corpus).unwrap();
        let articles: Vec<_> = corpus.iter().collect();
        let index = TermTable::of_counts(&counts);
        let order = in_order_of_digests(&counts, &articles).unwrap();
        let in_order: Vec<_> = order.iter().map(|&i| (i, articles[i])).collect();
        let sample = Sample::new(&counts, &index, &in_order).unwrap();
        for min_articles in [1, 2] {
            let kept = vocabulary::select(&counts, min_articles, usize::MAX);
            let whole = Whole::new(&counts, min_articles, &kept);
            let scores = whole.scores(sample.articles(), &estimators());
            for (estimator, scores) in estimators().iter().zip(&scores) {
                for ((_, article), scores) in in_order.iter().zip(scores.chunks_exact(3)) {
                    let anew = retrained(&counts, article, min_articles, estimator);
                    for (a, b) in scores.iter().zip(&anew) {
                        assert!(
                            (a - b).abs() < 1e-9,
                            "{scores:?} is not {anew:?}: {estimator:?}, {min_articles}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_term_of_the_left_out_article_alone_is_gone() {
        let corpus = corpus();
        let counts = Counts::of(TextProfile::default(), &corpus).unwrap();
        let mut without = counts.clone();
        without.remove(&corpus[7]).unwrap();
        let names =
            |counts: &Counts| -> Vec<String> { counts.terms.iter().map(|&t| counts.words.term(t)).collect() };
        assert!(names(&counts).contains(&"sing again".to_owned()));
        assert!(!names(&without).contains(&"sing again".to_owned()));
    }

    #[test]
    fn articles_that_were_not_counted_are_refused() {
        let corpus = corpus();
        let counts = Counts::of(TextProfile::default(), &corpus[..7]).unwrap();
        let articles: Vec<_> = corpus.iter().collect();
        assert!(in_order_of_digests(&counts, &articles).is_err());
    }
}
