"""A made-up region with its earthquakes, stations and records, written to files."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.core.geo import LocalFrame
from mainshock.shaking.measures import FAS_FREQUENCIES_HZ, fas_name
from mainshock.shaking.point_source.hidden_fields import open_fields
from mainshock.shaking.point_source.settings import PointSourceSettings
from mainshock.shaking.point_source.spectra import Rays, true_ln_fas
from mainshock.shaking.point_source.waveforms import arrival_times_s, simulate

__all__ = ["KIND", "Network", "draw_network", "write_region"]

FloatArray = NDArray[np.float64]

KIND = "SYNTHETIC (stochastic point source)"
_CHUNK = 128  # records made at once
_FULL_SCALE = 32000.0
_NEAR_KM = 20.0  # over which the chance that a station records an event falls to 1/e
_LEAST_RECORDS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Rays of a region and the numbers of their event and station, ``(n_rows,)``."""

    rays: Rays
    event: NDArray[np.intp]
    station: NDArray[np.intp]


def draw_network(
    settings: PointSourceSettings, n_events: int, n_stations: int, rng: np.random.Generator
) -> Network:
    """Return events and stations in a square, and who records whom.

    Raises
    ------
    SettingsError
        If there is no event, or fewer than 3 stations.
    """
    if n_events < 1 or n_stations < _LEAST_RECORDS:
        raise SettingsError(
            f"{n_events} events and {n_stations} stations make no network; "
            f"give 1 event and {_LEAST_RECORDS} stations or more"
        )
    half = settings.half_width_km
    stations = rng.uniform(-half, half, (n_stations, 2))
    sources = rng.uniform(-half, half, (n_events, 2))
    depth = rng.uniform(settings.least_depth_km, settings.greatest_depth_km, n_events)
    magnitude = _magnitudes(settings, n_events, rng)
    stress_ln = settings.stress_ln_sd * rng.standard_normal(n_events)
    recorded = []
    for source in sources:
        chance = np.exp(-np.hypot(*(stations - source).T) / _NEAR_KM)
        wanted = max(_LEAST_RECORDS, int(rng.poisson(settings.records_an_event)))
        size = min(wanted, n_stations)
        chosen = rng.choice(n_stations, size, replace=False, p=chance / chance.sum())
        recorded.append(np.sort(chosen))
    station = np.concatenate(recorded)
    event = np.repeat(np.arange(n_events), [one.size for one in recorded])
    rays = Rays(magnitude[event], depth[event], stress_ln[event], sources[event], stations[station])
    return Network(rays, event, station)


def write_region(
    path: Path,
    settings: PointSourceSettings,
    *,
    n_events: int,
    n_stations: int,
    seed: int,
    step: Callable[[int], None] | None = None,
) -> int:
    """Write made-up records that ``mainshock.shaking.records.open_records`` reads.

    Parameters
    ----------
    path
        ``X.h5``; the table goes to ``X.csv`` beside it. Its columns ``true_ln_fas_{F}hz`` are the
        hidden truth, see :func:`~mainshock.shaking.point_source.spectra.true_ln_fas`.
    settings
        Constants of the region.
    n_events, n_stations
        Of the region.
    seed
        The same seed gives the same fields, network and records.
    step
        Called with the number of records done.

    Returns
    -------
    int
        Number of records.

    Raises
    ------
    SettingsError
        If there is no event, or fewer than 3 stations.
    """
    network = draw_network(settings, n_events, n_stations, np.random.default_rng([seed, 1]))
    rng = np.random.default_rng([seed, 2])
    fields = open_fields(settings, seed)
    n_rows = len(network.rays)
    path = path.with_suffix(".h5")
    path.parent.mkdir(parents=True, exist_ok=True)
    scale = np.empty(n_rows, dtype=np.float32)
    with h5py.File(path, "w") as file:
        shape = (n_rows, 3, settings.n_samples)
        chunks = (1, 3, settings.n_samples)
        waveforms = file.create_dataset("waveforms", shape, "i2", chunks=chunks)
        for start in range(0, n_rows, _CHUNK):
            rows = slice(start, min(start + _CHUNK, n_rows))
            motion = simulate(settings, fields, network.rays.take(rows), rng)
            scale[rows] = np.abs(motion).max(axis=(1, 2)) / _FULL_SCALE
            waveforms[rows] = np.round(motion / scale[rows, None, None]).astype(np.int16)
            if step is not None:
                step(rows.stop)
        file["scale"] = scale
        file.attrs.update(_attributes(settings, seed))
    truth = true_ln_fas(settings, fields, network.rays, FAS_FREQUENCIES_HZ)
    names = [f"true_{fas_name(one)}" for one in FAS_FREQUENCIES_HZ]
    table = _table(settings, network).assign(scale=scale, **dict(zip(names, truth.T, strict=True)))
    table.to_csv(path.with_suffix(".csv"), index=False, float_format="%.8g")
    return n_rows


def _attributes(settings: PointSourceSettings, seed: int) -> dict[str, Any]:
    """Return what the file says of itself, the generator's settings among it."""
    return {
        "kind": KIND,
        "components": "ENZ",
        "units": "m/s^2 = int16*scale",
        "dt": 1.0 / settings.sampling_rate_hz,
        "t_start_rel_origin_s": settings.start_rel_origin_s,
        "seed": seed,
        **{f"setting_{name}": value for name, value in asdict(settings).items()},
    }


def _table(settings: PointSourceSettings, network: Network) -> pd.DataFrame:
    rays = network.rays
    frame = LocalFrame(settings.longitude, settings.latitude)
    source_longitude, source_latitude = frame.to_geographic(*rays.source_km.T)
    site_longitude, site_latitude = frame.to_geographic(*rays.site_km.T)
    p_s, s_s = arrival_times_s(settings, rays)
    return pd.DataFrame(
        {
            "idx": np.arange(len(rays)),
            "event": network.event,
            "station": network.station,
            "mag": rays.magnitude.round(2),
            "depth_km": rays.depth_km,
            "ev_x_km": rays.source_km[:, 0],
            "ev_y_km": rays.source_km[:, 1],
            "sta_x_km": rays.site_km[:, 0],
            "sta_y_km": rays.site_km[:, 1],
            "rhyp_km": rays.distance_km(),
            "tp_s": p_s,
            "ts_s": s_s,
            "ev_lat": source_latitude,
            "ev_lon": source_longitude,
            "sta_lat": site_latitude,
            "sta_lon": site_longitude,
        }
    )


def _magnitudes(
    settings: PointSourceSettings, n_events: int, rng: np.random.Generator
) -> FloatArray:
    """Return draws from a Gutenberg-Richter law between two magnitudes."""
    decades = settings.b_value * (settings.greatest_magnitude - settings.least_magnitude)
    share = rng.uniform(0.0, 1.0 - 10.0**-decades, n_events)
    drawn = settings.least_magnitude - np.log10(1.0 - share) / settings.b_value
    return np.asarray(drawn.round(2))
