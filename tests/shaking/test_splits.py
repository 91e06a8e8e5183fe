"""Splits keep whole events and stations on one side."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.core.errors import DataError, SettingsError
from mainshock.shaking.scenarios import Scenarios
from mainshock.shaking.splits import split_by_both, split_by_event, split_by_station


def made_up(n_events: int, n_stations: int, seed: int = 0) -> Scenarios:
    """Return a scenario for most pairs of an event and a station, in mixed order."""
    rng = np.random.default_rng(seed)
    event, station = np.divmod(np.arange(n_events * n_stations), n_stations)
    rows = rng.permutation(event.size)[: max(2, int(0.9 * event.size))]
    n = rows.size
    return Scenarios(
        magnitude=np.full(n, 3.0),
        depth_km=np.full(n, 8.0),
        source_longitude=np.full(n, -122.0),
        source_latitude=np.full(n, 37.5),
        site_longitude=np.full(n, -122.1),
        site_latitude=np.full(n, 37.6),
        vs30_m_s=np.full(n, np.nan),
        event=np.array([f"e{one}" for one in event[rows]]),
        station=np.array([f"s{one}" for one in station[rows]]),
    )


@settings(deadline=None, max_examples=40)
@given(n_events=st.integers(4, 30), n_stations=st.integers(4, 20), seed=st.integers(0, 99))
def test_parts_of_a_split_by_both_share_no_event_and_no_station(n_events, n_stations, seed):
    scenarios = made_up(n_events, n_stations)
    split = split_by_both(scenarios, seed, 0.25, 0.25)
    parts = (split.train, split.new_events, split.new_stations, split.new_both)
    assert sorted(np.concatenate(parts)) == list(range(len(scenarios)))
    known_events = set(scenarios.event[split.train])
    known_stations = set(scenarios.station[split.train])
    for part in (split.new_events, split.new_both):
        assert not known_events & set(scenarios.event[part])
    for part in (split.new_stations, split.new_both):
        assert not known_stations & set(scenarios.station[part])
    left_out = set(scenarios.event[np.r_[split.new_events, split.new_both]])
    assert not left_out & set(scenarios.event[split.new_stations])


@settings(deadline=None, max_examples=40)
@given(n_events=st.integers(3, 60), seed=st.integers(0, 99))
def test_a_split_by_event_keeps_events_whole_and_shares_near_those_asked(n_events, seed):
    scenarios = made_up(n_events, 5)
    shares = (0.7, 0.2, 0.1)
    parts = split_by_event(scenarios, seed, shares)
    names = [set(scenarios.event[part]) for part in parts]
    total = sum(map(len, names))
    assert total == len(set(scenarios.event))  # so no name is in two parts
    for own, share in zip(names, shares, strict=True):
        assert own
        assert abs(len(own) - share * total) <= len(shares)


def test_a_split_by_station_keeps_stations_whole():
    scenarios = made_up(20, 15)
    first, second = split_by_station(scenarios, 3)
    assert not set(scenarios.station[first]) & set(scenarios.station[second])
    assert first.size + second.size == len(scenarios)


def test_a_seed_gives_one_split_whatever_the_order_of_rows():
    scenarios = made_up(20, 10)
    order = np.random.default_rng(1).permutation(len(scenarios))
    shuffled = scenarios.take(order)
    there, again = split_by_both(scenarios, 5), split_by_both(shuffled, 5)
    assert set(scenarios.event[there.new_events]) == set(shuffled.event[again.new_events])
    assert sorted(order[again.train]) == list(there.train)
    other = split_by_both(scenarios, 6)
    assert list(other.train) != list(there.train)


def test_names_of_parts_fill_a_column():
    scenarios = made_up(12, 8)
    split = split_by_both(scenarios)
    names = split.names(len(scenarios))
    assert set(names) == {"train", "new_events", "new_stations", "new_both"}
    assert (names[split.new_stations] == "new_stations").all()


@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.4), (1.2, -0.2), (1.0, 0.0)])
def test_shares_that_make_no_split_are_refused(shares):
    with pytest.raises(SettingsError, match="sum 1"):
        split_by_event(made_up(5, 5), 0, shares)


def test_one_event_cannot_be_split():
    with pytest.raises(DataError, match="1 events cannot be split"):
        split_by_event(made_up(1, 5))
