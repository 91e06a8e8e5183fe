"""Grids of NonLinLoc: bytes as the format says, projections by formula, and times from folders."""

import struct

import numpy as np
import pytest

from mainshock.core.errors import DataError, GeometryError, SettingsError, SourceError
from mainshock.core.geo import LocalFrame
from mainshock.core.records import Station
from mainshock.locate.velocity.constant import ConstantVelocity
from mainshock.locate.velocity.gradient import GradientVelocity
from mainshock.locate.velocity.nonlinloc import (
    NonLinLocTimes,
    nonlinloc_from_text,
    write_station_grids,
)
from mainshock.locate.velocity.nonlinloc_grids import (
    NonLinLocGrid,
    NonLinLocProjection,
    grid_velocity_km_s,
    read_grid,
    write_grid,
)
from mainshock.locate.velocity.volume import sample_volume

SIMPLE = "TRANSFORM  SIMPLE LatOrig 46.000000  LongOrig 13.000000  RotCW 0.000000"
FRAME = LocalFrame(13.0, 46.0)


def write_by_hand(path, shape, first, step, kind, value, station="", transform=SIMPLE):
    """Write header and buffer with loops and ``struct`` alone: x slowest, z fastest."""
    lines = [f"{shape[0]} {shape[1]} {shape[2]}  {first[0]} {first[1]} {first[2]}"]
    lines[0] += f"  {step[0]} {step[1]} {step[2]} {kind} FLOAT"
    lines += [station] if station else []
    path.with_name(path.name + ".hdr").write_text("\n".join([*lines, transform]) + "\n\n")
    content = b""
    for i in range(shape[0]):
        for j in range(shape[1]):
            for k in range(shape[2]):
                place = (first[0] + i * step[0], first[1] + j * step[1], first[2] + k * step[2])
                content += struct.pack("=f", value(*place))
    path.with_name(path.name + ".buf").write_bytes(content)


def straight(speed, x, y, z):
    return lambda a, b, c: float(np.sqrt((a - x) ** 2 + (b - y) ** 2 + (c - z) ** 2) / speed)


@pytest.fixture
def folder_3d(tmp_path):
    for phase, speed in (("P", 6.0), ("S", 3.5)):
        write_by_hand(
            tmp_path / f"layer.{phase}.UH1.time", (21, 17, 14), (-10, -8, -3), (1, 1, 1), "TIME",
            straight(speed, 1.5, -2.0, -0.4), "UH1 1.500000 -2.000000 -0.400000",
        )  # fmt: skip
    return tmp_path


@pytest.fixture
def folder_2d(tmp_path):
    for phase, speed in (("P", 6.0), ("S", 3.5)):
        write_by_hand(
            tmp_path / f"layer.{phase}.UH1.time", (1, 41, 14), (0, 0, -3), (1, 1, 1), "TIME2D",
            straight(speed, 0.0, 0.0, -0.4), "UH1 1.500000 -2.000000 -0.400000",
        )  # fmt: skip
    return tmp_path


def place_in_simple(x, y):
    """The inverse of NonLinLoc's SIMPLE, written out."""
    latitude = 46.0 + y * 90.0 / 10_000.0
    return 13.0 + x * 90.0 / 10_000.0 / np.cos(np.radians(latitude)), latitude


@pytest.fixture
def station():
    longitude, latitude = place_in_simple(1.5, -2.0)
    return Station("BW", "UH1", float(longitude), float(latitude), 400.0)


def test_bytes_of_the_format_are_read_in_their_order(tmp_path):
    write_by_hand(
        tmp_path / "a.P.mod", (3, 4, 5), (-1, -2, -3), (2, 2, 2), "SLOW_LEN",
        lambda x, y, z: x * 100 + y * 10 + z,
    )  # fmt: skip
    for name in ("a.P.mod", "a.P.mod.hdr", "a.P.mod.buf"):
        grid = read_grid(tmp_path / name)
        assert grid.values.shape == (3, 4, 5)
        assert grid.values[0, 0, 0] == -123.0
        assert grid.values[2, 1, 4] == 305.0
        assert grid.first_km == (-1.0, -2.0, -3.0)
        assert grid.kind == "SLOW_LEN"
        assert grid.projection == NonLinLocProjection("SIMPLE", 13.0, 46.0)


