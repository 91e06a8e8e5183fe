"""Residuals split into what events, stations, paths and single records add, by REML.

The model is ``y = X b + sum of effects + rest``: each factor (event, station, path) adds one normal
number for each of its levels, and factors may cross. The restricted likelihood is profiled over
the coefficients and the residual variance, and the factor with the most levels, whose block is
diagonal, is eliminated first: the cost is that of the smaller factors.

References
----------
Bates et al. (2015), https://doi.org/10.18637/jss.v067.i01 (the profiled criterion);
Al Atik et al. (2010), https://doi.org/10.1785/gssrl.81.5.794 (names of the components).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, optimize, sparse

from mainshock.core.errors import DataError
from mainshock.shaking.scenarios import Scenarios

__all__ = ["MixedEffects", "ResidualSplit", "fit_mixed_effects", "path_names", "split_residuals"]

FloatArray = NDArray[np.float64]
_SMALLEST_RATIO = 1e-3  # a standard deviation below this share of the rest counts as zero
_STEP = 1e-3  # of the logarithms of standard deviations, for second differences


@dataclass(frozen=True, slots=True, eq=False)
class MixedEffects:
    """A fitted linear model with random effects.

    Parameters
    ----------
    coefficients, covariance
        Of the columns of the design, ``(p,)`` and ``(p, p)``.
    sd, sd_error
        Standard deviation between the levels of each factor, and its standard error; NaN where
        the deviation is zero, at the edge of what is possible.
    residual_sd, residual_sd_error
        Of what no factor explains.
    effects
        Best linear unbiased prediction for each row's level, by factor, ``(n,)``.
    residual
        What no factor explains, ``(n,)``.
    log_likelihood
        Restricted log-likelihood at its maximum, in nats.
    """

    coefficients: FloatArray
    covariance: FloatArray
    sd: dict[str, float]
    sd_error: dict[str, float]
    residual_sd: float
    residual_sd_error: float
    effects: dict[str, FloatArray]
    residual: FloatArray
    log_likelihood: float


@dataclass(frozen=True, slots=True)
class ResidualSplit:
    """Parts of the variability of residuals; NaN where the rows cannot tell.

    Parameters
    ----------
    bias, bias_error
        Mean over all, and its standard error.
    tau, phi_s2s, phi_p2p, phi_ss
        Standard deviation between events, stations, paths, and of the rest.
    tau_error, phi_s2s_error, phi_p2p_error, phi_ss_error
        Standard errors.
    """

    bias: float
    bias_error: float
    tau: float
    tau_error: float
    phi_s2s: float
    phi_s2s_error: float
    phi_p2p: float
    phi_p2p_error: float
    phi_ss: float
    phi_ss_error: float


def fit_mixed_effects(
    values: ArrayLike, factors: Mapping[str, NDArray[Any]], design: FloatArray | None = None
) -> MixedEffects:
    """Return the restricted-likelihood fit of a linear model with crossed random effects.

    Parameters
    ----------
    values
        One a row, shape ``(n,)``, finite.
    factors
        Labels of each row by factor, shape ``(n,)`` each.
    design
        Columns of the fixed part, ``(n, p)``; a constant by default.

    Raises
    ------
    DataError
        If values are not finite, lengths differ, columns of the design depend on each other, or
        a factor has a level a row, so that it cannot be told from the rest.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> event = np.repeat(np.arange(200), 10)
    >>> y = 0.5 * rng.standard_normal(200)[event] + 0.8 * rng.standard_normal(2000)
    >>> fit = fit_mixed_effects(y, {"event": event})
    >>> round(fit.sd["event"], 1), round(fit.residual_sd, 1)
    (0.5, 0.8)
    """
    y = np.asarray(values, dtype=np.float64)
    x = np.ones((y.size, 1)) if design is None else np.asarray(design, dtype=np.float64)
    _check(y, x, factors)
    problem = _Problem(y, x, factors)
    ratio = problem.best_ratio()
    solved = problem.solve(ratio)
    residual_sd = float(np.sqrt(solved.square / problem.degrees))
    errors = _standard_errors(problem, ratio, residual_sd)
    effects, residual = problem.predict(ratio, solved)
    return MixedEffects(
        coefficients=solved.coefficients,
        covariance=residual_sd**2 * solved.unscaled_covariance,
        sd=dict(zip(factors, (ratio * residual_sd).tolist(), strict=True)),
        sd_error=dict(zip(factors, errors[:-1].tolist(), strict=True)),
        residual_sd=residual_sd,
        residual_sd_error=float(errors[-1]),
        effects=effects,
        residual=residual,
        log_likelihood=-0.5 * problem.deviance(ratio),
    )


def split_residuals(
    residuals: ArrayLike, scenarios: Scenarios, path_cell_km: float | None = None
) -> ResidualSplit:
    """Return how much of residuals events, stations, repeated paths and single records make.

    Parameters
    ----------
    residuals
        Observed minus predicted, shape ``(n,)``; rows that are not finite are left out.
    scenarios
        Events and stations of the rows.
    path_cell_km
        Sources in one square cell of this size have one path to a station; None leaves paths
        out, so that what they add counts as ``phi_ss``.

    Notes
    -----
    A factor with one level, or as many levels as rows, cannot be told apart: its part is NaN.
    """
    y = np.asarray(residuals, dtype=np.float64)
    kept = np.isfinite(y)
    labels = {"tau": scenarios.event[kept], "phi_s2s": scenarios.station[kept]}
    if path_cell_km is not None:
        labels["phi_p2p"] = path_names(scenarios, path_cell_km)[kept]
    factors = {name: one for name, one in labels.items() if _can_be_told(one)}
    if kept.sum() < 3:
        raise DataError(f"{int(kept.sum())} finite residuals cannot be split; give 3 or more")
    fit = fit_mixed_effects(y[kept], factors)
    parts = {name: fit.sd.get(name, np.nan) for name in ("tau", "phi_s2s", "phi_p2p")}
    errors = {f"{name}_error": fit.sd_error.get(name, np.nan) for name in parts}
    return ResidualSplit(
        bias=float(fit.coefficients[0]),
        bias_error=float(np.sqrt(fit.covariance[0, 0])),
        phi_ss=fit.residual_sd,
        phi_ss_error=fit.residual_sd_error,
        **parts,
        **errors,
    )


def path_names(scenarios: Scenarios, cell_km: float) -> NDArray[np.str_]:
    """Return names that rows share if their sources lie in one cell and their station is one."""
    per_degree = 111.19
    north = np.floor(scenarios.source_latitude * per_degree / cell_km).astype(np.int64)
    shrink = np.cos(np.radians(np.mean(scenarios.source_latitude)))
    east = np.floor(scenarios.source_longitude * per_degree * shrink / cell_km).astype(np.int64)
    parts = zip(north, east, scenarios.station, strict=True)
    return np.array([f"{row}/{column}/{station}" for row, column, station in parts], dtype=np.str_)


@dataclass(frozen=True, slots=True, eq=False)
class _Solved:
    """The penalised least squares at given ratios of standard deviations."""

    log_determinant: float
    square: float
    coefficients: FloatArray
    unscaled_covariance: FloatArray
    spherical: FloatArray


class _Problem:
    """Cross products of the model, and the penalised least squares for given ratios."""

    def __init__(self, y: FloatArray, x: FloatArray, factors: Mapping[str, NDArray[Any]]) -> None:
        self.y, self.x, self.names = y, x, tuple(factors)
        self.degrees = y.size - x.shape[1]
        codes = [np.unique(one, return_inverse=True)[1].ravel() for one in factors.values()]
        self.sizes = [int(one.max()) + 1 for one in codes]
        columns = [
            sparse.csr_array((np.ones(y.size), (np.arange(y.size), one)), shape=(y.size, size))
            for one, size in zip(codes, self.sizes, strict=True)
        ]
        # the factor with the most levels comes first: its block is diagonal
        self.order = sorted(range(len(columns)), key=lambda number: -self.sizes[number])
        ordered = [columns[number] for number in self.order]
        both = np.column_stack([x, y])
        self.both_square = both.T @ both
        self.z: Any = sparse.hstack(ordered, format="csr") if ordered else None
        if self.z is None:
            return
        self.split = self.sizes[self.order[0]]
        products = (self.z.T @ self.z).tocsr()
        self.diagonal = products.diagonal()[: self.split]
        self.cross = products[self.split :, : self.split].toarray()
        self.rest = products[self.split :, self.split :].toarray()
        self.z_both = self.z.T @ both

    def best_ratio(self) -> FloatArray:
        """Return the ratios of factors to the rest that are most likely."""
        start = np.full(len(self.names), 0.7)
        if start.size:
            bounds = [(0.0, 1e3)] * start.size
            start = optimize.minimize(self.deviance, start, method="L-BFGS-B", bounds=bounds).x
        return np.where(start < _SMALLEST_RATIO, 0.0, start)

    def scales(self, ratio: FloatArray) -> FloatArray:
        """Return the ratio of each random effect, in the order of the columns."""
        return np.concatenate([np.full(self.sizes[one], ratio[one]) for one in self.order])

    def solve(self, ratio: FloatArray) -> _Solved:
        """Return the solution and determinants at ratios of factors to the rest."""
        p = self.x.shape[1]
        square, log_determinant = self.both_square, 0.0
        solution = np.zeros((0, p + 1))
        if self.z is not None:
            scale = self.scales(ratio)
            right = scale[:, None] * self.z_both
            solution, log_determinant = self._solve_effects(scale, right)
            square = square - right.T @ solution
        factor = linalg.cho_factor(square[:p, :p], lower=True)
        coefficients = linalg.cho_solve(factor, square[:p, p])
        log_determinant += 2.0 * float(np.log(np.diag(factor[0])).sum())
        return _Solved(
            log_determinant=log_determinant,
            square=float(square[p, p] - square[p, :p] @ coefficients),
            coefficients=coefficients,
            unscaled_covariance=linalg.cho_solve(factor, np.eye(p)),
            spherical=solution[:, p] - solution[:, :p] @ coefficients,
        )

    def _solve_effects(self, scale: FloatArray, right: FloatArray) -> tuple[FloatArray, float]:
        """Return ``M^-1 right`` and ``ln det M`` of ``M = S Z'Z S + 1``."""
        first, others = scale[: self.split], scale[self.split :]
        diagonal = first**2 * self.diagonal + 1.0
        low = right[: self.split] / diagonal[:, None]
        log_determinant = float(np.log(diagonal).sum())
        if others.size == 0:
            return low, log_determinant
        cross = others[:, None] * self.cross * first
        schur = others[:, None] * self.rest * others - (cross / diagonal) @ cross.T
        schur[np.diag_indices_from(schur)] += 1.0
        factor = linalg.cho_factor(schur, lower=True)
        high = linalg.cho_solve(factor, right[self.split :] - cross @ low)
        low = low - (cross.T @ high) / diagonal[:, None]
        log_determinant += 2.0 * float(np.log(np.diag(factor[0])).sum())
        return np.vstack([low, high]), log_determinant

    def deviance(self, ratio: FloatArray) -> float:
        """Return minus twice the restricted log-likelihood, at the best residual variance."""
        solved = self.solve(ratio)
        spread = np.log(2.0 * np.pi * solved.square / self.degrees)
        return float(solved.log_determinant + self.degrees * (1.0 + spread))

    def deviance_at(self, sd: FloatArray) -> float:
        """Return minus twice the restricted log-likelihood; the last deviation is the rest's."""
        solved = self.solve(sd[:-1] / sd[-1])
        variance = float(sd[-1]) ** 2
        spread = self.degrees * np.log(2.0 * np.pi * variance)
        return float(solved.log_determinant + spread + solved.square / variance)

    def predict(self, ratio: FloatArray, solved: _Solved) -> tuple[dict[str, FloatArray], Any]:
        """Return the effect of each row by factor, and what is left."""
        residual = self.y - self.x @ solved.coefficients
        effects: dict[str, FloatArray] = {}
        start = 0
        for number in self.order:
            stop = start + self.sizes[number]
            values = ratio[number] * solved.spherical[start:stop]
            effects[self.names[number]] = self.z[:, start:stop] @ values
            residual = residual - effects[self.names[number]]
            start = stop
        return effects, residual


