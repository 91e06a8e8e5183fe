"""Alerts and dashboards: sound by Prometheus's own tools, about metrics that are really told."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import yaml
from object_store import free_port

sys.path.insert(0, str(Path(__file__).parents[1] / "stream"))
from monitor_process import running

TOKEN = "correct-horse-battery-staple"  # of a test alone
REMEDY = "it belongs to Debian's package prometheus; run `make ci-system`"
# what Prometheus itself tells
OF_PROMETHEUS = {"up", "ALERTS"}
WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
BOARDS = ("live", "stations", "alerts", "models")
PICTURES = {"timeseries", "stat", "table", "bargauge"}
WIDTH = 24
UNITS = {"short", "s", "pps", "cps", "reqps", "percentunit"}


@pytest.fixture(scope="module")
def boards(deploy):
    folder = deploy / "grafana" / "dashboards"
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.iterdir()}


@pytest.fixture(scope="module")
def rules(deploy):
    document = yaml.safe_load((deploy / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


@pytest.fixture(scope="module")
def expressions(boards, rules):
    """Everything that Prometheus is asked for, with who asks."""
    asked = {f"alert {rule['alert']}": rule["expr"] for rule in rules}
    for name, board in boards.items():
        for panel in board["panels"]:
            for target in panel["targets"]:
                asked[f"{name}: {panel['title']} {target['refId']}"] = target["expr"]
    return asked


@pytest.fixture(scope="module")
def monitor(tmp_path_factory):
    """A monitor with all on that has metrics: alerts, SeedLink, gap filling, a live source."""
    folder = tmp_path_factory.mktemp("monitor")
    (folder / "token").write_text(TOKEN, encoding="ascii")
    (folder / "alerts.toml").write_text(
        '[[rules]]\nname = "all"\nchannels = ["log"]\n'
        '[channels.log]\nkind = "file"\npath = "alerts.jsonl"\n'
    )
    options = {
        "--source": "load:2",
        "--data-dir": folder / "data",
        "--token-file": folder / "token",
        "--alerts": folder / "alerts.toml",
        "--backfill": "http://127.0.0.1:9",  # nobody is there: only its counters are wanted
        "--seedlink-port": 0,
    }
    arguments = [part for option in options.items() for part in option]
    with running(*arguments, errors=folder / "said.txt") as process:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=process.url(), headers=headers, timeout=30.0) as client:
            wait_for(lambda: "mainshock_ingest_packets_total{" in client.get("/metrics").text)
            yield client


@pytest.fixture(scope="module")
def families(monitor):
    """Name to kind of every metric that the monitor tells."""
    text = monitor.get("/metrics").text
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))


def wait_for(holds, within_s=60.0):
    for _ in range(int(within_s / 0.2)):
        if holds():
            return
        time.sleep(0.2)
    raise AssertionError("it did not come")


def names_in(expression):
    """Return the metrics that an expression names: words that are no function, label or keyword."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}", "", bare)
    bare = re.sub(r"\b(by|on|without|ignoring)\s*\([^)]*\)", "", bare)
    bare = re.sub(r"\[[^\]]*\]", "", bare)
    return {
        word
        for word in WORD.findall(bare)
        if word.startswith("mainshock_") or word in OF_PROMETHEUS
    }


def series_of(families):
    """Return the names of the series that families of metrics consist of."""
    ends = {"histogram": ("_bucket", "_sum", "_count")}
    return {
        name + end for name, kind in families.items() for end in ends.get(kind, ("",))
    } | OF_PROMETHEUS


def test_every_metric_that_is_asked_for_is_told(expressions, families):
    told = series_of(families)
    missing = {where: names_in(one) - told for where, one in expressions.items()}
    assert {where: names for where, names in missing.items() if names} == {}
    assert all(names_in(one) for one in expressions.values())


def test_every_label_that_is_asked_for_is_told(expressions, monitor):
    text = monitor.get("/metrics").text
    told = set(re.findall(r"[{,](\w+)=", text)) | {"topic", "outcome"}  # of what came not yet
    told |= {"job", "instance", "namespace", "alertname", "alertstate", "severity"}
    told |= {"method", "route", "status"}
    for where, one in expressions.items():
        chosen = {
            label
            for inside in re.findall(r"\{([^}]*)\}", one)
            for label in re.findall(r"(\w+)\s*(?:=|!=|=~|!~)", inside)
        }
        grouped = {
            label.strip()
            for inside in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", one)
            for label in inside.split(",")
        }
        assert chosen | grouped <= told, where


def test_every_metric_of_the_platform_is_shown_somewhere(expressions, families):
    shown = {name for one in expressions.values() for name in names_in(one)}
    told = {name for name in families if not name.endswith("_created")}
    unseen = {name for name in told if not {name, f"{name}_bucket", f"{name}_sum"} & shown}
    assert unseen == set()


