"""The posterior of one event as a smooth function of tables, for samplers that follow gradients."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import spline_filter

from mainshock.locate.grid import Grid
from mainshock.locate.posterior import Draws
from mainshock.locate.problem import LocationProblem
from mainshock.locate.standard_states import expected_time

__all__ = ["SmoothDensity", "smooth_density", "smooth_log_density"]

FloatArray = NDArray[np.float64]
_NODES = (56, 56, 28)
_DEEPEST = 60.0  # how far below its maximum the tabulated part of the log-density may lie
_ROBUST = ("outliers", "student")  # where a pick far from the others loses its say
_FEWEST_ROWS = 4  # arrays of picks are filled up to 4, 8, 16, ... so that few shapes are compiled


@dataclass(frozen=True, slots=True, eq=False)
class SmoothDensity:
    """What ``smooth_log_density`` needs.

    Parameters
    ----------
    box
        The volume that the tables cover.
    kind
        How residuals are distributed: ``"gaussian"``, ``"outliers"``, ``"student"`` (each by
        itself) or ``"joint"`` (one Student-t for all).
    arrays
        Tables and settings by name; nothing but arrays, so that a compiler can take them.
    """

    box: Grid
    kind: str
    arrays: dict[str, FloatArray]

    def standardised(self, points: Draws) -> FloatArray:
        """Return the unbounded coordinates of places, the time where the picks ask for it."""
        first, second = self.box.from_east_north(points.east_km, points.north_km)
        places = np.stack([first, second, points.depth_km], axis=1)
        share = (places - self.arrays["low_km"]) / self.arrays["extent_km"]
        share = np.clip(share, 0.01, 0.99)
        return np.column_stack([np.log(share / (1.0 - share)), np.zeros(len(share))])

    def places(self, states: FloatArray) -> FloatArray:
        """Return ``(east, north, depth, u)`` of unbounded coordinates, shape ``(n, 4)``."""
        inside = 1.0 / (1.0 + np.exp(-states[:, :3]))
        along = self.arrays["low_km"] + self.arrays["extent_km"] * inside
        east, north = self.box.to_east_north(along[:, 0], along[:, 1])
        return np.column_stack([east, north, along[:, 2], states[:, 3]])


def smooth_density(problem: LocationProblem, box: Grid) -> SmoothDensity:
    """Return tables of an event's posterior in a box.

    Travel times are tabulated as slowness along the straight path, pick by pick. Whatever else the
    density holds (prior, azimuths, incidence) is one more table: the exact density less the part
    of the times.
    """
    observations = problem.observations
    arrays, kind = _settings(problem, box), _kind(problem)
    axes = [np.linspace(box.low_km[i], box.high_km[i], _NODES[i]) for i in range(3)]
    first, second, depth = (axis.ravel() for axis in np.meshgrid(*axes, indexing="ij"))
    east, north = box.to_east_north(first, second)
    n = len(observations.picks)
    travel = np.stack([problem.travel_time_s(i, east, north, depth) for i in range(n)])
    travel = np.where(np.isfinite(travel), travel, np.nanmedian(travel, axis=1, keepdims=True))
    picks = {name: arrays[name][:n, None] for name in _PICK_ARRAYS}
    length = _length_km(np, picks, east, north, depth)
    asked, sd = picks["observed_s"] - travel, np.hypot(picks["sigma_s"], picks["share"] * travel)
    time, _ = expected_time(np, asked, sd, picks["kept"], kind in _ROBUST)
    rest = problem.log_density(Draws(east, north, depth, time))
    rest -= _times_log_density(np, asked - time, sd, picks["kept"], arrays, kind)
    rest = np.where(np.isnan(rest), -np.inf, rest)
    rest = np.maximum(rest - rest.max(), -_DEEPEST)
    tables = np.stack([_coefficients(values) for values in (*(travel / length), rest)])
    rows = len(arrays["kept"])
    arrays["tables"] = np.concatenate([tables[:n], np.repeat(tables[:1], rows - n, 0), tables[n:]])
    return SmoothDensity(box, kind, arrays)


_PICK_ARRAYS = ("east_km", "north_km", "depth_km", "observed_s", "sigma_s", "share", "kept")


def _kind(problem: LocationProblem) -> str:
    observations, errors = problem.observations, problem.errors
    n = len(observations.picks)
    if errors.freedom(n) is not None:
        return "student"
    if errors.doubt(n) > 0.0:
        return "outliers"
    return "gaussian" if observations.degrees_of_freedom is None else "joint"


def _settings(problem: LocationProblem, box: Grid) -> dict[str, FloatArray]:
    observations, errors = problem.observations, problem.errors
    n = len(observations.picks)
    doubt = errors.doubt(n)
    freedom = errors.freedom(n) or observations.degrees_of_freedom or 1.0
    rows = max(_FEWEST_ROWS, 1 << (n - 1).bit_length())
    values = (
        observations.east_km,
        observations.north_km,
        observations.depth_km,
        observations.observed_s,
        observations.sigma_s,
        np.where(observations.has_term, 0.0, errors.model_error),
        np.ones(n),
    )
    low = np.array(box.low_km)
    return {
        **{
            name: np.concatenate([value, np.full(rows - n, 0.0 if name == "kept" else value[0])])
            for name, value in zip(_PICK_ARRAYS, values, strict=True)
        },
        "low_km": low,
        "extent_km": np.array(box.high_km) - low,
        "turn": np.array([np.cos(box.angle_rad), np.sin(box.angle_rad)]),
        "log_uniform": np.array(np.log(max(doubt, 1e-300) / errors.outlier_window_s)),
        "log_inlier": np.array(np.log1p(-doubt)),
        "freedom": np.array(freedom),
    }


def _coefficients(values: FloatArray) -> FloatArray:
    """Return the coefficients of the cubic spline through a table, one more at each side."""
    return np.pad(spline_filter(values.reshape(_NODES), order=3, mode="mirror"), 1, mode="reflect")


def _length_km(xp: Any, arrays: Any, east: Any, north: Any, depth: Any) -> Any:
    square = (east - arrays["east_km"]) ** 2 + (north - arrays["north_km"]) ** 2
    return xp.sqrt(square + (depth - arrays["depth_km"]) ** 2 + 1e-4)


def smooth_log_density(xp: Any, state: Any, arrays: dict[str, Any], kind: str) -> Any:
    """Return the log-density of one state, up to a constant.

    Parameters
    ----------
    xp
        NumPy, or JAX's copy of it, which can differentiate and compile this function.
    state
        Shape ``(4,)``: logits of the place along the axes of the box, and ``u``; see
        ``StandardStates``.
    arrays, kind
        Of a ``SmoothDensity``.
    """
    inside = 1.0 / (1.0 + xp.exp(-state[:3]))
    values = _interpolated(xp, arrays["tables"], inside)
    place = arrays["low_km"] + arrays["extent_km"] * inside
    cosine, sine = arrays["turn"][0], arrays["turn"][1]
    east, north = place[0] * cosine - place[1] * sine, place[0] * sine + place[1] * cosine
    travel = values[:-1] * _length_km(xp, arrays, east, north, place[2])
    sd = xp.sqrt(arrays["sigma_s"] ** 2 + (arrays["share"] * travel) ** 2)
    asked = arrays["observed_s"] - travel
    centre, scale = expected_time(xp, asked, sd, arrays["kept"], kind in _ROBUST)
    residual = asked - centre - scale * state[3]
    total = _times_log_density(xp, residual, sd, arrays["kept"], arrays, kind) + values[-1]
    return total + xp.log(scale) + xp.log(inside * (1.0 - inside)).sum()


def _interpolated(xp: Any, tables: Any, share: Any) -> Any:
    """Return all tables at one place, given by its share of the way along each axis."""
    rows, weights = [], []
    for axis, n in enumerate(_NODES):
        place = share[axis] * (n - 1)
        before = xp.clip(xp.floor(place), 0, n - 2)
        t = place - before
        rows.append(before.astype(int) + np.arange(4))
        cubes = [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, 3 * (1 - t) ** 3 - 6 * (1 - t) ** 2 + 4]
        weights.append(xp.stack([*cubes, t**3]) / 6.0)
    block = tables[:, rows[0][:, None, None], rows[1][None, :, None], rows[2][None, None, :]]
    return xp.einsum("mabc,a,b,c->m", block, *weights)


def _times_log_density(
    xp: Any, residual: Any, sd: Any, kept: Any, settings: dict[str, Any], kind: str
) -> Any:
    """Return the part of the log-density that the arrival times have; picks along axis 0."""
    square = (residual / sd) ** 2
    log_peak = -xp.log(sd * np.sqrt(2.0 * np.pi))
    if kind == "outliers":
        inlier = settings["log_inlier"] + log_peak - 0.5 * square
        return (kept * xp.logaddexp(inlier, settings["log_uniform"])).sum(axis=0)
    freedom = settings["freedom"]
    if kind == "student":
        tail = (freedom + 1.0) * xp.log1p(square / freedom)
        return (kept * (log_peak - 0.5 * tail)).sum(axis=0)
    misfit = (kept * square).sum(axis=0)
    if kind == "joint":
        misfit = (freedom + kept.sum(axis=0)) * xp.log1p(misfit / freedom)
    return (kept * log_peak).sum(axis=0) - 0.5 * misfit
