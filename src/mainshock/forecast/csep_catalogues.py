"""CSEP's tests of ensembles of simulated catalogues: whole columns, with the numbers of pyCSEP.

Simulated and observed events are given as bins (:class:`BinnedCatalogues`); what lies outside the
grid or below the first magnitude is left out before. The same ensemble gives the numbers and
quantiles of pyCSEP.

References
----------
Savran et al. (2020), https://doi.org/10.1785/0120200026; resampled and multinomial M-tests as
documented at https://docs.cseptesting.org/reference/api_reference.html
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from mainshock.core.errors import DataError
from mainshock.forecast.csep_gridded import Randomness, randomness, row_sums
from mainshock.forecast.simulated import SimulatedCatalogues

__all__ = [
    "BinnedCatalogues",
    "CalibrationTest",
    "EnsembleTest",
    "binned",
    "calibration_test",
    "ensemble_tests",
    "magnitude_bin",
    "magnitude_test",
    "multinomial_magnitude_test",
    "number_test",
    "pseudo_likelihood_test",
    "resampled_magnitude_test",
    "spatial_test",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_EDGE = 1e-6  # magnitudes come as float32: 3.1 may read 3.0999999
_DENSE = 20_000_000  # space-magnitude bins up to which expected rates are summed as pyCSEP does


@dataclass(frozen=True, slots=True, eq=False)
class BinnedCatalogues:
    """Events of many catalogues by bin, sorted by catalogue.

    Parameters
    ----------
    catalogue, cell, magnitude
        Numbers of the catalogue, cell and magnitude bin of each event, shape ``(n_events,)``.
    n_catalogues, n_cells, n_magnitudes
        How many there are.

    Raises
    ------
    DataError
        If columns differ in length or a number is out of range.
    """

    catalogue: IntArray
    cell: IntArray
    magnitude: IntArray
    n_catalogues: int
    n_cells: int
    n_magnitudes: int

    def __post_init__(self) -> None:
        n = len(self.catalogue)
        limits = (self.n_catalogues, self.n_cells, self.n_magnitudes)
        for one, limit in zip((self.catalogue, self.cell, self.magnitude), limits, strict=True):
            if len(one) != n:
                raise DataError("columns of binned events differ in length")
            if n and not (int(one.min()) >= 0 and int(one.max()) < limit):
                raise DataError(
                    f"numbers of bins reach {one.min()} to {one.max()}; they must lie in 0 to "
                    f"{limit - 1}"
                )
        if n and (np.diff(self.catalogue) < 0).any():
            raise DataError("events must be sorted by catalogue")

    def counts(self) -> IntArray:
        """Return the number of events in each catalogue, shape ``(n_catalogues,)``."""
        return np.bincount(self.catalogue, minlength=self.n_catalogues)

    def rates(self) -> tuple[FloatArray, FloatArray, float]:
        """Return mean numbers per catalogue: by cell, by magnitude, in all."""
        if self.n_cells * self.n_magnitudes > _DENSE:
            by_cell = np.bincount(self.cell, minlength=self.n_cells) / self.n_catalogues
            sizes = np.bincount(self.magnitude, minlength=self.n_magnitudes)
            return by_cell, sizes / self.n_catalogues, len(self.cell) / self.n_catalogues
        bins = self.cell * np.int64(self.n_magnitudes) + self.magnitude
        found = np.bincount(bins, minlength=self.n_cells * self.n_magnitudes)
        dense = found.reshape(self.n_cells, self.n_magnitudes) / self.n_catalogues
        return dense.sum(axis=1), dense.sum(axis=0), float(dense.sum())

    def magnitude_counts(self) -> IntArray:
        """Return counts by catalogue and magnitude, ``(n_catalogues, n_magnitudes)``."""
        bins = self.catalogue * np.int64(self.n_magnitudes) + self.magnitude
        found = np.bincount(bins, minlength=self.n_catalogues * self.n_magnitudes)
        return found.reshape(self.n_catalogues, self.n_magnitudes)


@dataclass(frozen=True, slots=True, eq=False)
class EnsembleTest:
    """How a statistic of the observed catalogue compares with those of simulated ones.

    Parameters
    ----------
    name
        Of the test.
    observed
        The statistic; NaN where the test says nothing.
    at_least, at_most
        Shares of simulated statistics that are at least, at most the observed one; pyCSEP's
        ``delta_1`` and ``delta_2``. NaN where the test says nothing.
    simulated
        Statistics of the simulated catalogues that have one.
    status
        ``normal``; ``undersampled``: events in cells without any simulated one were left out;
        ``not-valid``: the test says nothing.
    """

    name: str
    observed: float
    at_least: float
    at_most: float
    simulated: FloatArray
    status: str = "normal"

    def is_passed(self, level: float = 0.95) -> bool:
        """Return whether the observed statistic is not extreme; true where nothing is said.

        Both ends count for the number; else the one where the observed catalogue is further
        from the ensemble than simulated ones are.
        """
        if self.name == "N":
            return not min(self.at_least, self.at_most) < (1.0 - level) / 2
        end = self.at_least if self.name in ("M", "M resampled") else self.at_most
        return not end < 1.0 - level


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationTest:
    """Whether quantiles of many windows are spread evenly, by Kolmogorov and Smirnov.

    Parameters
    ----------
    quantiles
        Of the windows where the test said something.
    distance
        Largest distance to an even spread.
    probability
        Of a distance as large.
    """

    quantiles: FloatArray
    distance: float
    probability: float


def magnitude_bin(magnitude: ArrayLike, edges: ArrayLike) -> IntArray:
    """Return the number of the bin of each magnitude, -1 below the first edge.

    Edges are evenly spaced lower ends; the last bin has no upper end.

    Examples
    --------
    >>> magnitude_bin([2.9, 3.0, 3.1, 9.0], [3.0, 3.1, 3.2]).tolist()
    [-1, 0, 1, 2]
    """
    lower = np.asarray(edges, dtype=np.float64)
    step = lower[1] - lower[0] if len(lower) > 1 else np.inf
    passed = (np.asarray(magnitude, dtype=np.float64) - lower[0] + _EDGE) / step
    bins: IntArray = np.clip(np.floor(passed), -1, len(lower) - 1).astype(np.int64)
    return bins


def binned(
    catalogues: SimulatedCatalogues,
    cell_of: Callable[[NDArray[np.float32], NDArray[np.float32]], IntArray],
    n_cells: int,
    magnitude_edges: ArrayLike,
) -> BinnedCatalogues:
    """Return simulated events by bin; those outside the grid or below the edges are left out.

    Parameters
    ----------
    catalogues
        With places.
    cell_of
        Gives the cells of longitudes and latitudes, -1 outside; such as ``Cells.index_of``.
    n_cells
        Number of cells.
    magnitude_edges
        Lower ends of the bins, evenly spaced.

    Raises
    ------
    DataError
        If the catalogues have no places.
    """
    if catalogues.longitude is None or catalogues.latitude is None:
        raise DataError(
            "simulated catalogues of a model of times alone have no places; test their counts"
        )
    cell = np.asarray(cell_of(catalogues.longitude, catalogues.latitude), dtype=np.int64)
    size = magnitude_bin(catalogues.magnitude, magnitude_edges)
    kept = (cell >= 0) & (size >= 0)
    number = catalogues.catalogue.astype(np.int64)
    if not kept.all():
        number, cell, size = number[kept], cell[kept], size[kept]
    n_sizes = len(np.asarray(magnitude_edges))
    return BinnedCatalogues(number, cell, size, catalogues.n_catalogues, n_cells, n_sizes)


def ensemble_tests(simulated: BinnedCatalogues, observed: BinnedCatalogues) -> list[EnsembleTest]:
    """Return the N-, S-, M- and pseudo-likelihood tests of one window.

    Parameters
    ----------
    simulated
        The ensemble.
    observed
        The one observed catalogue in the same bins.
    """
    return [
        number_test(simulated.counts(), len(observed.cell)),
        spatial_test(simulated, observed),
        magnitude_test(simulated, observed),
        pseudo_likelihood_test(simulated, observed),
    ]


def number_test(counts: ArrayLike, observed: int) -> EnsembleTest:
    """Return the N-test: the observed number among simulated ones.

    Parameters
    ----------
    counts
        Numbers of events of the simulated catalogues, shape ``(n_catalogues,)``.
    observed
        Observed number.
    """
    return _test("N", float(observed), np.asarray(counts, dtype=np.float64))


def spatial_test(
    simulated: BinnedCatalogues, observed: BinnedCatalogues, rate: FloatArray | None = None
) -> EnsembleTest:
    """Return the S-test: mean log-density of events under a mean density.

    Parameters
    ----------
    simulated, observed
        The ensemble and the one observed catalogue in the same bins.
    rate
        Expected number of each cell, shape ``(n_cells,)``; by default the ensemble's mean, as
        CSEP has it. A catalogue that helped to make the mean fits it better than any other, so
        that with few simulations per cell a right forecast fails too often: then give rates from
        other simulations, each above 0.
    """
    found = _likelihoods(simulated, observed, rate, normalised=True)
    return _test("S", *found)


def pseudo_likelihood_test(
    simulated: BinnedCatalogues, observed: BinnedCatalogues, rate: FloatArray | None = None
) -> EnsembleTest:
    """Return the pseudo-likelihood test: number and places; as :func:`spatial_test`."""
    found = _likelihoods(simulated, observed, rate, normalised=False)
    return _test("PL", *found)


def magnitude_test(simulated: BinnedCatalogues, observed: BinnedCatalogues) -> EnsembleTest:
    """Return the M-test: distance of the magnitudes from the ensemble's.

    Small catalogues lie further away than large ones by chance alone, so that the test is biased
    where the observed number is unusual; :func:`resampled_magnitude_test` is not.
    """
    n = len(observed.cell)
    number = simulated.counts().astype(np.float64)
    if n == 0 or not number.any():
        return _nothing("M")
    mean = simulated.rates()[1]
    mean = mean * (n / mean.sum())
    kept = number > 0
    counts = simulated.magnitude_counts()[kept] * (n / number[kept])[:, None]
    seen = np.bincount(observed.magnitude, minlength=observed.n_magnitudes)
    return _test("M", float(_distance(seen, mean)), _distance(counts, mean))


def resampled_magnitude_test(
    simulated: BinnedCatalogues, observed: BinnedCatalogues, seed: Randomness = 0
) -> EnsembleTest:
    """Return the M-test with catalogues of the observed number, drawn from all magnitudes."""
    n = len(observed.cell)
    if n == 0 or len(simulated.cell) == 0:
        return _nothing("M resampled")
    union = np.bincount(simulated.magnitude, minlength=simulated.n_magnitudes).astype(np.float64)
    mean = union * (n / union.sum())
    counts = _resampled(union, n, simulated.n_catalogues, seed)
    seen = np.bincount(observed.magnitude, minlength=observed.n_magnitudes)
    return _test("M resampled", float(_distance(seen, mean)), _distance(counts, mean))


def multinomial_magnitude_test(
    simulated: BinnedCatalogues, observed: BinnedCatalogues, seed: Randomness = 0
) -> EnsembleTest:
    """Return the M-test by a ratio of multinomial likelihoods, pyCSEP's MLL test."""
    n = len(observed.cell)
    if n == 0 or len(simulated.cell) == 0:
        return _nothing("M multinomial")
    union = np.bincount(simulated.magnitude, minlength=simulated.n_magnitudes).astype(np.float64)
    counts = _resampled(union, n, simulated.n_catalogues, seed)
    seen = np.bincount(observed.magnitude, minlength=observed.n_magnitudes)
    found = _multinomial_ratio(union, seen[None].astype(np.float64))[0]
    return _test("M multinomial", float(found), _multinomial_ratio(union, counts))


