"""The unit of systemd and the user that it runs as."""

import re, shutil
from pathlib import Path

from common import PACKAGING, asked, faults_of, holds, refuses, run, sample, settings_known, skipped, stop_timeout

# How exposed `systemd-analyze security` may find it, of 10.
EXPOSURE_MAX = 2.0


def systemd_root():
    """A root in which the unit and the program are installed; the units of this machine lie beside it."""
    root = asked.scratch / "root"
    units = Path(f"{root}/usr/lib/systemd/system")
    units.parent.mkdir(parents=True)
    (root / "etc/systemd/system").mkdir(parents=True)
    Path(f"{root}/usr/bin").mkdir(parents=True)
    shutil.copytree("/usr/lib/systemd/system", units, symlinks=True)
    Path(f"{root}/usr/bin/openrun").write_text("#!/bin/sh\n")
    Path(f"{root}/usr/bin/openrun").chmod(0o755)
    return root, units


def unit_faults(root, units, name, text):
    (units / name).write_text(text)
    # It warns of what it does not know and goes on: every word is a fault.
    code, output = run("systemd-analyze", f"--root={root}", "--man=no", "verify", name)
    return [output or f"exit code {code}"] if output.strip() or code != 0 else []


def exposure(text):
    code, output = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                       f"--threshold={int(EXPOSURE_MAX * 10)}", sample("openrun.service", text))
    level = re.search(r"exposure level.*?: ([\d.]+)", output)
    if not level:
        return None, [output]
    return float(level.group(1)), [] if code == 0 else [f"exposure {level.group(1)}, at most {EXPOSURE_MAX}"]


def setting(text, name):
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(name + "=")]


def service_faults(text):
    faults = []
    if not setting(text, "TimeoutStopSec") or int(setting(text, "TimeoutStopSec")[0].rstrip("s")) < 2 * stop_timeout() + 5:
        faults.append("TimeoutStopSec is shorter than a drain")
    if setting(text, "Type") != ["notify"]:
        faults.append("Type is not notify")
    users = re.findall(r"^u (\S+)", (PACKAGING / "openrun.sysusers").read_text(), re.M)
    if setting(text, "User") != users:
        faults.append(f"User is {setting(text, 'User')}, and openrun.sysusers makes {users}")
    known = settings_known()
    names = [line.partition("=")[0] for line in setting(text, "Environment")]
    return faults + [f"{name} is no setting" for name in names if name not in known | {"PGPASSFILE"}]


def systemd():
    text = (PACKAGING / "openrun.service").read_text()
    refuses("a unit with a short drain", service_faults(text.replace("TimeoutStopSec=30s", "TimeoutStopSec=15s")))
    refuses("a unit with an unknown setting", service_faults(text.replace("OPENRUN_DATA", "OPENRUN_DATUM")))
    holds("openrun.service: drain, user and settings", service_faults(text))
    if not shutil.which("systemd-analyze"):
        return skipped("systemd-analyze", "systemd is not here")
    root, units = systemd_root()
    for right, wrong in [("ProtectClock=", "ProtectClocks="), ("Type=notify", "Type=notified"), ("/usr/bin/openrun", "/usr/bin/other")]:
        refuses(f"systemd-analyze verify: {wrong}", unit_faults(root, units, "broken.service", text.replace(right, wrong)))
    holds("openrun.service: systemd-analyze verify", unit_faults(root, units, "openrun.service", text))
    refuses("systemd-analyze security", exposure(re.sub(r"^(Protect|Private|Restrict|Capab|System).*\n", "", text, flags=re.M))[1])
    level, faults = exposure(text)
    holds(f"openrun.service: systemd-analyze security, exposure {level}", faults)
    sysusers = PACKAGING / "openrun.sysusers"
    bad = sample("bad.sysusers", sysusers.read_text().replace("u openrun", "x openrun"))
    dry = lambda path: faults_of("systemd-sysusers", "--dry-run", path)
    refuses("systemd-sysusers", dry(bad))
    holds("openrun.sysusers: systemd-sysusers", dry(sysusers))
