"""The steps of compose.yaml without containers, on a PostgreSQL of this machine, and those of the unit without systemd."""

import os, re, shutil, socket, subprocess, time
from pathlib import Path

import yaml

from common import CONTAINER_USER, PACKAGING, ROOT, asked, fail, holds, refuses, run, skipped
from service import setting

# The image's user, who has no other group and no home.
AS_USER = ["setpriv", f"--reuid={CONTAINER_USER}", f"--regid={CONTAINER_USER}", "--clear-groups", "--no-new-privs"]


def folder_of_user(name):
    folder = asked.scratch / name
    folder.mkdir(mode=0o700)
    os.chown(folder, CONTAINER_USER, CONTAINER_USER)
    return folder


def program():
    """The program where another user reaches it, wherever this checkout is."""
    copy = asked.scratch / "openrun"
    if not copy.exists():
        shutil.copyfile(asked.openrun, copy)
        copy.chmod(0o755)
    return copy


class Composed:
    """The steps of compose.yaml, with its own commands, variables and files, on a PostgreSQL of this machine."""

    def __init__(self, url):
        self.compose = yaml.safe_load((PACKAGING / "compose.yaml").read_text())["services"]
        self.host = re.search(r"@([^/?]+)", url).group(1)
        self.data = folder_of_user("data")
        # On the network of compose it is called postgres.
        for path in (asked.scratch / "secrets").glob("*.pgpass"):
            path.write_text(path.read_text().replace("postgres:5432:", f"{self.host}:"))

    def environment(self, name):
        host, _, port = self.host.partition(":")
        outer = {key: os.environ[key] for key in ("PATH",)}
        own = {"OPENRUN_DATA": str(self.data), "PGPORT": port}
        for key, value in self.compose[name].get("environment", {}).items():
            value = value.replace("@postgres/", f"@{self.host}/").replace("/run/secrets/", f"{asked.scratch}/secrets/")
            own[key] = host if key == "PGHOST" else value
        return outer | own

    def command(self, name):
        words = [re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", word) for word in self.compose[name]["command"]]
        if name == "roles":
            return [word.replace("/etc/openrun/", f"{PACKAGING}/compose/") for word in words]
        return AS_USER + [str(program())] + words

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


def served(command, environment, folder, check):
    """Starts a server, asks its health as its package does, and stops it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        environment = environment | {"OPENRUN_OPS": f"127.0.0.1:{free.getsockname()[1]}", "OPENRUN_PUBLIC": "127.0.0.1:0"}
    log = asked.scratch / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(command, env=environment, cwd=folder, stdout=output, stderr=output)
    try:
        for _ in range(150):
            code, said = run(asked.openrun, *check, env=environment)
            if code == 0 or server.poll() is not None:
                break
            time.sleep(0.2)
        if code != 0:
            fail(f"not healthy: {command}", said + log.read_text()[-3000:])
        server.terminate()
        stopped = server.wait(timeout=30)
        return [] if stopped == 0 else [f"a stop ended with {stopped}"]
    finally:
        server.kill()


def unit_by_hand():
    """With the variables of the unit, and no credential: the embedded store needs none."""
    unit = (PACKAGING / "openrun.service").read_text()
    data = folder_of_user("unit")
    environment = {"PATH": os.environ["PATH"]}
    for line in setting(unit, "Environment"):
        name, _, value = line.partition("=")
        environment[name] = value.replace("/var/lib/openrun", str(data)).replace("%d", f"{asked.scratch}/credentials")
    words = setting(unit, "ExecStart")[0].split()[1:]
    command = AS_USER + [str(program())] + words
    code, said = run(*command, env=environment, cwd=data)
    refuses("a server without keys", [said] if code == 78 else [])
    code, said = run(*AS_USER, program(), "keys", "init", "--channel", "seoul-pay", env=environment, cwd=data)
    holds("unit by hand: keys", [] if code == 0 else [said])
    holds("unit by hand: serve, healthcheck, stop", served(command, environment, data, ["healthcheck"]))


def by_hand():
    if not (asked.scratch / "secrets").is_dir() or not shutil.which("setpriv"):
        return skipped("compose by hand", "needs root and setpriv")
    # A container is shown its files alone: what lies above them keeps nobody out of it.
    for above in (asked.scratch, asked.scratch / "secrets"):
        above.chmod(0o755)
    unit_by_hand()
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
            # And as compose hands it over: psql asks for no less.
            os.chown(password, CONTAINER_USER, CONTAINER_USER)
            password.chmod(0o400)
        check = composed.compose["openrun"]["healthcheck"]["test"][2:]
        steps = served(composed.command("openrun"), composed.environment("openrun"), composed.data, check)
        holds("compose by hand: migrate, roles, keys, serve, healthcheck, stop, with passwords", steps)
        wrong = asked.scratch / "secrets" / "openrun.pgpass"
        wrong.write_text(wrong.read_text().replace(":openrun:openrun:", ":openrun:openrun:not-"))
        free = composed.environment("openrun") | {"OPENRUN_OPS": "127.0.0.1:0", "OPENRUN_PUBLIC": "127.0.0.1:0"}
        code, said = run(*composed.command("openrun"), env=free, cwd=composed.data)
        refuses("a server with a wrong password", [said] if code == 69 and "lets nobody in" in said else [])
    finally:
        run(ROOT / "tests" / "postgres", "remove", folder)
