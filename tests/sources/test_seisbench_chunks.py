"""SeisBench datasets in chunks; all files are synthetic, in exactly that layout."""

import h5py
import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError, SourceError
from mainshock.sources.labelled_datasets import label_columns, open_dataset
from mainshock.sources.seisbench_format import SeisBenchDataset, open_seisbench

# SeisBench still uses a keyword that pandas 3.1 deprecates
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")


def write_chunk(folder, chunk, rng, rows=None, **data_format):
    """A bucket of two traces and one trace of its own, as SeisBench writes them."""
    form = {"component_order": "ENZ", "dimension_order": "CW", "sampling_rate": 100.0}
    with h5py.File(folder / f"waveforms{chunk}.hdf5", "w") as file:
        file["data/bucket0"] = rng.normal(size=(2, 3, 100))
        file["data/event/alone"] = rng.normal(size=(3, 60))
        for key, value in (form | data_format).items():
            if value is not None:
                file[f"data_format/{key}"] = value
    rows = rows or {"trace_name": ["bucket0$0,:3,:80", "bucket0$1,:3,:100", "event/alone"]}
    pd.DataFrame(rows).to_csv(folder / f"metadata{chunk}.csv", index=False)


def assert_same_as_seisbench(folder):
    seisbench_data = pytest.importorskip("seisbench.data")
    theirs = seisbench_data.WaveformDataset(folder, component_order="ZNE")
    ours = open_seisbench(folder)
    stored = "trace_name_in_chunk" if "trace_name_in_chunk" in ours.metadata else "trace_name"
    assert ours.metadata[stored].tolist() == theirs.metadata["trace_name"].tolist()
    np.testing.assert_allclose(ours.rates_hz(), theirs.metadata["trace_sampling_rate_hz"])
    names = ours.metadata["trace_name"].tolist()
    for index, samples in enumerate(ours.waveforms(names)):
        expected = theirs.get_waveforms(index).astype(np.float32)
        np.testing.assert_array_equal(samples, expected)
    return ours


@pytest.mark.parametrize("chunks", [("_B", "_A"), ("A", "B"), ("2019", "_noise1")])
@pytest.mark.parametrize("is_listed", [True, False])
def test_chunks_read_as_seisbench_reads_them(tmp_path, rng, chunks, is_listed):
    for chunk in chunks:
        write_chunk(tmp_path, chunk, rng)
    if is_listed:
        (tmp_path / "chunks").write_text("\n".join([*chunks, "", ""]))
    ours = assert_same_as_seisbench(tmp_path)
    first = sorted(chunks)[0]
    assert ours.metadata["trace_chunk"].tolist() == [first] * 3 + [sorted(chunks)[1]] * 3
    assert ours.metadata["trace_name"].iloc[2] == f"{first}/event/alone"
    assert ours.metadata["trace_name"].is_unique


def test_names_that_differ_between_chunks_stay(tmp_path, rng):
    write_chunk(tmp_path, "_A", rng, {"trace_name": ["bucket0$1,:3,:50"]})
    write_chunk(tmp_path, "_B", rng, {"trace_name": ["event/alone"]})
    ours = assert_same_as_seisbench(tmp_path)
    assert ours.metadata["trace_name"].tolist() == ["bucket0$1,:3,:50", "event/alone"]
    fewer = ours.with_metadata(ours.metadata.iloc[1:])
    assert fewer.waveform("event/alone").shape == (3, 60)
    with pytest.raises(DataError, match="nosuch"):
        fewer.waveform("nosuch")


def test_a_whole_dataset_has_no_chunks(tmp_path, rng):
    write_chunk(tmp_path, "", rng)
    write_chunk(tmp_path, "_A", rng)
    ours = assert_same_as_seisbench(tmp_path)
    assert len(ours) == 3
    assert "trace_chunk" not in ours.metadata


