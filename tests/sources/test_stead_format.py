"""STEAD: real rows of its metadata; the waveforms, in exactly its layout, are synthetic."""

import h5py
import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.sources.labelled_datasets import open_dataset, split_by_event
from mainshock.sources.stead_format import is_stead, open_stead, stead_columns

NOISE = {
    "trace_name": "109C.TA_201510210555_NO",
    "network_code": "TA",
    "receiver_code": "109C",
    "receiver_latitude": 32.8889,
    "receiver_longitude": -117.1051,
    "p_arrival_sample": None,
    "trace_category": "noise",
}


@pytest.fixture
def real_rows(data_dir):
    """Real rows of STEAD, with the columns that this sample lacks (synthetic)."""
    table = pd.read_csv(
        data_dir / "location" / "stead100" / "metadata.csv", dtype={"source_id": str}
    )
    return table.assign(
        trace_category="earthquake_local", coda_end_sample="[[3000.]]", receiver_type="BH"
    )


def write_pair(folder, stem, table, rng):
    waveforms = {}
    with h5py.File(folder / f"{stem}.hdf5", "w") as file:
        for name in table["trace_name"]:
            waveforms[name] = rng.normal(size=(6000, 3)).astype(np.float32)
            file[f"data/{name}"] = waveforms[name]
    table.to_csv(folder / f"{stem}.csv", index=False)
    return waveforms


def test_back_azimuths_of_real_rows_are_put_right(real_rows):
    table = stead_columns(real_rows)
    # the reference is rounded to 0.01 degrees and took the same ellipsoid
    error = table["path_back_azimuth_deg"] - real_rows["true_back_azimuth_deg"]
    assert np.abs((error + 180.0) % 360.0 - 180.0).max() < 0.02
    assert (
        table["path_back_azimuth_was_flipped"].tolist() == real_rows["field_flipped_180"].tolist()
    )
    assert table["path_back_azimuth_original_deg"].equals(
        real_rows["back_azimuth_deg"].rename("path_back_azimuth_original_deg")
    )
    assert 0 < table["path_back_azimuth_was_flipped"].sum() < len(table)


def test_columns_bear_seisbench_names_and_numbers(real_rows):
    row = stead_columns(real_rows).iloc[0]
    assert row["trace_p_arrival_sample"] == 700.0
    assert row["trace_s_arrival_sample"] == 1894.0
    assert row["trace_coda_end_sample"] == 3000.0
    assert (row["station_network_code"], row["station_code"]) == ("TA", "109C")
    assert row["path_ep_distance_km"] == 102.09
    assert row["source_latitude_deg"] == 33.7496
    assert row["trace_dataset"] == "stead"
    ratios = [row[f"trace_{letter}_snr_db"] for letter in "ENZ"]
    np.testing.assert_allclose(ratios, [56.79999924, 55.40000153, 47.40000153])
    assert row["trace_snr_db"] == pytest.approx(np.mean(ratios))


@pytest.mark.parametrize("text", ["[40. inf 39.]", "[ nan 41.  39.]", "None", ""])
def test_ratios_that_are_no_numbers_are_absent(real_rows, text):
    row = stead_columns(real_rows.head(1).assign(snr_db=text)).iloc[0]
    assert np.isnan(row["trace_snr_db"])


def test_merged_file_reads_as_seisbench_would_convert_it(tmp_path, real_rows, rng):
    rows = pd.concat([real_rows.head(3), pd.DataFrame([NOISE])], ignore_index=True)
    waveforms = write_pair(tmp_path, "merge", rows, rng)
    dataset = open_dataset(tmp_path)
    names = dataset.metadata["trace_name"].tolist()
    for name, samples in zip(names, dataset.waveforms(names), strict=True):
        np.testing.assert_array_equal(samples, waveforms[name].T[[2, 1, 0]])
    assert dataset.sampling_rate_hz == 100.0
    assert set(dataset.rates_hz()) == {100.0}
    noise = dataset.metadata.iloc[3]
    assert np.isnan(noise["path_back_azimuth_deg"])
    assert not noise["path_back_azimuth_was_flipped"]
    assert not noise["trace_p_unlabelled"]
    assert "split" not in dataset.metadata


def test_chunks_are_joined_and_a_merged_file_wins(tmp_path, real_rows, rng, caplog):
    noise = write_pair(tmp_path, "chunk1", pd.DataFrame([NOISE]), rng)
    write_pair(tmp_path, "chunk2", real_rows.head(2), rng)
    dataset = open_stead(tmp_path)
    assert dataset.metadata["trace_chunk"].tolist() == ["chunk1", "chunk2", "chunk2"]
    name = NOISE["trace_name"]
    np.testing.assert_array_equal(dataset.waveform(name), noise[name].T[[2, 1, 0]])
    assert dataset.metadata["source_id"].tolist()[1:] == real_rows["source_id"].tolist()[:2]
    write_pair(tmp_path, "merged", real_rows.head(1), rng)
    assert len(open_stead(tmp_path)) == 1
    assert "only merged is read" in caplog.text


