"""A Prometheus of one's own, and what it answers to the panels, variables, annotations and alerts."""
import json
import math
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from files import EMPTY
from world import free_port, read, wait_for

SCRAPE_S = 1
# At one scrape a second Grafana would ask for at least four; eight also bridge a slow second.
RATE_INTERVAL = "8s"
# Alerts that no load and no fault of the rail may set off.
SOUNDNESS = {"OpenrunInvariantBroken", "OpenrunOrderInversion", "OpenrunStockNegative", "OpenrunRoundOutOfService",
             "OpenrunCommitFailures", "OpenrunActorRebuilt", "OpenrunDown"}


def filled_in(expression):
    """The expression as Grafana sends it when everything is chosen."""
    return re.sub(r"\$\{?(\w+)\}?", lambda it: RATE_INTERVAL if it.group(1) == "__rate_interval" else ".*", expression)


SELECTOR = re.compile(r"\b((?:openrun|process)_\w+|up|ALERTS)\s*(?:\{([^}]*(?:\{[^}]*\}[^}]*)*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
GROUPING = re.compile(r"\b(?:by|on|group_left|group_right)\s*\(([\w\s,]*)\)")


def parts(expression):
    """Metrics with the labels that they are asked for, and the labels that the expression groups by."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"', lambda it: it.group(0).replace("{", "\x01").replace("}", "\x02"), expression)
    metrics = []
    for found in SELECTOR.finditer(text):
        labels = [label for label, _, _ in MATCHER.findall(found.group(2) or "")]
        metrics.append((found.group(1), labels))
    grouped = {label.strip() for found in GROUPING.finditer(text) for label in found.group(1).split(",")}
    return metrics, {label for label in grouped if label}


class Prometheus:
    """A Prometheus on a free port, in a folder that is gone afterwards."""

    def __init__(self, folder, config):
        program = shutil.which("prometheus")
        if program is None:
            sys.exit("MISSING: prometheus. What to do: sudo apt-get install prometheus")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        path = os.path.join(folder, "prometheus.yml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(config)
        self.log = open(os.path.join(folder, "prometheus.log"), "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [program, "--config.file", path, "--storage.tsdb.path", os.path.join(folder, "series"),
             "--web.listen-address", f"127.0.0.1:{port}", "--log.level", "warn"],
            stdout=self.log, stderr=subprocess.STDOUT)

    def wait_until_ready(self):
        wait_for(lambda: read(f"{self.url}/-/ready") is not None, 30, "prometheus is not ready")

    def ask(self, path, **query):
        """The data of an answer; raises `ValueError` with Prometheus's own words if it refuses."""
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query, doseq=True)}", timeout=20) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error).get("error", str(error))) from error

    def series(self, expression, since):
        """Series of an expression since then, with at least one figure each."""
        now = time.time()
        found = self.ask("query_range", query=expression, start=f"{since:.3f}", end=f"{now:.3f}", step=SCRAPE_S)["result"]
        return [one for one in found if any(math.isfinite(float(value)) for _, value in one["values"])]

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


def check_panels(boards, prometheus, since):
    faults, asked = [], 0
    for name, board in boards.items():
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                asked += 1
                where = f"{name}: {panel['title']!r} ({target['refId']})"
                faults += [f"{where}: {fault}" for fault in check_target(panel, target, prometheus, since)]
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                asked += 1
                faults += [f"{name}: variable {variable['name']}: {it}" for it in check_variable(variable, prometheus)]
        for annotation in board["annotations"]["list"]:
            if "expr" in annotation:
                asked += 1
                faults += [f"{name}: annotation {annotation['name']}: {it}"
                           for it in check_selectors(filled_in(annotation["expr"]), prometheus, since)]
    return asked, faults


def check_target(panel, target, prometheus, since):
    expression = filled_in(target["expr"])
    try:
        series = prometheus.series(expression, since)
    except ValueError as error:
        return [f"refused: {error}"]
    if not series:
        return [] if EMPTY in panel["description"] else [f"empty: {expression}"]
    legend = set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))
    missing = sorted(label for label in legend if not any(label in one["metric"] for one in series))
    return [f"its legend names {label}, which no series has" for label in missing]


def check_variable(variable, prometheus):
    found = re.fullmatch(r"label_values\((.*),\s*(\w+)\)", variable["query"]["query"], re.S)
    if found is None:
        return ["is not label_values(metric, label)"]
    try:
        values = prometheus.ask(f"label/{found.group(2)}/values", **{"match[]": filled_in(found.group(1))})
    except ValueError as error:
        return [f"refused: {error}"]
    return [] if values else ["has no value"]


def check_selectors(expression, prometheus, since):
    """For what is empty when all is well: it is understood, and its metrics and labels are there."""
    faults = []
    try:
        prometheus.series(expression, since)
    except ValueError as error:
        return [f"refused: {error}"]
    metrics, grouped = parts(expression)
    there = set()
    for metric, labels in metrics:
        if metric == "ALERTS":
            continue
        series = prometheus.series(metric, since)
        names = {label for one in series for label in one["metric"]}
        there |= names
        if not series:
            faults.append(f"empty: {metric}")
        faults += [f"{metric} has no label {label}" for label in labels if series and label not in names]
    return faults + [f"no metric of it has the label {label}" for label in sorted(grouped - there) if there]


def check_firing(prometheus, since, stalled):
    """What fired while all was well but for one line that stands."""
    names = fired(prometheus, since)
    print(f"fired during the sale: {', '.join(names) or 'nothing'}")
    faults = [f"{name} fires on a sound sale" for name in names if name in SOUNDNESS]
    if stalled not in fired(prometheus, since, "round", "OpenrunLineStalled"):
        faults.append("a line stands, and OpenrunLineStalled does not fire")
    return faults


def check_alerts(prometheus, since):
    faults, asked = [], 0
    groups = prometheus.ask("rules")["groups"]
    for rule in (rule for group in groups for rule in group["rules"]):
        asked += 1
        if rule["health"] != "ok":
            faults.append(f"alert {rule['name']}: {rule['health']} {rule.get('lastError', '')}")
        faults += [f"alert {rule['name']}: {it}" for it in check_selectors(rule["query"], prometheus, since)]
    return asked, faults


def fired(prometheus, since, label="alertname", name=".+"):
    """The alerts that fired since then, or another label of them."""
    series = prometheus.series(f'ALERTS{{alertstate="firing",alertname=~"{name}"}}', since)
    return sorted({one["metric"].get(label, "") for one in series})