def test_promtool_accepts_rules_and_configuration(program, run, deploy, tmp_path):
    promtool = program("promtool", REMEDY)
    folder = deploy / "prometheus"
    checked = run(promtool, "check", "rules", folder / "alerts.yml")
    assert checked.returncode == 0, checked.stderr
    config = run(promtool, "check", "config", "--syntax-only", folder / "prometheus.yml")
    assert config.returncode == 0, config.stdout + config.stderr
    # Debian's Prometheus knows no Kubernetes: its targets are looked at by the overlays' tests
    inside = (folder / "kubernetes-scrape.yml").read_text(encoding="utf-8")
    document = yaml.safe_load(inside)
    for job in document["scrape_configs"]:
        assert job.pop("kubernetes_sd_configs")[0]["role"] == "pod"
        job["static_configs"] = [{"targets": ["127.0.0.1:1"]}]
    path = tmp_path / "prometheus.yml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    config = run(promtool, "check", "config", "--syntax-only", path)
    assert config.returncode == 0, config.stdout + config.stderr


def test_alerts_fire_when_they_should_and_only_then(program, run, deploy, tmp_path):
    promtool = program("promtool", REMEDY)
    text = Path(__file__).with_name("alerts_test.yml").read_text(encoding="utf-8")
    path = tmp_path / "alerts_test.yml"
    path.write_text(text.replace("ALERTS_FILE", str(deploy / "prometheus" / "alerts.yml")))
    result = run(promtool, "test", "rules", path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_alert_says_what_to_do_and_how_soon(rules):
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
        assert set(rule["annotations"]) == {"summary", "description"}, rule["alert"]
        text = " ".join(rule["annotations"].values())
        assert "predict" not in text.lower()


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_is_one_that_grafana_reads(boards, name):
    board = boards[name]
    assert board["uid"] == f"mainshock-{name}"
    assert board["schemaVersion"] >= 39
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    taken = set()
    for panel in board["panels"]:
        assert panel["type"] in PICTURES, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "prometheus"}
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= WIDTH, panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells


def test_all_dashboards_are_provisioned(boards, deploy):
    assert set(boards) == set(BOARDS)
    grafana = deploy / "grafana"
    listed = yaml.safe_load((grafana / "kustomization.yaml").read_text(encoding="utf-8"))
    files = listed["configMapGenerator"][0]["files"]
    assert {Path(name).stem for name in files} == set(boards)
    source = yaml.safe_load((grafana / "provisioning/datasources/prometheus.yml").read_text())
    assert source["datasources"][0]["uid"] == "prometheus"


@pytest.fixture(scope="module")
def prometheus(program, deploy, monitor, tmp_path_factory):
    """A real Prometheus on loopback with our rules, which scrapes the monitor by its token."""
    prometheus = program("prometheus", REMEDY)
    folder = tmp_path_factory.mktemp("prometheus")
    config = yaml.safe_load((deploy / "prometheus" / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    (job, _) = config["scrape_configs"]
    (folder / "token").write_text(TOKEN, encoding="ascii")
    job["authorization"]["credentials_file"] = str(folder / "token")
    del job["dns_sd_configs"], job["relabel_configs"]
    job["static_configs"] = [{"targets": [monitor.base_url.netloc.decode()]}]
    config["scrape_configs"] = [job]
    config["rule_files"] = [str(deploy / "prometheus" / "alerts.yml")]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    port = free_port()
    command = [
        prometheus,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10.0) as client:
                wait_for(lambda: is_ready(client))
                yield client
        finally:
            process.terminate()
            process.wait(30.0)


def is_ready(client):
    try:
        return client.get("/-/ready").status_code == 200
    except httpx.TransportError:
        return False


def asked(client, expression):
    answer = client.get("/api/v1/query", params={"query": expression})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["result"]


def test_a_real_prometheus_scrapes_a_monitor_by_its_token(prometheus):
    wait_for(lambda: any(one["value"][1] == "1" for one in asked(prometheus, "up")))
    wait_for(lambda: asked(prometheus, "mainshock_ingest_last_sample_timestamp_seconds"))
    stations = asked(prometheus, "mainshock_ingest_last_sample_timestamp_seconds")
    assert len(stations) == 2


def test_a_real_prometheus_answers_every_question(prometheus, expressions):
    for where, one in expressions.items():
        answer = prometheus.get("/api/v1/query", params={"query": one})
        assert answer.status_code == 200, f"{where}: {answer.text}"


def test_a_real_prometheus_finds_nothing_wrong_with_a_sound_monitor(prometheus, rules):
    told = prometheus.get("/api/v1/rules").json()["data"]["groups"]
    loaded = [rule for group in told for rule in group["rules"]]
    assert {rule["name"] for rule in loaded} == {rule["alert"] for rule in rules}
    wait_for(lambda: all(rule["health"] == "ok" for rule in rules_of(prometheus)))
    firing = [rule["name"] for rule in rules_of(prometheus) if rule["state"] == "firing"]
    assert firing == []


def rules_of(prometheus):
    groups = prometheus.get("/api/v1/rules").json()["data"]["groups"]
    return [rule for group in groups for rule in group["rules"]]
