"""Records as documents and back."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.documents import from_document, to_document
from mainshock.core.errors import DataError
from mainshock.core.records import (
    Arrival,
    CredibleRegion,
    Event,
    Magnitude,
    Origin,
    Pick,
    PosteriorSamples,
)

TIME = datetime(2020, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC)


def event() -> Event:
    ring = np.array([[11.0, 48.0], [11.1, 48.0], [11.1, 48.1], [11.0, 48.0]])
    origin = Origin(
        TIME, 11.05, 48.02, 5.0, 0.1, 1.0, 1.0, 2.0, np.eye(3), "iasp91",
        regions=(CredibleRegion(0.68, 12.5, ((ring, ring),)),),
        samples=PosteriorSamples(*np.random.default_rng(1).normal(size=(4, 7))),
        most_probable=(11.0, 48.0, 5.0),
        flags=("depth_unconstrained",),
    )  # fmt: skip
    pick = Pick("XX", "ABC", "", "P", TIME + timedelta(seconds=2), 0.9, 0.05, "default")
    return Event(
        "e1", origin, (Arrival(pick, 10.0, 90.0, 0.01),), Magnitude(1.2, "ML", 0.3, 2), "B",
        notes={"magnitude": "none"},
    )  # fmt: skip


def test_an_event_comes_back_as_it_was():
    document = json.loads(json.dumps(to_document(event()), allow_nan=False))
    back = from_document(Event, document)
    assert to_document(back) == document
    assert back.arrivals == event().arrivals
    assert back.origin.time == TIME
    assert back.origin.most_probable == (11.0, 48.0, 5.0)
    np.testing.assert_array_equal(back.origin.samples.longitude, event().origin.samples.longitude)
    np.testing.assert_array_equal(
        back.origin.regions[0].polygons[0][1], event().origin.regions[0].polygons[0][1]
    )


@given(
    st.floats(0.0, 1.0),
    st.floats(1e-4, 60.0),
    st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - made aware below
    st.none() | st.floats(0.0, 360.0, exclude_max=True),
)
def test_numbers_and_times_keep_every_digit(probability, sigma_s, time, azimuth):
    pick = Pick(
        "XX", "ABC", "00", "S", time.replace(tzinfo=UTC), probability, sigma_s, "m",
        back_azimuth_deg=azimuth, back_azimuth_sigma_deg=None if azimuth is None else 10.0,
    )  # fmt: skip
    assert from_document(Pick, json.loads(json.dumps(to_document(pick)))) == pick


def test_unknown_keys_are_ignored_and_missing_ones_told():
    document = to_document(event().arrivals[0].pick) | {"colour": "red"}
    assert from_document(Pick, document) == event().arrivals[0].pick
    del document["station"]
    with pytest.raises(DataError, match="no Pick"):
        from_document(Pick, document)
    with pytest.raises(DataError, match="no Pick"):
        from_document(Pick, ["P"])


def test_values_out_of_range_are_refused_by_the_record():
    document = to_document(replace(event().magnitude)) | {"value": 55.0}
    with pytest.raises(ValueError, match=r"10\.5"):
        from_document(Magnitude, document)


def test_numbers_that_json_cannot_hold_become_null():
    @dataclass(frozen=True)
    class Odd:
        values: tuple[float, ...]

    assert to_document(Odd((1.0, float("nan"), float("inf")))) == {"values": [1.0, None, None]}
