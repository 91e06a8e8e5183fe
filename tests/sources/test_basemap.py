"""The packaged base map: right places, right area, clean cuts, and a recipe that repeats it."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.core.errors import GeometryError, SettingsError
from mainshock.sources.basemap import RESOLUTIONS, borders, coastlines, land_polygons

RECIPE = Path(__file__).parents[2] / "recipes" / "basemap" / "build_basemap.py"


def as_shapes(polygons):
    return [shapely.Polygon(rings[0], rings[1:]) for rings in polygons]


def is_land(resolution, longitude, latitude, bbox=None):
    point = shapely.Point(longitude, latitude)
    return any(shape.contains(point) for shape in as_shapes(land_polygons(resolution, bbox)))


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize(
    ("name", "longitude", "latitude", "expected"),
    [
        ("Munich", 11.58, 48.14, True),
        ("Antofagasta's desert", -69.0, -23.6, True),
        ("Atlantic", -35.0, 30.0, False),
        ("Chukotka, east of 180", -175.0, 67.0, True),
        ("Chukotka, west of 180", 176.0, 67.5, True),
        ("South Pole", 10.0, -89.5, True),
        ("South Pole beside the cut", -179.9, -89.0, True),
        ("Weddell Sea", -40.0, -70.0, False),
    ],
)
def test_known_places_are_land_or_sea(resolution, name, longitude, latitude, expected):
    assert is_land(resolution, longitude, latitude) is expected, name


@pytest.mark.parametrize("resolution", ["10m", "50m"])
def test_the_caspian_sea_is_a_hole(resolution):
    assert not is_land(resolution, 51.0, 41.5)
    assert is_land(resolution, 58.0, 41.0)


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_land_covers_as_much_as_the_literature_says(resolution):
    # 148.9 million km2 of land less 1.5 of ice shelves, which Natural Earth counts as sea, and
    # less 0.8 of lakes that its countries leave out; on a sphere the area under a curve is
    # R^2 * integral of sin(latitude) over longitude (Green)
    area = 0.0
    for rings in land_polygons(resolution):
        for ring in rings:
            lon, lat = np.radians(ring).T
            mean_sine = 0.5 * (np.sin(lat[1:]) + np.sin(lat[:-1]))
            area -= 6371.0**2 * float(np.sum(np.diff(lon) * mean_sine))
    assert area / 1e6 == pytest.approx(146.6, rel=0.006)


def test_rings_are_closed_and_outer_ones_run_counter_clockwise():
    for rings in land_polygons("50m"):
        assert all(np.array_equal(ring[0], ring[-1]) for ring in rings)
        assert shapely.LinearRing(rings[0]).is_ccw
        assert not any(shapely.LinearRing(ring).is_ccw for ring in rings[1:])


def test_borders_pass_where_countries_meet():
    # the bridges over the Rhine at Kehl and over the Salzach at Laufen join two countries
    for longitude, latitude in [(7.80, 48.573), (12.935, 47.942)]:
        box = (longitude - 0.5, latitude - 0.5, longitude + 0.5, latitude + 0.5)
        lines = [shapely.LineString(line) for line in borders("10m", box)]
        nearest = min(line.distance(shapely.Point(longitude, latitude)) for line in lines)
        assert nearest < 0.03


def test_inland_maps_have_borders_where_the_coarse_map_shows_nothing():
    assert coastlines("10m", (11.0, 47.0, 13.0, 48.5)) == []
    assert len(borders("10m", (11.0, 47.0, 13.0, 48.5))) > 0


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_coastlines_leave_out_the_cut_at_180_degrees_and_the_pole(resolution):
    for line in coastlines(resolution):
        on_seam = np.abs(line[:, 0]) >= 179.9995
        assert not (on_seam[1:] & on_seam[:-1]).any()
        assert line[:, 1].min() > -89.9


def test_a_box_over_the_180th_meridian_is_continuous():
    box = (170.0, 60.0, -165.0, 72.0)
    longitude = np.concatenate(coastlines("50m", box))[:, 0]
    assert longitude.min() >= 170.0
    assert 190.0 < longitude.max() <= 195.0
    assert is_land("50m", 185.0, 67.0, box)


@settings(max_examples=40)
@given(
    west=st.floats(-180.0, 170.0),
    south=st.floats(-90.0, 80.0),
    width=st.floats(0.1, 60.0),
    height=st.floats(0.1, 40.0),
)
def test_nothing_lies_outside_the_box_and_no_land_is_lost(west, south, width, height):
    box = (west, south, min(west + width, 180.0), min(south + height, 90.0))
    parts = [*coastlines("110m", box), *borders("110m", box)]
    clipped = as_shapes(land_polygons("110m", box))
    parts += [np.asarray(shape.exterior.coords) for shape in clipped]
    for part in parts:
        low, high = part.min(axis=0), part.max(axis=0)
        assert low[0] >= box[0] - 1e-9
        assert low[1] >= box[1] - 1e-9
        assert high[0] <= box[2] + 1e-9
        assert high[1] <= box[3] + 1e-9
    whole = shapely.union_all(as_shapes(land_polygons("110m")))
    expected = whole.intersection(shapely.box(*box)).area
    assert sum(shape.area for shape in clipped) == pytest.approx(expected, abs=1e-6)


def test_an_unknown_resolution_names_the_known_ones():
    with pytest.raises(SettingsError, match=r"'1m'.*10m, 50m, 110m"):
        coastlines("1m")


@pytest.mark.parametrize(
    "box",
    [(10.0, 50.0, 12.0, 48.0), (10.0, 48.0, 10.0, 50.0), (10.0, 48.0, 200.0, 50.0)],
)
def test_an_impossible_box_is_refused(box):
    with pytest.raises(GeometryError, match="bounding box"):
        borders("10m", box)


def test_the_packaged_files_stay_below_a_megabyte():
    folder = RECIPE.parents[2] / "src" / "mainshock" / "sources" / "data"
    assert sum(path.stat().st_size for path in folder.glob("basemap_*.npz")) < 1_000_000


@pytest.fixture(scope="module")
def recipe():
    spec = importlib.util.spec_from_file_location("build_basemap", RECIPE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def two_countries():
    """Two unit squares side by side at 10 E; arc 0 is their common edge."""
    return {
        "transform": {"scale": [0.5, 0.5], "translate": [10.0, 40.0]},
        "arcs": [
            [[2, 0], [0, 2]],
            [[2, 2], [-2, 0], [0, -2], [2, 0]],
            [[2, 0], [2, 0], [0, 2], [-2, 0]],
        ],
        "objects": {
            "countries": {
                "type": "GeometryCollection",
                "geometries": [
                    {"type": "Polygon", "arcs": [[0, 1]]},
                    {"type": "MultiPolygon", "arcs": [[[2, -1]]]},
                ],
            },
            "land": {
                "type": "GeometryCollection",
                "geometries": [{"type": "MultiPolygon", "arcs": [[[1, 2]]]}],
            },
        },
    }


def test_the_recipe_tells_coast_from_border(recipe, two_countries):
    arcs = recipe.decode_arcs(two_countries, 0.0)
    rings, owners = recipe.land_rings(two_countries, arcs)
    assert owners == [0]
    assert shapely.Polygon(rings[0]).equals(shapely.box(10.0, 40.0, 12.0, 41.0))
    (border,) = recipe.border_lines(two_countries, arcs)
    assert border.tolist() == [[11.0, 40.0], [11.0, 41.0]]


def test_the_recipe_cuts_at_180_degrees(recipe):
    ring = np.array([[179.0, 0.0], [181.0, 0.0], [181.0, 1.0], [179.0, 1.0], [179.0, 0.0]])
    parts = recipe.polygons_within_180([ring])
    assert sorted(part.bounds for part in parts) == [
        (-180.0, 0.0, -179.0, 1.0),
        (179.0, 0.0, 180.0, 1.0),
    ]


def test_the_recipe_closes_land_around_the_pole(recipe):
    longitude = np.linspace(0.0, 360.0, 37)
    parts = recipe.polygons_within_180([np.stack([longitude, np.full(37, -70.0)], axis=1)])
    assert sum(part.area for part in parts) == pytest.approx(360.0 * 20.0)


def test_the_encoding_loses_no_more_than_its_quantum(recipe, rng):
    line = np.cumsum(rng.normal(0.0, 0.5, (200, 2)), axis=0)
    arrays = recipe.encode("border", [line])
    decoded = arrays["border_starts"][0] + np.cumsum(arrays["border_steps"], axis=0, dtype=int)
    assert np.abs(decoded / recipe.STEPS_PER_DEGREE - line).max() <= 0.00051
