"""Joins fragments of channels to three-component waveforms."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mainshock.core.records import Waveform
from mainshock.sources.base import SkippedInput
from mainshock.sources.channel_quality import is_clipped, is_flat
from mainshock.sources.fragments import (
    NANOSECONDS,
    Fragment,
    FragmentHeader,
    InstrumentKey,
    datetime_from_ns,
    rate_problem,
)
from mainshock.sources.rates import common_rate_hz, with_common_rate
from mainshock.sources.stretches import Stretch, stretches

__all__ = ["COMPONENT_OF_LETTER", "TURNED_COMPONENTS", "assemble_waveforms", "channel_problem"]

COMPONENT_OF_LETTER = {"Z": 0, "N": 1, "E": 2, "1": 1, "2": 2, "3": 0}
TURNED_COMPONENTS = frozenset("123")
_LARGEST_RATE_FACTOR = 10.0


def channel_problem(header: FragmentHeader) -> str:
    """Return why a channel cannot be part of a waveform, or an empty text."""
    if not header.station:
        return "the file states no station code"
    if header.channel[-1:] not in COMPONENT_OF_LETTER:
        return f"channel {header.channel!r} names no component; it must end in Z, N, E, 1, 2 or 3"
    if header.n_samples == 0:
        return "channel holds no samples"
    return rate_problem(header.sampling_rate_hz)


def assemble_waveforms(
    fragments: Iterable[Fragment], *, max_gap_s: float = 60.0
) -> tuple[list[Waveform], list[SkippedInput]]:
    """Return the waveforms that fragments of any number of instruments make, and what was left.

    Parameters
    ----------
    fragments
        Stretches of single channels in any order; they may overlap, repeat and hold NaN.
    max_gap_s
        A longer gap ends a waveform and starts the next one; so does a component that appears
        or vanishes for longer. Shorter gaps are set to zero and listed in ``Waveform.gaps``.

    Returns
    -------
    list of Waveform, list of SkippedInput
        In order of network, station, location, instrument and time.

    Notes
    -----
    All fragments of an instrument share one grid of sample times, that of its first vertical
    fragment; each is moved to it by at most half an interval. Where fragments overlap, the
    earlier one counts. Lower sampling rates are raised to the highest of the instrument.
    """
    groups: dict[InstrumentKey, list[Fragment]] = defaultdict(list)
    skipped: dict[SkippedInput, None] = {}
    for fragment in fragments:
        problem = channel_problem(fragment.header)
        if problem:
            skipped[SkippedInput(fragment.header.trace_id, problem)] = None
        else:
            groups[fragment.header.key].append(fragment)
    waveforms: list[Waveform] = []
    for key in sorted(groups):
        made, left_out = _assemble_instrument(key, groups[key], max_gap_s)
        waveforms.extend(made)
        skipped.update(dict.fromkeys(left_out))
    return waveforms, list(skipped)


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    """Samples with their place on the instrument's grid; NaN and infinity are not recorded."""

    component: int
    first: int
    samples: NDArray[np.float32]
    is_recorded: NDArray[np.bool_] | None

    @property
    def past_last(self) -> int:
        return self.first + int(self.samples.size)


