"""Moment tensors of the Global CMT project."""

import sys
import warnings
from pathlib import Path

import numpy as np
import obspy
import pytest

from mainshock.core.errors import DataError
from mainshock.sources.base import SkippedInput
from mainshock.sources.seismicity.catalogue import days_from_text
from mainshock.sources.seismicity.read import read_seismicity

sys.path.insert(0, str(Path(__file__).parent))
from seismicity_samples import NDK

_FOLDER = Path(obspy.__file__).parent / "io/ndk/tests/data"


def test_centroids_and_magnitudes_are_those_that_obspy_reads():
    path = _FOLDER / "multiple_events.ndk"
    found = read_seismicity(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        events = obspy.read_events(str(path))
    assert len(found) == len(events)
    for i, event in enumerate(sorted(events, key=lambda one: one.origins[1].time)):
        centroid = next(one for one in event.origins if one.origin_type == "centroid")
        moment = next(one.mag for one in event.magnitudes if one.magnitude_type == "Mwc")
        assert abs(found.time_days[i] * 86400.0 - centroid.time.timestamp) < 1e-4
        assert (found.longitude[i], found.latitude[i]) == (centroid.longitude, centroid.latitude)
        assert found.depth_km[i] == pytest.approx(centroid.depth / 1000.0)
        assert abs(found.magnitude[i] - moment) <= 0.0051  # both round to 0.01


def test_magnitude_is_of_the_moment_and_time_of_the_centroid(tmp_path: Path):
    path = tmp_path / "c.ndk"
    path.write_text(NDK)
    found = read_seismicity(path)
    assert list(found.event_id) == ["C201205200203A", "C201205200204A"]
    assert list(found.magnitude) == [5.73, 6.4]  # (log10 5.035e17 - 9.1) / 1.5, and ten times it
    seconds = (found.time_days - days_from_text("2012-05-20T02:03:00")) * 86400.0
    assert np.allclose(seconds, [55.2, 60.0], atol=1e-4)  # the second has :60.0 for its seconds
    assert found.known_days[0] == pytest.approx(days_from_text("2012-08-20T11:23:55"))
    assert np.isnan(found.known_days[1])


def test_a_lost_line_costs_one_event_and_not_those_after_it(tmp_path: Path):
    path = tmp_path / "c.ndk"
    lines = NDK.splitlines()
    path.write_text("\n".join(lines[:3] + lines[4:]) + "\n")
    skipped: list[SkippedInput] = []
    found = read_seismicity(path, skipped=skipped)
    assert list(found.event_id) == ["C201205200204A"]
    assert [one.name.rsplit(", ", 1)[1] for one in skipped] == ["line 1"]
    assert "4 of 5 lines" in skipped[0].reason


def test_a_date_that_cannot_be_leaves_nothing():
    with pytest.raises(DataError, match="line 1: no NDK record"):
        read_seismicity(_FOLDER / "faulty_invalid_date.ndk")
