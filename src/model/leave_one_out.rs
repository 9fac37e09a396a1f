//! Scores every training article with the model of all the others, exactly, without training again.
//!
//! A naive-Bayes score needs the topics' sums over the article's own terms, the topics' totals and the number of terms.
//! Taking the article away changes these by its own integers, and by those of terms that are then in too few articles to
//! be kept; everything else in the model stays out of the score. So the score is that of a model trained anew.

use rayon::prelude::*;

use super::{
    abstain::word_surprise,
    answer::Coverage,
    estimate::{Estimator, row_factor, unit},
    logarithm::Logarithm,
    table::TermTable,
};
use crate::{
    article::LabeledArticle,
    counts::{ArticleDigest, Counts, TermId, article_digest},
    text::{TextReader, WEIGHT_ONE, Weight},
};

/// The training articles, as far as leave-one-out needs them.
pub(crate) struct Sample<'a> {
    counts: &'a Counts,
    articles: Vec<SampledArticle>,
}

/// One article: its terms as indexes into those of the counts, with their weights.
pub(crate) struct SampledArticle {
    /// Its place among the articles that were given.
    pub(crate) index: usize,
    pub(crate) topic: usize,
    pub(crate) running_words: u32,
    /// The words, then the pairs.
    terms: Vec<(u32, Weight)>,
    /// How often each word occurs, in the order of `terms`.
    word_counts: Vec<u32>,
}

#[cfg(test)]
impl SampledArticle {
    /// An article of which only topic and length matter.
    pub(crate) fn for_calibration(topic: usize, running_words: u32) -> Self {
        Self { index: 0, topic, running_words, terms: Vec::new(), word_counts: Vec::new() }
    }
}

/// An article that is not part of the counts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the article {0:?} of topic {1:?} was not counted")]
pub struct NotCounted(pub String, pub String);

impl<'a> Sample<'a> {
    /// Takes the `limit` articles with the smallest digests, in the order of the digests.
    pub(crate) fn new(
        counts: &'a Counts,
        articles: &[&LabeledArticle],
        limit: usize,
    ) -> Result<Self, NotCounted> {
        let not_counted = |a: &LabeledArticle| NotCounted(a.article.id.clone(), a.topic.to_string());
        let mut order: Vec<((ArticleDigest, u16), usize)> = articles
            .par_iter()
            .enumerate()
            .map(|(index, a)| {
                let topic = counts.topics.binary_search(&a.topic).map_err(|_| not_counted(a))?;
                Ok(((article_digest(&a.article), topic as u16), index))
            })
            .collect::<Result<_, _>>()?;
        // Equal articles by their place, so that the order says nothing about threads.
        order.par_sort_unstable();
        if let Some((_, stranger)) = order.iter().find(|(key, _)| counts.articles.binary_search(key).is_err())
        {
            return Err(not_counted(articles[*stranger]));
        }
        order.truncate(limit);

        let finder = TermFinder::new(counts);
        let articles = order
            .par_iter()
            .map_init(
                || TextReader::new(counts.profile),
                |reader, &((_, topic), index)| {
                    let article = articles[index];
                    reader.read(&article.article.title, &article.article.text);
                    let terms = finder.terms(reader).ok_or_else(|| not_counted(article))?;
                    Ok(SampledArticle {
                        index,
                        topic: usize::from(topic),
                        running_words: reader.running_words(),
                        terms,
                        word_counts: reader.words().map(|(_, tf, _)| tf).collect(),
                    })
                },
            )
            .collect::<Result<_, _>>()?;
        Ok(Self { counts, articles })
    }

    /// In the order of their digests.
    pub(crate) fn articles(&self) -> &[SampledArticle] {
        &self.articles
    }

    pub(crate) fn topics(&self) -> usize {
        self.counts.topics.len()
    }

