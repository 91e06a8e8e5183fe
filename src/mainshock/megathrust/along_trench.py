"""Gaussian process along the trench: what near segments and the region as a whole say.

The latent value of a segment is a constant, plus one for its region, plus what changes along the
trench with exponential covariances: over the length of provinces and, for a share of the variance,
over that of ruptures. The posterior is Laplace's approximation for a logistic likelihood (Rasmussen
and Williams 2006, Gaussian Processes for Machine Learning, algorithms 3.1 and 3.2). Amplitude,
length and share are those of the highest marginal likelihood on the training.
"""

from dataclasses import dataclass
from itertools import product, starmap
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular
from scipy.special import expit

from mainshock.core.errors import DataError
from mainshock.megathrust.table_classifier import TableClassifier

__all__ = ["AlongTrenchKernel", "AlongTrenchProcess"]

FloatArray = NDArray[np.float64]
_CONSTANT, _OF_REGION = 1.0, 4.0  # prior variances of log odds
_RUPTURE_KM = 100.0
_AMPLITUDES, _LENGTHS_KM = (16.0, 50.0, 150.0), (600.0, 1500.0, 4000.0)
_RUPTURE_SHARES = (0.0, 0.2)
_JITTER = 1e-8


class AlongTrenchKernel(NamedTuple):
    """Covariance of what changes along the trench.

    Parameters
    ----------
    amplitude
        Variance of the log odds.
    length_km
        Over which provinces change.
    rupture_share
        Part of the variance that changes over the length of ruptures.
    """

    amplitude: float
    length_km: float
    rupture_share: float


_CHOICES = tuple(starmap(AlongTrenchKernel, product(_AMPLITUDES, _LENGTHS_KM, _RUPTURE_SHARES)))


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    region: NDArray[np.object_]
    s_km: FloatArray

    @classmethod
    def of(cls, X: pd.DataFrame) -> "_Places":
        return cls(X["region"].to_numpy(dtype=object), X["s_km"].to_numpy(dtype=np.float64))

    def covariance(self, other: "_Places", kernel: AlongTrenchKernel) -> FloatArray:
        same = (self.region[:, None] == other.region).astype(np.float64)
        apart_km = np.abs(self.s_km[:, None] - other.s_km)
        along = (1.0 - kernel.rupture_share) * np.exp(-apart_km / kernel.length_km)
        along += kernel.rupture_share * np.exp(-apart_km / _RUPTURE_KM)
        return np.asarray(_CONSTANT + same * (_OF_REGION + kernel.amplitude * along))


@dataclass(frozen=True, slots=True, eq=False)
class _Posterior:
    weights: FloatArray
    root: FloatArray
    lower: FloatArray
    log_marginal: float


def _laplace(covariance: FloatArray, is_true: FloatArray) -> _Posterior:
    """Return Laplace's approximation of the latent values behind yes and no."""
    n = is_true.size
    latent = np.zeros(n)
    for _ in range(50):
        mean = expit(latent)
        root = np.sqrt(mean * (1.0 - mean))
        lower = np.linalg.cholesky(np.eye(n) + root[:, None] * covariance * root)
        gradient = root**2 * latent + is_true - mean
        weights = gradient - root * cho_solve((lower, True), root * (covariance @ gradient))
        moved = covariance @ weights
        change = float(np.abs(moved - latent).max())
        latent = moved
        if change < 1e-6:
            break
    mean = expit(latent)
    signs = 2.0 * is_true - 1.0
    likelihood = -np.logaddexp(0.0, -signs * latent).sum()
    marginal = likelihood - 0.5 * weights @ latent - np.log(np.diag(lower)).sum()
    return _Posterior(is_true - mean, root, lower, float(marginal))


class AlongTrenchProcess(TableClassifier):
    """Two classes by place alone, less sure the farther the nearest known segment is.

    Parameters
    ----------
    kernel
        Covariance along the trench; None: by marginal likelihood.
    rupture_share
        With that, the share of the kernel; None: by marginal likelihood too.
    """

    def __init__(
        self, kernel: AlongTrenchKernel | None = None, rupture_share: float | None = None
    ) -> None:
        self.kernel = kernel
        self.rupture_share = rupture_share

    def fit(self, X: pd.DataFrame, y: NDArray[np.int64]) -> "AlongTrenchProcess":
        """Learn from places and two classes.

        Raises
        ------
        DataError
            If there are more than two classes.
        """
        is_true = np.asarray(y, dtype=np.float64)
        if is_true.max(initial=0.0) > 1.0:
            raise DataError("the process along the trench knows two classes, 0 and 1, not more")
        self.classes_ = np.array([0, 1])
        self.places_ = _Places.of(X)
        best: tuple[float, tuple[_Posterior, AlongTrenchKernel]] | None = None
        for kernel in self._choices():
            covariance = self.places_.covariance(self.places_, kernel)
            found = _laplace(covariance + _JITTER * np.eye(len(X)), is_true)
            if best is None or found.log_marginal > best[0]:
                best = found.log_marginal, (found, kernel)
        if best is None:
            raise DataError("there is nothing to learn from")
        self.posterior_, self.kernel_ = best[1]
        return self

    def _choices(self) -> tuple[AlongTrenchKernel, ...]:
        if self.kernel is not None:
            return (self.kernel,)
        return tuple(
            one
            for one in _CHOICES
            if self.rupture_share is None or one.rupture_share == self.rupture_share
        )

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Return probabilities of both classes, averaged over the latent uncertainty."""
        asked = _Places.of(X)
        across = asked.covariance(self.places_, self.kernel_)
        mean = across @ self.posterior_.weights
        spread = solve_triangular(
            self.posterior_.lower, (across * self.posterior_.root).T, lower=True
        )
        prior = _CONSTANT + _OF_REGION + self.kernel_.amplitude
        variance = np.maximum(prior - (spread**2).sum(axis=0), 0.0)
        probability = expit(mean / np.sqrt(1.0 + np.pi * variance / 8.0))
        return np.column_stack([1.0 - probability, probability])
