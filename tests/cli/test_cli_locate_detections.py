"""``mainshock locate --picks`` on tables of EQTransformer and EQNeMix."""

import json

import numpy as np
import pandas as pd
import pytest

from mainshock.core.geo import geodesic_distance_km

HEADER = (
    "file_name,network,station,instrument_type,station_lat,station_lon,station_elv,"
    "event_start_time,event_end_time,detection_probability,detection_uncertainty,"
    "p_arrival_time,p_probability,p_uncertainty,p_snr,"
    "s_arrival_time,s_probability,s_uncertainty,s_snr"
)
PLACE = "CI,CLC,HH,35.81574,-117.59751,775"
CLC = (-117.59751, 35.81574)
STATIONS = "network,station,longitude,latitude,elevation_m\nCI,CLC,-117.59751,35.81574,775\n"


def row(minute, sp_s=1.7):
    """Return a detection with S so long after P; without S for None."""
    start = f"2019-07-04 18:{minute:02d}:00"
    p = f"2019-07-04T18:{minute:02d}:02.000000Z,0.9,,20.0"
    seconds = 2.0 + (sp_s or 0.0)
    s = f"2019-07-04T18:{minute:02d}:{seconds:09.6f}Z,0.85,,9.0" if sp_s else ",,,"
    return f"X_CI_HH,{PLACE},{start},2019-07-04 18:{minute:02d}:09,0.99,,{p},{s}"


@pytest.fixture
def picks(tmp_path):
    path = tmp_path / "X_prediction_results.csv"
    path.write_text("\n".join((HEADER, row(0), row(3, 2.6), row(7, None))) + "\n")
    return path


@pytest.fixture
def clusters(tmp_path):
    """Two clusters 14 km east and west of the station."""
    means = [[14.0, 0.0, 8.0], [-14.0, 0.0, 8.0]]
    shapes = {
        "origin_lon_lat": list(CLC),
        "means_km": means,
        "covariances_km2": [np.diag([9.0, 9.0, 4.0]).tolist()] * 2,
    }
    from mainshock.core.geo import LocalFrame
    from mainshock.sources.cluster_files import ClusterShapes, write_clusters

    path = tmp_path / "clusters.json"
    covariances = np.array(shapes["covariances_km2"])
    write_clusters(path, ClusterShapes(LocalFrame(*CLC), np.array(means), covariances))
    return path


@pytest.fixture
def regions(tmp_path):
    """Windows that put the first detection east and the second west."""
    lines = ["start_time,end_time,cluster_id,clusters_prob"]
    for minute, probabilities in ((0, [0.9, 0.05]), (3, [0.05, 0.9]), (7, [0.5, 0.4])):
        start, end = (f"2019-07-04T18:{minute:02d}:{second:02d}.000000Z" for second in (0, 10))
        lines.append(f'{start},{end},{int(np.argmax(probabilities))},"{probabilities}"')
    path = tmp_path / "CI.CLC.2019-07-04.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def locate(command, picks, *more):
    velocity = () if "--legacy" in more else ("--velocity", "constant:5.8,3.26")
    return command("locate", "--picks", picks, "--out", picks.parent / "out", *velocity, *more)


def test_every_detection_is_in_the_tables(command, picks, clusters):
    """The table states the station; events.csv holds what could be located, eqnemix.csv all."""
    result = locate(command, picks, "--clusters", clusters, "--json")
    assert result.exit_code == 0, result.stderr
    out = picks.parent / "out"
    names = {"events.csv", "events.xml", "regions.geojson", "samples.npz", "eqnemix.csv"}
    assert names <= {path.name for path in out.iterdir()}
    document = result.document
    assert [event["event_id"] for event in document["events"]][:2] == ["0", "1"]
    table = pd.read_csv(out / "eqnemix.csv")
    assert len(table) == 3
    features = json.loads((out / "regions.geojson").read_text())["features"]
    assert {feature["properties"]["event_id"] for feature in features} >= {"0", "1"}


def test_text_is_a_table_of_events(command, picks, clusters):
    result = locate(command, picks, "--clusters", clusters)
    assert result.exit_code == 0, result.stderr
    header, *rows = result.stdout.splitlines()
    assert header.startswith("event_id,time,longitude,latitude,depth_km")
    assert len(rows) >= 2


def test_regions_choose_between_clusters(command, picks, clusters, regions):
    result = locate(command, picks, "--clusters", clusters, "--regions", regions, "--json")
    assert result.exit_code == 0, result.stderr
    first, second = result.document["events"][:2]
    assert first["longitude"] > CLC[0] > second["longitude"]


def test_a_stations_file_has_the_last_word(command, picks, clusters, tmp_path):
    stations = tmp_path / "stations.csv"
    stations.write_text(STATIONS.replace("35.81574", "35.90"))
    moved = locate(command, picks, "--clusters", clusters, "--stations", stations, "--json")
    assert moved.exit_code == 0, moved.stderr
    plain = locate(command, picks, "--clusters", clusters, "--json")
    assert moved.document["events"][0]["longitude"] != plain.document["events"][0]["longitude"]