def test_double_precision_and_headers_without_a_type_are_read(tmp_path):
    values = np.arange(8.0)
    (tmp_path / "d.hdr").write_text("2 2 2 0 0 0 1 1 1 VELOCITY DOUBLE\nTRANSFORM  NONE\n")
    (tmp_path / "d.buf").write_bytes(values.tobytes())
    (tmp_path / "f.hdr").write_text("2 2 2 0 0 0 1 1 1 VELOCITY\n")
    (tmp_path / "f.buf").write_bytes(values.astype(np.float32).tobytes())
    for name in "df":
        grid = read_grid(tmp_path / name)
        np.testing.assert_array_equal(grid.values.ravel(), values)
        assert grid.projection is None


@pytest.mark.parametrize(
    "projection",
    [
        NonLinLocProjection("SIMPLE", 13.0, 46.0, 30.0),
        NonLinLocProjection("TRANS_MERC", -117.5, 35.7),
        NonLinLocProjection("AZIMUTHAL_EQUIDIST", 170.0, -41.0, 0.0, "GRS-80"),
        None,
    ],
)
def test_what_is_written_is_read_again(tmp_path, rng, projection):
    values = rng.uniform(0, 9, (3, 4, 5)).astype(np.float32)
    grid = NonLinLocGrid(
        values, (-1.5, 2.25, -3.0), (0.5, 0.25, 1.0), "TIME", projection, ("A.B", 0.5, 3.0, -0.125)
    )
    write_grid(tmp_path / "x.P.A.B.time", grid)
    read = read_grid(tmp_path / "x.P.A.B.time")
    np.testing.assert_array_equal(read.values, values)
    assert (read.first_km, read.spacing_km) == (grid.first_km, grid.spacing_km)
    assert (read.kind, read.projection, read.station) == (grid.kind, projection, grid.station)


def test_header_written_is_what_the_format_asks_for(tmp_path):
    grid = NonLinLocGrid(
        np.ones((2, 3, 4)), (0, 0, -1), (1, 1, 1), "TIME", FRAME, ("UH1", 0.5, 0.25, -0.4)
    )
    write_grid(tmp_path / "t", grid)
    first, second, third = (tmp_path / "t.hdr").read_text().splitlines()
    assert first.split()[:3] == ["2", "3", "4"]
    assert [float(word) for word in first.split()[3:9]] == [0, 0, -1, 1, 1, 1]
    assert first.split()[9:] == ["TIME", "FLOAT"]
    assert second == "UH1 0.500000 0.250000 -0.400000"
    assert third.split()[:4] == ["TRANSFORM", "TRANS_MERC", "RefEllipsoid", "WGS-84"]
    assert third.split()[4::2] == ["LatOrig", "LongOrig", "RotCW"]
    assert len((tmp_path / "t.buf").read_bytes()) == 4 * 24


def test_simple_projection_follows_its_formula():
    x, y = NonLinLocProjection("SIMPLE", 13.0, 46.0).to_local(13.5, 46.4)
    assert x == pytest.approx(0.5 * 10_000 / 90 * np.cos(np.radians(46.4)))
    assert y == pytest.approx(0.4 * 10_000 / 90)
    # north is 90 degrees clockwise from the y axis: along x
    turned = NonLinLocProjection("SIMPLE", 13.0, 46.0, 90.0).to_local(13.5, 46.4)
    assert turned[0] == pytest.approx(float(y))
    assert turned[1] == pytest.approx(-float(x))


