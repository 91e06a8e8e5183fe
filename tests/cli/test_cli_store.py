"""The options of a store that lies elsewhere, and the command that changes its schema."""

import pytest

from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.migration import revisions
from tools_at_hand import needed_package

DOWN = "postgresql+psycopg://quakes@127.0.0.1:1/quakes"
LAST = revisions()[-1]


@pytest.fixture
def folder(tmp_path):
    LiveStore.open(tmp_path / "mainshock.sqlite").close()
    return tmp_path


def test_a_schema_goes_back_only_with_leave_and_forward_again(command, folder):
    at = ("stream", "migrate", "--data-dir", folder)
    refused = command(*at, "--to", "0002")
    assert refused.exit_code == 2
    assert "--drop" in refused.stderr
    assert command(*at, "--to", "0002", "--drop").stdout.strip() == f"{LAST} -> 0002"
    told = command(*at, "--json").document
    assert told == {"from": "0002", "to": LAST, "geometry": False}


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ((), 2, "name one store"),
        (("--store", DOWN, "--data-dir", "."), 2, "name one store"),
        (("--data-dir", "nowhere"), 1, "holds no mainshock.sqlite"),
        (("--store", "postgresql://a:hunter2@h/n"), 2, "--store-password"),
        (("--store", DOWN, "--store-password", "hunter2"), 2, "say where it lies"),
        (("--store-password", "env:ANY"), 2, "of no use without --store"),
    ],
)
def test_options_that_make_no_sense_are_told(command, options, code, said):
    result = command("stream", "migrate", *options)
    assert result.exit_code == code
    assert said in " ".join(result.stderr.split())
    assert "hunter2" not in result.stderr + result.stdout


def test_a_monitor_whose_database_is_down_ends_with_4_and_tells_what_to_do(command, tmp_path):
    needed_package("psycopg", "postgres")
    options = ("--source", "load:1", "--seedlink-port", -1, "--port", 0, "--no-browser")
    result = command("monitor", *options, "--data-dir", tmp_path / "own", "--store", DOWN)
    assert result.exit_code == 4
    told = " ".join(result.stderr.split())
    assert "127.0.0.1:1/quakes" in told
    assert "start the server" in told


def test_a_service_whose_database_is_down_ends_with_4(command, tmp_path):
    needed_package("psycopg", "postgres")
    assert command("serve", "--data-dir", tmp_path, "--store", DOWN).exit_code == 4