def test_without_clusters_the_ring_is_whole(command, picks):
    result = locate(command, picks, "--json")
    assert result.exit_code == 0, result.stderr
    events = result.document["events"]
    assert [event["event_id"] for event in events] == ["0", "1"]  # the third has a P alone
    (left,) = result.document["not_used"]
    assert "unconstrained" in left["reason"]
    east_km = [event["east_sd_km"] for event in events]
    assert east_km[1] > east_km[0] > 5.0


def test_a_catalogue_says_where(command, picks, tmp_path, rng):
    """Past events 14 km east: what the ring leaves open, the prior decides."""
    past = pd.DataFrame(
        {
            "longitude": CLC[0] + 0.155 + rng.normal(0.0, 0.01, 60),
            "latitude": CLC[1] + rng.normal(0.0, 0.01, 60),
            "depth_km": rng.normal(8.0, 1.0, 60),
        }
    )
    past.to_csv(tmp_path / "past.csv", index=False)
    result = locate(command, picks, "--catalogue", tmp_path / "past.csv", "--json")
    assert result.exit_code == 0, result.stderr
    first, _, single = result.document["events"]
    for event in (first, single):
        away = geodesic_distance_km(event["longitude"], event["latitude"], CLC[0] + 0.155, CLC[1])
        assert away < 5.0
    assert "distance_from_prior" in single["flags"]


def test_legacy_is_another_answer_and_needs_no_velocity(command, picks, clusters, regions):
    arguments = ("--clusters", clusters, "--regions", regions, "--json")
    ours = locate(command, picks, *arguments)
    theirs = locate(command, picks, *arguments, "--legacy")
    assert theirs.exit_code == 0, theirs.stderr
    one, other = (result.document["events"][0] for result in (ours, theirs))
    assert one["event_id"] == other["event_id"]
    away = geodesic_distance_km(
        one["longitude"], one["latitude"], other["longitude"], other["latitude"]
    )
    # mantle slowness from S minus P: some 30 % farther
    assert away > 0.5


def test_regions_need_the_clusters_that_they_are(command, picks, regions):
    result = locate(command, picks, "--regions", regions)
    assert result.exit_code == 2
    assert "clusters" in result.stderr


@pytest.mark.parametrize("option", ["--regions", "--clusters", "--legacy"])
def test_options_of_detections_need_detections(command, tmp_path, option):
    plain = tmp_path / "picks.csv"
    plain.write_text(
        "network,station,location,phase,time,probability,sigma_s,model,event_id\n"
        "CI,CLC,,P,2019-07-04T18:00:02Z,0.9,0.05,m,a\nCI,CLC,,S,2019-07-04T18:00:04Z,0.9,0.05,m,a\n"
    )
    (tmp_path / "stations.csv").write_text(STATIONS)
    value = () if option == "--legacy" else (tmp_path / "x.json",)
    result = command(
        *("locate", "--picks", plain, "--stations", tmp_path / "stations.csv"),
        *("--out", tmp_path / "out", option, *value),
    )
    assert result.exit_code == 2
    assert "EQTransformer or EQNeMix" in result.stderr


def test_out_is_needed(command, picks):
    result = command("locate", "--picks", picks)
    assert result.exit_code == 2
    assert "--out DIR" in result.stderr


def test_a_table_without_a_usable_row_is_nothing(command, tmp_path):
    path = tmp_path / "X_prediction_results.csv"
    path.write_text("\n".join((HEADER, row(7, None))) + "\n")
    result = locate(command, path)
    assert result.exit_code == 3
    assert "no event could be located" in result.stderr


@pytest.mark.parametrize(
    "option",
    [
        ("--one-event-per-file",),
        ("--max-depth", "50"),
        ("--magnitude", "Mw"),
        ("--distance-correction", "uk"),
        ("--jobs", "2"),
    ],
)
def test_an_option_without_effect_on_detections_is_wrong_usage(command, picks, option):
    result = locate(command, picks, *option)
    assert result.exit_code == 2
    assert f"{option[0]} does not go with a table of detections" in result.stderr
    assert not (picks.parent / "out").exists()


@pytest.mark.parametrize(
    "option",
    [
        ("--velocity", "iasp91"),
        ("--model-error", "0.05"),
        ("--terms", "terms.json"),
        ("--catalogue", "past.csv"),
        ("--sampler", "smc"),
    ],
)
def test_an_option_of_our_model_does_not_go_with_legacy(command, picks, clusters, option):
    result = locate(command, picks, "--clusters", clusters, "--legacy", *option)
    assert result.exit_code == 2
    assert f"{option[0]} does not go with --legacy" in result.stderr


def test_clusters_and_a_catalogue_are_not_both_the_prior(command, picks, clusters):
    result = locate(command, picks, "--clusters", clusters, "--catalogue", "past.csv")
    assert result.exit_code == 2
    assert "--catalogue does not go with --clusters" in result.stderr


def test_an_option_at_its_default_is_no_mistake_and_figures_are_drawn(command, picks):
    result = locate(command, picks, "--figures", "1", "--magnitude", "ML", "--json")
    assert result.exit_code == 0, result.stderr
    (path,) = result.document["figures"].values()
    assert path == str(picks.parent / "out" / "figures" / "0.png")
    assert len(list((picks.parent / "out" / "figures").iterdir())) == 1
