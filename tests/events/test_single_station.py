"""P and S of one station are paired."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import SettingsError
from mainshock.events.single_station import SingleStationAssociator


def paired(result):
    return [[pick.time.timestamp() for pick in group] for group in result.groups]


def test_a_pair_and_what_is_left(make_pick, travel_times):
    picks = [
        make_pick("A", "S", 90.0),  # no P before it
        make_pick("A", "P", 100.0),
        make_pick("A", "S", 104.0),
        make_pick("A", "P", 200.0),  # its S comes too late
        make_pick("A", "S", 231.0),
    ]
    result = SingleStationAssociator().associate(picks, [], travel_times)
    assert paired(result) == [[100.0, 104.0]]
    assert result.unassociated == [picks[0], picks[3], picks[4]]
    assert result.flags == [("single_station",)]


def test_the_more_probable_p_is_taken_and_a_later_one_stays_free(make_pick, travel_times):
    picks = [
        make_pick("A", "P", 100.0, probability=0.9),
        make_pick("A", "P", 102.0, probability=0.3),
        make_pick("A", "S", 104.0),
        make_pick("A", "S", 107.0),
    ]
    result = SingleStationAssociator().associate(picks, [], travel_times)
    assert paired(result) == [[100.0, 104.0], [102.0, 107.0]]


def test_stations_are_never_mixed(make_pick, travel_times):
    picks = [make_pick("A", "P", 100.0), make_pick("B", "S", 103.0)]
    assert SingleStationAssociator().associate(picks, [], travel_times).groups == []


@given(
    st.lists(
        st.tuples(st.sampled_from("AB"), st.sampled_from("PS"), st.floats(0.0, 200.0)), max_size=25
    )
)
def test_pairs_are_p_before_s_and_no_pick_is_lost(make_pick, travel_times, rows):
    picks = [make_pick(station, phase, 1.0e9 + time_s) for station, phase, time_s in rows]
    result = SingleStationAssociator().associate(picks, [], travel_times)
    for first, second in result.groups:
        assert (first.phase, second.phase) == ("P", "S")
        assert 0.0 < (second.time - first.time).total_seconds() <= 30.0
    assert 2 * len(result.groups) + len(result.unassociated) == len(picks)


def test_limits_must_make_sense():
    with pytest.raises(SettingsError, match="min_s_minus_p_s"):
        SingleStationAssociator(max_s_minus_p_s=0.01)
