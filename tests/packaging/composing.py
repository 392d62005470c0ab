"""compose.yaml: its schema, what it names, and the secrets that are made for it."""

import os, re, shutil
from pathlib import Path

import yaml

from common import PACKAGING, ROOT, asked, fail, faults_of, holds, is_pinned, refuses, run, sample, skipped, version


def compose_schema(path):
    return faults_of(asked.tools / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", path)


def compose_faults(compose, secrets):
    faults, services = [], compose["services"]
    awaited = {name for service in services.values() for name, how in service.get("depends_on", {}).items()
               if how["condition"] == "service_completed_successfully"}
    for name, service in services.items():
        if not is_pinned(service["image"]):
            faults.append(f"{name}: image {service['image']} without a version")
        if name not in awaited and "healthcheck" not in service:
            faults.append(f"{name}: no health check")
        if "no-new-privileges:true" not in service.get("security_opt", []) and name != "postgres":
            faults.append(f"{name}: may gain privileges")
        faults += [f"{name}: {port} is open to other machines" for port in service.get("ports", []) if not port.startswith("127.0.0.1:")]
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith(".") and not (PACKAGING / source).exists():
                faults.append(f"{name}: {source} does not exist")
            if not source.startswith(".") and source not in compose["volumes"]:
                faults.append(f"{name}: volume {source} is not declared")
        faults += [f"{name}: secret {secret} is not declared" for secret in service.get("secrets", []) if secret not in compose["secrets"]]
    faults += [f"secret {name}: make-secrets makes no {secret['file']}" for name, secret in compose["secrets"].items()
               if Path(secret["file"]).name not in secrets]
    if services["openrun"]["image"] != f"openrun:{version()}":
        faults.append(f"the image is {services['openrun']['image']}, the release {version()}")
    return faults


def prometheus_faults(text):
    """As it lies in the container: the rules beside it."""
    folder = asked.scratch / "prometheus"
    shutil.copytree(ROOT / "grafana" / "alerts", folder / "alerts", dirs_exist_ok=True)
    (folder / "prometheus.yml").write_text(text)
    return faults_of("promtool", "check", "config", folder / "prometheus.yml")


def secrets_made():
    """The secrets of compose, made in a folder of our own; None without the right to give files away."""
    if os.getuid() != 0:
        return None
    folder = asked.scratch / "secrets"
    for _ in range(2):  # The second time nothing changes.
        before = {path.name: path.read_text() for path in folder.iterdir()} if folder.is_dir() else None
        code, output = run(PACKAGING / "compose" / "make-secrets", folder)
        if code != 0:
            fail("make-secrets", output)
        after = {path.name: path.read_text() for path in folder.iterdir()}
        if before not in (None, after):
            fail("make-secrets changed what was there")
    holds("make-secrets: nobody else reads them, and none is printed",
          [f"{path.name}: mode {path.stat().st_mode & 0o777:o}" for path in folder.iterdir() if path.stat().st_mode & 0o777 != 0o400]
          + [f"{name} is printed" for name, text in after.items() if text.strip() in output])
    return folder


def compose():
    path = PACKAGING / "compose.yaml"
    text = path.read_text()
    refuses("compose schema", compose_schema(sample("compose.yaml", text.replace("restart: unless-stopped", "restrat: always", 1))))
    holds("compose.yaml: schema of the specification", compose_schema(path))
    folder = secrets_made()
    secrets = {path.name for path in folder.iterdir()} if folder else set(re.findall(r"^(?:draw|password_file) (\S+)", (
        PACKAGING / "compose" / "make-secrets").read_text(), re.M))
    for right, wrong in [("postgres:17.6-bookworm", "postgres:latest"), ("127.0.0.1:8081:8081", "8081:8081"),
                         ("./secrets/openrun.pgpass", "./secrets/other"), ("./compose/roles.sql", "./compose/rules.sql")]:
        refuses(f"compose with {wrong}", compose_faults(yaml.safe_load(text.replace(right, wrong)), secrets))
    holds("compose.yaml: pinned, healthy, closed, and all that it names is there", compose_faults(yaml.safe_load(text), secrets))
    config = (PACKAGING / "compose" / "prometheus.yml").read_text()
    if not shutil.which("promtool"):
        return skipped("prometheus.yml of compose", "promtool is not here")
    refuses("promtool", prometheus_faults(config.replace("scrape_configs", "scrape_config")))
    holds("compose/prometheus.yml: promtool", prometheus_faults(config))
