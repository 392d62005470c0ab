"""A million people in line on one server: what they weigh (P6), whether those who ask feel them (P7), and how long the
server takes to be back with them after kill -9, with as many purchases beside them (P8)."""

import statistics, time

from growth import FEW, fresh_people, looks
from report import Goal, tell
from servers import FREE, SHUT, Openrun, join_many, load

MIB = 1024 * 1024
GOALS = {"P6", "P7", "P8"}
# People who buy are others than those who wait.
BUYERS_FROM = 100_000_000
TIMES = 3


def measure(options, goals):
    """Goals and notes. The server is filled once for all of them."""
    found, notes = [], []
    people = fresh_people()
    with Openrun(options.disk, inlet=SHUT) as server:
        load(server, options, "openrun-watermark", seconds=1)
        idle = server.resident_bytes()
        join_many(server, options, FEW, people(FEW))
        small = looks(server, options, people, TIMES, seconds=2) if "P7" in goals else None
        join_many(server, options, options.waiting - FEW, people(options.waiting))
        time.sleep(2)
        above = server.resident_bytes() - idle
        # Looks made people join, too.
        in_line = people(0)
        tell(f"{in_line:,} people wait: {above / MIB:.0f} MiB")
        if "P6" in goals:
            found.append(Goal("P6", f"memory of {in_line:,} who wait, above {idle / MIB:.0f} MiB of an idle "
                              f"server ({above / in_line:.0f} bytes each)", [above / MIB],
                              200 * in_line / 1_000_000, False, " MiB"))
        if small:
            large = looks(server, options, people, TIMES, seconds=2)
            for name in small:
                before, after = (statistics.median(run["p99_ms"] for run in runs[name]) for runs in (small, large))
                found.append(Goal("P7", f"p99 of {name} with {options.waiting:,} waiting ÷ with {FEW:,} "
                                  f"({after:.1f} and {before:.1f} ms)", [after / before], 1.2, False))
        if "P8" in goals:
            goal, note = restart(server, options)
            found.append(goal)
            notes.append(note)
    return found, notes


def restart(server, options):
    """As many buy in another round of the program as wait in this one; then the server is killed and started."""
    server.open_round("shop", "bench", FREE)
    at_once = 200_000
    for first in range(0, options.waiting, at_once):
        load(server, options, "openrun-purchase", round="shop", first=BUYERS_FROM + first,
             people=min(at_once, options.waiting - first))
        tell(f"P8: {min(first + at_once, options.waiting):,} have bought")
    # Joins are answered before they are durable; what counts here is a store that holds them all.
    time.sleep(1)
    bought = server.purchases("shop")
    server.kill()
    started = time.monotonic()
    server.start()
    took = time.monotonic() - started
    kept = server.purchases("shop")
    if (bought, kept) != (options.waiting, options.waiting):
        raise SystemExit(f"benches/run: {options.waiting} were to buy, {bought} did, {kept} are there after kill -9")
    goal = Goal("P8", f"restart after kill -9 with {options.waiting:,} waiting and as many purchases on SQLite, to "
                "`/readyz`", [took], 5, False, " s")
    return goal, (f"P8: every one of {kept:,} purchases was there after kill -9. On PostgreSQL: `OPENRUN_LONG=1 "
                  "OPENRUN_TEST_STORE=postgres cargo test --release --test crash recovery -- --nocapture`.")
