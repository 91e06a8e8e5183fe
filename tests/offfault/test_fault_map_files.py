"""Fault traces from every kind of file, and files that hold none."""

import gzip
import json
import zipfile
from itertools import pairwise

import numpy as np
import pytest
import shapefile
from pyproj import CRS, Transformer

from mainshock.core.errors import DataError, NothingFoundError, SettingsError
from mainshock.core.geo import geodesic_distance_km
from mainshock.offfault.fault_map_files import fault_map_from_geojson, read_fault_map

TRACE = [[10.0, 50.0], [10.1, 50.05], [10.25, 50.1]]


def feature(coordinates, geometry="LineString", **properties):
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": geometry, "coordinates": coordinates},
    }


def collection(*features, **members):
    return {"type": "FeatureCollection", "features": list(features), **members}


def length_m(fault_map):
    return sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in fault_map.lines)


@pytest.fixture
def geojson(tmp_path):
    path = tmp_path / "fault.geojson"
    path.write_text(json.dumps(collection(feature(TRACE, kind="main"))), encoding="utf-8")
    return path


def test_degrees_become_metres_of_the_right_length(geojson):
    found = read_fault_map(geojson)

    expected = sum(float(geodesic_distance_km(*a, *b)) for a, b in pairwise(TRACE))
    assert length_m(found) == pytest.approx(1000.0 * expected, rel=1e-5)
    assert found.to_geographic(found.lines[0]) == pytest.approx(np.array(TRACE), abs=1e-6)


def test_all_kinds_of_files_tell_the_same(geojson, tmp_path):
    plain = read_fault_map(geojson).lines[0]
    packed = tmp_path / "fault.geojson.gz"
    packed.write_bytes(gzip.compress(geojson.read_bytes()))
    text = " ".join(f"{lon},{lat},0" for lon, lat in TRACE)
    kml = (
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><ExtendedData><Data name="kind">'
        "<value>secondary</value></Data></ExtendedData><MultiGeometry><LineString><coordinates>"
        f"{text}</coordinates></LineString></MultiGeometry></Placemark></kml>"
    )
    (tmp_path / "fault.kml").write_text(kml, encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "fault.kmz", "w") as archive:
        archive.writestr("doc.kml", kml)
    with shapefile.Writer(str(tmp_path / "fault.shp")) as writer:
        writer.field("rank", "C")
        writer.line([TRACE])
        writer.record("Distributed")
    for name in ("fault.geojson.gz", "fault.kml", "fault.kmz", "fault.shp"):
        found = read_fault_map(tmp_path / name)
        assert found.lines[0] == pytest.approx(plain, abs=1e-6), name
        assert found.kinds == (("main",) if "geojson" in name else ("secondary",)), name


def test_a_projected_shapefile_is_turned_into_degrees(tmp_path, geojson):
    utm = CRS.from_epsg(32632)
    east, north = Transformer.from_crs("EPSG:4326", utm, always_xy=True).transform(
        *np.array(TRACE).T
    )
    with shapefile.Writer(str(tmp_path / "utm.shp")) as writer:
        writer.field("name", "C")
        writer.line([np.stack([east, north], axis=1).tolist()])
        writer.record("A")
    (tmp_path / "utm.prj").write_text(utm.to_wkt("WKT1_ESRI"), encoding="utf-8")
    found = read_fault_map(tmp_path / "utm.shp")
    assert "utm.prj" in found.crs_note
    assert found.lines[0] == pytest.approx(read_fault_map(geojson).lines[0], abs=0.01)
    with pytest.raises(DataError, match="no longitude or latitude"):
        read_fault_map(tmp_path / "utm.shp", units="lonlat")


def test_parts_and_kinds_are_kept_apart_and_the_rest_is_told():
    found = fault_map_from_geojson(
        collection(
            feature([TRACE, [[10.0, 50.2], [10.2, 50.2]]], "MultiLineString", kind="Secondary"),
            feature([[10.0, 50.3], [10.2, 50.3]]),
            feature([[TRACE[0], TRACE[1], TRACE[2], TRACE[0]]], "Polygon"),
            feature([[10.0, 50.3]]),
            {"type": "Feature", "properties": None, "geometry": None},
        )
    )
    assert found.kinds == ("secondary", "secondary", "main")
    assert len(found.main_lines()) == 1
    assert len(found.of_kinds(["secondary"]).main_lines()) == 2
    assert any("Polygon" in note for note in found.notes)
    assert any("fewer than two" in note for note in found.notes)


