"""The record of a forecast: what it refuses, and its way through JSON."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mainshock.core.errors import DataError, RecordError
from mainshock.core.rate_forecast import RESEARCH_ONLY, ForecastRow, RateForecast, RateGrid

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ROW = ForecastRow(5.0, 7.0, 0.03, 0.01, 0.08, 0.004, 7.5, 0.031, 0, 1)


def grid():
    expected = np.array([[0.0, 1.23456e-3], [2.0, 0.5]])
    return RateGrid(np.array([10.5, 11.5]), np.array([45.5, 46.5]), 1.0, expected, expected / 2)


def forecast(**changed):
    known = {
        "forecast_id": "f1",
        "region": "northern Italy",
        "outline": ((10.0, 45.0), (12.0, 45.0), (12.0, 47.0)),
        "issued": NOW,
        "start": NOW + timedelta(minutes=1),
        "cut_off": NOW - timedelta(seconds=30),
        "model": "etas",
        "agency": "INGV",
        "mc": 3.0,
        "rows": (ROW,),
        "grid": grid(),
    }
    return RateForecast(**{**known, **changed})


def test_a_forecast_survives_its_document():
    made = forecast(warnings=("No data of May.",), event_id="ev1", event_version=3)
    told = json.loads(json.dumps(made.as_document(), allow_nan=False))
    back = RateForecast.from_document(told)
    assert back.rows == made.rows
    assert (back.issued, back.start, back.cut_off) == (made.issued, made.start, made.cut_off)
    assert (back.event_id, back.event_version, back.warnings) == ("ev1", 3, made.warnings)
    assert back.outline == made.outline
    assert back.grid.expected == pytest.approx(made.grid.expected, rel=5e-3)  # three digits
    assert back.as_document() == told
    assert told["rows"][0]["end"] == "2026-01-09T03:05:05.000000Z"


@pytest.mark.parametrize("name", ["forecast_id", "region", "model", "agency"])
def test_a_forecast_that_does_not_say_what_it_is_of_is_refused(name):
    with pytest.raises(RecordError, match=name):
        forecast(**{name: " "})


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"rows": ()}, "at least one"),
        ({"issued": datetime(2026, 1, 2)}, "time zone"),  # noqa: DTZ001 - that is the fault
        ({"cut_off": NOW + timedelta(seconds=1)}, "not known"),
    ],
)
def test_a_forecast_without_rows_or_with_times_out_of_order_is_refused(changed, why):
    with pytest.raises(RecordError, match=why):
        forecast(**changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"probability": 1.01},
        {"reference_probability": float("nan")},
        {"expected": -1.0},
        {"days": 0.0},
        {"magnitude": float("nan")},
    ],
)
def test_numbers_that_are_no_chances_are_refused(changed):
    with pytest.raises(RecordError):
        replace(ROW, **changed)


def test_a_grid_of_other_axes_or_with_negative_numbers_is_refused():
    one = grid()
    with pytest.raises(RecordError, match="shape"):
        replace(one, expected=one.expected[:1])
    with pytest.raises(RecordError, match="negative"):
        replace(one, reference=-one.reference)


def test_what_limits_a_forecast_is_told_with_it():
    said = forecast().cautions()
    assert RESEARCH_ONLY in said
    assert any("INGV" in one for one in said)
    assert any("not validated" in one for one in said)
    good = forecast(rows=(replace(ROW, is_validated=True),))
    assert not any("validated" in one for one in good.cautions())
    said = forecast(is_retrospective=True, is_synthetic=True, warnings=("Beware.",)).cautions()
    assert said[-1] == "Beware."
    assert any("Retrospective" in one for one in said)
    assert any("synthetic" in one for one in said)


@pytest.mark.parametrize("document", [{}, {"rows": 3}, {"grid": None, "outline": [[1]]}])
def test_another_document_is_no_forecast(document):
    with pytest.raises(DataError, match="no forecast"):
        RateForecast.from_document(document)
