# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The manifests: kustomize builds them, Kubernetes' schemas accept them, and they keep the rules."""

import os
import pathlib
import re
import shutil
import subprocess
from typing import Any

import kubernetes_validate
import pytest
import yaml
from harness.server import Server

ROOT = pathlib.Path(__file__).parents[2]
STACK = ROOT / "observability"
FOLDER = STACK / "kubernetes"
# The oldest release that the manifests are for, and the newest whose schemas are there.
VERSIONS = ("1.25", "1.37")
# The exit status where no process, or more than one, is the one to observe.
NO_TARGET = 4

Manifest = dict[str, Any]


@pytest.fixture(scope="module", name="manifests")
def built_manifests() -> list[Manifest]:
    """What `kubectl apply -k` sends."""
    return build(FOLDER)


def build(folder: pathlib.Path) -> list[Manifest]:
    built = subprocess.run(
        [os.environ["E2E_KUSTOMIZE"], "build", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return list(yaml.safe_load_all(built.stdout))


def one(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """The manifest of a kind with this name; generated names end with a hash."""
    found = [
        each
        for each in manifests
        if each["kind"] == kind
        and re.fullmatch(rf"{name}(-[a-z0-9]{{10}})?", each["metadata"]["name"])
    ]
    assert len(found) == 1, f"{kind} {name}: {len(found)}"
    return found[0]


def pod_of(manifest: Manifest) -> dict[str, Any]:
    return manifest["spec"]["template"]["spec"]


def workloads(manifests: list[Manifest]) -> list[Manifest]:
    found = [each for each in manifests if each["kind"] in {"DaemonSet", "Deployment"}]
    assert {each["metadata"]["name"] for each in found} == {"scottyscope", "gateway"}
    return found


def containers(manifests: list[Manifest]) -> list[dict[str, Any]]:
    return [container for each in workloads(manifests) for container in pod_of(each)["containers"]]


@pytest.mark.parametrize("version", VERSIONS)
def test_schemas_accept_all(manifests: list[Manifest], version: str) -> None:
    """Strict: an unknown field, which Kubernetes would ignore, is an error."""
    for manifest in manifests:
        kubernetes_validate.validate(manifest, version, strict=True)


def test_strict_schemas_refuse_an_unknown_field(manifests: list[Manifest]) -> None:
    wrong = {**one(manifests, "Service", "gateway"), "spce": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_everything_is_in_one_namespace(manifests: list[Manifest]) -> None:
    namespace = one(manifests, "Namespace", "scotty")["metadata"]["name"]
    others = [each for each in manifests if each["kind"] != "Namespace"]
    assert {each["metadata"]["namespace"] for each in others} == {namespace}


def test_no_secret_is_in_a_file(manifests: list[Manifest]) -> None:
    assert "Secret" not in {each["kind"] for each in manifests}
    for container in containers(manifests):
        for variable in container.get("env", []):
            is_secret = re.search(r"HEADERS|TOKEN|KEY|PASSWORD", variable["name"])
            assert not (is_secret and "value" in variable), variable["name"]


def test_images_are_pinned(manifests: list[Manifest]) -> None:
    tags = {}
    for container in containers(manifests):
        repository, _, tag = container["image"].rpartition(":")
        assert re.fullmatch(r"\d+\.\d+\.\d+", tag), container["image"]
        tags[repository.rsplit("/", 1)[-1]] = tag
    environment = (STACK / ".env").read_text()
    version = re.search(r"(?m)^COLLECTOR_VERSION=(\S+)$", environment)
    assert version and tags["opentelemetry-collector-contrib"] == version[1]


def test_each_container_has_limits_and_probes(manifests: list[Manifest]) -> None:
    for container in containers(manifests):
        for kind in ("requests", "limits"):
            assert container["resources"][kind].keys() == {"cpu", "memory"}, container["name"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            port = container[probe]["httpGet"]["port"]
            assert port in {each["name"] for each in container["ports"]}


def test_each_container_is_confined(manifests: list[Manifest]) -> None:
    for workload in workloads(manifests):
        pod = pod_of(workload)
        assert pod["automountServiceAccountToken"] is False
        assert not pod.get("hostNetwork") and not pod.get("hostIPC")
        for container in pod["containers"]:
            context = {**pod.get("securityContext", {}), **container["securityContext"]}
            assert context["privileged"] is context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"]["drop"] == ["ALL"]
            assert context["seccompProfile"] == {"type": "RuntimeDefault"}


def test_privileges_are_the_documented_ones(manifests: list[Manifest]) -> None:
    """docs/container.md has the privileges that tests/container leaves out one by one."""
    command = re.search(r"(?s)\ndocker run -d .*?\n```", (ROOT / "docs/container.md").read_text())
    assert command
    documented = sorted(re.findall(r"--cap-add (\w+)", command[0]))
    pod = pod_of(one(manifests, "DaemonSet", "scottyscope"))
    (container,) = pod["containers"]
    assert sorted(container["securityContext"]["capabilities"]["add"]) == documented
    assert pod["hostPID"] and "--pid host" in command[0]
    host_paths = {each["hostPath"]["path"] for each in pod["volumes"] if "hostPath" in each}
    assert host_paths == set(re.findall(r"-v (/[^:]+):", command[0]))
    assert all(each["readOnly"] for each in container["volumeMounts"])
    unit = (STACK / "systemd/scottyscope.service").read_text()
    bounding_set = re.search(r"(?m)^CapabilityBoundingSet=(.*)$", unit)
    assert bounding_set
    assert sorted(bounding_set[1].split()) == [f"CAP_{each}" for each in documented]


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ("linux-before-6.6", {"SYS_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH", "SETUID", "SETGID"}),
        ("apparmor-unconfined", None),
    ],
)
def test_components_change_privileges(
    manifests: list[Manifest],
    component: str,
    expected: set[str] | None,
    tmp_path: pathlib.Path,
) -> None:
    """An overlay of a reader, with one component."""
    overlay = {
        "resources": [os.path.relpath(FOLDER, tmp_path)],
        "components": [os.path.relpath(FOLDER / "components" / component, tmp_path)],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    changed = build(tmp_path)
    for manifest in changed:
        kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)
    (context,) = [
        each["securityContext"]
        for each in pod_of(one(changed, "DaemonSet", "scottyscope"))["containers"]
    ]
    if expected is None:
        assert context["appArmorProfile"] == {"type": "Unconfined"}
    else:
        assert set(context["capabilities"]["add"]) == expected
    others = [each for each in changed if each["kind"] != "DaemonSet"]
    assert others == [each for each in manifests if each["kind"] != "DaemonSet"]


def test_second_server_of_a_node_has_its_own_namespace(tmp_path: pathlib.Path) -> None:
    """The overlay of docs/fleet.md: nothing collides with the first one's."""
    text = (ROOT / "docs/fleet.md").read_text()
    overlay = re.search(r"(?s)```yaml\n# second/kustomization.yaml\n(.*?)```", text)
    assert overlay
    documented = yaml.safe_load(overlay[1])
    documented["resources"] = [os.path.relpath(FOLDER, tmp_path)]
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(documented))
    manifests = build(tmp_path)
    names = {each["metadata"].get("namespace", each["metadata"]["name"]) for each in manifests}
    assert names == {"scotty-second"}
    settings = one(manifests, "ConfigMap", "scottyscope")["data"]["scottyscope.yaml"]
    assert yaml.safe_load(settings)["port"] == 21343
    (container,) = pod_of(one(manifests, "DaemonSet", "scottyscope"))["containers"]
    values = {each["name"]: each.get("value", "") for each in container["env"]}
    attributes = dict(each.split("=") for each in values["OTEL_RESOURCE_ATTRIBUTES"].split(","))
    assert attributes == {
        "host.name": "$(NODE_NAME)",
        "k8s.node.name": "$(NODE_NAME)",
        "service.instance.id": "$(NAMESPACE).$(NODE_NAME)",
    }


def test_gateway_alone_is_not_root(manifests: list[Manifest]) -> None:
    gateway = pod_of(one(manifests, "Deployment", "gateway"))
    assert gateway["securityContext"]["runAsNonRoot"] is True
    assert not gateway.get("hostPID")
    assert "add" not in gateway["containers"][0]["securityContext"]["capabilities"]


def test_only_scottyscope_reaches_otlp(manifests: list[Manifest]) -> None:
    spec = one(manifests, "NetworkPolicy", "gateway")["spec"]
    labels = one(manifests, "Deployment", "gateway")["spec"]["template"]["metadata"]["labels"]
    assert spec["podSelector"]["matchLabels"].items() <= labels.items()
    assert spec["policyTypes"] == ["Ingress"]
    senders = [
        each["from"]
        for each in spec["ingress"]
        if "ports" not in each or 4317 in {port["port"] for port in each["ports"]}
    ]
    name = {"app.kubernetes.io/name": "scottyscope"}
    assert senders == [[{"podSelector": {"matchLabels": name}}]]
    daemon_set = one(manifests, "DaemonSet", "scottyscope")["spec"]["template"]
    assert name.items() <= daemon_set["metadata"]["labels"].items()


def test_names_fit_together(manifests: list[Manifest]) -> None:
    """Ports, services, config maps and budgets lead to what exists."""
    for name, workload in (("gateway", "gateway"), ("scottyscope-metrics", "scottyscope")):
        service = one(manifests, "Service", name)["spec"]
        kind = "Deployment" if workload == "gateway" else "DaemonSet"
        template = one(manifests, kind, workload)["spec"]["template"]
        assert service["selector"].items() <= template["metadata"]["labels"].items()
        names = {each["name"] for each in template["spec"]["containers"][0]["ports"]}
        assert {each["targetPort"] for each in service["ports"]} <= names
    maps = {each["metadata"]["name"] for each in manifests if each["kind"] == "ConfigMap"}
    used = {
        name
        for each in workloads(manifests)
        for name in re.findall(r"'(?:configMap|configMapRef)': \{'name': '([^']+)'", str(each))
    }
    assert used == maps
    budget = one(manifests, "PodDisruptionBudget", "gateway")["spec"]
    deployment = one(manifests, "Deployment", "gateway")["spec"]
    assert budget["selector"]["matchLabels"] == deployment["selector"]["matchLabels"]
    assert budget["minAvailable"] < deployment["replicas"]


def test_memory_limiter_is_below_the_limit(manifests: list[Manifest]) -> None:
    environment = one(manifests, "ConfigMap", "gateway-environment")["data"]
    (container,) = pod_of(one(manifests, "Deployment", "gateway"))["containers"]
    limit_mib = int(container["resources"]["limits"]["memory"].removesuffix("Mi"))
    assert int(environment["COLLECTOR_MEMORY_MIB"]) <= 0.8 * limit_mib
    assert environment["GOMEMLIMIT"] == environment["COLLECTOR_MEMORY_MIB"] + "MiB"


def variants() -> list[str]:
    return sorted(each.stem for each in (STACK / "otel-collector" / "variants").glob("*.yaml"))


@pytest.mark.parametrize("variant", variants())
def test_collector_accepts_the_configuration(
    manifests: list[Manifest], variant: str, tmp_path: pathlib.Path
) -> None:
    """The files as the pod mounts them, and the arguments of the container."""
    pod = pod_of(one(manifests, "Deployment", "gateway"))
    (container,) = pod["containers"]
    volumes = {each["name"]: each for each in pod["volumes"]}
    for mount in container["volumeMounts"]:
        volume = volumes[mount["name"]]
        sources = volume.get("projected", {}).get("sources", [volume])
        directory = tmp_path / mount["mountPath"].removeprefix("/")
        directory.mkdir(parents=True)
        for source in sources:
            name = source["configMap"]["name"]
            for file, text in one(manifests, "ConfigMap", name)["data"].items():
                (directory / file).write_text(text)
    environment = {
        **one(manifests, "ConfigMap", "gateway-environment")["data"],
        "COLLECTOR_VARIANT": variant,
        **secrets_of(variant, tmp_path),
    }
    arguments = [
        each.replace("$(COLLECTOR_VARIANT)", variant).replace("file:/", f"file:{tmp_path}/")
        for each in container["args"]
    ]
    told = subprocess.run(
        [os.environ["E2E_OTELCOL"], "validate", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr


def secrets_of(variant: str, directory: pathlib.Path) -> dict[str, str]:
    """Values for the variables of a variant that have no default."""
    text = (STACK / "otel-collector" / "variants" / f"{variant}.yaml").read_text()
    values = {}
    for name in re.findall(r"\$\{env:([A-Z_]+)\}", text):
        if "URL" in name:
            values[name] = "http://127.0.0.1:9"
        elif "OTLP" in name:
            values[name] = "127.0.0.1:9"
        elif "HTPASSWD" in name:
            values[name] = "user:" + "x" * 60
        else:
            values[name] = str(directory / "missing.pem")
    return values


def test_otel_collector_folder_gives_every_variant(manifests: list[Manifest]) -> None:
    data = one(manifests, "ConfigMap", "otel-collector-variants")["data"]
    assert sorted(data) == [f"{each}.yaml" for each in variants()]


def test_scottyscope_configuration_and_number_of_servers(
    manifests: list[Manifest], tmp_path: pathlib.Path
) -> None:
    """The tool reads the config map's file; status 4 without a server and with two."""
    file = tmp_path / "scottyscope.yaml"
    file.write_text(one(manifests, "ConfigMap", "scottyscope")["data"]["scottyscope.yaml"])
    name = f"scotty-{os.getpid()}"
    executable = tmp_path / name
    shutil.copy2(os.environ["SCOTTY_BARE"], executable)

    def run(*options: str) -> tuple[int, str]:
        told = subprocess.run(
            [os.environ["SCOTTYSCOPE"], f"--config={file}", "--once", "--listen=none", *options],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env={**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
        )
        return told.returncode, told.stderr

    status, message = run(f"--exe={name}")
    assert status == NO_TARGET and "no process runs" in message
    servers = [Server(str(executable), tmp_path / str(number)) for number in range(2)]
    try:
        status, message = run(f"--exe={name}")
        assert status == NO_TARGET and "2 processes run" in message
        assert run(f"--port={servers[0].port}")[0] == 0
    finally:
        for server in servers:
            server.end()
