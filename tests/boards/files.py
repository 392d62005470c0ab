"""What a dashboard's file has to be so that Grafana can provision it, and an operator can read it.

Says nothing of what its queries answer: that is `questions.py`.
"""
import glob
import json
import os
import re

# What a panel's description says when it may have nothing to show.
EMPTY = "Empty when all is well."
DESCRIPTION = re.compile(r"^Good: .+ If not: .+", re.S)
# Grafana's own ids of units, as far as they are used: a wrong one is shown as text behind the figure.
UNITS = {"none", "percentunit", "s", "bytes", "reqps", "ops", "currencyKRW"}
# Kinds of panel that Grafana brings along.
KINDS = {"stat", "timeseries", "state-timeline", "table"}
# Grafana 12. A file of an older version would be migrated in the browser each time it is opened.
SCHEMA = 41
COLUMNS = 24
# Grafana keeps no longer ones.
UID_CHARACTERS_MAX = 40
# What Grafana fills in by itself.
BUILT_IN = {"__rate_interval", "__interval", "__range"}


def load(folder):
    return {os.path.relpath(path, folder): json.load(open(path, encoding="utf-8"))
            for path in sorted(glob.glob(os.path.join(folder, "dashboards", "*.json")))}


def provisioned_uids(folder):
    """Uids of the data sources that provisioning makes. A line each: no YAML library is needed for that."""
    found = set()
    for path in glob.glob(os.path.join(folder, "provisioning", "datasources", "*.yml")):
        found |= set(re.findall(r"^\s+uid:\s*(\S+)\s*$", open(path, encoding="utf-8").read(), re.M))
    return found


def check_files(boards, uids):
    """What would keep a file from being provisioned, or make it useless; as a list of sentences."""
    faults = []
    if len(boards) == 0:
        faults.append("there is no dashboard")
    owners = {}
    for name, board in boards.items():
        uid = board.get("uid")
        if not uid or len(uid) > UID_CHARACTERS_MAX:
            faults.append(f"{name}: no uid, or one that is too long for Grafana")
        elif uid in owners:
            faults.append(f"{name}: has the uid of {owners[uid]}")
        owners.setdefault(uid, name)
        faults += [f"{name}: {fault}" for fault in check_board(board, uids)]
    titles = [board.get("title") for board in boards.values()]
    faults += [f"two dashboards are called {title!r}" for title in set(titles) if titles.count(title) > 1]
    return faults


def check_board(board, uids):
    faults = []
    if board.get("id") is not None:
        faults.append("has an id: one that is provisioned gets it from Grafana")
    if board.get("schemaVersion") != SCHEMA:
        faults.append(f"schemaVersion is not {SCHEMA}")
    for key in ("__inputs", "__requires"):
        if key in board:
            faults.append(f"has {key}: it was exported for sharing, and cannot be provisioned")
    variables = {variable["name"]: variable for variable in board.get("templating", {}).get("list", [])}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(board["panels"]) + json.dumps(board.get("annotations", {}))))
    for name in sorted(used - set(variables) - BUILT_IN):
        faults.append(f"uses ${name}, which is no variable of it")
    for place, source in data_sources(board):
        if not is_known_source(source, variables, uids):
            faults.append(f"{place}: the data source {source} is neither a variable nor provisioned")
    ids = [panel.get("id") for panel in board["panels"]]
    faults += [f"two panels have the id {it}" for it in sorted(set(ids)) if ids.count(it) > 1]
    faults += check_places(board["panels"])
    for panel in board["panels"]:
        if panel["type"] != "row":
            faults += [f"panel {panel.get('title')!r}: {fault}" for fault in check_panel(panel)]
    return faults


def data_sources(board):
    for variable in board.get("templating", {}).get("list", []):
        if variable["type"] == "query":
            yield f"variable {variable['name']}", variable.get("datasource")
    for annotation in board.get("annotations", {}).get("list", []):
        yield f"annotation {annotation['name']}", annotation.get("datasource")
    for panel in board["panels"]:
        if panel["type"] != "row":
            yield f"panel {panel.get('title')!r}", panel.get("datasource")
            for target in panel.get("targets", []):
                yield f"a query of panel {panel.get('title')!r}", target.get("datasource")


def is_known_source(source, variables, uids):
    uid = (source or {}).get("uid", "")
    if (source or {}).get("type") == "grafana":
        return uid == "-- Grafana --"
    variable = re.fullmatch(r"\$\{(\w+)\}", uid)
    if variable:
        return variables.get(variable.group(1), {}).get("type") == "datasource"
    return uid in uids


def check_places(panels):
    taken, faults = {}, []
    for panel in panels:
        at = panel["gridPos"]
        if at["x"] + at["w"] > COLUMNS:
            faults.append(f"panel {panel.get('title')!r} is wider than the page")
        for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
            if cell in taken:
                faults.append(f"panel {panel.get('title')!r} lies on {taken[cell]!r}")
                break
            taken[cell] = panel.get("title")
    return faults


def check_panel(panel):
    faults = []
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    if panel["type"] not in KINDS:
        faults.append(f"{panel['type']} is no kind of panel that is used here: {sorted(KINDS)}")
    if not panel.get("title"):
        faults.append("has no title")
    if not DESCRIPTION.match(panel.get("description", "")):
        faults.append("its description is not 'Good: … If not: …'")
    if defaults.get("unit") not in UNITS:
        faults.append(f"its unit {defaults.get('unit')} is none of {sorted(UNITS)}")
    if not defaults.get("thresholds", {}).get("steps"):
        faults.append("has no thresholds")
    targets = panel.get("targets", [])
    if not targets or any(not target.get("expr") for target in targets):
        faults.append("asks nothing")
    if len({target.get("refId") for target in targets}) != len(targets):
        faults.append("two of its queries have one refId")
    return faults
