#!/usr/bin/env python3
"""How well the items of real pages are found, and what finding them costs in accuracy: the figures in docs/PAGES.md.

    python benches/pages.py --bayeswire target/release/bayeswire --data FOLDER

FOLDER holds gold.jsonl, a page a line: "html_file" (in FOLDER or FOLDER/html) and "items", each with "text" and "category".
It is not part of this repository; without it there is nothing to measure, and this script says so. Standard library only.

An item counts as found when the words of an article overlap with its own with a Jaccard index of 0.8 or more; each article
is matched with one item at most, the best pairs first. Topics are compared with the categories that mean one topic; where a
category means none (politics, law), the item counts for finding only. An abstention is read as "other".
"""
import argparse, json, os, re, subprocess, sys, tempfile
from collections import defaultdict

FOUND = 0.8
LABELS = {
    "International relations": "diplomacy",
    "Armed conflicts and attacks": "conflict",
    "Arts and culture": "other",
    "Business and economy": "other",
    "Disasters and accidents": "other",
    "Health and environment": "other",
    "Science and technology": "other",
    "Sports": "other",
}


def words(text):
    return frozenset(re.findall(r"\w+", text.lower()))


def rows(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def run(*command):
    return [json.loads(line) for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()]


def topic(classification):
    return classification.get("topic") or "other"


def match(items, articles):
    """Pairs of indices of items and articles that are the same, each index once, the most alike first."""
    sets = [words(item["text"]) for item in items]
    places = defaultdict(set)
    for n, item in enumerate(sets):
        for word in item:
            places[word].add(n)
    pairs = []
    for m, article in enumerate(articles):
        found = words(article.get("text", ""))
        for n in set().union(*(places[word] for word in found)) if found else ():
            alike = len(found & sets[n]) / len(found | sets[n])
            if alike >= FOUND:
                pairs.append((-alike, n, m))
    taken_items, taken_articles, out = set(), set(), []
    for _, n, m in sorted(pairs):
        if n not in taken_items and m not in taken_articles:
            taken_items.add(n), taken_articles.add(m)
            out.append((n, m))
    return out


def share(right):
    return sum(right) / len(right) if right else float("nan")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bayeswire", default="target/release/bayeswire")
    p.add_argument("--data", required=True)
    p.add_argument("--missed", type=int, default=0, help="show so many items that were not found, and articles that are none")
    a = p.parse_args()
    gold_file = os.path.join(a.data, "gold.jsonl")
    if not os.path.exists(gold_file):
        print(f"skipped: there is no {gold_file}")
        return
    gold = {os.path.basename(r["html_file"]): r["items"] for r in rows(gold_file)}
    folder = os.path.join(a.data, "html")
    pages = run(a.bayeswire, "classify", "--page", folder if os.path.isdir(folder) else a.data, "--format", "jsonl")
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as clean:
        for file, items in gold.items():
            for n, item in enumerate(items):
                clean.write(json.dumps({"id": f"{file} {n}", "text": item["text"]}) + "\n")
        clean.flush()
        answers = run(a.bayeswire, "classify", clean.name, "--format", "jsonl")
    of_clean = {answer["articleId"]: topic(answer["classification"]) for answer in answers}
    found = articles = 0
    on_page, on_clean, all_clean, show = [], [], [], a.missed
    for page in pages:
        file = os.path.basename(page["sourceUri"])
        if file not in gold:
            continue
        items, of_page = gold[file], page.get("articles", [])
        pairs = match(items, of_page)
        found, articles = found + len(pairs), articles + len(of_page)
        for n, m in pairs:
            label = LABELS.get(items[n]["category"])
            if label:
                on_page.append(topic(of_page[m]["classification"]) == label)
                on_clean.append(of_clean[f"{file} {n}"] == label)
        for n, item in enumerate(items):
            if item["category"] in LABELS:
                all_clean.append(of_clean[f"{file} {n}"] == LABELS[item["category"]])
        if show > 0:
            taken = {n for n, _ in pairs}, {m for _, m in pairs}
            missed = [f"  missed: {item['text'][:150]}" for n, item in enumerate(items) if n not in taken[0]]
            extra = [f"  extra:  {article.get('text', '')[:150]!r}" for m, article in enumerate(of_page) if m not in taken[1]]
            for line in [file, *missed, *extra][:show] if missed or extra else []:
                print(line)
                show -= 1
    total = sum(map(len, gold.values()))
    precision, recall = found / max(articles, 1), found / max(total, 1)
    f1 = 2 * precision * recall / (precision + recall) if found else 0.0
    print(f"{len(pages)} pages, {total} items, {articles} articles found, {found} of them items")
    print(f"items: precision {precision:.4f}, recall {recall:.4f}, F1 {f1:.4f}")
    print(f"topics of {len(on_page)} items found: accuracy {share(on_page):.4f} as found, {share(on_clean):.4f} as their clean text")
    print(f"topics of all {len(all_clean)} items as clean text: accuracy {share(all_clean):.4f}")
    sys.exit(0 if f1 >= 0.92 and abs(share(on_page) - share(all_clean)) <= 0.02 else 1)


if __name__ == "__main__":
    main()
