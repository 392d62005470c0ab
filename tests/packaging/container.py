"""The image: its Dockerfile, and what a build of it sees."""

import fnmatch, re

from common import CONTAINER_USER, PACKAGING, ROOT, asked, faults_of, holds, is_pinned, refuses, sample


def hadolint(path):
    return faults_of(asked.tools / "hadolint", "--no-color", "--failure-threshold", "style", path)


def instructions(text):
    """(stage, instruction, rest), lines joined."""
    text = re.sub(r"\\\n(\s*#[^\n]*\n)*", " ", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    stage, found = -1, []
    for line in filter(None, map(str.strip, text.splitlines())):
        word, _, rest = line.partition(" ")
        stage += word == "FROM"
        found.append((stage, word, rest))
    return found


def dockerfile_faults(text):
    found = instructions(text)
    last = {word: rest for stage, word, rest in found if stage == found[-1][0]}
    faults = [f"image without a version: {rest}" for _, word, rest in found if word == "FROM" and not is_pinned(rest.split()[0])]
    if last.get("USER", "").split(":")[0] != str(CONTAINER_USER):
        faults.append(f"the last stage runs as {last.get('USER')}, not {CONTAINER_USER}: by number, so that it is known not to be root")
    if not last.get("HEALTHCHECK", "").endswith('CMD ["/usr/bin/openrun", "healthcheck"]'):
        faults.append("no health check by openrun itself")
    if not last.get("ENTRYPOINT", "").startswith("["):
        faults.append("the entry point is a shell, which is not there")
    return faults


def is_ignored(path, patterns):
    """Whether a build does not see a file, by the patterns that are used here; the last one that fits decides."""
    ignored = False
    for pattern in patterns:
        keeps, pattern = pattern.startswith("!"), pattern.lstrip("!").rstrip("/")
        parents = ["/".join(path.split("/")[:count + 1]) for count in range(path.count("/") + 1)]
        if pattern.startswith("**/"):
            fits = any(fnmatch.fnmatchcase(part, pattern[3:]) for part in path.split("/"))
        else:
            fits = any(parent.count("/") == pattern.count("/") and fnmatch.fnmatchcase(parent, pattern) for parent in parents)
        if fits:
            ignored = not keeps
    return ignored


def patterns(text):
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def needed_files():
    """What a build of the program reads: manifests, sources, and what sources include."""
    needed = [ROOT / name for name in ("Cargo.toml", "Cargo.lock", "build.rs", "actors/Cargo.toml", "actors/core/Cargo.toml")]
    for folder in ("src", "actors"):
        sources = [path for path in (ROOT / folder).rglob("*.rs") if "target" not in path.parts]
        needed += sources
        for source in sources:
            if "tests" in source.stem or "tests" in source.parts:
                continue
            for name in re.findall(r'include_(?:str|bytes)!\(\s*"([^"]+)"', source.read_text()):
                needed.append((source.parent / name).resolve())
    web = ROOT / "web" / "built"
    return needed + ([path for path in web.iterdir() if path.is_file()] if web.is_dir() else [])


def context_faults(patterns):
    needed = {str(path.relative_to(ROOT)) for path in needed_files()}
    faults = [f"the build needs {path}, and does not see it" for path in sorted(needed) if is_ignored(path, patterns)]
    private = ["openrun-data/keys/ticket.1.hmac", "packaging/secrets/openrun.pgpass", "target/release/openrun", ".git/config",
               "src/keys/staff.1.hs256", "actors/target/debug/x", "openrun.toml", "web/node_modules/esbuild/x"]
    return faults + [f"the build sees {path}" for path in private if not is_ignored(path, patterns)]


def container():
    path = PACKAGING / "Dockerfile"
    bad = sample("Dockerfile", "FROM debian:latest\nMAINTAINER me\nRUN cd /x && sudo apt-get install curl\nCMD openrun serve\n")
    refuses("hadolint", hadolint(bad))
    holds("Dockerfile: hadolint", hadolint(path))
    refuses("Dockerfile", dockerfile_faults(bad.read_text()))
    refuses("Dockerfile as root", dockerfile_faults(path.read_text().replace("USER 65532:65532", "USER root")))
    holds("Dockerfile: pinned, not root, with a health check", dockerfile_faults(path.read_text()))
    allowed = patterns((PACKAGING / "Dockerfile.dockerignore").read_text())
    refuses("a build without sql", context_faults([line for line in allowed if line != "!sql"]))
    refuses("a build that sees keys", context_faults([line for line in allowed if line != "*"]))
    holds("Dockerfile.dockerignore: all that a build needs, and no secret", context_faults(allowed))
