"""``mainshock offfault ke-pairs`` and ``coseismic`` as a user calls them."""

import json
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from mainshock.cli import offfault_coseismic, offfault_ke_pairs
from mainshock.core.errors import DataError, MainshockError

app = typer.Typer()
app.command("ke-pairs")(offfault_ke_pairs.ke_pairs)
app.command("coseismic")(offfault_coseismic.coseismic)


def _run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_pairs_from_points(tmp_path: Path) -> None:
    rows = [
        ("A", 0.01 * step, 0.0, slip, kind)
        for step in range(40)
        for slip, kind in ((1.0, "field"), (2.0, "profile (OIC)"))
    ]
    names = ["eq_name", "longitude_degrees", "latitude_degrees", "net_m", "fps_meas_type"]
    pd.DataFrame(rows, columns=names).to_csv(tmp_path / "points.csv", index=False)
    out = tmp_path / "new" / "folder"
    found = json.loads(
        _run("ke-pairs", "--points", tmp_path / "points.csv", "--window-km", 20, "--out", out,
             "--json")
    )  # fmt: skip
    (event,) = found["events"]
    assert (event["n_pairs"], event["ratio_of_means"], event["median"]) == (40, 0.5, 0.5)
    assert [one["n_pairs"] for one in event["windows"]] == [18, 18]
    assert len(pd.read_csv(out / "pairs.csv")) == 40
    again = json.loads(_run("ke-pairs", "--pairs", out / "pairs.csv", "--json"))
    assert again["events"][0]["ratio_of_means"] == 0.5
    assert "A: 0.500" in _run("ke-pairs", "--pairs", out / "pairs.csv")


def test_pairs_without_a_place_give_events_only(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("event,on_fault,total\nA,1,2\nA,2,4\n")
    found = json.loads(_run("ke-pairs", "--pairs", path, "--json"))
    assert found["events"][0]["ratio_of_means"] == 0.5
    assert found["events"][0]["windows"] == []


@pytest.mark.parametrize("place", ["s_km", "lon,lat"])
def test_a_pair_without_a_place_counts_for_its_event_alone(tmp_path: Path, place: str) -> None:
    values = (
        [str(k) for k in range(20)] if place == "s_km" else [f"{0.01 * k},0" for k in range(20)]
    )
    rows = [f"A,1,2,{one}" for one in values] + ["A,1,2," + "," * place.count(",")]
    path = tmp_path / "pairs.csv"
    path.write_text("\n".join([f"event,on_fault,total,{place}", *rows]))
    found = json.loads(_run("ke-pairs", "--pairs", path, "--window-km", 100, "--json"))
    (event,) = found["events"]
    assert event["n_pairs"] == 21
    assert [one["n_pairs"] for one in event["windows"]] == [20]


def test_tables_may_be_parquet(tmp_path: Path) -> None:
    table = pd.DataFrame({"event": ["A", "A"], "on_fault": [1.0, 2.0], "total": [2.0, 4.0]})
    table.to_parquet(tmp_path / "pairs.PARQUET")
    found = json.loads(_run("ke-pairs", "--pairs", tmp_path / "pairs.PARQUET", "--json"))
    assert found["events"][0]["ratio_of_means"] == 0.5
    (tmp_path / "bad.parquet").write_bytes(b"event,on_fault\n")
    with pytest.raises(DataError, match="no Parquet file"):
        _run("ke-pairs", "--pairs", tmp_path / "bad.parquet")


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("a,b\n1,2\n", "eq_name, s0_km, s1_km"),
        ("eq_name,s0_km,s1_km,ke_ratio_of_means\nA,x,5,0.5\n", "s0_km"),
        ("eq_name,s0_km,s1_km,ke_ratio_of_means\nA,0,5,much\n", "ke_ratio_of_means"),
    ],
)
def test_windows_without_what_is_needed_are_refused(tmp_path: Path, table: str, told: str) -> None:
    (tmp_path / "windows.csv").write_text(table)
    line = {"type": "LineString", "coordinates": [[0.0, 0.0], [1.0, 0.0]]}
    feature = {"type": "Feature", "properties": {"eq_name": "A"}, "geometry": line}
    lines = tmp_path / "lines.geojson"
    lines.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(DataError, match=told):
        _run("coseismic", "--windows", tmp_path / "windows.csv", "--reference-lines", lines)


def test_one_input_is_wanted(tmp_path: Path) -> None:
    for arguments in (["ke-pairs"], ["ke-pairs", "--points", "a.csv", "--pairs", "b.csv"]):
        with pytest.raises(MainshockError, match="either --points"):
            _run(*arguments)
    with pytest.raises(MainshockError, match="cannot read"):
        _run("ke-pairs", "--pairs", tmp_path / "absent.csv")


def test_real_pairs_and_the_test_of_geometry(data_dir: Path, tmp_path: Path) -> None:
    folder = data_dir / "offfault" / "ruptures"
    found = json.loads(_run("ke-pairs", "--pairs", folder / "ke_pairs.csv", "--json"))
    ratio = {one["eq_name"]: one["ratio_of_means"] for one in found["events"]}
    assert ratio["Landers"] == pytest.approx(0.473, abs=0.001)
    assert ratio["Balochistan"] == pytest.approx(0.795, abs=0.001)
    apart = tmp_path / "apart.csv"
    apart.write_text("eq_name,s0_km,s1_km\nLanders,10,15\nBalochistan,20,30\n")
    common = (
        "coseismic", "--windows", folder / "ke_windows.csv",
        "--reference-lines", folder / "fdhi_ecs_strikeslip.geojson.gz",
        "--pairs", folder / "ke_pairs.csv", "--predict", apart,
    )  # fmt: skip
    tested = json.loads(_run(*common, "--out", tmp_path / "test", "--json"))
    assert tested["geometry_adds"] is False
    assert tested["n_windows"] == 22
    landers, balochistan = tested["predicted"]
    assert landers["lo90"] < landers["ke"] < balochistan["ke"] < balochistan["hi90"]
    for name in ("predictions.csv", "features.csv", "predictions.png", "report.html"):
        assert (tmp_path / "test" / name).stat().st_size > 0
