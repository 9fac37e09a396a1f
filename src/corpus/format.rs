//! Which format a file has, and how it is compressed.

use std::path::Path;

/// How articles are written down in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values with a header.
    Csv,
    /// Tab-separated values with a header.
    Tsv,
    /// fastText's lines: `__label__TOPIC text`.
    Fasttext,
    /// An Apache Parquet table.
    Parquet,
}

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    /// As the first bytes tell (RFC 1952, RFC 8878).
    pub(super) fn of_bytes(first: &[u8]) -> Option<Self> {
        match first {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    /// As the last extension tells.
    pub(super) fn of_name(path: &Path) -> Option<Self> {
        match extension(path)?.as_str() {
            "gz" => Some(Self::Gzip),
            "zst" => Some(Self::Zstd),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

impl Format {
    /// As the extension tells, before `.gz` or `.zst` where there is one.
    pub(super) fn of_name(path: &Path) -> Option<Self> {
        match extension(&uncompressed_name(path))?.as_str() {
            "jsonl" | "ndjson" | "json" => Some(Self::Jsonl),
            "csv" => Some(Self::Csv),
            "tsv" | "tab" => Some(Self::Tsv),
            "txt" | "ft" | "fasttext" => Some(Self::Fasttext),
            "parquet" | "pq" => Some(Self::Parquet),
            _ => None,
        }
    }
}

/// The name without `.gz` or `.zst`.
pub(super) fn uncompressed_name(path: &Path) -> std::path::PathBuf {
    if Compression::of_name(path).is_some() { path.with_extension("") } else { path.to_owned() }
}

fn extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_format_and_compression() {
        let of = |name: &str| (Format::of_name(Path::new(name)), Compression::of_name(Path::new(name)));
        assert_eq!(of("a/b.jsonl"), (Some(Format::Jsonl), None));
        assert_eq!(of("b.CSV.gz"), (Some(Format::Csv), Some(Compression::Gzip)));
        assert_eq!(of("b.x.tsv.zst"), (Some(Format::Tsv), Some(Compression::Zstd)));
        assert_eq!(of("b.parquet"), (Some(Format::Parquet), None));
        assert_eq!(of("train.txt"), (Some(Format::Fasttext), None));
        assert_eq!(of("gz"), (None, None));
        assert_eq!(of("b.gz"), (None, Some(Compression::Gzip)));
    }
}
