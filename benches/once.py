"""What is measured by another program of ours: the whole morning of 14 July 2022 (P9), decisions of the core (P12) and
the chain over the journal (P13)."""

import json, statistics, subprocess

from report import Goal, tell
from servers import DECISIONS, OPENRUN, Openrun

GOALS = {"P9", "P12", "P13"}
SCENARIO, STOCK_WON = "seoul-2022-07-14", 25_000_000_000


def morning(options):
    """200,000 people through sockets, the generator beside the server; the rehearsal judges every won."""
    scale = 0.1 if options.quick else 1
    seconds, bought = [], []
    # Half a minute each.
    for _ in range(min(options.rounds, 2)):
        # A rehearsal is refused where somebody sells.
        with Openrun(options.disk, inlet=None) as server:
            done = subprocess.run(
                [OPENRUN, "rehearse", "--scenario", SCENARIO, "--scale", str(scale), "--target",
                 f"http://{server.address}", "--ops", server.ops, "--data", server.data, "--json", "--report",
                 server.data / "report.html"], capture_output=True, text=True)
            if done.returncode not in (0, 4):
                raise SystemExit(f"benches/run: the rehearsal: {done.stdout[-1500:]}{done.stderr[-1500:]}")
            verdict = json.loads(done.stdout)
        if verdict["bought_won"] != STOCK_WON * scale:
            raise SystemExit(f"benches/run: the rehearsal sold {verdict['bought_won']:,} won")
        seconds.append(sum(verdict["first_join_to_last_purchase_s"]))
        bought.append(verdict)
        tell(f"14 July 2022: {seconds[-1]:.1f} s")
    last = bought[-1]
    return Goal("P9", f"14 July 2022, {last['people']:,} people, {last['bought_won']:,} won sold to the won to "
                f"{last['buyers']:,} buyers, generator included", seconds, 15, False, " s")


def core(options, goals, purchases_per_s):
    """P12, and P13 where it is known how many purchases a second the whole machine makes."""
    command = [DECISIONS, "--rounds", str(max(options.rounds, 3))]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    found = []
    million = lambda name: [value / 1e6 for value in told[name]]
    if "P12" in goals:
        for name, what in (("purchases_decided_per_s", "a purchase decided (limit, pass, stock)"),
                           ("purchases_applied_per_s", "a purchase decided and applied, of a new person"),
                           ("joins_decided_per_s", "a join decided"),
                           ("joins_applied_per_s", "a join decided and applied, of a new person")):
            found.append(Goal("P12", f"{what}, a second on one core", million(name), 2, True, " M"))
    if "P13" in goals and purchases_per_s:
        nanos = statistics.median(told["chain_ns_per_event"])
        shares = [value / (1e9 / purchases_per_s) * 100 for value in told["chain_ns_per_event"]]
        found.append(Goal("P13", f"the chain over the journal for a purchase's event ({nanos:,.0f} ns, in batches of 64) "
                          f"÷ a purchase of P1 ({1e6 / purchases_per_s:.1f} µs)", shares, 5, False, " %"))
    return found
