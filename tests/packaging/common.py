"""What every check of packaging/ says, runs and refuses."""

import re, subprocess, sys
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGING = ROOT / "packaging"
# The user of the image, of the manifests and of the secrets of compose.
CONTAINER_USER = 65532
# The program, the folder of linters, a folder for samples, and how many checks hold so far.
asked = SimpleNamespace(openrun=None, tools=None, scratch=None, held=0)


def say(line):
    print(line, flush=True)


def fail(what, detail=""):
    say(f"FAILED {what}\n{detail}".rstrip())
    sys.exit(1)


def holds(what, faults):
    """A check of the tree: faults are lines."""
    if faults:
        fail(what, "\n".join(faults))
    asked.held += 1
    say(f"ok     {what}")


def refuses(what, faults):
    """A check of a broken sample: it has to find something."""
    if not faults:
        fail(f"{what}: a broken sample was not refused")


def skipped(what, why):
    say(f"SKIPPED {what}: {why}")


def run(*command, **options):
    """Exit code and all that was printed."""
    options.setdefault("timeout", 120)
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, text=True, **options)
    return done.returncode, done.stdout


def faults_of(*command, **options):
    """What a linter that answers with its exit code says."""
    code, output = run(*command, **options)
    return [] if code == 0 else [output or f"exit code {code}"]


def sample(name, text):
    path = asked.scratch / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def version():
    return re.search(r'^version = "([^"]+)"', (ROOT / "Cargo.toml").read_text(), re.M).group(1)


def is_pinned(image):
    """A tag that says a version; distroless has its flavours, and none."""
    name, _, tag = image.rpartition(":")
    return bool(name) and (bool(re.search(r"\d+\.\d+", tag)) or (name.endswith("debian12") and tag == "nonroot"))


def stop_timeout():
    """How long a server that stops answers what is in flight, and then how long it writes, in seconds."""
    return int(re.search(r"^# stop_timeout_s = (\d+)", (ROOT / "openrun.example.toml").read_text(), re.M).group(1))


def settings_known():
    """Every setting as a variable."""
    names = re.findall(r"^# ([a-z_]+) = ", (ROOT / "openrun.example.toml").read_text(), re.M)
    return {f"OPENRUN_{name.upper()}" for name in names}
