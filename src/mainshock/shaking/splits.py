"""Splits records by event, by station and by both; never by record.

Records of one earthquake share its source, those of one station its site, so a random choice of
records puts the same event and site on both sides and makes any model look better than it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError
from mainshock.shaking.scenarios import Scenarios

__all__ = ["Split", "split_by_both", "split_by_event", "split_by_station"]

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Row numbers, rising; each row is in one part.

    Parameters
    ----------
    train
        Events and stations to learn from.
    new_events
        Events left out, recorded at stations of ``train``.
    new_stations
        Stations left out, with events of ``train``.
    new_both
        Events left out, recorded at stations left out.
    """

    train: Rows
    new_events: Rows
    new_stations: Rows
    new_both: Rows

    def names(self, n_rows: int) -> NDArray[np.str_]:
        """Return the part that each of ``n_rows`` rows is in, as a column of a table."""
        names = np.full(n_rows, "", dtype="U12")
        for part in fields(self):
            names[getattr(self, part.name)] = part.name
        return names


def split_by_event(
    scenarios: Scenarios, seed: int = 0, shares: Sequence[float] = (0.8, 0.2)
) -> tuple[Rows, ...]:
    """Return the rows of each part; all rows of an event are in one part.

    Parameters
    ----------
    scenarios
        Their ``event`` names the events.
    seed
        Another seed gives another split. Neither the order of rows nor other columns matter.
    shares
        Of the events, one a part: ``(0.8, 0.1, 0.1)`` for training, choice and test. Every part
        gets at least one event.

    Returns
    -------
    tuple of ndarray
        Row numbers, rising, one array a part.

    Raises
    ------
    SettingsError
        If shares are not positive with a sum of 1.
    DataError
        If there are fewer events than parts.
    """
    return _split(scenarios.event, seed, shares, "events")


def split_by_station(
    scenarios: Scenarios, seed: int = 0, shares: Sequence[float] = (0.8, 0.2)
) -> tuple[Rows, ...]:
    """Return the rows of each part; all rows of a station are in one part.

    See :func:`split_by_event`; ``station`` names the stations.

    Raises
    ------
    SettingsError
        If shares are not positive with a sum of 1.
    DataError
        If there are fewer stations than parts.
    """
    return _split(scenarios.station, seed, shares, "stations")


def split_by_both(
    scenarios: Scenarios, seed: int = 0, share_events: float = 0.2, share_stations: float = 0.15
) -> Split:
    """Return rows to train on, and rows whose event, station or both are left out.

    Parameters
    ----------
    scenarios
        Their ``event`` and ``station`` name the groups.
    seed
        Of both choices.
    share_events, share_stations
        Shares of the events and of the stations to leave out.

    Raises
    ------
    SettingsError
        If a share is not between 0 and 1.
    DataError
        If there are fewer than two events or two stations, or no row is left to train on.
    """
    is_new_event = _left_out(scenarios.event, seed, share_events, "events")
    is_new_station = _left_out(scenarios.station, seed + 1, share_stations, "stations")
    split = Split(
        train=np.flatnonzero(~is_new_event & ~is_new_station),
        new_events=np.flatnonzero(is_new_event & ~is_new_station),
        new_stations=np.flatnonzero(~is_new_event & is_new_station),
        new_both=np.flatnonzero(is_new_event & is_new_station),
    )
    if not split.train.size:
        raise DataError(
            f"no record is left to train on: {len(scenarios)} records join too few events and "
            "stations; lower the shares or take another seed"
        )
    return split


def _left_out(names: NDArray[np.str_], seed: int, share: float, groups: str) -> NDArray[np.bool_]:
    chosen = np.zeros(names.size, dtype=np.bool_)
    chosen[_split(names, seed, (1.0 - share, share), groups)[1]] = True
    return chosen


def _split(
    names: NDArray[np.str_], seed: int, shares: Sequence[float], groups: str
) -> tuple[Rows, ...]:
    if len(shares) < 2 or min(shares) <= 0.0 or abs(sum(shares) - 1.0) > 1e-9:
        raise SettingsError(
            f"shares {tuple(shares)} of the {groups} must be two or more positive numbers with "
            "the sum 1"
        )
    unique, group = np.unique(names, return_inverse=True)
    if unique.size < len(shares):
        raise DataError(
            f"{unique.size} {groups} cannot be split into {len(shares)} parts without one on "
            "both sides; give records of more of them"
        )
    order = np.random.default_rng(seed).permutation(unique.size)
    part_of_group = np.empty(unique.size, dtype=np.int64)
    part_of_group[order] = np.repeat(np.arange(len(shares)), _counts(unique.size, shares))
    part = part_of_group[group]
    return tuple(np.flatnonzero(part == number) for number in range(len(shares)))


def _counts(n_groups: int, shares: Sequence[float]) -> Rows:
    """Return how many groups each part gets: at least one, and close to its share."""
    wanted = np.asarray(shares) * (n_groups - len(shares))
    counts: Rows = np.floor(wanted).astype(np.int64)
    rest = n_groups - len(shares) - int(counts.sum())
    counts[np.argsort(counts - wanted, kind="stable")[:rest]] += 1
    return counts + 1
