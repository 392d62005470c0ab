"""Negative controls: what is broken on purpose is found."""
import tempfile
import time

from files import EMPTY, SCHEMA, check_files
from questions import Prometheus, check_selectors, check_target, check_variable
from world import wait_for


def spoiled(change):
    """One sound panel on a sound page, changed."""
    source = {"type": "prometheus", "uid": "${datasource}"}
    panel = {"id": 1, "type": "stat", "title": "Is it up?", "description": "Good: 1. If not: start it.", "datasource": source,
             "gridPos": {"x": 0, "y": 0, "w": 4, "h": 4},
             "targets": [{"refId": "A", "expr": 'up{job=~"$job"}', "legendFormat": "{{job}}", "datasource": source}],
             "fieldConfig": {"defaults": {"unit": "none", "thresholds": {"steps": [{"color": "text", "value": None}]}}}}
    query = {"query": "label_values(up, job)", "refId": "job"}
    board = {"uid": "one", "title": "one", "schemaVersion": SCHEMA, "panels": [panel], "annotations": {"list": []},
             "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"},
                                     {"name": "job", "type": "query", "datasource": source, "query": query}]}}
    boards = {"one.json": board}
    change(boards, board, panel)
    return boards


def controls():
    """(what is broken, how, a word of the fault)"""
    other = {"type": "prometheus", "uid": "P1809F7CD0C75ACF3"}
    return [
        ("two files with one uid", lambda all_, b, p: all_.update({"two.json": dict(b, title="two")}), "has the uid of"),
        ("no uid", lambda all_, b, p: b.pop("uid"), "no uid"),
        ("an id of one Grafana", lambda all_, b, p: b.update(id=7), "has an id"),
        ("an export for sharing", lambda all_, b, p: b.update(__inputs=[]), "__inputs"),
        ("an old schema", lambda all_, b, p: b.update(schemaVersion=30), "schemaVersion"),
        ("the data source of one Grafana", lambda all_, b, p: p.update(datasource=other), "neither a variable nor"),
        ("a query of another source", lambda all_, b, p: p["targets"][0].update(datasource=other), "neither a variable nor"),
        ("a variable that is not there", lambda all_, b, p: p["targets"][0].update(expr='up{a="$b"}'), "$b"),
        ("one id twice", lambda all_, b, p: b["panels"].append(dict(p, gridPos={"x": 4, "y": 0, "w": 4, "h": 4})), "the id 1"),
        ("one place twice", lambda all_, b, p: b["panels"].append(dict(p, id=2)), "lies on"),
        ("no unit", lambda all_, b, p: p["fieldConfig"]["defaults"].pop("unit"), "its unit"),
        ("no thresholds", lambda all_, b, p: p["fieldConfig"]["defaults"].pop("thresholds"), "no thresholds"),
        ("a description that says nothing", lambda all_, b, p: p.update(description="Up."), "description"),
        ("nothing asked", lambda all_, b, p: p.update(targets=[]), "asks nothing"),
        ("an unknown kind", lambda all_, b, p: p.update(type="graph"), "no kind of panel"),
    ]


def live_controls(prometheus, since):
    """Panels and alerts that are broken on purpose, against a Prometheus that knows nothing but `up`."""
    ask = lambda expr, legend="", description="Good: x. If not: y.": check_target(
        {"title": "a", "description": description}, {"expr": expr, "legendFormat": legend}, prometheus, since)
    return [
        ("a sound panel", ask('up{job=~"$job"}', "{{job}}"), None),
        ("a panel on a metric that does not exist", ask("openrun_not_there_total"), "empty"),
        ("the same, empty when all is well", ask("openrun_not_there_total", "", f"Good: x. If not: y. {EMPTY}"), None),
        ("a label that does not exist", ask('up{jobs="x"}'), "empty"),
        ("a legend of a label that is not there", ask("up", "{{round}}"), "its legend"),
        ("no expression at all", ask("sum by (up"), "refused"),
        ("a sound alert", check_selectors('sum by (job) (up{job=~".+"}) == 0', prometheus, since), None),
        ("an alert on a metric that does not exist", check_selectors("openrun_gone > 0", prometheus, since), "empty"),
        ("an alert on a label that does not exist", check_selectors('up{round="x"} == 0', prometheus, since), "no label round"),
        ("an alert that groups by one", check_selectors("sum by (round) (up) == 0", prometheus, since), "the label round"),
        ("a variable without values", check_variable({"query": {"query": "label_values(gone, job)"}}, prometheus), "no value"),
    ]


def self_test():
    """How many controls there are, and those that were not found."""
    faults = []
    if check_files(spoiled(lambda *_: None), set()):
        faults.append(f"a sound dashboard is called broken: {check_files(spoiled(lambda *_: None), set())}")
    outcomes = [(what, check_files(spoiled(change), set()), word) for what, change, word in controls()]
    with tempfile.TemporaryDirectory() as folder:
        since = time.time()
        # Nobody is at that address: `up` is 0, and that is a series as well.
        config = "global: {scrape_interval: 1s}\nscrape_configs: [{job_name: nobody, static_configs: [{targets: ['127.0.0.1:1']}]}]\n"
        prometheus = Prometheus(folder, config)
        try:
            prometheus.wait_until_ready()
            wait_for(lambda: prometheus.series("up", since), 20, "Prometheus scrapes nothing")
            outcomes += live_controls(prometheus, since)
        finally:
            prometheus.stop()
    for what, found, word in outcomes:
        if word is None and found:
            faults.append(f"{what} is called broken: {found}")
        elif word is not None and not any(word in fault for fault in found):
            faults.append(f"{what} was not found: {found}")
    return len(outcomes) + 1, faults
