"""Real events at one station, each located without what is known of it."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from shapely import Point, Polygon

from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Pick, Station
from mainshock.core.times import parse_utc
from mainshock.locate.calibrate import learn_terms
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.registry import open_velocity_model
from mainshock.pipeline.known_events import known_events
from mainshock.pipeline.location_setup import NAMED_MODEL_ERROR, catalogue_prior

pytestmark = pytest.mark.slow
N_FOLDS = 6


def covers(region, longitude, latitude):
    return any(
        Polygon(rings[0], rings[1:]).covers(Point(longitude, latitude)) for rings in region.polygons
    )


def located_by_folds(picks, truth, past, station):
    """Return epicentral error, depth error and whether the 95 % region holds the event.

    The prior knows none of the events, the terms those of the other folds.
    """
    model, stations = open_velocity_model("iasp91"), [station]
    prior = catalogue_prior(past, stations)
    fold = np.random.default_rng(0).permutation(len(truth)) % N_FOLDS
    of_event = {key: [p for p in picks if p.event_id == key] for key in truth["event_id"]}
    rows = []
    for number in range(N_FOLDS):
        inside, outside = truth[fold == number], truth[fold != number]
        known = [pick for key in outside["event_id"] for pick in of_event[key]]
        terms = learn_terms(known_events(known, outside, stations, model), stations, model)
        method = GridLocation(model, model_error=NAMED_MODEL_ERROR, prior=prior, terms=terms)
        for row in inside.itertuples():
            rng = np.random.default_rng(1)
            origin, _ = method.locate(of_event[row.event_id], stations, rng)
            place = (row.longitude, row.latitude)
            rows.append(
                (
                    float(geodesic_distance_km(origin.longitude, origin.latitude, *place)),
                    abs(origin.depth_km - row.depth_km),
                    covers(origin.region(0.95), *place),
                )
            )
    return np.array(rows, dtype=float).T


def without(catalogue, truth):
    """Return the events of a catalogue that are not among those to be located."""
    seconds = pd.to_datetime(catalogue["origin_time"], utc=True)
    own = pd.to_datetime(truth["time"], utc=True)
    kept = catalogue[~seconds.dt.round("10ms").isin(own.dt.round("10ms"))]
    assert len(kept) == len(catalogue) - len(truth)
    return kept


def test_ridgecrest_events_from_picks_at_one_station(data_dir):
    folder = data_dir / "location" / "ridgecrest_clc"
    matches = pd.read_csv(folder / "scsn_matches.csv")
    catalogue = pd.read_csv(folder / "scsn_catalog_20190704.csv")
    truth = matches.assign(
        event_id=matches["row"].astype(str), time=pd.to_datetime(matches["origin_time"], utc=True)
    )
    picks = []
    for row in truth.itertuples():
        p_time = parse_utc(row.p_time)
        for phase, late_s, sigma_s in (("P", 0.0, 0.05), ("S", row.sp_s, 0.08)):
            time = p_time + timedelta(seconds=late_s)
            picks.append(
                Pick("CI", "CLC", "", phase, time, 0.9, sigma_s, "eqt", event_id=row.event_id)
            )
    station = Station("CI", "CLC", -117.59751, 35.81574, 775.0)
    past = without(catalogue.rename(columns={"time": "origin_time"}), truth)
    away_km, _, inside = located_by_folds(picks, truth, past, station)
    assert away_km.size == 54
    # 1.7, 5.2 and 0.98 when this was written
    assert np.median(away_km) <= 2.0
    assert np.quantile(away_km, 0.95) <= 6.0
    assert inside.mean() >= 0.88


def written_records(folder, metadata, out):
    """Write each event's record as the miniSEED file of its event and return their folder."""
    import obspy

    out.mkdir()
    data = np.load(folder / "waveforms.npz")["data"]
    for number, samples in enumerate(data):
        row = metadata.iloc[number]
        traces = [
            obspy.Trace(
                np.ascontiguousarray(component),
                {
                    "network": "CX",
                    "station": "PB01",
                    "channel": f"BH{letter}",
                    "sampling_rate": 20.0,
                    "starttime": obspy.UTCDateTime(row["origin_time"]),
                },
            )
            for letter, component in zip("ZNE", samples, strict=True)
        ]
        obspy.Stream(traces).write(str(out / f"event{number:03d}.mseed"), format="MSEED")
    return out


def test_chilean_events_from_records_of_one_station(data_dir, tmp_path):
    from mainshock.detect.registry import open_picker
    from mainshock.pipeline.from_waveforms import pick_event_files

    folder = data_dir / "location" / "ipoc_pb01"
    metadata = pd.read_csv(folder / "metadata.csv")
    truth = metadata.assign(
        event_id=[f"event{number:03d}" for number in metadata["index"]],
        time=pd.to_datetime(metadata["origin_time"], utc=True),
    )
    first = metadata.iloc[0]
    station = Station(
        *("CX", "PB01", first["station_longitude"], first["station_latitude"]),
        first["station_elevation_m"],
    )
    records = written_records(folder, metadata, tmp_path / "records")
    picker = open_picker("default", p_threshold=0.1, s_threshold=0.1)
    picks = pick_event_files([records], picker, keep_waveforms=False).picks
    assert len({pick.event_id for pick in picks}) == 100
    past = without(pd.read_parquet(folder / "catalog.parquet"), truth)
    away_km, depth_error_km, inside = located_by_folds(picks, truth, past, station)
    assert away_km.size == 100
    # 12.6, 57 and 9.0 when this was written
    assert np.median(away_km) <= 18.0
    assert np.quantile(away_km, 0.95) <= 100.0
    assert depth_error_km.mean() <= 14.0
    assert inside.mean() >= 0.87
