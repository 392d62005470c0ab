"""How long a join that was answered waits until it is in the store (P4): it is answered before that.

By what the server says of itself ten times a second while new people come: what is decided and not yet written, over
what is written in a second.
"""

import re, threading, time, urllib.request

from report import Goal, tell
from servers import SHUT, Openrun, load

STREAM, EVERY_S = "program:bench", 0.1


def measure(options):
    values = []
    for _ in range(options.rounds):
        with Openrun(options.disk, inlet=SHUT) as server:
            samples, over = [], threading.Event()
            watch = threading.Thread(target=sample, args=(server, samples, over))
            watch.start()
            load(server, options, "openrun-join", people=options.joiners)
            over.set()
            watch.join()
        # Reading costs little and is not for nothing: the rate of joins is measured without it.
        came = [each for each in samples if each["written"] > samples[0]["written"]]
        if len(came) < 2:
            raise SystemExit("benches/run: joins were over before they could be watched")
        first, last = came[0], came[-1]
        written_per_s = (last["written"] - first["written"]) / (last["at"] - first["at"])
        values.append(max(each["queue"] for each in came) / written_per_s * 1000)
        tell(f"joins are durable within {values[-1]:.0f} ms ({written_per_s:,.0f} events a second)")
    return Goal("P4", "the longest until a join is durable (events decided and not written ÷ events written a second)",
                values, 100, False, " ms")


def sample(server, samples, over):
    while not over.is_set():
        with urllib.request.urlopen(f"{server.ops}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        samples.append({"at": time.monotonic(), "queue": figure(text, "openrun_committer_queue_events"),
                        "written": figure(text, "openrun_commit_batch_events_sum")})
        time.sleep(EVERY_S)


def figure(text, name):
    """Of the stream where it has that label, else of all of them."""
    rows = re.findall(rf"^{name}(\{{[^}}]*\}})? (\S+)$", text, re.MULTILINE)
    own = [value for labels, value in rows if STREAM in labels] or [value for _, value in rows]
    return sum(float(value) for value in own)
