"""Which events are targets and which are sources."""

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.forecast.base import FitSettings, as_history, targets_of
from mainshock.forecast.region import Region
from mainshock.sources.seismicity.catalogue import Catalogue

_BOX = Region.box(10.0, 40.0, 14.0, 43.0)


@pytest.fixture
def events() -> Catalogue:
    """Inside, half a degree outside, far outside, and inside again: too small, early, late."""
    return Catalogue(
        np.array([10.0, 11.0, 12.0, 13.0, 1.0, 20.0]),
        np.array([4.0, 4.0, 4.0, 2.9, 4.0, 4.0]),
        longitude=np.array([12.0, 14.5, 30.0, 12.0, 12.0, 12.0]),
        latitude=np.full(6, 41.0),
        event_id=np.array(["in", "near", "far", "small", "early", "late"], dtype=object),
    )


def test_targets_lie_in_the_region_the_window_and_above_mc(events: Catalogue):
    settings = FitSettings(5.0, 20.0, 3.0, _BOX)
    assert list(targets_of(events, settings).event_id) == ["in"]


def test_sources_reach_into_the_buffer_and_the_time_before(events: Catalogue):
    settings = FitSettings(5.0, 20.0, 3.0, _BOX, buffer_km=100.0)
    assert list(as_history(events, settings, 20.0).event_id) == ["early", "in", "near"]
    assert list(as_history(events, settings, 11.0).event_id) == ["early", "in"]
    narrow = FitSettings(5.0, 20.0, 3.0, _BOX, history_start_days=5.0, buffer_km=10.0)
    assert list(as_history(events, narrow, 20.0).event_id) == ["in"]


def test_without_a_region_or_on_the_globe_every_place_counts(events: Catalogue):
    for region in (None, Region.globe()):
        settings = FitSettings(5.0, 20.0, 3.0, region)
        assert list(as_history(events, settings, 20.0).event_id) == ["early", "in", "near", "far"]
        assert list(targets_of(events, settings).event_id) == ["in", "near", "far"]


def test_no_targets_and_no_places_are_refused(events: Catalogue):
    with pytest.raises(DataError, match="no event of magnitude 6"):
        targets_of(events, FitSettings(5.0, 20.0, 6.0, _BOX))
    bare = Catalogue(events.time_days, events.magnitude)
    with pytest.raises(DataError, match="temporal model"):
        targets_of(bare, FitSettings(5.0, 20.0, 3.0, _BOX))