def test_chunk_without_waveforms_is_told(tmp_path, real_rows, rng, caplog):
    write_pair(tmp_path, "chunk2", real_rows.head(2), rng)
    real_rows.to_csv(tmp_path / "chunk3.csv", index=False)
    assert len(open_stead(tmp_path)) == 2
    assert "chunk3 without partner" in caplog.text
    (tmp_path / "chunk2.hdf5").unlink()
    with pytest.raises(SourceError, match="2 STEAD tables and 0 HDF5 files"):
        open_stead(tmp_path)


def test_text_in_place_of_a_sample_is_refused_and_elsewhere_told(real_rows, caplog):
    with pytest.raises(DataError, match="trace_p_arrival_sample holds 'late'"):
        stead_columns(real_rows.assign(p_arrival_sample="late"))
    table = stead_columns(real_rows.assign(source_depth_km="shallow"))
    assert table["source_depth_km"].isna().all()
    assert "source_depth_km: 70 cells are no numbers, such as 'shallow'" in caplog.text


def test_network_na_is_a_name(tmp_path, rng):
    write_pair(
        tmp_path,
        "chunk1",
        pd.DataFrame([NOISE | {"network_code": "NA"}]),
        rng,
    )
    assert open_stead(tmp_path).metadata["station_network_code"].tolist() == ["NA"]


def test_other_folders_are_not_stead(tmp_path, data_dir):
    assert not is_stead(data_dir / "waveforms")
    assert len(open_dataset(data_dir / "waveforms")) == 1566
    (tmp_path / "notes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match=r"holds no labelled dataset.*merge\.csv"):
        open_dataset(tmp_path)
    with pytest.raises(SourceError, match="not a folder"):
        open_dataset(tmp_path / "absent")


def events_table(n_events=200, n_stations=40):
    """Synthetic: 5 traces an event, 3 noise traces a station."""
    quakes = pd.DataFrame({"source_id": np.repeat(np.arange(n_events), 5)})
    quakes["trace_category"] = "earthquake_local"
    noise = pd.DataFrame({"station_code": np.repeat([f"S{i}" for i in range(n_stations)], 3)})
    noise["trace_category"] = "noise"
    return pd.concat([quakes, noise], ignore_index=True)  # source_id becomes float


def test_no_event_and_no_noise_station_is_in_two_splits():
    table = split_by_event(events_table(), {"train": 0.7, "dev": 0.1, "test": 0.2}, seed=3)
    assert table.groupby("source_id")["split"].nunique().max() == 1
    noise = table[table["trace_category"] == "noise"]
    assert noise.groupby("station_code")["split"].nunique().max() == 1
    for rows in (table, noise):
        shares = rows["split"].value_counts(normalize=True)
        # within half an event (5 of 1000 traces) or half a station (3 of 120)
        np.testing.assert_allclose(shares[["train", "dev", "test"]], [0.7, 0.1, 0.2], atol=0.026)


def test_the_split_hangs_on_seed_and_names_only(rng):
    table = events_table()
    first = split_by_event(table)["split"]
    shuffled = table.iloc[rng.permutation(len(table))]
    assert split_by_event(shuffled)["split"].sort_index().equals(first)
    as_text = table["source_id"].map(lambda cell: None if np.isnan(cell) else str(int(cell)))
    assert split_by_event(table.assign(source_id=as_text))["split"].equals(first)
    assert not split_by_event(table, seed=1)["split"].equals(first)


def test_real_rows_of_one_event_stay_together(real_rows):
    table = split_by_event(stead_columns(real_rows), {"train": 0.6, "dev": 0.2, "test": 0.2})
    assert table.groupby("source_id")["split"].nunique().max() == 1
    assert set(table["split"]) == {"train", "dev", "test"}


def test_an_event_without_id_goes_by_its_origin_time():
    table = events_table().assign(source_origin_time="2019-07-06T03:19:53", source_id=None)
    quakes = split_by_event(table).query("trace_category != 'noise'")
    assert quakes["split"].nunique() == 1


@pytest.mark.parametrize("shares", [{"train": 0.5}, {"train": 1.5, "dev": -0.5}, {"valid": 1.0}])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(SettingsError, match="the shares are"):
        split_by_event(events_table(), shares)


def test_rows_that_belong_to_nothing_are_told():
    table = events_table()
    with pytest.raises(DataError, match="120 of 1120 rows, first row 1000, have no station_code"):
        split_by_event(table.drop(columns="station_code"))
    with pytest.raises(DataError, match="source_id or source_origin_time"):
        split_by_event(table.drop(columns="source_id"))


def test_an_empty_split_is_told():
    with pytest.raises(DataError, match=r"split 'dev' with a share of 0\.05 gets no trace of 2"):
        split_by_event(events_table(n_events=2, n_stations=0))