def calibration_test(quantiles: Sequence[float] | FloatArray) -> CalibrationTest:
    """Return whether quantiles of many windows are spread evenly; NaN are left out.

    Raises
    ------
    DataError
        If there are none.
    """
    known = np.asarray(quantiles, dtype=np.float64)
    known = known[np.isfinite(known)]
    if len(known) == 0:
        raise DataError("no window has a quantile; test more windows")
    distance, probability = stats.kstest(known, "uniform")
    return CalibrationTest(known, float(distance), float(probability))


def _likelihoods(
    simulated: BinnedCatalogues,
    observed: BinnedCatalogues,
    given: FloatArray | None,
    *,
    normalised: bool,
) -> tuple[float, FloatArray, str]:
    """Return the observed statistic, the simulated ones, and the status."""
    if given is None:
        rate, _, expected = simulated.rates()
    else:
        rate, expected = given, float(given.sum())
    n = len(observed.cell)
    if n == 0 or expected == 0:
        return float("nan"), np.zeros(0), "not-valid"
    here, status = observed.cell, "normal"
    reached = rate[here] > 0
    if not reached.all():
        here, status = here[reached], "undersampled"
    if len(here) == 0:
        return float("nan"), np.zeros(0), "not-valid"
    total = rate.sum() if normalised else 1.0
    # the observed sum is normalised over the cells that the ensemble reached, as in pyCSEP
    own_total = rate[rate > 0].sum() if normalised and status == "undersampled" else total
    number = simulated.counts()
    sums = _log_sums(simulated.catalogue, simulated.cell, simulated.n_catalogues, rate / total)
    seen = float(_log_sums(np.zeros_like(here), here, 1, rate / own_total)[0])
    if normalised:
        kept = number > 0
        return seen / len(here), sums[kept] / number[kept], status
    return seen - expected, sums - expected, status


