"""The ergodic regression: shaking from magnitude, distance and depth alone, one place as another.

``ln Y = b0 + b1 M + b2 ln R + b3 R + b4 Z (+ b5 ln(Vs30 / 760))`` with hypocentral distance R and
depth Z in km, fitted to each measure with random terms of events and stations, so that coefficients
do not lean on whatever event or station has most records. All terms count as scatter when it
predicts: an ergodic model does not know where it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError, ModelError
from mainshock.core.files import replacing
from mainshock.shaking.aleatory import shared_correlation
from mainshock.shaking.base import Motions
from mainshock.shaking.measures import MEASURES, place_of
from mainshock.shaking.mixed_effects import MixedEffects, fit_mixed_effects
from mainshock.shaking.scenarios import Scenarios

__all__ = ["ErgodicMotion", "design", "fit_ergodic", "outside"]

FloatArray = NDArray[np.float64]
REFERENCE_VS30_M_S = 760.0
_LEAST_DISTANCE_KM = 1.0
_LEAST_EXTRA_ROWS = 10  # a regression has at least so many rows more than coefficients
_LEAST_SHARED = 3  # records that two measures must share
_PARTS = ("event", "station", "record")


def design(scenarios: Scenarios, *, with_vs30: bool = False) -> FloatArray:
    """Return the columns 1, M, ln R, R, depth and, if asked, ln(Vs30 / 760); R of at least 1 km.

    Sites of unknown Vs30 stand at 760 m/s.
    """
    distance_km = np.maximum(scenarios.hypocentral_km(), _LEAST_DISTANCE_KM)
    columns = [
        np.ones(len(scenarios)),
        scenarios.magnitude,
        np.log(distance_km),
        distance_km,
        scenarios.depth_km,
    ]
    if with_vs30:
        vs30 = np.where(np.isfinite(scenarios.vs30_m_s), scenarios.vs30_m_s, REFERENCE_VS30_M_S)
        columns.append(np.log(vs30 / REFERENCE_VS30_M_S))
    return np.column_stack(columns)


def outside(values: FloatArray, lowest: FloatArray, highest: FloatArray) -> FloatArray:
    """Return how far rows lie outside a box, in parts of its width, the farthest side: ``(n,)``.

    A side without width counts in its own unit.
    """
    width = np.where(highest > lowest, highest - lowest, 1.0)
    excess = np.maximum(lowest - values, values - highest) / width
    return np.asarray(np.maximum(excess, 0.0).max(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class ErgodicMotion:
    """A fitted ergodic regression; it does what every model of motions does.

    Parameters
    ----------
    measures
        Names of the measures.
    coefficients
        One row a measure, ``(n_measures, p)``.
    coefficient_covariance
        ``(n_measures, p, p)``.
    covariance
        Between measures, of terms of events, stations and records in this order,
        ``(3, n_measures, n_measures)``.
    lowest, highest
        Of magnitude, ln R, and depth where it was fitted, ``(3,)``.
    with_vs30
        Vs30 is among the columns.
    """

    measures: tuple[str, ...]
    coefficients: FloatArray
    coefficient_covariance: FloatArray
    covariance: FloatArray
    lowest: FloatArray
    highest: FloatArray
    with_vs30: bool = False

    @property
    def tau(self) -> FloatArray:
        """Standard deviation between events, by measure."""
        return self._sd(0)

    @property
    def phi_s2s(self) -> FloatArray:
        """Standard deviation between stations, by measure."""
        return self._sd(1)

    @property
    def phi_ss(self) -> FloatArray:
        """Standard deviation of records of one event and station, by measure."""
        return self._sd(2)

    def _sd(self, part: int) -> FloatArray:
        return np.asarray(np.sqrt(np.diagonal(self.covariance[part])))

    def predict(self, scenarios: Scenarios, measures: Sequence[str] | None = None) -> Motions:
        """Return the distribution of measures (all by default) for each row."""
        chosen, place = place_of(self.measures, measures)
        columns = design(scenarios, with_vs30=self.with_vs30)
        total = np.sqrt(self.tau**2 + self.phi_s2s**2 + self.phi_ss**2)[place]
        excess = outside(_guarded(columns), self.lowest, self.highest)
        fitted = np.einsum(
            "np,mpq,nq->nm", columns, self.coefficient_covariance[place], columns, optimize=True
        )
        # a step of one training range beyond it is worth one more standard deviation
        epistemic = np.sqrt(fitted + (excess[:, None] * total) ** 2)
        return Motions(
            measures=chosen,
            mean=columns @ self.coefficients[place].T,
            sd=np.hypot(total, epistemic),
            sd_epistemic=epistemic,
            is_extrapolated=excess > 0.0,
        )

    def sample(
        self,
        scenarios: Scenarios,
        n: int,
        rng: np.random.Generator,
        measures: Sequence[str] | None = None,
    ) -> FloatArray:
        """Return realisations, ``(n_rows, n, n_measures)``.

        Rows of an event share its term, rows of a station share its own, both correlated between
        measures as the terms of the training records are; coefficients are drawn once.
        """
        _, place = place_of(self.measures, measures)
        columns = design(scenarios, with_vs30=self.with_vs30)
        drawn = columns @ self._draw_coefficients(n, rng, place)
        records = np.arange(len(scenarios))
        for part, labels in enumerate((scenarios.event, scenarios.station, records)):
            _, code = np.unique(labels, return_inverse=True)
            root = _root(self.covariance[part][np.ix_(place, place)])
            terms = rng.standard_normal((n, int(code.max()) + 1, len(place))) @ root.T
            drawn += terms[:, code]
        return np.ascontiguousarray(drawn.transpose(1, 0, 2))

    def _draw_coefficients(self, n: int, rng: np.random.Generator, place: list[int]) -> FloatArray:
        """Return coefficients, ``(n, p, n_measures)``: of like measures they err alike."""
        total = self.covariance.sum(axis=0)[np.ix_(place, place)]
        sd = np.sqrt(np.diagonal(total))
        alike = _root(total / np.outer(sd, sd))
        p = self.coefficients.shape[1]
        normal = rng.standard_normal((n, p, len(place))) @ alike.T
        roots = np.stack([_root(one) for one in self.coefficient_covariance[place]])
        return np.asarray(self.coefficients[place].T + np.einsum("mpq,nqm->npm", roots, normal))

    def save(self, path: Path) -> Path:
        """Write the regression as ``.npz`` and return its path."""
        with replacing(path) as partial, partial.open("wb") as file:
            np.savez(
                file,
                measures=np.array(self.measures),
                coefficients=self.coefficients,
                coefficient_covariance=self.coefficient_covariance,
                covariance=self.covariance,
                lowest=self.lowest,
                highest=self.highest,
                with_vs30=self.with_vs30,
            )
        return path

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the regression in a file.

        Raises
        ------
        ModelError
            If the file is missing or is not one.
        """
        try:
            with np.load(path) as file:
                held: dict[str, Any] = dict(file)
            held["measures"] = tuple(str(one) for one in held["measures"])
            held["with_vs30"] = bool(held["with_vs30"])
            return cls(**held)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{path} is no ergodic regression: {error}; fit it anew") from error


