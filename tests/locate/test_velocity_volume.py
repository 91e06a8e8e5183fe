"""Volumes: station tables, files, the store, and places where grids go wrong."""

import numpy as np
import pytest

from mainshock.core.errors import DataError, GeometryError, SourceError
from mainshock.core.geo import LocalFrame
from mainshock.core.records import Station
from mainshock.locate.velocity.gradient import GradientVelocity
from mainshock.locate.velocity.station_tables import TableStore, cache_folder
from mainshock.locate.velocity.volume import (
    VolumeVelocity,
    read_volume,
    sample_volume,
    write_volume,
)

FRAME = LocalFrame(13.0, 46.0)
EXACT = GradientVelocity(5.0, 0.05, 2.9, 0.03)
FIRST, LAST = (-20.0, -15.0, -3.0), (20.0, 15.0, 14.0)


def gradient(east, north, depth):
    return 5.0 + 0.05 * depth, 2.9 + 0.03 * depth


def station_at(east, north, elevation_m=0.0):
    longitude, latitude = FRAME.to_geographic(east, north)
    return Station("XX", "A", float(longitude), float(latitude), elevation_m)


@pytest.fixture(autouse=True)
def _tables_in_a_new_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("MAINSHOCK_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def volume():
    return sample_volume(gradient, FRAME, FIRST, LAST, (1.0, 1.0, 1.0))


@pytest.fixture
def random_places(rng):
    low, high = np.array(FIRST) + 0.01, np.array(LAST) - 0.01
    return rng.uniform(low, high, size=(300, 3)).T


# within the grid, off the nodes; on two edges; below the surface in a borehole; on the top
PLACES = [(0.3, -2.7, 800.0), (-20.0, 15.0, 0.0), (5.5, 0.0, -4300.0), (19.9, -15.0, 3000.0)]


@pytest.mark.parametrize("phase", ["P", "S"])
@pytest.mark.parametrize("place", PLACES)
def test_gradient_has_its_closed_times(volume, random_places, place, phase):
    east, north, depth = random_places
    station = station_at(*place)
    longitude, latitude = FRAME.to_geographic(east, north)
    found = volume.station_travel_time_s(phase, station, longitude, latitude, depth)
    distance = np.hypot(east - place[0], north - place[1])
    expected = EXACT.travel_time_s(phase, distance, depth, station.depth_km)
    error = np.abs(found - expected)
    assert np.percentile(error, 95) < 1e-3
    assert error.max() < 5e-3


@pytest.mark.parametrize("place", PLACES)
def test_source_at_the_station_takes_no_time_and_none_is_negative(volume, place):
    station = station_at(*place)
    here = volume.station_travel_time_s(
        "P", station, station.longitude, station.latitude, station.depth_km
    )
    assert 0.0 <= here < 1e-6
    east, north = np.meshgrid(place[0] + np.linspace(-2, 2, 21), place[1] + np.linspace(-2, 2, 21))
    longitude, latitude = FRAME.to_geographic(east, north)
    times = volume.station_travel_time_s("S", station, longitude, latitude, station.depth_km)
    assert np.nanmin(times) >= 0.0


def test_station_above_the_top_is_reached_through_the_top_velocity(random_places):
    flat = sample_volume(
        lambda e, n, z: (6.0 + 0 * z, 3.5 + 0 * z), FRAME, FIRST, LAST, (1.0, 1.0, 1.0)
    )
    station = station_at(3.3, 1.0, 4300.0)
    east, north, depth = random_places
    found = flat.station_travel_time_s("P", station, *FRAME.to_geographic(east, north), depth)
    length = np.sqrt((east - 3.3) ** 2 + (north - 1.0) ** 2 + (depth + 4.3) ** 2)
    np.testing.assert_allclose(found, length / 6.0, atol=1e-5)


def test_rays_may_dip_below_the_grid_where_velocity_grows():
    shallow = sample_volume(gradient, FRAME, (-60, -5, 0), (60, 5, 8), (1.0, 1.0, 1.0))
    longitude, latitude = FRAME.to_geographic(59.0, 0.0)
    found = shallow.station_travel_time_s("P", station_at(-59.0, 0.0), longitude, latitude, 5.0)
    # this ray turns at 18 km
    assert found == pytest.approx(float(EXACT.travel_time_s("P", 118.0, 5.0, 0.0)), abs=5e-3)


def test_top_above_sea_level_shifts_no_index():
    def steps(east, north, depth):
        vp = np.where(depth < 4.5, 4.0, 8.0)
        return vp, vp / 1.8

    volume = sample_volume(steps, FRAME, (-5, -5, -3), (5, 5, 12), (1.0, 1.0, 1.0))
    assert volume.vp_km_s[0, 0, 7] == 4.0  # node 7 is at 4 km
    assert volume.vp_km_s[0, 0, 8] == 8.0
    station = station_at(0.0, 0.0, 3000.0)
    times = volume.station_travel_time_s("P", station, 13.0, 46.0, np.array([-3.0, 4.0, 12.0]))
    # the jump itself lies somewhere within its cell
    assert times[1] == pytest.approx(7.0 / 4.0, abs=0.01)
    assert times[2] - times[1] == pytest.approx(8.0 / 8.0, abs=0.5 * (1 / 4 - 1 / 8) + 0.01)


def test_times_are_continuous_across_cells(volume):
    station = station_at(0.3, -2.7, 800.0)
    east = np.arange(-19.0, 19.0, 0.01)
    times = volume.station_travel_time_s("P", station, *FRAME.to_geographic(east, 4.2), 6.1)
    # neither floor nor rounding of the index: the slope never exceeds the slowness
    assert np.abs(np.diff(times)).max() < 0.01 / 4.8
    assert np.abs(np.diff(times, 2)).max() < 1e-5


def test_velocity_varies_with_depth_down_to_the_last_layer():
    volume = sample_volume(gradient, FRAME, FIRST, LAST, (1.0, 1.0, 1.0))
    assert (np.diff(volume.vp_km_s, axis=2) > 0.0).all()
    assert (np.diff(volume.vs_km_s, axis=2) > 0.0).all()
    assert (volume.vs_km_s < volume.vp_km_s).all()
    slow, deep = (volume.travel_time_s("P", 2.0, depth, depth) for depth in (0.0, 14.0))
    assert slow > deep


def test_sideways_structure_is_seen_by_station_times_only():
    def halves(east, north, depth):
        vp = np.where(east < 0.0, 5.0, 7.0)
        return vp, vp / 1.75

    volume = sample_volume(halves, FRAME, (-20, -5, 0), (20, 5, 10), (1.0, 1.0, 1.0))
    station = station_at(0.0, 0.0)
    slow, fast = (
        float(volume.station_travel_time_s("P", station, *FRAME.to_geographic(east, 0.0), 5.0))
        for east in (-15.0, 15.0)
    )
    length = np.hypot(15.0, 5.0)
    assert slow == pytest.approx(length / 5.0, rel=0.03)
    assert fast == pytest.approx(length / 7.0, rel=0.03)
    between = float(volume.travel_time_s("P", 15.0, 5.0, 0.0))
    assert fast < between < slow


def test_outside_is_not_a_number_also_on_the_other_side_of_the_earth(volume):
    station = station_at(0.0, 0.0)
    east, north, depth = [21.0, 0.0, 0.0, 0.0], [0.0, 16.0, 0.0, 0.0], [5.0, 5.0, -3.1, 14.1]
    longitude, latitude = FRAME.to_geographic(east, north)
    assert np.isnan(volume.station_travel_time_s("P", station, longitude, latitude, depth)).all()
    assert np.isnan(volume.station_travel_time_s("P", station, -167.0, -46.0, 5.0))
    edge = FRAME.to_geographic(20.0, 15.0)
    assert np.isfinite(volume.station_travel_time_s("P", station, *edge, 14.0))


def test_station_beside_the_grid_is_refused_and_swapped_ones_are_recognised(volume):
    with pytest.raises(GeometryError, match=r"XX\.A lies 10\.0 km"):
        volume.station_travel_time_s("P", station_at(30.0, 0.0), 13.0, 46.0, 5.0)
    shallow = sample_volume(gradient, FRAME, FIRST, (20.0, 15.0, 11.0), (1.0, 1.0, 1.0))
    with pytest.raises(GeometryError, match="below"):
        shallow.station_travel_time_s("P", station_at(0.0, 0.0, -12_000.0), 13.0, 46.0, 5.0)
    with pytest.raises(GeometryError, match="swapped"):
        volume.station_travel_time_s("P", Station("XX", "A", 46.0, 13.0), 13.0, 46.0, 5.0)
    japan = sample_volume(gradient, LocalFrame(140.0, 36.0), FIRST, LAST, (1.0, 1.0, 1.0))
    with pytest.raises(DataError, match="swapped"):
        japan.station_travel_time_s("P", Station("XX", "A", 140.0, 36.0), 36.0, 140.0, 5.0)


def test_file_returns_the_same_volume(volume, tmp_path):
    path = tmp_path / "region.npz"
    write_volume(path, volume)
    read = read_volume(path)
    assert read.name == "region"
    assert (read.frame, read.first_km, read.spacing_km) == (FRAME, FIRST, (1.0, 1.0, 1.0))
    np.testing.assert_array_equal(read.vp_km_s, volume.vp_km_s)
    np.testing.assert_array_equal(read.vs_km_s, volume.vs_km_s)


def file_content(**changes):
    content = {
        "longitude": 13.0,
        "latitude": 46.0,
        "first_km": (-5.0, -5.0, 0.0),
        "spacing_km": 1.0,
        "vp_km_s": np.full((11, 11, 6), 6.0),
        "vs_km_s": np.full((11, 11, 6), 3.5),
    } | changes
    return {key: value for key, value in content.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vs_km_s": None}, "lacks vs_km_s"),
        ({"longitude": 46.0, "latitude": 138.0}, "swapped"),
        ({"crs": "EPSG:3857"}, "Web Mercator"),
        ({"crs": "EPSG:32633"}, "EPSG:32633"),
        ({"vp_km_s": np.full((11, 11, 6), 6000.0)}, "m/s"),
        ({"vs_km_s": np.full((11, 11, 6), 6.0)}, "as fast as P"),
        ({"vs_km_s": np.full((11, 11, 5), 3.5)}, "shapes"),
        ({"vp_km_s": np.full((11, 11, 6), np.nan)}, "velocities"),
        ({"spacing_km": 0.0}, "spacing"),
        ({"spacing_km": (1.0, 1.0)}, "spacing_km"),
        ({"first_km": (0.0, 0.0)}, "first_km"),
    ],
)
def test_impossible_files_are_refused(tmp_path, changes, message):
    path = tmp_path / "broken.npz"
    np.savez(path, **file_content(**changes))
    with pytest.raises(DataError, match=message):
        read_volume(path)