def test_one_chunk_may_be_chosen(tmp_path, rng):
    for chunk in ("_A", "_B"):
        write_chunk(tmp_path, chunk, rng)
    assert len(open_seisbench(tmp_path, ["_B"])) == 3
    with pytest.raises(SourceError, match="metadata_C"):
        open_seisbench(tmp_path, ["_C"])
    with pytest.raises(SourceError, match="at least one"):
        open_seisbench(tmp_path, [])


def test_missing_chunk_is_named_with_its_remedy(tmp_path, rng):
    write_chunk(tmp_path, "_A", rng)
    (tmp_path / "chunks").write_text("_A\n_B\n")
    with pytest.raises(SourceError, match=r"metadata_B\.csv is not there.*take the chunk out"):
        open_seisbench(tmp_path)


def test_a_file_without_partner_is_told(tmp_path, rng, caplog):
    write_chunk(tmp_path, "_A", rng)
    write_chunk(tmp_path, "_B", rng)
    (tmp_path / "waveforms_B.hdf5").unlink()
    (tmp_path / "chunks").write_text("\n")
    assert len(open_seisbench(tmp_path)) == 3
    assert "metadata_B.csv without partner" in caplog.text


@pytest.mark.parametrize(
    "columns",
    [
        {"trace_sampling_rate_hz": [200.0, 50.0]},
        {"trace_dt_s": [0.005, 0.02]},
        {"trace_sampling_rate_hz": [200.0, None], "trace_dt_s": [0.005, 0.02]},
    ],
)
@pytest.mark.parametrize("stated", [100.0, None])
def test_rates_of_rows_win(tmp_path, rng, columns, stated):
    rows = {"trace_name": ["bucket0$0,:,:", "event/alone"], **columns}
    write_chunk(tmp_path, "", rng, rows, sampling_rate=stated)
    ours = assert_same_as_seisbench(tmp_path)
    assert ours.metadata["trace_sampling_rate_hz"].tolist() == [200.0, 50.0]
    np.testing.assert_equal(ours.sampling_rate_hz, stated or np.nan)


def test_rate_of_the_file_fills_the_table(tmp_path, rng):
    write_chunk(tmp_path, "", rng, sampling_rate=250)
    assert set(assert_same_as_seisbench(tmp_path).metadata["trace_sampling_rate_hz"]) == {250.0}


def test_one_rate_of_all_rows_is_that_of_the_dataset(tmp_path, rng):
    rows = {"trace_name": ["event/alone"], "trace_dt_s": [0.02]}
    write_chunk(tmp_path, "", rng, rows, sampling_rate=None)
    assert open_seisbench(tmp_path).sampling_rate_hz == 50.0


def test_each_row_may_order_its_components(tmp_path, rng):
    names = ["bucket0$0,:,:", "bucket0$1,:1,:", "bucket0$1,:2,:", "event/alone"]
    rows = {"trace_name": names, "trace_component_order": ["ZNE", "Z", "EZ", "NEZ"]}
    write_chunk(tmp_path, "", rng, rows)
    write_chunk(tmp_path, "_unused", rng)
    ours = assert_same_as_seisbench(tmp_path)
    assert not ours.waveform(names[1])[1:].any()


def test_components_in_an_array_and_hydrophones(tmp_path, rng):
    order = np.array([b"Z", b"1", b"2", b"H"])
    write_chunk(tmp_path, "", rng, component_order=order)
    with h5py.File(tmp_path / "waveforms.hdf5", "a") as file:
        file["data/bottom"] = np.arange(8.0).reshape(4, 2)
    ours = open_seisbench(tmp_path)
    np.testing.assert_array_equal(ours.waveform("bottom"), np.arange(6.0).reshape(3, 2))


def test_samples_may_come_first(tmp_path, rng):
    write_chunk(tmp_path, "", rng, {"trace_name": ["steps"]}, dimension_order="WC")
    with h5py.File(tmp_path / "waveforms.hdf5", "a") as file:
        file["data/steps"] = rng.normal(size=(70, 3))
    assert_same_as_seisbench(tmp_path)


