"""Measures of records, in the names and units of the package."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError
from mainshock.shaking.measures import FAS_FREQUENCIES_HZ, MEASURES, PSA_PERIODS_S
from mainshock.shaking.record_measures import measure_records, measure_waveforms
from mainshock.shaking.records import open_records

N_FAS = len(FAS_FREQUENCIES_HZ)


def column(name: str) -> int:
    return MEASURES.index(name)


def records_of(path: Path, acceleration: np.ndarray, rate_hz: float, **columns: float) -> Path:
    """A pair of files with these records, all of one made-up event and site."""
    with h5py.File(path, "w") as file:
        scale = np.abs(acceleration).max(axis=(1, 2)) / 32000.0
        file["waveforms"] = np.round(acceleration / scale[:, None, None]).astype(np.int16)
        file["scale"] = scale.astype(np.float32)
        file.attrs.update({"dt": 1.0 / rate_hz, "t_start_rel_origin_s": 0.0})
    place = {"mag": 3.0, "depth_km": 5.0, "ev_lon": 0.0, "ev_lat": 0.0, "sta_lon": 0.1}
    table = pd.DataFrame(
        [{"idx": i, "sta_lat": 0.0, **place, **columns} for i in range(len(scale))]
    )
    table.to_csv(path.with_suffix(".csv"), index=False)
    return path


def test_amplitudes_are_those_of_the_east_component_by_its_formula(rng):
    record = rng.normal(size=(1, 3, 1600))
    frequency = np.fft.rfftfreq(1600, 0.02)
    amplitude = np.abs(np.fft.rfft(record[0, 0])) * 0.02
    measured = measure_waveforms(record, 50.0)[0, :N_FAS]
    for value, centre in zip(measured, FAS_FREQUENCIES_HZ, strict=True):
        inside = (frequency >= centre / 1.12) & (frequency <= centre * 1.12)
        assert value == pytest.approx(np.log(np.sqrt(np.mean(amplitude[inside] ** 2))))


def test_a_gain_adds_its_logarithm_and_the_vertical_counts_for_nothing(rng):
    record = rng.normal(size=(2, 3, 800))
    louder = 10.0 * record
    louder[:, 2] = 0.0
    np.testing.assert_allclose(
        measure_waveforms(louder, 50.0), measure_waveforms(record, 50.0) + np.log(10.0)
    )


def test_peaks_of_a_sine_along_one_direction():
    time_s = np.arange(2000) / 100.0
    sine = np.sin(2.0 * np.pi * time_s)
    record = np.stack([sine, np.zeros(2000), np.zeros(2000)])[None]
    measured = measure_waveforms(record, 100.0)[0]
    median_direction = np.cos(np.radians(45.0))  # half of all directions see more
    assert np.exp(measured[column("ln_pga")]) == pytest.approx(median_direction, rel=1e-3)
    # 1 s is the period of the sine: resonance at 5 % damping
    assert np.exp(measured[column("ln_psa_1s")]) == pytest.approx(10 * median_direction, rel=0.01)


def test_what_a_record_cannot_carry_is_missing(rng):
    measured = measure_waveforms(rng.normal(size=(1, 3, 75)), 31.25)[0]  # 2.4 s
    is_missing = dict(zip(MEASURES, np.isnan(measured), strict=True))
    assert [name for name, missing in is_missing.items() if missing] == [
        "ln_fas_1hz",
        "ln_fas_15hz",
        "ln_fas_20hz",
        "ln_psa_0.1s",
        "ln_psa_3s",
    ]


def test_silence_and_gaps_are_missing():
    records = np.zeros((2, 3, 400))
    records[1, 0, 5] = np.nan
    assert np.isnan(measure_waveforms(records, 50.0)).all()


def test_files_and_arrays_agree(tmp_path, rng):
    acceleration = 1e-3 * rng.normal(size=(3, 3, 500))
    records = open_records(records_of(tmp_path / "x.h5", acceleration, 50.0))
    # 0.1 %: 16 bits
    np.testing.assert_allclose(
        measure_records(records), measure_waveforms(acceleration, 50.0), rtol=1e-3
    )


def test_drift_below_the_corner_of_a_record_does_not_count_as_velocity(tmp_path, rng):
    time_s = np.arange(3000) / 50.0
    burst = np.hanning(3000) * np.cos(2.0 * np.pi * time_s)
    acceleration = np.tile(burst, (1, 3, 1))
    drifting = acceleration + 0.03 * np.cos(2.0 * np.pi * time_s / 60.0)
    place = column("ln_pgv")
    clean = measure_waveforms(acceleration, 50.0)[0, place]
    kept = open_records(records_of(tmp_path / "kept.h5", drifting, 50.0))
    passed = open_records(records_of(tmp_path / "passed.h5", drifting, 50.0, hp_hz=0.2))
    assert measure_records(kept)[0, place] > clean + 0.5
    assert measure_records(passed)[0, place] == pytest.approx(clean, abs=0.1)


def test_shapes_that_are_no_records_are_refused():
    with pytest.raises(DataError, match="n_records, 3, n"):
        measure_waveforms(np.ones((3, 100)), 50.0)
    with pytest.raises(DataError, match="three components"):
        measure_waveforms(np.ones((1, 2, 100)), 50.0)


def test_real_records_have_the_values_of_their_table(data_dir: Path):
    records = open_records(data_dir / "groundmotion" / "real_waveforms.h5")
    records = records.take(np.arange(0, len(records), 6))
    measured = measure_records(records)
    table = records.table
    columns = {f"ln_psa_{one:g}s": f"psa_{one:g}" for one in PSA_PERIODS_S}
    columns |= {"ln_pga": "pga_rotd50"}
    for name, theirs in columns.items():
        difference = measured[:, column(name)] - np.log(table[theirs].to_numpy())
        held = np.isfinite(difference)
        assert held.any()
        # short periods of the table were not oversampled: it misses crests, never ours
        assert np.quantile(difference[held], 0.05) > -0.005
        if name in {"ln_psa_1s", "ln_psa_2s", "ln_psa_3s", "ln_pga"}:
            assert np.abs(difference[held]).max() < 0.03
    # the table adds samples up where ours takes trapezoids: they differ near the Nyquist
    # frequency, and not where the record has little there
    smooth = table["sampling_rate"].to_numpy() >= 100.0
    velocity = measured[:, column("ln_pgv")] - np.log(table["pgv_rotd50"].to_numpy())
    assert np.abs(velocity[smooth]).max() < 0.03
