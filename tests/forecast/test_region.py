"""Regions of forecasts."""

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Geod

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.forecast.region import Region, region_around, region_from_text
from mainshock.forecast.smoothed_places import SmoothedPlaces

_WGS84 = Geod(ellps="WGS84")
_CALIFORNIA = Region.box(-122.0, 32.0, -114.0, 37.0)
_ACROSS_180 = Region.box(170.0, -48.0, -175.0, -33.0)
_BENT = Region(((10.0, 40.0), (14.0, 39.0), (13.0, 42.0), (18.0, 45.0), (9.0, 46.0)))


def _geodesic_area_km2(region: Region) -> float:
    """Return the area on the ellipsoid of sides that are straight in longitude and latitude."""
    dense = shapely.segmentize(region.polygon, 0.005)
    lon, lat = np.asarray(dense.exterior.coords).T
    return abs(_WGS84.polygon_area_perimeter(lon, lat)[0]) / 1e6


@pytest.mark.parametrize(
    "region", [_CALIFORNIA, _ACROSS_180, _BENT, Region.box(-10.0, -5.0, 10.0, 5.0)]
)
def test_areas_are_those_of_the_ellipsoid(region: Region):
    assert region.area_km2 == pytest.approx(_geodesic_area_km2(region), rel=2e-5)


def test_the_globe_has_its_area_and_holds_every_place():
    globe = Region.globe()
    assert globe.is_globe
    assert globe.area_km2 == pytest.approx(510_065_621.7, rel=1e-6)
    assert globe.contains([0.0, 180.0, -180.0], [90.0, -90.0, 0.0]).all()
    assert not globe.contains([np.nan], [0.0])[0]


def test_the_order_of_corners_does_not_matter():
    turned = Region(_BENT.vertices[::-1])
    assert turned.area_km2 == pytest.approx(_BENT.area_km2)
    assert turned.contains([12.0], [42.0])[0]


@pytest.mark.parametrize("longitude", [178.0, -178.0, 182.0, -182.0, 180.0, -180.0, 170.0, 185.0])
def test_places_across_the_180th_meridian_lie_inside_however_they_are_written(longitude: float):
    assert _ACROSS_180.contains([longitude], [-40.0])[0]
    assert Region.box(170.0, -48.0, 185.0, -33.0).contains([longitude], [-40.0])[0]


@pytest.mark.parametrize("longitude", [169.0, -174.0, 0.0, 160.0])
def test_places_beyond_it_lie_outside(longitude: float):
    assert not _ACROSS_180.contains([longitude], [-40.0])[0]


def test_corners_and_sides_of_a_box_belong_to_it():
    assert _CALIFORNIA.contains([-122.0, -122.0, -118.0], [32.0, 34.0, 32.0]).all()


def test_a_bent_polygon_holds_what_lies_in_its_plane(rng: np.random.Generator):
    lon, lat = rng.uniform(8, 19, 2000), rng.uniform(38, 47, 2000)
    expected = shapely.contains_xy(_BENT.polygon, lon, lat)
    assert (_BENT.contains(lon, lat) == expected).all()
    assert expected.any()


@pytest.mark.parametrize("region", [_CALIFORNIA, _ACROSS_180, _BENT])
def test_a_buffer_reaches_as_far_as_asked(region: Region, rng: np.random.Generator):
    wider = region.buffered(100.0)
    lon, lat = region.outline()
    azimuth = rng.uniform(0.0, 360.0, len(lon))
    for km, must_hold in ((95.0, True), (110.0, None)):
        lon2, lat2, _ = _WGS84.fwd(lon, lat, azimuth, np.full(len(lon), km * 1e3))
        held = wider.contains(lon2, lat2)
        if must_hold:
            assert held.all()
        else:
            x, y = rng.uniform(-1, 1, (2, 4000))
            west, south, east, north = wider.bounds
            x, y = west + (x + 1) / 2 * (east - west), south + (y + 1) / 2 * (north - south)
            outside = ~wider.contains(x, y)
            nearest = [
                min(_WGS84.inv(np.full(len(lon), a), np.full(len(lon), b), lon, lat)[2])
                for a, b in zip(x[outside][:60], y[outside][:60], strict=True)
            ]
            assert min(nearest) > 95e3
    assert wider.contains(lon, lat).all()


def test_a_buffer_of_nothing_and_of_the_globe_change_nothing():
    assert _CALIFORNIA.buffered(0.0) is _CALIFORNIA
    assert Region.globe().buffered(100.0).is_globe


def test_a_very_wide_region_with_a_buffer_becomes_the_globe():
    assert Region.box(-60.0, -10.0, 60.0, 10.0).buffered(10.0).is_globe


