"""Catalogues inside installed packages."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mainshock.core.errors import MissingDependencyError, RecordError, SourceError
from mainshock.sources.seismicity.bundled import gcmt_from_strec


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of the same form with three events, one of which is later than 2016."""
    folder = tmp_path / "strec"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('the package must not be imported')\n")
    with closing(sqlite3.connect(folder / "data" / "moment_tensors.db")) as database:
        database.execute(
            "CREATE TABLE earthquake (time datetime, sourceid integer, lat float, lon float, "
            "depth float, mag float)"
        )
        rows = [
            ("1976-01-01 01:29:39.600000", 1, -28.61, -177.64, 59.0, 7.286971928),
            ("2015-12-31 23:59:59", 1, 1.0, 2.0, 3.0, 5.5),
            ("2015-12-31 23:59:59", 1, 1.0, 2.0, 3.0, 5.5),
            ("2016-01-01 00:00:00", 1, 1.0, 2.0, 3.0, 6.5),
        ]
        database.executemany("INSERT INTO earthquake VALUES (?, ?, ?, ?, ?, ?)", rows)
        database.commit()
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def test_only_events_before_2016_are_read_unless_another_end_is_given(package: Path):
    found = gcmt_from_strec()
    assert list(found.magnitude) == [7.287, 5.5]
    assert list(found.longitude) == [-177.64, 2.0]
    assert set(found.magnitude_type) == {"Mw"}
    assert len(gcmt_from_strec(datetime(1980, 1, 1, tzinfo=UTC))) == 1
    assert len(gcmt_from_strec(datetime(1970, 1, 1, tzinfo=UTC))) == 0


def test_a_time_without_zone_is_refused(package: Path):
    with pytest.raises(RecordError, match="before"):
        gcmt_from_strec(datetime(1980, 1, 1))  # noqa: DTZ001


def test_an_absent_package_and_a_damaged_one_are_told(
    package: Path, monkeypatch: pytest.MonkeyPatch
):
    (package / "data" / "moment_tensors.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(SourceError, match="install usgs-strec anew"):
        gcmt_from_strec()
    monkeypatch.setattr("mainshock.sources.seismicity.bundled.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="pip install"):
        gcmt_from_strec()
