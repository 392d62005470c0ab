"""What a second holds: purchases, joins and looks beside their peers, in turn, and their ratios (P1-P5)."""

import statistics

from postgres import CLIENTS, WAYS
from report import Figure, Goal, tell
from servers import FREE, SHUT, Openrun, Peer, load, memory_disk

# A disk in a cloud.
SLOW_FLUSH_MS = 2

MEASURES = {
    "bare-post": "bare actix-web: POST 111 B, answer 200 B",
    "bare-hs256": "bare actix-web: the same with a JWT HS256 check",
    "purchase": "openrun: durable purchases on SQLite",
    "purchase-free-flush": "openrun: purchases, store on a memory disk (a flush costs nothing)",
    "peer-a": "peer A: HTTP, pool of 8, one PL/pgSQL function",
    "purchase-pg": "openrun: durable purchases on PostgreSQL",
    "peer-a-slow": f"peer A, a flush takes {SLOW_FLUSH_MS} ms more",
    "purchase-pg-slow": f"openrun on PostgreSQL, a flush takes {SLOW_FLUSH_MS} ms more",
    "purchase-pg-64": "openrun on PostgreSQL, 64 connections",
    "purchase-pg-1024": "openrun on PostgreSQL, 1,024 connections",
    **{f"peer-b-{way}": f"peer B: the same SQL by pgbench, {CLIENTS} clients: {what}" for way, what in WAYS.items()},
    "join": "openrun: joins of new people, who wait",
    "join-and-turn": "openrun: joins of new people, who have their turn at once and get the signed pass",
    "bare-get": "bare actix-web: GET of 180 static bytes",
    "where": "openrun: where-am-I",
    "bare-document": "bare actix-web: GET of as many bytes as the watermark document",
    "watermark": "openrun: watermark document",
}
# Measured one after the other within a round, so that each stands beside what it is divided by.
ORDER = ["bare-post", "purchase-pg-64", "purchase-pg-1024", "peer-a", "purchase-pg", "bare-hs256", "purchase",
         "purchase-free-flush", "join", "join-and-turn", "peer-a-slow", "purchase-pg-slow", *(f"peer-b-{way}" for way in WAYS),
         "bare-get", "where", "bare-document", "watermark"]
# What can be asked for ever is measured in short turns, so that both sides see the same seconds of a machine that drifts.
IN_TURN = {"bare-get": "where", "bare-document": "watermark"}
BURSTS = 4
BARE = {"bare-post": ("post", "/bare"), "bare-hs256": ("post", "/hs256"), "bare-get": ("get", "/static"),
        "bare-document": ("get", "/document")}
FASTER, SLOWEST = "per_second", "p99_ms"
# Goal, what, measured, divided by, which figure, bound, at least (or at most).
RATIOS = [
    ("P1", "durable purchases on PostgreSQL ÷ peer A", "purchase-pg", "peer-a", FASTER, 12, True),
    ("P1b", f"the same, a flush takes {SLOW_FLUSH_MS} ms more", "purchase-pg-slow", "peer-a-slow", FASTER, 70, True),
    ("P1c", "p99 of a purchase ÷ that of peer A", "purchase-pg", "peer-a", SLOWEST, 0.1, False),
    ("P1c", "purchases at 1,024 connections ÷ at 64", "purchase-pg-1024", "purchase-pg-64", FASTER, 1.0, True),
    ("P2", "durable purchases on PostgreSQL ÷ bare actix-web with HS256", "purchase-pg", "bare-hs256", FASTER, 0.60, True),
    ("P2", "durable purchases on SQLite ÷ bare actix-web with HS256", "purchase", "bare-hs256", FASTER, 0.65, True),
    ("P2", "durable purchases on SQLite ÷ with a free flush", "purchase", "purchase-free-flush", FASTER, 0.85, True),
    ("P3", "watermark document ÷ bare GET of the same size", "watermark", "bare-document", FASTER, 0.95, True),
    ("P4", "joins of new people ÷ bare actix-web with HS256", "join", "bare-hs256", FASTER, 0.75, True),
    ("P5", "where-am-I ÷ bare GET", "where", "bare-get", FASTER, 0.80, True),
]
GOALS = {goal_id for goal_id, *_ in RATIOS}


