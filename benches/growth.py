"""Whether anybody feels how many others there are: what people call with a thousand, a hundred thousand and a million in
line, with one to a hundred rounds of one program, and of as many programs. `benches/run growth` writes GROWTH.md and
growth.svg."""

import statistics
from pathlib import Path

import plot
from report import commit, number, tell
from servers import FREE, SHUT, Openrun, join_many, load

FEW = 1_000
WAITING = (1_000, 100_000, 1_000_000)
ROUNDS = (1, 10, 100)
# Who waits in all rounds together.
WAITING_IN_ALL = 100_000
CALLS = ("where-am-I", "watermark", "join", "purchase")
HERE = Path(__file__).resolve().parent


def fresh_people():
    """Hands out numbers of people that nobody has had: the first of so many."""
    taken = 0

    def first_of(count):
        nonlocal taken
        taken += count
        return taken - count
    return first_of


def looks(server, options, people, times, seconds=None, round_id="bench"):
    """Runs of what those who wait call; the calls are the same however long the line is. Joins come last, as each makes
    the line longer."""
    size = 2_000 if options.quick else 10_000
    # The same thousand ask where they are: who asks joins again, which changes nothing.
    who, seconds = people(FEW), seconds or options.seconds
    where = lambda seconds: load(server, options, "openrun-where", first=who, people=FEW, seconds=seconds, round=round_id)
    look = lambda seconds: load(server, options, "openrun-watermark", seconds=seconds, round=round_id)
    join = lambda _: load(server, options, "openrun-join", first=people(size), people=size, round=round_id)
    # A server that was just started knows none of this yet.
    where(1), look(1)
    phases = {"where-am-I": where, "watermark": look, "join": join}
    return {name: [phase(seconds) for _ in range(times)] for name, phase in phases.items()}


def calls(server, options, people, lines, shops):
    """Medians of what people call in these rounds, whose inlets are shut (lines) or open (shops)."""
    runs = looks(server, options, people, options.rounds, seconds=2, round_id=",".join(lines))
    size = 2_000 if options.quick else 10_000
    runs["purchase"] = [load(server, options, "openrun-purchase", first=people(size), people=size, round=",".join(shops))
                        for _ in range(options.rounds)]
    return {name: {figure: statistics.median(run[figure] for run in found) for figure in ("p99_ms", "per_second")}
            for name, found in runs.items()}


def by_waiting(options):
    people, found = fresh_people(), {}
    with Openrun(options.disk, inlet=None) as server:
        server.open_round("line", "bench", SHUT)
        server.open_round("shop", "bench", FREE)
        here = 0
        for waiting in WAITING:
            waiting = min(waiting, options.waiting)
            if waiting > here:
                join_many(server, options, waiting - here, people(waiting - here), round="line")
            here = max(here, waiting)
            found[waiting] = calls(server, options, people, ["line"], ["shop"])
            tell(f"growth, {waiting:,} waiting: {told(found[waiting])}")
    return found


def by_rounds(options, what, program_of):
    """With so many pairs of rounds, one to wait in and one that sells, each pair of the program that is named."""
    found = {}
    for count in ROUNDS:
        people = fresh_people()
        with Openrun(options.disk, inlet=None) as server:
            for each in range(count):
                server.open_round(f"line-{each}", program_of(each), SHUT)
                server.open_round(f"shop-{each}", program_of(each), FREE)
            lines, shops = ([f"{kind}-{each}" for each in range(count)] for kind in ("line", "shop"))
            waiting = min(WAITING_IN_ALL, options.waiting)
            join_many(server, options, waiting, people(waiting), round=",".join(lines))
            found[count] = calls(server, options, people, lines, shops)
            tell(f"growth, {count} {what}: {told(found[count])}")
    return found


def told(calls):
    return ", ".join(f"{name} {run['per_second']:,.0f}/s p99 {run['p99_ms']:.1f} ms" for name, run in calls.items())


def table(found, head):
    lines = [f"| {head} | " + " | ".join(f"{name}, p99 | a second" for name in CALLS) + " |",
             "| --: |" + " --: | --: |" * len(CALLS)]
    for at, run in found.items():
        cells = " | ".join(f"{run[name]['p99_ms']:.1f} ms | {run[name]['per_second']:,.0f}" for name in CALLS)
        lines.append(f"| {at:,} | {cells} |")
    first, last = (found[at] for at in (min(found), max(found)))
    ratios = " | ".join(f"{number(last[name]['p99_ms'] / first[name]['p99_ms'])} | "
                        f"{number(last[name]['per_second'] / first[name]['per_second'])}" for name in CALLS)
    return "\n".join([*lines, f"| last ÷ first | {ratios} |"])


def write(options, command, host, waiting, rounds, programs):
    """The page and the plot beside it; a quick run is only printed."""
    panels = []
    for figure, unit in (("p99_ms", "p99 in ms"), ("per_second", "a second")):
        for found, head in ((waiting, "people waiting"), (rounds, "rounds of a program"), (programs, "programs")):
            series = {name: [(at, run[name][figure]) for at, run in found.items()] for name in CALLS}
            panels.append(plot.Panel(f"{unit}, by {head}", series))
    drawing = plot.draw(panels, "What people call, however many others there are")
    in_all = min(WAITING_IN_ALL, options.waiting)
    text = "\n".join([
        "# Growth", "", f"Written by `{command}`. Machine: {host}. Commit {commit()}; medians of {options.rounds}, "
        f"{options.connections} connections, SQLite.", "", "![](growth.svg)", "",
        "People in one line. The purchases are of another round of the same program, which lets everybody in.", "",
        table(waiting, "waiting"), "",
        f"Rounds of one program: so many lines, in which {in_all:,} people wait in all, and as many rounds that sell; every "
        "call goes to each of them by turns.", "", table(rounds, "rounds"), "",
        "The same with a program for each such pair of rounds. A program has an order, an epoch and a writer of its own: "
        "what is bought of a hundred at once comes to a hundred batches, where one program would have made one, and on "
        "SQLite they go to one file, in few transactions.", "", table(programs, "programs"), ""])
    if not options.quick:
        (HERE / "growth.svg").write_text(drawing)
        (HERE / "GROWTH.md").write_text(text)
    print(text)


def measure(options, command, host):
    of_one = by_rounds(options, "rounds", lambda each: "bench")
    of_many = by_rounds(options, "programs", lambda each: f"program-{each}")
    write(options, command, host, by_waiting(options), of_one, of_many)