def _standard_errors(problem: _Problem, ratio: FloatArray, residual_sd: float) -> FloatArray:
    """Return standard errors of the deviations, the rest's last, from second differences."""
    sd = np.append(ratio * residual_sd, residual_sd)
    free = np.flatnonzero(sd > 0.0)

    def deviance(logarithms: FloatArray) -> float:
        at = sd.copy()
        at[free] = np.exp(logarithms)
        return problem.deviance_at(at)

    curvature = 0.5 * _second_differences(deviance, np.log(sd[free]))
    errors = np.full(sd.size, np.nan)
    with np.errstate(invalid="ignore"):
        errors[free] = sd[free] * np.sqrt(np.diag(linalg.pinvh(curvature)))
    return errors


def _second_differences(function: Callable[[FloatArray], float], at: FloatArray) -> FloatArray:
    """Return the matrix of second derivatives."""
    step = _STEP * np.eye(at.size)
    matrix = np.empty((at.size, at.size))
    for row in range(at.size):
        for column in range(row + 1):
            corners = [
                sign * other * function(at + sign * step[row] + other * step[column])
                for sign in (1.0, -1.0)
                for other in (1.0, -1.0)
            ]
            matrix[row, column] = matrix[column, row] = sum(corners) / (4.0 * _STEP**2)
    return matrix


def _can_be_told(labels: NDArray[Any]) -> bool:
    return 1 < np.unique(labels).size < labels.size


def _check(y: FloatArray, x: FloatArray, factors: Mapping[str, NDArray[Any]]) -> None:
    if y.ndim != 1 or x.shape[0] != y.size or any(len(one) != y.size for one in factors.values()):
        lengths = {name: len(one) for name, one in factors.items()}
        raise DataError(
            f"{y.shape} values, a design of {x.shape} and labels {lengths}; give one row each"
        )
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise DataError("values or design are not finite; leave such rows out")
    if y.size <= x.shape[1] or np.linalg.matrix_rank(x) < x.shape[1]:
        raise DataError(
            f"{x.shape[1]} coefficients cannot be told from {y.size} rows; give more rows or "
            "fewer columns"
        )
    for name, one in factors.items():
        if np.unique(one).size >= y.size:
            raise DataError(
                f"factor {name!r} has as many levels as rows ({y.size}); leave it out, for its "
                "effect is the residual"
            )
