"""Makes a larger corpus of the built-in model's: each article followed by parts of others of its topic.

corpus.py FOLDER FILE TIMES"""

import json
import pathlib
import sys

folder, file, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
topics = {}
for path in sorted(pathlib.Path(folder).glob("*.jsonl")):
    for line in path.open():
        article = json.loads(line)
        topics.setdefault(article["topic"], []).append(article)
with open(file, "w") as out:
    for topic, articles in sorted(topics.items()):
        for i, article in enumerate(articles):
            for n in range(times):
                other = articles[(i + 1 + n * 37) % len(articles)]
                text = article["text"] + " " + other["text"] if n else article["text"]
                line = {"id": f"{article['id']}-{n}", "topic": topic, "title": article["title"], "text": text}
                out.write(json.dumps(line) + "\n")
