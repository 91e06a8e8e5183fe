"""From waveforms to picks: one station's record at a time, nothing lost on bad input."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from mainshock.core.errors import DataError, RecordError
from mainshock.core.records import Pick, Waveform
from mainshock.detect.base import Picker, ProbabilityCurves
from mainshock.pipeline.results import NotUsed
from mainshock.signal.polarisation import polarisation_back_azimuth

__all__ = ["PickedWaveform", "best_pair_per_station", "one_pick_per_arrival", "pick_waveforms"]

Progress = Callable[[str], None]


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
        Any source of waveforms; only one is held at a time.
    picker
        What finds the arrivals.
    with_curves
        Also keep the probability curves.
    failures
        Receives what could not be picked, with the reason.
    progress
        Called with the trace id after each waveform.
    """
    for waveform in waveforms:
        try:
            picks = [_with_back_azimuth(pick, waveform) for pick in picker.classify(waveform)]
            curves = picker.annotate(waveform) if with_curves else None
        except (DataError, RecordError) as error:
            if failures is not None:
                failures.append(NotUsed(f"{waveform.trace_id} from {waveform.start}", str(error)))
        else:
            yield PickedWaveform(waveform, tuple(picks), curves)
        if progress is not None:
            progress(waveform.trace_id)


def _with_back_azimuth(pick: Pick, waveform: Waveform) -> Pick:
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
    )


def _station_and_phase(pick: Pick) -> tuple[str, str, str]:
    return pick.network, pick.station, pick.phase


def one_pick_per_arrival(
    picks: Sequence[Pick], *, tolerance_s: float = 0.5
) -> tuple[list[Pick], list[NotUsed]]:
    """Return the picks with one for each arrival at a station, and what was dropped.

    A station with several instruments sees each arrival several times; the most probable pick
    within ``tolerance_s`` stays.
    """
    kept: list[Pick] = []
    dropped: list[NotUsed] = []
    for key, group in groupby(sorted(picks, key=_station_and_phase), key=_station_and_phase):
        chosen: list[Pick] = []
        for pick in sorted(group, key=lambda one: -one.probability):
            gaps = [abs((pick.time - other.time).total_seconds()) for other in chosen]
            if min(gaps, default=tolerance_s) < tolerance_s:
                label = f"{key[2]} pick at {pick.station_code}, {pick.time:%H:%M:%S.%f}"
                dropped.append(NotUsed(label, "another instrument of the station saw it better"))
            else:
                chosen.append(pick)
        kept.extend(chosen)
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
