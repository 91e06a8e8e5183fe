"""Where earthquakes are expected, from where they were: a density learnt from a catalogue.

The density is a sum of kernel estimates of several widths and of Gaussian mixtures of several
sizes. Their shares are those that predict each event best from others (stacking), so that dense
clusters stay sharp, loners spread, and a few plain clusters are drawn by their few parameters.

References
----------
Smyth and Wolpert (1999), https://doi.org/10.1023/A:1007511322260
"""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame
from mainshock.locate.gaussian_mixture import GaussianMixture
from mainshock.locate.tabulated_prior import TabulatedPrior

__all__ = ["prior_from_catalogue"]

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
_MAX_CELLS = 6_000_000
_NARROWEST_KM, _WIDEST_KM = 0.5, 32.0
_MARGIN_WIDTHS = 2.0
_TRUNCATE = 3.5
_EM_STEPS, _LEAST_SHARE = 200, 1e-3
_MIXTURE_SIZES = (1, 2, 4, 8, 16)
_MIXTURE_EVENTS, _EVENTS_PER_COMPONENT, _FOLDS = 2500, 25, 3


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """The cells of a table, and which of them holds each event."""

    low_km: FloatArray
    spacing_km: float
    shape: tuple[int, int, int]
    cell_of_event: tuple[NDArray[np.intp], ...]


def prior_from_catalogue(
    longitude: ArrayLike,
    latitude: ArrayLike,
    depth_km: ArrayLike,
    background: float = 0.02,
    frame: LocalFrame | None = None,
) -> TabulatedPrior:
    """Return the density of hypocentres that a catalogue suggests.

    Parameters
    ----------
    longitude, latitude, depth_km
        Hypocentres, shape ``(n,)``; those with a NaN are left out.
    background
        Least share of events that may happen anywhere in the table's volume.
    frame
        Local frame of the table; None: in the middle of the events.

    Raises
    ------
    DataError
        If fewer than five events have a hypocentre.
    GeometryError
        If the events are too far apart for one local frame.
    """
    rows = np.stack([np.asarray(v, np.float64) for v in (longitude, latitude, depth_km)])
    rows = rows[:, np.isfinite(rows).all(axis=0)]
    n = rows.shape[1]
    if n < 5:
        raise DataError(
            f"a prior needs a catalogue of at least 5 events with a hypocentre; this one has {n} "
            "within reach of the stations"
        )
    frame = frame or LocalFrame(_middle_longitude(rows[0]), float(np.median(rows[1])))
    east, north = frame.to_local(rows[0], rows[1])
    places = np.stack([east, north, rows[2]])
    widths = _widths_km(places)
    cells = _cells(places, float(widths[-1]))
    widths = np.unique(np.maximum(widths, 0.75 * cells.spacing_km))
    tables, predicted = _estimates(cells, widths, n)
    mixtures = _mixtures(places)
    predicted = np.vstack([predicted, *(foretold[None] for _, foretold in mixtures)])
    volume = math.prod(cells.shape) * cells.spacing_km**3
    shares = _stacked(np.vstack([predicted, np.full(n, 1.0 / volume)]), background, len(tables) - 1)
    density = np.zeros(cells.shape, np.float32)
    for share, table in zip(shares, tables, strict=False):
        density += np.float32(share) * table
    for share, (mixture, _) in zip(shares[len(tables) :], mixtures, strict=False):
        if share > _LEAST_SHARE:
            _add_mixture(density, cells.low_km, cells.spacing_km, share, mixture)
    return TabulatedPrior(
        frame,
        (float(cells.low_km[0]), float(cells.low_km[1]), float(cells.low_km[2])),
        cells.spacing_km,
        density,
        float(shares[-1] / volume),
    )


def _middle_longitude(longitude: FloatArray) -> float:
    """Return the mean direction, so that the date line does no harm."""
    angle = np.angle(np.mean(np.exp(1j * np.radians(longitude))))
    return float(np.degrees(angle))


def _widths_km(places: FloatArray) -> FloatArray:
    """Return the kernels' widths to try: powers of two up to half of the spread, or one more."""
    spread = float(np.sqrt(np.mean(np.var(places, axis=1))))
    widest = float(np.clip(spread / 2.0, 2.0 * _NARROWEST_KM, _WIDEST_KM))
    n = int(np.ceil(np.log2(widest / _NARROWEST_KM))) + 1
    return np.asarray(_NARROWEST_KM * 2.0 ** np.arange(n, dtype=np.float64))


def _cells(places: FloatArray, widest_km: float) -> _Cells:
    margin = _MARGIN_WIDTHS * widest_km
    low, high = places.min(axis=1) - margin, places.max(axis=1) + margin
    low[2] = max(low[2], min(float(places[2].min()), -2.0))
    extent = high - low
    spacing = max(0.5 * _NARROWEST_KM, float((np.prod(extent) / _MAX_CELLS) ** (1.0 / 3.0)))
    east, north, depth = (np.ceil(extent / spacing).astype(int) + 1).tolist()
    index = np.rint((places - low[:, None]) / spacing).astype(np.intp)
    return _Cells(low, spacing, (east, north, depth), tuple(index))


