from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

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