@pytest.mark.parametrize(
    ("kind", "proj"),
    [
        ("TRANS_MERC", "+proj=tmerc +ellps=WGS84 +units=km"),
        ("AZIMUTHAL_EQUIDIST", "+proj=aeqd +R=6378137 +units=km"),
    ],
)
def test_other_projections_agree_with_proj(kind, proj, rng):
    pyproj = pytest.importorskip("pyproj")
    longitude, latitude = rng.uniform(11, 15, 50), rng.uniform(44, 48, 50)
    expected = pyproj.Proj(f"{proj} +lon_0=13 +lat_0=46")(longitude, latitude)
    found = NonLinLocProjection(kind, 13.0, 46.0).to_local(longitude, latitude)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_azimuthal_projection_is_level_at_its_origin():
    x, y = NonLinLocProjection("AZIMUTHAL_EQUIDIST", 13.0, 46.0).to_local([13.0, 13.0], [46, 46.1])
    np.testing.assert_allclose(x, 0.0, atol=1e-12)
    np.testing.assert_allclose(y, [0.0, 6378.137 * np.radians(0.1)], atol=1e-9)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("2 2 2 0 0 0 1 1 1 TIME FLOAT\nTRANSFORM LAMBERT RefEllipsoid WGS-84", "LAMBERT"),
        ("2 2 2 0 0 0 1 1 1 TIME FLOAT\nTRANSFORM SIMPLE LatOrig 140 LongOrig 36 RotCW 0", "swap"),
        ("2 2 2 0 0 0 1 1 1 TIME FLOAT\nTRANSFORM SIMPLE LatOrig 46", "not one of NonLinLoc"),
        ("2 2 3 0 0 0 1 1 1 TIME FLOAT", "bytes"),
        ("2 2 2 0 0 0 1 1 0 TIME FLOAT", "km apart"),
        ("2 2 two 0 0 0 1 1 1 TIME FLOAT", "not one of NonLinLoc"),
        ("2 2 2 0 0", "not one of NonLinLoc"),
        ("", "not one of NonLinLoc"),
    ],
)
def test_impossible_headers_are_refused(tmp_path, header, message):
    (tmp_path / "x.hdr").write_text(header + "\n")
    (tmp_path / "x.buf").write_bytes(bytes(32))
    with pytest.raises(DataError, match=message):
        read_grid(tmp_path / "x")


def test_absent_files_are_a_source_error(tmp_path):
    with pytest.raises(SourceError, match="absent"):
        read_grid(tmp_path / "absent")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("SLOW_LEN", 0.5 / 6.0),
        ("SLOWNESS", 1 / 6.0),
        ("SLOW2", 1 / 36.0),
        ("VELOCITY", 6.0),
        ("VELOCITY_METERS", 6000.0),
    ],
)
def test_velocities_of_each_kind_of_model_grid(kind, value):
    grid = NonLinLocGrid(np.full((2, 2, 2), value), (0, 0, 0), (0.5, 0.5, 0.5), kind)
    np.testing.assert_allclose(grid_velocity_km_s(grid), 6.0)


def test_a_grid_of_times_holds_no_velocities():
    with pytest.raises(DataError, match="TIME"):
        grid_velocity_km_s(NonLinLocGrid(np.ones((2, 2, 2)), (0, 0, 0), (1, 1, 1), "TIME"))


@pytest.mark.parametrize("kind", ["folder_3d", "folder_2d"])
def test_times_between_nodes_follow_the_formula(request, kind, station, rng):
    model = nonlinloc_from_text(str(request.getfixturevalue(kind) / "layer"))
    assert model.name == "nonlinloc:layer"
    x, y, z = rng.uniform((-9.9, -7.9, -2.9), (9.9, 7.9, 9.9), size=(200, 3)).T
    for phase, speed in (("P", 6.0), ("S", 3.5)):
        found = model.station_travel_time_s(phase, station, *place_in_simple(x, y), z)
        length = np.sqrt((x - 1.5) ** 2 + (y + 2.0) ** 2 + (z + 0.4) ** 2)
        np.testing.assert_allclose(found, length / speed, atol=1e-5)
    here = (station.longitude, station.latitude, station.depth_km)
    assert 0.0 <= model.station_travel_time_s("P", station, *here) < 1e-4
    assert np.isnan(model.station_travel_time_s("P", station, *place_in_simple(90.0, 0.0), 5.0))


