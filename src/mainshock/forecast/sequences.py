"""Which events belong to one sequence, and blocks of time that keep sequences whole."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.forecast.sphere import cartesian_km
from mainshock.sources.seismicity.catalogue import Catalogue, text_from_days

__all__ = ["Sequences", "TimeBlocks", "find_sequences", "time_blocks", "window_days", "window_km"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_ABOVE_LEAST = 1.5  # magnitudes above the smallest event from which on an event can be a mainshock
_BEFORE_DAYS = 30.0  # foreshocks
_TEMPORAL_DAYS = 60.0  # longest sequence where there are no places to tell sequences apart
_KEPT_DAYS = 90.0  # of a sequence: later aftershocks are too few to hold a block open
_LARGE = 0.01  # share of all events from which on a sequence holds a block open


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """Events grouped by mainshock.

    Parameters
    ----------
    label
        Number of the sequence of each event, -1 for those of none, shape ``(n_events,)``.
    mainshock
        Index of the largest event of each sequence, in order of time, shape ``(n_sequences,)``.
    names
        Such as ``M7.2 2010-04-04 (32.28, -115.29)``, latitude before longitude as agencies say.
    """

    label: IntArray
    mainshock: IntArray
    names: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.mainshock)

    def sizes(self) -> IntArray:
        """Return the number of events of each sequence."""
        return np.bincount(self.label[self.label >= 0], minlength=len(self))


@dataclass(frozen=True, slots=True, eq=False)
class TimeBlocks:
    """Spans of time that follow each other.

    Parameters
    ----------
    edges_days
        Their ends, days after 1970-01-01, shape ``(n_blocks + 1,)``.
    block_days
        Length that was aimed at.
    keeps_sequences
        Whether ends were moved so that large sequences stay whole.
    """

    edges_days: FloatArray
    block_days: float
    keeps_sequences: bool

    def __len__(self) -> int:
        """Return the number of blocks."""
        return len(self.edges_days) - 1

    def of(self, time_days: ArrayLike) -> IntArray:
        """Return the number of the block of each time."""
        found = np.searchsorted(self.edges_days, np.asarray(time_days), side="right") - 1
        return np.clip(found, 0, len(self) - 1).astype(np.int64)


def window_days(magnitude: ArrayLike) -> FloatArray:
    """Return how long aftershocks of a magnitude are looked for, days.

    References
    ----------
    Gardner & Knopoff (1974), https://doi.org/10.1785/BSSA0640051363
    """
    m = np.asarray(magnitude, dtype=np.float64)
    exponent = np.where(m >= 6.5, 0.032 * m + 2.7389, 0.5409 * m - 0.547)
    return np.asarray(10.0**exponent)


def window_km(magnitude: ArrayLike) -> FloatArray:
    """Return how far from a mainshock its aftershocks are looked for, km; as `window_days`."""
    return np.asarray(10.0 ** (0.1238 * np.asarray(magnitude, dtype=np.float64) + 0.983))


def find_sequences(
    catalogue: Catalogue, least_magnitude: float | None = None, least_events: int = 5
) -> Sequences:
    """Return the sequences of a catalogue, the largest mainshock first served.

    Each event of at least ``least_magnitude``, largest first, that is not yet in a sequence takes
    all free events within its windows of time and distance, and those of the 30 days before it.
    Without places only time counts, up to 60 days.

    Parameters
    ----------
    catalogue
        Events.
    least_magnitude
        Of a mainshock; by default 1.5 above the smallest event.
    least_events
        Of a sequence; smaller ones count as none.
    """
    n = len(catalogue)
    label = np.full(n, -1, dtype=np.int64)
    if n == 0:
        return Sequences(label, np.zeros(0, dtype=np.int64), ())
    least = float(catalogue.magnitude.min()) + _ABOVE_LEAST
    least = least if least_magnitude is None else least_magnitude
    places = cartesian_km(catalogue.longitude, catalogue.latitude) if catalogue.has_places else None
    large = np.flatnonzero(catalogue.magnitude >= least)
    large = large[np.argsort(-catalogue.magnitude[large], kind="stable")]
    mainshocks: list[int] = []
    for one in large:
        if label[one] >= 0:
            continue
        taken = _taken(catalogue, places, int(one), label)
        if len(taken) >= least_events:
            label[taken] = len(mainshocks)
            mainshocks.append(int(one))
    return _in_order(catalogue, label, np.array(mainshocks, dtype=np.int64))


def time_blocks(
    catalogue: Catalogue,
    sequences: Sequences,
    start_days: float,
    end_days: float,
    block_days: float = 30.0,
    least_blocks: int = 30,
) -> TimeBlocks:
    """Return blocks of a window for a bootstrap; large sequences stay whole if that is possible.

    Parameters
    ----------
    catalogue, sequences
        Events of the window and their sequences.
    start_days, end_days
        The window.
    block_days
        Length of a block; shorter where the window is short.
    least_blocks
        Number below which blocks are made shorter, and in the end sequences are cut.
    """
    span = end_days - start_days
    held = _held(catalogue, sequences, start_days)
    days = min(block_days, span / least_blocks)
    while days > span / 400:
        edges = np.append(np.arange(start_days, end_days - days / 2, days), end_days)
        moved = _moved_out(edges, held)
        if len(moved) > least_blocks:
            return TimeBlocks(moved, days, keeps_sequences=True)
        days /= 2
    days = min(block_days, span / least_blocks)
    n = max(1, round(span / days))
    return TimeBlocks(np.linspace(start_days, end_days, n + 1), days, keeps_sequences=False)


def _taken(catalogue: Catalogue, places: FloatArray | None, one: int, label: IntArray) -> IntArray:
    """Return the free events within the windows of one, itself included."""
    magnitude, time = catalogue.magnitude[one], catalogue.time_days
    after = float(window_days(magnitude))
    if places is None:
        after = min(after, _TEMPORAL_DAYS)
    ends = [time[one] - min(after, _BEFORE_DAYS), time[one] + after]
    first, last = np.searchsorted(time, ends)
    near = np.arange(first, last)
    near = near[label[near] < 0]
    if places is not None:
        apart = np.linalg.norm(places[near] - places[one], axis=1)
        near = near[apart <= window_km(magnitude)]
    return near


def _in_order(catalogue: Catalogue, label: IntArray, mainshock: IntArray) -> Sequences:
    order = np.argsort(mainshock, kind="stable")
    rank = np.empty(len(order) + 1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    rank[-1] = -1  # what -1 finds
    names = tuple(_name(catalogue, int(one)) for one in mainshock[order])
    return Sequences(rank[label], mainshock[order], names)


def _name(catalogue: Catalogue, one: int) -> str:
    if catalogue.is_synthetic:
        when = f"day {catalogue.time_days[one]:.1f}"
    else:
        when = text_from_days(float(catalogue.time_days[one]))[:10]
    name = f"M{catalogue.magnitude[one]:.1f} {when}"
    if not catalogue.has_places:
        return name
    return f"{name} ({catalogue.latitude[one]:.2f}, {catalogue.longitude[one]:.2f})"


def _held(
    catalogue: Catalogue, sequences: Sequences, start_days: float
) -> list[tuple[float, float]]:
    """Return spans that no block may end in: the large sequences, overlapping ones joined."""
    least = max(10, _LARGE * len(catalogue))
    spans = []
    for one, size in enumerate(sequences.sizes()):
        if size >= least:
            time = catalogue.time_days[sequences.label == one]
            main = catalogue.time_days[sequences.mainshock[one]]
            spans.append((float(time[0]), min(float(time[-1]), float(main) + _KEPT_DAYS)))
    joined: list[tuple[float, float]] = []
    for first, last in sorted(spans):
        if last < start_days:
            continue
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def _moved_out(edges: FloatArray, held: list[tuple[float, float]]) -> FloatArray:
    """Return edges without those inside a span; the span's own ends take their place."""
    inner = edges[1:-1]
    for first, last in held:
        inside = (inner >= first) & (inner <= last)
        if inside.any():
            between = [np.nextafter(first, -np.inf), np.nextafter(last, np.inf)]
            inner = np.concatenate([inner[~inside], between])
    inner = np.unique(inner)
    return np.concatenate([edges[:1], inner[(inner > edges[0]) & (inner < edges[-1])], edges[-1:]])
