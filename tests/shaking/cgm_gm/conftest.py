"""A small file of made-up records."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from mainshock.shaking.records import GroundMotionRecords, open_records

N_EVENTS, N_STATIONS, N_SAMPLES, RATE_HZ = 20, 4, 400, 50.0


@pytest.fixture
def write_small_records(tmp_path: Path) -> Callable[..., GroundMotionRecords]:
    """Write noise that decays with time and grows with magnitude."""

    def write(name: str = "small", loud_events: tuple[str, ...] = ()) -> GroundMotionRecords:
        rng = np.random.default_rng(5)
        event, station = np.divmod(np.arange(N_EVENTS * N_STATIONS), N_STATIONS)
        magnitude = rng.uniform(1.5, 3.5, N_EVENTS)[event]
        table = pd.DataFrame(
            {
                "idx": np.arange(event.size),
                "event": [f"e{one}" for one in event],
                "station": [f"s{one}" for one in station],
                "mag": magnitude,
                "depth_km": rng.uniform(3.0, 12.0, N_EVENTS)[event],
                "ev_lon": rng.uniform(-122.5, -121.7, N_EVENTS)[event],
                "ev_lat": rng.uniform(37.4, 38.1, N_EVENTS)[event],
                "sta_lon": rng.uniform(-122.5, -121.7, N_STATIONS)[station],
                "sta_lat": rng.uniform(37.4, 38.1, N_STATIONS)[station],
            }
        )
        decay = np.exp(-np.arange(N_SAMPLES) / 80.0)
        shape = (event.size, 3, N_SAMPLES)
        samples = (rng.normal(size=shape) * decay * 2000).astype(np.int16)
        scale = 10.0 ** (magnitude - 9.0)
        scale[np.isin(table["event"], loud_events)] *= 1e4
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file.attrs.update(dt=1.0 / RATE_HZ, t_start_rel_origin_s=-2.0, kind="SYNTHETIC noise")
            file["waveforms"] = samples
            file["scale"] = scale.astype(np.float32)
        return open_records(tmp_path / f"{name}.h5")

    return write


@pytest.fixture
def small_records(write_small_records: Callable[..., GroundMotionRecords]) -> GroundMotionRecords:
    """Eighty records of 8 s."""
    return write_small_records()
