"""UTC times: naive datetimes are impossible, text and numbers go there and back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import RecordError
from mainshock.core.times import (
    format_utc,
    parse_utc,
    require_utc,
    to_posix_s,
    utc_from_posix,
)

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
AWARE = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=ZONES,
)


@given(AWARE)
def test_text_there_and_back(value):
    text = format_utc(value)
    assert text.endswith("Z")
    assert parse_utc(text) == value
    assert parse_utc(text).tzinfo is UTC


@given(AWARE)
def test_seconds_there_and_back(value):
    # a float holds microseconds of our century
    assert utc_from_posix(to_posix_s(value)) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2010-05-27T16:24:33.5Z", datetime(2010, 5, 27, 16, 24, 33, 500000, tzinfo=UTC)),
        ("2010-05-27T16:24:33", datetime(2010, 5, 27, 16, 24, 33, tzinfo=UTC)),
        ("2010-05-27 18:24:33+02:00", datetime(2010, 5, 27, 16, 24, 33, tzinfo=UTC)),
        (" 2010-05-27 ", datetime(2010, 5, 27, tzinfo=UTC)),
        ("2010-05-27T16:24:33.123456789Z", datetime(2010, 5, 27, 16, 24, 33, 123456, tzinfo=UTC)),
    ],
)
def test_iso_8601_forms(text, expected):
    assert parse_utc(text) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2010-13-01", "27/05/2010", None, 3.0])
def test_what_is_no_time_is_refused_with_an_example(text):
    with pytest.raises(RecordError, match=r"write it as 2010-05-27T16:24:33\.5Z"):
        parse_utc(text)


@pytest.mark.parametrize("value", [datetime(2010, 5, 27), "2010-05-27", None])  # noqa: DTZ001
def test_naive_times_are_refused(value):
    with pytest.raises(RecordError, match=r"onset is .* time zone"):
        require_utc(value, "onset")
    with pytest.raises(RecordError):
        format_utc(value)
    with pytest.raises(RecordError):
        to_posix_s(value)


def test_the_epoch():
    assert to_posix_s(datetime(1970, 1, 1, tzinfo=UTC)) == 0.0
    assert to_posix_s(datetime(2000, 1, 1, tzinfo=UTC)) == 946_684_800.0
