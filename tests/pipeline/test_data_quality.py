"""What a check finds: in real data what their makers say, in spoiled data what was spoiled."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import NothingFoundError, SourceError
from mainshock.pipeline.datasets.catalogue_quality import check_catalogue, completeness
from mainshock.pipeline.datasets.catalogue_reading import RawCatalogue, read_raw_catalogue
from mainshock.pipeline.datasets.check import check_dataset
from mainshock.pipeline.datasets.labelled_quality import check_labelled
from mainshock.pipeline.datasets.waveform_quality import (
    ChannelReport,
    check_waveforms,
    count_spikes,
    flat_duration_s,
)
from mainshock.sources.fragments import Fragment, FragmentHeader
from mainshock.sources.labelled_datasets import open_dataset
from mainshock.sources.miniseed_records import encode_records

START_NS = 1_562_485_800_000_000_000
RATE_HZ = 100.0
SECOND_NS = 1_000_000_000
MAXIMUM_CURVATURE = {  # as the catalogues' own notes state it, in bins of 0.1
    "global_gcmt_train": 5.2,
    "global_iscgem_1900_2012_train": 5.6,
    "global_usgs_m50_2013_2023_train": 5.0,
    "iran_m40_1973_2015_train": 4.4,
    "italy_ingv_m21_train": 2.1,
    "japan_comcat_deprecated_train": 4.4,
    "japan_jma_m45_1926_2007_train": 4.5,
    "nz_geonet_m30_train": 3.0,
    "socal_scedc_m30_train": 3.1,
    "switzerland_sed_train": 1.9,
}


def records(
    samples: np.ndarray, start_ns: int = START_NS, rate_hz: float = RATE_HZ, channel: str = "HHZ"
) -> list[bytes]:
    header = FragmentHeader("XX", "ONE", "", channel, start_ns, rate_hz, len(samples))
    return encode_records(Fragment(header, samples.astype(np.int32)))


def noise(rng: np.random.Generator, n: int = 12_000) -> np.ndarray:
    return np.cumsum(rng.normal(0.0, 50.0, n)).round()


def checked(path: Path, content: list[bytes]) -> ChannelReport:
    path.write_bytes(b"".join(content))
    (report,), _ = check_waveforms([path])
    return report


@pytest.mark.parametrize(
    ("region", "n_channels", "n_gaps", "gap_s"),
    [
        ("ridgecrest_20190707_0750", 12, 0, 0.0),
        ("sthelens_20220206", 6, 0, 0.0),
        ("iceland_dike_20140824", 36, 3, 34.6),
    ],
)
def test_real_records_have_the_gaps_that_are_known(data_dir, region, n_channels, n_gaps, gap_s):
    report = check_dataset(data_dir / "continuous" / region, np.random.default_rng(0))
    assert len(report.channels) == n_channels
    for one in report.channels:
        assert one.n_gaps == n_gaps
        assert one.gap_s == pytest.approx(gap_s, abs=0.1)
        assert (one.n_overlaps, one.n_clock_steps, one.n_damaged, one.n_duplicates) == (0, 0, 0, 0)
        assert not one.is_dead
    # earthquakes of M 3.7 nearby are no spikes; one sample in one channel is
    assert sum(one.n_spikes for one in report.channels) <= 1


def test_each_fault_is_told_and_no_other(tmp_path, rng):
    path = tmp_path / "one.mseed"
    wave = noise(rng)
    sound = records(wave)
    assert checked(path, sound).problems() == []
    later_ns = START_NS + 120 * SECOND_NS
    assert checked(path, [*sound, sound[3]]).problems() == ["1 records twice"]
    gap = checked(path, [*sound, *records(wave, later_ns + 5 * SECOND_NS)])
    assert (gap.n_gaps, gap.gap_s) == (1, pytest.approx(5.0))
    overlap = checked(path, [*sound, *records(noise(rng), later_ns - 2 * SECOND_NS)])
    assert overlap.overlap_s == pytest.approx(2.0)
    assert overlap.n_gaps == 0
    step = checked(path, [*sound, *records(wave, later_ns + 3_000_000)])
    assert step.problems() == ["1 clock steps"]
    slower = checked(path, [*sound, *records(wave, later_ns, rate_hz=50.0)])
    assert slower.rates_hz == (50.0, 100.0)
    assert slower.n_rate_changes == 1
    broken = bytearray(sound[2])
    broken[300] ^= 0x10
    damaged = checked(path, [*sound[:2], bytes(broken), *sound[3:]])
    assert damaged.n_damaged == 1
    assert damaged.n_gaps == 1


def test_the_same_file_under_two_names_is_told_as_records_twice(tmp_path, rng):
    content = records(noise(rng))
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"".join(content))
    (report,), not_used = check_waveforms([tmp_path / "one", tmp_path / "two"])
    assert not_used == []
    assert (report.n_duplicates, report.n_overlaps) == (len(content), 0)
    assert report.n_samples == 12_000


def test_dead_flat_clipped_and_spiky_channels(tmp_path, rng):
    path = tmp_path / "one.mseed"
    assert checked(path, records(np.full(6000, 7))).problems() == ["dead: its value never changes"]
    wave = noise(rng)
    wave[3000:4000] = wave[3000]
    assert checked(path, records(wave)).flat_s == pytest.approx(10.0, abs=0.05)
    swing = 1e5 * np.sin(np.arange(12_000) / 20.0) + rng.normal(0.0, 100.0, 12_000)
    assert checked(path, records(np.clip(swing, -6e4, 6e4))).is_clipped
    wave = noise(rng)
    wave[[2000, 7000]] += 1e5
    assert checked(path, records(wave)).n_spikes == 2


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e6))
def test_gain_and_sign_change_neither_spikes_nor_flats(seed, gain):
    wave = np.random.default_rng(seed).normal(0.0, 1.0, 400)
    wave[100:130] = wave[100]
    wave[250] += 1000.0
    assert count_spikes(wave) == count_spikes(-gain * wave) == 1
    assert flat_duration_s(wave, 1.0) == flat_duration_s(-gain * wave, 1.0) == 30.0


def test_an_onset_is_no_spike(rng):
    wave = rng.normal(0.0, 1.0, 4000)
    wave[2000:] += 1000.0 * np.exp(-np.arange(2000) / 400.0) * rng.normal(0.0, 1.0, 2000)
    assert count_spikes(wave) == 0


def test_a_step_is_no_spike(rng):
    wave = rng.normal(0.0, 1.0, 400)
    wave[200:] += 1000.0
    assert count_spikes(wave) == 0


@pytest.mark.parametrize("name", sorted(MAXIMUM_CURVATURE))
def test_completeness_is_the_stated_one(data_dir, rng, name):
    raw = read_raw_catalogue(data_dir / "catalogs" / f"{name}.parquet")
    report = check_catalogue(raw, rng)
    assert report.completeness.magnitude == MAXIMUM_CURVATURE[name]
    assert report.completeness.low <= report.completeness.magnitude <= report.completeness.high
    assert (report.n_out_of_order, report.impossible) == (0, {})


def test_what_is_known_of_two_world_catalogues(data_dir, rng):
    folder = data_dir / "catalogs"
    usgs = check_catalogue(
        read_raw_catalogue(folder / "global_usgs_m50_2013_2023_train.parquet"), rng
    )
    assert len(usgs.magnitude_types) == 11
    assert usgs.fixed_depths["10"] > 0.2  # the NEIC fixes shallow depths at 10 km
    path = folder / "global_gcmt_train.parquet"
    n_same = int(pd.read_parquet(path).duplicated().sum())
    assert check_catalogue(read_raw_catalogue(path), rng).n_close_pairs >= n_same > 1000


def catalogue(rng: np.random.Generator, n: int = 2000) -> RawCatalogue:
    start = pd.Timestamp("2020-01-01", tz="UTC")
    seconds = np.cumsum(rng.exponential(3600.0, n) + 10.0)
    table = pd.DataFrame(
        {
            "event_id": [f"e{row}" for row in range(n)],
            "time": start + pd.to_timedelta(seconds, unit="s").round("us"),
            "longitude": rng.uniform(10.0, 12.0, n),
            "latitude": rng.uniform(40.0, 42.0, n),
            "depth_km": rng.uniform(1.0, 20.0, n),
            "magnitude": rng.exponential(0.4343, n) + 1.0,
            "magnitude_type": "ML",
        }
    )
    return RawCatalogue(table, True, {})


def test_a_sound_catalogue_has_no_problems_and_a_spoiled_one_all(rng):
    raw = catalogue(rng)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert check_catalogue(raw, rng, now=now).problems() == []
    table = raw.table.copy()
    again = table.iloc[[500]].assign(event_id="other", magnitude=table["magnitude"][500] + 0.2)
    table = pd.concat([table, again, table.iloc[[700]]], ignore_index=True)  # two are late
    table.loc[10, "latitude"] = 91.0
    table.loc[11, ["longitude", "latitude"]] = 0.0
    table.loc[12, "time"] = pd.NaT
    table.loc[1000:, "time"] += pd.Timedelta(days=4)
    table.loc[:400, "depth_km"] = 10.0
    table.loc[:5, "magnitude_type"] = "mb"
    report = check_catalogue(RawCatalogue(table, True, {"depth_km": 3}), rng, now=now)
    assert report.n_repeated_ids == 1
    assert report.impossible == {
        "depth_km is no number": 3,
        "latitude outside -90 to 90": 1,
        "no usable time": 1,
        "longitude and latitude both 0": 1,
    }
    assert report.n_out_of_order >= 1
    assert report.fixed_depths["10"] == pytest.approx(0.2, abs=0.01)
    assert report.magnitude_types == {"ML": 1996, "mb": 6}
    assert report.gaps[0]["days"] == pytest.approx(4.0, abs=0.3)


def test_one_earthquake_in_two_bulletins_is_a_close_pair(rng):
    raw = catalogue(rng)
    other = raw.table.iloc[[500]].copy()
    other["event_id"], other["time"] = "other", other["time"] + pd.Timedelta(seconds=1.5)
    other["latitude"] += 0.1
    table = pd.concat([raw.table, other]).sort_values("time")
    assert check_catalogue(RawCatalogue(table, True, {}), rng).close_pairs == (("e500", "other"),)


def test_completeness_of_a_known_law(rng):
    magnitudes = rng.exponential(0.4343, 40_000)
    kept = magnitudes[rng.random(40_000) < 1.0 / (1.0 + np.exp(-(magnitudes - 1.0) / 0.1))]
    found = completeness(kept, rng)
    assert found.magnitude == pytest.approx(1.1, abs=0.15)  # 50 % are seen at 1, nearly all at 1.3
    assert "low by 0.1 to 0.3" in found.caveat
    cut = completeness(magnitudes[magnitudes >= 2.0], rng)
    assert "was cut there" in cut.caveat
    assert completeness(kept[:10], rng) is None


def test_labelled_traces_are_as_their_notes_say(data_dir, rng):
    report = check_dataset(data_dir / "waveforms", rng)
    assert report.n_checksums == 4
    assert report.wrong_checksums == {}
    labels = report.labelled
    assert (labels.n_traces, labels.n_missing_components, labels.n_dead) == (1566, 28, 0)
    assert (labels.labels_outside, labels.n_s_before_p) == ({}, 0)
    assert labels.events_across_splits == ()
    assert labels.splits == {"train": 1269, "dev": 297}


def test_spoiled_labels_and_leaks_are_told(data_dir, rng):
    dataset = open_dataset(data_dir / "waveforms")
    table = dataset.metadata.copy()
    both = table.index[
        table[["trace_p_arrival_sample", "trace_s_arrival_sample"]].notna().all(axis=1)
    ]
    table.loc[both[0], "trace_s_arrival_sample"] = table.loc[both[0], "trace_p_arrival_sample"] - 1
    table.loc[both[1], "trace_p_arrival_sample"] = -3.0
    table.loc[both[2], "trace_s_arrival_sample"] = 1e6
    event = table["source_id"].value_counts().index[0]
    rows = table.index[table["source_id"] == event]
    table.loc[rows[0], "split"] = "dev" if table.loc[rows[0], "split"] == "train" else "train"
    report = check_labelled(dataset.with_metadata(table), rng, most_read=100)
    assert report.n_read == 100
    assert report.n_s_before_p == 1
    assert report.labels_outside == {"trace_p_arrival_sample": 1, "trace_s_arrival_sample": 1}
    assert report.events_across_splits == (event,)


def test_nothing_to_check(tmp_path, rng):
    with pytest.raises(NothingFoundError):
        check_dataset(tmp_path, rng)
    with pytest.raises(SourceError, match="does not exist"):
        check_dataset(tmp_path / "absent", rng)
