"""What is measured: openrun and its peers as child processes with folders of their own, and what they are built from."""

import base64, json, os, secrets, shutil, signal, socket, subprocess, sys, tempfile, time, urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHANNELS = ["seoul-pay", "tmoney-pay", "shinhan-sol", "moneytree"]
# Everybody who comes has their turn at once; nobody has.
FREE, SHUT = (1_000_000, 2_000_000), (1, 1)


def target(name):
    base = os.environ.get("CARGO_TARGET_DIR")
    return Path(base) / name if base else ROOT / "target" / name


OPENRUN = Path(os.environ.get("OPENRUN_BINARY", target("release") / "openrun"))
PEER = target("peers") / "release" / "peer"
LOAD = target("peers") / "release" / "load"
DECISIONS = target("peers") / "release" / "decisions"


def build():
    if "OPENRUN_BINARY" not in os.environ:
        subprocess.run(["cargo", "build", "--release", "--bin", "openrun"], cwd=ROOT, check=True)
    subprocess.run(["cargo", "build", "--release", "--manifest-path", ROOT / "benches/peers/Cargo.toml",
                    "--target-dir", target("peers")], cwd=ROOT, check=True)


def memory_disk():
    folder = Path("/dev/shm")
    return folder if folder.is_dir() and os.access(folder, os.W_OK) else None


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False


def wait_until(check, seconds, what):
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise SystemExit(f"benches/run: {what} not within {seconds} s")
        time.sleep(0.05)


class Server:
    """A child process with a folder of its own; ended by SIGTERM when the block is left."""

    def __enter__(self):
        self.log = open(self.data / "server.log", "ab")
        try:
            self.start()
        except BaseException:
            sys.stderr.write(self.last_words())
            self.__exit__()
            raise
        return self

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)
        wait_until(self.is_ready, 60, f"{self.command[0]} is ready")

    def is_ready(self):
        if self.process.poll() is not None:
            raise SystemExit(f"benches/run: {self.command[0]} ended with {self.process.returncode}")
        return answers(self.ready_url)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
        self.log.close()
        shutil.rmtree(self.data, ignore_errors=True)

    def kill(self):
        """As kill -9 does."""
        self.process.kill()
        self.process.wait()

    def last_words(self):
        return (self.data / "server.log").read_text(errors="replace")[-2000:]

    def resident_bytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024

    def processor_s(self):
        """Seconds of processor that the server has used."""
        # taskset becomes what it starts: the process is the server itself.
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        ticks = int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


class Peer(Server):
    """Bare actix-web; with a database, peer A as well."""

    def __init__(self, document_bytes=700, database=None):
        self.data = Path(tempfile.mkdtemp(prefix="openrun-bench-"))
        self.keys = self.data / "keys"
        self.keys.mkdir()
        for channel in CHANNELS:
            text = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
            (self.keys / f"{channel}.hs256").write_text(text)
        [port] = free_ports(1)
        self.address = f"127.0.0.1:{port}"
        self.ready_url = f"http://{self.address}/static"
        self.command = [PEER, "--address", self.address, "--keys", self.keys, "--document-bytes", str(document_bytes)]
        if database:
            self.command += ["--postgres", database]


