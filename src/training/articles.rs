//! Which articles a corpus has: their digests, in order.

use std::{collections::BTreeMap, io};

use sha2::{Digest as _, Sha256};

use super::sorter::{Sorted, Sorter};
use crate::{
    article::Topic,
    corpus::{PlaceLog, name_of},
    counts::{ArticleDigest, corpus_hash},
};

/// So many groups of copies are named, and so many articles of each.
pub(super) const NAMED: usize = 5;

/// Digest, number among all articles, number of the topic.
const RECORD: usize = 26;

/// Collects articles.
pub(super) struct ArticleSorter(Sorter<RECORD>);

impl ArticleSorter {
    /// A sorter that takes about so many bytes of memory.
    pub(super) fn new(bytes: usize) -> Self {
        Self(Sorter::new(bytes))
    }

    pub(super) fn push(&mut self, digest: &[u8; 32], number: u64, topic: u16) -> io::Result<()> {
        let mut record = [0; RECORD];
        record[..16].copy_from_slice(&digest[..16]);
        record[16..24].copy_from_slice(&number.to_be_bytes());
        record[24..].copy_from_slice(&topic.to_be_bytes());
        self.0.push(record)
    }

    /// The articles in order, with the place of each topic for its number.
    pub(super) fn finish(self, topic_places: Vec<u16>) -> Articles {
        Articles { records: self.0.finish(), topic_places }
    }
}

/// The articles of a corpus.
pub(super) struct Articles {
    records: Sorted<RECORD>,
    topic_places: Vec<u16>,
}

/// Articles with one digest.
struct Group {
    digest: ArticleDigest,
    /// The first of them by number, with their topics' places.
    first: Vec<(u64, u16)>,
    /// How many each topic has.
    topics: BTreeMap<u16, u64>,
}

/// Articles that are there more than once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// Those under one topic.
    pub same_topic: CopyGroups,
    /// Those under several topics: at least one label is wrong.
    pub across_topics: CopyGroups,
}

/// Groups of articles with the same title and text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyGroups {
    /// How many groups there are.
    pub count: u64,
    /// The first of them, in the order of the corpus.
    pub named: Vec<CopyGroup>,
}

/// Articles with the same title and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyGroup {
    /// Name and topic of the first of them, in the order of the corpus.
    pub named: Vec<(String, Topic)>,
    /// How many they are.
    pub articles: u64,
}

/// What can be told from the articles alone.
pub(super) struct Told {
    /// The name of the corpus.
    pub(super) digest: [u8; 32],
    /// How many articles each topic has.
    pub(super) per_topic: Vec<u64>,
    pub(super) copies: Copies,
}

impl Articles {
    /// How many there are.
    pub(super) fn count(&self) -> io::Result<u64> {
        let mut count = 0;
        self.records.visit(|_| {
            count += 1;
            Ok::<(), io::Error>(())
        })?;
        Ok(count)
    }

    /// Digest and topic's place of every article in order.
    pub(super) fn column(&self) -> io::Result<Vec<(ArticleDigest, u16)>> {
        let mut column = Vec::new();
        self.visit(&mut |digest, topic| {
            column.push((*digest, topic));
            Ok(())
        })?;
        Ok(column)
    }

    /// Calls `visit` with digest and topic's place of every article in order.
    pub(super) fn visit(
        &self,
        visit: &mut dyn FnMut(&ArticleDigest, u16) -> io::Result<()>,
    ) -> io::Result<()> {
        self.groups(|group| {
            for (&topic, &articles) in &group.topics {
                (0..articles).try_for_each(|_| visit(&group.digest, topic))?;
            }
            Ok(())
        })
    }

    /// The number of the first article, and its topic's place, of which there are more than `counted` has: sorted digests
    /// and topics, these by the place that `places` has for ours.
    pub(super) fn stranger(
        &self,
        counted: &[(ArticleDigest, u16)],
        places: &[Option<u16>],
    ) -> io::Result<Option<(u64, u16)>> {
        let mut rest = counted.iter().peekable();
        let mut stranger = None;
        self.groups(|group| {
            for (&topic, &articles) in &group.topics {
                let known = places[usize::from(topic)].map_or(0, |place| {
                    let key = (group.digest, place);
                    while rest.next_if(|other| **other < key).is_some() {}
                    (0..articles).take_while(|_| rest.next_if_eq(&&key).is_some()).count() as u64
                });
                if known < articles && stranger.is_none() {
                    let number = group.first.iter().find(|(_, other)| *other == topic);
                    stranger = number.or(group.first.first()).map(|(number, _)| (*number, topic));
                }
            }
            Ok(())
        })?;
        Ok(stranger)
    }

