"""Behind a proxy the service counts those whom the proxy serves, where it is trusted."""

import ipaddress

import pytest

from mainshock.core.errors import SettingsError
from mainshock.serve.security.clients import client_of
from mainshock.serve.security.settings import SecuritySettings, read_security_settings
from mainshock.stream.store.audit_log import AuditQuery

PROXIES = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["203.0.113.9, 192.0.2.1"], "192.0.2.1"),  # the first is made up
        ("10.0.0.1", ["203.0.113.9", "192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["192.0.2.1, 10.2.3.4, fd00::1"], "192.0.2.1"),
        ("10.0.0.1", ["10.0.0.9"], "10.0.0.9"),  # who sits beside the proxies
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.1, "], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.1:4711"], "192.0.2.1"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["2001:DB8:0::1"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("203.0.113.5", ["192.0.2.1"], "203.0.113.5"),
        ("::ffff:203.0.113.5", ["192.0.2.1"], "::ffff:203.0.113.5"),
        ("", ["192.0.2.1"], ""),
    ],
)
def test_the_last_hop_that_is_no_proxy_is_the_client(peer, forwarded, client):
    assert client_of(peer, forwarded, PROXIES) == client
    assert client_of(peer, forwarded, []) == peer


def test_tries_to_sign_in_and_audit_lines_count_whom_the_proxy_serves(open_house):
    behind = SecuritySettings(trusted_proxies=["127.0.0.1"])
    for house in open_house(security=behind):
        with house.client() as client:

            def tried(address: str) -> int:
                body = {"name": "viewer", "password": "a wrong guess"}
                told = {"X-Forwarded-For": f"203.0.113.9, {address}"}
                return client.post("/api/v1/login", json=body, headers=told).status_code

            assert [tried("192.0.2.1") for _ in range(6)] == [401] * 5 + [429]
            assert tried("192.0.2.2") == 401
            client.get("/api/v1/events", headers={"X-Forwarded-For": "192.0.2.3"})
        found = {one.client for one in house.audit.rows(AuditQuery())}
        assert found == {"192.0.2.1", "192.0.2.2", "192.0.2.3"}


def test_nobody_names_another_address_for_himself(own_house):
    with own_house.client() as client:
        statuses = [
            client.post(
                "/api/v1/login",
                json={"name": "viewer", "password": "a wrong guess"},
                headers={"X-Forwarded-For": f"192.0.2.{number}"},
            ).status_code
            for number in range(6)
        ]
    assert statuses == [401] * 5 + [429]
    assert {one.client for one in own_house.audit.rows(AuditQuery())} == {"127.0.0.1"}


def test_proxies_are_read_from_the_file_and_else_from_the_environment(tmp_path):
    named = {"MAINSHOCK_TRUSTED_PROXIES": "10.0.3.4, fd00::/8"}
    by_variable = read_security_settings(None, named)
    assert [str(one) for one in by_variable.trusted_proxies] == ["10.0.3.4/32", "fd00::/8"]
    file = tmp_path / "security.toml"
    file.write_text("token_minutes = 5\n")
    both = read_security_settings(file, named)
    assert (both.token_minutes, both.trusted_proxies) == (5.0, by_variable.trusted_proxies)
    file.write_text('trusted_proxies = ["192.0.2.0/24"]\n')
    assert [str(one) for one in read_security_settings(file, named).trusted_proxies] == [
        "192.0.2.0/24"
    ]
    assert read_security_settings(None, {"MAINSHOCK_TRUSTED_PROXIES": " "}) is None


@pytest.mark.parametrize("stated", ["proxy.example.org", "10.0.0.1/8", "0.0.0.0/0", "::/0"])
def test_what_names_no_proxy_is_refused(stated):
    with pytest.raises(SettingsError, match="MAINSHOCK_TRUSTED_PROXIES"):
        read_security_settings(None, {"MAINSHOCK_TRUSTED_PROXIES": stated})