def _log_sums(row: IntArray, cell: IntArray, n_rows: int, rate: FloatArray) -> FloatArray:
    """Return for each row the sum of its events' log-rates, cell by cell as pyCSEP sums."""
    keys = row * np.int64(len(rate)) + cell
    found, count = np.unique(keys, return_counts=True)
    of, where = np.divmod(found, len(rate))
    return row_sums(count * np.log(rate[where]), np.bincount(of, minlength=n_rows))


def _distance(counts: NDArray[np.generic], mean: FloatArray) -> FloatArray:
    """Return sums of squared differences of ``log10(count + 1)`` over magnitude bins."""
    apart = np.log10(mean + 1) - np.log10(np.asarray(counts, dtype=np.float64) + 1)
    return np.asarray((apart**2).sum(axis=-1))


def _resampled(union: FloatArray, n: int, n_catalogues: int, seed: Randomness) -> FloatArray:
    """Return counts of catalogues of ``n`` events, drawn bin by bin as ``choice`` of numpy does."""
    rng = randomness(seed)
    edges = np.cumsum(union / union.sum())
    edges /= edges[-1]
    bins = np.searchsorted(edges, rng.random(n_catalogues * n), side="right")
    bins += np.repeat(np.arange(n_catalogues) * len(union), n)
    counts = np.bincount(bins, minlength=n_catalogues * len(union))
    return counts.reshape(n_catalogues, len(union)).astype(np.float64)