@pytest.mark.parametrize(
    ("corners", "told"),
    [
        (((0.0, 0.0), (1.0, 1.0)), "at least three corners"),
        (((0.0, 0.0), (0.0, 95.0), (1.0, 0.0)), "degrees"),
        (((0.0, 0.0), (400.0, 0.0), (1.0, 1.0)), "degrees"),
        (((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)), "cross"),
        (((0.0, 0.0), (1.0, 1.0), (2.0, 2.0)), "no area"),
    ],
)
def test_impossible_polygons_are_refused(corners: tuple[tuple[float, float], ...], told: str):
    with pytest.raises(DataError, match=told):
        Region(corners)


@pytest.mark.parametrize("region", [_BENT, _ACROSS_180, Region.globe()])
def test_a_document_gives_the_region_back(region: Region):
    document = json.loads(json.dumps(region.to_document()))
    assert Region.from_document(document) == region
    feature = {"type": "Feature", "geometry": document}
    assert Region.from_document({"type": "FeatureCollection", "features": [feature]}) == region


@pytest.mark.parametrize(
    "document",
    [{}, {"type": "Point", "coordinates": [0, 0]}, {"type": "FeatureCollection", "features": []}],
)
def test_documents_without_a_polygon_are_refused(document: dict[str, object]):
    with pytest.raises(DataError, match="Polygon"):
        Region.from_document(document)


def test_text_and_files_state_regions(tmp_path: Path):
    assert region_from_text("-122,32,-114,37") == _CALIFORNIA
    assert region_from_text(" GLOBE ").is_globe
    assert region_from_text("10,40;14,39;13,42;18,45;9,46;") == _BENT
    assert region_from_text("170,-48,-175,-33") == _ACROSS_180
    (tmp_path / "r.geojson").write_text(json.dumps(_BENT.to_document()))
    assert region_from_text(str(tmp_path / "r.geojson")) == _BENT
    lines = [f"{x},{y}" for x, y in (*_BENT.vertices, _BENT.vertices[0])]
    (tmp_path / "r.csv").write_text("longitude,latitude\n# corners\n" + "\n".join(lines) + "\n")
    assert region_from_text(str(tmp_path / "r.csv")) == _BENT


@pytest.mark.parametrize("text", ["here", "1,2,3", "1,2,3,x", "1;2;3"])
def test_text_that_states_no_region_is_refused(text: str):
    with pytest.raises(SettingsError, match="region"):
        region_from_text(text)


def test_files_without_a_region_are_refused(tmp_path: Path):
    with pytest.raises(SourceError, match="cannot read"):
        region_from_text(str(tmp_path / "absent.geojson"))
    (tmp_path / "bad.json").write_text("{no json")
    with pytest.raises(DataError, match="holds no region"):
        region_from_text(str(tmp_path / "bad.json"))
    (tmp_path / "empty.csv").write_text("lon,lat\n")
    with pytest.raises(DataError, match=r"no region|at least three"):
        region_from_text(str(tmp_path / "empty.csv"))


def test_the_box_around_places_is_of_tenths_of_a_degree():
    found = region_around([-117.55, -116.32], [33.01, 34.99])
    assert found == Region.box(-117.6, 33.0, -116.3, 35.0)


def test_the_box_around_places_spans_the_180th_meridian_where_they_do():
    found = region_around([178.25, -179.75], [-40.0, -38.0])
    assert found.bounds[2] - found.bounds[0] == pytest.approx(2.1)
    assert found.contains([179.9, -179.9], [-39.0, -39.0]).all()


def test_places_everywhere_give_the_globe():
    lon = np.arange(-180.0, 180.0, 20.0)
    assert region_around(lon, np.linspace(-70.0, 70.0, len(lon))).is_globe


@pytest.mark.parametrize("place", [(10.0, 45.0), (10.05, 45.05), (180.0, -90.0), (-180.0, 90.0)])
def test_one_place_has_a_region_around_it(place: tuple[float, float]):
    found = region_around([place[0]], [place[1]])
    assert found.area_km2 > 0
    assert found.contains([place[0]], [place[1]])[0]


def test_no_places_have_no_region():
    for lon in ([], [np.nan]):
        with pytest.raises(DataError, match="no places"):
            region_around(lon, lon)


@pytest.mark.parametrize("region", [_BENT, _ACROSS_180])
def test_uniform_places_lie_inside_and_fill_the_region_evenly(
    region: Region, rng: np.random.Generator
):
    west, south, east, north = region.bounds
    middle = np.array([(west + east) / 2]), np.array([(south + north) / 2])
    flat = SmoothedPlaces(region, *middle, np.array([100.0]), np.array([1.0]), floor=1.0)
    lon, lat = flat.sample(20_000, rng)
    assert region.contains(lon, lat).all()
    assert np.abs(lon).max() <= 180.0
    half = shapely.box(west, south, (west + east) / 2, north)
    piece = shapely.intersection(region.polygon, half)
    expected = Region(tuple(piece.exterior.coords[:-1])).area_km2 / region.area_km2
    found = np.mean(west + (lon - west) % 360.0 < (west + east) / 2)
    assert found == pytest.approx(expected, abs=4 * np.sqrt(0.25 / 20_000))
