"""How far the picks of two pickers in the same records agree."""

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean, median, pstdev
from typing import Literal

from mainshock.core.records import PHASES
from mainshock.sources.fragments import NANOSECONDS, datetime_from_ns, ns_from_datetime
from mainshock.stream.messages import SettledUntil
from mainshock.stream.records import LivePick

__all__ = ["Agreement", "ComparedPick", "Comparison", "PhaseAgreement", "Side"]

Side = Literal["in_use", "shadow"]
_SIDES: tuple[Side, Side] = ("in_use", "shadow")
_MOST_KEPT, _MOST_HOLES, _MOST_TOLD, _MOST_WAITING = 200_000, 500, 100, 5000
_CONTEXT_NS = 60 * NANOSECONDS  # a picker sees what is so near


@dataclass(frozen=True, slots=True)
class ComparedPick:
    """A pick that both pickers have, or one of them.

    Parameters
    ----------
    trace_id
        ``NET.STA.LOC.CH``.
    phase
        P or S.
    time
        Of the picker in use, else of the other one, UTC.
    whose
        ``both``, ``in_use`` or ``shadow``.
    residual_s
        Shadow minus in use; None where one of them has no such pick.
    probability
        Of the picker in use, else of the other one.
    """

    trace_id: str
    phase: str
    time: datetime
    whose: Literal["both", "in_use", "shadow"]
    residual_s: float | None
    probability: float


