from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.core.records import Pick, Waveform
from mainshock.core.times import parse_utc
from mainshock.pipeline.picking import (
    best_pair_per_station,
    one_pick_per_arrival,
    pick_waveforms,
)

START = parse_utc("2020-01-01T00:00:00Z")


def make_pick(phase: str, second: float, probability: float, station: str = "AAA") -> Pick:
    time = START + timedelta(seconds=second)
    return Pick("XX", station, "", phase, time, probability, 0.05, "test")


class CountedTime(datetime):
    """A time that counts how often another one is taken from one."""

    n_differences = 0

    @classmethod
    def of(cls, time: datetime) -> "CountedTime":
        return cls.fromtimestamp(time.timestamp(), time.tzinfo)

    def __sub__(self, other):
        CountedTime.n_differences += 1
        return super().__sub__(other)


def test_the_most_probable_pick_of_an_arrival_stays():
    picks = [make_pick("P", 10.0, 0.5), make_pick("P", 10.2, 0.9), make_pick("P", 20.0, 0.4)]
    kept, dropped = one_pick_per_arrival(picks)
    assert [pick.probability for pick in kept] == [0.9, 0.4]
    assert len(dropped) == 1


def test_phases_and_stations_do_not_displace_each_other():
    picks = [make_pick("P", 10.0, 0.5), make_pick("S", 10.1, 0.9), make_pick("P", 10.0, 0.4, "BBB")]
    kept, dropped = one_pick_per_arrival(picks)
    assert len(kept) == 3
    assert not dropped


def test_best_pair_takes_no_s_before_p():
    picks = [make_pick("S", 5.0, 0.99), make_pick("P", 10.0, 0.8), make_pick("S", 14.0, 0.5)]
    pair = best_pair_per_station(picks, "event-1")
    assert [(pick.phase, pick.probability) for pick in pair] == [("P", 0.8), ("S", 0.5)]
    assert {pick.event_id for pick in pair} == {"event-1"}


class _FailsOnFlat:
    name = "fails"

    def annotate(self, waveform: Waveform):
        raise AssertionError("not asked for")

    def classify(self, waveform: Waveform) -> list[Pick]:
        from mainshock.core.errors import DataError

        if not waveform.samples.any():
            raise DataError("flat")
        return [replace(make_pick("S", 1.0, 0.9), station=waveform.station)]


@pytest.mark.parametrize("bad_first", [True, False])
def test_a_waveform_that_fails_does_not_stop_the_others(bad_first):
    flat = Waveform("XX", "FLAT", "", "HH", START, 100.0, np.zeros((3, 500), np.float32))
    good = Waveform("XX", "GOOD", "", "HH", START, 100.0, np.ones((3, 500), np.float32))
    failures = []
    order = [flat, good] if bad_first else [good, flat]
    found = list(pick_waveforms(order, _FailsOnFlat(), failures=failures))
    assert [item.waveform.station for item in found] == ["GOOD"]
    assert failures[0].reason == "flat"


def chosen_by_comparing_all(picks: list[Pick], tolerance_s: float) -> list[Pick]:
    kept: list[Pick] = []
    for pick in sorted(picks, key=lambda one: (one.station, one.phase, -one.probability)):
        same = [x for x in kept if (x.station, x.phase) == (pick.station, pick.phase)]
        if all(abs((pick.time - x.time).total_seconds()) >= tolerance_s for x in same):
            kept.append(pick)
    return sorted(kept, key=lambda one: one.time)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["P", "S"]),
            st.integers(0, 40),
            st.integers(0, 4),
            st.sampled_from(["AAA", "BBB"]),
        ),
        max_size=40,
    ),
    st.sampled_from([0.0, 0.1, 0.5, 0.7]),
)
def test_one_pick_per_arrival_is_what_comparing_all_pairs_gives(rows, tolerance_s):
    picks = [make_pick(phase, 0.1 * step, 0.2 * p, code) for phase, step, p, code in rows]
    kept, dropped = one_pick_per_arrival(picks, tolerance_s=tolerance_s)
    wanted = chosen_by_comparing_all(picks, tolerance_s)
    assert [id(pick) for pick in kept] == [id(pick) for pick in wanted]
    assert len(kept) + len(dropped) == len(picks)


def test_many_picks_of_a_station_are_compared_with_their_neighbours_alone(monkeypatch):
    compared = CountedTime.n_differences = 0
    picks = [make_pick("P", 10.0 * number, 0.5) for number in range(2000)]
    counted = [replace(pick, time=CountedTime.of(pick.time)) for pick in picks]
    kept, dropped = one_pick_per_arrival(counted)
    compared = CountedTime.n_differences
    assert (len(kept), dropped) == (2000, [])
    assert compared <= 2 * 2000
