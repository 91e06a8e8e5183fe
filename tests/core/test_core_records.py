"""Records refuse what cannot be, and say how it should be."""

import dataclasses
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import RecordError
from mainshock.core.records import (
    Arrival,
    CredibleRegion,
    Event,
    Magnitude,
    Origin,
    Pick,
    PosteriorSamples,
    Station,
    Waveform,
)

ONSET = datetime(2010, 5, 27, 16, 24, 33, tzinfo=UTC)
NAIVE = datetime(2010, 5, 27, 16, 24, 33)  # noqa: DTZ001 - refused on purpose
NAN = float("nan")


def make_waveform(**changes):
    fields = {
        "network": "BW",
        "station": "UH1",
        "location": "",
        "instrument": "EH",
        "start": ONSET,
        "sampling_rate_hz": 200.0,
        "samples": np.zeros((3, 400), dtype=np.float32),
    }
    return Waveform(**(fields | changes))


def make_pick(**changes):
    fields = {
        "network": "BW",
        "station": "UH1",
        "location": "",
        "phase": "P",
        "time": ONSET,
        "probability": 0.9,
        "sigma_s": 0.05,
        "model": "test",
    }
    return Pick(**(fields | changes))


def make_origin(**changes):
    fields = {
        "time": ONSET,
        "longitude": 11.64,
        "latitude": 48.05,
        "depth_km": 4.6,
        "time_sd_s": 0.1,
        "east_sd_km": 0.3,
        "north_sd_km": 0.4,
        "depth_sd_km": 0.8,
        "covariance_km2": np.eye(3),
        "velocity_model": "constant",
    }
    return Origin(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"station": ""}, "station code is empty"),
        ({"longitude": 180.1}, "longitude is 180.1"),
        ({"longitude": NAN}, "longitude is nan"),
        ({"latitude": 90.5}, "swapped"),
        ({"latitude": NAN}, "latitude is nan"),
        ({"elevation_m": 9500.0}, "elevation_m is 9500.0"),
        ({"elevation_m": float("inf")}, "elevation_m is inf"),
    ],
)
def test_station_ranges(changes, message):
    fields = {"network": "BW", "station": "UH1", "longitude": 11.6, "latitude": 48.0} | changes
    with pytest.raises(RecordError, match=message):
        Station(**fields)


@given(st.floats(-12_000.0, 9_000.0))
def test_station_depth_is_minus_its_elevation(elevation_m):
    station = Station("BW", "UH1", 11.6, 48.0, elevation_m)
    assert station.depth_km == pytest.approx(-elevation_m / 1000.0)
    assert station.code == "BW.UH1"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": NAIVE}, "time zone"),
        ({"sampling_rate_hz": 0.0}, "sampling_rate_hz is 0.0"),
        ({"sampling_rate_hz": -100.0}, "sampling_rate_hz is -100.0"),
        ({"sampling_rate_hz": NAN}, "sampling_rate_hz is nan"),
        ({"samples": np.zeros(400, np.float32)}, r"\(3, n_samples\)"),
        ({"samples": np.zeros((1, 400), np.float32)}, r"\(3, n_samples\)"),
        ({"samples": np.zeros((3, 0), np.float32)}, r"\(3, n_samples\)"),
        ({"samples": np.full((3, 4), NAN, np.float32)}, "NaN or infinity; mark them as a gap"),
        ({"samples": np.full((3, 4), np.inf, np.float32)}, "NaN or infinity"),
        ({"has_component": (False, False, False)}, "at least one of Z, N, E"),
        ({"gaps": ((10, 10),)}, r"gap \(10, 10\)"),
        ({"gaps": ((-1, 10),)}, r"gap \(-1, 10\)"),
        ({"gaps": ((390, 401),)}, "outside the 400 samples"),
    ],
)
def test_waveform_refuses(changes, message):
    with pytest.raises(RecordError, match=message):
        make_waveform(**changes)


def test_waveform_times_and_names():
    waveform = make_waveform(gaps=((0, 400),))
    assert waveform.n_samples == 400
    assert waveform.trace_id == "BW.UH1..EH"
    assert waveform.time_at(100) == ONSET + timedelta(seconds=0.5)
    assert waveform.end == ONSET + timedelta(seconds=399 / 200)


