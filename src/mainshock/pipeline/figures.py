"""The report's figures: drawn, described in words, and turned into data URIs."""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from mainshock.core.errors import MainshockError
from mainshock.core.records import Event
from mainshock.detect.plots import plot_record_section
from mainshock.locate.event_figure import plot_origin_time
from mainshock.locate.plot_style import format_area
from mainshock.locate.plots import plot_map
from mainshock.locate.section_plots import plot_depth_section
from mainshock.pipeline.results import CaseResult
from mainshock.pipeline.wording import format_depth, format_origin_time, format_position
from mainshock.sources.basemap import BASEMAP_CREDIT

__all__ = ["EmbeddedFigure", "FigureBudget", "event_figures", "overview_figures"]

_LARGEST_SVG = 160_000
_SVG_IMAGE_DPI = 100
_RASTER_DPI = 150
_LONGEST_OVERVIEW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class EmbeddedFigure:
    """A figure inside the page.

    Parameters
    ----------
    kind
        ``"record"``, ``"map"`` or ``"section"``: the page gives each its place.
    uri
        ``data:`` address with the image, or empty where there is none.
    alternative
        What the figure shows, in words.
    caption
        Text under the figure; where ``uri`` is empty, why there is none.
    """

    kind: str
    uri: str
    alternative: str
    caption: str


class FigureBudget:
    """Keeps the page small: figures that would pass the limit are left out, and say so.

    Parameters
    ----------
    limit_bytes
        Largest sum of all embedded figures.
    """

    def __init__(self, limit_bytes: int = 5_500_000) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0

    def embed(
        self, kind: str, draw: Callable[[], Figure], alternative: str, caption: str
    ) -> EmbeddedFigure:
        """Return the figure as a data URI; a figure that cannot be drawn says why."""
        if self.used_bytes >= self.limit_bytes:
            return EmbeddedFigure(kind, "", alternative, "Left out to keep this page small.")
        try:
            uri = _data_uri(draw())
        except MainshockError as error:
            return EmbeddedFigure(kind, "", alternative, f"No figure: {error}")
        if self.used_bytes + len(uri) > self.limit_bytes:
            return EmbeddedFigure(kind, "", alternative, "Left out to keep this page small.")
        self.used_bytes += len(uri)
        return EmbeddedFigure(kind, uri, alternative, caption)


def _data_uri(figure: Figure) -> str:
    """Return the figure as SVG, or as PNG of 256 colours where the SVG would be large."""
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "mainshock", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, dpi=_SVG_IMAGE_DPI)
    kind = "svg+xml"
    if buffer.tell() > _LARGEST_SVG:
        buffer = _png(figure)
        kind = "png"
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _png(figure: Figure) -> io.BytesIO:
    full, small = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png", dpi=_RASTER_DPI)
    with Image.open(full) as image:
        image.convert("RGB").quantize(256).save(small, format="png", optimize=True)
    return small


def _figure_of(axes: Axes) -> Figure:
    figure = axes.get_figure(root=True)
    if figure is None:
        raise MainshockError("axes without a figure cannot be saved; draw them on a figure")
    return figure


def overview_figures(case: CaseResult, budget: FigureBudget) -> list[EmbeddedFigure]:
    """Return the record section and the map of the whole case, where they tell something."""
    figures = []
    window = _overview_window(case)
    if window is not None:
        start, end = window
        figures.append(
            budget.embed(
                "record",
                lambda: _figure_of(
                    plot_record_section(
                        case.waveforms, case.curves, case.picks, start=start, end=end
                    )
                ),
                f"Record section of {len(case.waveforms)} records with {len(case.picks)} picks "
                "and the probability of P and S under each station.",
                "All records: traces scaled each by itself, picks, and under each station how "
                "probable the picker finds P and S.",
            )
        )
    if len(case.events) > 1:
        figures.append(
            budget.embed(
                "map",
                lambda: _figure_of(plot_map(case.events, case.stations)),
                f"Map of {len(case.events)} epicentres with their 68 % and 95 % regions and "
                f"{len(case.stations)} stations.",
                "All events, numbered as in the table, each with the 68 % region (solid) and the "
                "95 % region (dashed) of its epicentre. "
                f"Base map: {BASEMAP_CREDIT}.",
            )
        )
    return figures


