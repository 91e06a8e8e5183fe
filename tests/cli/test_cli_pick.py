import io
from pathlib import Path

import pandas as pd

PICK_COLUMNS = {
    "network",
    "station",
    "location",
    "phase",
    "time",
    "probability",
    "sigma_s",
    "model",
}


def test_prints_picks_as_csv(command, rjob_file):
    result = command("pick", rjob_file)
    assert result.exit_code == 0, result.stderr
    table = pd.read_csv(io.StringIO(result.stdout))
    assert set(table.columns) >= PICK_COLUMNS
    assert {"P", "S"} <= set(table["phase"])


def test_rjob_arrivals_are_where_three_networks_and_an_analyst_see_them(command, rjob_file):
    picks = command("pick", rjob_file, "--json").document["picks"]
    best = {}
    for pick in picks:
        if pick["phase"] not in best or pick["probability"] > best[pick["phase"]]["probability"]:
            best[pick["phase"]] = pick
    p_time = pd.Timestamp(best["P"]["time"])
    s_time = pd.Timestamp(best["S"]["time"])
    assert abs((p_time - pd.Timestamp("2009-08-24T00:20:07.72Z")).total_seconds()) <= 0.1
    assert abs((s_time - pd.Timestamp("2009-08-24T00:20:08.70Z")).total_seconds()) <= 0.15


def test_classical_baseline_picks_too(command, rjob_file):
    result = command("pick", rjob_file, "--model", "stalta", "--json")
    assert result.exit_code == 0
    assert {pick["model"] for pick in result.document["picks"]} == {"stalta"}


def test_writes_csv_and_parquet(command, rjob_file, tmp_path):
    for name in ("picks.csv", "picks.parquet"):
        assert command("pick", rjob_file, "--out", tmp_path / name).exit_code == 0
    csv = pd.read_csv(tmp_path / "picks.csv")
    assert len(csv) == len(pd.read_parquet(tmp_path / "picks.parquet")) > 0


def test_one_bad_file_is_told_and_the_rest_is_picked(command, rjob_file):
    bad = rjob_file.with_name("broken.mseed")
    bad.write_bytes(b"this is no miniSEED record" * 40)
    result = command("pick", rjob_file.parent, "--json")
    assert result.exit_code == 0
    assert result.document["picks"]
    assert any("broken.mseed" in item["what"] for item in result.document["not_used"])
    assert "broken.mseed" in result.stderr


def test_empty_folder_is_nothing_found(command, tmp_path):
    result = command("pick", tmp_path)
    assert result.exit_code == 3
    assert str(tmp_path) in result.stderr


def test_missing_path_fails_and_names_it(command, tmp_path):
    result = command("pick", tmp_path / "absent.mseed")
    assert result.exit_code == 1
    assert "absent.mseed" in result.stderr


def test_unknown_model_is_wrong_usage(command, rjob_file):
    result = command("pick", rjob_file, "--model", "nosuch")
    assert result.exit_code == 2
    assert "stalta" in result.stderr


def test_no_input_is_wrong_usage(command):
    assert command("pick").exit_code == 2


def test_silence_is_nothing_found(command, tmp_path):
    import numpy as np
    from obspy import Stream, Trace, UTCDateTime

    header = {"network": "XX", "station": "QUIET", "sampling_rate": 100.0}
    header |= {"starttime": UTCDateTime(2020, 1, 1)}
    rng = np.random.default_rng(3)
    stream = Stream(
        Trace(rng.normal(0, 100, 9000).astype("int32"), header | {"channel": f"HH{c}"})
        for c in "ZNE"
    )
    path = Path(tmp_path) / "quiet.mseed"
    stream.write(str(path), format="MSEED")
    result = command("pick", path, "--json")
    assert result.exit_code in {0, 3}
    assert (result.exit_code == 3) == (not result.document["picks"])


def test_nothing_readable_is_a_failure_not_silence(command, tmp_path):
    (tmp_path / "broken.mseed").write_bytes(b"")
    result = command("pick", tmp_path)
    assert result.exit_code == 1
    assert "broken.mseed" in result.stderr
