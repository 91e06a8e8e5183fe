"""Addresses of stores: what they may state, and what is shown of them."""

import sys

import pytest

from mainshock.core.errors import (
    MissingDependencyError,
    SettingsError,
    SourceError,
    UnreachableError,
)
from mainshock.core.secrets import SecretReference
from mainshock.stream.store.address import StoreAddress
from mainshock.stream.store.database import Database
from mainshock.stream.store.live_store import LiveStore
from tools_at_hand import needed_package

OPEN = "postgresql+psycopg://ana:hunter2@host/name"


def test_a_password_that_stands_openly_is_refused_and_not_repeated():
    with pytest.raises(SettingsError, match="--store-password") as raised:
        StoreAddress.read(OPEN)
    assert "hunter2" not in str(raised.value)
    address = StoreAddress.read("postgresql+psycopg://ana@host/name", "env:ANY")
    assert address.password == SecretReference("env", "ANY")


@pytest.mark.parametrize(
    "text",
    [
        "mysql://ana:hunter2@host/name",
        "postgresql+psycopg://ana:hunter2@host:port/name",
        "://ana:hunter2@host",
        "nothing at all",
        "",
    ],
)
def test_what_is_no_address_is_refused_without_its_password(text):
    with pytest.raises(SettingsError, match="is no database URL") as raised:
        StoreAddress.of_url(text)
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_nothing_that_is_shown_holds_the_password():
    address = StoreAddress.of_url(OPEN)
    assert "hunter2" not in f"{address} {address!r} {[address]}"
    assert str(address) == "postgresql+psycopg://ana:***@host/name"


def test_a_secret_that_cannot_be_had_is_told_before_anything_is_opened(monkeypatch):
    needed_package("psycopg", "postgres")
    monkeypatch.delenv("TEST_STORE_PASSWORD", raising=False)
    address = StoreAddress.read("postgresql+psycopg://a@127.0.0.1:1/n", "env:TEST_STORE_PASSWORD")
    with pytest.raises(SettingsError, match="TEST_STORE_PASSWORD is not set"):
        LiveStore.open(address)


def test_a_server_that_is_down_is_told_with_its_address_and_a_remedy():
    needed_package("psycopg", "postgres")
    with pytest.raises(UnreachableError, match="start the server") as raised:
        LiveStore.open("postgresql+psycopg://ana:hunter2@127.0.0.1:1/name")
    assert "127.0.0.1:1/name" in str(raised.value)
    assert "hunter2" not in str(raised.value)
    assert raised.value.exit_code == 4


def test_a_missing_driver_is_told_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingDependencyError, match=r"mainshock\[postgres\]") as raised:
        Database(OPEN)
    assert "hunter2" not in str(raised.value)


def test_a_file_that_another_writer_holds_is_told(tmp_path):
    with LiveStore.open(tmp_path / "live.db") as store:
        hasty = Database(tmp_path / "live.db")
        with hasty.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 50")
        with (
            store.database.writing(),
            pytest.raises(SourceError, match="cannot write the store: database is locked"),
            hasty.writing(),
        ):
            pass
        hasty.close()
