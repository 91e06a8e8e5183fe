"""From waveforms to picks: one station's record at a time, nothing lost on bad input."""

import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

import numpy as np

from mainshock.core.errors import DataError, RecordError
from mainshock.core.records import Pick, Waveform
from mainshock.detect.base import Picker, ProbabilityCurves
from mainshock.pipeline.results import NotUsed
from mainshock.signal.polarisation import polarisation_back_azimuth

__all__ = [
    "PickedWaveform",
    "best_pair_per_station",
    "one_pick_per_arrival",
    "pick_waveforms",
    "picks_with_direction",
    "record_warnings",
    "with_back_azimuth",
]

Progress = Callable[[str], None]

_SEAM_S = 60.0
_TRUSTED_S = 30.0
_SAME_ARRIVAL_S = 0.5
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 20.0, 250.0
SHORTEST_S = 5.0
_WARNINGS = {
    "horizontals_not_geographic": "the horizontals are not N and E; no back azimuth is measured",
    "clipped": "the record is clipped: amplitudes are too small, later phases are doubtful",
    "flat": "a component that recorded nothing was left out",
}


@dataclass(frozen=True, slots=True, eq=False)
class PickedWaveform:
    """A waveform, the picks in it, and the probability curves where they were asked for."""

    waveform: Waveform
    picks: tuple[Pick, ...]
    curves: ProbabilityCurves | None = None


def pick_waveforms(
    waveforms: Iterable[Waveform],
    picker: Picker,
    *,
    with_curves: bool = False,
    failures: list[NotUsed] | None = None,
    progress: Progress | None = None,
) -> Iterator[PickedWaveform]:
    """Yield each waveform with its picks; a waveform that cannot be picked is told, not lost.

    Parameters
    ----------
    waveforms
        Any source of waveforms, in order of station, instrument and time; two are held at a time.
    picker
        What finds the arrivals.
    with_curves
        Also keep the probability curves.
    failures
        Receives what could not be picked, with the reason.
    progress
        Called with the trace id after each waveform.

    Notes
    -----
    Where one record goes on in the next, as at midnight in an archive of days, a network would
    see half of an arrival on either side. A third record of two minutes across the seam is picked
    there, and its picks take the place of those within half a minute of the seam.
    """
    held: PickedWaveform | None = None
    for waveform in waveforms:
        try:
            picks = picks_with_direction(picker, waveform)
            curves = picker.annotate(waveform) if with_curves else None
            latest = PickedWaveform(waveform, picks, curves)
            if held is not None:
                held, latest = _sewn(held, latest, picker)
        except (DataError, RecordError) as error:
            if failures is not None:
                failures.append(NotUsed(f"{waveform.trace_id} from {waveform.start}", str(error)))
        else:
            if held is not None:
                yield held
            held = latest
        if progress is not None:
            progress(waveform.trace_id)
    if held is not None:
        yield held


def picks_with_direction(picker: Picker, waveform: Waveform) -> tuple[Pick, ...]:
    """Return the picks in one record, P with the direction that the particle motion shows."""
    return tuple(with_back_azimuth(pick, waveform) for pick in picker.classify(waveform))


def _sewn(
    before: PickedWaveform, after: PickedWaveform, picker: Picker
) -> tuple[PickedWaveform, PickedWaveform]:
    """Return both with the picks near their seam found in a record that runs across it."""
    seam = _across(before.waveform, after.waveform)
    if seam is None:
        return before, after
    try:
        across = picks_with_direction(picker, seam)
    except (DataError, RecordError):
        return before, after  # both stand by themselves
    middle = after.waveform.start
    trusted = timedelta(seconds=_TRUSTED_S)
    found = [one for one in across if abs(one.time - middle) <= trusted]
    inside = timedelta(seconds=_TRUSTED_S - 2.0 * _SAME_ARRIVAL_S)
    # at the rim both may have found the same arrival, further in the seam alone is right
    kept = [one for one in (*before.picks, *after.picks) if abs(one.time - middle) > inside]
    picks = _each_once(kept, found)
    return (
        replace(before, picks=tuple(one for one in picks if one.time < middle)),
        replace(after, picks=tuple(one for one in picks if one.time >= middle)),
    )


def _across(before: Waveform, after: Waveform) -> Waveform | None:
    """Return a minute each of two records of one instrument, or None if they do not touch."""
    rate_hz = before.sampling_rate_hz
    step_s = (after.start - before.end).total_seconds()
    if before.trace_id != after.trace_id or rate_hz != after.sampling_rate_hz:
        return None
    if not 0.0 < step_s * rate_hz < 2.0:
        return None
    n_tail = min(before.n_samples, round(_SEAM_S * rate_hz))
    n_head = min(after.n_samples, round(_SEAM_S * rate_hz))
    first = before.n_samples - n_tail
    gaps = [(max(a - first, 0), b - first) for a, b in before.gaps if b > first]
    gaps += [(a + n_tail, min(b, n_head) + n_tail) for a, b in after.gaps if a < n_head]
    has = [a or b for a, b in zip(before.has_component, after.has_component, strict=True)]
    return replace(
        before,
        start=before.time_at(first),
        samples=np.concatenate([before.samples[:, first:], after.samples[:, :n_head]], axis=1),
        has_component=(has[0], has[1], has[2]),
        gaps=tuple(gaps),
        flags=tuple(dict.fromkeys((*before.flags, *after.flags))),
    )


