"""``mainshock detect evaluate`` on odd input: a score or a clear error, never a traceback."""

import h5py
import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def dataset(tmp_path):
    """A synthetic data set of two traces of noise, one of them labelled as an earthquake."""
    folder = tmp_path / "data"
    folder.mkdir()
    samples = np.random.default_rng(0).normal(size=(2, 3, 3001)).astype(np.float32)
    with h5py.File(folder / "waveforms.hdf5", "w") as file:
        file["data/b3001"] = samples
        file["data_format/component_order"] = "ZNE"
        file["data_format/dimension_order"] = "CW"
        file["data_format/sampling_rate"] = 100.0
    pd.DataFrame(
        {
            "trace_name": ["b3001$0,:3,:3001", "b3001$1,:3,:3001"],
            "trace_category": ["earthquake_local", "noise"],
            "trace_dataset": ["synthetic", "noise_synthetic"],
            "trace_p_arrival_sample": [1500.0, np.nan],
            "trace_s_arrival_sample": [np.nan, np.nan],
        }
    ).to_csv(folder / "metadata.csv", index=False)
    return folder


def windows(folder, **columns):
    path = folder / "windows.csv"
    table = {"trace_name": ["b3001$0,:3,:3001", "b3001$1,:3,:3001"], "start_sample": [0, 0]}
    pd.DataFrame({**table, "npts": [3001, 3001], **columns}).to_csv(path, index=False)
    return path


def test_scores_without_a_single_hit_are_printed(command, dataset):
    result = command("detect", "evaluate", "default", dataset, "--windows", windows(dataset))
    assert result.exit_code == 0
    assert "mean absolute error none" in result.stdout


def test_an_absent_windows_file_is_a_clear_error(command, dataset):
    result = command("detect", "evaluate", "default", dataset, "--windows", dataset / "no.csv")
    assert result.exit_code == 1
    assert "cannot read the windows" in result.stderr


def test_a_window_without_start_is_told_by_its_line(command, dataset):
    path = windows(dataset, start_sample=[0, "soon"])
    result = command("detect", "evaluate", "default", dataset, "--windows", path)
    assert result.exit_code == 1
    assert "first in line 3" in result.stderr
