"""What becomes of openrun when more comes than it can serve (P10), and what a refusal costs (S29).

The server has one core and the generator another one, so that what is offered is offered whatever becomes of the
server; with the generator on the same cores an overload would only slow the generator down. All figures are therefore
those of a server with one core, and only their ratios mean anything.
"""

import os, sqlite3, subprocess, threading, time

from report import Goal, tell
from servers import OPENRUN, SHUT, Openrun, free_ports, load, wait_until

GOALS = {"P10", "S29"}

SERVER_CORE, GENERATOR_CORE = "0", "1"
# Just under what a store may take for a commit before it is taken for away (5 s).
STALL_S = 4.9
# People who come in a second of the storm: 20,000 of them in the time of the stall.
STORM_PER_S = 4_000
STALL_AT_S, STORM_S = 10, 30


# What the generator buys at once.
A_PURCHASE_WON = 300_000
# Payments that the narrow bank takes in a second.
RAIL_PER_S = 500


class Rail:
    """A sandbox bank, and a server of the benchmark that pays by it, so many payments a second."""

    def __init__(self, server, per_s):
        self.server = server
        [port] = free_ports(1)
        address, key = f"127.0.0.1:{port}", server.data / "rail.key"
        apart = ["taskset", "-c", GENERATOR_CORE] if (os.cpu_count() or 1) > 1 else []
        self.command = [*apart, OPENRUN, "rail", "--listen", address, "--ledger", server.data / "rail.ledger",
                        "--key-file", key]
        server.command += ["--rail", f"http:http://{address}", "--rail-key-file", key, "--rail-rate-per-s", str(per_s),
                           "--rail-confirm=false"]
        self.key = key

    def __enter__(self):
        log = open(self.server.data / "rail.log", "wb")
        self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        try:
            wait_until(self.key.exists, 10, "the bank is there")
            return self.server.__enter__()
        except BaseException:
            self.end()
            raise

    def __exit__(self, *ending):
        self.server.__exit__(*ending)
        self.end()

    def end(self):
        self.process.kill()
        self.process.wait()


