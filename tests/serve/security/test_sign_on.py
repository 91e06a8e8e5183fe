"""People who have an account elsewhere sign in here: by a provider on this machine."""

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from mainshock.core.errors import SettingsError
from mainshock.serve.security.claims import account_name, role_of
from mainshock.serve.security.settings import (
    OidcSettings,
    SecuritySettings,
    read_security_settings,
)

SECRET = "a secret between the two"
CALLBACK = "/api/v1/oidc/callback"


class Provider:
    """A provider with one person, who always agrees; what it says may be bent."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.person = {"sub": "7", "preferred_username": "Ana", "groups": ["analysts"]}
        self.bent: dict[str, object] = {}
        self.signed_by = self.key
        self.codes: dict[str, dict[str, str]] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _handler(self):
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def answer(self, status, document=None, **headers):
                body = json.dumps(document or {}).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                parts = urlsplit(self.path)
                if parts.path == "/.well-known/openid-configuration":
                    self.answer(200, provider.description())
                elif parts.path == "/jwks":
                    self.answer(200, KeySet([provider.key]).as_dict(private=False))
                else:
                    query = {name: one[0] for name, one in parse_qs(parts.query).items()}
                    self.answer(302, Location=provider.agree(query))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: one[0] for name, one in parse_qs(body).items()}
                found = provider.redeem(form, self.headers.get("Authorization", ""))
                self.answer(400 if found is None else 200, found)

        return Handler

    def description(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }

    def agree(self, query):
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def redeem(self, form, authorization):
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        shown = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        if asked is None or challenge != asked["code_challenge"]:
            return None
        if form["redirect_uri"] != asked["redirect_uri"] or shown != f"mainshock:{SECRET}":
            return None
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": "mainshock",
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 300,
            **self.person,
            **self.bent,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": "one"}
        return {"id_token": jwt.encode(header, kept, self.signed_by, algorithms=["RS256"])}


@pytest.fixture
def provider():
    made = Provider()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def sso_house(open_house, provider, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    oidc = OidcSettings(
        issuer=provider.issuer,
        client_id="mainshock",
        client_secret=f"file:{secret}",
        roles={"analysts": "seismologist", "chiefs": "admin"},
    )
    yield from open_house(security=SecuritySettings(oidc=oidc))


def led_back(browser: httpx.Client) -> str:
    """Where the provider leads a browser that wants to sign in."""
    begun = browser.get("/api/v1/oidc/login")
    assert begun.status_code == 303, begun.text
    cookie = begun.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/api/v1/oidc"} <= set(cookie.split("; "))
    agreed = httpx.get(begun.headers["location"])
    assert agreed.status_code == 302
    return agreed.headers["location"]


def test_a_person_signs_in_elsewhere_and_is_known_here(sso_house, provider):
    with sso_house.client() as browser:
        back = led_back(browser)
        answer = browser.get(back)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        me = browser.get("/api/v1/me").json()["data"]
        assert (me["name"], me["role"]) == ("sso:ana", "seismologist")
        assert me["sign_in_elsewhere"] is True
        assert browser.get("/api/v1/audit").status_code == 403
        assert browser.get(back).status_code == 401  # a code counts once
    provider.person["groups"] = ["analysts", "chiefs"]
    with sso_house.client() as browser:
        assert browser.get(led_back(browser)).status_code == 303
        assert browser.get("/api/v1/me").json()["data"]["role"] == "admin"
    told = [one.name for one in sso_house.users.users() if one.subject is not None]
    assert told == ["sso:ana"]


@pytest.mark.parametrize(
    "bent",
    [
        {"iss": "https://other.example"},
        {"aud": "another-client"},
        {"aud": ["mainshock", "another-client"]},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"sub": None},
        {"groups": ["strangers"]},
        {"groups": None},
    ],
    ids="-".join,
)
def test_a_person_of_whom_something_is_wrong_does_not(sso_house, provider, bent):
    provider.bent = bent
    with sso_house.client() as browser:
        answer = browser.get(led_back(browser))
        assert answer.status_code == 401
        assert browser.get("/api/v1/me").status_code == 401
    assert all(one.subject is None for one in sso_house.users.users())


def test_a_provider_that_is_another_one_is_not_believed(sso_house, provider):
    provider.signed_by = RSAKey.generate_key(2048, {"kid": "one"})
    with sso_house.client() as browser:
        assert browser.get(led_back(browser)).status_code == 401


def test_only_the_browser_that_began_ends(sso_house):
    with sso_house.client() as browser, sso_house.client() as other:
        back = led_back(browser)
        assert other.get(back).status_code == 401
        led_back(other)
        assert other.get(back).status_code == 401
        assert browser.get(back.replace("state=", "state=x")).status_code == 401
        assert browser.get(f"{CALLBACK}?error=access_denied").status_code == 401
        assert browser.get(back + "&iss=https://other.example").status_code == 401
        assert browser.get(back).status_code == 303


def test_a_closed_account_stays_closed(sso_house):
    with sso_house.client() as browser:
        browser.get(led_back(browser))
        sso_house.users.set_active("sso:ana", is_active=False)
        assert browser.get("/api/v1/me").status_code == 401
        assert browser.get(led_back(browser)).status_code == 401


def test_two_people_of_one_name_have_two_accounts(sso_house, provider):
    for subject in ("7", "8"):
        provider.person["sub"] = subject
        with sso_house.client() as browser:
            assert browser.get(led_back(browser)).status_code == 303
    names = [one.name for one in sso_house.users.users() if one.subject is not None]
    assert len(set(names)) == 2
    assert all(name.startswith("sso:ana") for name in names)


def test_a_provider_that_is_away_is_told(open_house):
    oidc = OidcSettings(issuer="http://127.0.0.1:9", client_id="mainshock")
    for house in open_house(security=SecuritySettings(oidc=oidc)):
        with house.client() as browser:
            assert browser.get("/api/v1/oidc/login").status_code == 503


def test_without_a_provider_there_is_no_such_sign_in(house):
    with house.client() as browser:
        assert browser.get("/api/v1/oidc/login").status_code == 404
        assert browser.get(CALLBACK).status_code == 404


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"realm": {"roles": ["a"]}}, "viewer"),
        ({"realm": {"roles": ["a", "b", "c"]}}, "admin"),
        ({"realm": {"roles": "a"}}, "viewer"),
        ({"realm": ["a"]}, "operator"),
        ({"realm": {"roles": [1, None, {}]}}, "operator"),
        ({}, "operator"),
    ],
)
def test_groups_become_a_role(claims, role):
    settings = OidcSettings(
        issuer="https://login.example",
        client_id="x",
        role_claim="realm.roles",
        roles={"a": "viewer", "b": "seismologist", "c": "admin"},
        default_role="operator",
    )
    assert role_of(claims, settings) == role


def test_a_name_from_elsewhere_is_never_one_from_here():
    for told in ("admin", "sso:x", "", "\n", "Ä" * 500, "../.."):
        name = account_name({"name": told, "sub": "1"}, "name")
        assert name.startswith("sso:")
        assert name[4:].isascii()
        assert len(name) <= 64


def test_the_settings_are_read_from_a_file(tmp_path):
    file = tmp_path / "security.toml"
    file.write_text(
        'public_url = "https://quakes.example.org/"\ntoken_minutes = 10\n'
        '[oidc]\nissuer = "https://login.example.org/realms/quakes/"\nclient_id = "mainshock"\n'
        'client_secret = "file:/run/secrets/oidc"\n[oidc.roles]\n"analysts" = "seismologist"\n'
    )
    read = read_security_settings(file)
    assert read.public_url == "https://quakes.example.org"
    assert read.oidc.issuer == "https://login.example.org/realms/quakes"
    assert read.oidc.roles == {"analysts": "seismologist"}
    assert read_security_settings(None) is None


@pytest.mark.parametrize(
    "text",
    [
        "token_minutes = 0",
        "token_minutes = 600",
        "tokens = 5",
        "public_url = 'ftp://x'",
        "[oidc]\nclient_id = 'x'",
        "[oidc]\nclient_id = 'x'\nissuer = 'http://login.example.org'",
        "[oidc]\nclient_id = 'x'\nissuer = 'https://l.example'\nclient_secret = 'hunter22'",
        "[oidc]\nclient_id = 'x'\nissuer = 'https://l.example'\n[oidc.roles]\na = 'root'",
        "= 5",
    ],
)
def test_settings_that_cannot_be_used_are_told_without_secrets(tmp_path, text):
    file = tmp_path / "security.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"security\.toml") as told:
        read_security_settings(file)
    assert "hunter22" not in str(told.value)
