"""The service speaks TLS by itself, and tells browsers to use nothing else."""

import ssl
from dataclasses import replace

import httpx
import pytest
from certificates import make_certificate

from mainshock.core.errors import SettingsError
from mainshock.serve.app import create_app
from mainshock.serve.context import ServiceSettings
from mainshock.serve.run import ServiceThread
from mainshock.serve.security.settings import SecuritySettings

HSTS = "strict-transport-security"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of this machine, and its key."""
    made = make_certificate(tmp_path_factory.mktemp("tls"), "a-test")
    return made.file, made.key_file


def test_the_service_speaks_tls(open_house, certificate):
    cert, key = certificate
    trusted = ssl.create_default_context(cafile=str(cert))
    for house in open_house(tls_cert=cert, tls_key=key):
        assert house.url.startswith("https://")
        with httpx.Client(base_url=house.url, verify=trusted, timeout=60.0) as client:
            answer = client.get("/healthz")
            assert answer.headers[HSTS].startswith("max-age=31536000")
            body = {"name": "viewer", "password": "brown slate under the harbour"}
            answer = client.post("/api/v1/login", json=body, headers={"Origin": house.url})
            assert "Secure" in answer.headers["set-cookie"].split("; ")
            assert client.get("/api/v1/me").json()["data"]["name"] == "viewer"
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(house.url)
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.load_verify_locations(cert)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with httpx.Client(verify=old) as client:
            assert client.get(f"{house.url}/healthz").status_code == 200


def test_behind_a_proxy_that_speaks_tls_it_is_told_as_well(empty_context):
    behind = SecuritySettings(public_url="https://quakes.example.org")
    settings = ServiceSettings(port=0, security=behind)
    with ServiceThread(replace(empty_context, settings=settings)) as service:
        assert HSTS in httpx.get(f"{service.url}/healthz").headers


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_cookie_of_the_token_goes_by_tls_alone_where_there_is_any(empty_context, scheme):
    token = "correct-horse-battery-staple"
    behind = SecuritySettings(public_url=f"{scheme}://quakes.example.org")
    settings = ServiceSettings(port=0, token=token, security=behind)
    with ServiceThread(replace(empty_context, settings=settings)) as service:
        kept = httpx.get(service.page_url).headers["set-cookie"].split("; ")
    assert kept[1:4] == ["HttpOnly", "SameSite=Strict", "Path=/"]
    assert ("Secure" in kept) == (scheme == "https")


def test_without_tls_nothing_is_told_of_it(client):
    assert HSTS not in client.get("/healthz").headers


def test_half_of_tls_is_refused(empty_context, certificate, tmp_path):
    cert, key = certificate
    open_key = tmp_path / "key.pem"
    open_key.write_bytes(key.read_bytes())
    open_key.chmod(0o644)
    for files, told in (
        ((cert, None), "--tls-key"),
        ((None, key), "--tls-cert"),
        ((cert, tmp_path / "none.pem"), "cannot read"),
        ((cert, open_key), "chmod 600"),
    ):
        settings = ServiceSettings(port=0, tls_cert=files[0], tls_key=files[1])
        with pytest.raises(SettingsError, match=told):
            create_app(replace(empty_context, settings=settings))
