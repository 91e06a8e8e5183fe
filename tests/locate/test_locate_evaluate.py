"""Scores of located events."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.core.errors import DataError, NothingFoundError, SourceError
from mainshock.core.geo import LocalFrame
from mainshock.core.records import PosteriorSamples
from mainshock.locate.evaluate import evaluate_located_folder, evaluate_locations, match_events


def table(n=4, **columns):
    start = pd.Timestamp("2020-01-01T00:00:00Z")
    base = {
        "event_id": [f"e{i}" for i in range(n)],
        "time": [(start + pd.Timedelta(minutes=5 * i)).isoformat() for i in range(n)],
        "longitude": np.full(n, 13.0),
        "latitude": np.full(n, 46.0),
        "depth_km": np.full(n, 10.0),
    }
    return pd.DataFrame({**base, **columns})


def square(event_id, level, half_deg):
    ring = [[13 + x * half_deg, 46 + y * half_deg] for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    return {
        "type": "Feature",
        "properties": {"event_id": event_id, "level": level},
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
    }


def test_scores_are_those_of_a_hand_calculation():
    located = table(longitude=[13.0, 13.0, 13.0, 13.2], depth_km=[10.0, 12.0, 8.0, 10.0])
    truth = table(longitude=[13.0, 13.0, 13.2, 13.2])
    features = [square(f"e{i}", level, 0.1) for i in range(4) for level in (0.68, 0.95)]
    scores = evaluate_locations(located, features, truth)
    assert scores["n"] == 4
    assert scores["epicentral_error_km"]["max"] == pytest.approx(15.494, abs=0.01)
    assert scores["epicentral_error_km"]["median"] == 0.0
    assert scores["depth_error_km"] == {"mae": 1.0, "mean": 0.0}
    assert scores["origin_time_error_s"]["mae"] == 0.0
    assert scores["coverage"]["0.68"]["observed"] == 0.5
    assert scores["coverage"]["0.68"]["n"] == 4
    low, high = scores["coverage"]["0.68"]["interval95"]
    assert low < 0.1
    assert high > 0.9
    assert scores["coverage"]["0.5"]["n"] == 0


def test_events_without_common_ids_match_by_time_once_each():
    located = table(event_id=["a", "b", "c", "d"])
    truth = table().iloc[[0, 2]]
    pairs = match_events(located, truth)
    assert sorted(pairs["event_id"]) == ["a", "c"]


def test_id_wins_over_time():
    located = table(event_id=["e1", "e0", "e2", "e3"])
    pairs = match_events(located, table()).set_index("event_id")
    assert pairs.loc["e1", "time_error_s"] == -300.0


def test_folder_is_read(tmp_path):
    table().to_csv(tmp_path / "events.csv", index=False)
    features = {"features": [square("e0", 0.95, 0.1)]}
    (tmp_path / "regions.geojson").write_text(json.dumps(features))
    scores = evaluate_located_folder(tmp_path, table())
    assert scores["coverage"]["0.95"] == {"observed": 1.0, "interval95": [0.025, 1.0], "n": 1}


def test_unusable_input_is_told(tmp_path):
    with pytest.raises(SourceError, match="cannot read"):
        evaluate_located_folder(tmp_path, table())
    with pytest.raises(DataError, match="depth_km"):
        evaluate_locations(table(), [], table().drop(columns="depth_km"))
    with pytest.raises(DataError, match="ISO 8601"):
        evaluate_locations(table(time=["noon"] * 4), [], table())
    with pytest.raises(DataError, match="event_id"):
        evaluate_locations(table(), [{"properties": {}}], table())
    later = table(event_id=list("abcd"), time=["2021-01-01T00:00:00Z"] * 4)
    with pytest.raises(NothingFoundError, match="none of 4"):
        evaluate_locations(later, [], table())


def draws(east_km, north_km, depth_km, seconds, centre=(13.0, 46.0)):
    longitude, latitude = LocalFrame(*centre).to_geographic(east_km, north_km)
    return PosteriorSamples(longitude, latitude, depth_km, seconds)


@pytest.fixture
def honest(rng):
    """200 events whose truth is one more draw from what was stated: sd 2, 1, 3 km and 0.2 s."""
    n, sd = 200, np.array([2.0, 1.0, 3.0, 0.2])
    off = rng.normal(0.0, 1.0, (n, 4)) * sd
    frame = LocalFrame(13.0, 46.0)
    longitude, latitude = frame.to_geographic(off[:, 0], off[:, 1])
    names = ("east_sd_km", "north_sd_km", "depth_sd_km", "time_sd_s")
    located = table(
        n, **{name: np.full(n, value) for name, value in zip(names, sd, strict=True)},
        azimuthal_gap_deg=rng.uniform(60.0, 300.0, n), n_picks=rng.integers(4, 20, n),
        region68_km2=np.full(n, 14.3),
    )  # fmt: skip
    times = pd.to_datetime(located["time"]) + pd.to_timedelta(off[:, 3], unit="s")
    truth = table(
        n, longitude=longitude, latitude=latitude, depth_km=10.0 + off[:, 2],
        time=[time.isoformat() for time in times],
    )  # fmt: skip
    clouds = rng.normal(0.0, 1.0, (n, 150, 4)) * sd
    samples = {
        f"e{i}": draws(cloud[:, 0], cloud[:, 1], 10.0 + cloud[:, 2], cloud[:, 3])
        for i, cloud in enumerate(clouds)
    }
    return located, truth, samples


def test_honest_posteriors_have_flat_ranks_and_full_coverage(honest):
    located, truth, samples = honest
    scores = evaluate_locations(located, [], truth, samples)
    assert set(scores["pit"]) == {"east", "north", "depth", "time"}
    for found in scores["pit"].values():
        assert found["n"] == 200
        assert sum(found["histogram"]) == 200
        assert found["p_value"] > 0.01
    for name in ("epicentre", "hypocentre"):
        observed = scores["coverage_from_draws"][name]["0.68"]["observed"]
        assert observed == pytest.approx(0.68, abs=0.10)  # three standard errors
    for found in scores["error_over_sd"].values():
        assert found["rms"] == pytest.approx(1.0, abs=0.2)


def test_a_late_clock_shows_in_the_rank_of_the_time_alone(honest):
    located, truth, samples = honest
    later = pd.to_datetime(located["time"]) + pd.Timedelta(seconds=0.3)
    scores = evaluate_locations(
        located.assign(time=[time.isoformat() for time in later]), [], truth, samples
    )
    assert scores["pit"]["time"]["mean"] < 0.3
    assert scores["pit"]["time"]["p_value"] < 1e-9
    assert scores["pit"]["depth"]["p_value"] > 0.01


def test_errors_stand_beside_geometry_and_baseline(honest):
    located, truth, samples = honest
    scores = evaluate_locations(located, [], truth, samples)
    gaps = scores["by_geometry"]["azimuthal_gap_deg"]
    assert sum(row["n"] for row in gaps) == 200
    assert gaps[0]["to"] == 90.0
    assert set(scores["by_geometry"]) == {"azimuthal_gap_deg", "n_picks"}
    assert scores["region68_km2"]["median"] == pytest.approx(14.3)
    # all were located at one place, near the centroid of the truth
    baseline = scores["baseline"]
    assert baseline["epicentral_error_km"]["median"] == pytest.approx(
        scores["epicentral_error_km"]["median"], rel=0.1
    )
    assert baseline["depth_error_km"]["mean"] == pytest.approx(0.0, abs=1e-5)


def test_the_centroid_holds_across_the_date_line():
    truth = table(2, longitude=[179.9, -179.9], latitude=[0.0, 0.0])
    scores = evaluate_locations(truth, [], truth)
    assert scores["baseline"]["epicentral_error_km"]["max"] == pytest.approx(11.13, abs=0.01)


def test_tables_without_spreads_and_draws_have_plain_errors():
    scores = evaluate_locations(table(), [], table())
    assert scores["pit"] == scores["error_over_sd"] == scores["by_geometry"] == {}


def test_draws_are_read_from_the_folder(tmp_path, honest):
    located, truth, samples = honest
    located.to_csv(tmp_path / "events.csv", index=False)
    names = ("longitude", "latitude", "depth_km", "time_s")
    arrays = {name: np.stack([getattr(s, name) for s in samples.values()]) for name in names}
    np.savez(tmp_path / "samples.npz", event_id=np.array(list(samples)), **arrays)
    scores = evaluate_located_folder(tmp_path, truth)
    assert scores["pit"] == evaluate_locations(located, [], truth, samples)["pit"]
    (tmp_path / "samples.npz").write_bytes(b"PK no archive")
    with pytest.raises(DataError, match=r"samples\.npz"):
        evaluate_located_folder(tmp_path, truth)
    np.savez(tmp_path / "samples.npz", event_id=np.array(["e0"]))
    with pytest.raises(DataError, match="shape"):
        evaluate_located_folder(tmp_path, truth)


@given(
    left=st.lists(st.integers(0, 60), min_size=1, max_size=8),
    right=st.lists(st.integers(0, 60), min_size=1, max_size=8),
)
@settings(max_examples=60)
def test_matches_in_time_are_those_of_trying_all_pairs(left, right):
    start = pd.Timestamp("2020-01-01T00:00:00Z")

    def events(prefix, seconds):
        times = [(start + pd.Timedelta(seconds=s)).isoformat() for s in seconds]
        ids = [f"{prefix}{i}" for i in range(len(seconds))]
        return table(len(seconds), event_id=ids, time=times)

    expected, used = {}, set()
    for apart, i, j in sorted(
        (abs(a - b), i, j) for i, a in enumerate(left) for j, b in enumerate(right)
    ):
        if apart <= 10 and i not in expected and j not in used:
            expected[i] = float(left[i] - right[j])
            used.add(j)
    pairs = match_events(events("l", left), events("r", right))
    found = {int(k[1:]): s for k, s in zip(pairs["event_id"], pairs["time_error_s"], strict=True)}
    assert found == expected