def _multinomial_ratio(union: FloatArray, counts: FloatArray) -> FloatArray:
    """Return the score of each row of counts against the union of all."""
    ours = union + union.sum() / counts.sum(axis=1, keepdims=True)
    theirs = counts + 1.0
    parts = [_log_multinomial(one) for one in (ours + theirs, ours, theirs)]
    return np.asarray(2.0 * (parts[0] - parts[1] - parts[2]))


def _log_multinomial(x: FloatArray) -> FloatArray:
    """Return the log-density of counts under their own shares, along the last axis."""
    total = x.sum(axis=-1, keepdims=True)
    terms = x * np.log(x / total) - special.loggamma(x + 1)
    return np.asarray(special.loggamma(total[..., 0] + 1) + terms.sum(axis=-1))


def _test(
    name: str, observed: float, simulated: FloatArray, status: str = "normal"
) -> EnsembleTest:
    if status == "not-valid" or len(simulated) == 0 or not np.isfinite(observed):
        return _nothing(name)
    n = len(simulated)
    at_least = int((simulated >= observed).sum()) / n
    at_most = int((simulated <= observed).sum()) / n
    return EnsembleTest(name, observed, at_least, at_most, simulated, status)


def _nothing(name: str) -> EnsembleTest:
    nan = float("nan")
    return EnsembleTest(name, nan, nan, nan, np.zeros(0), "not-valid")
