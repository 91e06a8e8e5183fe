import json
from pathlib import Path

import numpy as np
import obspy
import pandas as pd
import pytest

from mainshock.core.geo import geodesic_distance_km

OBSPY = Path(obspy.__file__).parent
NLLOC_OBS = OBSPY / "io/nlloc/tests/data/nlloc.obs"
STATIONS = """network,station,longitude,latitude,elevation_m
BW,UH1,11.63604,48.08151,400
BW,UH2,11.68201,48.05787,400
BW,UH3,11.63876,48.03080,400
BW,UH4,11.53557,48.03229,400
"""
CATALOGUE_COLUMNS = ["event_id", "time", "longitude", "latitude", "depth_km", "magnitude"]
SPREAD_COLUMNS = ["time_sd_s", "east_sd_km", "north_sd_km", "depth_sd_km"]
REGION_COLUMNS = ["region68_km2", "region95_km2", "n_picks", "magnitude_type", "quality", "flags"]
LOCATED_COLUMNS = CATALOGUE_COLUMNS + SPREAD_COLUMNS + REGION_COLUMNS


@pytest.fixture
def stations(tmp_path):
    path = tmp_path / "stations.csv"
    path.write_text(STATIONS)
    return path


@pytest.fixture
def picks(tmp_path):
    """The eight picks of the NonLinLoc example, as our table of one event."""
    rows = ["network,station,location,phase,time,probability,sigma_s,model,event_id"]
    for line in NLLOC_OBS.read_text().splitlines():
        parts = line.split()
        if len(parts) > 9 and parts[4] in {"P", "S"}:
            date, clock, second = parts[6], parts[7], float(parts[8])
            time = f"{date[:4]}-{date[4:6]}-{date[6:]}T{clock[:2]}:{clock[2:]}:{second:07.4f}Z"
            rows.append(f"BW,{parts[0]},,{parts[4]},{time},1.0,{float(parts[10])},analyst,munich")
    path = tmp_path / "picks.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def located(command, picks, stations, tmp_path):
    out = tmp_path / "located"
    arguments = ("--picks", picks, "--stations", stations, "--out", out, "--json")
    result = command("locate", *arguments, "--velocity", "constant:4.35,2.38")
    assert result.exit_code == 0, result.stderr
    return out, result.document


def test_agrees_with_nonlinloc(located):
    out, document = located
    (event,) = document["events"]
    distance = geodesic_distance_km(event["longitude"], event["latitude"], 11.64554, 48.04707)
    assert float(distance) <= 0.5
    assert abs(event["depth_km"] - 4.58) <= 1.0
    from shapely.geometry import Point, shape

    features = json.loads((out / "regions.geojson").read_text())["features"]
    region = {f["properties"]["level"]: shape(f["geometry"]) for f in features}
    assert set(region) == {0.5, 0.68, 0.95}
    assert region[0.95].contains(Point(11.64554, 48.04707))


def test_writes_the_files_of_the_contract(located):
    out, document = located
    table = pd.read_csv(out / "events.csv")
    assert list(table.columns[: len(LOCATED_COLUMNS)]) == LOCATED_COLUMNS
    assert table["event_id"].tolist() == ["munich"] == [e["event_id"] for e in document["events"]]
    catalogue = obspy.read_events(str(out / "events.xml"))
    assert len(catalogue[0].picks) == 8
    assert len(catalogue[0].preferred_origin().arrivals) == 8
    with np.load(out / "samples.npz") as samples:
        assert samples["longitude"].shape == samples["time_s"].shape
        assert samples["longitude"].shape[0] == 1
        spread = np.std(samples["depth_km"][0])
    assert spread == pytest.approx(table["depth_sd_km"][0], rel=0.15)


def test_nonlinloc_observation_file_is_read_as_it_is(command, stations, tmp_path):
    result = command(
        *("locate", "--picks", NLLOC_OBS, "--stations", stations, "--out", tmp_path / "o"),
        *("--velocity", "constant:4.35,2.38", "--json"),
    )
    assert result.exit_code == 0, result.stderr
    assert len(result.document["events"]) == 1


