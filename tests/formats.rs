//! The same articles in every format, whole and damaged.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::Arc,
};

use harness::{bayeswire, peak_of, run_to_end, stderr, stdout};
use parquet::{
    basic::Compression,
    data_type::{ByteArray, ByteArrayType, Int64Type},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use tempfile::TempDir;

/// Topic, title, text. With titles and texts that only tables and JSON can hold.
const RICH: [(&str, &str, &str); 5] = [
    ("rain", "Wet, \"very\" wet", "Heavy rain is forecast.\nIt may snow, too."),
    ("rain", "", "Rain and wind\treach the north."),
    ("goal", "It's 5\" long", "The striker, he scored \"the only\" goal."),
    ("goal", "Özgür", "A late goal won the cup. 外交"),
    ("goal", "Late", "\"Quoted\" from its first to its last \"word\""),
];
/// Without titles, and one line each.
const PLAIN: [(&str, &str, &str); 4] = [
    ("rain", "", "Heavy rain is forecast, \"heavy\" indeed."),
    ("rain", "", "Rain and wind reach the north."),
    ("goal", "", "The striker scored the only goal."),
    ("goal", "", "A late goal won the cup. 外交"),
];

type Articles<'a> = &'a [(&'a str, &'a str, &'a str)];

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Runs `count` on an input and gives the bytes of the counts.
    fn count(&self, input: &Path, options: &[&str]) -> Vec<u8> {
        let output = self.try_count(input, options);
        assert!(output.status.success(), "{}: {}", input.display(), stderr(&output));
        fs::read(self.path("x.counts")).unwrap()
    }

    fn try_count(&self, input: &Path, options: &[&str]) -> Output {
        bayeswire()
            .arg("count")
            .arg(input)
            .args(options)
            .arg("-o")
            .arg(self.path("x.counts"))
            .output()
            .unwrap()
    }

    /// Checks that an input is refused with its name, the place in it and the cause.
    fn refuses(&self, input: &Path, options: &[&str], parts: &[&str]) {
        let output = self.try_count(input, options);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(65), "{text}");
        let name = input.file_name().unwrap().to_str().unwrap();
        for part in parts.iter().chain(&[name]) {
            assert!(text.contains(part), "{part:?} is not in {text:?}");
        }
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

fn jsonl(articles: Articles<'_>) -> Vec<u8> {
    let line = |(i, (topic, title, text)): (usize, &(&str, &str, &str))| {
        let object = serde_json::json!({"id": i, "topic": topic, "title": title, "text": text, "more": [1]});
        object.to_string() + "\n"
    };
    articles.iter().enumerate().map(line).collect::<String>().into_bytes()
}

fn delimited(articles: Articles<'_>, delimiter: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    writer.write_record(["more", "text", "title", "id", "topic"]).unwrap();
    for (i, (topic, title, text)) in articles.iter().enumerate() {
        writer.write_record(["?", text, title, &i.to_string(), topic]).unwrap();
    }
    writer.into_inner().unwrap()
}

fn fasttext(articles: Articles<'_>) -> Vec<u8> {
    articles
        .iter()
        .map(|(topic, _, text)| format!("__label__{topic} {text}\n"))
        .collect::<String>()
        .into_bytes()
}

fn parquet(articles: Articles<'_>, compression: Compression, names: [&str; 4]) -> Vec<u8> {
    let [id, topic, title, text] = names;
    let schema = format!(
        "message m {{ required int64 {id}; required binary {topic} (UTF8); optional binary {title} (UTF8);
         required double more; optional binary {text} (UTF8); }}"
    );
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    // Two groups of rows.
    for (start, group) in [(0, &articles[..2]), (2, &articles[2..])] {
        let mut rows = writer.next_row_group().unwrap();
        let bytes = |column: fn(&(&str, &str, &str)) -> String| -> Vec<ByteArray> {
            group
                .iter()
                .map(column)
                .filter(|v| !v.is_empty())
                .map(|v| ByteArray::from(v.into_bytes()))
                .collect()
        };
        let mut column = 0;
        while let Some(mut writer) = rows.next_column().unwrap() {
            match column {
                0 => {
                    let ids: Vec<i64> = (start..start + group.len() as i64).collect();
                    writer.typed::<Int64Type>().write_batch(&ids, None, None).unwrap();
                }
                1 => {
                    writer
                        .typed::<ByteArrayType>()
                        .write_batch(&bytes(|a| a.0.to_owned()), None, None)
                        .unwrap();
                }
                2 => {
                    let levels: Vec<i16> = group.iter().map(|a| i16::from(!a.1.is_empty())).collect();
                    let titles = bytes(|a| a.1.to_owned());
                    writer.typed::<ByteArrayType>().write_batch(&titles, Some(&levels), None).unwrap();
                }
                3 => {
                    let more = vec![0.5; group.len()];
                    writer.typed::<parquet::data_type::DoubleType>().write_batch(&more, None, None).unwrap();
                }
                _ => {
                    let levels = vec![1; group.len()];
                    let texts = bytes(|a| a.2.to_owned());
                    writer.typed::<ByteArrayType>().write_batch(&texts, Some(&levels), None).unwrap();
                }
            }
            writer.close().unwrap();
            column += 1;
        }
        rows.close().unwrap();
    }
    writer.into_inner().unwrap()
}

const NAMES: [&str; 4] = ["id", "topic", "title", "text"];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

/// The articles in every format, by the names of files.
fn formats(articles: Articles<'_>, rich: bool) -> Vec<(&'static str, Vec<u8>)> {
    let mut files = vec![
        ("a.jsonl", jsonl(articles)),
        ("a.csv", delimited(articles, b',')),
        ("a.tsv", delimited(articles, b'\t')),
        ("a.parquet", parquet(articles, Compression::UNCOMPRESSED, NAMES)),
        ("snappy.parquet", parquet(articles, Compression::SNAPPY, NAMES)),
        ("zstd.parquet", parquet(articles, Compression::ZSTD(Default::default()), NAMES)),
        ("gzip.parquet", parquet(articles, Compression::GZIP(Default::default()), NAMES)),
        ("lz4.parquet", parquet(articles, Compression::LZ4_RAW, NAMES)),
    ];
    if !rich {
        files.push(("a.txt", fasttext(articles)));
    }
    files
}

#[test]
fn every_format_gives_the_same_counts() {
    let folder = Folder::new();
    for (articles, rich) in [(&RICH[..], true), (&PLAIN[..], false)] {
        let expected = folder.count(&folder.write("expected.jsonl", jsonl(articles)), &[]);
        for (name, content) in formats(articles, rich) {
            for (extension, content) in
                [("", content.clone()), (".gz", gzip(&content)), (".zst", zstd(&content))]
            {
                let file = folder.write(&format!("{name}{extension}"), content);
                assert!(folder.count(&file, &[]) == expected, "{}", file.display());
            }
        }
    }
}

#[test]
fn a_folder_per_topic_may_be_compressed_too() {
    let folder = Folder::new();
    let expected = folder.count(&folder.write("expected.jsonl", jsonl(&PLAIN)), &[]);
    for (extension, pack) in
        [(".txt", <[u8]>::to_vec as fn(&[u8]) -> Vec<u8>), (".txt.gz", gzip), (".txt.zst", zstd)]
    {
        for (i, (topic, _, text)) in PLAIN.iter().enumerate() {
            folder.write(&format!("topics{extension}/{topic}/{i}{extension}"), pack(text.as_bytes()));
        }
        assert!(folder.count(&folder.path(&format!("topics{extension}")), &[]) == expected, "{extension}");
    }
}

#[test]
fn folders_and_patterns_name_many_files() {
    let folder = Folder::new();
    let expected = folder.count(&folder.write("expected.jsonl", jsonl(&PLAIN)), &[]);
    folder.write("many/1.jsonl", jsonl(&PLAIN[..1]));
    folder.write("many/2.csv.gz", gzip(&with(delimited(&PLAIN[1..2], b','), ",0,", ",7,")));
    folder.write("many/3.ft", fasttext(&PLAIN[2..]));
    folder.write("many/.hidden.jsonl", "nonsense");
    folder.write("many/README.txt", "What this is.");
    folder.write("many/LICENSE", "Whose this is.");
    assert!(folder.count(&folder.path("many"), &[]) == expected);
    assert!(folder.count(&folder.path("many/[0-9].*"), &[]) == expected);
    assert!(folder.count(&folder.path("**/[123].*"), &[]) == expected);
    // What exists is no pattern.
    folder.write("odd/[0-9].jsonl", jsonl(&PLAIN));
    assert!(folder.count(&folder.path("odd/[0-9].jsonl"), &[]) == expected);
    let output = folder.try_count(&folder.path("many/*.xml"), &[]);
    assert_eq!(output.status.code(), Some(66), "{}", stderr(&output));
    folder.refuses(&folder.path("many/***"), &[], &["not a pattern"]);
}

/// The bytes of a text with something replaced.
fn with(text: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    String::from_utf8(text).unwrap().replace(from, to).into_bytes()
}

#[test]
fn columns_have_the_names_that_are_asked_for() {
    let folder = Folder::new();
    let expected = folder.count(&folder.write("expected.jsonl", jsonl(&RICH)), &[]);
    let options = [
        "--text-column",
        "body",
        "--topic-column",
        "desk",
        "--title-column",
        "headline",
        "--id-column",
        "key",
    ];
    let names = ["key", "desk", "headline", "body"];
    let renamed = |bytes: Vec<u8>| -> Vec<u8> {
        let text = String::from_utf8(bytes).unwrap();
        let (header, rest) = text.split_once('\n').unwrap();
        let header =
            NAMES.iter().zip(names).fold(header.to_owned(), |header, (from, to)| header.replace(from, to));
        format!("{header}\n{rest}").into_bytes()
    };
    let json = NAMES
        .iter()
        .zip(names)
        .fold(jsonl(&RICH), |json, (from, to)| with(json, &format!("\"{from}\":"), &format!("\"{to}\":")));
    let files = [
        ("b.jsonl", json),
        ("b.csv", renamed(delimited(&RICH, b','))),
        ("b.tsv", renamed(delimited(&RICH, b'\t'))),
        ("b.parquet", parquet(&RICH, Compression::SNAPPY, names)),
    ];
    for (name, content) in files {
        let file = folder.write(name, content);
        assert!(folder.count(&file, &options) == expected, "{name}");
        assert_eq!(folder.try_count(&file, &[]).status.code(), Some(65), "{name}");
    }
    let output = folder.try_count(&folder.path("b.csv"), &["--text-column", "id"]);
    assert_eq!(output.status.code(), Some(64), "{}", stderr(&output));
}

#[test]
fn the_format_may_be_named_and_standard_input_may_be_anything() {
    let folder = Folder::new();
    let expected = folder.count(&folder.write("expected.jsonl", jsonl(&PLAIN)), &[]);
    let formats = [
        ("jsonl", jsonl(&PLAIN)),
        ("csv", delimited(&PLAIN, b',')),
        ("tsv", delimited(&PLAIN, b'\t')),
        ("fasttext", fasttext(&PLAIN)),
        ("parquet", parquet(&PLAIN, Compression::SNAPPY, NAMES)),
    ];
    for (format, content) in formats {
        let file = folder.write("named.data", &content);
        assert!(folder.count(&file, &["--input-format", format]) == expected, "{format}");
        for content in [content.clone(), gzip(&content), zstd(&content)] {
            let mut child = bayeswire()
                .args(["count", "-", "--input-format", format, "-o"])
                .arg(folder.path("stdin.counts"))
                .stdin(Stdio::piped())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(&content).unwrap();
            assert!(child.wait().unwrap().success());
            assert!(fs::read(folder.path("stdin.counts")).unwrap() == expected, "{format}");
        }
    }
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_change_nothing() {
    let folder = Folder::new();
    let expected = folder.count(&folder.write("expected.jsonl", jsonl(&PLAIN)), &[]);
    for (name, content) in formats(&PLAIN, false) {
        if !name.ends_with("parquet") {
            let text = String::from_utf8(content).unwrap().replace('\n', "\r\n");
            let file = folder.write(name, format!("\u{feff}{text}\r\n"));
            assert!(folder.count(&file, &[]) == expected, "{name}");
        }
    }
}

#[test]
fn every_format_is_classified_and_evaluated() {
    let folder = Folder::new();
    let model = folder.path("m.model");
    let train = |file: &Path| run_to_end([Path::new("train"), file, Path::new("-o"), &model]);
    let mut answers: Vec<String> = Vec::new();
    let mut models = Vec::new();
    for (name, content) in formats(&PLAIN, false) {
        let file = folder.write(name, content);
        let output = train(&file);
        assert!(output.status.success(), "{name}: {}", stderr(&output));
        models.push(fs::read(&model).unwrap());
        let output = bayeswire().arg("classify").arg("--model").arg(&model).arg(&file).output().unwrap();
        assert!(output.status.success(), "{name}: {}", stderr(&output));
        answers.push(stdout(&output).lines().map(|line| line.split(' ').next().unwrap()).collect());
        let output = bayeswire().arg("evaluate").arg("--model").arg(&model).arg(&file).output().unwrap();
        assert!(stdout(&output).contains("articles     4"), "{name}: {}", stderr(&output));
    }
    assert!(models.windows(2).all(|pair| pair[0] == pair[1]));
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

#[test]
fn damage_is_told_with_its_place_and_cause() {
    let folder = Folder::new();
    let refuses = |name: &str, content: &[u8], parts: &[&str]| {
        folder.refuses(&folder.write(name, content), &[], parts);
    };
    let long: Vec<u8> = (0..2000)
        .flat_map(|i| format!("{{\"topic\": \"a\", \"text\": \"Rain {i}.\"}}\n").into_bytes())
        .collect();
    let packed = gzip(&long);
    refuses("cut.jsonl.gz", &packed[..packed.len() - 4], &["jsonl.gz:", "damaged gzip"]);
    refuses("cut2.jsonl.gz", &packed[..packed.len() / 2], &["jsonl.gz:", "damaged gzip"]);
    refuses("plain.jsonl.gz", &long, &["gz:1: damaged gzip"]);
    refuses("none.csv.gz", b"", &["gz:1: damaged gzip"]);
    // In the checksum: a flipped bit before it can make other text, which is then told of first.
    let mut flipped = packed.clone();
    let checksum = flipped.len() - 8;
    flipped[checksum] ^= 0x55;
    refuses("flipped.jsonl.gz", &flipped, &["damaged gzip"]);
    let packed = zstd(&long);
    refuses("cut.jsonl.zst", &packed[..packed.len() - 4], &["jsonl.zst:", "damaged zstd"]);
    refuses("plain.tsv.zst", b"text\ttopic\nRain\ta\n", &["zst:1: damaged zstd"]);
    let mut flipped = packed;
    flipped[20] ^= 0x55;
    refuses("flipped.jsonl.zst", &flipped, &["damaged zstd"]);

    refuses(
        "ragged.csv",
        b"topic,text\na,Rain\na,Rain,more\n",
        &["ragged.csv:3: 3 fields, the header has 2"],
    );
    refuses("short.tsv", b"topic\ttext\na\tRain\na\n", &["short.tsv:3: 1 fields, the header has 2"]);
    refuses("utf8.csv", b"topic,text\na,Rain\na,R\xFFin\n", &["utf8.csv:3: not UTF-8"]);
    refuses("utf8.ft", b"__label__a Rain\n__label__a R\xFFin\n", &["utf8.ft:2: not UTF-8"]);
    refuses("open.csv", b"topic,text\na,Rain\na,\"Rain\nb,Goal\n", &["open.csv:3: a quote that opens here"]);
    refuses("column.csv", b"topic,body\na,Rain\n", &["column.csv:1: no column \"text\"", "topic, body"]);
    refuses("column.tsv", b"text\tclass\nRain\ta\n", &["column.tsv:1: no column \"topic\" or \"label\""]);
    refuses("empty.csv", b"topic,text\na,Rain\na, \n", &["empty.csv:3: text is empty"]);
    refuses("notopic.csv", b"topic,text\na,Rain\n,Rain\n", &["notopic.csv:3: topic is empty"]);
    refuses("label.ft", b"__label__a Rain\nRain\n", &["label.ft:2: no label"]);
    refuses("labels.ft", b"__label__a __label__b Rain\n", &["labels.ft:1: 2 labels"]);
    refuses("nothing.ft", b"__label__a Rain\n__label__ Rain\n", &["nothing.ft:2: topic is empty"]);
    refuses("void.csv", b"", &["void.csv: no articles"]);
    refuses("header.csv", b"topic,text\n", &["header.csv: no articles"]);
    folder.refuses(
        &folder.write("x.csv", b"topic,text\na,Rain\n"),
        &["--title-column", "t"],
        &[":1: no column \"t\""],
    );
}

#[test]
fn a_damaged_parquet_file_is_refused_and_never_a_crash() {
    let folder = Folder::new();
    let refuses = |name: &str, content: &[u8], parts: &[&str]| {
        folder.refuses(&folder.write(name, content), &[], parts);
    };
    let good = parquet(&RICH, Compression::SNAPPY, NAMES);
    refuses("cut.parquet", &good[..good.len() - 1], &["cut.parquet: damaged Parquet"]);
    refuses("none.parquet", b"", &["none.parquet: damaged Parquet"]);
    refuses("other.parquet", b"topic,text\na,Rain\n", &["other.parquet: damaged Parquet"]);
    let renamed = parquet(&RICH, Compression::SNAPPY, ["id", "topic", "title", "body"]);
    refuses("column.parquet", &renamed, &["no column \"text\"", "more, body"]);
    let renamed = parquet(&RICH, Compression::SNAPPY, ["id", "topic", "title", "body"]);
    let numbers = folder.write("numbers.parquet", renamed);
    folder.refuses(&numbers, &["--text-column", "more"], &["the column \"more\" holds no text"]);
    let mut utf8 = parquet(&PLAIN, Compression::UNCOMPRESSED, NAMES);
    let text = b"The striker";
    let at = utf8.windows(text.len()).position(|w| w == text).unwrap();
    utf8[at] = 0xff;
    refuses("utf8.parquet", &utf8, &["utf8.parquet: row 3: not UTF-8"]);
}

#[test]
fn any_changed_byte_of_a_parquet_file_gives_articles_or_an_error() {
    use bayeswire::corpus::{Input, Records};
    let folder = Folder::new();
    // The parquet crate panics on some damage; that is caught, and need not be printed.
    std::panic::set_hook(Box::new(|_| ()));
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY] {
        let good = parquet(&PLAIN, compression, NAMES);
        for at in 0..good.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] ^= change;
                let file = folder.write("flip.parquet", bad);
                assert!(Records::new(&[Input::Path(file)]).take(100).count() < 100, "byte {at}");
            }
        }
    }
    let _ = std::panic::take_hook();
}

