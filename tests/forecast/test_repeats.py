"""Rows that state an event once more are told."""

import numpy as np

from mainshock.forecast.repeats import n_repeats, repeats_note
from mainshock.sources.seismicity.catalogue import Catalogue

ONCE = Catalogue([1.0, 2.0, 2.0, 3.0], [3.0, 4.0, 3.0, 3.0], [10.0] * 4, [40.0, 40.0, 40.0, 41.0])


def test_events_of_one_moment_with_other_magnitudes_or_places_are_no_repeats():
    elsewhere = Catalogue([2.0], [4.0], [11.0], [40.0])
    assert n_repeats(Catalogue.joined([ONCE, elsewhere])) == 0
    assert repeats_note(ONCE) == []
    assert n_repeats(ONCE.take(np.zeros(0))) == 0


def test_rows_that_stand_twice_are_counted_and_told_with_and_without_places():
    assert n_repeats(Catalogue.joined([ONCE, ONCE, ONCE])) == 8
    bare = Catalogue(ONCE.time_days, ONCE.magnitude)
    (told,) = repeats_note(Catalogue.joined([bare, bare.take([0, 2])]))
    assert told.startswith("2 of 6 rows repeat")
