"""A PostgreSQL for benchmarks, and the classic design on it without HTTP (peer B).

The cluster is made as the tests' is (tests/postgres), but durable in every setting, with room in its log so that no
checkpoint falls into a measurement; or it is a server of the caller's. Each measurement has a database of its own.
"""

import contextlib, itertools, os, shutil, statistics, subprocess, tempfile, urllib.parse
from pathlib import Path

from servers import ROOT

SETTINGS = ["fsync=on", "synchronous_commit=on", "full_page_writes=on", "max_wal_size=4GB"]
CLASSIC = ROOT / "benches/peers/classic.sql"
# Name of the script, and the way it goes.
WAYS = {"row-lock": "one row locked, statement by statement", "function": "one row locked, in one function",
        "buckets": "16 parts of the stock, skip locked", "optimistic": "one row with a version"}
# More than eight, as there are more callers than a pool lets through.
CLIENTS = 64


def bin_folder():
    """Where PostgreSQL's programs are; nothing where there are none."""
    found = subprocess.run([ROOT / "tests/postgres", "bin"], capture_output=True, text=True)
    return Path(found.stdout.strip()) if found.returncode == 0 else None


def with_database(url, name):
    """The URL with another database in it, wherever it names one."""
    parts = urllib.parse.urlsplit(url)
    query = "&".join(pair for pair in parts.query.split("&") if pair and not pair.startswith("dbname="))
    return f"{parts.scheme}://{parts.netloc}/{name}" + (f"?{query}" if query else "")


class Cluster:
    """`url`: of a superuser of a server of the caller's; without it a private one is made and removed."""

    def __init__(self, url=None):
        self.url, self.folder, self.numbers = url, None, itertools.count(1)

    def __enter__(self):
        self.programs = bin_folder()
        if not self.url:
            made = subprocess.run([ROOT / "tests/postgres", "make", "--owner", str(os.getpid()), *SETTINGS],
                                  check=True, capture_output=True, text=True)
            self.folder, self.url = made.stdout.split()
        self.version = self.ask(self.url, "show server_version").split()[0]
        weak = [name for name in ("fsync", "synchronous_commit", "full_page_writes")
                if self.ask(self.url, f"show {name}") != "on"]
        if weak:
            raise SystemExit(f"benches/run: this PostgreSQL is not durable: {', '.join(weak)}")
        return self

    def __exit__(self, *_):
        if self.folder:
            subprocess.run([ROOT / "tests/postgres", "remove", self.folder], capture_output=True)

    def program(self, name):
        beside = self.programs and self.programs / name
        return beside if beside and beside.exists() else shutil.which(name)

    def ask(self, url, *commands):
        asked = [part for command in commands for part in ("-c", command)]
        done = subprocess.run([self.program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, *asked],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"benches/run: {commands}: {done.stderr.strip()}")
        return done.stdout.strip()

    @contextlib.contextmanager
    def database(self, flush_ms=0):
        """The URL of an empty database, gone afterwards. With `flush_ms` whoever flushes waits for so long before, as
        on a disk of which each flush takes that much more; what comes meanwhile goes along, as it would there."""
        name = f"openrun_bench_{os.getpid()}_{next(self.numbers)}"
        self.ask(self.url, f"create database {name}")
        try:
            if flush_ms:
                self.ask(self.url, f"alter database {name} set commit_delay = {flush_ms * 1000}",
                         f"alter database {name} set commit_siblings = 0")
            yield with_database(self.url, name)
        finally:
            self.ask(self.url, f"drop database {name} with (force)")

    def peer_b(self, way, seconds):
        """Purchases written in a second, and how long a transaction took; one that wrote none counts for
        nothing among the purchases; the times are those of every attempt."""
        if not self.program("pgbench"):
            return None
        with self.database() as url, tempfile.TemporaryDirectory(prefix="openrun-pgbench-") as folder:
            self.ask(url, CLASSIC.read_text())
            log = Path(folder) / "log"
            subprocess.run([self.program("pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2",
                            "-T", str(seconds), "-l", "--log-prefix", log,
                            "-f", ROOT / f"benches/peers/pgbench/{way}.sql", url],
                           check=True, capture_output=True, text=True)
            taken = [int(line.split()[2]) for path in Path(folder).glob("log*") for line in open(path)]
            cuts = statistics.quantiles(taken, n=100)
            written = int(self.ask(url, "select count(*) from purchase"))
            return {"per_second": written / seconds, "p50_ms": cuts[49] / 1000, "p99_ms": cuts[98] / 1000}