def test_picks_without_event_id_are_associated(command, picks, stations, tmp_path):
    table = pd.read_csv(picks).drop(columns="event_id")
    table.to_csv(picks, index=False)
    result = command(
        *("locate", "--picks", picks, "--stations", stations, "--out", tmp_path / "o"),
        *("--velocity", "constant:4.35,2.38", "--json"),
    )
    assert result.exit_code == 0, result.stderr
    (event,) = result.document["events"]
    assert event["n_picks"] == 8


def test_pick_of_unknown_station_is_told_and_the_rest_located(command, picks, stations, tmp_path):
    table = pd.read_csv(picks)
    table.loc[0, "station"] = "NOWHERE"
    table.to_csv(picks, index=False)
    result = command(
        *("locate", "--picks", picks, "--stations", stations, "--out", tmp_path / "o"),
        *("--velocity", "constant:4.35,2.38", "--json"),
    )
    assert result.exit_code == 0, result.stderr
    assert result.document["events"][0]["n_picks"] == 7
    assert any("NOWHERE" in item["what"] for item in result.document["not_used"])


def test_s_before_p_is_told_not_located_silently(command, picks, stations, tmp_path):
    table = pd.read_csv(picks)
    is_s = (table["station"] == "UH1") & (table["phase"] == "S")
    table.loc[is_s, "time"] = "2010-05-27T16:56:20.0000Z"
    table.to_csv(picks, index=False)
    result = command(
        *("locate", "--picks", picks, "--stations", stations, "--out", tmp_path / "o"),
        *("--velocity", "constant:4.35,2.38", "--json"),
    )
    assert "s_before_p" in result.document["events"][0]["flags"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--picks", "p.csv"),
        ("--picks", "p.csv", "--stations", "s.csv"),
        ("--picks", "p.csv", "--waveforms", "w", "--stations", "s.csv", "--out", "o"),
    ],
)
def test_incomplete_options_are_wrong_usage(command, arguments):
    assert command("locate", *arguments).exit_code == 2


def test_bad_velocity_is_wrong_usage_and_says_what_is_known(command, picks, stations, tmp_path):
    result = command(
        *("locate", "--picks", picks, "--stations", stations, "--out", tmp_path / "o"),
        *("--velocity", "nosuch"),
    )
    assert result.exit_code in {1, 2}
    assert "iasp91" in result.stderr


def test_missing_column_is_named(command, picks, stations, tmp_path):
    pd.read_csv(picks).drop(columns="sigma_s").to_csv(picks, index=False)
    result = command("locate", "--picks", picks, "--stations", stations, "--out", tmp_path / "o")
    assert result.exit_code == 1
    assert "sigma_s" in result.stderr


def test_evaluate_scores_against_a_catalogue(command, located, tmp_path):
    out, _ = located
    truth = tmp_path / "truth.csv"
    truth.write_text(
        "event_id,time,longitude,latitude,depth_km,magnitude\n"
        "munich,2010-05-27T16:56:24.6126Z,11.64554,48.04707,4.58,1.0\n"
    )
    result = command("locate", "evaluate", "--located", out, "--truth", truth, "--json")
    assert result.exit_code == 0, result.stderr
    assert result.document["n"] == 1


def test_waveform_file_to_event(command, rjob_file, tmp_path):
    stations = tmp_path / "rjob.csv"
    stations.write_text(
        "network,station,longitude,latitude,elevation_m\nBW,RJOB,12.7957,47.7372,860\n"
    )
    result = command(
        *("locate", "--waveforms", rjob_file, "--one-event-per-file", "--stations", stations),
        *("--out", tmp_path / "o", "--json"),
    )
    assert result.exit_code == 0, result.stderr
    (event,) = result.document["events"]
    assert event["event_id"] == "BW.RJOB"
    assert "single_station" in event["flags"]