    /// How much of each article the model of the others knows, and the mean surprise of its words: a word counts as known
    /// where it is kept and occurs in more than `min_articles` articles, this one among them.
    pub(crate) fn coverages(&self, min_articles: u64, kept: &[u32]) -> Vec<(Coverage, f64)> {
        let others = self.counts.article_count() as u64 - 1;
        let coverage = |article: &SampledArticle| {
            let (mut known_words, mut surprise) = (0, 0.0);
            for (&(term, _), &tf) in article.terms.iter().zip(&article.word_counts) {
                let articles = self.counts.articles_with(term as usize) - 1;
                let known = articles >= min_articles && kept.binary_search(&term).is_ok();
                known_words += if known { tf } else { 0 };
                surprise += f64::from(tf) * word_surprise(if known { articles } else { 0 }, others);
            }
            let words = article.running_words;
            (Coverage { words, known_words }, surprise / f64::from(words.max(1)))
        };
        self.articles.par_iter().map(coverage).collect()
    }

    /// The model of all articles, from which single ones are taken out. It keeps the terms `kept`, which occur in at least
    /// `min_articles` articles.
    pub(crate) fn whole(&self, min_articles: u64, kept: &[u32]) -> Whole<'a> {
        Whole::new(self.counts, min_articles, kept)
    }

    /// The scores of the first `articles` articles, each by the model of all others, for each estimator:
    /// `scores[estimator][article * topics + topic]`.
    pub(crate) fn scores(&self, whole: &Whole<'_>, kept: &[u32], articles: usize, estimators: &[Estimator]) -> Vec<Vec<f64>> {
        let topics = self.topics();
        let plan = Plan::new(whole, kept, estimators);
        let per_article: Vec<Vec<f64>> = self
            .articles
            .par_iter()
            .take(articles)
            .map_init(
                || Without::new(topics),
                |without, article| {
                    without.take(whole, article);
                    let mut scores = vec![0.0; estimators.len() * topics];
                    for group in &plan.groups {
                        without.score(group, &whole.totals, &mut scores);
                    }
                    scores
                },
            )
            .collect();
        (0..estimators.len())
            .into_par_iter()
            .map(|e| {
                per_article.iter().flat_map(|scores| &scores[e * topics..(e + 1) * topics]).copied().collect()
            })
            .collect()
    }
}

/// Finds the terms of articles among those of the counts: words by their keys, pairs by their words.
struct TermFinder<'a> {
    counts: &'a Counts,
    words: TermTable,
    /// Where the terms that begin with each word begin, and the end.
    starts: Vec<u32>,
}

impl<'a> TermFinder<'a> {
    fn new(counts: &'a Counts) -> Self {
        // Counting has refused words that share a key; of two that do all the same, one is found.
        let words = TermTable::first_of_each(counts.words.keys().into_iter());
        let mut starts = Vec::with_capacity(counts.words.len() + 1);
        for (index, term) in (0..).zip(&counts.terms) {
            if term.second().is_none() {
                starts.push(index);
            }
        }
        starts.push(counts.terms.len() as u32);
        Self { counts, words, starts }
    }

    /// The terms of the article that was read last, with their weights; nothing where one is missing.
    fn terms(&self, reader: &TextReader) -> Option<Vec<(u32, Weight)>> {
        let mut terms = Vec::with_capacity(reader.words().len() + reader.pairs().len());
        let mut words = Vec::with_capacity(reader.words().len());
        for (key, _, weight) in reader.words() {
            let word = self.words.get(key)?;
            words.push(word);
            terms.push((*self.starts.get(word as usize)?, weight));
        }
        for (first, second, _, weight) in reader.pairs() {
            let (first, second) = (words[first as usize], words[second as usize]);
            let start = *self.starts.get(first as usize)?;
            let same_first = self.counts.terms.get(start as usize..*self.starts.get(first as usize + 1)? as usize)?;
            let place = same_first.binary_search(&TermId::pair(first, second)).ok()?;
            terms.push((start + place as u32, weight));
        }
        Some(terms)
    }
}

/// The model of all articles, as far as it is needed.
pub(crate) struct Whole<'a> {
    counts: &'a Counts,
    min_articles: u64,
    kept: Vec<bool>,
    kept_count: usize,
    totals: Vec<u64>,
}

