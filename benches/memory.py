#!/usr/bin/env python3
"""Trains on a large corpus with and without a limit for memory: time, peak memory, and whether the bytes are the same.

    benches/memory.py CORPUS.jsonl... [--program target/release/bayeswire] [--mb 1000 2000] [--max-memory 512MiB]

The corpus is made of labelled articles (JSON lines) by repeating them, at each repetition with new endings on a share of the
words, so that words and pairs go on growing as those of real corpora do. It is made anew from the same articles every
time, in the folder of temporary files, and removed afterwards. Peak memory is what the kernel counts (ru_maxrss);
"of cores" is the time that cores worked, which other programs on the machine hardly change.
"""

import argparse
import filecmp
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

WORD = re.compile(r"[A-Za-z]{4,}")


def articles(paths):
    """Text and topic of every article."""
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                article = json.loads(line)
                topic = article.get("topic", article.get("label"))
                yield article.get("title", ""), article["text"], str(topic)


def changed(text, repetition, share, endings):
    """The text with new endings on a share of its words; a word has the same one all through a repetition."""

    def change(match):
        word = match.group()
        new = endings.get(word)
        if new is None:
            drawn = zlib.crc32(f"{repetition} {word}".encode()) / 2**32
            new = endings[word] = f"{word}q{repetition}x" if drawn < share else word
        return new

    return WORD.sub(change, text)


def make(path, originals, size, share):
    """Writes a corpus of about so many bytes; gives their number and that of the articles."""
    written = count = repetition = 0
    with open(path, "w", encoding="utf-8") as out:
        while written < size:
            endings = {}
            for title, text, topic in originals:
                if repetition > 0:
                    text = changed(text, repetition, share, endings)
                article = {"id": f"{repetition}-{count}", "topic": topic, "title": title, "text": text}
                written += out.write(json.dumps(article, ensure_ascii=False) + "\n")
                count += 1
                if written >= size:
                    break
            repetition += 1
    return os.path.getsize(path), count


def run(command):
    """Seconds, seconds of all cores together, peak resident bytes and what is told by a command."""
    started = time.monotonic()
    child = subprocess.Popen(command, stderr=subprocess.PIPE)
    told = child.stderr.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - started
    if status != 0:
        sys.exit(f"{' '.join(command)}: {told}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, told


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", nargs="+", type=Path)
    parser.add_argument("--program", default="target/release/bayeswire")
    parser.add_argument("--mb", nargs="+", type=int, default=[1000, 2000])
    parser.add_argument("--max-memory", nargs="+", default=["512MiB"])
    parser.add_argument("--share", type=float, default=0.15, help="of the words get a new ending at each repetition")
    parser.add_argument("--unlimited", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--counts", action="store_true", help="also write the counts")
    options = parser.parse_args()
    originals = list(articles(options.corpus))
    print(f"{'corpus':>9} {'articles':>9} {'limit':>8} {'seconds':>8} {'of cores':>8} {'peak MB':>8} {'terms':>24}  bytes")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for mb in options.mb:
            corpus = folder / "corpus.jsonl"
            size, count = make(corpus, originals, mb * 1_000_000, options.share)
            first = None
            for limit in options.max_memory + ([None] if options.unlimited else []):
                model, counts = folder / f"{limit}.model", folder / f"{limit}.counts"
                command = [options.program, "train", str(corpus), "-o", str(model)]
                command += ["--max-memory", limit] if limit else []
                command += ["--counts", str(counts)] if options.counts else []
                seconds, of_cores, peak, told = run(command)
                terms = re.search(r"^terms +(.*)$", told, re.MULTILINE).group(1)
                same = "first" if first is None else "other!"
                if first is None:
                    first = (model, counts)
                elif filecmp.cmp(model, first[0], shallow=False) and (
                    not options.counts or filecmp.cmp(counts, first[1], shallow=False)
                ):
                    same = "same"
                print(
                    f"{size / 1e6:>6.0f} MB {count:>9} {limit or 'none':>8} {seconds:>8.1f} {of_cores:>8.1f}"
                    f" {peak / 1e6:>8.0f} {terms:>24}  {same}",
                    flush=True,
                )
                if same != "first":
                    model.unlink()
                    counts.unlink(missing_ok=True)
            first[0].unlink()
            first[1].unlink(missing_ok=True)


if __name__ == "__main__":
    main()