def test_s_grid_whose_tail_was_filled_with_p_is_refused(tmp_path):
    vs = np.full((11, 11, 6), 3.5)
    vs[:, :, -1] = 6.0
    path = tmp_path / "tail.npz"
    np.savez(path, **file_content(vs_km_s=vs))
    with pytest.raises(DataError, match="as fast as P"):
        read_volume(path)


def test_what_is_no_archive_is_a_source_error(tmp_path):
    path = tmp_path / "text.npz"
    for content in (b"no archive", b"PK\x03\x04 broken", b""):
        path.write_bytes(content)
        with pytest.raises(SourceError, match=r"text\.npz"):
            read_volume(path)
    with pytest.raises(SourceError, match="absent"):
        read_volume(tmp_path / "absent.npz")


def test_tables_are_made_once_and_found_on_disk(volume, tmp_path, monkeypatch):
    path = tmp_path / "region.npz"
    write_volume(path, volume)
    station = station_at(1.0, 1.0)
    first = read_volume(path).station_table("P", station)
    (kept,) = (cache_folder() / "travel-times").iterdir()

    def never(*arguments):
        pytest.fail("the table was made again")

    monkeypatch.setattr(VolumeVelocity, "_solve", never)
    again = read_volume(path)
    table = again.station_table("P", station)
    assert again.station_table("P", station) is table
    np.testing.assert_array_equal(table.factor, first.factor)
    np.testing.assert_array_equal(
        table.time_s(*np.full((3, 5), 3.3)), first.time_s(*np.full((3, 5), 3.3))
    )
    assert kept.suffix == ".npz"


