"""Histories of revisions."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.sources.seismicity.catalogue import Catalogue, days_from_text
from mainshock.sources.seismicity.read import read_seismicity
from mainshock.sources.seismicity.versions import latest_versions, merged_versions, with_delay

sys.path.insert(0, str(Path(__file__).parent))
from seismicity_samples import COMCAT


def _state(magnitudes: list[float], known: list[float] | None = None) -> Catalogue:
    n = len(magnitudes)
    ids = np.array([f"e{i}" for i in range(n)], dtype=object)
    known_days = np.zeros(0) if known is None else np.array(known)
    return Catalogue(
        np.arange(1.0, n + 1), np.array(magnitudes), event_id=ids, known_days=known_days
    )


def test_each_moment_sees_the_version_of_its_time():
    history = merged_versions(
        [_state([4.0, 3.0], [1.1, 2.1]), _state([4.4, 3.0, 5.0], [10.0, 2.1, 3.1])]
    )
    assert len(history) == 4  # the unchanged version stands once
    assert list(history.as_of(5.0).magnitude) == [4.0, 3.0, 5.0]
    assert list(history.as_of(10.0).magnitude) == [4.4, 3.0, 5.0]
    assert list(latest_versions(history).magnitude) == [4.4, 3.0, 5.0]


def test_downloads_without_times_of_revision_are_known_from_when_they_were_taken():
    history = merged_versions([_state([4.0]), _state([4.4])], taken_days=[2.0, 20.0])
    assert len(history.as_of(1.5)) == 0
    assert list(history.as_of(19.9).magnitude) == [4.0]
    assert list(history.as_of(20.0).magnitude) == [4.4]


def test_an_unchanged_version_is_known_from_the_first_download_on():
    history = merged_versions([_state([4.0]), _state([4.0])], taken_days=[2.0, 20.0])
    assert len(history) == 1
    assert history.known_days[0] == 2.0


def test_states_that_cannot_be_ordered_are_refused():
    with pytest.raises(DataError, match="taken_days"):
        merged_versions([_state([4.0]), _state([4.4])])
    with pytest.raises(DataError, match="without event_id"):
        merged_versions([Catalogue(np.array([1.0]), np.array([4.0]))])
    with pytest.raises(DataError, match="1 times of download"):
        merged_versions([_state([4.0]), _state([4.4])], taken_days=[2.0])


def test_two_files_of_comcat_make_a_history(tmp_path: Path):
    early = COMCAT.replace("9.5,5.8,mww", "9.0,6.0,mb").replace("2014-01-01T12", "2012-05-20T02")
    early = early.replace("2012-05-20T02:00:00.000Z", "2012-05-20T02:20:00.000Z")
    (tmp_path / "early.csv").write_text(early)
    (tmp_path / "late.csv").write_text(COMCAT)
    history = merged_versions(
        [read_seismicity(tmp_path / f"{one}.csv") for one in ("early", "late")]
    )
    assert list(history.as_of(days_from_text("2012-05-20T03:00")).magnitude) == [6.0]
    assert list(history.as_of(days_from_text("2013-01-01")).magnitude) == [6.0, 4.8, 4.9]
    assert list(history.as_of(days_from_text("2015-01-01")).magnitude) == [5.8, 4.8, 4.9]


def test_a_final_catalogue_can_be_replayed_with_a_delay():
    late = _state([4.0, 5.0], [900.0, 900.0])
    assert len(late.as_of(10.0)) == 0
    replayed = with_delay(late, 0.25)
    assert len(replayed.as_of(2.2)) == 1
    assert len(replayed.as_of(2.25)) == 2
    with pytest.raises(DataError, match="not possible"):
        with_delay(late, -1.0)
