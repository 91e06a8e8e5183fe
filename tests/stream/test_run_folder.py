"""A folder belongs to one run at a time and one kind of source; files of others are left alone."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mainshock.core.errors import SettingsError
from mainshock.stream.records import StationHealth
from mainshock.stream.run_folder import FolderClaim, RunFolder
from mainshock.stream.store.accounts import AccountStore
from mainshock.stream.store.audit_log import AuditStore
from mainshock.stream.store.live_store import LiveStore


class Source:
    """What a claim asks of a source."""

    def __init__(self, name: str, *, is_live: bool, is_synthetic: bool = False) -> None:
        self.name, self.is_live, self.is_synthetic = name, is_live, is_synthetic


REPLAY = Source("replay:a", is_live=False)
LIVE = Source("seedlink://b", is_live=True)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
HEALTH = StationHealth("BW.UH1..EH", ("EHZ",), 100.0, NOW, NOW, 1.5, {"ok": 7}, 1, 2.0)
LOAD = Source("load:3", is_live=True, is_synthetic=True)


def claim(folder: RunFolder, source: Source) -> None:
    FolderClaim(folder, source).release()


def files_in(folder: RunFolder) -> list[Path]:
    made = []
    for tree in (folder.archive, folder.dead_letters, folder.catalogue):
        tree.mkdir(parents=True, exist_ok=True)
        (tree / "file").write_text("kept")
        made.append(tree / "file")
    return made


def test_a_replay_begins_anew_and_a_live_run_goes_on(tmp_path):
    folder = RunFolder(tmp_path / "replay")
    claim(folder, REPLAY)
    left = files_in(folder)
    claim(folder, REPLAY)
    assert not any(path.exists() for path in left)
    folder = RunFolder(tmp_path / "live")
    claim(folder, LIVE)
    left = files_in(folder)
    claim(folder, LIVE)
    assert all(path.exists() for path in left)


@pytest.mark.parametrize("source", [REPLAY, LIVE, LOAD])
def test_an_archive_of_somebody_else_is_never_touched(tmp_path, source):
    folder = RunFolder(tmp_path)
    left = files_in(folder)
    for _ in range(2):
        with pytest.raises(SettingsError, match="no monitor wrote"):
            claim(folder, source)
    assert all(path.exists() for path in left)


@pytest.mark.parametrize(
    ("first", "second"),
    [(REPLAY, LIVE), (LIVE, REPLAY), (LIVE, LOAD), (REPLAY, Source("replay:c", is_live=False))],
)
def test_kinds_of_source_do_not_mix(tmp_path, first, second):
    folder = RunFolder(tmp_path)
    claim(folder, first)
    with pytest.raises(SettingsError, match="another kind of source"):
        claim(folder, second)
    claim(folder, first)


def test_one_run_at_a_time(tmp_path):
    folder = RunFolder(tmp_path)
    first = FolderClaim(folder, LIVE)
    with pytest.raises(SettingsError, match="another monitor"):
        claim(folder, LIVE)
    first.release()
    claim(folder, LIVE)


def test_accounts_outlast_a_replay_and_are_no_results(tmp_path):
    folder = RunFolder(tmp_path)
    with LiveStore.open(folder.store) as store:
        AccountStore(store.database).add_user("ana", "admin")
        AuditStore(store.database).add("console", "user.add", target="ana")
    claim(folder, REPLAY)
    with LiveStore.open(folder.store) as store:
        store.save_health([HEALTH])
    claim(folder, REPLAY)
    with LiveStore.open(folder.store) as store:
        assert store.health() == []
        assert [one.name for one in AccountStore(store.database).users()] == ["ana"]
        assert len(AuditStore(store.database).rows()) == 1


def test_a_store_without_accounts_is_removed_by_a_replay(tmp_path):
    folder = RunFolder(tmp_path)
    claim(folder, REPLAY)
    LiveStore.open(folder.store).close()
    claim(folder, REPLAY)
    assert not folder.store.exists()