impl<'a> Whole<'a> {
    fn new(counts: &'a Counts, min_articles: u64, kept: &[u32]) -> Self {
        let mut totals = vec![0; counts.topics.len()];
        let mut is_kept = vec![false; counts.terms.len()];
        for &term in kept {
            is_kept[term as usize] = true;
            for entry in counts.entries_of(term as usize) {
                totals[usize::from(entry.topic)] += entry.weight;
            }
        }
        Self { counts, min_articles, kept: is_kept, kept_count: kept.len(), totals }
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
    fn new(whole: &Whole<'_>, kept: &[u32], estimators: &[Estimator]) -> Self {
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
                    let norms = estimator.normalize.then(|| LogSums::new(whole.counts, kept, alpha));
                    settings.push(Setting { alpha, norms, variants: Vec::new() });
                    settings.len() - 1
                }
            };
            let (plain, complement) = estimator.variant.shares();
            settings[setting].variants.push((place, plain, complement));
        }
        Self { groups }
    }
}

/// Sums of ln(M + alpha) over the kept terms, by topic: of the topic's row and of the others'.
struct LogSums {
    plain: Vec<f64>,
    complement: Vec<f64>,
}

impl LogSums {
    fn new(counts: &Counts, kept: &[u32], alpha: f64) -> Self {
        let topics = counts.topics.len();
        let mut sums = Self { plain: vec![0.0; topics], complement: vec![0.0; topics] };
        for &term in kept {
            let own: Vec<(usize, f64)> = counts
                .entries_of(term as usize)
                .iter()
                .map(|e| (usize::from(e.topic), unit(e.weight)))
                .collect();
            sums.add(&own, alpha, 1.0);
        }
        sums
    }

    /// Adds one term's logarithms `times` times; `own` is its sums in the topics that have it.
    fn add(&mut self, own: &[(usize, f64)], alpha: f64, times: f64) {
        let all: f64 = own.iter().map(|o| o.1).sum();
        let (nothing, everything) = (libm::log(alpha), libm::log(all + alpha));
        for (plain, complement) in self.plain.iter_mut().zip(&mut self.complement) {
            *plain += times * nothing;
            *complement += times * everything;
        }
        for &(topic, n) in own {
            self.plain[topic] += times * (libm::log(n + alpha) - nothing);
            self.complement[topic] += times * (libm::log((all - n).max(0.0) + alpha) - everything);
        }
    }
}

/// The model without one article, as far as that article's score needs it.
struct Without {
    /// The article's kept terms: weight, and where its sums end in `sums`.
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
    plain: Vec<f64>,
    complement: Vec<f64>,
}

impl Without {
    fn new(topics: usize) -> Self {
        Self {
            terms: Vec::new(),
            sums: Vec::new(),
            before: Vec::new(),
            before_ends: Vec::new(),
            totals: vec![0; topics],
            kept: 0.0,
            scaled: Vec::new(),
            alls: Vec::new(),
            plain: vec![0.0; topics],
            complement: vec![0.0; topics],
        }
    }