def _estimates(
    cells: _Cells, widths_km: FloatArray, n: int
) -> tuple[list[Float32Array], FloatArray]:
    """Return for each width the density, and what it says of each event without that event."""
    volume = cells.spacing_km**3
    tables, predicted = [], []
    for width in widths_km:
        sigma = float(width / cells.spacing_km)
        weight = 1.0 / _share_inside(cells, sigma)
        counts = np.zeros(cells.shape, np.float32)
        np.add.at(counts, cells.cell_of_event, weight.astype(np.float32))
        table = gaussian_filter(counts, sigma, mode="constant", truncate=_TRUNCATE)
        own = _peak(sigma) * weight
        others = (table[cells.cell_of_event].astype(np.float64) - own) / ((n - 1) * volume)
        predicted.append(np.maximum(others, 0.0))
        tables.append(table / np.float32(n * volume))
    return tables, np.array(predicted)


def _mixtures(places: FloatArray) -> list[tuple[GaussianMixture, FloatArray]]:
    """Return Gaussian mixtures, and what each says of events that it was not fitted to."""
    n = places.shape[1]
    points = places.T
    # one event may be the next one's aftershock: folds are stretches of the catalogue
    fold = np.arange(n) * _FOLDS // n
    found = []
    for size in _MIXTURE_SIZES:
        if n < _EVENTS_PER_COMPONENT * size:
            break
        foretold = np.empty(n)
        for held in range(_FOLDS):
            fitted = _fitted(points[fold != held], size)
            foretold[fold == held] = np.exp(fitted.log_density(points[fold == held]))
        found.append((_fitted(points, size), foretold))
    return found


def _fitted(points: FloatArray, size: int) -> GaussianMixture:
    from sklearn.mixture import GaussianMixture as Fit  # noqa: PLC0415 - slow to import

    if len(points) > _MIXTURE_EVENTS:
        points = points[np.linspace(0, len(points) - 1, _MIXTURE_EVENTS).astype(int)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one that has not converged is judged by its foretelling
        fit = Fit(size, n_init=1, max_iter=100, reg_covar=0.01, random_state=0).fit(points)
    return GaussianMixture(fit.weights_, fit.means_, fit.covariances_)


def _add_mixture(
    density: Float32Array,
    low_km: FloatArray,
    spacing_km: float,
    share: float,
    mixture: GaussianMixture,
) -> None:
    """Add a mixture's density to a table, layer by layer."""
    axes = [low_km[k] + spacing_km * np.arange(density.shape[k]) for k in range(3)]
    for weight, mean, covariance in zip(
        mixture.weights, mixture.means, mixture.covariances, strict=True
    ):
        wide = covariance + np.eye(3) * spacing_km**2 / 12.0  # the mean over a cell
        inverse = np.linalg.inv(wide).astype(np.float32)
        peak = share * weight / np.sqrt((2.0 * np.pi) ** 3 * np.linalg.det(wide))
        east, north, depth = (
            (axis - middle).astype(np.float32) for axis, middle in zip(axes, mean, strict=True)
        )
        flat = inverse[0, 0] * east[:, None] ** 2 + inverse[1, 1] * north**2
        flat += 2.0 * inverse[0, 1] * east[:, None] * north
        slope = 2.0 * (inverse[0, 2] * east[:, None] + inverse[1, 2] * north)
        for layer, d in enumerate(depth):
            square = flat + slope * d + inverse[2, 2] * d * d
            density[:, :, layer] += np.float32(peak) * np.exp(-0.5 * square)


def _share_inside(cells: _Cells, sigma: float) -> FloatArray:
    """Return how much of each event's kernel lies inside the table; next to the surface, half."""
    share = np.ones(cells.cell_of_event[0].size)
    for length, index in zip(cells.shape, cells.cell_of_event, strict=True):
        side = gaussian_filter1d(np.ones(length), sigma, mode="constant", truncate=_TRUNCATE)
        share *= side[index]
    return share


def _peak(sigma: float) -> float:
    """Return what the filter leaves of one event in its own cell."""
    radius = int(_TRUNCATE * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return float(1.0 / weights.sum()) ** 3


def _stacked(predicted: FloatArray, least_last: float, widest: int) -> FloatArray:
    """Return the shares, shape ``(n,)``, under which all events together are most probable."""
    kinds, n = predicted.shape
    shares = np.full(kinds, 1.0 / kinds)
    for _ in range(_EM_STEPS):
        parts = shares[:, None] * predicted
        shares = np.mean(parts / parts.sum(axis=0), axis=1)
        # one event's worth stays with the widest kernel, or loners would leave the table empty
        shares[widest] = max(float(shares[widest]), 1.0 / n)
        last = min(max(float(shares[-1]), least_last), 1.0 - 1.0 / n)
        shares[:-1] *= (1.0 - last) / shares[:-1].sum()
        shares[-1] = last
    return shares