@dataclass(frozen=True, slots=True)
class PhaseAgreement:
    """How far two pickers agree on one phase.

    Parameters
    ----------
    n_both, n_in_use_only, n_shadow_only
        Picks.
    agreement
        Share of all arrivals that both have; None where there is none.
    residual_mean_s, residual_median_s, residual_sd_s
        Of the times, shadow minus in use; None without common picks.
    """

    n_both: int
    n_in_use_only: int
    n_shadow_only: int
    agreement: float | None
    residual_mean_s: float | None
    residual_median_s: float | None
    residual_sd_s: float | None

    @classmethod
    def of(cls, compared: Sequence[ComparedPick]) -> "PhaseAgreement":
        """Return the figures of picks of one phase."""
        residuals = [one.residual_s for one in compared if one.residual_s is not None]
        alone = [sum(one.whose == side for one in compared) for side in _SIDES]
        return cls(
            len(residuals),
            alone[0],
            alone[1],
            len(residuals) / len(compared) if compared else None,
            fmean(residuals) if residuals else None,
            median(residuals) if residuals else None,
            pstdev(residuals) if residuals else None,
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared over a time.

    Parameters
    ----------
    start, end
        Times of the first and the last pick compared; None where there is none.
    phases
        Figures by phase.
    n_left_out
        Picks near records that the shadow did not see.
    lone
        The newest picks that one of them has alone.
    """

    start: datetime | None
    end: datetime | None
    phases: Mapping[str, PhaseAgreement]
    n_left_out: int
    lone: tuple[ComparedPick, ...]


@dataclass(slots=True, eq=False)
class _Instrument:
    """What waits to be compared: settled picks of both, and up to when they are settled."""

    since_ns: int | None = None  # when the shadow saw it first
    picks: dict[Side, list[LivePick]] = field(default_factory=lambda: {one: [] for one in _SIDES})
    until_ns: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(_SIDES, 0))
    compared_ns: int = 0
    holes: "deque[tuple[int, int]]" = field(default_factory=lambda: deque(maxlen=_MOST_HOLES))


class Agreement:
    """Compares settled picks of two pickers as both become settled; from any thread.

    Parameters
    ----------
    window_s
        How much is kept, back from the newest pick.
    same_s
        Picks of a phase closer than this are of the same arrival.

    Notes
    -----
    Picks within a minute of a record that the shadow did not see are left out: it could not know
    better. So are those from before it saw a station first.
    """

    def __init__(self, window_s: float, same_s: float) -> None:
        self._window_ns = round(window_s * NANOSECONDS)
        self._same_ns = round(same_s * NANOSECONDS)
        self._lock = threading.Lock()
        self._clear()

    def _clear(self) -> None:
        self._instruments: dict[str, _Instrument] = {}
        self._compared: deque[ComparedPick] = deque(maxlen=_MOST_KEPT)
        self._n_left_out = 0

    def clear(self) -> None:
        """Begin anew, as with another pair of pickers."""
        with self._lock:
            self._clear()

    def forget(self) -> None:
        """Drop what waits to be compared: some of it was lost."""
        with self._lock:
            self._instruments = {}

    def restart(self) -> None:
        """Go on from the records that the shadow sees next: it has forgotten all others."""
        with self._lock:
            for one in self._instruments.values():
                one.since_ns = None
                one.picks["shadow"].clear()
                one.until_ns["shadow"] = 0

    def see_record(self, trace_id: str, start_ns: int) -> None:
        """Take note of a record, ``NET.STA.LOC.CH``, that the shadow sees."""
        with self._lock:
            one = self._instrument(trace_id)
            if one.since_ns is None:
                one.since_ns = start_ns + _CONTEXT_NS
                one.picks["in_use"] = [
                    pick for pick in one.picks["in_use"] if _time_ns(pick) >= one.since_ns
                ]

    def miss_record(self, trace_id: str, start_ns: int, end_ns: int) -> None:
        """Take note of a record that the shadow does not see."""
        with self._lock:
            one = self._instrument(trace_id)
            if one.holes and start_ns <= one.holes[-1][1] + _CONTEXT_NS:
                first, last = one.holes[-1]
                one.holes[-1] = (min(first, start_ns), max(last, end_ns))
            else:
                one.holes.append((start_ns, end_ns))

    def see(self, side: Side, told: LivePick | SettledUntil) -> None:
        """Take a version of a pick, or how far picks are settled."""
        with self._lock:
            if isinstance(told, LivePick):
                self._see_pick(side, told)
                return
            trace_id, until_ns, _ = told
            one = self._instrument(trace_id)
            one.until_ns[side] = max(one.until_ns[side], until_ns)
            self._compare(trace_id, one)

    def comparison(self) -> Comparison:
        """Return what was compared."""
        with self._lock:
            compared, n_left_out = list(self._compared), self._n_left_out
        lone = [one for one in compared if one.whose != "both"]
        times = [one.time for one in compared]
        return Comparison(
            min(times, default=None),
            max(times, default=None),
            {
                phase: PhaseAgreement.of([one for one in compared if one.phase == phase])
                for phase in PHASES
            },
            n_left_out,
            tuple(lone[-_MOST_TOLD:]),
        )

    def _instrument(self, trace_id: str) -> _Instrument:
        return self._instruments.setdefault(trace_id, _Instrument())

    def _see_pick(self, side: Side, version: LivePick) -> None:
        if version.status != "settled" or version.kind == "cancel":
            return
        pick = version.pick
        trace_id = f"{pick.station_code}.{pick.location}.{version.instrument}"
        one = self._instrument(trace_id)
        # what is settled late comes out of the archive, which the shadow does not look at
        if _time_ns(version) < max(one.since_ns or 0, one.compared_ns):
            return
        one.picks[side].append(version)
        if len(one.picks[side]) > _MOST_WAITING:  # the other one has fallen far behind
            one.picks[side].pop(0)
            self._n_left_out += 1

    def _compare(self, trace_id: str, one: _Instrument) -> None:
        """Compare what both have settled; what is near the end may still get its partner."""
        until_ns = min(one.until_ns.values()) - self._same_ns
        if one.since_ns is None or until_ns <= one.compared_ns:
            return
        one.compared_ns = until_ns
        pairs = self._pairs(one)
        partner = {id(mine): theirs for mine, theirs in pairs}
        taken = {id(theirs) for _, theirs in pairs}
        found: list[ComparedPick] = []
        for mine in _before(one.picks["in_use"], until_ns):
            theirs = partner.get(id(mine))
            found.append(_compared(trace_id, mine, "in_use", theirs))
            one.picks["in_use"].remove(mine)
            if theirs is not None:
                one.picks["shadow"].remove(theirs)
        for theirs in _before(one.picks["shadow"], until_ns):
            if id(theirs) not in taken:
                found.append(_compared(trace_id, theirs, "shadow", None))
                one.picks["shadow"].remove(theirs)
        self._keep(one, found)

    def _pairs(self, one: _Instrument) -> list[tuple[LivePick, LivePick]]:
        """Return which picks are of the same arrival, the nearest ones first."""
        near = [
            (abs(_time_ns(mine) - _time_ns(theirs)), mine, theirs)
            for mine in one.picks["in_use"]
            for theirs in one.picks["shadow"]
            if mine.pick.phase == theirs.pick.phase
            and abs(_time_ns(mine) - _time_ns(theirs)) < self._same_ns
        ]
        pairs: list[tuple[LivePick, LivePick]] = []
        for _, mine, theirs in sorted(near, key=lambda pair: pair[0]):
            if all(mine is not a and theirs is not b for a, b in pairs):
                pairs.append((mine, theirs))
        return pairs

    def _keep(self, one: _Instrument, found: Sequence[ComparedPick]) -> None:
        for compared in found:
            time_ns = ns_from_datetime(compared.time)
            if any(a - _CONTEXT_NS <= time_ns <= b + _CONTEXT_NS for a, b in one.holes):
                self._n_left_out += 1
            else:
                self._compared.append(compared)
        if self._compared:
            newest_ns = ns_from_datetime(self._compared[-1].time)
            oldest = datetime_from_ns(newest_ns - self._window_ns)
            while self._compared[0].time < oldest:
                self._compared.popleft()


def _time_ns(version: LivePick) -> int:
    return ns_from_datetime(version.pick.time)


def _before(versions: Sequence[LivePick], until_ns: int) -> list[LivePick]:
    return [one for one in versions if _time_ns(one) < until_ns]


def _compared(
    trace_id: str, version: LivePick, side: Side, theirs: LivePick | None
) -> ComparedPick:
    pick = version.pick
    if theirs is None:
        return ComparedPick(trace_id, pick.phase, pick.time, side, None, pick.probability)
    residual_s = (theirs.pick.time - pick.time).total_seconds()
    return ComparedPick(trace_id, pick.phase, pick.time, "both", residual_s, pick.probability)
