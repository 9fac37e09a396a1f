"""Asks a Prometheus that has scraped a server for everything that the rules and the dashboard use.

dashboard.py URL FOLDER"""

import json
import pathlib
import re
import sys
import urllib.parse
import urllib.request

import yaml

url, folder = sys.argv[1], pathlib.Path(sys.argv[2])


def get(path, **parameters):
    query = urllib.parse.urlencode(parameters)
    with urllib.request.urlopen(f"{url}/api/v1/{path}?{query}") as answer:
        body = json.load(answer)
    assert body["status"] == "success", body
    return body["data"]


# Metrics and labels that a live server has.
names = set(get("label/__name__/values"))
expressions = [rule["expr"] for group in yaml.safe_load((folder / "rules.yaml").open())["groups"] for rule in group["rules"]]
dashboard = json.load((folder / "dashboard.json").open())
panels = dashboard["panels"]
assert len({panel["id"] for panel in panels}) == len(panels)
queries = [(panel["title"], target["expr"]) for panel in panels for target in panel["targets"]]
queries += [(annotation["name"], annotation["expr"]) for annotation in dashboard["annotations"]["list"]]
used = set(re.findall(r"\bbayeswire_[a-z_]+", " ".join(expressions + [expr for _, expr in queries])))
missing = sorted(used - names)
assert not missing, f"no such metrics: {missing}"
print(f"   {'metrics in rules and dashboard that the server has':52} {len(used)}")

groups = get("rules")["groups"]
rules = [rule for group in groups for rule in group["rules"]]
assert len(rules) == len(expressions)
sick = [rule["name"] for rule in rules if rule["health"] == "err"]
assert not sick, f"rules that fail: {sick}"
print(f"   {'rules that Prometheus has loaded':52} {len(rules)}")
firing = sorted(rule["name"] for rule in rules if rule.get("state") == "firing")
assert not firing, f"alerts about a server that is well: {firing}"
print(f"   {'alerts about a server that is well':52} 0")

# What needs an hour's samples, or a fault, has none yet.
late = {"Drift of the topic mix", "Words that the model knows", "New models"}
empty = []
for title, expression in queries:
    expression = expression.replace("$job", ".+").replace("$__rate_interval", "1m")
    if not get("query", query=expression)["result"] and title not in late:
        empty.append(title)
assert not empty, f"panels without anything to show: {empty}"
print(f"   {'dashboard queries that Prometheus answers':52} {len(queries)}")
