"""Gaussian mixtures with full covariances: densities, draws, and a fit to weighted points."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

__all__ = ["GaussianMixture", "fit_mixture"]

FloatArray = NDArray[np.float64]
_FLOOR = 1e-6  # of the variance of all points, so that no component collapses on a few of them


@dataclass(frozen=True, slots=True, eq=False)
class GaussianMixture:
    """A weighted sum of normal densities in ``d`` dimensions.

    Parameters
    ----------
    weights
        Shape ``(k,)``; they sum to 1.
    means
        Shape ``(k, d)``.
    covariances
        Shape ``(k, d, d)``.
    """

    weights: FloatArray
    means: FloatArray
    covariances: FloatArray

    def log_densities(self, points: FloatArray) -> FloatArray:
        """Return the logarithm of each component's weighted density, shape ``(n, k)``.

        Parameters
        ----------
        points
            Shape ``(n, d)``.
        """
        inverses = np.linalg.inv(np.linalg.cholesky(self.covariances))
        offsets = np.einsum("kij,kj->ki", inverses, self.means)
        size, d = self.means.shape
        standard = points @ inverses.reshape(size * d, d).T - offsets.ravel()
        square = (standard**2).reshape(-1, size, d).sum(axis=2)
        scale = np.log(np.diagonal(inverses, axis1=1, axis2=2)).sum(axis=1)
        with np.errstate(divide="ignore"):
            share = np.log(self.weights)
        return np.asarray(share + scale - 0.5 * d * np.log(2.0 * np.pi) - 0.5 * square)

    def log_density(self, points: FloatArray) -> FloatArray:
        """Return the logarithm of the density, shape ``(n,)``, for points of shape ``(n, d)``."""
        return np.asarray(logsumexp(self.log_densities(points), axis=1))

    def draw(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return independent draws, shape ``(n, d)``."""
        component = rng.choice(self.weights.size, size=n, p=self.weights)
        return self.means[component] + self.steps(component, rng)

    def steps(self, component: NDArray[np.intp], rng: np.random.Generator) -> FloatArray:
        """Return zero-mean draws with the covariances of the given components, ``(n, d)``."""
        factors = np.linalg.cholesky(self.covariances)
        normal = rng.standard_normal((component.size, self.means.shape[1]))
        return np.asarray(np.einsum("nij,nj->ni", factors[component], normal))


def fit_mixture(
    points: FloatArray,
    weights: FloatArray,
    n_components: int,
    rng: np.random.Generator,
    n_steps: int = 12,
) -> GaussianMixture:
    """Return a mixture fitted to weighted points by expectation and maximisation.

    Parameters
    ----------
    points
        Shape ``(n, d)``.
    weights
        Shape ``(n,)``; not negative, sum 1.
    n_steps
        Steps of the algorithm; the means start far apart (k-means++).

    References
    ----------
    Dempster, Laird and Rubin (1977), https://doi.org/10.1111/j.2517-6161.1977.tb01600.x
    """
    d = points.shape[1]
    middle = weights @ points
    points = points - middle  # squares far from zero would lose the covariance
    overall = (points * weights[:, None]).T @ points
    floor = np.diag(_FLOOR * np.diag(overall) + 1e-12)
    mixture = GaussianMixture(
        np.full(n_components, 1.0 / n_components),
        _far_apart(points, weights, n_components, rng),
        np.repeat((overall / n_components ** (2.0 / d) + floor)[None], n_components, axis=0),
    )
    for _ in range(n_steps):
        mixture = _improved(mixture, points, weights, floor)
    return GaussianMixture(mixture.weights, mixture.means + middle, mixture.covariances)


def _far_apart(
    points: FloatArray, weights: FloatArray, n: int, rng: np.random.Generator
) -> FloatArray:
    """Return ``n`` of the points, each drawn by its squared distance to those before it."""
    scaled = points / np.maximum(points.std(axis=0), 1e-12)
    chosen = [int(rng.choice(weights.size, p=weights))]
    square = np.full(weights.size, np.inf)
    for _ in range(n - 1):
        square = np.minimum(square, ((scaled - scaled[chosen[-1]]) ** 2).sum(axis=1))
        held = np.cumsum(weights * square)
        place = int(np.searchsorted(held, rng.random() * held[-1], side="right"))
        chosen.append(min(place, weights.size - 1))
    return points[chosen]


def _improved(
    mixture: GaussianMixture, points: FloatArray, weights: FloatArray, floor: FloatArray
) -> GaussianMixture:
    logs = mixture.log_densities(points)
    share = np.exp(logs - logs.max(axis=1, keepdims=True))
    share *= (weights / share.sum(axis=1))[:, None]
    held = share.sum(axis=0)
    safe = np.maximum(held, 1e-300)
    means = (share.T @ points) / safe[:, None]
    d = points.shape[1]
    squares = (points[:, :, None] * points[:, None, :]).reshape(-1, d * d)
    second = (share.T @ squares / safe[:, None]).reshape(-1, d, d)
    covariances = second - means[:, :, None] * means[:, None, :]
    # a component of hardly any point keeps the shape it had
    few = held * weights.size < 2.0 * d
    covariances[few], means[few] = mixture.covariances[few], mixture.means[few]
    return GaussianMixture(held / held.sum(), means, covariances + floor)
