"""What becomes of openrun when more comes than it can serve (P10), and what a refusal costs (S29).

The server has one core and the generator another one, so that what is offered is offered whatever becomes of the
server; with the generator on the same cores an overload would only slow the generator down. All figures are therefore
those of a server with one core, and only their ratios mean anything.
"""

import json, os, sqlite3, subprocess, sys, threading, time, urllib.request
from pathlib import Path

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

    def __init__(self, server, bench, per_s):
        self.server, self.bench = server, bench
        [port] = bench["free_ports"](1)
        address, key = f"127.0.0.1:{port}", server.data / "rail.key"
        apart = ["taskset", "-c", GENERATOR_CORE] if (os.cpu_count() or 1) > 1 else []
        self.command = [*apart, bench["OPENRUN"], "rail", "--listen", address, "--ledger", server.data / "rail.ledger",
                        "--key-file", key]
        server.command += ["--rail", f"http:http://{address}", "--rail-key-file", key, "--rail-rate-per-s", str(per_s),
                           "--rail-confirm=false"]
        self.key = key

    def __enter__(self):
        log = open(self.server.data / "rail.log", "wb")
        self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        try:
            self.bench["wait_until"](self.key.exists, 10, "the bank is there")
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
        for part in (self.narrow_rail, lambda: self.sold_out(peak), lambda: self.storm(peak), self.price):
            lines.append(part())
            print(lines[-1], file=sys.stderr, flush=True)
        return lines

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
        return (f"- Sold out is told {told:,.0f} times a second, **{told / peak:.1f}** times the purchases (goal >= 1.5).")

    def narrow_rail(self):
        """Goodput at four times what the bank takes: it is the narrow place of a real morning. Everybody tries until
        they have an answer, and whoever is refused goes.

        Where the processor is the narrow place no server comes to 0.9: HTTP itself costs an eighth of a purchase, so
        that to refuse three people takes a third of what a sale would (see `price`), and one core of a generator
        cannot offer four times what one core of the server sells."""
        seconds = 8 if self.is_quick else 20
        sold, told = {}, {}
        for times in (0.9, 4):
            with Rail(self.server(), self.bench, RAIL_PER_S) as server:
                watch = threading.Thread(target=lambda: sold.update({times: self.sold_per_s(server, seconds)}))
                watch.start()
                told[times] = self.crowd(server, RAIL_PER_S * times, int(RAIL_PER_S * times * seconds), seconds + 10,
                                         "--gives-up", "--started", str(server.data / "started"), connections=12_000,
                                         allowed=("0", "202", "503"))
                watch.join()
        answers = told[4]["answers"]
        count = lambda status: answers.get(status, {}).get("count", 0)
        return (f"- A bank that takes {RAIL_PER_S} payments a second: offered 0.9 times that {sold[0.9]:,.0f} are sold a "
                f"second, offered four times that {sold[4]:,.0f}, **{sold[4] / RAIL_PER_S:.2f}** of what it takes (goal >= "
                f"0.9); answered 201 {count('201'):,}, 202 {count('202'):,}; refused {count('503'):,}, p99 "
                f"{answers.get('503', {}).get('p99_ms', 0):,.0f} ms (goal 100 ms); hung up after 2 s: {count('0'):,}.")

    def sold_per_s(self, server, seconds):
        """Purchases that were paid a second, while people come; the first seconds warm up."""
        token, counts = server.staff_token(), []
        while not (server.data / "started").exists():
            time.sleep(0.02)
        for wait in (3, seconds - 4):
            time.sleep(wait)
            ask = urllib.request.Request(f"{server.ops}/v1/admin/rounds/bench",
                                         headers={"Authorization": f"Bearer {token}"})
            with urllib.request.urlopen(ask, timeout=5) as answer:
                counts.append((time.monotonic(), json.load(answer)["purchases"]))
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
