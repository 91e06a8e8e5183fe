"""Velocity volumes from tables of points."""

import numpy as np
import pytest

from mainshock.core.errors import DataError, SourceError
from mainshock.core.records import Station
from mainshock.locate.velocity.volume_points import read_points

LEVELS = (-3.0, 0.0, 3.0, 6.0, 12.0)
HEAD = "longitude,latitude,depth_km,vp_km_s,vs_km_s"


def vp_at(longitude, latitude, depth):
    return 5.0 + 0.05 * depth + 0.4 * (longitude - 13.0) + 0.2 * (latitude - 46.0)


@pytest.fixture(autouse=True)
def _tables_in_a_new_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("MAINSHOCK_CACHE", str(tmp_path / "cache"))


def write_table(path, places, head=HEAD):
    rows = [head]
    for depth in LEVELS:
        for longitude, latitude in places:
            vp = vp_at(longitude, latitude, depth)
            rows.append(f"{longitude:.6f},{latitude:.6f},{depth},{vp:.6f},{vp / 1.75:.6f}")
    path.write_text("\n".join(rows) + "\n")
    return path


def regular_places(shift=0.0):
    east, north = np.meshgrid(np.linspace(12.8, 13.2, 9) + shift, np.linspace(45.9, 46.1, 7))
    return np.column_stack([east.ravel(), north.ravel()])


@pytest.mark.parametrize("kind", ["regular", "scattered"])
def test_linear_velocities_are_kept(tmp_path, rng, kind):
    places = regular_places()
    if kind == "scattered":
        inside = rng.uniform((12.8, 45.9), (13.2, 46.1), size=(80, 2))
        corners = np.array([(12.8, 45.9), (13.2, 45.9), (12.8, 46.1), (13.2, 46.1)])
        places = np.vstack([corners, inside])
    volume = read_points(write_table(tmp_path / "tomography.csv", places), spacing_km=1.0)
    assert volume.name == "tomography"
    east, north, depth = (
        first + np.arange(size)
        for first, size in zip(volume.first_km, volume.vp_km_s.shape, strict=True)
    )
    assert depth[0] == -3.0
    assert depth[-1] == 12.0
    columns = np.meshgrid(east[2:-2], north[2:-2], indexing="ij")
    longitude, latitude = (v[..., None] for v in volume.frame.to_geographic(*columns))
    expected = vp_at(longitude, latitude, depth)
    found = volume.vp_km_s[2:-2, 2:-2]
    # degrees are not quite linear in km
    np.testing.assert_allclose(found, expected, atol=2e-3)
    np.testing.assert_allclose(volume.vs_km_s[2:-2, 2:-2], expected / 1.75, atol=2e-3)
    assert (np.diff(volume.vp_km_s, axis=2) > 0.0).all()


def test_volume_gives_times(tmp_path):
    volume = read_points(write_table(tmp_path / "t.csv", regular_places()))
    time = volume.station_travel_time_s("P", Station("", "A", 13.0, 46.0), 13.05, 46.0, 8.0)
    assert time == pytest.approx(np.hypot(3.87, 8.0) / 5.2, rel=0.01)


def test_order_and_further_columns_do_not_matter(tmp_path):
    path = write_table(tmp_path / "a.csv", regular_places())
    rows = [line.split(",") for line in path.read_text().splitlines()]
    other = tmp_path / "b.csv"
    other.write_text("\n".join(",".join([r[4], "x", r[3], r[2], r[1], r[0]]) for r in rows))
    np.testing.assert_array_equal(read_points(path).vp_km_s, read_points(other).vp_km_s)


def test_points_may_lie_on_both_sides_of_the_date_line(tmp_path):
    places = regular_places(shift=167.0)
    places[:, 0] = (places[:, 0] + 180.0) % 360.0 - 180.0
    path = write_table(tmp_path / "fiji.csv", places)
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    table[:, 3], table[:, 4] = 6.0, 3.5
    path.write_text(HEAD + "\n" + "\n".join(",".join(f"{x:.6f}" for x in row) for row in table))
    volume = read_points(path)
    assert abs(volume.frame.longitude) == pytest.approx(180.0, abs=1e-6)
    assert volume.last_km[0] - volume.first_km[0] < 40.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("longitude,latitude,depth_km,vp_km_s\n13,46,0,6\n", "lacks vs_km_s"),
        (HEAD + "\n", "no points"),
        (HEAD + "\n13,46,0,fast,3\n", "no number"),
        (HEAD + "\n13,46,0,6,nan\n", "finite"),
        (HEAD + "\n36,140,0,6,3\n", "swapped"),
        (HEAD + "\n13,46,0,3,6\n", "as fast as P"),
        (HEAD + "\n13,46,0,6,3\n13,46,5,6,3\n", "layers"),
        (HEAD + "".join(f"\n13.{k},46.{k % 3},{k},6,3" for k in range(9)), "levels"),
    ],
)
def test_impossible_tables_are_refused(tmp_path, content, message):
    path = tmp_path / "broken.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_points(path)


def test_absent_table_is_a_source_error(tmp_path):
    with pytest.raises(SourceError, match="absent"):
        read_points(tmp_path / "absent.csv")
