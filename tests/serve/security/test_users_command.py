"""``mainshock users``: accounts are made, changed and closed from the command line."""

import json
import sys

import pytest

from mainshock.cli.app import main
from mainshock.core.errors import SettingsError
from mainshock.serve.context import ServiceSettings
from mainshock.serve.data_folder import open_stored
from mainshock.serve.run import ServiceThread
from mainshock.serve.security.accounts import Accounts
from mainshock.serve.security.key_file import key_file_of
from mainshock.serve.security.settings import SecuritySettings
from mainshock.serve.security.signing import SigningKeys
from mainshock.stream.run_folder import RunFolder
from mainshock.stream.store.accounts import AccountStore
from mainshock.stream.store.audit_log import AuditStore
from mainshock.stream.store.live_store import LiveStore

PASSWORD = "brown slate under the harbour"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs the command over a folder, and gives its exit code and what it says."""

    def run_it(*arguments: str) -> tuple[int, str, str]:
        whole = ["mainshock", "users", *arguments, "--data-dir", str(tmp_path)]
        monkeypatch.setattr(sys, "argv", whole)
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run_it


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    path.chmod(0o600)
    return str(path)


def test_an_account_goes_through_its_life(run, tmp_path, password_file):
    assert run("add", "ana", "--role", "admin", "--password-file", password_file)[0] == 0
    assert run("add", "display", "--no-password")[0] == 0
    assert run("role", "display", "operator")[0] == 0
    assert run("disable", "display")[0] == 0
    listed = json.loads(run("list", "--json")[1])["users"]
    assert [(one["name"], one["role"], one["is_active"]) for one in listed] == [
        ("ana", "admin", True),
        ("display", "operator", False),
    ]
    assert "closed" in run("list")[1]
    assert run("enable", "display")[0] == 0
    assert run("revoke", "ana")[0] == 0
    assert run("password", "display", "--password-file", password_file)[0] == 0
    with LiveStore.open(RunFolder(tmp_path).store) as store:
        users = AccountStore(store.database)
        accounts = Accounts(users, SigningKeys(None), SecuritySettings())
        assert accounts.sign_in("ana", PASSWORD).identity.role == "admin"
        assert accounts.sign_in("display", PASSWORD).identity.role == "operator"
        rows = AuditStore(store.database).rows()
    assert [one.action for one in rows][::-1] == [
        *("user.add", "user.add", "user.role", "user.disable"),
        *("user.enable", "user.revoke", "user.password"),
    ]
    assert {one.actor for one in rows} == {"console"}
    assert PASSWORD not in str(rows)


def test_a_key_is_shown_once(run, tmp_path):
    run("add", "watch", "--role", "operator", "--no-password")
    code, key, _ = run("key", "add", "watch", "--scope", "metrics", "--label", "Prometheus")
    assert code == 0
    (row,) = json.loads(run("key", "list", "--json")[1])["keys"]
    assert (row["user"], row["scopes"], row["label"]) == ("watch", ["metrics"], "Prometheus")
    assert key.strip() not in run("key", "list")[1]
    context = open_stored(
        RunFolder(tmp_path), ServiceSettings(port=0, key_file=key_file_of(tmp_path))
    )
    try:
        with ServiceThread(context) as service:
            import httpx

            shown = {"Authorization": f"Bearer {key.strip()}"}
            assert httpx.get(f"{service.url}/metrics", headers=shown).status_code == 200
            assert httpx.get(f"{service.url}/api/v1/events", headers=shown).status_code == 403
            assert run("key", "revoke", row["prefix"])[0] == 0
            assert httpx.get(f"{service.url}/metrics", headers=shown).status_code == 401
    finally:
        context.store.close()


def test_keys_that_sign_are_changed(run, tmp_path):
    run("add", "ana", "--no-password")
    code, first, _ = run("rotate-keys")
    assert code == 0
    assert run("rotate-keys", "--at-once")[1] != first
    assert len(json.loads(key_file_of(tmp_path).read_text())["keys"]) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("add", "Ana", "--no-password"), 2, "no name of an account"),
        (("add", "bo", "--role", "root", "--no-password"), 2, "no role"),
        (("add", "ana", "--no-password"), 2, "already"),
        (("role", "nobody", "viewer"), 3, "nobody"),
        (("role", "ana", "viewer"), 2, "last active"),
        (("disable", "ana"), 2, "last active"),
        (("key", "add", "ana", "--scope", "everything"), 2, "no scope"),
        (("key", "revoke", "0123"), 3, "no key"),
    ],
)
def test_what_cannot_be_done_is_told(run, arguments, code, told):
    assert run("add", "ana", "--role", "admin", "--no-password")[0] == 0
    found = run(*arguments)
    assert found[0] == code
    assert told in found[2]


def test_a_weak_password_and_an_open_file_are_refused(run, tmp_path, password_file):
    (tmp_path / "weak").write_text("Password1234")
    (tmp_path / "weak").chmod(0o600)
    assert "everybody tries" in run("add", "bo", "--password-file", str(tmp_path / "weak"))[2]
    (tmp_path / "password").chmod(0o644)
    assert "chmod 600" in run("add", "bo", "--password-file", password_file)[2]


def test_the_store_must_be_named_once(monkeypatch):
    from mainshock.cli.users import list_accounts

    with pytest.raises(SettingsError, match="--store"):
        list_accounts()
