"""Residuals of new events shrink by station and path terms, in made-up and in real tables."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainshock.cli.shake_median import residuals
from mainshock.core.errors import DataError, SettingsError
from mainshock.core.geo import geodesic_azimuth_deg
from mainshock.shaking.observations import scenarios_of_observations
from mainshock.shaking.residuals import score

sys.path.insert(0, str(Path(__file__).parent))
from made_regions import PHI, TAU, made_region


def _split(table, column, seed=1):
    events = table[column].unique()
    out = np.random.default_rng(seed).choice(events, len(events) // 4, replace=False)
    return table[~table[column].isin(out)], table[table[column].isin(out)]


def test_known_terms_are_taken_away():
    scenarios, values, _ = made_region()
    out = scenarios.event > "e45"
    found = score(scenarios.take(~out), values[~out, 1], scenarios.take(out), values[out, 1])
    assert found.sd_ergodic > 0.95  # the site field's deviation is 1
    assert found.sd_nonergodic_known == pytest.approx(np.hypot(TAU, PHI), rel=0.25)
    assert found.n == found.n_known == out.sum()
    assert not found.is_centred
    assert sum(found.weights.values()) == pytest.approx(1.0, abs=0.15)


def test_residuals_within_events_are_centred():
    scenarios, values, _ = made_region()
    event = np.unique(scenarios.event, return_inverse=True)[1]
    plain = 2.0 * scenarios.magnitude - 1.3 * np.log(scenarios.hypocentral_km())
    left = values[:, 1] - plain
    left -= (np.bincount(event, left) / np.bincount(event))[event]
    out = scenarios.event > "e45"
    found = score(scenarios.take(~out), left[~out], scenarios.take(out), left[out], terms="station")
    assert found.is_centred
    assert abs(found.bias) < 1e-9


def test_known_is_judged_for_each_target():
    scenarios, values, _ = made_region()
    out = scenarios.event > "e45"
    values[~out & (scenarios.station == "s3"), 0] = np.nan
    found = [
        score(scenarios.take(~out), one[~out], scenarios.take(out), one[out], terms="station")
        for one in values.T
    ]
    assert found[0].n_known == found[1].n_known - np.sum(out & (scenarios.station == "s3"))
    assert found[0].n == found[1].n


def test_numbers_of_stations_match_though_one_is_missing():
    scenarios, *_ = made_region()
    numbers = np.unique(scenarios.station, return_inverse=True)[1]
    table = pd.DataFrame(
        {
            "eqid": scenarios.event,
            "sta_id": numbers,
            "magnitude": scenarios.magnitude,
            "station_longitude": scenarios.site_longitude,
            "station_latitude": scenarios.site_latitude,
            "ev_lon": scenarios.source_longitude,
            "ev_lat": scenarios.source_latitude,
        }
    )
    beside = table.assign(sta_id=[None, *numbers[1:].astype(float)])
    whole, partial = scenarios_of_observations(table), scenarios_of_observations(beside)
    assert (whole.station[1:] == partial.station[1:]).all()
    with pytest.raises(DataError, match="magnitude"):
        scenarios_of_observations(table.assign(magnitude="ML 4"))


def test_epicentres_come_from_distance_and_azimuth():
    scenarios, *_ = made_region()
    azimuth = np.radians(scenarios.azimuth_deg())
    table = pd.DataFrame(
        {
            "eqid": scenarios.event,
            "sta_id": scenarios.station,
            "magnitude": scenarios.magnitude,
            "station_longitude": scenarios.site_longitude,
            "station_latitude": scenarios.site_latitude,
            "epi_dist": scenarios.epicentral_km(),
            "epi_azimuth": (azimuth + np.pi) % (2.0 * np.pi) - np.pi,
        }
    )
    found = scenarios_of_observations(table)
    # a sphere stands for the ellipsoid: 0.3 % of 90 km
    assert found.source_latitude == pytest.approx(scenarios.source_latitude, abs=0.003)
    assert found.source_longitude == pytest.approx(scenarios.source_longitude, abs=0.003)
    assert geodesic_azimuth_deg(0.0, 0.0, 0.0, 1.0) == pytest.approx(0.0)
    with pytest.raises(DataError, match="epi_azimuth"):
        scenarios_of_observations(table.drop(columns="epi_azimuth"))
    with pytest.raises(DataError, match="--station"):
        scenarios_of_observations(table, station="nowhere")


def test_the_command_prints_one_document(tmp_path, capsys):
    scenarios, values, _ = made_region(events=30, stations=20)
    table = pd.DataFrame(
        {
            "event_id": scenarios.event,
            "station": scenarios.station,
            "magnitude": scenarios.magnitude,
            "depth_km": scenarios.depth_km,
            "ev_lon": scenarios.source_longitude,
            "ev_lat": scenarios.source_latitude,
            "sta_lon": scenarios.site_longitude,
            "sta_lat": scenarios.site_latitude,
            "a": values[:, 0],
            "b": values[:, 1],
        }
    )
    train, test = _split(table, "event_id")
    paths = tmp_path / "train.csv", tmp_path / "test.csv"
    train.to_csv(paths[0], index=False)
    test.to_csv(paths[1], index=False)
    residuals(*paths, "a, b", as_json=True)
    document = json.loads(capsys.readouterr().out)
    for one in document["targets"].values():
        assert one["sd_nonergodic_known"] < one["sd_ergodic"]
        assert {"sd_nonergodic", "bias", "n", "n_known"} <= set(one)
    assert set(document["targets"]) == {"a", "b"}
    with pytest.raises(DataError, match="no column 'c'"):
        residuals(*paths, "c")
    with pytest.raises(SettingsError, match="station, pairs"):
        residuals(*paths, "a", terms="magic")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "event", "target", "limit"),
    [
        ("flat_ngawest2_within_event_residuals.parquet", "eqid", "dw_T3s", 0.80),
        ("flat_italy_cw_ims.parquet", "event_id", "log10_pga", 0.39),
    ],
)
def test_real_records_of_new_events_get_nearer(data_dir, name, event, target, limit):
    table = pd.read_parquet(data_dir / "groundmotion" / name)
    if "flag_a" in table:
        table = table[(table.flag_a == 1) & (table.flag_b == 1) & (table[target] > -7.5)]
    train, test = _split(table.reset_index(drop=True), event)
    places = [scenarios_of_observations(one) for one in (train, test)]
    found = score(places[0], train[target].to_numpy(), places[1], test[target].to_numpy())
    assert found.sd_nonergodic_known < limit
    assert found.sd_nonergodic_known < 0.85 * found.sd_ergodic_known
