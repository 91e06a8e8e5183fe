"""Tiles and quadkeys are those of mercantile, and trees those of pyCSEP."""

import warnings

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.forecast.quadtree import divided, quadkeys_at, tile_bounds, tile_ranges, tiles_at


def test_bounds_are_those_of_mercantile(rng):
    mercantile = pytest.importorskip("mercantile")
    keys = [
        "".join(map(str, rng.integers(0, 4, length))) for length in range(1, 20) for _ in range(20)
    ]
    theirs = [mercantile.bounds(mercantile.quadkey_to_tile(key)) for key in keys]
    expected = [(one.west, one.south, one.east, one.north) for one in theirs]
    assert np.allclose(tile_bounds(keys), expected, rtol=0, atol=1e-12)


def test_quadkeys_of_places_are_those_of_mercantile(rng):
    mercantile = pytest.importorskip("mercantile")
    lon, lat = rng.uniform(-180.0, 180.0, 500), rng.uniform(-85.0, 85.0, 500)
    for zoom in (1, 6, 15, 24):
        expected = [
            mercantile.quadkey(mercantile.tile(*place, zoom))
            for place in zip(lon, lat, strict=True)
        ]
        assert quadkeys_at(lon, lat, zoom) == expected


def test_western_and_southern_sides_belong_to_a_tile():
    assert quadkeys_at([0.0, -180.0, 180.0, 90.0], [0.0] * 4, 2) == ["12", "02", "02", "13"]
    keys = divided([0.0], [0.0], 1, 1)
    for key, (west, south, east, north) in zip(keys, tile_bounds(keys), strict=True):
        middle = ((west + east) / 2, (south + north) / 2)
        assert quadkeys_at([west, middle[0]], [middle[1], south], 1) == [key, key]
    assert quadkeys_at([0.0, 0.0, np.nan], [85.06, -85.06, 0.0], 3) == ["", "", ""]


def test_every_place_lies_within_the_bounds_of_its_tile(rng):
    lon, lat = rng.uniform(-180.0, 180.0, 2000), rng.uniform(-85.0, 85.0, 2000)
    for zoom in (3, 12, 20):
        west, south, east, north = tile_bounds(quadkeys_at(lon, lat, zoom)).T
        assert ((west <= lon) & (lon < east) & (south <= lat) & (lat < north)).all()


def test_trees_are_those_of_pycsep(rng):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from csep.core.catalogs import CSEPCatalog
        from csep.core.regions import QuadtreeGrid2D
    lon = np.append(rng.normal(-116.0, 1.0, 300), rng.uniform(-180.0, 180.0, 100))
    lat = np.append(rng.normal(34.0, 1.0, 300), rng.uniform(-84.0, 84.0, 100))
    rows = [(str(k), k, lat[k], lon[k], 0.0, 4.0) for k in range(len(lon))]
    theirs = QuadtreeGrid2D.from_catalog(CSEPCatalog(data=rows), threshold=10, zoom=9)
    ours = divided(lon, lat, 10, 9)
    assert ours == theirs.quadkeys.tolist()
    assert np.allclose(tile_bounds(ours), theirs.bounds, rtol=0, atol=1e-12)


def test_tiles_of_a_tree_fill_the_map_once(rng):
    keys = divided(rng.normal(140.0, 5.0, 200), rng.normal(37.0, 5.0, 200), 3, 10)
    ranges = tile_ranges(keys, 10)
    assert ranges[0, 0] == 0
    assert (ranges[1:, 0] == ranges[:-1, 1]).all()
    assert ranges[-1, 1] == 4**10


def test_numbers_of_tiles_are_quadkeys_in_base_four():
    assert tiles_at([-116.4], [34.2], 8)[0] == int(quadkeys_at([-116.4], [34.2], 8)[0], 4)


@pytest.mark.parametrize("key", ["", "014x", "4", "0" * 25])
def test_what_is_no_quadkey_is_refused(key):
    with pytest.raises(DataError, match="no quadkey"):
        tile_bounds([key])


def test_senseless_trees_are_refused():
    with pytest.raises(DataError, match="zoom of 0"):
        divided([0.0], [0.0], 1, 0)
    with pytest.raises(DataError, match="does not fit"):
        tile_ranges(["0123"], 3)