@pytest.mark.parametrize(
    ("members", "units", "scale"),
    [
        ({"note": "local frame: x along the panel in km (right), y up in km"}, "auto", 1000.0),
        ({"units": "m"}, "auto", 1.0),
        ({}, "km", 1000.0),
    ],
)
def test_local_frames_have_no_place(members, units, scale):
    found = fault_map_from_geojson(collection(feature([[0, 0], [3, 4]]), **members), units)
    assert found.frame is None
    assert found.to_geographic(found.lines[0]) is None
    assert length_m(found) == pytest.approx(5.0 * scale)


def test_a_fault_across_180_degrees_is_one_line():
    found = fault_map_from_geojson(feature([[179.9, -20.0], [-179.9, -20.0]]))
    assert length_m(found) == pytest.approx(20_920.0, rel=1e-3)


@pytest.mark.parametrize(
    ("document", "error", "told"),
    [
        ([], DataError, "no GeoJSON object"),
        (collection(), NothingFoundError, "no fault trace"),
        (collection(feature([[TRACE[0]] * 4], "Polygon")), NothingFoundError, "Polygon"),
        (feature([[1.0, 2.0], [1.0, 2.0]]), DataError, "two different places"),
        (feature([[1.0, 2.0], [1.0, float("nan")]]), DataError, "no finite number"),
        (feature([[1.0, 2.0], ["a", 2.0]]), DataError, "cannot be read"),
        (feature([[1.0, 2.0], [10**400, 2.0]]), DataError, "cannot be read"),
        (feature([[1.0, 2.0], [3.0]]), DataError, "cannot be read"),
        (feature([[400_000.0, 5e6], [401_000.0, 5e6]]), DataError, "no longitude or latitude"),
        (feature([[0.0, 0.0], [1e-7, 0.0]]), DataError, "check the units"),
    ],
)
def test_what_is_no_fault_map_is_refused(document, error, told):
    with pytest.raises(error, match=told):
        fault_map_from_geojson(document)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.geojson", b"{"),
        ("a.geojson.gz", b"no gzip"),
        ("a.kml", b"<kml>"),
        ("a.kmz", b"no archive"),
        ("a.shp", b"no shapefile"),
        ("a.txt", b""),
    ],
)
def test_damaged_files_name_the_file(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=name):
        read_fault_map(path)
    with pytest.raises(DataError, match="absent"):
        read_fault_map(tmp_path / f"absent{path.suffix}")


def test_entities_of_a_kml_file_are_not_resolved(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("10,50 10.1,50.05", encoding="utf-8")
    path = tmp_path / "evil.kml"
    path.write_text(
        f'<!DOCTYPE kml [<!ENTITY e SYSTEM "{secret.as_uri()}">]><kml><Placemark><LineString>'
        "<coordinates>&e;</coordinates></LineString></Placemark></kml>",
        encoding="utf-8",
    )
    with pytest.raises(DataError):
        read_fault_map(path)


def test_unknown_settings_are_refused(geojson):
    with pytest.raises(SettingsError, match="miles"):
        read_fault_map(geojson, units="miles")
    with pytest.raises(SettingsError, match="tertiary"):
        read_fault_map(geojson, kinds=["tertiary"])
    with pytest.raises(NothingFoundError, match="secondary"):
        read_fault_map(geojson, kinds=["secondary"])


def test_real_ruptures_and_traces_are_read(data_dir):
    folder = data_dir / "offfault"
    landers = read_fault_map(folder / "ruptures" / "Landers_traces.geojson.gz")
    assert length_m(landers.of_kinds(["main"])) / 1000.0 == pytest.approx(102.0, abs=2.0)
    assert length_m(landers.of_kinds(["secondary"])) / 1000.0 == pytest.approx(377.0, abs=4.0)
    calico = read_fault_map(folder / "crust" / "Calico_trace.geojson")
    assert calico.frame is None
    assert np.ptp(np.concatenate(calico.lines), axis=0)[0] == pytest.approx(18_312.5)
