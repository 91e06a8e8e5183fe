"""Forecasts in words: the template, its numbers, and what it refuses to leave out."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError, SettingsError
from mainshock.core.rate_forecast import ForecastRow, RateForecast
from mainshock.forecast.wording import (
    LANGUAGES,
    ForecastStatement,
    chance_text,
    frequency_text,
    number_text,
    statements_of,
    with_sentences,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WHOLE = ForecastStatement(
    region="southern California",
    magnitude=5.0,
    start=NOW,
    end=NOW + timedelta(days=7),
    issued=NOW - timedelta(minutes=1),
    cut_off=NOW - timedelta(minutes=2),
    model="etas fitted until 2014-01-01",
    agency="USGS",
    probability=0.0347,
    reference_probability=0.0121,
    probability_low=0.019,
    probability_high=0.061,
    multiple=3.02,
    count_magnitude=3.0,
    count_low=4,
    count_high=31,
    is_validated=True,
)
FORBIDDEN = re.compile(
    r"\bsafe|alarm|\bwill (strike|happen|occur)\b|predict(?!ed; this number)", re.I
)


def test_the_template_is_filled():
    chance, usual, number, source, *rest = WHOLE.sentences()
    assert chance == (
        "Between 2026-01-02 03:04 UTC and 2026-01-09 03:04 UTC, the chance of at least one "
        "magnitude 5 or larger earthquake in southern California is about 3.5 % (roughly 1 in 29; "
        "range 1.9 % to 6.1 %)."
    )
    assert usual == (
        "The long-term chance for a window of this length is 1.2 %, and about 3 times the "
        "long-term number is expected."
    )
    assert number == "We expect 4 to 31 earthquakes of magnitude 3 or larger (95 % range)."
    assert source == (
        "Issued 2026-01-02 03:03 UTC by etas fitted until 2014-01-01 with data up to 2026-01-02 "
        "03:02 UTC."
    )
    assert rest == [
        "This is a research result, not an official forecast.",
        "Earthquakes cannot be predicted; this number will change as new data arrive.",
        "Source of official advice: USGS.",
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("region", "magnitude", "start", "end", "issued", "cut_off", "model", "agency"),
        *("probability", "reference_probability"),
    ],
)
def test_nothing_is_told_where_something_that_a_reader_needs_is_missing(name):
    with pytest.raises(DataError, match=name):
        replace(WHOLE, **{name: None}).text()


def test_an_empty_name_is_as_good_as_none():
    with pytest.raises(DataError, match="region"):
        replace(WHOLE, region="").text()


@pytest.mark.parametrize(("chance", "told"), [(0.0049, "less than 1 %"), (0.995, "more than 99 %")])
def test_chances_near_0_and_1_are_told_as_such(chance, told):
    text = replace(WHOLE, probability=chance).text()
    assert f"is {told} (" in text
    assert "0.49" not in text
    assert "99.5" not in text
    assert "range 1.9" not in text


def test_a_small_chance_still_says_how_much_higher_than_usual_it_is():
    text = replace(WHOLE, probability=0.001, reference_probability=1e-5, multiple=104.0).text()
    assert "about 100 times the long-term number" in text


@given(st.floats(0.0, 1.0))
def test_no_chance_has_more_than_two_significant_digits(chance):
    told = chance_text(chance)
    digits = re.search(r"[\d.]+", told)[0].replace(".", "").strip("0")
    assert len(digits) <= 2
    if "than" not in told:
        assert float(told.split()[0]) / 100 == pytest.approx(chance, rel=0.051)


@given(st.floats(0.01, 0.99))
def test_a_natural_frequency_is_near_its_chance(chance):
    many, total = re.fullmatch(r"roughly (\d+) in (\d+)", frequency_text(chance)).groups()
    assert int(many) / int(total) == pytest.approx(chance, rel=0.27)  # 1 in 3 stands for 0.4


@given(st.floats(1e-6, 1e6))
def test_numbers_are_rounded_to_two_digits_without_an_exponent(value):
    told = number_text(value)
    assert "e" not in told
    assert float(told) == pytest.approx(value, rel=0.051)


def test_all_texts_keep_to_the_vocabulary():
    for texts in LANGUAGES.values():
        assert [one for one in texts.values() if FORBIDDEN.search(one)] == []


def test_every_language_has_the_same_texts():
    keys = {frozenset(texts) for texts in LANGUAGES.values()}
    assert len(keys) == 1
    with pytest.raises(SettingsError, match="xx"):
        WHOLE.text("xx")


def test_what_was_not_validated_is_generic_or_late_is_said():
    text = replace(WHOLE, is_validated=False).text()
    assert "not validated" in text
    text = replace(WHOLE, is_validated=False, is_generic=True, is_retrospective=True).text()
    assert "many regions" in text
    assert "after its window had opened" in text


def test_rows_get_the_number_of_the_smallest_magnitude_of_their_window():
    rows = (
        ForecastRow(3.0, 1.0, 0.9, 0.8, 0.95, 0.4, 3.0, 2.3, 0, 6),
        ForecastRow(5.0, 1.0, 0.02, 0.01, 0.04, 0.005, 3.0, 0.02, 0, 0),
        ForecastRow(5.0, 7.0, 0.05, 0.03, 0.1, 0.03, 1.5, 0.05, 0, 1),
    )
    made = RateForecast(
        *("f", "a region", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)), NOW, NOW, NOW),
        *("etas", "an agency", 3.0, rows),
    )
    counted = [(one.count_magnitude, one.count_high) for one in statements_of(made)]
    assert counted == [(3.0, 6), (3.0, 6), (5.0, 1)]
    told = with_sentences(made)
    assert all("in a region is" in row.sentence for row in told.rows)
    assert "at most 1 earthquake of magnitude 5" in told.rows[2].sentence
