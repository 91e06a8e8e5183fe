"""One catalogue from several agencies."""

import numpy as np
import pytest

from mainshock.core.errors import SettingsError
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.duplicates import joined_without_duplicates


def _events(rows: list[tuple[float, float, float, float]], name: str) -> Catalogue:
    """Return events of seconds, longitude, latitude, magnitude."""
    seconds, lon, lat, magnitude = np.array(rows).T
    ids = np.array([f"{name}{i}" for i in range(len(rows))], dtype=object)
    return Catalogue(seconds / 86400.0, magnitude, longitude=lon, latitude=lat, event_id=ids)


def test_the_agency_named_first_wins_and_what_was_dropped_is_told():
    first = _events([(0.0, 10.0, 45.0, 4.0)], "a")
    second = _events([(5.0, 10.1, 45.0, 4.3), (500.0, 10.0, 45.0, 3.0)], "b")
    found, dropped = joined_without_duplicates({"A": first, "B": second})
    assert list(found.event_id) == ["a0", "b1"]
    (one,) = dropped
    assert (one.agency, one.event_id, one.kept_agency, one.kept_event_id) == ("B", "b0", "A", "a0")
    assert one.apart_s == pytest.approx(5.0, abs=1e-6)
    assert one.apart_km == pytest.approx(7.9, abs=0.1)
    assert one.apart_magnitude == pytest.approx(0.3)
    turned, _ = joined_without_duplicates({"B": second, "A": first})
    assert list(turned.event_id) == ["b0", "b1"]


@pytest.mark.parametrize(
    "other", [(20.0, 10.0, 45.0, 4.0), (0.0, 12.0, 45.0, 4.0), (0.0, 10.0, 45.0, 5.5)]
)
def test_events_beyond_any_one_limit_are_different(other: tuple[float, float, float, float]):
    first = _events([(0.0, 10.0, 45.0, 4.0)], "a")
    found, dropped = joined_without_duplicates({"A": first, "B": _events([other], "b")})
    assert len(found) == 2
    assert not dropped


def test_two_shocks_of_one_agency_do_not_vanish_behind_one_of_another():
    first = _events([(0.0, 10.0, 45.0, 4.0)], "a")
    second = _events([(1.0, 10.0, 45.0, 4.0), (8.0, 10.0, 45.0, 4.0)], "b")
    found, dropped = joined_without_duplicates({"A": first, "B": second})
    assert list(found.event_id) == ["a0", "b1"]
    assert dropped[0].event_id == "b0"


def test_a_third_agency_is_compared_with_what_was_kept_of_both():
    first = _events([(0.0, 10.0, 45.0, 4.0)], "a")
    second = _events([(500.0, 10.0, 45.0, 4.0)], "b")
    third = _events([(1.0, 10.0, 45.0, 4.0), (501.0, 10.0, 45.0, 4.0), (900.0, 1.0, 2.0, 3.0)], "c")
    found, dropped = joined_without_duplicates({"A": first, "B": second, "C": third})
    assert list(found.event_id) == ["a0", "b0", "c2"]
    assert [one.kept_agency for one in dropped] == ["A", "B"]


def test_the_180th_meridian_does_not_part_events():
    first = _events([(0.0, 179.99, -20.0, 5.0)], "a")
    second = _events([(1.0, -179.99, -20.0, 5.0)], "b")
    assert len(joined_without_duplicates({"A": first, "B": second})[0]) == 1


def test_without_places_time_and_magnitude_decide():
    first = Catalogue(np.array([0.0]), np.array([4.0]))
    second = Catalogue(np.array([1e-5, 1.0]), np.array([4.1, 4.1]))
    found, dropped = joined_without_duplicates({"A": first, "B": second})
    assert list(found.time_days) == [0.0, 1.0]
    assert np.isnan(dropped[0].apart_km)


def test_many_events_are_compared_as_one_by_one(rng: np.random.Generator):
    def drawn(n: int, name: str) -> Catalogue:
        rows = np.column_stack(
            [
                rng.uniform(0, 3e4, n),
                rng.uniform(0, 1, n),
                rng.uniform(0, 1, n),
                rng.uniform(3, 4, n),
            ]
        )
        return _events([tuple(row) for row in rows], name)

    first, second = drawn(300, "a"), drawn(300, "b")
    found, dropped = joined_without_duplicates({"A": first, "B": second}, 16.0, 30.0, 0.5)
    assert len(found) + len(dropped) == 600
    assert dropped
    assert all(abs(one.apart_s) <= 16.0 and one.apart_km <= 30.0 for one in dropped)
    kept = {one.kept_event_id for one in dropped}
    assert len(kept) == len(dropped)
    left = found.take(np.array([str(one).startswith("b") for one in found.event_id]))
    for i in range(len(left)):  # who stays has no free partner
        near = np.abs(first.time_days - left.time_days[i]) * 86400.0 <= 16.0
        near &= np.abs(first.magnitude - left.magnitude[i]) <= 0.5
        for j in np.flatnonzero(near):
            apart = np.hypot(
                111.2 * (first.latitude[j] - left.latitude[i]),
                111.2 * (first.longitude[j] - left.longitude[i]),
            )
            assert apart > 29.0 or first.event_id[j] in kept


def test_limits_must_be_positive():
    with pytest.raises(SettingsError, match="above 0"):
        joined_without_duplicates({}, within_s=0.0)
