#!/usr/bin/env python3
"""bayeswire beside scikit-learn and fastText: one corpus, one run, whole processes. The table is the one in docs/PERFORMANCE.md.

    pip install scikit-learn fasttext-wheel
    python benches/peers.py --bayeswire target/release/bayeswire --data FOLDER [--rounds 3]

FOLDER holds benchmarks/20newsgroups.jsonl and r52.jsonl ("text", "label"). It is not part of this repository; without it
there is nothing to measure, and this script says so. All count words and pairs of adjacent words, on the same texts under
four labels. bayeswire chooses its parameters and calibrates; the others do neither. The figures are medians: training and
classifying in MB of text a second, one answer a line; the peak resident size of training in MB; beside them `wc -w`.
"""
import argparse, json, os, re, statistics, subprocess, sys, tempfile, time, zlib

SKLEARN = """
import json, pickle, sys
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
task, articles, model = sys.argv[1:]
texts, labels = zip(*((a["text"], a["label"]) for a in map(json.loads, open(articles, encoding="utf-8"))))
if task == "train":
    with open(model, "wb") as f:
        pickle.dump(make_pipeline(CountVectorizer(ngram_range=(1, 2)), MultinomialNB()).fit(texts, labels), f)
else:
    sys.stdout.writelines(label + "\\n" for label in pickle.load(open(model, "rb")).predict(texts))
"""
FASTTEXT = """
import fasttext, sys
task, articles, model = sys.argv[1:]
if task == "train":
    fasttext.train_supervised(articles, wordNgrams=2, thread=2, verbose=0).save_model(model)
else:
    f = fasttext.load_model(model).f
    for line in open(articles, encoding="utf-8"):
        print(f.predict(line.split(" ", 1)[1], 1, 0.0, "strict")[0][1])
"""


def corpus(folder, jsonl, lines):
    size = 0
    with open(jsonl, "w", encoding="utf-8") as j, open(lines, "w", encoding="utf-8") as l:
        for name in ("20newsgroups", "r52"):
            with open(os.path.join(folder, "benchmarks", name + ".jsonl"), encoding="utf-8") as f:
                for number, a in enumerate(map(json.loads, f)):
                    text = re.sub(r"\s+", " ", a["text"]).strip()
                    label = f"label{zlib.crc32(a['label'].encode()) % 4}"
                    size += len(text.encode())
                    j.write(json.dumps({"id": f"{name}-{number}", "text": text, "label": label}, ensure_ascii=False) + "\n")
                    l.write(f"__label__{label} {text}\n")
    return size / 1e6


def run(command):
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)[:200]}: {errors.decode(errors='replace')[-2000:]}")
    return time.monotonic() - start, usage.ru_maxrss / 1000


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bayeswire", required=True)
    p.add_argument("--data", required=True)
    p.add_argument("--rounds", type=int, default=3)
    a = p.parse_args()
    if not os.path.exists(os.path.join(a.data, "benchmarks", "r52.jsonl")):
        sys.exit(f"skipped: {a.data} has no benchmarks/r52.jsonl")
    with tempfile.TemporaryDirectory() as tmp:
        jsonl, lines, model = (os.path.join(tmp, name) for name in ("articles.jsonl", "articles.txt", "model"))
        megabytes = corpus(a.data, jsonl, lines)
        python = [sys.executable, "-c"]
        peers = {
            "bayeswire": ([a.bayeswire, "train", jsonl, "--output", model + ".model"],
                          [a.bayeswire, "classify", "--model", model + ".model", "--format", "jsonl", jsonl]),
            "scikit-learn": (python + [SKLEARN, "train", jsonl, model], python + [SKLEARN, "classify", jsonl, model]),
            "fastText": (python + [FASTTEXT, "train", lines, model], python + [FASTTEXT, "classify", lines, model]),
        }
        figures = {name: [] for name in peers}
        words = []
        for _ in range(a.rounds):
            for name, (train, classify) in peers.items():
                trained, memory = run(train)
                figures[name].append((megabytes / trained, megabytes / run(classify)[0], memory))
            words.append(megabytes / run(["wc", "-w", lines])[0])
    medians = {name: [statistics.median(column) for column in zip(*rounds)] for name, rounds in figures.items()}
    ours = medians["bayeswire"]
    print(f"{megabytes:.1f} MB of text, medians of {a.rounds}\n")
    print("| | train, MB/s | ratio | classify, MB/s | ratio | peak memory of training, MB |\n|---|---|---|---|---|---|")
    for name, (train, classify, memory) in medians.items():
        print(f"| {name} | {train:.1f} | {ours[0] / train:.1f} | {classify:.1f} | {ours[1] / classify:.1f} | {memory:.0f} |")
    counted = statistics.median(words)
    print(f"| wc -w | | | {counted:.1f} | {ours[1] / counted:.2f} | |")


if __name__ == "__main__":
    main()
