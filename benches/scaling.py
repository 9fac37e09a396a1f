#!/usr/bin/env python3
"""How bayeswire's time and memory grow, as a table and as a plot: the ones in docs/PERFORMANCE.md.

    python benches/scaling.py --bayeswire target/release/bayeswire --data FOLDER [--largest MB] [--svg docs/scaling.svg]

FOLDER holds benchmarks/20newsgroups.jsonl and r52.jsonl ("text", "label"). It is not part of this repository; without it
there is nothing to measure, and this script says so. Larger corpora repeat these texts; in every repetition the letters of
each article's second half are exchanged for others, so that its words are new ones. Needs nothing beside Python; the largest
corpus lies in the folder of temporary files.

Every figure is one run of a whole process, its start and reading the file included. Peak memory is the largest resident size.
"""
import argparse, json, math, os, random, re, string, subprocess, sys, tempfile, time, zlib

SIZES = [10, 30, 100, 300, 1000, 2000]
TERMS = [10_000, 100_000, 1_000_000, 5_000_000]
TOPICS = [3, 10, 30, 100, 200]
RATE_MB = 40


def texts(folder):
    for name in ("20newsgroups", "r52"):
        with open(os.path.join(folder, "benchmarks", name + ".jsonl"), encoding="utf-8") as f:
            for line in f:
                yield re.sub(r"\s+", " ", json.loads(line)["text"]).strip()


def corpus(path, base, megabytes, topics):
    """Writes articles until their texts have so many megabytes; returns the bytes of text."""
    letters, size, repetition = string.ascii_lowercase, 0, 0
    with open(path, "w", encoding="utf-8") as f:
        while True:
            other = list(letters)
            random.Random(repetition).shuffle(other)
            exchange = str.maketrans(letters, "".join(other)) if repetition else {}
            for i, text in enumerate(base):
                half = len(text) // 2
                text = text[:half] + text[half:].translate(exchange)
                topic = f"topic{zlib.crc32(b'%d' % i) % topics:03}"
                f.write(json.dumps({"id": f"{repetition}-{i}", "text": text, "topic": topic}, ensure_ascii=False) + "\n")
                size += len(text.encode())
                if size >= megabytes * 1_000_000:
                    return size
            repetition += 1


def run(command, threads=None):
    """Seconds and peak megabytes of a process."""
    environment = dict(os.environ, **({"RAYON_NUM_THREADS": str(threads)} if threads else {}))
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)}: {errors.decode(errors='replace')[-2000:]}")
    return time.monotonic() - start, usage.ru_maxrss / 1000


def measure(a, tmp):
    base = list(texts(a.data))
    articles, model = os.path.join(tmp, "corpus.jsonl"), os.path.join(tmp, "corpus.model")
    some, one = os.path.join(tmp, "some.jsonl"), os.path.join(tmp, "one.jsonl")
    train = [a.bayeswire, "train", articles, "--output", model]
    classify = [a.bayeswire, "classify", "--model", model, "--format", "jsonl"]
    out = {"size": [], "terms": [], "topics": []}

    def rate(size, seconds):
        return round(size / 1e6 / seconds, 1)

    for megabytes in [s for s in SIZES if s <= a.largest]:
        size = corpus(articles, base, megabytes, 4)
        point = {"MB": round(size / 1e6), "articles": sum(1 for _ in open(articles, encoding="utf-8"))}
        for threads in (1, 2):
            seconds, memory = run(train, threads)
            point[f"train {threads} s"], point[f"train {threads} MB/s"] = round(seconds, 2), rate(size, seconds)
            point[f"train {threads} peak MB"] = round(memory)
            seconds, memory = run(classify + [articles], threads)
            point[f"classify {threads} MB/s"] = rate(size, seconds)
            point[f"classify {threads} peak MB"] = round(memory)
        seconds, memory = run(train + ["--max-memory", "512MiB"], 2)
        point["train 512MiB s"], point["train 512MiB peak MB"] = round(seconds, 2), round(memory)
        out["size"].append(point)
        print(json.dumps(point), flush=True)

    # What is classified while the model grows: new texts have most terms of the largest model.
    size = corpus(articles, base, min(300, a.largest), 4)
    with open(articles, encoding="utf-8") as f, open(some, "w", encoding="utf-8") as g, open(one, "w", encoding="utf-8") as h:
        lines = f.readlines()
        random.Random(1).shuffle(lines)
        h.write(lines[0])
        share, total = RATE_MB * 1e6 / size, 0
        for line in lines[: int(len(lines) * share)]:
            total += len(json.loads(line)["text"].encode())
            g.write(line)
    for terms in TERMS:
        run(train + ["--max-terms", str(terms)])
        firsts = sorted(run(classify + [one]) for _ in range(5))
        seconds, _ = run(classify + [some])
        point = {"terms": terms, "file MB": round(os.path.getsize(model) / 1e6, 1),
                 "first answer ms": round(firsts[2][0] * 1000),
                 "classify MB/s": rate(total, seconds), "without loading MB/s": rate(total, seconds - firsts[2][0])}
        out["terms"].append(point)
        print(json.dumps(point), flush=True)

    for topics in TOPICS:
        size = corpus(articles, base, RATE_MB, topics)
        seconds, _ = run(train)
        classified, _ = run(classify + [articles])
        point = {"topics": topics, "train MB/s": rate(size, seconds), "classify MB/s": rate(size, classified)}
        out["topics"].append(point)
        print(json.dumps(point), flush=True)
    return out


