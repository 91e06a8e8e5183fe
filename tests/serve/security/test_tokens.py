"""Tokens that were changed, are too old, too young, of others, or of nobody do not count."""

import base64
import json
import stat
import time

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey, RSAKey

from mainshock.core.errors import SettingsError
from mainshock.serve.security.signing import LONGEST_TOKEN_S, SigningKeys
from mainshock.serve.security.tokens import AUDIENCE, ISSUER, Tokens

NOW = int(time.time())


@pytest.fixture
def key_file(tmp_path):
    return tmp_path / "state" / "keys.json"


def made(house, header=None, key=None, algorithm="Ed25519", **changed) -> str:
    """A token that is good but for what is changed; None leaves a claim out."""
    kid, own = SigningKeys(house.key_file).current()
    user = house.users.user("admin")
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "admin",
        "sid": "0" * 32,
        "gen": user.generation,
        "auth_time": NOW,
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 600,
        **changed,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    whole = {"alg": algorithm, "kid": kid, **(header or {})}
    return jwt.encode(whole, kept, key or own, algorithms=[algorithm])


def test_a_token_that_is_whole_counts(house):
    assert house.status(made(house)) == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": NOW - 1},
        {"exp": None},
        {"nbf": NOW + 300},
        {"nbf": None},
        {"iat": None},
        {"iat": NOW + 300},
        {"aud": "another-service"},
        {"aud": None},
        {"aud": ["mainshock-api", "another-service"]},
        {"iss": "another-issuer"},
        {"iss": None},
        {"sub": "nobody"},
        {"sub": None},
        {"gen": -1},
        {"gen": None},
        {"sid": None},
        {"exp": "never"},
    ],
    ids="-".join,
)
def test_a_token_with_a_wrong_claim_does_not(house, changed):
    assert house.status(made(house, **changed)) == 401


def test_a_token_of_another_key_does_not_count(house):
    kid, _ = SigningKeys(house.key_file).current()
    for header in ({}, {"kid": "unknown"}, {"kid": kid, "jwk": {}}):
        assert house.status(made(house, header, OKPKey.generate_key("Ed25519"))) == 401
    assert house.status(made(house, {"kid": "../../state/keys"})) == 401


def test_a_token_of_another_algorithm_does_not_count(house):
    _, own = SigningKeys(house.key_file).current()
    public = base64.urlsafe_b64decode(own.as_dict(private=False)["x"] + "=")
    secret = OctKey.import_key(public)  # what everybody may know, as if it were a secret
    assert house.status(made(house, key=secret, algorithm="HS256")) == 401
    assert house.status(made(house, key=RSAKey.generate_key(2048), algorithm="RS256")) == 401


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE"])
def test_a_token_without_a_signature_does_not_count(house, name):
    head, body, signature = made(house).split(".")
    kid = json.loads(base64.urlsafe_b64decode(head + "=="))["kid"]
    text = json.dumps({"alg": name, "kid": kid}).encode()
    unsigned = base64.urlsafe_b64encode(text).decode().rstrip("=")
    for end in ("", signature):
        assert house.status(f"{unsigned}.{body}.{end}") == 401


def test_a_token_that_was_changed_does_not_count(house):
    head, body, signature = made(house, sub="viewer").split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    other = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "admin"}).encode()).decode()
    assert house.status(f"{head}.{other.rstrip('=')}.{signature}") == 401
    assert house.status(f"{head}.{body}.{signature[:-4]}AAAA") == 401


@pytest.mark.parametrize("text", ["", "a.b.c", ".", "x" * 5000, "é", "a.b", "a..c", "{}.{}.{}"])
def test_what_is_no_token_is_none(key_file, text):
    assert Tokens(SigningKeys(key_file)).read(text) is None


def test_the_keys_are_for_their_owner_alone(key_file):
    made_first = SigningKeys(key_file).current()[0]
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert SigningKeys(key_file).current()[0] == made_first
    assert list(key_file.parent.iterdir()) == [key_file]
    key_file.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        SigningKeys(key_file)


def test_a_file_that_holds_no_keys_is_refused(key_file):
    key_file.parent.mkdir()
    for text in ("", "{}", '{"keys": []}', "[1]"):
        key_file.write_text(text)
        key_file.chmod(0o600)
        with pytest.raises(SettingsError, match="signing keys"):
            SigningKeys(key_file)


def test_a_former_key_is_good_until_its_tokens_expire(key_file):
    now = [1000.0]
    running = SigningKeys(key_file, lambda: now[0])
    tokens = Tokens(running, lambda: now[0])
    former, _ = tokens.sign({"sub": "ana"}, LONGEST_TOKEN_S)
    kid = running.current()[0]
    now[0] += 10.0
    SigningKeys(key_file, lambda: now[0]).rotate()  # by another process
    assert running.current()[0] != kid
    newer, _ = tokens.sign({"sub": "ana"}, LONGEST_TOKEN_S)
    assert tokens.read(former)["sub"] == tokens.read(newer)["sub"] == "ana"
    now[0] += LONGEST_TOKEN_S + 1.0
    assert running.find(kid) is None
    SigningKeys(key_file, lambda: now[0]).rotate()
    assert kid not in key_file.read_text()


def test_after_a_theft_former_keys_end_at_once(own_house):
    token = own_house.token("admin")
    assert own_house.status(token) == 200
    SigningKeys(own_house.key_file).rotate()
    assert own_house.status(token) == 200
    SigningKeys(own_house.key_file).rotate(at_once=True)
    assert own_house.status(token) == 401
    assert own_house.status(own_house.token("admin")) == 200


def test_a_token_for_one_purpose_is_none_for_another(key_file):
    tokens = Tokens(SigningKeys(key_file))
    token, _ = tokens.sign({"sub": "ana"}, 60.0, "another")
    assert tokens.read(token) is None
    assert tokens.read(token, "another")["sub"] == "ana"
