"""One HTML page that tells what was found, how sure it is, and what it came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from mainshock import __version__
from mainshock.core.errors import SourceError
from mainshock.core.files import replacing
from mainshock.core.provenance import Provenance
from mainshock.core.records import Arrival, Event
from mainshock.core.times import format_utc
from mainshock.events.geometry import azimuthal_gap_deg, station_codes
from mainshock.locate.plot_style import format_area
from mainshock.pipeline.figures import (
    EmbeddedFigure,
    FigureBudget,
    event_figures,
    overview_figures,
)
from mainshock.pipeline.results import CaseResult
from mainshock.pipeline.wording import (
    QUALITY_WORDS,
    explain_flags,
    format_depth,
    format_magnitude,
    format_origin_time,
    format_position,
    headline,
)

__all__ = ["write_report"]

_MOST_EVENTS_WITH_FIGURES = 20


@dataclass(frozen=True, slots=True)
class _ArrivalRow:
    """An arrival as the page shows it."""

    station: str
    phase: str
    time: str
    sigma_s: str
    probability: str
    distance_km: str
    azimuth_deg: str
    residual_s: str
    inlier_probability: str


@dataclass(frozen=True, slots=True)
class _EventView:
    """An event as the page shows it."""

    number: int
    event_id: str
    anchor: str
    date: str
    time: str
    position: str
    depth: str
    magnitude: str
    area68: str
    area95: str
    n_picks: int
    n_stations: int
    gap: str
    quality: str
    quality_words: str
    velocity_model: str
    warnings: list[str]
    notes: list[str]
    arrivals: list[_ArrivalRow]
    figures: list[EmbeddedFigure]


@dataclass(frozen=True, slots=True)
class _CaseView:
    """A case as the page shows it."""

    anchor: str
    case: CaseResult
    headline: str
    figures: list[EmbeddedFigure]
    events: list[_EventView]
    n_without_figures: int
    provenance: list[Provenance]
    n_free_picks: int


def write_report(cases: Sequence[CaseResult], path: Path) -> Path:
    """Write one self-contained HTML page on the cases and return its path.

    Parameters
    ----------
    cases
        What was found in each set of records.
    path
        The page; its folder is made where it is missing.

    Returns
    -------
    Path
        The page written. It needs no other file and no network, and stays below 6 MB of figures:
        of a case with many events, the 20 best constrained get figures, the others their tables.

    Raises
    ------
    SourceError
        If the page cannot be written.
    """
    budget = FigureBudget()
    views = [_case_view(case, number, budget) for number, case in enumerate(cases, start=1)]
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("mainshock") / "pipeline" / "templates" / "report.html.j2"
    template = environment.from_string(source.read_text(encoding="utf-8"))
    page = template.render(
        cases=views, version=__version__, created=_created(cases), format_utc=format_utc
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(
            f"cannot write {path}: {error}; name a folder that can be made"
        ) from error
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def _created(cases: Sequence[CaseResult]) -> str:
    """Return when the latest step ran; empty where no case says."""
    times: list[datetime] = [step.created for case in cases for step in case.provenance]
    return f"{max(times):%Y-%m-%d %H:%M} UTC" if times else ""


def _case_view(case: CaseResult, number: int, budget: FigureBudget) -> _CaseView:
    anchor = f"case-{number}"
    by_quality = sorted(range(len(case.events)), key=lambda i: (case.events[i].quality, i))
    drawn = set(by_quality[:_MOST_EVENTS_WITH_FIGURES])
    overview = overview_figures(case, budget)
    events = [
        _event_view(
            event,
            i + 1,
            f"{anchor}-event-{i + 1}",
            event_figures(case, event, budget) if i in drawn else [],
        )
        for i, event in enumerate(case.events)
    ]
    return _CaseView(
        anchor=anchor,
        case=case,
        headline=headline(case.events),
        figures=overview,
        events=events,
        n_without_figures=len(case.events) - len(drawn),
        provenance=list(case.provenance),
        n_free_picks=sum(not pick.event_id for pick in case.picks),
    )


def _event_view(
    event: Event, number: int, anchor: str, figures: list[EmbeddedFigure]
) -> _EventView:
    origin = event.origin
    azimuths = [arrival.azimuth_deg for arrival in event.arrivals]
    return _EventView(
        number=number,
        event_id=event.event_id,
        anchor=anchor,
        date=f"{origin.time:%Y-%m-%d}",
        time=format_origin_time(event, with_date=False),
        position=format_position(event),
        depth=format_depth(event),
        magnitude=format_magnitude(event),
        area68=_area(event, 0.68),
        area95=_area(event, 0.95),
        n_picks=len(event.arrivals),
        n_stations=len(station_codes(event.arrivals)),
        gap=f"{azimuthal_gap_deg(azimuths):.0f}°",
        quality=event.quality,
        quality_words=QUALITY_WORDS[event.quality],
        velocity_model=origin.velocity_model,
        warnings=explain_flags(event),
        notes=[f"{name.capitalize()}: {text}." for name, text in event.notes.items()],
        arrivals=[_arrival_row(arrival) for arrival in _in_order(event.arrivals)],
        figures=figures,
    )


def _in_order(arrivals: Sequence[Arrival]) -> list[Arrival]:
    return sorted(arrivals, key=lambda arrival: (arrival.distance_km, arrival.pick.time))


def _area(event: Event, level: float) -> str:
    found = [r.area_km2 for r in event.origin.regions if abs(r.level - level) < 1e-6]
    return format_area(found[0]) if found else "not known"


def _arrival_row(arrival: Arrival) -> _ArrivalRow:
    pick = arrival.pick
    return _ArrivalRow(
        station=pick.station_code.lstrip("."),
        phase=pick.phase,
        time=f"{pick.time:%H:%M:%S.%f}"[:-3],
        sigma_s=f"{pick.sigma_s:.3f}",
        probability=f"{pick.probability:.2f}",
        distance_km=f"{arrival.distance_km:.1f}",
        azimuth_deg=f"{arrival.azimuth_deg:.0f}",
        residual_s=f"{arrival.residual_s:+.3f}".replace("-", "−"),
        inlier_probability=f"{arrival.inlier_probability:.2f}",
    )