@pytest.mark.parametrize("kind", ["folder_3d", "folder_2d"])
def test_times_by_distance_come_from_the_layers_that_vertical_rays_show(request, kind, rng):
    model = NonLinLocTimes(request.getfixturevalue(kind), "layer")
    paths = rng.uniform(0, 50, 40), rng.uniform(-2, 30, 40), rng.uniform(-2, 3, 40)
    np.testing.assert_allclose(
        model.travel_time_s("S", *paths),
        ConstantVelocity(6.0, 3.5).travel_time_s("S", *paths),
        rtol=1e-4,
    )


def test_stations_without_a_grid_or_at_another_place_are_refused(folder_3d, station):
    model = NonLinLocTimes(folder_3d, "layer")
    with pytest.raises(SourceError, match="there are UH1"):
        model.station_travel_time_s("P", Station("BW", "UH2", 13.0, 46.0), 13.0, 46.0, 5.0)
    for other in (
        Station("BW", "UH1", 13.1, 46.0, 400.0),
        Station("BW", "UH1", station.latitude, station.longitude, 400.0),
        Station("BW", "UH1", station.longitude, station.latitude, 2400.0),
    ):
        with pytest.raises(GeometryError, match="made for a station"):
            model.station_travel_time_s("P", other, 13.0, 46.0, 5.0)


def test_missing_folders_prefixes_and_projections_are_told(tmp_path, folder_3d, station):
    for text in ("", str(folder_3d)):
        with pytest.raises(SettingsError, match="FOLDER/PREFIX"):
            nonlinloc_from_text(text)
    for text in (f"{folder_3d}/other", f"{tmp_path}/none/layer"):
        with pytest.raises(SourceError, match="PREFIX"):
            nonlinloc_from_text(text)
    for header in folder_3d.glob("*.hdr"):
        header.write_text(header.read_text().replace(SIMPLE, "TRANSFORM  NONE"))
    with pytest.raises(DataError, match="TRANSFORM NONE"):
        NonLinLocTimes(folder_3d, "layer").station_travel_time_s("P", station, 13.0, 46.0, 5.0)


def test_times_that_are_none_are_refused(tmp_path, station):
    write_by_hand(
        tmp_path / "layer.P.UH1.time", (3, 3, 3), (0, -4, -1), (1, 1, 1), "TIME",
        lambda x, y, z: -1.0, "UH1 1.5 -2.0 -0.4",
    )  # fmt: skip
    with pytest.raises(DataError, match="times from 0"):
        NonLinLocTimes(tmp_path, "layer").station_travel_time_s("P", station, 13.0, 46.0, 0.0)


def test_station_tables_written_are_read_with_the_same_times(tmp_path, rng):
    volume = sample_volume(
        lambda e, n, z: (5 + 0.05 * z + 0.01 * e, 2.9 + 0.03 * z),
        FRAME, (-15, -15, -2), (15, 15, 12), (1.0, 1.0, 1.0),
    )  # fmt: skip
    longitude, latitude = FRAME.to_geographic(3.3, -4.6)
    station = Station("XX", "ABC", float(longitude), float(latitude), 700.0)
    write_station_grids(volume, station, tmp_path / "grids", "mine")
    model = nonlinloc_from_text(f"{tmp_path}/grids/mine")
    east, north, depth = rng.uniform((-15, -15, -2), (15, 15, 12), size=(200, 3)).T
    places = (*FRAME.to_geographic(east, north), depth)
    for phase in "PS":
        found = model.station_travel_time_s(phase, station, *places)
        expected = volume.station_travel_time_s(phase, station, *places)
        # T/r bends more between nodes than the factor of a gradient does
        np.testing.assert_allclose(found, expected, atol=3e-4)
    exact = GradientVelocity(5.0, 0.05, 2.9, 0.03).travel_time_s("S", 10.0, 8.0, 0.0)
    assert model.travel_time_s("S", 10.0, 8.0, 0.0) == pytest.approx(float(exact), abs=0.02)
