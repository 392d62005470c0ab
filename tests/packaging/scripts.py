"""Shell scripts, and the shell text and manual pages that openrun writes."""

import re, shutil

from common import ROOT, asked, fail, faults_of, holds, refuses, run, sample, skipped

# Word splitting and `a= b=` are meant here; a name with a dash is no subtraction.
SHELLCHECK = ["--severity=warning", "--exclude=SC1007,SC2046,SC2100"]
# Pages bear no date; and the space around "Possible values" is the library's.
MANDOC_SILENT = ["missing date", "skipping paragraph macro: br"]


def shell_scripts():
    folders = [ROOT / name for name in ("tests", "packaging", ".ci", "benches", "docs", "web")]
    files = [path for folder in folders if folder.is_dir() for path in folder.rglob("*")
             if path.is_file() and not {"node_modules", "target"} & set(path.parts)]
    return [path for path in sorted(files) if re.match(rb"#!.*\b(ba)?sh\b", path.open("rb").read(40))]


def scripts():
    shellcheck = lambda *paths: faults_of(asked.tools / "shellcheck", "--color=never", *SHELLCHECK, *paths)
    refuses("shellcheck", shellcheck(sample("bad.sh", '#!/bin/bash\ncd "$1"\nif [ $x == 1 ]; then rm -rf $y/*; fi\n')))
    found = shell_scripts()
    if len(found) < 4:
        fail(f"shellcheck: only {len(found)} scripts were found")
    holds(f"shellcheck: {len(found)} scripts", shellcheck(*found))


def page_faults(path):
    _, output = run("mandoc", "-T", "lint", "-W", "warning", path)
    return [line for line in output.splitlines() if not any(known in line for known in MANDOC_SILENT)]


def manual():
    folder = asked.scratch / "man"
    code, output = run(asked.openrun, "man", "--dir", folder)
    pages = sorted(folder.glob("*.1")) if code == 0 else fail("openrun man", output)
    if not {"openrun.1", "openrun-serve.1", "openrun-keys-rotate.1"} <= {page.name for page in pages}:
        fail("openrun man: pages are missing")
    if shutil.which("mandoc"):
        refuses("mandoc", page_faults(sample("bad.1", ".TH X 1\n.SH NAME\nx \\- y\n.Zz\n.RE\n")))
        holds(f"openrun man: mandoc, {len(pages)} pages", [fault for page in pages for fault in page_faults(page)])
    else:
        skipped("openrun man", "mandoc is not here")
    code, script = run(asked.openrun, "completions", "bash")
    bash = lambda text: faults_of("bash", "-n", sample("completions.bash", text))
    refuses("bash -n", bash(script + "\nif then"))
    holds("openrun completions bash: bash -n", bash(script))