def _overview_window(case: CaseResult) -> tuple[datetime, datetime] | None:
    """Return the whole of short records, else the stretch around the events; None if too long."""
    if not case.waveforms:
        return None
    start = min(waveform.start for waveform in case.waveforms)
    end = max(waveform.end for waveform in case.waveforms)
    if end - start > _LONGEST_OVERVIEW and case.events:
        margin = timedelta(seconds=60.0)
        start = max(start, case.events[0].origin.time - margin)
        end = min(end, case.events[-1].origin.time + 2 * margin)
    return (start, end) if timedelta(0) < end - start <= _LONGEST_OVERVIEW else None


def event_figures(case: CaseResult, event: Event, budget: FigureBudget) -> list[EmbeddedFigure]:
    """Return record section, map and two depth sections of one event."""
    figures = []
    if case.waveforms and event.arrivals:
        figures.append(budget.embed("record", lambda: _record(case, event), *_record_text(event)))
    figures.append(
        budget.embed("map", lambda: _figure_of(plot_map(event, case.stations)), *_map_text(event))
    )
    figures.append(budget.embed("section", lambda: _sections(event, case), *_section_text(event)))
    return figures


def _record(case: CaseResult, event: Event) -> Figure:
    times = [pick.time for pick in event.picks]
    span = max((max(times) - min(times)), timedelta(seconds=1.0))
    before = max(0.5 * span, timedelta(seconds=1.5))
    after = max(1.2 * span, timedelta(seconds=3.0))
    distances_km: Mapping[str, float] = {
        arrival.pick.station_code: arrival.distance_km for arrival in event.arrivals
    }
    axes = plot_record_section(
        case.waveforms,
        case.curves,
        case.picks,
        start=min(times) - before,
        end=max(times) + after,
        distances_km=distances_km,
        event_id=event.event_id,
    )
    return _figure_of(axes)


def _sections(event: Event, case: CaseResult) -> Figure:
    figure = Figure(figsize=(6.2, 9.6), layout="constrained")
    upper, lower, last = figure.subplots(3, 1, height_ratios=(1.0, 1.0, 0.6))
    plot_origin_time(event, ax=last)
    plot_depth_section(event, case.stations, azimuth_deg=90.0, title="west to east", ax=upper)
    plot_depth_section(event, case.stations, azimuth_deg=0.0, title="south to north", ax=lower)
    return figure


def _record_text(event: Event) -> tuple[str, str]:
    picks: Sequence[str] = [
        f"{pick.phase} at {pick.station} {pick.time:%H:%M:%S.%f}"[:-4] for pick in event.picks
    ]
    alternative = f"Record section of the event with {len(picks)} picks: {', '.join(picks)}."
    caption = (
        "Records around the event, nearest station on top. Lines are the picks used (faint: picks "
        "of no or another event), bands their standard deviation; under each station the "
        "probability of P (blue, solid) and S (orange, dashed)."
    )
    return alternative, caption


def _map_text(event: Event) -> tuple[str, str]:
    areas = " and ".join(
        f"{region.level:.0%} region of {format_area(region.area_km2)}"
        for region in event.origin.regions
        if region.level > 0.6
    )
    return (
        f"Map: epicentre {format_position(event)}" + (f", with a {areas}." if areas else "."),
        f"Where the epicentre can be: the darker, the more probable. Base map: {BASEMAP_CREDIT}.",
    )


def _section_text(event: Event) -> tuple[str, str]:
    time, depth = format_origin_time(event), format_depth(event)
    alternative = f"Two depth sections through the hypocentre of {time}: depth {depth}."
    caption = (
        "Sections through the hypocentre. Lines hold 68 % (solid) and 95 % (dashed) of the "
        "samples; the bar is one standard deviation of the depth. Below, the posterior of the "
        "origin time."
    )
    return alternative, caption
