import h5py
import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError, SourceError
from mainshock.sources.seisbench_format import open_seisbench


@pytest.fixture
def folder(tmp_path):
    """A synthetic data set with a bucket in the order E, N, Z and one trace of its own."""
    bucket = np.arange(2 * 3 * 100, dtype=np.float32).reshape(2, 3, 100)
    with h5py.File(tmp_path / "waveforms.hdf5", "w") as file:
        file["data/bucket0"] = bucket
        file["data/lonely"] = bucket[0, :, :40]
        file["data_format/component_order"] = "ENZ"
        file["data_format/dimension_order"] = "CW"
        file["data_format/sampling_rate"] = 100.0
    names = ["bucket0$1,:3,:80", "lonely"]
    pd.DataFrame({"trace_name": names}).to_csv(tmp_path / "metadata.csv", index=False)
    return tmp_path


def test_traces_come_in_the_order_z_n_e_and_their_own_length(folder):
    dataset = open_seisbench(folder)
    first, second = dataset.waveforms(list(dataset.metadata["trace_name"]))
    assert first.shape == (3, 80)
    assert second.shape == (3, 40)
    assert first[0, 0] == 500.0  # Z is the last row of the file
    assert first[2, 0] == 300.0


def test_unknown_trace_is_told(folder):
    with pytest.raises(DataError, match="nosuch"):
        open_seisbench(folder).waveform("nosuch")


@pytest.mark.parametrize("name", ["metadata.csv", "waveforms.hdf5"])
def test_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(SourceError, match=name):
        open_seisbench(folder)


def test_metadata_without_names_is_refused(folder):
    (folder / "metadata.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="trace_name"):
        open_seisbench(folder)


# SeisBench still uses a keyword that pandas 3.1 deprecates
@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_agrees_with_seisbench_on_real_data(data_dir):
    seisbench_data = pytest.importorskip("seisbench.data")
    theirs = seisbench_data.WaveformDataset(data_dir / "waveforms", component_order="ZNE")
    ours = open_seisbench(data_dir / "waveforms")
    for index in (0, 700, 1500):
        name = str(ours.metadata["trace_name"].iloc[index])
        np.testing.assert_array_equal(ours.waveform(name), theirs.get_waveforms(index))