def table(points):
    keys = list(dict.fromkeys(key for point in points for key in point))
    lines = ["| " + " | ".join(keys) + " |", "|---" * len(keys) + "|"]
    return "\n".join(lines + ["| " + " | ".join(f"{point.get(key, '')}" for key in keys) + " |" for point in points])


COLOURS = ["#0b6e99", "#c2410c", "#4d7c0f", "#7e22ce"]


def panel(left, title, x, curves, points):
    """One plot with logarithmic axes, as SVG; `curves` are (label, key) with the unit in the title."""
    width, height, top, bottom, margin = 300, 260, 40, 44, 56
    values = [p[key] for p in points for _, key in curves if p.get(key)]
    if not values:
        return ""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) + 1e-9)
    high += low == high
    first, last = math.log10(points[0][x]), math.log10(points[-1][x])

    def px(value):
        return left + margin + (math.log10(value) - first) / ((last - first) or 1) * (width - margin - 12)

    def py(value):
        return top + (high - math.log10(value)) / (high - low) * (height - top - bottom)

    def text(at, y, words, anchor="middle", extra=""):
        return f'<text x="{at:.1f}" y="{y:.1f}" text-anchor="{anchor}" {extra}>{words}</text>'

    def short(number):
        return f"{number // 10**6:g}M" if number >= 10**6 else f"{number // 1000:g}k" if number >= 10_000 else f"{number:g}"

    parts = [text(left + width / 2, 20, title, extra='font-weight="bold"')]
    for power in range(low, high + 1):
        y = py(10**power)
        parts.append(f'<line x1="{left + margin}" y1="{y:.1f}" x2="{left + width - 12}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(text(left + margin - 6, y + 4, f"{10**power:g}", "end"))
    for p in points:
        parts.append(text(px(p[x]), height - bottom + 16, short(p[x])))
    parts.append(text(left + (width + margin) / 2, height - 8, x))
    for place, (label, key) in enumerate(curves):
        colour = COLOURS[place % len(COLOURS)]
        line = " ".join(f"{px(p[x]):.1f},{py(p[key]):.1f}" for p in points if p.get(key))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{px(p[x]):.1f}" cy="{py(p[key]):.1f}" r="3" fill="{colour}"/>' for p in points if p.get(key)]
        parts.append(text(left + margin, height + 8 + 14 * place, label, "start", f'fill="{colour}"'))
    return "\n".join(parts)


def plot(out):
    panels = [
        ("Training and classifying, MB/s", "MB", [("train, 1 thread", "train 1 MB/s"), ("train, 2 threads", "train 2 MB/s"),
         ("classify, 1 thread", "classify 1 MB/s"), ("classify, 2 threads", "classify 2 MB/s")], out["size"]),
        ("Peak memory, MB", "MB", [("train", "train 2 peak MB"), ("train --max-memory 512MiB", "train 512MiB peak MB"),
         ("classify", "classify 2 peak MB")], out["size"]),
        ("Size of the model", "terms", [("classify, MB/s", "without loading MB/s"), ("first answer, ms", "first answer ms")], out["terms"]),
        ("Number of topics, MB/s", "topics", [("train", "train MB/s"), ("classify", "classify MB/s")], out["topics"]),
    ]
    body = "\n".join(panel(300 * i, *p) for i, p in enumerate(panels))
    width = 300 * len(panels)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 320" width="{width}" height="320" '
            f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bayeswire", required=True)
    p.add_argument("--data", required=True)
    p.add_argument("--largest", type=int, default=SIZES[-1], help="no corpus has more megabytes")
    p.add_argument("--svg", help="where to write the plot")
    a = p.parse_args()
    if not os.path.exists(os.path.join(a.data, "benchmarks", "r52.jsonl")):
        sys.exit(f"skipped: {a.data} has no benchmarks/r52.jsonl")
    with tempfile.TemporaryDirectory() as tmp:
        out = measure(a, tmp)
    for name in out:
        print(f"\n{table(out[name])}")
    if a.svg:
        with open(a.svg, "w", encoding="utf-8") as f:
            f.write(plot(out))


if __name__ == "__main__":
    main()