def fit_ergodic(
    scenarios: Scenarios,
    values: ArrayLike,
    measures: Sequence[str] = MEASURES,
    *,
    with_vs30: bool = False,
) -> ErgodicMotion:
    """Return the regression of measured shaking.

    Parameters
    ----------
    scenarios
        Sources and sites of the records.
    values
        Natural logarithms, ``(n_rows, n_measures)``; NaN where a record does not give a measure.
    measures
        Their names. Measures that fewer than 15 records give are left out.
    with_vs30
        Add ln(Vs30 / 760).

    Raises
    ------
    DataError
        If shapes differ, or no measure has enough records of at least two events.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (len(scenarios), len(measures)):
        raise DataError(
            f"values of shape {values.shape} for {len(scenarios)} rows and {len(measures)} "
            "measures; give one row each"
        )
    columns = design(scenarios, with_vs30=with_vs30)
    enough = np.isfinite(values).sum(axis=0) >= columns.shape[1] + _LEAST_EXTRA_ROWS
    if not enough.any() or np.unique(scenarios.event).size < 2:
        raise DataError(
            f"{len(scenarios)} records of {np.unique(scenarios.event).size} events are too few for "
            f"a regression; give {columns.shape[1] + _LEAST_EXTRA_ROWS} of two events or more"
        )
    values = values[:, enough]
    fits = [_fit(columns, one, scenarios) for one in values.T]
    guarded = _guarded(columns)
    return ErgodicMotion(
        measures=tuple(np.array(measures)[enough].tolist()),
        coefficients=np.array([one.coefficients for one in fits]),
        coefficient_covariance=np.array([one.covariance for one in fits]),
        covariance=_covariance(values, fits),
        lowest=guarded.min(axis=0),
        highest=guarded.max(axis=0),
        with_vs30=with_vs30,
    )


def _guarded(columns: FloatArray) -> FloatArray:
    """Return the columns whose training range bounds what can be asked: M, ln R, depth."""
    return columns[:, [1, 2, 4]]


def _fit(columns: FloatArray, values: FloatArray, scenarios: Scenarios) -> MixedEffects:
    kept = np.isfinite(values)
    labels = {"event": scenarios.event[kept], "station": scenarios.station[kept]}
    n = int(kept.sum())
    factors = {name: one for name, one in labels.items() if 1 < np.unique(one).size < n}
    given = columns[kept]
    # a column of one value, such as a depth that nobody knows, is the first one over again
    told = np.flatnonzero(np.ptp(given, axis=0) > 0.0) if n else np.arange(1, given.shape[1])
    used = np.concatenate([[0], told])
    fit = fit_mixed_effects(values[kept], factors, given[:, used])
    coefficients = np.zeros(given.shape[1])
    coefficients[used] = fit.coefficients
    covariance = np.zeros((given.shape[1], given.shape[1]))
    covariance[np.ix_(used, used)] = fit.covariance
    return replace(fit, coefficients=coefficients, covariance=covariance)


def _covariance(values: FloatArray, fits: Sequence[MixedEffects]) -> FloatArray:
    """Return the covariance between measures of each part: correlations of the fitted terms.

    Where two measures share too few records they count as independent.
    """
    n, m = values.shape
    covariance = np.zeros((len(_PARTS), m, m))
    for part, name in enumerate(_PARTS):
        terms = np.full((n, m), np.nan)
        sd = np.zeros(m)
        for column, fit in enumerate(fits):
            rows = np.isfinite(values[:, column])
            one = fit.residual if name == "record" else fit.effects.get(name)
            if one is not None:
                terms[rows, column] = one
                sd[column] = fit.residual_sd if name == "record" else fit.sd[name]
        correlation = np.nan_to_num(shared_correlation(terms, _LEAST_SHARED))
        np.fill_diagonal(correlation, 1.0)
        covariance[part] = np.outer(sd, sd) * correlation
    return covariance


def _root(covariance: FloatArray) -> FloatArray:
    """Return a root of a covariance; what makes it indefinite, by rounding, is set to zero."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
