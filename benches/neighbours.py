"""Two programs in one server: one is flooded tenfold while people buy of the other and pay with its vouchers (P11).

An open loop: buyers and payers come at a steady rate whatever becomes of those before them. Quiet and flooded are
measured in turn, so that both see the same machine. Flood, server and generator share the processor: this is the worst
case, and what is said of the server holds for a flood that comes from elsewhere all the more.
"""

import statistics, threading, time

from report import Goal, tell
from servers import FREE, SHUT, Openrun, load

GOALS = {"P11"}
PER_S = 100
# People who join the other program's round in a second, on an ordinary day.
ORDINARY_PER_S = 200
FLOOD = 10
SECONDS = 8
NEIGHBOUR, FLOODED = "quiet", "busy"
CROWDS = ("a purchase", "a spend")


class Pair:
    def __init__(self, options):
        self.options = options
        self.seconds = 3 if options.quick else SECONDS
        self.next_person = 0

    def people(self, count):
        first = self.next_person
        self.next_person += count
        return first

    def measure(self):
        ratios, odd = {what: [] for what in CROWDS}, 0
        with Openrun(self.options.disk, inlet=None) as server:
            server.open_round(NEIGHBOUR, NEIGHBOUR, FREE)
            server.open_round(FLOODED, FLOODED, SHUT)
            # The samples of merchants follow the regions of programs.
            time.sleep(2)
            p99s = []
            for turn in range(self.options.rounds):
                quiet, flooded = (self.turn(server, times) for times in (1, FLOOD))
                for what in CROWDS:
                    ratios[what].append(flooded[what]["p99_ms"] / quiet[what]["p99_ms"])
                    p99s.append((what, quiet[what]["p99_ms"], flooded[what]["p99_ms"]))
                    odd += flooded[what]["odd"] + quiet[what]["odd"]
                    tell(f"P11 round {turn + 1}: {what}: p99 {quiet[what]['p99_ms']:.1f} ms quiet, "
                         f"{flooded[what]['p99_ms']:.1f} ms flooded")
        goals = []
        for what in CROWDS:
            before, after = (statistics.median(each[at] for each in p99s if each[0] == what) for at in (1, 2))
            goals.append(Goal("P11", f"p99 of {what} of one program while another's joins come tenfold "
                              f"({ORDINARY_PER_S * FLOOD:,} a second) ÷ quiet ({after:.1f} and {before:.1f} ms)",
                              ratios[what], 1.2, False))
        goals.append(Goal("P11", "answers of the neighbour that were no 201", [odd], 0, False))
        return goals

    def turn(self, server, times):
        """Percentiles of those who buy and of those who pay, while so many times the ordinary crowd joins next door."""
        told, marks = {}, [server.data / f"{name}-{time.monotonic_ns()}" for name in ("buy", "spend", "flood", "go")]
        buy, spend, flood, go = marks
        count = PER_S * self.seconds

        def crowd(name, wish, ready, round_id, rate, people, first, go):
            more = ["--go", str(go)] if go else []
            try:
                told[name] = load(server, self.options, "openrun-crowd", "--wish", wish, "--rate", str(rate),
                                  "--started", str(ready), *more, round=round_id, people=people, first=first, threads=1,
                                  seconds=self.seconds + 20, connections=1_000, allowed=("0", "503"))
            except SystemExit as fault:
                # A thread would end without a word.
                tell(fault)

        crowds = [("a purchase", "purchase", buy, NEIGHBOUR, PER_S, count, self.people(count), go),
                  ("a spend", "spend", spend, NEIGHBOUR, PER_S, count, self.people(count), go)]
        rate, flood_s = ORDINARY_PER_S * times, self.seconds + 2
        crowds.append(("flood", "join", flood, FLOODED, rate, rate * flood_s, self.people(rate * flood_s), None))
        threads = [threading.Thread(target=crowd, args=each) for each in crowds]
        for thread in threads[:2]:
            thread.start()
        wait_for(threads, buy, spend)
        threads[2].start()
        wait_for(threads[2:], flood)
        time.sleep(1)
        go.touch()
        for thread in threads:
            thread.join()
        if len(told) < len(crowds):
            raise SystemExit("benches/run: a crowd failed; what it said stands above")
        return {what: self.percentiles(told[what], count) for what in CROWDS}

    def percentiles(self, told, count):
        good = told["answers"].get("201", {"count": 0, "p99_ms": float("inf")})
        others = sum(answers["count"] for status, answers in told["answers"].items() if status != "201")
        return {"p99_ms": good["p99_ms"], "odd": others + count - good["count"]}


def wait_for(threads, *marks):
    deadline = time.monotonic() + 60
    while not all(mark.exists() for mark in marks):
        if time.monotonic() > deadline or not any(thread.is_alive() for thread in threads):
            raise SystemExit("benches/run: a crowd did not get ready; what it said stands above")
        time.sleep(0.01)
