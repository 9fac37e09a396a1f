//! One of several parts of a corpus, each counted by another process or machine.

use std::str::FromStr;

use crate::article::Article;

/// The most parts that a corpus is divided into.
const MAX_SHARDS: u32 = 100_000;

/// Part `index` of `of`, written `INDEX/OF` with the index from 0.
///
/// Which part an article belongs to is told by its digest alone: the parts are disjoint and together the whole, in whatever
/// order and from whatever files the articles are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    of: u32,
}

/// Not a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no INDEX/OF such as 0/3, with INDEX below OF and OF at most {MAX_SHARDS}")]
pub struct InvalidShard;

impl FromStr for Shard {
    type Err = InvalidShard;

    fn from_str(text: &str) -> Result<Self, InvalidShard> {
        let (index, of) = text.split_once('/').ok_or(InvalidShard)?;
        let number = |digits: &str| digits.parse::<u32>().map_err(|_| InvalidShard);
        let shard = Self { index: number(index)?, of: number(of)? };
        if shard.index < shard.of && shard.of <= MAX_SHARDS { Ok(shard) } else { Err(InvalidShard) }
    }
}

impl Shard {
    /// Whether the article belongs to this part.
    #[must_use]
    pub fn holds(self, article: &Article) -> bool {
        let [a, b, c, d, e, f, g, h, ..] = article.digest();
        let place = u64::from_be_bytes([a, b, c, d, e, f, g, h]) % u64::from(self.of);
        place == u64::from(self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_article_belongs_to_exactly_one_part() {
        let shards: Vec<Shard> = (0..7).map(|i| format!("{i}/7").parse().unwrap()).collect();
        let mut sizes = [0; 7];
        for n in 0..700 {
            let article = Article { text: format!("article {n}"), ..Article::default() };
            let held: Vec<usize> = (0..7).filter(|&i| shards[i].holds(&article)).collect();
            assert_eq!(held.len(), 1);
            sizes[held[0]] += 1;
            // The id is not part of the digest: the same text stays together.
            let renamed = Article { id: n.to_string(), ..article };
            assert!(shards[held[0]].holds(&renamed));
        }
        // A hundred each, give or take five standard deviations of a fair draw (9.3).
        assert!(sizes.iter().all(|size| (54..147).contains(size)), "{sizes:?}");
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for text in ["", "1", "3/3", "-1/3", "0/0", "a/3", "0/3/3", "0/100001", "0/99999999999"] {
            assert_eq!(text.parse::<Shard>(), Err(InvalidShard), "{text:?}");
        }
        assert!("99999/100000".parse::<Shard>().is_ok());
    }
}
