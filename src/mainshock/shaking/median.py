"""Fitting the non-ergodic median to measured records."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.shaking.aleatory import fit_spatial_correlation, pairwise_correlation
from mainshock.shaking.design import (
    Design,
    DesignSettings,
    make_design,
    site_points_km,
)
from mainshock.shaking.guard import make_guard
from mainshock.shaking.motion import NonErgodicMotion
from mainshock.shaking.motion_terms import MeasureTerms, MotionTerms
from mainshock.shaking.nonergodic import (
    BACKBONE,
    Block,
    Gram,
    Variances,
    fit,
    group_sums,
    make_gram,
    make_products,
)
from mainshock.shaking.scenarios import Scenarios

__all__ = ["fit_median"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_FEWEST_ROWS = 20  # of a measure


def _ignore(_said: str) -> None:
    """Say nothing."""


def fit_median(
    scenarios: Scenarios,
    values: FloatArray,
    targets: Sequence[str],
    *,
    settings: DesignSettings | None = None,
    say: Callable[[str], None] = _ignore,
) -> NonErgodicMotion:
    """Return the non-ergodic model of some measures.

    Parameters
    ----------
    scenarios
        Source and site of each record. Records of one ``event`` share its term.
    values
        Natural logarithms, ``(n_rows, n_targets)``; NaN where a measure is not known.
    targets
        Their names; any are good, and like ones should follow each other, because the search of
        one begins where that of the one before ended.
    settings
        Which fields there are.
    say
        Called with a line of progress.

    Raises
    ------
    DataError
        If shapes differ, a value is infinite or a measure has too few rows.
    """
    values = _checked(scenarios, values, targets)
    settings = settings or DesignSettings(uses_vs30=bool(np.isfinite(scenarios.vs30_m_s).all()))
    rows = _prepare(scenarios, settings)
    fitted = _Fitted()
    for name, target in zip(targets, values.T, strict=True):
        say(f"{name}: {_fit_one(rows, fitted, target)}")
    residual = np.column_stack(fitted.residuals)
    normal = residual / np.nanstd(residual, axis=0)
    learned = MotionTerms(
        measures=tuple(targets),
        terms=tuple(fitted.terms),
        grams=tuple(fitted.grams.values()),
        design=rows.design,
        stations=rows.stations,
        epistemic=pairwise_correlation(np.column_stack(fitted.adjustments)),
        event=pairwise_correlation(np.column_stack(fitted.event_terms)),
        record=pairwise_correlation(residual),
        spatial=fit_spatial_correlation(normal, rows.event, site_points_km(scenarios)),
        guard=make_guard(scenarios),
    )
    return NonErgodicMotion(learned)


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Training rows as columns."""

    design: Design
    stations: FloatArray
    columns: FloatArray
    event: IntArray
    blocks: tuple[Block, ...]


@dataclass(slots=True, eq=False)
class _Fitted:
    """What has been fitted so far; sums of columns by the rows that are known."""

    grams: dict[bytes, Gram] = field(default_factory=dict)
    terms: list[MeasureTerms] = field(default_factory=list)
    adjustments: list[FloatArray] = field(default_factory=list)
    event_terms: list[FloatArray] = field(default_factory=list)
    residuals: list[FloatArray] = field(default_factory=list)


def _prepare(scenarios: Scenarios, settings: DesignSettings) -> _Rows:
    design = make_design(scenarios, settings)
    stations, station = _stations(scenarios)
    columns = np.hstack((design.columns(scenarios), np.eye(len(stations))[station]))
    event = np.unique(scenarios.event, return_inverse=True)[1].ravel()
    return _Rows(design, stations, columns, event, _blocks(design, len(stations)))


def _fit_one(rows: _Rows, fitted: _Fitted, target: FloatArray) -> str:
    """Fit a target, keep what it gives, and return the standard deviations in words."""
    known = np.isfinite(target)
    columns, event = rows.columns[known], rows.event[known]
    stop = next(one.stop for one in rows.blocks if one.name == BACKBONE)
    offset, scale = _ergodic_scale(columns[:, :stop], target[known])
    scaled = (target - offset) / scale
    pattern = known.tobytes()
    adds = group_sums(event, int(rows.event.max()) + 1)
    if pattern not in fitted.grams:
        fitted.grams[pattern] = make_gram(columns, adds)
    gram = fitted.grams[pattern]
    products = make_products(columns, adds, scaled[known])
    start = fitted.terms[-1].variances if fitted.terms else None
    solved = fit(gram, products, rows.blocks, start)
    number = list(fitted.grams).index(pattern)
    fitted.terms.append(MeasureTerms(number, products, solved.variances, offset, scale))
    fitted.adjustments.append(rows.columns[:, stop:] @ solved.mean[stop:])
    fitted.event_terms.append(np.where(gram.counts > 0.0, solved.group_mean, np.nan))
    fitted.residuals.append(scaled - rows.columns @ solved.mean - solved.group_mean[rows.event])
    return _told(rows.blocks, solved.variances, scale)


def _checked(scenarios: Scenarios, values: FloatArray, targets: Sequence[str]) -> FloatArray:
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (len(scenarios), len(targets)):
        raise DataError(
            f"values have shape {values.shape}; {len(scenarios)} rows and {len(targets)} targets "
            f"need {(len(scenarios), len(targets))}"
        )
    if np.isinf(values).any():
        raise DataError("a value is infinite: the logarithm of a motion of 0; set it to NaN")
    for name, column in zip(targets, values.T, strict=True):
        found = int(np.isfinite(column).sum())
        if found < _FEWEST_ROWS:
            raise DataError(f"{name} is known in {found} rows; at least {_FEWEST_ROWS} are needed")
    return values


def _stations(scenarios: Scenarios) -> tuple[FloatArray, IntArray]:
    """Return distinct station points, and the number of each row's."""
    points = np.round(site_points_km(scenarios), 2)
    stations, station = np.unique(points, axis=0, return_inverse=True)
    return stations, station.ravel()


def _blocks(design: Design, n_stations: int) -> tuple[Block, ...]:
    blocks = design.blocks()
    return (*blocks, Block("station", blocks[-1].stop, blocks[-1].stop + n_stations))


def _ergodic_scale(backbone: FloatArray, target: FloatArray) -> tuple[float, float]:
    """Return the target's mean, and the standard deviation about a plain regression."""
    coefficients, *_ = np.linalg.lstsq(backbone, target, rcond=None)
    scale = float(np.std(target - backbone @ coefficients))
    return float(target.mean()), max(scale, 1e-6)


def _told(blocks: Sequence[Block], variances: Variances, scale: float) -> str:
    """Return the standard deviations in words."""
    names = [one.name for one in blocks if one.name != BACKBONE]
    parts = [f"{n} {scale * v**0.5:.2f}" for n, v in zip(names, variances.blocks, strict=True)]
    inside = f"record {scale * variances.record**0.5:.2f}, event {scale * variances.group**0.5:.2f}"
    return ", ".join([f"ergodic {scale:.2f}", inside, *parts])
