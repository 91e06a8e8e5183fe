"""What real users do wrong: nothing good is lost, and nothing ends in a traceback."""

import numpy as np
import obspy
import pandas as pd
import pytest

STATIONS = "network,station,longitude,latitude,elevation_m\n" + "\n".join(
    f"XX,S{i},{15 + 0.2 * np.cos(i)},{40 + 0.2 * np.sin(i)},100" for i in range(6)
)


@pytest.fixture
def stations(tmp_path):
    path = tmp_path / "stations.csv"
    path.write_text(STATIONS)
    return path


@pytest.fixture
def picks(tmp_path, stations):
    """P picks of one synthetic event below 15 E, 40 N, at 6 km/s."""
    from mainshock.core.geo import geodesic_distance_km

    table = pd.read_csv(stations)
    distance = geodesic_distance_km(15.0, 40.0, table["longitude"], table["latitude"])
    seconds = np.hypot(distance, 8.1) / 6.0
    times = pd.Timestamp("2020-01-01T00:00:00Z") + pd.to_timedelta(seconds, unit="s")
    rows = table[["network", "station"]].assign(
        location="", phase="P", time=[t.isoformat() for t in times], probability=0.9, sigma_s=0.05
    )
    path = tmp_path / "picks.csv"
    rows.assign(model="synthetic", event_id="one").to_csv(path, index=False)
    return path


def test_out_that_is_a_file_is_told_before_any_work(command, picks, stations, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("")
    for arguments in (
        ("locate", "--picks", picks, "--stations", stations, "--out", taken),
        ("demo", "--out", taken),
    ):
        result = command(*arguments)
        assert result.exit_code == 1
        assert "taken" in result.stderr


def test_one_bad_row_of_picks_is_told_and_the_rest_located(command, picks, stations, tmp_path):
    with picks.open("a") as stream:
        stream.write("XX,S0,,Lg,2020-01-01T00:00:09Z,0.9,0.05,synthetic,one\n")
    result = command(
        *("locate", "--picks", picks, "--stations", stations, "--out", tmp_path / "o"),
        *("--velocity", "constant:6,3.5", "--json"),
    )
    assert result.exit_code == 0, result.stderr
    assert result.document["events"][0]["n_picks"] == 6
    assert any("Lg" in item["reason"] for item in result.document["not_used"])


def test_named_earth_models_bring_their_own_error(command, picks, stations, tmp_path):
    areas = {}
    for velocity in ("iasp91", "constant:5.8,3.36"):
        result = command(
            *("locate", "--picks", picks, "--stations", stations, "--out", tmp_path / "o"),
            *("--velocity", velocity, "--json"),
        )
        (event,) = result.document["events"]
        areas[velocity] = event["region95_km2"]
        assert ("model_error_not_included" in event["flags"]) == (velocity != "iasp91")
    assert areas["iasp91"] > areas["constant:5.8,3.36"]


def test_a_copy_with_a_wrong_rate_does_not_displace_the_record(command, tmp_path):
    stream = obspy.read()
    stream.write(str(tmp_path / "good.mseed"), format="MSEED")
    for trace in stream:
        trace.stats.sampling_rate = 1.0
    stream.write(str(tmp_path / "wrong.mseed"), format="MSEED")
    result = command("pick", tmp_path, "--json")
    assert result.exit_code == 0, result.stderr
    assert {pick["phase"] for pick in result.document["picks"]} >= {"P", "S"}


def test_models_verify_checks_all_without_a_name(command):
    result = command("models", "verify", "--json")
    assert result.exit_code == 0
    assert "phasenet" in result.document["models"]


def test_draws_and_stated_spread_of_the_origin_time_agree(command, picks, stations, tmp_path):
    result = command(
        *("locate", "--picks", picks, "--stations", stations, "--out", tmp_path / "o"),
        *("--velocity", "iasp91", "--json"),
    )
    with np.load(tmp_path / "o" / "samples.npz") as samples:
        spread = samples["time_s"][0].std()
    assert result.document["events"][0]["time_sd_s"] == pytest.approx(spread, rel=0.01)
