"""A picker that changes its ways is flagged; one that sees more earthquakes is not."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mainshock.core.records import Arrival, Pick
from mainshock.sources.fragments import ns_from_datetime
from mainshock.stream.monitoring.model_watch import ModelWatch
from mainshock.stream.monitoring.settings import DriftSettings
from mainshock.stream.records import LivePick

START = datetime(2022, 1, 1, tzinfo=UTC)
BIN_S = 600.0
N_USUAL = 24


def pick(time, phase="P", probability=0.8):
    return Pick("XX", "A", "", phase, time, probability, 0.1, "a-picker")


def settled(one, kind="update"):
    return LivePick("id", 2, kind, "settled", one, "HH", one.time)


def fill(
    watch, number, rng, *, n=30, owned=0, p_share=0.5, probability=0.8, withdrawn=3, bias_s=0.0
):
    """Give a bin some picks, the first of which are those of events."""
    start = START + timedelta(seconds=number * BIN_S)
    for index in range(n):
        time = start + timedelta(seconds=float(rng.uniform(0.0, BIN_S)))
        phase = "P" if index < p_share * n else "S"
        one = pick(time, phase, float(np.clip(rng.normal(probability, 0.05), 0.01, 1.0)))
        watch.see_pick(settled(one))
        if index < owned:
            residual_s = float(rng.normal(bias_s, 0.1))
            watch.see_arrivals([Arrival(one, 10.0, 0.0, residual_s)])
        if index < withdrawn:
            watch.see_pick(settled(one, "cancel"))


def judged(rng, **changed):
    """Return the kinds that open after a usual time, by the bins that it takes."""
    watch = ModelWatch("a-picker", DriftSettings())
    opened = {}
    for number in range(N_USUAL + 6):
        usual = number < N_USUAL
        fill(watch, number, rng, **({"owned": 12} if usual else {"owned": 12, **changed}))
        newest = START + timedelta(seconds=(number + 1) * BIN_S + 200.0)
        for flag in watch.judge(ns_from_datetime(newest)):
            assert flag.subject == flag.scope == "a-picker"
            if flag.is_open:
                opened.setdefault(flag.kind, number - N_USUAL)
    return opened


def test_a_picker_that_stays_as_it_is_raises_no_flag(rng):
    assert judged(rng) == {}


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("pick_rate", {"n": 150}),
        ("probability", {"probability": 0.5}),
        ("phase_ratio", {"p_share": 0.95}),
        ("unsettled", {"withdrawn": 28}),
        ("residual_mean", {"bias_s": 0.6}),
    ],
)
def test_each_change_is_flagged_by_its_own_figure_after_two_bins(rng, kind, changed):
    opened = judged(rng, **changed)
    assert set(opened) == {kind}
    assert opened[kind] == 1


def test_many_picks_that_events_have_raise_no_flag(rng):
    assert "pick_rate" not in judged(rng, n=150, owned=132)


def test_preliminary_versions_count_for_nothing(rng):
    watch = ModelWatch("a-picker", DriftSettings())
    for index in range(50):
        one = pick(START + timedelta(seconds=float(index)))
        watch.see_pick(LivePick("id", 1, "new", "preliminary", one, "HH", one.time))
    watch.judge(ns_from_datetime(START + timedelta(hours=1)))
    assert watch.pack()["bins"] == {}
    assert all(len(one.pack()["values"]) < 20 for one in watch.figures.values())


def test_a_flag_of_a_picker_closes_when_it_is_back(rng):
    watch = ModelWatch("a-picker", DriftSettings())
    told = []
    for number in range(N_USUAL + 8):
        is_odd = N_USUAL <= number < N_USUAL + 3
        fill(watch, number, rng, n=150 if is_odd else 30, owned=12)
        newest = START + timedelta(seconds=(number + 1) * BIN_S + 200.0)
        told += watch.judge(ns_from_datetime(newest))
    states = [one.is_open for one in told if one.kind == "pick_rate"]
    assert states[0]
    assert not states[-1]
    assert watch.flags == {}