class Openrun(Server):
    """A fresh server with one open round, `bench`, or with none (`inlet=None`)."""

    def __init__(self, folder=None, inlet=FREE, stock_won=1_000_000_000_000, store=None, round_id="bench"):
        self.inlet, self.stock_won, self.round_id = inlet, stock_won, round_id
        self.data = Path(tempfile.mkdtemp(prefix="openrun-bench-", dir=folder))
        self.keys = self.data / "keys/channels"
        public, ops = free_ports(2)
        self.address, self.ops = f"127.0.0.1:{public}", f"http://127.0.0.1:{ops}"
        self.ready_url = f"{self.ops}/readyz"
        self.command = [OPENRUN, "serve", "--public", self.address, "--ops", f"127.0.0.1:{ops}",
                        "--store", store or f"sqlite:{self.data}/openrun.db", "--data", self.data, "--dev"]

    def __enter__(self):
        super().__enter__()
        try:
            self.token = self.staff_token()
            if self.inlet:
                self.open_round(self.round_id, "bench", self.inlet, self.stock_won)
        except BaseException:
            sys.stderr.write(self.last_words())
            self.__exit__()
            raise
        return self

    def staff_token(self):
        return subprocess.run([OPENRUN, "token", "admin", "--role", "operator", "--data", self.data],
                              check=True, capture_output=True, text=True).stdout.strip()

    def open_round(self, round_id, program, inlet, stock_won=1_000_000_000_000):
        """An open round of a program, which is made where there is none of this name."""
        name = {"ko": "측정", "en": "Benchmark"}
        self.admin("PUT", f"programs/{program}", {
            "name": name, "issuer": "bench",
            "rules": {"effective_from": "2022-01-01T00:00:00+09:00", "discount_bps": 700, "unit_won": 10_000,
                      "monthly_limit_won": 400_000, "holding_limit_won": 1_000_000,
                      "refund_threshold_bps": 6000, "regions": ["seoul"], "channels": CHANNELS}})
        rate_per_s, max_active = inlet
        self.admin("PUT", f"rounds/{round_id}", {
            "program_id": program, "name": name, "order": "fifo", "rejoin": "keep",
            "lobby_opens_at": "2022-07-14T09:30:00+09:00",
            "windows": [{"id": "everyone", "eligibility": "all", "opens_at": "2022-07-14T10:00:00+09:00",
                         "closes_at": "2099-12-31T23:59:59+09:00", "stock_won": stock_won}],
            "inlet": {"rate_per_s": rate_per_s, "max_active": max_active, "claim_window_s": 3600, "pass_ttl_s": 3600}})
        self.admin("POST", f"rounds/{round_id}/schedule", {"reason": "benchmark"})
        self.admin("POST", f"rounds/{round_id}/open", {"reason": "benchmark"}, may_fail=True)
        wait_until(lambda: self.round_state(round_id) == "open", 10, f"the round {round_id} is open")

    def round_state(self, round_id):
        with urllib.request.urlopen(f"http://{self.address}/v1/rounds/{round_id}", timeout=5) as answer:
            return json.load(answer)["state"]

    def purchases(self, round_id="bench"):
        """How many were made, as the server counts them."""
        ask = urllib.request.Request(f"{self.ops}/v1/admin/rounds/{round_id}",
                                     headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(ask, timeout=5) as answer:
            return json.load(answer)["purchases"]

    def admin(self, method, path, body, may_fail=False):
        request = urllib.request.Request(
            f"{self.ops}/v1/admin/{path}", json.dumps(body).encode(), method=method,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request, timeout=10).read()
        except urllib.error.HTTPError as refusal:
            text = refusal.read().decode(errors="replace")
            if not may_fail:
                raise SystemExit(f"benches/run: {method} {path}: {refusal.code} {text}") from None

    def watermark(self):
        """Numbers at or under it have their turn, in the first line."""
        with urllib.request.urlopen(f"http://{self.address}/v1/rounds/{self.round_id}/watermark", timeout=5) as answer:
            return json.load(answer)["lines"][0]["watermark"]

    def document_bytes(self):
        with urllib.request.urlopen(f"http://{self.address}/v1/rounds/bench/watermark", timeout=5) as answer:
            return len(answer.read())


def load(server, options, *phase, allowed=(), before=(), **more):
    """One phase of the generator; what it measured. Answers other than 2xx and `allowed` are told."""
    flags = {"address": server.address, "keys": server.keys, "connections": options.connections,
             "seconds": options.seconds, "people": options.people, **more}
    command = [*before, LOAD]
    for name, value in flags.items():
        command += [f"--{name}", str(value)]
    done = subprocess.run([*command, *phase], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"benches/run: {' '.join(map(str, phase))}: {done.stderr.strip()}\n{server.last_words()}")
    result = json.loads(done.stdout)
    seen = result.get("statuses") or result["answers"]
    is_odd = lambda status: not status.startswith("2") and status not in allowed
    odd = {status: result["samples"].get(status) for status in seen if is_odd(status)}
    if odd:
        print(f"  note: {phase[0]}: {seen}, such as {odd}", file=sys.stderr)
        result["odd"] = True
    return result


def join_many(server, options, people, first=0, **more):
    """So many people take a place, every one of them, in parts that the generator's memory holds."""
    at_once = 250_000
    for start in range(0, people, at_once):
        load(server, options, "openrun-join", "--insist", first=first + start, people=min(at_once, people - start), **more)
