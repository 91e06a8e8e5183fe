"""Catalogues as columns."""

import numpy as np
import pytest

from mainshock.core.errors import DataError, RecordError
from mainshock.sources.seismicity.catalogue import (
    Catalogue,
    days_from_text,
    text_from_days,
)


def test_events_are_sorted_by_time_with_all_their_columns():
    found = Catalogue(
        np.array([3.0, 1.0, 2.0]),
        np.array([4.3, 4.1, 4.2]),
        longitude=np.array([30.0, 10.0, 20.0]),
        event_id=np.array(["c", "a", "b"], dtype=object),
    )
    assert list(found.event_id) == ["a", "b", "c"]
    assert list(found.magnitude) == [4.1, 4.2, 4.3]
    assert list(found.longitude) == [10.0, 20.0, 30.0]


def test_columns_that_are_not_given_are_unknown():
    found = Catalogue(np.array([1.0]), np.array([4.0]))
    assert np.isnan(found.depth_km[0])
    assert found.magnitude_type[0] == ""
    assert not found.has_places


def test_columns_of_another_length_are_refused():
    with pytest.raises(DataError, match="longitude has shape"):
        Catalogue(np.array([1.0, 2.0]), np.array([4.0, 4.0]), longitude=np.array([1.0]))


@pytest.mark.parametrize("bad", [(np.nan, 4.0), (1.0, np.inf)])
def test_times_and_magnitudes_must_be_finite(bad):
    with pytest.raises(DataError, match="finite"):
        Catalogue(np.array([bad[0]]), np.array([bad[1]]))


def test_a_window_holds_its_start_and_not_its_end():
    found = Catalogue(np.arange(5.0), np.full(5, 4.0))
    assert list(found.between(1.0, 3.0).time_days) == [1.0, 2.0]


def test_a_magnitude_that_came_as_single_precision_still_reaches_the_limit():
    found = Catalogue(np.arange(2.0), np.array([np.float32(4.7), 4.6], dtype=np.float64))
    assert float(np.float32(4.7)) < 4.7
    assert len(found.above(4.7)) == 1


def test_the_stated_completeness_of_an_event_counts_too():
    found = Catalogue(
        np.arange(3.0), np.array([2.0, 2.4, 3.0]), completeness=np.array([2.5, np.nan, 2.5])
    )
    assert list(found.above(2.0).magnitude) == [2.4, 3.0]


def test_what_was_known_is_the_last_version_that_had_been_published():
    found = Catalogue(
        np.array([1.0, 1.0, 1.0, 5.0]),
        np.array([4.0, 4.4, 4.2, 5.0]),
        event_id=np.array(["a", "a", "a", ""], dtype=object),
        known_days=np.array([1.1, 9.0, 2.0, np.nan]),
    )
    assert len(found.as_of(1.05)) == 0
    assert list(found.as_of(1.5).magnitude) == [4.0]
    assert list(found.as_of(6.0).magnitude) == [4.2, 5.0]
    assert list(found.as_of(9.0).magnitude) == [4.4, 5.0]


def test_events_without_an_identifier_are_not_versions_of_one_another():
    assert len(Catalogue(np.array([1.0, 2.0]), np.array([4.0, 4.0])).as_of(3.0)) == 2


def test_nothing_later_than_the_moment_is_known():
    found = Catalogue(np.array([1.0, 2.0]), np.array([4.0, 4.0]), known_days=np.array([0.5, 0.5]))
    assert list(found.as_of(1.5).time_days) == [1.0]


def test_no_events_can_be_taken():
    assert len(Catalogue(np.array([1.0]), np.array([4.0])).take([])) == 0


def test_joined_catalogues_keep_every_event_and_stay_sorted():
    one = Catalogue(np.array([1.0, 3.0]), np.array([4.0, 4.1]))
    other = Catalogue(np.array([2.0]), np.array([5.0]), longitude=np.array([7.0]))
    found = Catalogue.joined([one, other])
    assert list(found.time_days) == [1.0, 2.0, 3.0]
    assert found.longitude[1] == 7.0
    assert np.isnan(found.longitude[0])


def test_times_go_to_text_and_back():
    days = 14756.683721065
    assert text_from_days(days).endswith("Z")
    assert abs(days_from_text(text_from_days(days)) - days) < 1e-11 * 1e3
    assert text_from_days(2_999_825.9) == "2999825.900000"


def test_text_that_is_no_time_is_refused():
    with pytest.raises(RecordError, match="ISO 8601"):
        days_from_text("yesterday")
