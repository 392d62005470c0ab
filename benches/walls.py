"""What becomes of openrun when more comes than it can serve (P10), and what a refusal costs (S29).

The server has one core and the generator another one, so that what is offered is offered whatever becomes of the
server; with the generator on the same cores an overload would only slow the generator down. All figures are therefore
those of a server with one core, and only their ratios mean anything.
"""

import os, sqlite3, sys, threading, time
from pathlib import Path

SERVER_CORE, GENERATOR_CORE = "0", "1"
# Just under what a store may take for a commit before it is taken for away (5 s).
STALL_S = 4.9
# People who come in a second of the storm: 20,000 of them in the time of the stall.
STORM_PER_S = 4_000
STALL_AT_S, STORM_S = 10, 30


class Walls:
    """`bench` is benches/run itself: its servers and its generator."""

    def __init__(self, bench, options):
        self.bench, self.options = bench, options
        self.is_quick = options.quick
        self.apart = (os.cpu_count() or 1) > 1

    def server(self, **more):
        server = self.bench["Openrun"](self.options.disk, **more)
        if self.apart:
            server.command = ["taskset", "-c", SERVER_CORE, *server.command]
        return server

    def load(self, server, *phase, **flags):
        before = self.options.before_load
        self.options.before_load = ["taskset", "-c", GENERATOR_CORE] if self.apart else []
        try:
            return self.bench["load"](server, self.options, *phase, **{"threads": 1, **flags})
        finally:
            self.options.before_load = before

    def crowd(self, server, rate, people, seconds, *phase, **flags):
        """An open loop; its answer has statuses by second."""
        return self.load(server, "openrun-crowd", "--rate", str(rate), *phase, people=people, seconds=seconds, **flags)

    def measure(self):
        peak = self.peak()
        print(f"overload: peak {peak:,.0f}/s on one core", file=sys.stderr, flush=True)
        lines = [f"Overload (P10), server and generator on a core of their own; peak {peak:,.0f} purchases a second."]
        for part in (lambda: self.four_times(peak), lambda: self.storm(peak), self.price):
            lines.append(part())
            print(lines[-1], file=sys.stderr, flush=True)
        return lines

    def peak(self):
        people = 8_000 if self.is_quick else 40_000
        with self.server() as server:
            return self.load(server, "openrun-purchase", people=people)["per_second"]

    def four_times(self, peak):
        """Goodput at four times the peak: everybody tries once, and whoever is refused goes."""
        rate, arriving = 4 * peak, 2 if self.is_quick else 5
        with self.server() as server:
            told = self.crowd(server, rate, int(rate * arriving), arriving + 20, "--gives-up", connections=12_000,
                              allowed=("0", "503"))
        bought = told["answers"].get("201", {})
        # Until all who came are served or gone; the first second warms up, and the last is not whole.
        inner = told["seconds"][1:-1] or told["seconds"]
        goodput = sum(second.get("201", 0) for second in inner) / len(inner)
        refused, hung_up = told["answers"].get("503", {}), told["answers"].get("0", {})
        return (f"- Offered {rate:,.0f} a second: goodput {goodput:,.0f} a second, **{goodput / peak:.2f}** of the peak "
                f"(goal >= 0.9); bought {bought.get('count', 0):,}, p99 {bought.get('p99_ms', 0):,.0f} ms; refused "
                f"{refused.get('count', 0):,}, p99 {refused.get('p99_ms', 0):,.0f} ms (goal 100 ms); hung up after 2 s: "
                f"{hung_up.get('count', 0):,}.")

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
        return (f"- The store stands still for {STALL_S} s while {rate:,.0f} people a second come ({in_the_air:,.0f} in the "
                f"air, each hangs up after 2 s and comes again): back at 90 % of {before:,.0f} a second **{back} s** after "
                f"the end (goal 10 s); hung up {hung_up:,} times, refused {refused:,} times; {told['done']:,} of "
                f"{told['people']:,} have their voucher. A second: {' '.join(map(str, good))}.")

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
        with self.server(rate_per_s=1, max_active=1) as server:
            join = self.cpu(server, "openrun-join", people=people)
            look = self.cpu(server, "openrun-watermark", seconds=seconds)
            token = server.staff_token()
            hour = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3_600))
            server.admin(token, "PUT", "suspensions", {"reason": "benchmark", "suspensions": [
                {"feature": "sign_up", "until": hour, "message": {"ko": "측정", "en": "benchmark"}}]})
            no = self.cpu(server, "post", "/v1/people", seconds=seconds, allowed=("409",))
        return (f"- The price of a refusal (S29), in microseconds of the server's processor: at the door {no:.1f}, a join "
                f"{join:.1f} ({no / join:.0%}), of which HTTP itself, as for a document that is ready, takes {look:.1f}. "
                f"Above HTTP itself: **{(no - look) / (join - look):.0%}** (goal <= 10 %).")

    def cpu(self, server, *phase, **flags):
        before = processor_s(server)
        told = self.load(server, *phase, **flags)
        return (processor_s(server) - before) / told["requests"] * 1e6


def processor_s(server):
    """Seconds of processor that the server has used."""
    # taskset becomes what it starts: the process is the server itself.
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
    ticks = int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
