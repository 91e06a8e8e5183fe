"""Fault maps drawn as pixels: along a smooth line through the main traces, at one thickness."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.offfault import sentences
from mainshock.offfault.along_line import lengths_along
from mainshock.offfault.base import COLUMNS, ROWS
from mainshock.offfault.fault_map import FaultMap

__all__ = [
    "Placement",
    "ReferenceLine",
    "azimuth_of",
    "draw_thin",
    "normalise_thickness",
    "place_windows",
    "placed_at",
    "reference_line",
    "thicken",
]

FloatArray = NDArray[np.float64]
Maps = NDArray[np.uint8]

_THICKEST_PX = 15
_MARGIN_PX = 8
_STEPS_A_WINDOW = 16
_MOST_STEPS = 20_000
_LEAST_COVER = 0.8
_LEAST_ELONGATION = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceLine:
    """A smooth line through the main traces of a fault.

    Parameters
    ----------
    places
        Shape ``(n, 2)``, metres in the map's frame.
    along_m
        Distance along the line from its first place, shape ``(n,)``.
    azimuth_deg
        Mean strike, clockwise from the frame's y axis (north), 0 to 180; the line runs that way.
    warnings
        What makes the line doubtful, in words.
    """

    places: FloatArray
    along_m: FloatArray
    azimuth_deg: float
    warnings: tuple[str, ...] = ()

    @property
    def length_m(self) -> float:
        """Length of the line."""
        return float(self.along_m[-1])

    def at(self, along_m: FloatArray | float) -> FloatArray:
        """Return the places at distances along the line, shape ``(..., 2)``; ends go straight on.

        Beyond its ends the line keeps the direction that it ends with.
        """
        along = np.asarray(along_m, dtype=np.float64)
        inside = np.clip(along, 0.0, self.length_m)
        found = np.stack(
            [np.interp(inside, self.along_m, self.places[:, axis]) for axis in (0, 1)], axis=-1
        )
        first, last = (_unit(self.places[i + 1] - self.places[i]) for i in (0, -2))
        over = (along - inside)[..., None]
        return np.asarray(found + np.where(over < 0.0, first, last) * over)


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Where windows lie: each has its own centre and strike.

    Parameters
    ----------
    along_m
        Distance of the centres along the reference line, shape ``(n,)``.
    centre
        Shape ``(n, 2)``, metres in the map's frame.
    direction
        Unit vectors of the local strike, shape ``(n, 2)``; columns run that way.
    pixel_m
        Side of a pixel.
    """

    along_m: FloatArray
    centre: FloatArray
    direction: FloatArray
    pixel_m: float


def azimuth_of(direction: FloatArray) -> FloatArray:
    """Return directions of shape ``(..., 2)`` as degrees clockwise from the y axis, 0 to 360."""
    return np.asarray(np.degrees(np.arctan2(direction[..., 0], direction[..., 1])) % 360.0)


def reference_line(fault_map: FaultMap, window_m: float) -> ReferenceLine:
    """Return a smooth line through the main traces.

    Parameters
    ----------
    fault_map
        Traces; where none is main, all count.
    window_m
        Length of the windows that shall lie along the line; it is smooth over half of that.

    Returns
    -------
    ReferenceLine
        Along the principal direction of the traces, each weighing by its length.

    Raises
    ------
    DataError
        If the line would be longer than 1250 windows.

    Notes
    -----
    Distance across the principal direction is regressed on that along it, linearly and locally,
    with Gaussian weights of a standard deviation of a quarter window: strands side by side are
    averaged and gaps bridged. A fault that turns back upon itself has no such line; map its parts
    one by one.
    """
    points, weights = _sampled(fault_map.main_lines(), window_m / _STEPS_A_WINDOW)
    middle = np.average(points, axis=0, weights=weights)
    spread, axes = np.linalg.eigh(np.cov((points - middle).T, aweights=weights, bias=True))
    direction = axes[:, 1] if azimuth_of(axes[:, 1]) < 180.0 else -axes[:, 1]
    across = np.array([-direction[1], direction[0]])
    told = []
    elongation = np.sqrt(spread[1] / max(spread[0], 1e-9))
    if elongation < _LEAST_ELONGATION:
        told.append(sentences.DOUBTFUL_STRIKE.tell(elongation=elongation))
    s, n = (points - middle) @ direction, (points - middle) @ across
    ends = (np.concatenate(fault_map.main_lines()) - middle) @ direction
    length_m = float(np.ptp(ends))
    n_steps = 1 + int(np.ceil(length_m / window_m * _STEPS_A_WINDOW))
    if n_steps > _MOST_STEPS:
        raise DataError(
            f"the fault is {length_m / 1e3:.4g} km long, {n_steps // _STEPS_A_WINDOW} windows of "
            f"{window_m / 1e3:g} km; {_MOST_STEPS // _STEPS_A_WINDOW} are possible: give larger "
            "pixels, or a part of the fault"
        )
    grid = np.linspace(ends.min(), ends.max(), max(n_steps, 2))
    smooth = _local_line(s, n, weights, grid, 0.25 * window_m)
    places = middle + grid[:, None] * direction + smooth[:, None] * across
    strike_deg = float(azimuth_of(direction)) % 180.0
    return ReferenceLine(places, lengths_along(places), strike_deg, tuple(told))


