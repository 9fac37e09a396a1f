#!/usr/bin/env python3
"""Accuracy beside scikit-learn, on public benchmarks and on real news, as a Markdown table: the one in docs/ACCURACY.md.

    pip install scikit-learn
    python benches/accuracy.py --bayeswire target/release/bayeswire --data FOLDER

FOLDER holds benchmarks/*.jsonl ("text", "label", "split") and news/*.jsonl ("text", "label"). It is not part of this
repository; without it there is nothing to measure, and this script says so.
"""
import argparse, json, os, random, subprocess, sys, tempfile, zlib


def rows(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def write(path, articles):
    with open(path, "w", encoding="utf-8") as f:
        for i, a in enumerate(articles):
            f.write(json.dumps({"id": str(i), "text": a["text"], "title": a.get("title", ""), "topic": a["label"]}) + "\n")
    return path


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def peers():
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.naive_bayes import ComplementNB, MultinomialNB
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC
    pairs = (1, 2)
    return {
        "MultinomialNB, words": lambda: make_pipeline(CountVectorizer(), MultinomialNB()),
        "MultinomialNB, tf-idf pairs": lambda: make_pipeline(TfidfVectorizer(ngram_range=pairs, sublinear_tf=True), MultinomialNB(alpha=0.01)),
        "ComplementNB, tf-idf pairs": lambda: make_pipeline(TfidfVectorizer(ngram_range=pairs, sublinear_tf=True), ComplementNB()),
        "LinearSVC, tf-idf pairs": lambda: make_pipeline(TfidfVectorizer(ngram_range=pairs, sublinear_tf=True), LinearSVC()),
    }


def benchmarks(a, tmp):
    names = ["r8", "r52", "20newsgroups", "ag_news_8k", "mr"]
    print("| set | bayeswire | " + " | ".join(peers()) + " |")
    print("|---" * (2 + len(peers())) + "|")
    for name in names:
        data = rows(os.path.join(a.data, "benchmarks", name + ".jsonl"))
        train, test = ([r for r in data if r["split"] == s] for s in ("train", "test"))
        model = os.path.join(tmp, "m.model")
        run(a.bayeswire, "train", write(os.path.join(tmp, "train.jsonl"), train), "--output", model)
        ours = json.loads(run(a.bayeswire, "evaluate", "--model", model, "--format", "json", write(os.path.join(tmp, "test.jsonl"), test)))
        cells = [f"{ours['accuracy']:.4f}"]
        for make in peers().values():
            fitted = make().fit([r["text"] for r in train], [r["label"] for r in train])
            cells.append(f"{fitted.score([r['text'] for r in test], [r['label'] for r in test]):.4f}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def news(a, tmp):
    topics = ["diplomacy", "protest", "conflict"]
    print("\n| news | articles | three topics, forced | four ways: accuracy | macro-F1 | ECE | topics answered | other turned away |")
    print("|---" * 8 + "|")
    older = ["wcep_2010_2020" + part for part in ("", " odd lines", " even lines", " from 2013")]
    for name in ["audit_2025_q4", "audit_2025_q4 sure", "wcep_2025_q4", "wcep_2020_2025", *older]:
        data = rows(os.path.join(a.data, "news", name.split()[0] + ".jsonl"))
        if name.endswith("sure"):
            data = [r for r in data if r["sure"]]
        if name.endswith(" odd lines"):
            data = data[::2]
        if name.endswith(" even lines"):
            data = data[1::2]
        if name.endswith("from 2013"):
            data = [r for r in data if r["date"] >= "2013"]
        path = write(os.path.join(tmp, "news.jsonl"), data)
        answers = [json.loads(l)["classification"] for l in run(a.bayeswire, "classify", "--format", "jsonl", path).splitlines()]
        probability = [{t["topic"]: t.get("probability", 0.0) for t in c["topics"]} for c in answers]
        on = [i for i, r in enumerate(data) if r["label"] in topics]
        forced = sum(max(topics, key=probability[i].get) == data[i]["label"] for i in on) / len(on)
        ours = json.loads(run(a.bayeswire, "evaluate", "--format", "json", path))
        answered = sum("topic" in answers[i] for i in on) / len(on)
        off = [i for i, r in enumerate(data) if r["label"] == "other"]
        away = f"{sum('topic' not in answers[i] for i in off) / len(off):.3f}" if off else "-"
        print(f"| {name} | {len(data)} | {forced:.4f} | {ours['accuracy']:.4f} | {ours['macro_f1']:.4f} | {ours['ece']:.4f} | {answered:.3f} | {away} |", flush=True)


def long_texts(a, tmp):
    """Lines of one label joined to texts of over 300 words, and what calibration makes of them."""
    data = rows(os.path.join(a.data, "news", "audit_2025_q4.jsonl"))
    joined = []
    for label in sorted({r["label"] for r in data}):
        lines = [r["text"] for r in data if r["label"] == label]
        for seed in range(40):
            random.Random(seed).shuffle(lines)
            words = [" ".join(lines[:i]) for i in range(1, len(lines)) if len(" ".join(lines[:i]).split()) > 300]
            joined.append({"text": words[0], "label": label})
    ours = json.loads(run(a.bayeswire, "evaluate", "--format", "json", write(os.path.join(tmp, "long.jsonl"), joined)))
    print(f"\nTexts of over 300 words, joined from lines of one label: {len(joined)}, accuracy {ours['accuracy']:.4f}, ECE {ours['ece']:.4f}")


def folds(a, tmp):
    """Leave-one-out beside five folds of the articles that the built-in model is made of."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "models", "default", "corpus")
    data = [dict(r, label=r["topic"]) for name in sorted(os.listdir(here)) for r in rows(os.path.join(here, name))]
    fold = [zlib.crc32(r["id"].encode()) % 5 for r in data]
    accuracies = []
    for k in range(5):
        model = os.path.join(tmp, "fold.model")
        run(a.bayeswire, "train", write(os.path.join(tmp, "t.jsonl"), [r for r, f in zip(data, fold) if f != k]), "--output", model)
        held = write(os.path.join(tmp, "h.jsonl"), [r for r, f in zip(data, fold) if f == k])
        accuracies.append(json.loads(run(a.bayeswire, "evaluate", "--model", model, "--format", "json", held))["accuracy"])
    loo = json.loads(run(a.bayeswire, "evaluate", "--leave-one-out", "--format", "json", here))["accuracy"]
    shown = ", ".join(f"{x:.4f}" for x in accuracies)
    print(f"\nThe articles of the built-in model: leave-one-out {loo:.4f}, five folds {sum(accuracies) / 5:.4f} ({shown})")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bayeswire", required=True)
    p.add_argument("--data", required=True)
    a = p.parse_args()
    if not os.path.isdir(a.data):
        sys.exit(f"skipped: {a.data} is not there, so there is nothing to measure on")
    with tempfile.TemporaryDirectory() as tmp:
        benchmarks(a, tmp)
        news(a, tmp)
        long_texts(a, tmp)
        folds(a, tmp)


if __name__ == "__main__":
    main()
