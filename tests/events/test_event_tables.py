"""Tables, samples and regions hold what the contract says, and read back equal."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import shape

from mainshock.core.errors import DataError, SourceError
from mainshock.core.records import CredibleRegion, Magnitude
from mainshock.events.geojson import regions_to_geojson, write_regions
from mainshock.events.quakeml import write_quakeml
from mainshock.events.samples import write_samples
from mainshock.events.tables import event_record, events_to_frame, write_events

CONTRACT = [
    "event_id",
    "time",
    "longitude",
    "latitude",
    "depth_km",
    "magnitude",
    "time_sd_s",
    "east_sd_km",
    "north_sd_km",
    "depth_sd_km",
    "region68_km2",
    "region95_km2",
    "n_picks",
    "magnitude_type",
    "quality",
    "flags",
]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_reads_back(make_event, tmp_path, suffix):
    events = [make_event(), make_event(event_id="other", magnitude=None, flags=(), regions=())]
    path = tmp_path / f"events{suffix}"
    write_events(path, events)
    frame = pd.read_csv(path) if suffix == ".csv" else pd.read_parquet(path)
    assert list(frame.columns[: len(CONTRACT)]) == CONTRACT
    first, second = frame.iloc[0], frame.iloc[1]
    assert first["time"] == "2010-05-27T16:24:33.250000Z"
    assert first["flags"] == "weak_picks;mode_reported"
    assert first["region68_km2"] == pytest.approx(1.4)
    assert first["n_picks"] == 8
    assert (first["magnitude"], first["magnitude_type"]) == (pytest.approx(1.23), "ML")
    assert np.isnan(second["magnitude"])
    assert np.isnan(second["region95_km2"])


def test_no_events_make_a_table_of_headings(tmp_path):
    write_events(tmp_path / "events.csv", [])
    frame = pd.read_csv(tmp_path / "events.csv")
    assert list(frame.columns[: len(CONTRACT)]) == CONTRACT
    assert frame.empty
    assert events_to_frame([]).empty


def test_a_record_is_plain_json(make_event):
    record = event_record(make_event(magnitude=None, regions=(), notes={"magnitude": "no"}))
    again = json.loads(json.dumps(record, allow_nan=False))
    assert again == record
    assert again["magnitude"] is None
    assert again["region68_km2"] is None
    assert again["notes"] == {"magnitude": "no"}
    assert set(CONTRACT) <= set(again)


def test_an_unknown_suffix_is_refused(make_event, tmp_path):
    with pytest.raises(DataError, match="suffix"):
        write_events(tmp_path / "events.txt", [make_event()])


@given(
    longitude=st.floats(-180.0, 180.0),
    latitude=st.floats(-90.0, 90.0),
    depth_km=st.floats(-5.0, 700.0),
    magnitude=st.floats(-3.0, 9.5),
)
def test_numbers_survive_the_table(make_event, longitude, latitude, depth_km, magnitude):
    event = make_event(
        longitude=longitude,
        latitude=latitude,
        depth_km=depth_km,
        magnitude=Magnitude(magnitude, "ML", 0.1, 2),
    )
    row = events_to_frame([event]).iloc[0]
    assert row["longitude"] == pytest.approx(longitude, abs=1e-6)
    assert row["latitude"] == pytest.approx(latitude, abs=1e-6)
    assert row["depth_km"] == pytest.approx(depth_km, abs=1e-4)
    assert row["magnitude"] == pytest.approx(magnitude, abs=1e-3)


def test_samples_have_one_row_an_event(make_event, tmp_path):
    events = [make_event(), make_event(event_id="other"), make_event(event_id="no", samples=None)]
    write_samples(tmp_path / "samples.npz", events)
    with np.load(tmp_path / "samples.npz", allow_pickle=False) as archive:
        assert set(archive.files) == {"event_id", "longitude", "latitude", "depth_km", "time_s"}
        assert archive["event_id"].tolist() == ["ms20100527T16243325", "other"]
        for name in ("longitude", "latitude", "depth_km", "time_s"):
            assert archive[name].shape == (2, 50)
            np.testing.assert_array_equal(archive[name][0], getattr(events[0].origin.samples, name))


def test_samples_of_no_event(tmp_path):
    write_samples(tmp_path / "samples.npz", [])
    with np.load(tmp_path / "samples.npz", allow_pickle=False) as archive:
        assert archive["longitude"].shape == (0, 0)
        assert archive["event_id"].shape == (0,)


@pytest.mark.parametrize("clockwise", [False, True])
def test_rings_are_wound_as_rfc_7946_asks(make_event, make_square, clockwise, tmp_path):
    outer = make_square(11.0, 48.0, 0.2, clockwise=clockwise)
    hole = make_square(11.0, 48.0, 0.1, clockwise=clockwise)
    apart = make_square(12.0, 48.0, 0.1, clockwise=clockwise)
    regions = (
        CredibleRegion(0.68, 10.0, ((outer, hole),)),
        CredibleRegion(0.95, 20.0, ((outer, hole), (apart,))),
    )
    write_regions(tmp_path / "regions.geojson", [make_event(regions=regions)])
    document = json.loads((tmp_path / "regions.geojson").read_text())
    small, large = document["features"]
    assert (small["geometry"]["type"], large["geometry"]["type"]) == ("Polygon", "MultiPolygon")
    assert small["properties"]["level"] == 0.68
    assert small["properties"]["area_km2"] == 10.0
    assert small["properties"]["event_id"] == "ms20100527T16243325"
    polygon = shape(small["geometry"])
    assert polygon.is_valid
    assert polygon.exterior.is_ccw
    assert not polygon.interiors[0].is_ccw
    assert polygon.area == pytest.approx(0.4**2 - 0.2**2)
    assert all(part.exterior.is_ccw for part in shape(large["geometry"]).geoms)


def test_regions_of_no_event():
    assert regions_to_geojson([]) == {"type": "FeatureCollection", "features": []}


@pytest.mark.parametrize("write", [write_samples, write_regions, write_quakeml])
def test_a_missing_folder_is_a_clear_error(make_event, tmp_path, write):
    with pytest.raises(SourceError, match="folder"):
        write(tmp_path / "missing" / "file.npz", [make_event()])


def test_a_failing_write_leaves_the_old_file(make_event, tmp_path):
    path = tmp_path / "samples.npz"
    write_samples(path, [make_event()])
    before = path.read_bytes()
    samples = make_event().origin.samples
    fewer = type(samples)(*(getattr(samples, name)[:9] for name in samples.__slots__))
    with pytest.raises(DataError, match="draws"):
        write_samples(path, [make_event(), make_event(samples=fewer)])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