def _assemble_instrument(
    key: InstrumentKey, fragments: Sequence[Fragment], max_gap_s: float
) -> tuple[list[Waveform], list[SkippedInput]]:
    similar, skipped = _of_similar_rate(fragments)
    chosen, doubled = _one_channel_per_component(similar)
    skipped.extend(doubled)
    rate_hz = common_rate_hz([one.header.sampling_rate_hz for one in chosen])
    ordered = sorted(
        (with_common_rate(one, rate_hz) for one in chosen), key=lambda one: one.header.start_ns
    )
    origin_ns = _grid_origin_ns(ordered, rate_hz)
    max_gap = round(max_gap_s * rate_hz)
    placed = [part for one in ordered for part in _place(one, origin_ns, rate_hz, max_gap)]
    flags = ("horizontals_not_geographic",) if _is_turned(chosen) else ()
    waveforms: list[Waveform] = []
    spans = [(one.component, one.first, one.past_last) for one in placed]
    for stretch in stretches(spans, max_gap):
        start_ns = origin_ns + round(stretch.first / rate_hz * NANOSECONDS)
        made = _fill(key, placed, stretch, start_ns, rate_hz, flags)
        if made is None:
            start = datetime_from_ns(start_ns)
            skipped.append(
                SkippedInput(
                    f"{'.'.join(key)} from {start:%Y-%m-%dT%H:%M:%S}",
                    "all samples of each channel are the same or not finite: nothing was recorded",
                )
            )
        else:
            waveforms.append(made)
    return waveforms, skipped


def _is_turned(fragments: Iterable[Fragment]) -> bool:
    return any(one.header.channel[-1] in TURNED_COMPONENTS for one in fragments)


def _of_similar_rate(
    fragments: Sequence[Fragment],
) -> tuple[list[Fragment], list[SkippedInput]]:
    """Return the fragments without those whose rate cannot be true beside the other ones."""
    n_samples: dict[float, int] = defaultdict(int)  # not seconds: a wrong low rate inflates those
    for one in fragments:
        n_samples[one.header.sampling_rate_hz] += one.header.n_samples
    usual_hz = max(n_samples, key=lambda rate: (n_samples[rate], rate))
    chosen: list[Fragment] = []
    skipped: dict[SkippedInput, None] = {}
    for one in fragments:
        rate_hz = one.header.sampling_rate_hz
        if max(rate_hz / usual_hz, usual_hz / rate_hz) <= _LARGEST_RATE_FACTOR:
            chosen.append(one)
        else:
            reason = (
                f"sampling rate is {rate_hz:g} Hz, that of most of the instrument's record is "
                f"{usual_hz:g} Hz; they may differ {_LARGEST_RATE_FACTOR:g} times"
            )
            skipped[SkippedInput(one.header.trace_id, reason)] = None
    return chosen, list(skipped)


def _one_channel_per_component(
    fragments: Sequence[Fragment],
) -> tuple[list[Fragment], list[SkippedInput]]:
    """Return the fragments without those channels whose component another channel holds too."""
    letters = {one.header.channel[-1] for one in fragments}
    owner: dict[int, str] = {}
    for letter, component in COMPONENT_OF_LETTER.items():  # Z, N, E stand before 1, 2, 3
        if letter in letters:
            owner.setdefault(component, letter)
    chosen: list[Fragment] = []
    skipped: dict[SkippedInput, None] = {}
    for one in fragments:
        letter = one.header.channel[-1]
        winner = owner[COMPONENT_OF_LETTER[letter]]
        if letter == winner:
            chosen.append(one)
        else:
            reason = f"the instrument's channel ending in {winner} is used for this component"
            skipped[SkippedInput(one.header.trace_id, reason)] = None
    return chosen, list(skipped)


def _grid_origin_ns(ordered: Sequence[Fragment], rate_hz: float) -> int:
    """Return a time on the sample grid, at or just before the first sample of all."""
    earliest_ns = ordered[0].header.start_ns
    verticals = (one for one in ordered if COMPONENT_OF_LETTER[one.header.channel[-1]] == 0)
    reference_ns = next(verticals, ordered[0]).header.start_ns
    n_before = round((reference_ns - earliest_ns) * rate_hz / NANOSECONDS)
    return reference_ns - round(n_before / rate_hz * NANOSECONDS)