def place_windows(line: ReferenceLine, pixel_m: float, stride_px: int) -> Placement:
    """Return windows that cover a reference line evenly, neighbours at most a stride apart.

    Raises
    ------
    DataError
        If the line is shorter than 0.8 windows.
    """
    window_m = COLUMNS * pixel_m
    if line.length_m < _LEAST_COVER * window_m:
        largest_m = line.length_m / COLUMNS
        raise DataError(
            f"the fault is {line.length_m / 1e3:.3g} km long, less than {_LEAST_COVER} of a window "
            f"of {COLUMNS} px of {pixel_m:g} m; give pixels of at most {largest_m:.3g} m"
        )
    free_m = max(0.0, line.length_m - window_m)
    n_windows = 1 + int(np.ceil(free_m / (stride_px * pixel_m) - 1e-9))
    margin_m = 0.5 * min(window_m, line.length_m)
    along_m = np.linspace(margin_m, line.length_m - margin_m, n_windows)
    return placed_at(line, along_m, pixel_m)


def placed_at(line: ReferenceLine, along_m: FloatArray, pixel_m: float) -> Placement:
    """Return windows centred at distances along a line; ones beyond its ends are moved inwards."""
    half_m = 0.5 * COLUMNS * pixel_m
    inner_m = min(half_m, 0.5 * line.length_m)
    along = np.clip(along_m, inner_m, line.length_m - inner_m)
    reach = np.linspace(-half_m, half_m, _STEPS_A_WINDOW + 1)
    covered = line.at(along[:, None] + reach)
    chord = covered[:, -1] - covered[:, 0]
    return Placement(along, covered.mean(axis=1), _unit(chord), pixel_m)


def draw_thin(fault_map: FaultMap, placement: Placement) -> Maps:
    """Return traces as windows of pixels, with lines about a pixel thick.

    Parameters
    ----------
    fault_map
        All its traces are drawn.
    placement
        Where the windows lie.

    Returns
    -------
    ndarray
        Shape ``(n, 144, 80)``, with a margin of 8 px all around, which :func:`thicken` cuts off.
        Rows run across the local strike, the first to the left of it, and columns along it.
    """
    starts = np.concatenate([line[:-1] for line in fault_map.lines])
    ends = np.concatenate([line[1:] for line in fault_map.lines])
    shape = (ROWS + 2 * _MARGIN_PX, COLUMNS + 2 * _MARGIN_PX)
    drawn = np.zeros((len(placement.centre), *shape), dtype=np.uint8)
    for i, (centre, along) in enumerate(zip(placement.centre, placement.direction, strict=True)):
        # rows count down, away from the left of the strike
        turn = np.array([[along[1], -along[0]], [along[0], along[1]]]).T / placement.pixel_m
        shift = 0.5 * np.array(shape)
        pixels = _clipped((starts - centre) @ turn + shift, (ends - centre) @ turn + shift, shape)
        drawn[i, pixels[:, 0], pixels[:, 1]] = 1
    return drawn


def thicken(drawn: Maps, thickness_px: int) -> Maps:
    """Return what :func:`draw_thin` drew with lines of a thickness, without the margin."""
    thick = normalise_thickness(drawn, thickness_px)
    return thick[:, _MARGIN_PX:-_MARGIN_PX, _MARGIN_PX:-_MARGIN_PX]