def chosen(goals, words):
    """The names to measure, in order, for these goals and words in names."""
    named = {name for name in ORDER if any(word in name for word in words)}
    wanted = [row for row in RATIOS if row[0] in goals or (words and row[2] in named)]
    names = named.union(*({measured, over} for _, _, measured, over, *_ in wanted)) if wanted else named
    if "P1" in goals:
        names |= {name for name in ORDER if name.startswith("peer-b")}
    if {"P2", "P4"} & goals:
        names.add("bare-post")
    if "P4" in goals:
        names.add("join-and-turn")
    return [name for name in ORDER if name in names]


def needs_postgres(name):
    return name.startswith(("purchase-pg", "peer-a", "peer-b"))


class Speed:
    def __init__(self, options, cluster):
        self.options, self.cluster = options, cluster

    def measure(self, names):
        """Goals and figures of these names, all of them in turn and then again."""
        if not self.cluster:
            names = [name for name in dict.fromkeys(names) if not needs_postgres(name)]
        if not names:
            return [], []
        with Openrun(self.options.disk) as server:
            document_bytes = server.document_bytes()
        runs = {name: [] for name in names}
        with Peer(document_bytes) as peer:
            for turn in range(self.options.rounds):
                for name in names:
                    # Nothing is divided by peer B: once is enough.
                    if turn and name.startswith("peer-b"):
                        continue
                    for measured, run in self.some(name, peer):
                        runs.setdefault(measured, []).append(run)
                        tell(f"round {turn + 1}  {measured:20} {run['per_second']:10,.0f}/s  p50 {run['p50_ms']:6.1f} ms"
                             f"  p99 {run['p99_ms']:6.1f} ms")
        goals = [goal for row in RATIOS if (goal := ratio(runs, row))]
        return goals, [Figure(name, what, runs[name]) for name, what in MEASURES.items() if runs.get(name)]

    def some(self, name, peer):
        """What was measured, and its run: of one name, or of two in turn."""
        if name in IN_TURN:
            yield from self.in_turn(name, IN_TURN[name], peer)
        elif name not in IN_TURN.values() and (run := self.one(name, peer)):
            yield name, run

    def in_turn(self, bare, name, peer):
        """Both, again and again. Everybody who asks is waiting."""
        with Openrun(self.options.disk, inlet=SHUT) as server:
            if name == "watermark":
                load(server, self.options, "openrun-join")
            for _ in range(BURSTS):
                yield bare, load(peer, self.options, *BARE[bare], seconds=1)
                yield name, load(server, self.options, f"openrun-{name}", seconds=1)

    def one(self, name, peer):
        if name in BARE:
            return load(peer, self.options, *BARE[name])
        if name.startswith("peer-b"):
            return self.cluster.peer_b(name.removeprefix("peer-b-"), self.options.seconds)
        if needs_postgres(name):
            return self.on_postgres(name)
        if name == "purchase-free-flush":
            return self.purchases(memory_disk()) if memory_disk() else None
        if name == "purchase":
            return self.purchases(self.options.disk)
        # In a rush almost everybody waits. Who need not gets a pass with the place, whose signature (Ed25519, so that
        # channels can check it) takes longer than all the rest.
        with Openrun(self.options.disk, inlet=SHUT if name == "join" else FREE) as server:
            return load(server, self.options, "openrun-join", people=self.options.joiners)

    def on_postgres(self, name):
        with self.cluster.database(SLOW_FLUSH_MS if name.endswith("-slow") else 0) as url:
            if name.startswith("peer-a"):
                with Peer(database=url) as peer:
                    # Each person buys once: more than can be served in the time.
                    return load(peer, self.options, "post", "/classic", "--keyed", people=self.options.buyers)
            connections = name.rsplit("-", 1)[1]
            more = {"connections": connections} if connections.isdigit() else {}
            return self.purchases(self.options.disk, store=url, **more)

    def purchases(self, folder, store=None, **more):
        with Openrun(folder, store=store) as server:
            return load(server, self.options, "openrun-purchase", people=self.options.buyers, **more)


def ratio(runs, row):
    goal_id, what, name, over, figure, bound, at_least = row
    pairs = zip(runs.get(name, []), runs.get(over, []))
    values = [one[figure] / other[figure] for one, other in pairs]
    return Goal(goal_id, what, values, bound, at_least) if values else None


def median(figures, name):
    """The median of what was measured under a name, a second; nothing where it was not."""
    runs = [figure.runs for figure in figures if figure.name == name]
    return statistics.median(run["per_second"] for run in runs[0]) if runs else None
