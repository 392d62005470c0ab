"""A running sale: a server, a sandbox rail with faults, virtual people, and a Prometheus that scrapes it."""
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

from questions import SCRAPE_S, Prometheus
from world import read, wait_for

GRAFANA = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "grafana")
# Faults of the rail, so that every panel about money has something to show; each is over within seconds.
RAIL_MODES = "decline=8,drop_answer=4,500_after=3,garble=2,latency=20"
SALE_SECONDS_MAX = 60
# The rules are tried as they stand, but so many times faster: no alert takes longer than a sale of a minute.
HASTE = 6
# A round of which one person at a time may have their turn, and three come: its line stands.
STALLED = "rehearsal-stalled"
PROGRAM = {"name": {"ko": "시험", "en": "Test"}, "issuer": "test",
           "rules": {"effective_from": "2022-01-01T00:00:00+09:00", "discount_bps": 700, "unit_won": 10000,
                     "monthly_limit_won": 400000, "holding_limit_won": 1000000, "refund_threshold_bps": 6000,
                     "regions": ["seoul"], "channels": ["seoul-pay"]}}
ROUND = {"program_id": STALLED, "name": {"ko": "시험", "en": "Test"}, "order": "fifo", "rejoin": "keep",
         "lobby_opens_at": "2022-07-28T09:30:00+09:00",
         "windows": [{"id": "everyone", "eligibility": "all", "opens_at": "2022-07-28T10:00:00+09:00",
                      "closes_at": "2099-07-28T23:59:59+09:00", "stock_won": 1000000}],
         "inlet": {"rate_per_s": 1000, "max_active": 1, "claim_window_s": 300, "pass_ttl_s": 600}}


