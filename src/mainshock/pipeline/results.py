"""What one run of the pipeline found, kept together for tables, reports and services."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mainshock.core.provenance import Provenance
from mainshock.core.records import Event, Pick, Station, Waveform
from mainshock.detect.base import ProbabilityCurves

__all__ = ["CaseResult", "NotUsed"]


@dataclass(frozen=True, slots=True)
class NotUsed:
    """Something that was looked at and left out, and why."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class CaseResult:
    """The main job on one set of records: waveforms in, located events out.

    Parameters
    ----------
    title, description
        Headline, and one paragraph on the records and the assumptions (velocity model, its error).
    waveforms
        The records as they were picked.
    curves
        Probability curves by ``Waveform.trace_id``.
    stations
        The stations with known coordinates.
    picks
        All picks; those of an event carry its ``event_id``.
    events
        Located events in order of time.
    not_used
        Files, records, picks and bursts left out, with the reason.
    """

    title: str
    description: str
    waveforms: tuple[Waveform, ...]
    curves: Mapping[str, ProbabilityCurves]
    stations: tuple[Station, ...]
    picks: tuple[Pick, ...]
    events: tuple[Event, ...]
    not_used: tuple[NotUsed, ...] = ()
    provenance: tuple[Provenance, ...] = field(default_factory=tuple)