    /// Takes `article` out of the sums.
    fn take(&mut self, whole: &Whole<'_>, article: &SampledArticle) {
        self.terms.clear();
        self.sums.clear();
        self.before.clear();
        self.before_ends.clear();
        let totals = &mut self.totals;
        totals.copy_from_slice(&whole.totals);
        let mut kept = whole.kept_count;
        for &(term, weight) in &article.terms {
            if !whole.kept[term as usize] {
                continue;
            }
            let entries = whole.counts.entries_of(term as usize);
            self.before.extend(entries.iter().map(|e| (usize::from(e.topic), unit(e.weight))));
            self.before_ends.push(self.before.len());
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
            .map(|((&own, &whole), &factor)| if own == whole { factor } else { row_factor(&group.like, unit(own)) })
            .collect();
        let row_totals: Vec<f64> = self.totals.iter().zip(&factors).map(|(&total, f)| unit(total) * f).collect();
        let all_total: f64 = row_totals.iter().sum();
        self.scale(&factors);
        let logarithm = Logarithm::get();
        for setting in &group.settings {
            let alpha = setting.alpha;
            let wants_plain = setting.variants.iter().any(|v| v.1 != 0.0);
            self.add_logarithms(alpha, wants_plain, logarithm);
            let weight_sum: f64 = self.terms.iter().map(|t| t.0).sum();
            let smoothing = alpha * self.kept;
            let sums = setting.norms.as_ref().map(|sums| self.log_sums(sums, alpha));
            for topic in 0..topics {
                let log_row = libm::log(row_totals[topic] + smoothing);
                let log_others = libm::log((all_total - row_totals[topic]).max(0.0) + smoothing);
                let of_row = self.plain[topic] - weight_sum * log_row;
                let of_others = self.complement[topic] - weight_sum * log_others;
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

    /// For every topic the sum over the terms of weight times ln(M + alpha): of its own row, and of the others'.
    fn add_logarithms(&mut self, alpha: f64, wants_plain: bool, logarithm: &Logarithm) {
        // Most topics do not have most terms: score those as if none had, and put right the topics that do.
        let (mut all_plain, mut all_complement) = (0.0, 0.0);
        self.plain.fill(0.0);
        self.complement.fill(0.0);
        let nothing = logarithm.ln(alpha);
        let mut from = 0;
        for (&(weight, to), &all) in self.terms.iter().zip(&self.alls) {
            let everything = logarithm.ln(all + alpha);
            all_plain += weight * nothing;
            all_complement += weight * everything;
            if let [(topic, _)] = self.sums[from..to] {
                // The one topic that has the term has all of it.
                self.plain[topic] += weight * (everything - nothing);
                self.complement[topic] += weight * (nothing - everything);
                from = to;
                continue;
            }
            for (&(topic, _), &(own, others)) in self.sums[from..to].iter().zip(&self.scaled[from..to]) {
                if wants_plain {
                    self.plain[topic] += weight * (logarithm.ln(own + alpha) - nothing);
                }
                self.complement[topic] += weight * (logarithm.ln(others + alpha) - everything);
            }
            from = to;
        }
        self.plain.iter_mut().for_each(|sum| *sum += all_plain);
        self.complement.iter_mut().for_each(|sum| *sum += all_complement);
    }

    /// The norms' sums without the article.
    fn log_sums(&self, whole: &LogSums, alpha: f64) -> LogSums {
        let mut sums = LogSums { plain: whole.plain.clone(), complement: whole.complement.clone() };
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
    use super::*;
    use crate::{
        article::{Article, Topic},
        counts::term_key,
        model::{
            Variant,
            classify::{add_scores, in_units},
            estimate::Rows,
            vocabulary,
        },
        text::TextProfile,
    };

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
        let words = without.words.keys();
        let keys: Vec<_> = kept.iter().map(|&i| term_key(&words, without.terms[i as usize])).collect();
        let table = TermTable::new(keys.into_iter()).unwrap();
        let mut reader = TextReader::new(without.profile);
        reader.read(&article.article.title, &article.article.text);
        let mut scores = vec![0.0; without.topics.len()];
        let terms = reader.terms().filter_map(|(key, w)| Some((table.get(key)?, in_units(w))));
        add_scores(&mut scores, &weights, terms);
        scores
    }

    #[test]
    fn taking_away_equals_training_anew() {
        let corpus = corpus();
        let counts = Counts::of(TextProfile::default(), &corpus).unwrap();
        let articles: Vec<_> = corpus.iter().collect();
        let sample = Sample::new(&counts, &articles, usize::MAX).unwrap();
        let mut in_order = articles.clone();
        in_order.sort_by_key(|a| a.article.digest());
        for min_articles in [1, 2] {
            let kept = vocabulary::select(&counts, min_articles, usize::MAX);
            let whole = sample.whole(min_articles, &kept);
            let scores = sample.scores(&whole, &kept, usize::MAX, &estimators());
            for (estimator, scores) in estimators().iter().zip(&scores) {
                for (article, scores) in in_order.iter().zip(scores.chunks_exact(3)) {
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
        assert!(Sample::new(&counts, &articles, usize::MAX).is_err());
    }
}