def test_another_model_station_or_phase_has_another_table(volume, tmp_path):
    folder = tmp_path / "tables"
    speeds = {"vp_km_s": volume.vp_km_s, "vs_km_s": volume.vs_km_s}
    changed = volume.vp_km_s.copy()
    changed[3, 3, 3] += 0.1
    for arrays in (speeds, speeds | {"vp_km_s": changed}):
        model = VolumeVelocity(FRAME, FIRST, (1.0, 1.0, 1.0), **arrays, store=TableStore(folder))
        for station in (station_at(0.0, 0.0), station_at(0.0, 0.0, 1.0)):
            for phase in "PS":
                model.station_table(phase, station)
    assert len(list(folder.iterdir())) == 8


def test_damaged_table_is_made_again(volume, tmp_path, caplog):
    folder = tmp_path / "tables"
    station = station_at(1.0, 1.0)

    def model():
        return VolumeVelocity(
            FRAME, FIRST, (1.0, 1.0, 1.0), volume.vp_km_s, volume.vs_km_s, store=TableStore(folder)
        )

    expected = model().station_table("P", station)
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:5000])
    found = model().station_table("P", station)
    np.testing.assert_array_equal(found.factor, expected.factor)
    assert "damaged" in caplog.text
    caplog.clear()
    model().station_table("P", station)
    assert "damaged" not in caplog.text


def test_folder_that_cannot_be_written_costs_no_result(volume, tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    model = VolumeVelocity(
        FRAME, FIRST, (1.0, 1.0, 1.0), volume.vp_km_s, volume.vs_km_s,
        store=TableStore(tmp_path / "file" / "tables"),
    )  # fmt: skip
    assert np.isfinite(model.station_table("P", station_at(0.0, 0.0)).factor).all()
    assert "not kept" in caplog.text


def test_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("MAINSHOCK_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "mainshock"


def test_volume_keeps_its_own_velocities():
    vp = np.full((4, 4, 4), 6.0, dtype=np.float32)
    volume = VolumeVelocity(FRAME, (0, 0, 0), (1, 1, 1), vp, vp / 2)
    vp[:] = 1.0
    assert (volume.vp_km_s == 6.0).all()
    with pytest.raises(ValueError, match="read-only"):
        volume.vp_km_s[0] = 1.0