class Sale:
    """A server, a sandbox rail with faults, and a Prometheus that scrapes the server each second."""

    def __init__(self, openrun, folder):
        self.openrun, self.folder, self.children = openrun, folder, []
        self.since = time.time()
        self.prometheus = None

    def begin(self):
        """Starts all three. Whatever comes of it, `stop` ends what runs."""
        folder = self.folder
        _, said = self.start("rail", "--listen", "127.0.0.1:0", "--ledger", f"{folder}/rail.ledger", "--mode", RAIL_MODES)
        address = said(r"^listening on (http://\S+)")
        key = said(r"^key file (\S+)")
        self.server, said = self.start(
            "serve", "--dev", "--data", folder, "--public", "127.0.0.1:0", "--ops", "127.0.0.1:0", "--log-format", "json",
            "--rail", f"http:{address}", "--rail-key-file", key, "--rail-finality-s", "5")
        ready = json.loads(said(r'^(\{.*"ops":.*\})\s*$'))
        self.public, self.ops = f"http://{ready['public']}", f"http://{ready['ops']}"
        self.prometheus = Prometheus(folder, self.config(ready["ops"]))
        self.prometheus.wait_until_ready()

    def start(self, command, *arguments):
        """Starts a command of the program; answers with it and with a function that waits for a line of its output."""
        path = os.path.join(self.folder, f"{command}.log")
        with open(path, "w", encoding="utf-8") as log:
            child = subprocess.Popen([self.openrun, command, *arguments], stdout=log, stderr=subprocess.STDOUT,
                                     stdin=subprocess.DEVNULL)
        self.children.append(child)

        def said(pattern):
            found = []

            def look():
                if child.poll() is not None:
                    sys.exit(f"openrun {command} ended:\n{open(path, encoding='utf-8').read()[-3000:]}")
                found[:] = re.findall(pattern, open(path, encoding="utf-8").read(), re.M)
                return bool(found)

            wait_for(look, 30, f"openrun {command} did not say {pattern}")
            return found[0]

        return child, said

    def config(self, ops):
        """grafana/prometheus.yml as it stands, but for address and pace."""
        rules = os.path.join(self.folder, "openrun.rules.yml")
        text = open(os.path.join(GRAFANA, "alerts", "openrun.rules.yml"), encoding="utf-8").read()
        with open(rules, "w", encoding="utf-8") as out:
            out.write(hurried(replaced(text, "interval: 5s", f"interval: {SCRAPE_S}s")))
        text = open(os.path.join(GRAFANA, "prometheus.yml"), encoding="utf-8").read()
        text = replaced(text, "_interval: 5s", f"_interval: {SCRAPE_S}s")
        text = replaced(text, "alerts/openrun.rules.yml", rules)
        return replaced(text, "127.0.0.1:8081", ops)

    def rehearse(self, scenario, scale, pace):
        try:
            done = subprocess.run(
                [self.openrun, "rehearse", "--scenario", scenario, "--scale", scale, "--pace", pace, "--data", self.folder,
                 "--target", self.public, "--ops", self.ops, "--report", f"{self.folder}/{scenario}.html"],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SALE_SECONDS_MAX, check=False)
        except subprocess.TimeoutExpired:
            sys.exit(f"FAILED: the rehearsal of {scenario} is not over after {SALE_SECONDS_MAX} s")
        # 4 is a missed threshold: a slow machine is not what is tested here.
        if done.returncode not in (0, 4):
            sys.exit(f"the rehearsal of {scenario} ended with {done.returncode}:\n{done.stdout[-4000:]}")

    def token(self, *arguments):
        made = subprocess.run([self.openrun, "token", *arguments, "--data", self.folder], stdout=subprocess.PIPE, text=True,
                              check=True, timeout=20)
        return made.stdout.strip()

    def stall(self):
        """Opens a round whose line stands: who has the only turn does not buy."""
        staff = self.token("admin", "--role", "operator")
        admin = f"{self.ops}/v1/admin"
        call("PUT", f"{admin}/programs/{STALLED}", staff, PROGRAM)
        call("PUT", f"{admin}/rounds/{STALLED}", staff, ROUND)
        # It opens by the clock: its window has begun long ago.
        call("POST", f"{admin}/rounds/{STALLED}/schedule", staff, {"reason": "tests/dashboards"})
        wait_for(lambda: json.loads(read(f"{self.public}/v1/rounds/{STALLED}"))["state"] == "open", 20, "it does not open")
        for person in ("one", "two", "three"):
            token = self.token("person", "--person", person, "--channel", "seoul-pay", "--birthdate", "1990-01-01")
            call("POST", f"{self.public}/v1/people", token, {"accepted_terms": True, "account": "110-000-000000"})
            call("POST", f"{self.public}/v1/rounds/{STALLED}/tickets", token, {})

    def listen(self):
        """Reads the first round's event stream, as one of the crowd, until the server is gone."""
        rounds = []

        def look():
            rounds[:] = (json.loads(read(f"{self.public}/v1/rounds") or '{"rounds": []}'))["rounds"]
            return bool(rounds)

        wait_for(look, SALE_SECONDS_MAX, "no round to listen to")
        try:
            with urllib.request.urlopen(f"{self.public}/v1/rounds/{rounds[-1]['id']}/events", timeout=30) as stream:
                while stream.readline():
                    pass
        except OSError:
            pass  # the server has stopped

    def stop(self):
        for child in self.children:
            child.terminate()
        for child in self.children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
        if self.prometheus:
            self.prometheus.stop()


def hurried(rules):
    """The rules with every duration a sixth of what it is, and two scrapes at least."""
    def shorter(found):
        seconds = int(found.group(2)) * {"s": 1, "m": 60, "h": 3600}[found.group(3)]
        return f"{found.group(1)}{max(2, seconds // HASTE)}s"

    return re.sub(r"(for: |\[)(\d+)([smh])\b", shorter, rules)


def call(method, url, token, body):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20):
            pass
    except urllib.error.HTTPError as error:
        sys.exit(f"FAILED: {method} {url}: {error.code} {error.read().decode()}")


def replaced(text, former, by):
    if former not in text:
        sys.exit(f"FAILED: {former!r} is not in grafana/ any more: tests/dashboards has to follow")
    return text.replace(former, by)