@pytest.mark.parametrize("name", ["bucket0$-1,:,10:90", "bucket0$ 1, :3, ::2", "bucket0$0"])
def test_places_in_a_bucket_are_numpy_slices(tmp_path, rng, name):
    write_chunk(tmp_path, "", rng, {"trace_name": [name]})
    assert_same_as_seisbench(tmp_path)


@pytest.mark.parametrize(
    "name",
    ["bucket0$7,:3,:80", "bucket0$a,:3", "bucket0$1:2:3:4", "bucket0$0,,", "bucket0", "event"],
)
def test_impossible_places_are_told(tmp_path, rng, name):
    write_chunk(tmp_path, "", rng, {"trace_name": [name]})
    with pytest.raises(DataError, match=r"bucket0|event"):
        open_seisbench(tmp_path).waveform(name)


def test_swapped_dimensions_are_told(tmp_path, rng):
    write_chunk(tmp_path, "", rng, dimension_order="WC")
    with pytest.raises(DataError, match="60 components and 3 samples"):
        open_seisbench(tmp_path).waveform("event/alone")


def test_codes_stay_text(tmp_path, rng):
    rows = {
        "trace_name": ["bucket0$0,:,:", "event/alone"],
        "station_network_code": ["NA", ""],
        "station_code": ["0012", "0013"],
    }
    write_chunk(tmp_path, "", rng, rows)
    table = open_seisbench(tmp_path).metadata
    assert table["station_network_code"].iloc[0] == "NA"
    assert table["station_network_code"].isna().tolist() == [False, True]
    assert table["station_code"].tolist() == ["0012", "0013"]


def test_rows_of_an_unknown_chunk_are_told(tmp_path, rng):
    for chunk in ("_A", "_B"):
        write_chunk(tmp_path, chunk, rng)
    ours = open_seisbench(tmp_path)
    table = ours.metadata.assign(trace_chunk="_C")
    with pytest.raises(DataError, match="_C"):
        ours.with_metadata(table).waveform(table["trace_name"].iloc[0])
    with pytest.raises(DataError, match="None"):
        ours.with_metadata(table.drop(columns="trace_chunk")).waveform("x")


def test_a_copy_in_one_file_forgets_its_chunks(tmp_path, rng):
    rows = {"trace_name": ["event/alone"], "trace_chunk": ["_A"]}
    write_chunk(tmp_path, "", rng, rows)
    ours = SeisBenchDataset(tmp_path / "waveforms.hdf5", pd.DataFrame(rows))
    assert ours.waveform("event/alone").shape == (3, 60)


def test_labels_of_other_phase_names_are_found(tmp_path, rng):
    rows = {
        "trace_name": ["bucket0$0,:,:", "bucket0$1,:,:", "event/alone"],
        "trace_Pg_arrival_sample": [40.0, None, None],
        "trace_Pn_arrival_sample": [30.0, 20.0, None],
        "trace_S_arrival_sample": [60.0, None, None],
    }
    write_chunk(tmp_path, "", rng, rows)
    table = open_dataset(tmp_path).metadata
    np.testing.assert_equal(table["trace_p_arrival_sample"].tolist(), [30.0, 20.0, np.nan])
    np.testing.assert_equal(table["trace_s_arrival_sample"].tolist(), [60.0, np.nan, np.nan])
    assert table["trace_category"].tolist() == ["earthquake_local"] * 2 + ["noise"]
    assert table["trace_p_unlabelled"].tolist() == [False, False, False]
    assert table["trace_s_unlabelled"].tolist() == [False, True, False]
    assert set(table["trace_dataset"]) == {tmp_path.name}


def test_columns_that_are_there_stay(data_dir):
    table = open_seisbench(data_dir / "waveforms").metadata
    pd.testing.assert_frame_equal(label_columns(table, "other"), table)