def test_times_become_utc_whatever_their_zone():
    local = ONSET.astimezone(timezone(timedelta(hours=2)))
    assert make_pick(time=local).time.utcoffset() == timedelta(0)
    assert make_pick(time=local) == make_pick()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time": NAIVE}, "time zone"),
        ({"time": "2010-05-27T16:24:33Z"}, "parse_utc"),
        ({"phase": "Pg"}, "known phases are P and S"),
        ({"station": ""}, "no station code"),
        ({"probability": 1.01}, "probability is 1.01"),
        ({"probability": NAN}, "probability is nan"),
        ({"sigma_s": 0.0}, "sigma_s is 0.0"),
        ({"sigma_s": 100.0}, "sigma_s is 100.0"),
        ({"back_azimuth_deg": 30.0}, "go together"),
        ({"back_azimuth_sigma_deg": 30.0}, "go together"),
        ({"back_azimuth_deg": 30.0, "back_azimuth_sigma_deg": 0.0}, "back_azimuth_sigma_deg"),
        ({"back_azimuth_deg": 400.0, "back_azimuth_sigma_deg": 9.0}, "back_azimuth_deg is 400"),
    ],
)
def test_pick_refuses(changes, message):
    with pytest.raises(RecordError, match=message):
        make_pick(**changes)


@given(st.floats(-360.0, 360.0))
def test_back_azimuth_is_kept_between_0_and_360(angle):
    pick = make_pick(back_azimuth_deg=angle, back_azimuth_sigma_deg=10.0)
    assert 0.0 <= pick.back_azimuth_deg < 360.0
    turn = (pick.back_azimuth_deg - angle) / 360.0
    assert turn == pytest.approx(round(turn), abs=1e-9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time": NAIVE}, "time zone"),
        ({"longitude": 200.0}, "longitude is 200.0"),
        ({"latitude": -91.0}, "latitude is -91.0"),
        ({"depth_km": 900.0}, "depth_km is 900.0"),
        ({"depth_km": NAN}, "depth_km is nan"),
        ({"time_sd_s": -0.1}, "time_sd_s is -0.1"),
        ({"east_sd_km": NAN}, "east_sd_km is nan"),
        ({"covariance_km2": np.eye(2)}, r"not \(3, 3\)"),
    ],
)
def test_origin_refuses(changes, message):
    with pytest.raises(RecordError, match=message):
        make_origin(**changes)


def test_origin_gives_its_region_by_level_or_names_those_it_has():
    ring = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    regions = tuple(CredibleRegion(level, 9.0, ((ring,),)) for level in (0.5, 0.68))
    origin = make_origin(regions=regions)
    assert origin.region(0.68) is regions[1]
    with pytest.raises(RecordError, match=r"level 0.95.*\[0.5, 0.68\]"):
        origin.region(0.95)


@pytest.mark.parametrize(("level", "area"), [(1.2, 1.0), (-0.1, 1.0), (0.5, -1.0), (0.5, NAN)])
def test_region_refuses(level, area):
    with pytest.raises(RecordError):
        CredibleRegion(level, area, ())


@pytest.mark.parametrize("shapes", [(3, 3, 3, 2), (0, 0, 0, 0)])
def test_samples_of_unequal_or_no_length_are_refused(shapes):
    with pytest.raises(RecordError, match="all must be the same"):
        PosteriorSamples(*(np.zeros(size) for size in shapes))
    with pytest.raises(RecordError, match="all must be the same"):
        PosteriorSamples(*(np.zeros((2, 2)) for _ in range(4)))


@pytest.mark.parametrize(
    ("value", "sd"), [(11.0, 0.1), (NAN, 0.1), (2.0, -0.1), (2.0, float("inf"))]
)
def test_magnitude_refuses(value, sd):
    with pytest.raises(RecordError, match="magnitude"):
        Magnitude(value, "ML", sd, 3)


def test_arrival_and_event_refuse():
    with pytest.raises(RecordError, match="distance_km"):
        Arrival(make_pick(), -1.0, 0.0, 0.1)
    with pytest.raises(RecordError, match="inlier_probability"):
        Arrival(make_pick(), 1.0, 0.0, 0.1, 1.5)
    with pytest.raises(RecordError, match="event_id is empty"):
        Event("", make_origin(), ())
    with pytest.raises(RecordError, match="A, B, C or D"):
        Event("e1", make_origin(), (), quality="E")


def test_an_event_knows_its_picks_and_nothing_can_be_changed():
    arrival = Arrival(make_pick(), 1.0, 0.0, 0.1)
    event = Event("e1", make_origin(), (arrival,), quality="A")
    assert event.picks == (arrival.pick,)
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.quality = "B"
    with pytest.raises(dataclasses.FrozenInstanceError):
        arrival.pick.probability = 0.1
