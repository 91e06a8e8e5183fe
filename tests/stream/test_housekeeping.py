"""The hourly care of the store: what is exported stays, what is old goes, faults are told."""

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from mainshock.core.records import Pick
from mainshock.stream.housekeeping import Housekeeping
from mainshock.stream.records import LivePick
from mainshock.stream.store.catalogue import query_catalogue
from mainshock.stream.store.live_store import LiveStore

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def live_pick(name: str, issued: datetime) -> LivePick:
    pick = Pick("XX", "AAA", "", "P", issued, 0.9, 0.05, "any")
    return LivePick(name, 1, "new", "settled", pick, "HH", issued, False)


@pytest.fixture
def store(place):
    with LiveStore.open(place) as opened:
        opened.save_picks([live_pick("old", NOW - timedelta(days=3)), live_pick("new", NOW)])
        yield opened


def keeper(store: LiveStore, folder, **changes) -> Housekeeping:
    made = Housekeeping(store, folder, timedelta(days=2), clock=NOW.timestamp)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def test_what_goes_from_the_store_stays_in_the_catalogue(store, tmp_path):
    keeper(store, tmp_path / "catalogue").tidy()
    assert [one.pick_id for one in store.picks(limit=None)] == ["new"]
    told = query_catalogue(tmp_path / "catalogue", "SELECT pick_id FROM picks ORDER BY pick_id")
    assert told["pick_id"].to_pylist() == ["new", "old"]


def test_the_libraries_of_the_export_do_not_stay(tmp_path):
    text = (
        "import sys; from datetime import timedelta; from pathlib import Path\n"
        "from mainshock.stream.housekeeping import Housekeeping\n"
        "from mainshock.stream.store.live_store import LiveStore\n"
        f"store = LiveStore.open({str(tmp_path / 'store.sqlite')!r})\n"
        f"made = Housekeeping(store, Path({str(tmp_path / 'catalogue')!r}), timedelta(days=2))\n"
        "made.tidy()\n"
        "print(made.problem or [one for one in ('pyarrow', 'pandas') if one in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"
    assert (tmp_path / "catalogue" / "exported.json").is_file()


def test_a_replay_keeps_its_picks_though_their_times_are_old(store, tmp_path):
    keeper(store, tmp_path / "catalogue", keep=None).tidy()
    assert len(store.picks(limit=None)) == 2


def test_a_fault_removes_nothing_and_is_told_until_it_is_mended(store, tmp_path):
    blocked = tmp_path / "catalogue"
    blocked.write_text("in the way")
    made = keeper(store, blocked)
    made.tidy()
    assert str(blocked) in made.problem
    assert len(store.picks(limit=None)) == 2
    blocked.unlink()
    made.tidy()
    assert made.problem == ""
    assert len(store.picks(limit=None)) == 1


def test_the_thread_works_until_it_is_stopped(store, tmp_path):
    made = keeper(store, tmp_path / "catalogue", every_s=0.01)
    made.start()
    wait = threading.Event()
    for _ in range(1000):
        if len(store.picks(limit=None)) == 1:
            break
        wait.wait(0.01)
    made.stop()
    assert len(store.picks(limit=None)) == 1
    store.save_picks([live_pick("late", NOW - timedelta(days=3))])
    wait.wait(0.05)
    assert len(store.picks(limit=None)) == 2
