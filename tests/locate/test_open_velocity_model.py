"""Velocity models by text and file."""

import json

import pytest

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.locate.registry import open_velocity_model

ROWS = [
    {"depth_km": 0.0, "vp_km_s": 5.5, "vs_km_s": 3.1},
    {"depth_km": 12.0, "vp_km_s": 6.4, "vs_km_s": 3.7},
]


def test_constant():
    assert open_velocity_model("constant:4.35,2.38").travel_time_s("P", 4.35, 0, 0) == 1.0


def test_named():
    assert open_velocity_model("iasp91").name == "iasp91"


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