    /// Goes through all articles; their names are in `log`.
    pub(super) fn tell(&self, topics: &[Topic], log: &mut PlaceLog) -> io::Result<Told> {
        let mut hash = Sha256::new();
        let mut per_topic = vec![0; topics.len()];
        let (mut same, mut across) = (FirstGroups::default(), FirstGroups::default());
        self.groups(|group| {
            for (&topic, &articles) in &group.topics {
                per_topic[usize::from(topic)] += articles;
                (0..articles)
                    .for_each(|_| corpus_hash(&mut hash, &group.digest, &topics[usize::from(topic)]));
            }
            let articles = group.topics.values().sum();
            if articles > 1 {
                if group.topics.len() > 1 { &mut across } else { &mut same }.add(&group.first, articles);
            }
            Ok(())
        })?;
        let mut numbers: Vec<u64> = same.numbers().chain(across.numbers()).collect();
        numbers.sort_unstable();
        let found = log.find(&numbers)?;
        let names =
            |number: u64| found.get(&number).map_or_else(String::new, |(place, id)| name_of(id, place));
        let named = |first: FirstGroups| CopyGroups {
            count: first.count,
            named: first
                .groups
                .into_iter()
                .map(|(members, articles)| CopyGroup {
                    named: members.iter().map(|&(n, t)| (names(n), topics[usize::from(t)].clone())).collect(),
                    articles,
                })
                .collect(),
        };
        let copies = Copies { same_topic: named(same), across_topics: named(across) };
        Ok(Told { digest: hash.finalize().into(), per_topic, copies })
    }

    fn groups(&self, mut visit: impl FnMut(&Group) -> io::Result<()>) -> io::Result<()> {
        let mut group: Option<Group> = None;
        self.records.visit(|record| {
            let digest: ArticleDigest = std::array::from_fn(|i| record[i]);
            let number = u64::from_be_bytes(std::array::from_fn(|i| record[16 + i]));
            let topic = self.topic_places[usize::from(u16::from_be_bytes([record[24], record[25]]))];
            match &mut group {
                Some(group) if group.digest == digest => {
                    if group.first.len() < NAMED {
                        group.first.push((number, topic));
                    }
                    *group.topics.entry(topic).or_default() += 1;
                }
                group => {
                    let next =
                        Group { digest, first: vec![(number, topic)], topics: BTreeMap::from([(topic, 1)]) };
                    if let Some(before) = group.replace(next) {
                        visit(&before)?;
                    }
                }
            }
            Ok::<(), io::Error>(())
        })?;
        group.map_or(Ok(()), |last| visit(&last))
    }
}

/// The first groups by their first article.
#[derive(Default)]
struct FirstGroups {
    count: u64,
    groups: Vec<(Vec<(u64, u16)>, u64)>,
}

impl FirstGroups {
    fn add(&mut self, first: &[(u64, u16)], articles: u64) {
        self.count += 1;
        self.groups.push((first.to_vec(), articles));
        self.groups.sort_unstable();
        self.groups.truncate(NAMED);
    }

    fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.groups.iter().flat_map(|(members, _)| members.iter().map(|(number, _)| *number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::{Input, labeled_records};

    #[test]
    fn copies_are_found_within_and_across_topics() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.jsonl");
        std::fs::write(&file, "{\"text\": \"x\", \"topic\": \"t\"}\n".repeat(9)).unwrap();
        let options = crate::corpus::ReadOptions::default();
        let places: Vec<_> = labeled_records(&[Input::Path(file)], &options)
            .map(|raw| raw.read_labeled(&options).unwrap().0)
            .collect();
        let topics = ["a", "b"].map(|name| Topic::new(name).unwrap());
        for bytes in [0, usize::MAX] {
            let mut log = PlaceLog::new(bytes);
            let mut sorter = ArticleSorter::new(bytes);
            // Met in another order than theirs: number 0 is b, 1 is a.
            for (number, (digest, topic)) in
                [(7, 1), (3, 0), (7, 1), (3, 1), (5, 1), (9, 1), (9, 1), (9, 1), (9, 1)]
                    .into_iter()
                    .enumerate()
            {
                log.push(&places[number], &format!("id{number}")).unwrap();
                sorter.push(&[digest; 32], number as u64, topic).unwrap();
            }
            let articles = sorter.finish(vec![1, 0]);
            let told = articles.tell(&topics, &mut log).unwrap();
            assert_eq!(told.per_topic, [8, 1]);
            let member = |n: u64, topic: usize| (format!("id{n}"), topics[topic].clone());
            let groups = |named: Vec<CopyGroup>| CopyGroups { count: named.len() as u64, named };
            let expected = Copies {
                same_topic: groups(vec![
                    CopyGroup { named: vec![member(0, 0), member(2, 0)], articles: 2 },
                    CopyGroup { named: (5..9).map(|n| member(n, 0)).collect(), articles: 4 },
                ]),
                across_topics: groups(vec![CopyGroup {
                    named: vec![member(1, 1), member(3, 0)],
                    articles: 2,
                }]),
            };
            assert_eq!(told.copies, expected);
            let mut all = articles.column().unwrap();
            assert!(all.is_sorted() && all.len() == 9);
            assert_eq!(articles.stranger(&all, &[Some(0), Some(1)]).unwrap(), None);
            assert_eq!(articles.stranger(&all, &[Some(0), None]).unwrap(), Some((1, 1)));
            all.remove(3);
            assert_eq!(articles.stranger(&all, &[Some(0), Some(1)]).unwrap(), Some((0, 0)));
        }
    }
}
