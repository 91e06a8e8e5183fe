"""What one run found, as plain text for a terminal."""

import textwrap

from mainshock.core.records import Event
from mainshock.events.geometry import azimuthal_gap_deg, station_codes
from mainshock.locate.plot_style import format_area
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

__all__ = ["summarise_case"]

_WIDTH = 100
_MOST_REASONS = 12


def summarise_case(case: CaseResult) -> str:
    """Return the events of a case with their uncertainties, and what was not used, as text."""
    lines = [case.title, "=" * len(case.title), headline(case.events)]
    for number, event in enumerate(case.events, start=1):
        lines += ["", *_event_lines(number, event)]
    if case.not_used:
        lines += ["", "Not used:"]
        for item in case.not_used[:_MOST_REASONS]:
            lines += _wrapped(f"{item.what}: {item.reason}", "  - ", "    ")
        if len(case.not_used) > _MOST_REASONS:
            lines.append(f"  - and {len(case.not_used) - _MOST_REASONS} more")
    return "\n".join(lines)


def _event_lines(number: int, event: Event) -> list[str]:
    azimuths = [arrival.azimuth_deg for arrival in event.arrivals]
    areas = ", ".join(
        f"{region.level:.0%} region {format_area(region.area_km2)}"
        for region in event.origin.regions
        if region.level > 0.6
    )
    quality = f"quality {event.quality}: {QUALITY_WORDS[event.quality]}"
    n_stations, gap_deg = len(station_codes(event.arrivals)), azimuthal_gap_deg(azimuths)
    data = f"{len(event.arrivals)} picks at {n_stations} station{'s' * (n_stations != 1)}"
    lines = [
        f"{number}. {format_origin_time(event)} (UTC), {quality}",
        f"   {format_position(event)}; depth {format_depth(event)}",
        f"   magnitude {format_magnitude(event)}; {data}, azimuthal gap {gap_deg:.0f}°",
    ]
    if areas:
        lines.append(f"   {areas}")
    for sentence in explain_flags(event):
        lines += _wrapped(sentence, "   ! ", "     ")
    return lines


def _wrapped(text: str, first: str, later: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=later)
