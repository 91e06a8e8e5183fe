"""Predictions of a region model on records: its station, edges and gaps, nothing to read."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import obspy
import pandas as pd
import pytest
from typer.testing import CliRunner

from mainshock.cli.app import app
from mainshock.core.errors import SourceError
from mainshock.core.records import Waveform
from mainshock.detect.regions.predict import model_stations, predict_regions
from mainshock.learn.models import find_model, load_manifest
from mainshock.sources.registry import open_source

NAME = "convnetquake-pb01"
RATE_HZ = 20.0
START = datetime(2007, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def record(data_dir) -> Waveform:
    """Six records of events in a row, each with its own minute."""
    path = data_dir / "location" / "ipoc_pb01" / "waveforms.npz"
    data = np.load(path)["data"][:6].astype(np.float32)
    data -= data.mean(axis=2, keepdims=True)
    data *= 1000.0 / data.std(axis=(1, 2), keepdims=True)
    return Waveform("CX", "PB01", "", "BH", START, RATE_HZ, np.concatenate(list(data), axis=1))


def seconds(table, name) -> np.ndarray:
    return (
        (pd.to_datetime(table[name], utc=True) - pd.Timestamp(START)).dt.total_seconds().to_numpy()
    )


def changed_model(folder, description, **training) -> Path:
    """A copy of the packaged model that states other things about its origin."""
    shutil.copytree(find_model(NAME), folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["description"] = description
    manifest["training"]["purpose"] = ""
    manifest["training"] |= training
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_station_of_a_model_is_stated_or_named(tmp_path):
    assert model_stations(load_manifest(find_model(NAME))) == ("CX.PB01",)
    cases = {
        "a": ("no station, magnitude 4.2, doi 10.5880/GFZ.2.4.2019.004", {}, ()),
        "b": ("CX.PB01 or CX.PB02", {}, ()),  # two: it is not known which counts
        "c": ("CX.PB01", {"station": "GS.OK029"}, ("GS.OK029",)),
        "d": ("", {"stations": ["GS.OK029", "GS.OK027"]}, ("GS.OK029", "GS.OK027")),
    }
    for name, (text, training, expected) in cases.items():
        folder = changed_model(tmp_path / name, text, **training)
        assert model_stations(load_manifest(folder)) == expected


def test_records_of_other_stations_are_left_out_and_told(record, tmp_path):
    other = replace(record, station="PB02")
    found = predict_regions(find_model(NAME), [other, record, other])
    assert set(found.table["station"]) == {"PB01"}
    (text,) = [one for one in found.warnings if "left out" in one]
    assert "belongs to CX.PB01" in text
    assert "2 records of CX.PB02" in text
    alone = predict_regions(find_model(NAME), [replace(record, network="")])
    assert len(alone.table) == len(found.table) > 0  # a file without network codes
    assert not any("left out" in one for one in alone.warnings)
    assert predict_regions(find_model(NAME), [replace(record, network="GE")]).table.empty
    anywhere = changed_model(tmp_path / "model", "no station")
    assert len(predict_regions(anywhere, [other]).table) == len(found.table)


def piece_of(record, first_s, past_last_s) -> Waveform:
    cut = slice(round(first_s * RATE_HZ), round(past_last_s * RATE_HZ))
    return replace(record, start=record.time_at(cut.start), samples=record.samples[:, cut].copy())


def test_p_beside_an_edge_is_no_event(record, monkeypatch):
    p_s = seconds(predict_regions(find_model(NAME), [record]).table, "p_time")
    assert len(p_s) >= 5

    def n_beside(lead_s) -> int:
        pieces = [piece_of(record, one - lead_s, one + 45.0) for one in p_s[:4]]
        found_s = seconds(predict_regions(find_model(NAME), pieces).table, "p_time")
        return sum(bool((np.abs(found_s - one) < 1.0).any()) for one in p_s[:4])

    assert n_beside(1.5) == 0
    assert n_beside(6.0) == 4
    monkeypatch.setattr("mainshock.detect.regions.predict._CLEAR_S", 0.0)
    assert n_beside(1.5) > 0  # what was reported before


def test_rows_do_not_run_beyond_the_record(record):
    p_s = seconds(predict_regions(find_model(NAME), [record]).table, "p_time")
    n_cut = 0
    for one in p_s[1:]:
        for first, past_last in [(one - 3.0, one + 45.0), (one - 40.0, one + 4.0)]:
            piece = piece_of(record, first, past_last)
            table = predict_regions(find_model(NAME), [piece]).table
            start_s, end_s = seconds(table, "start_time"), seconds(table, "end_time")
            assert (start_s >= (piece.start - START).total_seconds() - 1e-6).all()
            assert (end_s <= (piece.end - START).total_seconds() + 1e-6).all()
            n_cut += int((end_s - start_s < 9.9).sum())
    assert n_cut > 2


def test_p_beside_a_gap_is_no_event(record):
    p_s = seconds(predict_regions(find_model(NAME), [record]).table, "p_time")
    samples = record.samples.copy()
    gap = (round((p_s[1] - 5.0) * RATE_HZ), round((p_s[1] - 1.0) * RATE_HZ))
    samples[:, slice(*gap)] = 0.0
    table = predict_regions(find_model(NAME), [replace(record, samples=samples, gaps=(gap,))]).table
    found_s = seconds(table, "p_time")
    assert not ((found_s > p_s[1] - 7.0) & (found_s < p_s[1] + 1.0)).any()
    assert len(found_s) >= len(p_s) - 2


def write_mseed(folder, record) -> None:
    for letter, row in zip("ZNE", record.samples, strict=True):
        trace = obspy.Trace(row)
        trace.stats.update({"network": "CX", "station": "PB01", "channel": "BH" + letter})
        trace.stats.sampling_rate = RATE_HZ
        trace.stats.starttime = obspy.UTCDateTime(START)
        trace.write(str(folder / f"{letter}.mseed"), format="MSEED")


def predict(*arguments):
    return CliRunner().invoke(app, ["detect", "regions", "predict", NAME, *map(str, arguments)])


def test_probabilities_are_numbers_in_json_and_text_in_csv(record, tmp_path):
    (tmp_path / "in").mkdir()
    write_mseed(tmp_path / "in", record)
    result = predict(tmp_path / "in", "--out", tmp_path / "out.csv", "--json")
    assert result.exit_code == 0
    events = json.loads(result.stdout)["events"]
    table = pd.read_csv(tmp_path / "out.csv", dtype=str)
    assert len(events) == len(table) >= 5
    for event, text in zip(events, table["clusters_prob"], strict=True):
        assert len(event["clusters_prob"]) == 4
        assert text == "[" + ", ".join(f"{one:.4f}" for one in event["clusters_prob"]) + "]"
        assert sum(event["clusters_prob"]) == pytest.approx(event["event_probability"], abs=1e-3)
        assert (type(event["cluster_id"]), type(event["region"])) == (int, str)
    predict(tmp_path / "in", "--out", tmp_path / "out.parquet")
    stored = pd.read_parquet(tmp_path / "out.parquet")["clusters_prob"]
    assert list(stored[0]) == events[0]["clusters_prob"]


def test_nothing_readable_is_an_error_and_writes_nothing(tmp_path):
    broken = tmp_path / "broken.mseed"
    broken.write_text("no record")
    result = predict(broken, "--out", tmp_path / "out.csv")
    assert result.exception.exit_code == 1
    assert not (tmp_path / "out.csv").exists()
    with pytest.raises(SourceError, match=r"no record could be read: .*broken\.mseed"):
        predict_regions(find_model(NAME), open_source([broken]))
    with pytest.raises(SourceError, match="no record could be read"):
        predict_regions(find_model(NAME), [])
