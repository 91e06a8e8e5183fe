"""Ways to divide segments into training and test that neighbours cannot leak across.

Each splitter works alone with scikit-learn: ``split(X, y, groups)`` yields row numbers, ``X`` being
a table with ``region`` and ``s_km``; ``groups`` are ruptures where a splitter needs them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import SettingsError

__all__ = [
    "BufferedBlocks",
    "EventTime",
    "ExclusionDistance",
    "Fold",
    "FoldAudit",
    "LeaveRegionOut",
    "RandomSegments",
    "RuptureDisjoint",
    "audit_fold",
]

Rows = NDArray[np.int64]
Fold = tuple[Rows, Rows]  # training, test
N_SCENARIOS = 5


@dataclass(frozen=True, slots=True)
class FoldAudit:
    """What could leak from the training rows of a fold to its test rows.

    Parameters
    ----------
    n_train, n_test
        Segments.
    nearest_km
        Least along-trench distance between training and test in one region; infinite where no
        region is on both sides.
    shared_regions, shared_ruptures
        On both sides; of ruptures only those with a great earthquake where ``y`` says so.
    test_counts
        Test segments of each class.
    """

    n_train: int
    n_test: int
    nearest_km: float
    shared_regions: int
    shared_ruptures: int
    test_counts: tuple[int, ...]


def audit_fold(X: pd.DataFrame, y: ArrayLike, groups: ArrayLike, fold: Fold) -> FoldAudit:
    """Return what the two sides of a fold share."""
    train, test = fold
    region, s_km = X["region"].to_numpy(), X["s_km"].to_numpy()
    nearest = np.inf
    common = set(region[train]) & set(region[test])
    for one in common:
        here = np.abs(s_km[train][region[train] == one, None] - s_km[test][region[test] == one])
        nearest = min(nearest, float(here.min()))
    ruptures = np.asarray(groups)
    counts = np.bincount(np.asarray(y)[test], minlength=int(np.max(y)) + 1)
    shared = set(ruptures[train]) & set(ruptures[test])
    return FoldAudit(
        train.size, test.size, nearest, len(common), len(shared), tuple(counts.tolist())
    )


@dataclass(frozen=True, slots=True)
class ExclusionDistance:
    """Five scenarios: each fifth of every region is the test, less a distance on either side.

    The scheme of Graciosa et al. (2025, https://doi.org/10.1029/2024JB028774), exactly: with the
    last fifth the last segment is tested in ``last_region`` alone.

    Parameters
    ----------
    exclusion_km
        Nearer than this to the test's ends nothing is trained on.
    last_region
        The region whose last segment is tested; by default the last by name.
    """

    exclusion_km: float = 100.0
    last_region: str | None = None

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return the number of scenarios."""
        del X, y, groups
        return N_SCENARIOS

    def split(self, X: pd.DataFrame, y: object = None, groups: object = None) -> Iterator[Fold]:
        """Yield training and test rows of each scenario."""
        del y, groups
        if self.exclusion_km < 0.0:
            raise SettingsError(f"exclusion_km is {self.exclusion_km}; it must not be negative")
        for scenario in range(N_SCENARIOS):
            yield self._scenario(X, scenario)

    def _scenario(self, X: pd.DataFrame, scenario: int) -> Fold:
        train = np.zeros(len(X), dtype=bool)
        test = np.zeros(len(X), dtype=bool)
        last = self.last_region or str(X["region"].max())
        s_km = X["s_km"].to_numpy()
        for name in X["region"].unique():
            own = (X["region"] == name).to_numpy()
            low, high = s_km[own].min(), s_km[own].max()
            begin = low + 0.2 * scenario * (high - low)
            end = low + 0.2 * (scenario + 1) * (high - low)
            is_before_end = s_km <= end if name == last else s_km < end
            test |= own & (s_km >= begin) & is_before_end
            is_far = (s_km < begin - self.exclusion_km) | (s_km > end + self.exclusion_km)
            train |= own & is_far
        return np.flatnonzero(train), np.flatnonzero(test)


@dataclass(frozen=True, slots=True)
class RuptureDisjoint:
    """The scenarios of :class:`ExclusionDistance`, no rupture on both sides: ``groups`` names them.

    Parameters
    ----------
    exclusion_km
        As there.
    """

    exclusion_km: float = 100.0

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return the number of scenarios."""
        del X, y, groups
        return N_SCENARIOS

    def split(self, X: pd.DataFrame, y: object, groups: ArrayLike) -> Iterator[Fold]:
        """Yield training and test rows; ruptures of the test are trained on nowhere."""
        ruptures = np.asarray(groups)
        for train, test in ExclusionDistance(self.exclusion_km).split(X, y):
            yield train[~np.isin(ruptures[train], ruptures[test])], test


@dataclass(frozen=True, slots=True)
class BufferedBlocks:
    """Blocks along each trench, dealt out to folds, with a buffer that is in neither side.

    Parameters
    ----------
    block_km
        Length of a block: not shorter than the features stay alike (500 km and more).
    buffer_km
        Left out on either side of each test block.
    n_folds
        Folds; block ``k`` of a region, shifted by a seed, is in fold ``k % n_folds``.
    seed
        Of the shifts.
    """

    block_km: float = 600.0
    buffer_km: float = 100.0
    n_folds: int = 5
    seed: int = 0

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return the number of folds."""
        del X, y, groups
        return self.n_folds

    def split(self, X: pd.DataFrame, y: object = None, groups: object = None) -> Iterator[Fold]:
        """Yield training and test rows of each fold that has both."""
        del y, groups
        region, s_km = X["region"].to_numpy(), X["s_km"].to_numpy()
        names = np.unique(region)
        shifts = np.random.default_rng(self.seed).integers(self.n_folds, size=names.size)
        shift = shifts[np.searchsorted(names, region)]
        fold = (np.floor(s_km / self.block_km).astype(np.int64) + shift) % self.n_folds
        for number in range(self.n_folds):
            test = np.flatnonzero(fold == number)
            others = np.flatnonzero(fold != number)
            is_far = _nearest_km(region, s_km, others, test) > self.buffer_km
            if test.size and is_far.any():
                yield others[is_far], test


def _nearest_km(
    region: NDArray[np.object_], s_km: NDArray[np.float64], rows: Rows, others: Rows
) -> NDArray[np.float64]:
    """Return how far each row is from the nearest of others in its region, infinite for none."""
    apart = np.abs(s_km[rows, None] - s_km[others])
    apart[region[rows, None] != region[others]] = np.inf
    return np.asarray(apart.min(axis=1, initial=np.inf))


@dataclass(frozen=True, slots=True)
class LeaveRegionOut:
    """Each region in turn is the test, all others the training."""

    def get_n_splits(self, X: pd.DataFrame, y: object = None, groups: object = None) -> int:
        """Return the number of regions."""
        del y, groups
        return int(X["region"].nunique())

    def split(self, X: pd.DataFrame, y: object = None, groups: object = None) -> Iterator[Fold]:
        """Yield training and test rows, region after region by name."""
        del y, groups
        region = X["region"].to_numpy()
        for one in np.unique(region):
            yield np.flatnonzero(region != one), np.flatnonzero(region == one)


@dataclass(frozen=True, slots=True)
class RandomSegments:
    """Random segments: neighbours are on both sides. For comparison alone, never a result."""

    n_folds: int = 5
    seed: int = 0

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return the number of folds."""
        del X, y, groups
        return self.n_folds

    def split(self, X: pd.DataFrame, y: object = None, groups: object = None) -> Iterator[Fold]:
        """Yield training and test rows."""
        del y, groups
        rows = np.random.default_rng(self.seed).permutation(len(X))
        for test in np.array_split(rows, self.n_folds):
            yield np.setdiff1d(rows, test), np.sort(test)


@dataclass(frozen=True, slots=True)
class EventTime:
    """Tested on the segments whose label is of an earthquake since a time, trained on the others.

    ``groups`` are the years of the earthquakes that give the segments their labels, NaN for none. A
    table with one label a segment does not tell what was known of it before, so segments that broke
    later are not in the training, and quiet ones not in the test: it says how many of the later
    great earthquakes the earlier ones tell, and nothing of false alarms.

    Parameters
    ----------
    year
        Segments whose label is of this year or later are the test.
    """

    year: float

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return 1."""
        del X, y, groups
        return 1

    def split(self, X: pd.DataFrame, y: object, groups: ArrayLike) -> Iterator[Fold]:
        """Yield the one fold."""
        del X, y
        is_later = np.asarray(groups, dtype=np.float64) >= self.year
        yield np.flatnonzero(~is_later), np.flatnonzero(is_later)
