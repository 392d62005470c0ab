"""The steps of compose.yaml without containers: its commands, variables and files, on a PostgreSQL of this machine."""

import os, re, shutil, socket, subprocess, time
from pathlib import Path

import yaml

from common import CONTAINER_USER, PACKAGING, ROOT, asked, fail, holds, refuses, run, skipped


class Composed:
    """The steps of compose.yaml, with its own commands, variables and files, on a PostgreSQL of this machine."""

    def __init__(self, url):
        self.compose = yaml.safe_load((PACKAGING / "compose.yaml").read_text())["services"]
        self.host = re.search(r"@([^/?]+)", url).group(1)
        self.data = asked.scratch / "data"
        self.data.mkdir(mode=0o700)
        os.chown(self.data, CONTAINER_USER, CONTAINER_USER)
        # On the network of compose it is called postgres.
        for path in (asked.scratch / "secrets").glob("*.pgpass"):
            path.write_text(path.read_text().replace("postgres:5432:", f"{self.host}:"))

    def environment(self, name):
        host, _, port = self.host.partition(":")
        outer = {key: os.environ[key] for key in ("PATH",)}
        own = {"OPENRUN_DATA": str(self.data), "OPENRUN_PUBLIC": "127.0.0.1:0", "PGPORT": port}
        for key, value in self.compose[name].get("environment", {}).items():
            value = value.replace("@postgres/", f"@{self.host}/").replace("/run/secrets/", f"{asked.scratch}/secrets/")
            own[key] = host if key == "PGHOST" else value
        return outer | own

    def command(self, name):
        # As the image's user, who has no other group and no home.
        user = ["setpriv", f"--reuid={CONTAINER_USER}", f"--regid={CONTAINER_USER}", "--clear-groups", "--no-new-privs"]
        words = [re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", word) for word in self.compose[name]["command"]]
        if name == "roles":
            return [word.replace("/etc/openrun/", f"{PACKAGING}/compose/") for word in words]
        return user + [str(asked.openrun)] + words

    def once(self, name):
        return run(*self.command(name), env=self.environment(name), cwd=self.data)


def postgres_made():
    """A PostgreSQL that asks for passwords, as its image does: folder, address, and the owner of the database."""
    code, output = run(ROOT / "tests" / "postgres", "make", "--owner", os.getpid())
    if code != 0:
        return None, output
    folder, url = output.split()[-2:]
    password = (asked.scratch / "secrets" / "postgres-owner-password").read_text()
    for sql in (f"create role openrun_owner superuser login password '{password}'",
                "create database openrun owner openrun_owner encoding 'UTF8' template template0"):
        code, output = run("psql", "--no-psqlrc", "--quiet", url, "--command", sql)
        if code != 0:
            fail("the database of compose", output)
    rules = [path for path in Path(folder).rglob("pg_hba.conf")]
    rules[0].write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
    run(ROOT / "tests" / "postgres", "stop", folder)
    run(ROOT / "tests" / "postgres", "start", folder)
    return folder, url


def served(composed):
    """Starts the server of compose, asks its health by its own check, and stops it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        ops = f"127.0.0.1:{free.getsockname()[1]}"
    environment = composed.environment("openrun") | {"OPENRUN_OPS": ops}
    log = asked.scratch / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(composed.command("openrun"), env=environment, cwd=composed.data, stdout=output, stderr=output)
    try:
        check = [asked.openrun] + composed.compose["openrun"]["healthcheck"]["test"][2:]
        for _ in range(150):
            code, said = run(*check, env=environment)
            if code == 0 or server.poll() is not None:
                break
            time.sleep(0.2)
        if code != 0:
            fail("compose by hand: the server is not healthy", said + log.read_text()[-3000:])
        server.terminate()
        stopped = server.wait(timeout=30)
        return [] if stopped == 0 else [f"a stop ended with {stopped}"]
    finally:
        server.kill()


def by_hand():
    if not (asked.scratch / "secrets").is_dir() or not shutil.which("setpriv"):
        return skipped("compose by hand", "needs root and setpriv")
    # A container is shown its files alone: what lies above them keeps nobody out of it.
    for above in (asked.scratch, asked.scratch / "secrets"):
        above.chmod(0o755)
    folder, url = postgres_made()
    if folder is None:
        return skipped("compose by hand", url)
    try:
        composed = Composed(url)
        password = asked.scratch / "secrets" / "owner.pgpass"
        password.chmod(0o444)
        refuses("a password file that everybody reads", [said for code, said in [composed.once("migrate")] if code != 0])
        # As a secret of Kubernetes or a credential of systemd: the administrator's, read by the group.
        os.chown(password, 0, CONTAINER_USER)
        password.chmod(0o440)
        refuses("a server without its login", [said for code, said in [composed.once("roles")] if code != 0])
        for name in ("migrate", "roles", "roles", "keys", "keys"):
            code, said = composed.once(name)
            if code != 0:
                fail(f"compose by hand: {name}", said)
        holds("compose by hand: migrate, roles, keys, serve, healthcheck, stop, with passwords", served(composed))
        wrong = asked.scratch / "secrets" / "openrun.pgpass"
        wrong.write_text(wrong.read_text().replace(":openrun:openrun:", ":openrun:openrun:not-"))
        code, said = run(*composed.command("openrun"), env=composed.environment("openrun") | {"OPENRUN_OPS": "127.0.0.1:0"}, cwd=composed.data)
        refuses("a server with a wrong password", [said] if code == 69 and "lets nobody in" in said else [])
    finally:
        run(ROOT / "tests" / "postgres", "remove", folder)
