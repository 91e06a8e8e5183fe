"""Files of maps, read back by other programs' readers or plainly."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
import tifffile
from scipy.io import netcdf_file
from shapely.geometry import Point, Polygon, shape

from mainshock.core.errors import DataError
from mainshock.core.records import Station
from mainshock.core.shaking_field import NOT_FOR_DESIGN
from mainshock.shaking.contours import contour_levels, contours_to_geojson
from mainshock.shaking.grid import MapSites, box_sites
from mainshock.shaking.map_files import write_map_files, write_shakemap_grid
from mainshock.shaking.map_plot import plot_map
from mainshock.shaking.shaking_map import MapSettings, ShakingSource, map_shaking

sys.path.insert(0, str(Path(__file__).parent))
from point_source_model import small_model

MADE = datetime(2026, 5, 27, 12, 0, 0, tzinfo=UTC)
TIME = datetime(2026, 5, 27, 11, 58, 3, tzinfo=UTC)
EVENT = ShakingSource("a & b", 4.5, 10.1, 50.05, 9.0, 0.2, "Mw", TIME)
SITES = box_sites((9.4, 10.9, 49.5, 50.5), 16, 11)
XML = "{http://earthquake.usgs.gov/eqcenter/shakemap}"


@pytest.fixture(scope="module")
def field():
    return map_shaking(small_model(), EVENT, SITES, MapSettings(n_realisations=3))


@pytest.fixture(scope="module")
def paths(field, tmp_path_factory):
    return write_map_files(tmp_path_factory.mktemp("map"), field, MADE)


def test_netcdf_holds_all_parts_and_labels(field, paths):
    with netcdf_file(paths["netcdf"], "r", mmap=False) as file:
        assert file.Conventions == b"CF-1.8"
        assert file.model == b"point-source"
        assert file.trained_on == b"synthetic records"
        assert NOT_FOR_DESIGN.encode() in file.comment
        assert file.extrapolated_share == pytest.approx(field.extrapolated_share, abs=1e-4)
        longitude, latitude = field.axes()
        np.testing.assert_allclose(file.variables["longitude"][:], longitude)
        np.testing.assert_allclose(file.variables["latitude"][:], latitude)
        for i, measure in enumerate(field.measures):
            for part in ("mean", "sd", "sd_epistemic"):
                variable = file.variables[f"{measure}_{part}"]
                assert variable.dimensions == ("latitude", "longitude")
                values = getattr(field, part)[:, i].reshape(field.shape)
                np.testing.assert_allclose(variable[:], values, rtol=1e-6)
        mask = file.variables["is_extrapolated"][:].astype(bool).ravel()
        np.testing.assert_array_equal(mask, field.is_extrapolated)
        assert file.variables["ln_pga_realisations"].shape == (3, 11, 16)
        assert file.variables["ln_pgv_mean"].units == b"ln(m/s)"


def test_a_geotiff_lies_where_it_should_and_names_its_bands(field, paths):
    with tifffile.TiffFile(paths["geotiff_ln_pga"]) as file:
        bands = file.asarray()
        page = file.pages[0]
        scale, corner = page.tags[33550].value, page.tags[33922].value
        keys = page.geotiff_tags
        told, about = page.tags[42112].value, page.tags[270].value
    assert bands.shape == (4, 11, 16)
    assert scale == pytest.approx((0.1, 0.1, 0.0))
    assert corner == pytest.approx((0.0, 0.0, 0.0, 9.4, 50.5, 0.0))
    assert int(keys["GeographicTypeGeoKey"]) == 4326
    assert int(keys["GTModelTypeGeoKey"]) == 2
    assert int(keys["GTRasterTypeGeoKey"]) == 2  # values at points
    row, column = 3, 7  # from the north west
    site = (10 - row) * 16 + column
    assert SITES.latitude[site] == pytest.approx(corner[4] - row * scale[1])
    assert SITES.longitude[site] == pytest.approx(corner[3] + column * scale[0])
    values = [field.mean[site, 0], field.sd[site, 0], field.sd_epistemic[site, 0]]
    assert bands[:3, row, column] == pytest.approx(values, rel=1e-6)
    np.testing.assert_array_equal(bands[3, ::-1].ravel().astype(bool), field.is_extrapolated)
    items = ET.fromstring(told).findall("Item")
    described = {one.get("sample"): one.text for one in items if one.get("role") == "description"}
    assert described == {"0": "mean", "1": "sd", "2": "sd_epistemic", "3": "is_extrapolated"}
    assert {one.get("name"): one.text for one in items}["event_id"] == "a & b"
    assert NOT_FOR_DESIGN in about


def test_grid_xml_has_the_fields_and_units_of_shakemap(field, paths):
    root = ET.parse(paths["shakemap"]).getroot()
    assert root.tag == f"{XML}shakemap_grid"
    assert root.get("shakemap_event_type") == "ACTUAL"
    assert root.get("process_timestamp") == "2026-05-27T12:00:00Z"
    event = root.find(f"{XML}event")
    assert event.get("event_id") == "a & b"
    assert event.get("event_timestamp") == "2026-05-27T11:58:03Z"
    assert NOT_FOR_DESIGN in event.get("event_description")
    grid = root.find(f"{XML}grid_specification")
    assert (grid.get("nlon"), grid.get("nlat")) == ("16", "11")
    assert float(grid.get("lat_max")) == 50.5
    fields = root.findall(f"{XML}grid_field")
    assert [one.get("index") for one in fields] == [str(i) for i in range(1, len(fields) + 1)]
    units = {one.get("name"): one.get("units") for one in fields}
    assert units == {
        "LON": "dd",
        "LAT": "dd",
        "PGA": "pctg",
        "PGV": "cms",
        "PSA03": "pctg",
        "PSA10": "pctg",
        "STDPGA": "ln(pctg)",
        "STDPGV": "ln(cms)",
        "STDPSA03": "ln(pctg)",
        "STDPSA10": "ln(pctg)",
    }
    rows = np.array(
        [line.split() for line in root.find(f"{XML}grid_data").text.split("\n") if line]
    )
    table = pd.DataFrame(rows.astype(float), columns=list(units))
    assert len(table) == 16 * 11
    assert table["LAT"].iloc[0] == 50.5  # from the north, longitude first
    assert table["LON"].iloc[:16].is_monotonic_increasing
    site = int(
        np.flatnonzero(np.isclose(SITES.longitude, 9.7) & np.isclose(SITES.latitude, 50.2))[0]
    )
    found = table[np.isclose(table["LON"], 9.7) & np.isclose(table["LAT"], 50.2)].iloc[0]
    assert found["PGA"] == pytest.approx(100.0 * np.exp(field.mean[site, 0]) / 9.80665, rel=1e-4)
    assert found["PGV"] == pytest.approx(100.0 * np.exp(field.mean[site, 1]), rel=1e-4)
    assert found["STDPSA03"] == pytest.approx(field.sd[site, 2], rel=1e-4)


def test_a_map_of_amplitudes_alone_has_no_grid_xml(tmp_path):
    amplitudes = map_shaking(small_model(), EVENT, SITES, MapSettings(("ln_fas_5hz",)))
    assert "shakemap" not in write_map_files(tmp_path, amplitudes)
    with pytest.raises(DataError, match="PGA"):
        write_shakemap_grid(tmp_path / "grid.xml", amplitudes)


def test_contours_lie_where_the_median_has_their_value(field):
    document = contours_to_geojson(field)
    assert document["cautions"] == field.cautions()
    lines = [one for one in document["features"] if one["properties"]["kind"] == "contour"]
    assert {one["properties"]["measure"] for one in lines} == set(field.measures)
    pga = [one for one in lines if one["properties"]["measure"] == "ln_pga"]
    assert len(pga) >= 3
    medians = np.exp(field.mean[:, 0])
    for one in pga:
        assert shape(one["geometry"]).is_valid
        for line in one["geometry"]["coordinates"]:
            if line[0] != line[-1]:
                continue
            inside = [Polygon(line).contains(Point(place)) for place in _places()]
            assert medians[inside].min() >= one["properties"]["value"]
    edges = [one for one in document["features"] if one["properties"]["kind"] != "contour"]
    assert [one["properties"]["kind"] for one in edges] == ["extrapolation_edge"]


def _places():
    return zip(SITES.longitude, SITES.latitude, strict=True)


def test_levels_are_round_few_and_between():
    assert contour_levels(0.013, 0.3) == [0.02, 0.05, 0.1, 0.2]
    assert contour_levels(1e-6, 1.0) == [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
    assert len(contour_levels(1.0, 1.05)) >= 3
    assert contour_levels(1.0, 1.0) == []


def test_the_summary_names_its_files_and_its_worth(field, paths):
    told = json.loads(paths["summary"].read_text())
    assert told["cautions"] == field.cautions()
    assert told["model"] == "point-source"
    assert told["n_source_draws"] == 32
    assert (paths["summary"].parent / told["files"]["netcdf"]).is_file()
    highest = told["measures"]["ln_pga"]["highest_median"]
    assert highest == pytest.approx(np.exp(field.mean[:, 0].max()))


def test_sites_that_are_no_grid_give_a_table(tmp_path):
    nan = np.full(2, np.nan)
    sites = MapSites(np.array([10.0, 10.2]), np.array([50.0, 50.1]), None, nan, ("A", "B"))
    scattered = map_shaking(small_model(), EVENT, sites)
    paths = write_map_files(tmp_path, scattered)
    assert set(paths) == {"netcdf", "table", "summary"}
    table = pd.read_csv(paths["table"])
    assert table["station"].tolist() == ["A", "B"]
    assert table["ln_pga"].to_numpy() == pytest.approx(scattered.mean[:, 0])
    assert NOT_FOR_DESIGN in table["caution"].iloc[0]
    with pytest.raises(DataError, match="no grid"):
        contours_to_geojson(scattered)
    assert len(plot_map(scattered).axes) >= 3


def test_a_figure_shows_median_and_spreads_with_their_caution(field, tmp_path):
    figure = plot_map(field, [Station("XX", "AAA", 10.0, 50.0)], ["ln_pga", "ln_pgv"])
    figure.savefig(tmp_path / "map.png", dpi=60)
    assert (tmp_path / "map.png").stat().st_size > 10_000
    told = figure.get_supxlabel().replace("\n", " ")
    assert NOT_FOR_DESIGN in told
    assert "synthetic" in told
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert "PGA (m/s^2)" in labels
    assert labels.count("epistemic sd (ln)") == 2
