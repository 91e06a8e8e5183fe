"""The gateway: a real nginx with our configuration before a real service with a token."""

import re
import socket
import ssl
import subprocess
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from object_store import free_port

from mainshock.core.records import Station
from mainshock.serve.context import ServiceContext, ServiceSettings
from mainshock.serve.run import ServiceThread
from mainshock.serve.security.settings import SecuritySettings
from mainshock.sources.stations import StationList
from mainshock.stream.board import LiveBoard
from mainshock.stream.store.live_store import LiveStore

TOKEN = "correct-horse-battery-staple"  # of a test alone
REMEDY = "it belongs to Debian's package nginx; run `make ci-system`"
NAME = "localhost"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    with LiveStore.open(folder / "store.sqlite") as store:
        context = ServiceContext(
            store,
            folder,
            StationList([Station("BW", "UH1", 11.636, 48.082, 500.0)]),
            board=LiveBoard(),
            settings=ServiceSettings(
                "0.0.0.0",
                port=0,
                token=TOKEN,
                security=SecuritySettings(
                    public_url="https://localhost", trusted_proxies=["127.0.0.1"]
                ),
            ),
        )
        with ServiceThread(context) as running:
            yield running


@pytest.fixture(scope="module")
def certificate(tmp_path_factory, program, run):
    """A certificate for this machine with its key."""
    openssl = program("openssl", "it belongs to Debian's package openssl")
    folder = tmp_path_factory.mktemp("tls")
    result = run(
        *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
        *("-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"),
        *("-keyout", folder / "tls.key", "-out", folder / "tls.crt"),
    )
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture
def gateway(program, deploy, service, certificate, tmp_path):
    """nginx with the committed configuration; only addresses and paths are those of the test."""
    nginx = program("nginx", REMEDY)
    plain, tls = free_port(), free_port()
    text = (deploy / "nginx" / "nginx.conf").read_text(encoding="utf-8")
    here = {
        "listen 8080;": f"listen 127.0.0.1:{plain};",
        "listen 8443 ssl;": f"listen 127.0.0.1:{tls} ssl;",
        "http://api:8765": f"http://127.0.0.1:{service.port}",
        "http://grafana:3000": f"http://127.0.0.1:{free_port()}",
        "/run/secrets/tls": f"{certificate}/tls",
        "/tmp/": f"{tmp_path}/",
        "/dev/stdout": f"{tmp_path}/access.log",
        "/dev/stderr": f"{tmp_path}/error.log",
        "pid ": "daemon off;\nmaster_process off;\npid ",
    }
    assert [ours for ours in here if ours not in text] == []
    text = re.sub("|".join(map(re.escape, here)), lambda found: here[found[0]], text)
    (tmp_path / "nginx.conf").write_text(text, encoding="utf-8")
    command = [nginx, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    with (tmp_path / "said.txt").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
        try:
            context = ssl.create_default_context(cafile=str(certificate / "tls.crt"))
            with httpx.Client(
                base_url=f"https://{NAME}:{tls}", verify=context, timeout=30.0
            ) as client:
                wait_for_port(plain, process, tmp_path / "said.txt")
                yield client, plain, tmp_path
        finally:
            process.terminate()
            process.wait(30.0)


def wait_for_port(port, process, said):
    for _ in range(100):
        assert process.poll() is None, said.read_text()
        with socket.socket() as trying:
            if trying.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(said.read_text())


def test_the_service_answers_through_tls_and_still_asks_for_its_token(gateway):
    client, _, _ = gateway
    assert client.get("/api/v1/stations").status_code == 401
    answer = client.get("/api/v1/stations", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.headers.get_list("strict-transport-security") == [
        "max-age=31536000; includeSubDomains"
    ]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "nginx/" not in answer.headers["server"]


def test_plain_http_leads_to_tls(gateway):
    _, plain, _ = gateway
    answer = httpx.get(f"http://127.0.0.1:{plain}/api/v1/events")
    assert answer.status_code == 308
    assert answer.headers["location"] == "https://127.0.0.1/api/v1/events"


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_what_operators_ask_for_stays_inside(gateway, path):
    client, _, _ = gateway
    answer = client.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 404


def test_a_page_of_the_gateway_s_own_address_may_change_things(gateway):
    client, _, _ = gateway
    headers = {"Authorization": f"Bearer {TOKEN}", "Origin": str(client.base_url).rstrip("/")}
    own = client.post("/api/v1/infer", headers=headers, json={})
    assert own.status_code == 400  # it was read, and found wanting
    other = client.post(
        "/api/v1/infer", headers=headers | {"Origin": "https://elsewhere.example"}, json={}
    )
    assert other.status_code == 403


def test_who_posts_too_much_is_told_to_slow_down_while_others_read(gateway):
    client, _, _ = gateway
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answers = [
        client.post("/api/v1/infer", headers=headers, json={}).status_code for _ in range(30)
    ]
    assert answers[0] == 400
    assert 429 in answers
    assert client.get("/api/v1/stations", headers=headers).status_code == 200


def test_who_reads_too_much_is_told_to_slow_down(gateway):
    client, _, _ = gateway
    answers = {client.get("/healthz").status_code for _ in range(400)}
    assert answers == {200, 429}


@pytest.mark.parametrize("path", ["/api/v1/login", "/api/v1/oidc/login"])
def test_tries_to_sign_in_are_few_while_others_read(gateway, path):
    client, _, folder = gateway
    answers = [client.get(path) for _ in range(25)]  # reading itself would allow 60 at once
    assert answers[0].status_code != 429
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all("nginx" in answer.text for answer in refused)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert client.get("/api/v1/stations", headers=headers).status_code == 200
    assert '"limit":"REJECTED"' in told_by(folder, '"status":429')


def test_the_service_sees_who_asks_and_not_who_they_say_they_are(gateway, certificate):
    client, _, _ = gateway
    context = ssl.create_default_context(cafile=str(certificate / "tls.crt"))
    transport = httpx.HTTPTransport(verify=context, local_address="127.0.0.2")
    with httpx.Client(base_url=client.base_url, transport=transport, timeout=30.0) as other:
        answer = other.get("/api/v1/stations", headers={"X-Forwarded-For": "203.0.113.9"})
        assert answer.status_code == 401
    lines = client.get("/api/v1/audit", headers={"Authorization": f"Bearer {TOKEN}"}).json()["data"]
    assert "127.0.0.2" in {line["client"] for line in lines}
    assert "203.0.113.9" not in {line["client"] for line in lines}


def told_by(folder, awaited):
    """Return all that nginx wrote, as soon as its log of requests holds a text."""
    for _ in range(50):
        if awaited in (folder / "access.log").read_text():
            break
        time.sleep(0.1)
    names = ("access.log", "error.log", "said.txt")
    return "".join((folder / name).read_text() for name in names)


def test_no_log_keeps_the_token_of_a_request_that_failed_or_came_too_often(gateway):
    client, _, folder = gateway
    address = f"/grafana/?token={TOKEN}"
    failed = client.get(address, headers={"Referer": f"{client.base_url}/?token={TOKEN}"})
    assert failed.status_code == 502  # nothing listens where the boards should be
    assert 429 in {client.get(f"/?token={TOKEN}").status_code for _ in range(400)}
    told = told_by(folder, '"status":429')
    assert '"answered":"502"' in told
    assert '"limit":"REJECTED"' in told
    assert TOKEN not in told


def test_live_updates_pass_and_no_log_keeps_the_token(gateway, certificate):
    from websockets.sync.client import connect

    client, _, folder = gateway
    context = ssl.create_default_context(cafile=str(certificate / "tls.crt"))
    address = str(client.base_url).replace("https", "wss").rstrip("/")
    with connect(f"{address}/api/v1/live?token={TOKEN}", ssl=context) as live:
        assert live.recv(timeout=30.0)
    told = told_by(folder, "/api/v1/live")
    assert "/api/v1/live" in told
    assert TOKEN not in told


def test_a_certificate_made_for_trying_does_not_last(prepared_certificate):
    assert prepared_certificate - datetime.now(UTC) < timedelta(days=91)


@pytest.fixture
def prepared_certificate(deploy, run, tmp_path, program):
    """The end of the certificate that the folder of Compose makes."""
    copy = tmp_path / "prepare.sh"
    copy.write_bytes((deploy / "compose" / "prepare.sh").read_bytes())
    copy.chmod(0o755)
    assert run(copy).returncode == 0
    openssl = program("openssl", "it belongs to Debian's package openssl")
    told = run(openssl, "x509", "-noout", "-enddate", "-in", tmp_path / "secrets" / "tls.crt")
    end = told.stdout.strip().removeprefix("notAfter=")
    return datetime.strptime(end, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
