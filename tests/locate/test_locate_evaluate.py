"""Scores of located events."""

import json

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError, NothingFoundError, SourceError
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