class Walls:
    def __init__(self, options):
        self.options = options
        self.is_quick = options.quick
        self.apart = (os.cpu_count() or 1) > 1
        self.goals, self.notes = [], []

    def server(self, **more):
        server = Openrun(self.options.disk, **more)
        if self.apart:
            server.command = ["taskset", "-c", SERVER_CORE, *server.command]
        return server

    def load(self, server, *phase, **flags):
        before = ["taskset", "-c", GENERATOR_CORE] if self.apart else []
        return load(server, self.options, *phase, before=before, **{"threads": 1, **flags})

    def crowd(self, server, rate, people, seconds, *phase, **flags):
        """An open loop; its answer has statuses by second."""
        return self.load(server, "openrun-crowd", "--rate", str(rate), *phase, people=people, seconds=seconds, **flags)

    def measure(self):
        """Goals, and what is to be said of them."""
        peak = self.peak()
        self.notes.append("P10 and S29: server and generator on a core of their own, where there are two; peak "
                          f"{peak:,.0f} purchases a second.")
        tell(self.notes[-1])
        for part in (self.narrow_rail, lambda: self.sold_out(peak), lambda: self.storm(peak), self.price):
            self.notes.append(part())
            tell(self.notes[-1])
        return self.goals, self.notes

    def goal(self, what, value, bound, at_least=True, unit="", goal_id="P10"):
        self.goals.append(Goal(goal_id, what, [value], bound, at_least, unit))

    def peak(self):
        people = 8_000 if self.is_quick else 40_000
        with self.server() as server:
            return self.load(server, "openrun-purchase", people=people)["per_second"]

    def sold_out(self, peak):
        """Joining a round that has nothing left: the answer that most people get in the end."""
        people = 8_000 if self.is_quick else 40_000
        with self.server(stock_won=A_PURCHASE_WON) as server:
            self.load(server, "openrun-purchase", people=1)
            told = self.load(server, "openrun-join", people=people)["per_second"]
        self.goal('"sold out" answers ÷ purchases', told / peak, 1.5)
        return f"Sold out is told {told:,.0f} times a second."

    def narrow_rail(self):
        """Goodput at four times what the bank takes: it is the narrow place of a real morning. Everybody tries until
        they have an answer, and whoever is refused goes.

        Where the processor is the narrow place no server comes to 0.9: HTTP itself costs an eighth of a purchase, so
        that to refuse three people takes a third of what a sale would (see `price`), and one core of a generator
        cannot offer four times what one core of the server sells."""
        seconds = 8 if self.is_quick else 14
        sold, told = {}, {}
        for times in (0.9, 4):
            with Rail(self.server(), RAIL_PER_S) as server:
                watch = threading.Thread(target=lambda: sold.update({times: self.sold_per_s(server, seconds)}))
                watch.start()
                told[times] = self.crowd(server, RAIL_PER_S * times, int(RAIL_PER_S * times * seconds), seconds + 10,
                                         "--gives-up", "--started", str(server.data / "started"), connections=12_000,
                                         allowed=("0", "202", "503"))
                watch.join()
        answers = told[4]["answers"]
        count = lambda status: answers.get(status, {}).get("count", 0)
        self.goal("goodput at four times what the bank takes ÷ what it takes", sold[4] / RAIL_PER_S, 0.9)
        self.goal("p99 of a refusal meanwhile", answers.get("503", {}).get("p99_ms", 0.0), 100, False, " ms")
        return (f"A bank that takes {RAIL_PER_S} payments a second: offered 0.9 times that {sold[0.9]:,.0f} are sold a "
                f"second, offered four times that {sold[4]:,.0f}; answered 201 {count('201'):,}, 202 {count('202'):,}; "
                f"refused {count('503'):,}; hung up after 2 s: {count('0'):,}.")

    def sold_per_s(self, server, seconds):
        """Purchases that were paid a second, while people come; the first seconds warm up."""
        counts = []
        while not (server.data / "started").exists():
            time.sleep(0.02)
        for wait in (3, seconds - 4):
            time.sleep(wait)
            counts.append((time.monotonic(), server.purchases()))
        (began, before), (ended, after) = counts
        return (after - before) / (ended - began)

    def storm(self, peak):
        """The store stands still while people go on coming, hang up after 2 s and come again."""
        rate = min(STORM_PER_S, 0.6 * peak)
        arriving = 16 if self.is_quick else STORM_S
        with self.server() as server:
            started = server.data / "started"
            stalling = threading.Thread(target=self.stall, args=(server, started), daemon=True)
            stalling.start()
            told = self.crowd(server, rate, int(rate * arriving), arriving + 60, "--started", str(started),
                              connections=18_000, allowed=("0", "503"))
            stalling.join()
        good = [second.get("201", 0) for second in told["seconds"]]
        before = sum(good[3:STALL_AT_S]) / (STALL_AT_S - 3)
        over = STALL_AT_S + round(STALL_S)
        back = next((second - over for second in range(over, len(good)) if good[second] >= 0.9 * before), None)
        hung_up = told["answers"].get("0", {}).get("count", 0)
        refused = told["answers"].get("503", {}).get("count", 0)
        in_the_air = rate * STALL_S
        never = float("inf")
        self.goal(f"back at 90 % after the store stood still for {STALL_S} s", never if back is None else back, 10, False,
                  " s")
        return (f"The store stands still for {STALL_S} s while {rate:,.0f} people a second come ({in_the_air:,.0f} in the "
                f"air, each hangs up after 2 s and comes again): before, {before:,.0f} a second were sold; hung up "
                f"{hung_up:,} times, refused {refused:,} times; {told['done']:,} of {told['people']:,} have their voucher. "
                f"A second: {' '.join(map(str, good))}.")

    def stall(self, server, started):
        """Holds the right to write to the file, as another program would, from a moment of the storm on."""
        while not started.exists():
            time.sleep(0.02)
        time.sleep(STALL_AT_S)
        connection = sqlite3.connect(server.data / "openrun.db", isolation_level=None, timeout=10)
        connection.execute("begin immediate")
        time.sleep(STALL_S)
        connection.execute("rollback")
        connection.close()

    def price(self):
        """Processor time of the server for a join, for a refusal at the door, and for a look at a document."""
        people, seconds = (8_000, 2) if self.is_quick else (40_000, 4)
        with self.server(inlet=SHUT) as server:
            join = self.cpu(server, "openrun-join", people=people)
            look = self.cpu(server, "openrun-watermark", seconds=seconds)
            hour = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3_600))
            server.admin("PUT", "suspensions", {"reason": "benchmark", "suspensions": [
                {"feature": "sign_up", "until": hour, "message": {"ko": "측정", "en": "benchmark"}}]})
            no = self.cpu(server, "post", "/v1/people", seconds=seconds, allowed=("409",))
        self.goal("a refusal at the door ÷ a join, in processor time above HTTP itself",
                  (no - look) / (join - look) * 100, 10, False, " %", "S29")
        return (f"The price of a refusal (S29), in microseconds of the server's processor: at the door {no:.1f}, a join "
                f"{join:.1f} ({no / join:.0%}), of which HTTP itself, as for a document that is ready, takes {look:.1f}.")

    def cpu(self, server, *phase, **flags):
        before = server.processor_s()
        told = self.load(server, *phase, **flags)
        return (server.processor_s() - before) / told["requests"] * 1e6
