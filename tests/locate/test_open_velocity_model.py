"""Velocity models by text and file."""

import json

import pytest

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.core.geo import LocalFrame
from mainshock.locate.base import VolumeTravelTimes
from mainshock.locate.registry import open_velocity_model
from mainshock.locate.velocity.layered import LayeredVelocity
from mainshock.locate.velocity.radial import RadialEarth
from mainshock.locate.velocity.volume import sample_volume, write_volume

ROWS = [
    {"depth_km": 0.0, "vp_km_s": 5.5, "vs_km_s": 3.1},
    {"depth_km": 12.0, "vp_km_s": 6.4, "vs_km_s": 3.7},
]


def test_constant():
    assert open_velocity_model("constant:4.35,2.38").travel_time_s("P", 4.35, 0, 0) == 1.0


def test_named():
    assert open_velocity_model("iasp91").name == "iasp91"


def test_gradient():
    assert open_velocity_model("gradient:5,0.05,2.9,0.03").name == "gradient:5,0.05,2.9,0.03"


def test_taup_by_name_and_file(tmp_path):
    assert isinstance(open_velocity_model("taup:prem"), RadialEarth)
    path = tmp_path / "two.tvel"
    path.write_text("P\nS\n0 5.8 3.4 2.7\n35 6.5 3.8 2.9\n35 8 4.5 3.3\n6371 13 7 5\n")
    for text in (path, str(path), f"taup:{path}"):
        model = open_velocity_model(text)
        assert model.name == "two"
        assert model.travel_time_s("P", 0.0, 5.0, 0.0) == pytest.approx(5.0 / 5.85, abs=1e-3)


def test_volume_and_points(tmp_path):
    volume = sample_volume(
        lambda e, n, z: (6.0 + 0 * z, 3.5 + 0 * z),
        LocalFrame(13.0, 46.0), (-3, -3, 0), (3, 3, 4), (1.0, 1.0, 1.0),
    )  # fmt: skip
    write_volume(tmp_path / "v.npz", volume)
    points = tmp_path / "p.csv"
    rows = [f"{x},{y},{z},6,3.5" for x in (13, 13.1) for y in (46, 46.1) for z in (0, 5)]
    points.write_text("longitude, latitude, depth_km, vp_km_s, vs_km_s\n" + "\n".join(rows))
    for path in (tmp_path / "v.npz", points):
        assert isinstance(open_velocity_model(path), VolumeTravelTimes)


def test_a_suffix_in_capitals_or_none_is_no_obstacle(tmp_path):
    for name in ("LAYERS.CSV", "layers"):
        path = tmp_path / name
        path.write_text("depth_km,vp_km_s,vs_km_s\n0,5.5,3.1\n")
        assert isinstance(open_velocity_model(path), LayeredVelocity)


@pytest.mark.parametrize("text", ["gradient:5,0.05", "taup:", "taup:nosuch", "nonlinloc:"])
def test_bad_arguments_are_wrong_usage_and_name_their_model(text):
    with pytest.raises(SettingsError, match=text.partition(":")[0]):
        open_velocity_model(text)


def test_csv_and_both_kinds_of_json_agree(tmp_path):
    table = tmp_path / "layers.csv"
    table.write_text("depth_km, vp_km_s, vs_km_s\n0,5.5,3.1\n12,6.4,3.7\n")
    rows, lists = tmp_path / "rows.json", tmp_path / "lists.json"
    rows.write_text(json.dumps(ROWS))
    lists.write_text(json.dumps({key: [row[key] for row in ROWS] for key in ROWS[0]}))
    times = {
        float(open_velocity_model(path).travel_time_s("P", 150.0, 5.0, 0.0))
        for path in (table, str(rows), lists)
    }
    assert len(times) == 1
    assert open_velocity_model(table).name == "layers"


@pytest.mark.parametrize("text", ["nosuch", "", "constant", "constant:6", "constant:a,b"])
def test_bad_text_is_wrong_usage_and_tells_what_is_right(text):
    with pytest.raises(SettingsError, match="constant:"):
        open_velocity_model(text)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "depth_km,vp_km_s\n0,5\n"),
        ("b.csv", "depth_km,vp_km_s,vs_km_s\n"),
        ("c.csv", "depth_km,vp_km_s,vs_km_s\n0,fast,3\n"),
        ("d.csv", "depth_km,vp_km_s,vs_km_s\n0,5,\n"),
        ("e.json", "{"),
        ("f.json", '{"depth_km": [0, 1], "vp_km_s": [5], "vs_km_s": [3]}'),
        ("g.json", "3"),
    ],
)
def test_bad_files_are_data_errors_that_name_them(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(DataError, match=name):
        open_velocity_model(path)


def test_unreadable_file_is_a_source_error(tmp_path):
    path = tmp_path / "binary.csv"
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(SourceError, match=r"binary\.csv"):
        open_velocity_model(path)
