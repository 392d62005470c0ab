"""The manifests of Kubernetes, as kustomize renders them. No cluster is asked."""

import yaml

from common import (CONTAINER_USER, PACKAGING, asked, fail, faults_of, holds, refuses, run, sample, settings_known,
                    stop_timeout, version)

# The oldest that the manifests are for, and the newest whose schemas are at hand.
RELEASES = ["1.30", "1.37"]


def rendered(folder):
    code, output = run(asked.tools / "kubectl", "kustomize", folder)
    if code != 0:
        fail(f"kubectl kustomize {folder}", output)
    return output


def schema_faults(text, releases):
    path = sample("manifests.yaml", text)
    return [fault for release in releases for fault in
            faults_of(asked.tools / "kubernetes-validate", "--strict", "--quiet", "-k", release, path)]


def pod_faults(name, pod):
    """What the namespace's standard (restricted) asks for, and a little more."""
    faults, context = [], pod.get("securityContext", {})
    for key, want in [("runAsNonRoot", True), ("runAsUser", CONTAINER_USER), ("seccompProfile", {"type": "RuntimeDefault"})]:
        if context.get(key) != want:
            faults.append(f"{name}: {key} is {context.get(key)}")
    if pod.get("automountServiceAccountToken") is not False:
        faults.append(f"{name}: carries a token of the cluster")
    for container in pod["containers"] + pod.get("initContainers", []):
        own, label = container.get("securityContext", {}), f"{name}/{container['name']}"
        wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        faults += [f"{label}: {key} is {own.get(key)}" for key, want in wanted.items() if own.get(key) != want]
        if "memory" not in container.get("resources", {}).get("limits", {}):
            faults.append(f"{label}: no limit of memory")
        if not container["image"].endswith(f"openrun:{version()}"):
            faults.append(f"{label}: image {container['image']}, and the release is {version()}")
    return faults


def server_faults(server):
    faults, pod = [], server["spec"]["template"]["spec"]
    if (server["spec"]["replicas"], server["spec"]["strategy"]["type"]) != (1, "Recreate"):
        faults.append("two servers on one database take the streams from each other: one replica, recreated")
    if pod["securityContext"].get("fsGroupChangePolicy") != "OnRootMismatch":
        faults.append("fsGroup would open the keys to the group at each start")
    container = pod["containers"][0]
    before = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    if pod["terminationGracePeriodSeconds"] < before + 2 * stop_timeout() + 5:
        faults.append("terminationGracePeriodSeconds is shorter than a drain")
    paths = {probe: container[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    if paths != {"startupProbe": "/readyz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}:
        faults.append(f"probes ask {paths}")
    return faults


def manifest_faults(text):
    all_of = lambda kind: [document for document in yaml.safe_load_all(text) if document["kind"] == kind]
    server, faults = all_of("Deployment")[0], []
    for owner in all_of("Deployment") + all_of("Job"):
        faults += pod_faults(owner["metadata"]["name"], owner["spec"]["template"]["spec"])
    faults += server_faults(server)
    labels = server["spec"]["template"]["metadata"]["labels"]
    ports = {port["name"] for port in server["spec"]["template"]["spec"]["containers"][0]["ports"]}
    fits = lambda selector: selector and selector.items() <= labels.items()
    for service in all_of("Service"):
        name = service["metadata"]["name"]
        if not fits(service["spec"]["selector"]) or any(port["targetPort"] not in ports for port in service["spec"]["ports"]):
            faults.append(f"service {name} reaches nothing")
        if {port["targetPort"] for port in service["spec"]["ports"]} == ports:
            faults.append(f"service {name} shows ops to the public")
    budgets = all_of("PodDisruptionBudget")
    if not budgets or not all(fits(budget["spec"]["selector"]["matchLabels"]) for budget in budgets):
        faults.append("no disruption budget of the server")
    for policy in all_of("NetworkPolicy"):
        if not fits(policy["spec"]["podSelector"].get("matchLabels")):
            faults.append(f"network policy {policy['metadata']['name']} is of no pod of the server's")
    for config in all_of("ConfigMap"):
        faults += [f"{name} is no setting" for name in config["data"] if name not in settings_known()]
    return faults


def kubernetes():
    folder = PACKAGING / "kubernetes"
    base, example = rendered(folder / "base"), rendered(folder / "overlays" / "example")
    refuses("kubernetes-validate", schema_faults(example.replace("replicas: 1", "replica: 1"), RELEASES[:1]))
    for right, wrong in [("replicas: 1", "replicas: 2"), ("runAsNonRoot: true", "runAsNonRoot: false"),
                         ("OnRootMismatch", "Always"), ("targetPort: ops", "targetPort: opps"),
                         ("terminationGracePeriodSeconds: 40", "terminationGracePeriodSeconds: 20"),
                         ("OPENRUN_STORE:", "OPENRUN_STOAR:"), (f"openrun:{version()}", "openrun:0.0.1"),
                         ("path: /healthz", "path: /readyz")]:
        refuses(f"manifests with {wrong}", manifest_faults(example.replace(right, wrong)))
    holds(f"kubernetes: kustomize, and schemas of {' and '.join(RELEASES)}", schema_faults(f"{base}---\n{example}", RELEASES))
    for name, text in [("base", base), ("overlays/example", example)]:
        holds(f"kubernetes/{name}: restricted, one server, drained in time, reached as meant", manifest_faults(text))
