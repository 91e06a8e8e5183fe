"""Scores of located events against the truth: errors, ranks of the truth, coverage.

One row of scores per event; a summary of rows. The ranks ask one question in several ways: is the
truth a draw from the posterior? For each quantity the share of draws below the truth (the
probability integral transform, or rank of simulation-based calibration) must be uniform, and so
must the share of draws that lie in denser places than the truth.

References
----------
Talts et al. (2018), https://doi.org/10.48550/arXiv.1804.06788
Gneiting et al. (2007), https://doi.org/10.1111/j.1467-9868.2007.00587.x
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from scipy.stats import binomtest, kstest

from mainshock.core.geo import LocalFrame
from mainshock.core.records import PosteriorSamples

__all__ = [
    "PIT_NAMES",
    "RANK_NAMES",
    "TrueHypocentre",
    "density_rank",
    "depth_statistics",
    "draw_scores",
    "number",
    "share",
    "statistics",
    "summarise",
    "uniformity",
]

FloatArray = NDArray[np.float64]
PIT_NAMES = ("east", "north", "depth", "time")
RANK_NAMES = ("epicentre", "hypocentre")
N_BINS = 20
_MOST_NEIGHBOURS = 200  # draws among which density is judged: a rank to half a percent
_CURVE = tuple(round(0.05 * step, 2) for step in range(1, 20))
_GAP_EDGES = (0.0, 90.0, 120.0, 180.0, 270.0, 360.0)
_MOST_CLASSES = 5


@dataclass(frozen=True, slots=True)
class TrueHypocentre:
    """Degrees, km positive down, and seconds after the reported origin time."""

    longitude: float
    latitude: float
    depth_km: float
    time_s: float


def draw_scores(
    samples: PosteriorSamples, truth: TrueHypocentre, rng: np.random.Generator
) -> dict[str, float]:
    """Return the ranks of the truth among the draws of one event.

    Returns
    -------
    dict
        ``pit_east``, ``pit_north``, ``pit_depth``, ``pit_time``: share of draws below the truth;
        ``rank_epicentre``, ``rank_hypocentre``: share of draws in denser places. NaN where the
        truth is not known.
    """
    frame = LocalFrame(float(truth.longitude), float(truth.latitude))
    east, north = frame.to_local(samples.longitude, samples.latitude)
    rows = {
        "east": east,
        "north": north,
        "depth": samples.depth_km - truth.depth_km,
        "time": samples.time_s - truth.time_s,
    }
    scores = {f"pit_{name}": _rank(row, 0.0, rng) for name, row in rows.items()}
    step = max(1, east.size // _MOST_NEIGHBOURS)
    places = np.stack([rows[name][::step] for name in ("east", "north", "depth")], axis=1)
    scores["rank_epicentre"] = density_rank(places[:, :2], np.zeros(2), rng)
    scores["rank_hypocentre"] = density_rank(places, np.zeros(3), rng)
    return scores


def _rank(draws: FloatArray, truth: float, rng: np.random.Generator) -> float:
    """Return the place of the truth among draws, ties broken at random: uniform if it is one."""
    if not np.isfinite(draws).all():
        return float("nan")
    below, same = int((draws < truth).sum()), int((draws == truth).sum())
    return float((below + rng.random() * (same + 1)) / (draws.size + 1))


def density_rank(draws: FloatArray, truth: FloatArray, rng: np.random.Generator) -> float:
    """Return the share of draws in denser places than the truth.

    Parameters
    ----------
    draws, truth
        Shapes ``(n, d)`` and ``(d,)``, km.

    Notes
    -----
    Density is judged by the distance to the k-th neighbour among draws and truth together. If the
    truth is one more draw, all of them are exchangeable, so the rank is exactly uniform for any
    posterior; a region of level ``q`` holds the truth when its rank is below ``q``.
    """
    pool = np.vstack([draws, truth])
    if not np.isfinite(pool).all():
        return float("nan")
    n = len(draws)
    away, _ = cKDTree(pool).query(pool, k=[min(int(np.sqrt(n)) + 1, n + 1)])
    return _rank(away[:n, 0], float(away[n, 0]), rng)


def summarise(table: pd.DataFrame, levels: Sequence[float]) -> dict[str, Any]:
    """Return the scores of all events together.

    Parameters
    ----------
    table
        A row an event: ``epicentral_error_km``, ``depth_error_km``, ``time_error_s`` (located
        minus true), and, as far as they are known, ``inside_LEVEL`` (1, 0 or NaN), ``pit_*``,
        ``rank_*``, ``east_sd_km``, ``north_sd_km``, ``depth_sd_km``, ``time_sd_s``,
        ``region68_km2``, ``azimuthal_gap_deg``, ``nearest_station_km``, ``n_picks``.
    levels
        Of the regions.
    """
    depth, seconds = (table[name].to_numpy(float) for name in ("depth_error_km", "time_error_s"))
    names = [f"inside_{level:g}" for level in levels]
    return {
        "epicentral_error_km": statistics(table["epicentral_error_km"]),
        "depth_error_km": depth_statistics(depth),
        "origin_time_error_s": {
            "mae": number(np.abs(seconds).mean()),
            "mean": number(seconds.mean()),
            "median_absolute": number(np.median(np.abs(seconds))),
        },
        "coverage": {
            f"{level:g}": share(table.get(name, ()))
            for level, name in zip(levels, names, strict=True)
        },
        "coverage_from_draws": {
            name: {
                f"{level:g}": share(_known(table, f"rank_{name}") < level)
                for level in sorted({*_CURVE, *levels})
            }
            for name in RANK_NAMES
            if _known(table, f"rank_{name}").size
        },
        "pit": {
            name: uniformity(_known(table, f"pit_{name}"))
            for name in PIT_NAMES
            if _known(table, f"pit_{name}").size
        },
        "error_over_sd": _ratios(table),
        "region68_km2": statistics(_known(table, "region68_km2")),
        "by_geometry": {
            name: _by_class(table, name)
            for name in ("azimuthal_gap_deg", "nearest_station_km", "n_picks")
            if _known(table, name).size
        },
    }


def _known(table: pd.DataFrame, name: str) -> FloatArray:
    values = table[name].to_numpy(float) if name in table else np.empty(0)
    return np.asarray(values[np.isfinite(values)])


def share(hits: ArrayLike) -> dict[str, Any]:
    """Return the share of ones with its 95 % binomial interval; NaN is left out."""
    values = np.asarray(hits, dtype=np.float64)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return {"observed": None, "interval95": None, "n": 0}
    interval = binomtest(int(values.sum()), values.size).proportion_ci(0.95)
    return {
        "observed": number(values.mean()),
        "interval95": [number(interval.low), number(interval.high)],
        "n": int(values.size),
    }


def uniformity(values: FloatArray) -> dict[str, Any]:
    """Return how uniform ranks are: Kolmogorov and Smirnov's test, mean, histogram of 20 bins.

    A mean off 0.5 is a bias; too many at both ends, errors that are stated too small; too many in
    the middle, too large.
    """
    test = kstest(values, "uniform")
    return {
        "n": int(values.size),
        "mean": number(values.mean()),
        "ks": number(test.statistic),
        "p_value": number(test.pvalue),
        "histogram": [int(n) for n in np.histogram(values, N_BINS, (0.0, 1.0))[0]],
    }


def _ratios(table: pd.DataFrame) -> dict[str, Any]:
    """Return errors over stated standard deviations; a root mean square of 1 is honest."""
    needed = {"east_sd_km", "north_sd_km", "depth_sd_km", "time_sd_s"}
    if not needed <= set(table.columns):
        return {}
    column = {name: table[name].to_numpy(float) for name in needed}
    stated = {
        "epicentre": ("epicentral_error_km", np.hypot(column["east_sd_km"], column["north_sd_km"])),
        "depth": ("depth_error_km", column["depth_sd_km"]),
        "time": ("time_error_s", column["time_sd_s"]),
    }
    found = {}
    for name, (error, sd) in stated.items():
        ratio = np.abs(table[error].to_numpy(float)) / np.where(sd > 0.0, sd, np.nan)
        ratio = ratio[np.isfinite(ratio)]
        if ratio.size:
            found[name] = {
                "rms": number(np.sqrt(np.mean(ratio**2))),
                "median": number(np.median(ratio)),
                "n": int(ratio.size),
            }
    return found


def _by_class(table: pd.DataFrame, name: str) -> list[dict[str, Any]]:
    """Return errors and coverage of the 68 % region for classes of a quantity."""
    known = _known(table, name)
    edges = np.array(_GAP_EDGES)
    if name != "azimuthal_gap_deg":
        edges = np.unique(np.quantile(known, np.linspace(0.0, 1.0, _MOST_CLASSES + 1)))
    classes = np.clip(np.searchsorted(edges, table[name].to_numpy(float), "right"), 1, None)
    classes = np.minimum(classes, max(len(edges) - 1, 1))
    rows = []
    for place in range(1, max(len(edges), 2)):
        chosen = table[(classes == place) & np.isfinite(table[name].to_numpy(float))]
        if len(chosen):
            inside = chosen.get("inside_0.68", ())
            rows.append(
                {
                    "from": number(edges[place - 1]),
                    "to": number(edges[min(place, len(edges) - 1)]),
                    "n": len(chosen),
                    "epicentral_error_km": statistics(chosen["epicentral_error_km"]),
                    "depth_error_km": depth_statistics(chosen["depth_error_km"].to_numpy(float)),
                    "coverage_0.68": share(inside),
                }
            )
    return rows


def depth_statistics(error_km: FloatArray) -> dict[str, float | None]:
    """Return mean absolute error and mean error; None where no depth is known."""
    known = error_km[np.isfinite(error_km)]
    if known.size == 0:
        return {"mae": None, "mean": None}
    return {"mae": number(np.abs(known).mean()), "mean": number(known.mean())}


def statistics(values: ArrayLike) -> Mapping[str, float | None]:
    """Return median, mean, 95th percentile and maximum; None where there are no values."""
    known = np.asarray(values, dtype=np.float64)
    if known.size == 0:
        return dict.fromkeys(("median", "mean", "p95", "max"))
    return {
        "median": number(np.median(known)),
        "mean": number(np.mean(known)),
        "p95": number(np.percentile(known, 95)),
        "max": number(np.max(known)),
    }


def number(value: Any) -> float:  # Any: NumPy scalars of several kinds
    """Return a float of six decimals."""
    return round(float(value), 6)
