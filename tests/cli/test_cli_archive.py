"""``mainshock archive`` as a user runs it."""

import shutil

import pandas as pd
import pytest

from mainshock.sources.tables import read_picks


@pytest.fixture(scope="module")
def region(data_dir):
    """A region with continuous records, and the list of its stations."""
    return data_dir / "continuous" / "ridgecrest_20190707_0750"


@pytest.mark.slow
def test_picks_and_events_of_an_archive(command, region, tmp_path):
    out = tmp_path / "out"
    result = command(
        *("archive", region, "--out", out, "--executor", "serial", "--json"),
        *("--locate", "--stations", region / "stations.csv"),
    )
    assert result.exit_code == 0, result.stderr
    document = result.document
    assert document["units"]["failed"] == 0
    assert document["units"]["done"] == document["units"]["total"] > 3
    assert document["n_picks"] == len(read_picks(out / "picks.parquet")) > 10
    assert len(document["events"]) == len(pd.read_csv(out / "events" / "events.csv")) > 2
    assert set(document["files"]) == {"events", "quakeml", "regions", "samples", "picks"}
    assert document["times_real_time_per_core"] > 0.0
    assert f"{document['units']['total']} station-days" in result.stderr


def test_failed_units_end_it_with_1_and_resume_does_the_rest(command, region, tmp_path):
    shutil.copytree(region / "sds", tmp_path / "sds")
    station = sorted(path.parent.name for path in (tmp_path / "sds").rglob("*Z.D"))[0]
    bad = list((tmp_path / "sds").rglob(f"*.{station}.*.D.*"))
    kept = {path: path.read_bytes() for path in bad if path.is_file()}
    for path in kept:
        path.write_bytes(b"these are no records " * 50)
    others = sorted({path.parent.parent.name for path in (tmp_path / "sds").rglob("*Z.D.*")})[:2]
    common = ("archive", tmp_path / "sds", "--out", tmp_path / "out", "--executor", "serial")
    chosen = ("--stations", ",".join({station, *others}))
    result = command(*common, *chosen, "--json")
    assert result.exit_code == 1
    assert result.document["units"]["failed"] == 1
    assert station in result.document["failures"][0]["unit"]
    assert "--resume" in result.stderr
    assert result.document["units"]["done"] == result.document["units"]["total"] - 1
    for path, content in kept.items():
        path.write_bytes(content)
    assert command(*common, *chosen).exit_code == 2
    again = command(*common, *chosen, "--resume", "--json")
    assert again.exit_code == 0, again.stderr
    assert again.document["units"]["done"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--locate",), 2, "--stations FILE"),
        (("--executor", "spark"), 2, "process, ray, serial"),
        (("--from", "yesterday"), 2, "--from"),
        (("--from", "2020-01-02", "--to", "2020-01-01"), 2, "swap"),
        (("--stations", "XX.*", "--executor", "serial"), 3, "XX.*"),
        (("--stations", "a.csv", "--stations", "b.csv"), 2, "give one"),
    ],
)
def test_wrong_usage_says_what_is_right(command, region, tmp_path, arguments, code, told):
    result = command("archive", region, "--out", tmp_path / "out", *arguments)
    assert result.exit_code == code, result.stderr
    assert told in result.stderr


def test_a_source_that_is_none_is_told(command, tmp_path):
    result = command("archive", tmp_path / "nowhere", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "no SDS archive" in result.stderr
    unknown = command("archive", "gopher9://host/x", "--out", tmp_path / "out")
    assert unknown.exit_code == 1
    assert "gopher9" in unknown.stderr
    centre = command("archive", "fdsn:http://127.0.0.1:9", "--out", tmp_path / "out")
    assert centre.exit_code == 2
    assert "--from" in centre.stderr