def normalise_thickness(maps: Maps, thickness_px: int = 3) -> Maps:
    """Return fault maps whose lines are thinned to a skeleton and drawn anew at one thickness.

    Parameters
    ----------
    maps
        Shape ``(n, rows, columns)`` or ``(rows, columns)``, 0 or 1.
    thickness_px
        Thickness of the new lines across themselves, 1 to 15 pixels.

    Returns
    -------
    ndarray
        Of the same shape, 0 or 1. Doing it twice changes hardly a pixel.

    Raises
    ------
    DataError
        If the thickness is out of range or the maps have another number of dimensions.
    """
    from scipy.ndimage import binary_dilation  # noqa: PLC0415 - slow to load
    from skimage.morphology import skeletonize  # noqa: PLC0415

    if not 1 <= thickness_px <= _THICKEST_PX:
        raise DataError(f"lines of {thickness_px} px; give a thickness of 1 to {_THICKEST_PX} px")
    if maps.ndim == 2:
        return np.asarray(normalise_thickness(maps[None], thickness_px)[0])
    if maps.ndim != 3:
        raise DataError(f"fault maps have shape {maps.shape}; give (n, rows, columns)")
    margin = thickness_px + 2
    # lines go on beyond the edge: otherwise a thick line would end in a fork there
    wide = np.pad(maps > 0, ((0, 0), (margin, margin), (margin, margin)), mode="edge")
    thin = np.stack([skeletonize(one) for one in wide]) if len(wide) else wide
    thick = binary_dilation(thin, structure=_disc(thickness_px)[None])
    return np.asarray(thick[:, margin:-margin, margin:-margin], dtype=np.uint8)


def _disc(thickness_px: int) -> NDArray[np.bool_]:
    """Return a disc of pixels, as wide as a line is to be thick."""
    offset = np.arange(thickness_px) - 0.5 * (thickness_px - 1)
    return np.asarray(np.hypot(offset[:, None], offset) <= 0.5 * thickness_px)


def _unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def _sampled(lines: tuple[FloatArray, ...], step_m: float) -> tuple[FloatArray, FloatArray]:
    """Return places along lines at most a step apart, and the length that each stands for."""
    starts = np.concatenate([line[:-1] for line in lines])
    spans = np.concatenate([line[1:] for line in lines]) - starts
    lengths = np.hypot(*spans.T)
    counts = np.maximum(1, np.ceil(lengths / step_m)).astype(np.int64)
    of = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    share = ((number + 0.5) / counts[of])[:, None]
    return starts[of] + share * spans[of], lengths[of] / counts[of]


def _local_line(
    s: FloatArray, n: FloatArray, weights: FloatArray, grid: FloatArray, deviation_m: float
) -> FloatArray:
    """Return a local linear regression of ``n`` on ``s`` at the places of an even grid."""
    from scipy.ndimage import gaussian_filter1d  # noqa: PLC0415 - slow to load

    step = grid[1] - grid[0]
    at = np.clip(np.rint((s - grid[0]) / step), 0, len(grid) - 1).astype(np.int64)

    def moment(values: FloatArray) -> FloatArray:
        binned = np.bincount(at, weights=weights * values, minlength=len(grid))
        # wide tails bridge gaps in the traces
        wide = gaussian_filter1d(binned, 8 * deviation_m / step, mode="constant", truncate=6.0)
        near = gaussian_filter1d(binned, deviation_m / step, mode="constant", truncate=6.0)
        return np.asarray(near + 1e-4 * wide)

    total = moment(np.ones_like(s))
    known = total > 0.0  # straight on across gaps that are too wide even for the tails
    total = np.where(known, total, 1.0)
    first, second, value, mixed = moment(s), moment(s * s), moment(n), moment(s * n)
    mean = first / total
    slope = (mixed - mean * value) / np.maximum(second - mean * first, 1e-6 * total * step**2)
    smooth = value / total + slope * (grid - mean)
    return np.asarray(np.interp(grid, grid[known], smooth[known]))


def _clipped(starts: FloatArray, ends: FloatArray, shape: tuple[int, int]) -> NDArray[np.int64]:
    """Return the pixels, row and column, that segments pass through within a map."""
    spans = ends - starts
    with np.errstate(divide="ignore", invalid="ignore"):
        sides = np.stack([-starts / spans, (np.array(shape) - starts) / spans])
    # a segment along an axis enters at -inf and leaves at inf, or misses: NaN where on an edge
    enters = np.nanmax(np.nan_to_num(sides.min(axis=0), nan=-np.inf), axis=1).clip(0.0)
    leaves = np.nanmin(np.nan_to_num(sides.max(axis=0), nan=np.inf), axis=1).clip(max=1.0)
    seen = leaves >= enters
    first = starts[seen] + enters[seen, None] * spans[seen]
    span = (leaves - enters)[seen, None] * spans[seen]
    counts = 1 + np.ceil(np.abs(span).max(axis=1, initial=0.0)).astype(np.int64)
    of = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    share = (number / np.maximum(counts - 1, 1)[of])[:, None]
    pixels = np.floor(first[of] + share * span[of]).astype(np.int64)
    inside = ((pixels >= 0) & (pixels < np.array(shape))).all(axis=1)
    return np.asarray(pixels[inside])
