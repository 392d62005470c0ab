"""Goals and figures, and the page that they make: benches/RESULTS.md."""

import os, platform, statistics, subprocess, sys, tempfile, time
from pathlib import Path
from typing import NamedTuple

from servers import ROOT


class Goal(NamedTuple):
    """A goal as it was measured: a value for each round."""

    goal_id: str
    what: str
    values: list
    bound: float
    at_least: bool = True
    unit: str = ""

    def value(self):
        return statistics.median(self.values)

    def is_met(self):
        return self.value() >= self.bound if self.at_least else self.value() <= self.bound

    def row(self):
        text = f"**{number(self.value())}**{self.unit}"
        if len(self.values) > 1:
            text += f" ({number(min(self.values))}-{number(max(self.values))})"
        asked = f"{'≥' if self.at_least else '≤'} {number(self.bound)}{self.unit}"
        return f"| {self.goal_id} | {self.what} | {text} | {asked} | {'met' if self.is_met() else 'not met'} |"

    def order(self):
        digits = "".join(letter for letter in self.goal_id if letter.isdigit())
        return (self.goal_id[0], int(digits), self.goal_id)


class Figure(NamedTuple):
    """Something that was measured in itself: runs of the generator."""

    name: str
    what: str
    runs: list

    def row(self):
        middle = lambda key: statistics.median(run[key] for run in self.runs)
        odd = " (*)" if any(run.get("odd") for run in self.runs) else ""
        return (f"| {self.name}: {self.what} | {middle('per_second'):,.0f}{odd} | {middle('p50_ms'):.1f} ms | "
                f"{middle('p99_ms'):.1f} ms |")


def number(value):
    """With as many digits as mean something."""
    if isinstance(value, int):
        return f"{value:,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def tell(line):
    """How it goes on, for whoever watches."""
    print(line, file=sys.stderr, flush=True)


def commit():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def machine(disk):
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    with tempfile.NamedTemporaryFile(dir=disk) as file:
        times = []
        for _ in range(200):
            file.write(b"x" * 4096)
            file.flush()
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - started)
    flush = statistics.median(times) * 1000
    return (f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {platform.system()}, "
            f"fdatasync of 4 KiB {flush:.2f} ms; the load generator runs on the same cores")


def page(options, command, host, goals, figures, notes, minutes):
    """The whole page as text."""
    text = ["# Results", "", f"Written by `{command}` in {minutes:.0f} minutes. Machine: {host}.", "",
            f"Commit {commit()}. {options.rounds} rounds in turn, medians; {options.connections} connections unless said, "
            f"keep-alive, no pipelining; HS256 tokens of {options.people:,} people; {options.buyers:,} buyers, "
            f"{options.joiners:,} joiners, {options.waiting:,} waiting. A purchase counts when its answer says that it is "
            "durable.", "",
            "Ratios are what counts: they are taken within a round. Absolute figures drift from run to run."]
    if options.quick:
        text += ["", "**A quick run: it shows that everything works, and its figures mean nothing.**"]
    if goals:
        text += ["", "## Goals", "", "| | what | measured (range) | goal | |", "| --- | --- | --: | --- | --- |"]
        text += [goal.row() for goal in sorted(goals, key=Goal.order)]
    if figures:
        text += ["", "## Figures", "", "| what | per second | p50 | p99 |", "| --- | --: | --: | --: |"]
        text += [figure.row() for figure in figures]
        if any("(*)" in line for line in text):
            text += ["", "(*) Some answers were refusals; the figure counts answers, so it is not comparable."]
    if notes:
        text += ["", "## Notes", "", *(f"- {note}" for note in notes)]
    return "\n".join(text) + "\n"
