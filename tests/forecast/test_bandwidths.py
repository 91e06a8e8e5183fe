import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.forecast.bandwidths import adaptive_bandwidths, neighbour_distances
from mainshock.forecast.sphere import cartesian_km


def test_distances_equal_those_of_all_pairs(rng: np.random.Generator) -> None:
    lon, lat = rng.uniform(170, 190, 60), rng.uniform(-40, -30, 60)  # across the 180th meridian
    there = cartesian_km(lon, lat)
    pairs = np.linalg.norm(there[:, None] - there, axis=2)
    expected = np.sort(pairs, axis=1)[:, 1:5]
    assert np.allclose(neighbour_distances(lon, lat, 4), expected)
    assert np.allclose(neighbour_distances((lon + 180) % 360 - 180, lat, 4), expected)


def test_bandwidths_are_the_nth_neighbour_but_never_below_the_least() -> None:
    lon, lat = np.zeros(4), np.array([0.0, 0.0, 0.1, 1.0])  # two on the same spot
    first = adaptive_bandwidths(lon, lat, 1, min_km=2.0)
    assert first[:2].tolist() == [2.0, 2.0]
    assert first[2] == pytest.approx(11.06, abs=0.02)
    assert (adaptive_bandwidths(lon, lat, 2, min_km=2.0) >= first).all()


def test_missing_neighbours_are_stood_for_by_the_farthest() -> None:
    found = neighbour_distances([0.0, 0.0], [0.0, 0.1], 3)
    assert found.shape == (2, 3)
    assert (found == found[0, 0]).all()


@pytest.mark.parametrize(("n_places", "n", "km"), [(1, 1, 1.0), (3, 0, 1.0), (3, 1, 0.0)])
def test_what_gives_no_bandwidth_is_refused(n_places: int, n: int, km: float) -> None:
    with pytest.raises(DataError):
        adaptive_bandwidths(np.arange(n_places), np.arange(n_places), n, km)