def _each_once(kept: Sequence[Pick], found: Sequence[Pick]) -> list[Pick]:
    """Return the picks in order of time, those kept only where nothing else found them."""
    tolerance = timedelta(seconds=_SAME_ARRIVAL_S)
    alone = [
        one
        for one in kept
        if not any(one.phase == x.phase and abs(one.time - x.time) < tolerance for x in found)
    ]
    return sorted((*alone, *found), key=lambda pick: pick.time)


def record_warnings(waveform: Waveform) -> list[str]:
    """Return what a reader of the picks in a waveform must know about the record.

    Examples
    --------
    >>> from mainshock.core.times import parse_utc
    >>> samples = np.ones((3, 1000), dtype=np.float32)
    >>> start = parse_utc("2020-01-01")
    >>> record = Waveform("XX", "ABC", "", "HH", start, 100.0, samples, flags=("flat",))
    >>> record_warnings(record)
    ['a component that recorded nothing was left out']
    """
    told = [_WARNINGS[flag] for flag in waveform.flags if flag in _WARNINGS]
    rate, length_s = waveform.sampling_rate_hz, waveform.n_samples / waveform.sampling_rate_hz
    if not LOWEST_RATE_HZ <= rate <= HIGHEST_RATE_HZ:
        told.append(
            f"{rate:g} samples a second; pickers expect {LOWEST_RATE_HZ:g} to {HIGHEST_RATE_HZ:g}"
        )
    if length_s < SHORTEST_S:
        told.append(f"{length_s:.1f} s long; pickers want {SHORTEST_S:g} s or more")
    return told


def with_back_azimuth(pick: Pick, waveform: Waveform) -> Pick:
    """Return a P pick with the back azimuth that the particle motion shows, if it shows one."""
    if pick.phase != "P":
        return pick
    polarisation = polarisation_back_azimuth(waveform, pick.time)
    if polarisation is None:
        return pick
    return replace(
        pick,
        back_azimuth_deg=polarisation.back_azimuth_deg,
        back_azimuth_sigma_deg=polarisation.sigma_deg,
        incidence_deg=polarisation.incidence_deg,
    )


def _station_and_phase(pick: Pick) -> tuple[str, str, str]:
    return pick.network, pick.station, pick.phase


def one_pick_per_arrival(
    picks: Sequence[Pick], *, tolerance_s: float = 0.5
) -> tuple[list[Pick], list[NotUsed]]:
    """Return the picks with one for each arrival at a station, and what was dropped.

    A station with several instruments, such as a seismometer (``HH``) and an accelerometer
    (``HN``), sees each arrival several times; the most probable pick within ``tolerance_s``
    stays, whichever instrument it is from.
    """
    kept: list[Pick] = []
    dropped: list[NotUsed] = []
    for key, group in groupby(sorted(picks, key=_station_and_phase), key=_station_and_phase):
        taken: list[datetime] = []  # in order
        for pick in sorted(group, key=lambda one: -one.probability):
            place = bisect.bisect(taken, pick.time)
            beside = taken[max(place - 1, 0) : place + 1]
            gaps = [abs((pick.time - time).total_seconds()) for time in beside]
            if min(gaps, default=tolerance_s) < tolerance_s:
                label = f"{key[2]} pick at {pick.station_code}, {pick.time:%H:%M:%S.%f}"
                dropped.append(NotUsed(label, "another instrument of the station saw it better"))
            else:
                taken.insert(place, pick.time)
                kept.append(pick)
    return sorted(kept, key=lambda pick: pick.time), dropped


def best_pair_per_station(picks: Sequence[Pick], event_id: str) -> list[Pick]:
    """Return the most probable P, and the most probable S after it, of each station.

    For records known to hold one event; the picks returned carry its ``event_id``.
    """
    pairs: list[Pick] = []
    by_station = sorted(picks, key=lambda pick: (pick.network, pick.station))
    for _, group in groupby(by_station, key=lambda pick: (pick.network, pick.station)):
        found = list(group)
        p_picks = [pick for pick in found if pick.phase == "P"]
        best_p = max(p_picks, key=lambda pick: pick.probability, default=None)
        s_picks = [
            pick
            for pick in found
            if pick.phase == "S" and (best_p is None or pick.time > best_p.time)
        ]
        best_s = max(s_picks, key=lambda pick: pick.probability, default=None)
        pairs.extend(
            replace(pick, event_id=event_id) for pick in (best_p, best_s) if pick is not None
        )
    return pairs
