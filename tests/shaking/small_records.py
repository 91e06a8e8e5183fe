"""A small file of made-up records, and models that know how they were made up."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from mainshock.core.geo import geodesic_distance_km
from mainshock.shaking.base import Waveforms

RATE_HZ = 50.0
N_SAMPLES = 900
START_S = -1.0
LN_LEVEL = (-9.5, 1.6, -1.3)  # constant, of M, of ln R
SD = 0.5
_TAU = 0.3


def arrivals_s(distance_km):
    return distance_km / 6.0, distance_km / 3.5


def noise(level, distance_km, rng):
    """Three components of noise with a P and an S envelope."""
    p_s, s_s = arrivals_s(distance_km)
    times = START_S + np.arange(N_SAMPLES) / RATE_HZ
    after_p, after_s = np.maximum(times - p_s, 0.0), np.maximum(times - s_s, 0.0)
    envelope = 0.25 * (times > p_s) * np.exp(-after_p / 1.5)
    envelope += (times > s_s) * (after_s + 0.05) * np.exp(-after_s / 0.8)
    return level * envelope * rng.standard_normal((3, N_SAMPLES))


def ln_level(magnitude, distance_km):
    constant, of_magnitude, of_distance = LN_LEVEL
    return constant + of_magnitude * magnitude + of_distance * np.log(distance_km)


def write_records(path: Path, seed: int, n_events: int = 30, n_stations: int = 12) -> Path:
    rng = np.random.default_rng(seed)
    stations = np.random.default_rng(0).uniform(-0.3, 0.3, (n_stations, 2))
    rows, waveforms = [], []
    for event in range(n_events):
        east, north = rng.uniform(-0.2, 0.2, 2)
        magnitude, depth_km = rng.uniform(2.0, 3.5), rng.uniform(4.0, 12.0)
        term = _TAU * rng.standard_normal()
        for station in rng.permutation(n_stations)[:5]:
            row = {
                "idx": len(rows), "event": f"{seed}-{event}", "station": int(station),
                "mag": magnitude, "depth_km": depth_km,
                "ev_lon": -122.0 + east, "ev_lat": 37.7 + north,
                "sta_lon": -122.0 + stations[station, 0], "sta_lat": 37.7 + stations[station, 1],
            }  # fmt: skip
            epicentral_km = geodesic_distance_km(
                row["ev_lon"], row["ev_lat"], row["sta_lon"], row["sta_lat"]
            )
            distance_km = float(np.hypot(epicentral_km, depth_km))
            row["tp_s"], row["ts_s"] = arrivals_s(distance_km)
            row["true_ln_fas_5hz"] = ln_level(magnitude, distance_km)
            level = ln_level(magnitude, distance_km) + term + SD * rng.standard_normal()
            waveforms.append(noise(np.exp(level), distance_km, rng))
            rows.append(row)
    scale = np.abs(waveforms).max(axis=(1, 2)) / 30000.0
    with h5py.File(path, "w") as file:
        file["waveforms"] = np.round(waveforms / scale[:, None, None]).astype(np.int16)
        file["scale"] = scale
        file.attrs.update(dt=1.0 / RATE_HZ, t_start_rel_origin_s=START_S, kind="SYNTHETIC test")
    pd.DataFrame(rows).to_csv(path.with_suffix(".csv"), index=False)
    return path


class NoiseModel:
    """Makes records as the file's were made, up to a factor and a factor of their spread."""

    def __init__(self, ln_factor=0.0, spread=1.0, shape=1.0):
        self.ln_factor, self.spread, self.shape = ln_factor, spread, shape

    def simulate(self, scenarios, n, rng):
        distance_km = scenarios.hypocentral_km()
        made = np.empty((len(scenarios), n, 3, N_SAMPLES), dtype=np.float32)
        terms = {name: _TAU * rng.standard_normal(n) for name in dict.fromkeys(scenarios.event)}
        for row in range(len(scenarios)):
            mean = ln_level(scenarios.magnitude[row], distance_km[row]) + self.ln_factor
            own = terms[scenarios.event[row]] + SD * rng.standard_normal(n)
            for number, level in enumerate(mean + self.spread * own):
                samples = noise(np.exp(level), distance_km[row], rng)
                if self.shape != 1.0:  # peaks cut: phases that no record has
                    limit = self.shape * np.abs(samples).max(axis=1, keepdims=True)
                    samples = np.clip(samples, -limit, limit)
                made[row, number] = samples
        return Waveforms(made, RATE_HZ, START_S)