#[test]
fn a_bomb_or_an_endless_line_takes_no_more_memory_than_one_article_may() {
    let folder = Folder::new();
    // 400 MB of one letter, packed into some kilobytes; in the middle of a record of each format.
    let bomb = |head: &str, pack: &dyn Fn(&mut dyn std::io::Read) -> Vec<u8>| {
        let mut content =
            std::io::Read::chain(head.as_bytes(), std::io::Read::take(std::io::repeat(b'x'), 400 << 20));
        pack(&mut content)
    };
    let gzip = |content: &mut dyn std::io::Read| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::copy(content, &mut encoder).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = |content: &mut dyn std::io::Read| zstd::encode_all(content, 1).unwrap();
    let cases = [
        ("bomb.jsonl.gz", bomb("{\"topic\": \"a\", \"text\": \"", &gzip)),
        ("bomb.csv.zst", bomb("topic,text\na,", &zstd)),
        ("quoted.tsv.zst", bomb("topic\ttext\na\t\"", &zstd)),
        ("bomb.ft.zst", bomb("__label__a ", &zstd)),
        ("topics/rain/1.txt.zst", bomb("", &zstd)),
    ];
    for (name, content) in cases {
        let mut file = folder.write(name, content);
        if name.starts_with("topics") {
            file = folder.path("topics");
        }
        let child = bayeswire()
            .arg("count")
            .arg(&file)
            .arg("-o")
            .arg(folder.path("x.counts"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (peak, output) = peak_of(child);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(65), "{text}");
        assert!(text.contains("longer than 16777216 bytes, the limit for one article"), "{name}: {text}");
        assert!(peak.is_none_or(|bytes| bytes < 128 << 20), "{name}: {peak:?} bytes");
    }
}