def _place(fragment: Fragment, origin_ns: int, rate_hz: float, max_gap: int) -> list[_Placed]:
    """Return the fragment on the grid, cut where more than ``max_gap`` samples are not finite."""
    header = fragment.header
    first = round((header.start_ns - origin_ns) * rate_hz / NANOSECONDS)
    component = COMPONENT_OF_LETTER[header.channel[-1]]
    with np.errstate(over="ignore"):  # too large for float32 becomes infinite, which is a gap
        samples = np.asarray(fragment.samples, dtype=np.float32)
    if np.issubdtype(fragment.samples.dtype, np.integer):
        return [_Placed(component, first, samples, None)]
    finite = np.isfinite(samples)
    if finite.all():
        return [_Placed(component, first, samples, None)]
    recorded = np.flatnonzero(finite)
    if recorded.size == 0:
        return [_Placed(component, first, samples, finite)]
    cuts = np.flatnonzero(np.diff(recorded) > max_gap + 1)
    begins = recorded[np.r_[0, cuts + 1]]
    ends = recorded[np.r_[cuts, recorded.size - 1]] + 1
    return [
        _Placed(component, first + int(begin), samples[begin:end], finite[begin:end])
        for begin, end in zip(begins, ends, strict=True)
    ]


def _fill(
    key: InstrumentKey,
    placed: Sequence[_Placed],
    stretch: Stretch,
    start_ns: int,
    rate_hz: float,
    flags: tuple[str, ...],
) -> Waveform | None:
    """Return the waveform of one stretch, or None where no channel recorded anything."""
    samples = np.zeros((3, stretch.n_samples), dtype=np.float32)
    recorded = np.zeros((3, stretch.n_samples), dtype=bool)
    for one in placed:
        _copy(one, stretch, samples, recorded)
    noticed = list(flags)
    has_component = [False, False, False]
    for index in range(3):
        is_whole = bool(recorded[index].all())
        values = samples[index] if is_whole else samples[index][recorded[index]]
        if is_flat(values):
            if values.size:
                noticed.append("flat")
            samples[index] = 0.0
            continue
        has_component[index] = True
        if is_clipped(values):
            noticed.append("clipped")
    if not any(has_component):
        return None
    waveform = Waveform(
        *key,
        start=datetime_from_ns(start_ns),
        sampling_rate_hz=rate_hz,
        samples=samples,
        has_component=(has_component[0], has_component[1], has_component[2]),
        gaps=_gaps(recorded[has_component]),
        flags=tuple(dict.fromkeys(noticed)),
    )
    return _without_empty_ends(waveform, recorded[has_component])


def _copy(
    one: _Placed, stretch: Stretch, samples: NDArray[np.float32], recorded: NDArray[np.bool_]
) -> None:
    """Write a fragment into the samples of a stretch, where no earlier one did."""
    first = max(one.first, stretch.first)
    past_last = min(one.past_last, stretch.past_last)
    if first >= past_last or one.component not in stretch.components:
        return
    source = slice(first - one.first, past_last - one.first)
    target = slice(first - stretch.first, past_last - stretch.first)
    values, taken = samples[one.component, target], recorded[one.component, target]
    if one.is_recorded is None and not taken.any():
        values[:] = one.samples[source]
        taken[:] = True
        return
    is_new = ~taken if one.is_recorded is None else one.is_recorded[source] & ~taken
    values[is_new] = one.samples[source][is_new]
    taken[is_new] = True


def _gaps(recorded: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    """Return the sample ranges that at least one of the components misses."""
    is_missing = ~recorded.all(axis=0)
    if not is_missing.any():
        return ()
    edges = np.flatnonzero(np.diff(np.r_[False, is_missing, False]))
    return tuple((int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True))


def _without_empty_ends(waveform: Waveform, recorded: NDArray[np.bool_]) -> Waveform:
    """Return the waveform from the first to the last sample that any component recorded."""
    covered = np.asarray(recorded.any(axis=0))
    first, past_last = int(covered.argmax()), covered.size - int(covered[::-1].argmax())
    if first == 0 and past_last == waveform.n_samples:
        return waveform
    return replace(
        waveform,
        start=waveform.time_at(first),
        samples=waveform.samples[:, first:past_last],
        gaps=_gaps(recorded[:, first:past_last]),
    )
