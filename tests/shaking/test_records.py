"""Sets of records in both forms, real and synthetic."""

import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError
from mainshock.shaking.record_writers import write_records
from mainshock.shaking.records import open_records

sys.path.insert(0, str(Path(__file__).parent))
from made_records import labelled, several


def test_the_real_set_gives_the_peaks_of_its_table(data_dir):
    records = open_records(data_dir / "groundmotion" / "real_waveforms.h5")
    assert not records.is_synthetic
    some = records.take(np.arange(0, len(records), 25))
    for record, (_, row) in zip(some, some.table.iterrows(), strict=True):
        assert record.sampling_rate_hz == row["sampling_rate"]
        peak = np.abs(record.acceleration[2]).max()
        assert peak == pytest.approx(row["pga_z"], rel=0.02)
    assert (records.scenarios.depth_km[records.table["source"] == "openeew"] == 15.0).all()


def test_the_synthetic_set_says_so_and_has_one_start(data_dir):
    records = open_records(data_dir / "groundmotion" / "synthetic_sfba_like.csv")
    assert records.is_synthetic
    record = next(iter(records))
    assert record.acceleration.shape == (3, 1600)
    assert record.acceleration.dtype == np.float32
    assert (record.sampling_rate_hz, record.start_rel_origin_s) == (50.0, -2.0)
    some = records.take(records.scenarios.station == records.scenarios.station[0])
    assert set(some.table["station"]) == {records.table["station"][0]}


def test_components_in_another_order_are_put_right(tmp_path):
    path = tmp_path / "set.h5"
    write_records(several(1), path)
    with h5py.File(path, "a") as file:
        data = next(iter(file["waveforms"].values()))
        data.attrs["components"] = "ZNE"
    (record,) = open_records(path)
    np.testing.assert_array_equal(record.acceleration, labelled().record.acceleration[::-1])


def test_names_of_records_that_look_like_numbers_are_found(tmp_path):
    path = tmp_path / "set.h5"
    write_records(several(1), path)
    with h5py.File(path, "a") as file:
        (name,) = file["waveforms"]
        file["waveforms"].move(name, "007")
    table = pd.read_csv(path.with_suffix(".csv"))
    table.assign(rec_id="007").to_csv(path.with_suffix(".csv"), index=False)
    (record,) = open_records(path)
    np.testing.assert_array_equal(record.acceleration, labelled().record.acceleration)


def test_half_a_pair_is_told(tmp_path):
    write_records(several(1), tmp_path / "set.h5")
    (tmp_path / "set.csv").unlink()
    with pytest.raises(DataError, match=r"set\.csv does not exist"):
        open_records(tmp_path / "set.h5")
    with pytest.raises(DataError, match="0 pairs"):
        open_records(tmp_path)
