"""The last minutes of one instrument: three components on one grid of sample times."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mainshock.core.records import Waveform
from mainshock.sources.channel_quality import is_clipped, is_flat
from mainshock.sources.components import COMPONENT_OF_LETTER, TURNED_COMPONENTS
from mainshock.sources.fragments import (
    NANOSECONDS,
    Fragment,
    InstrumentKey,
    datetime_from_ns,
)

__all__ = ["RecordBuffer"]

_SAME_RATE = 1e-4


@dataclass(slots=True, eq=False)
class RecordBuffer:
    """Samples by their number on a grid of times.

    Parameters
    ----------
    key
        The instrument.
    rate_hz
        Samples a second.
    grid_ns
        Time of sample 0, nanoseconds since 1970.
    capacity_s
        How much is kept; older samples are dropped, an eighth of it at a time.

    Notes
    -----
    The first to come wins: a sample that is there is never changed. What comes before the kept
    part is dropped. ``first`` is the number of the oldest sample kept, ``ends`` the number after
    the newest one of each component (0: none came yet).
    """

    key: InstrumentKey
    rate_hz: float
    grid_ns: int
    capacity_s: float = 120.0
    first: int = 0
    ends: list[int] = field(default_factory=lambda: [0, 0, 0])
    is_turned: bool = False
    samples: NDArray[np.float32] = field(init=False)
    is_there: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        length = 8 * math.ceil(self.capacity_s * self.rate_hz / 8.0)
        self.samples = np.zeros((3, length), dtype=np.float32)
        self.is_there = np.zeros((3, length), dtype=np.bool_)

    @property
    def newest(self) -> int:
        """Number after the newest sample of any component."""
        return max(self.ends)

    def grow(self, capacity_s: float) -> None:
        """Keep more from now on, if this is more."""
        more = 8 * math.ceil(capacity_s * self.rate_hz / 8.0) - self.samples.shape[1]
        if more > 0:
            self.capacity_s = capacity_s
            self.samples = np.pad(self.samples, ((0, 0), (0, more)))
            self.is_there = np.pad(self.is_there, ((0, 0), (0, more)))

    def fits(self, fragment: Fragment) -> bool:
        """Return whether a fragment has the rate of this buffer."""
        return abs(fragment.header.sampling_rate_hz / self.rate_hz - 1.0) < _SAME_RATE

    def number_at(self, time_ns: int) -> int:
        """Return the number of the sample nearest to a time."""
        return round((time_ns - self.grid_ns) * self.rate_hz / NANOSECONDS)

    def time_ns(self, number: int) -> int:
        """Return the time of a sample."""
        return self.grid_ns + round(number / self.rate_hz * NANOSECONDS)

    def put(self, fragment: Fragment) -> None:
        """Place the samples of a channel that are not there yet."""
        letter = fragment.header.channel[-1]
        component = COMPONENT_OF_LETTER[letter]
        self.is_turned = self.is_turned or letter in TURNED_COMPONENTS
        begin = self.number_at(fragment.header.start_ns)
        past_last = begin + fragment.samples.size
        self._make_room(past_last)
        kept = max(begin, self.first)
        if kept >= past_last:
            return
        place = slice(kept - self.first, past_last - self.first)
        values = fragment.samples[kept - begin :].astype(np.float32)
        is_new = ~self.is_there[component, place] & np.isfinite(values)
        self.samples[component, place][is_new] = values[is_new]
        self.is_there[component, place] |= is_new
        self.ends[component] = max(self.ends[component], past_last)

    def has_room_for(self, fragment: Fragment) -> bool:
        """Return whether a fragment fits without dropping older samples."""
        past_last = self.number_at(fragment.header.start_ns) + fragment.samples.size
        return bool(past_last - self.first <= self.samples.shape[1])

    def _make_room(self, past_last: int) -> None:
        length = self.samples.shape[1]
        if past_last - self.first <= length:
            return
        step = length // 8
        shift = step * math.ceil((past_last - self.first - length) / step)
        kept = max(0, length - shift)
        for array in (self.samples, self.is_there):
            array[:, :kept] = array[:, length - kept :].copy()
            array[:, kept:] = 0
        self.first += shift

    def first_recorded(self) -> int:
        """Return the number of the oldest sample that any component recorded."""
        return self.first + int(self.is_there.any(axis=0).argmax())

    def recorded_until(self, start: int, patience: int) -> int:
        """Return up to which sample, from ``start`` on, nothing more is waited for.

        A component is waited for until another one is ``patience`` samples ahead; a hole until its
        component is that far beyond it.
        """
        active = [c for c in range(3) if self.ends[c] and self.newest - self.ends[c] < patience]
        return min((self._known_until(c, start, patience) for c in active), default=start)

    def _known_until(self, component: int, start: int, patience: int) -> int:
        end = self.ends[component]
        low = max(start, end - patience, self.first)
        if low >= end:
            return end
        holes = np.flatnonzero(~self.is_there[component, low - self.first : end - self.first])
        return end if holes.size == 0 else low + int(holes[0])

    def waveform(
        self, start: int, past_last: int, *, judges_clipping: bool = True
    ) -> Waveform | None:
        """Return a stretch as a record; None where no component recorded anything that moves.

        Whether it is clipped takes long to tell, and matters for amplitudes alone.

        Raises
        ------
        IndexError
            If the stretch is not wholly kept.
        """
        if not self.first <= start < past_last <= self.first + self.samples.shape[1]:
            raise IndexError(
                f"samples {start} to {past_last} of {'.'.join(self.key)} were asked for; "
                f"{self.first} to {self.newest} are kept"
            )
        place = slice(start - self.first, past_last - self.first)
        samples, is_there = self.samples[:, place].copy(), self.is_there[:, place]
        has, flags = self._components(samples, is_there, judges_clipping=judges_clipping)
        if not any(has):
            return None
        return Waveform(
            *self.key,
            start=datetime_from_ns(self.time_ns(start)),
            sampling_rate_hz=self.rate_hz,
            samples=samples,
            has_component=(has[0], has[1], has[2]),
            gaps=() if is_there.all() else _gaps(is_there[list(has)]),
            flags=flags,
        )

    def _components(
        self,
        samples: NDArray[np.float32],
        is_there: NDArray[np.bool_],
        *,
        judges_clipping: bool,
    ) -> tuple[list[bool], tuple[str, ...]]:
        """Return which components recorded something, with the others set to zero, and flags."""
        flags = ["horizontals_not_geographic"] if self.is_turned else []
        has = []
        for index in range(3):
            values = samples[index] if is_there[index].all() else samples[index][is_there[index]]
            if is_flat(values):
                if values.size:
                    flags.append("flat")
                samples[index] = 0.0
                has.append(False)
                continue
            has.append(True)
            if judges_clipping and is_clipped(values):
                flags.append("clipped")
        return has, tuple(dict.fromkeys(flags))


def _gaps(is_there: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    """Return where at least one component has nothing."""
    edges = np.flatnonzero(np.diff(np.r_[False, ~is_there.all(axis=0), False]))
    return tuple((int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True))
