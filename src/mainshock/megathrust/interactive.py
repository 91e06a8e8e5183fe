"""An interactive map of assessed segments in one HTML file that asks nothing of any network."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from mainshock.core.errors import DataError, MissingDependencyError
from mainshock.core.files import replacing
from mainshock.megathrust.assessment import SegmentAssessment
from mainshock.megathrust.colours import (
    COAST,
    INK,
    OBSERVED,
    PROBABILITY,
    RUPTURE,
    SEA,
    opacity,
)
from mainshock.megathrust.shapes import band, beside, great_ruptures, trench_line, with_azimuths
from mainshock.sources.basemap import BASEMAP_CREDIT, coastlines

__all__ = ["segments_figure", "write_interactive"]

_WEST = -5.0  # the map is cut in Africa, so that the Pacific stays whole
_COAST_DEG = 0.08  # detail that is left out
_MARK_KM, _OUTLINE_KM = 120.0, 240.0
_GREAT, _NONE_SEEN = 8.0, 1.0
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:"
)
Places = Sequence[tuple[float, float]]


def write_interactive(
    path: Path, segments: Sequence[SegmentAssessment], caveats: Sequence[str], title: str = ""
) -> Path:
    """Write the interactive map as one HTML file and return its path.

    Parameters
    ----------
    path
        The file; some 5 MB, for it holds all that it needs.
    segments
        What a model says; ones without a place are left out.
    caveats
        Stand below the map.
    title
        Above it, such as the model's name.

    Raises
    ------
    MissingDependencyError
        If Plotly is not installed.
    DataError
        If no segment has a place.
    SourceError
        If the file cannot be written.
    """
    figure = segments_figure(segments, caveats, title)
    page = figure.to_html(include_plotlyjs=True, config={"displaylogo": False, "scrollZoom": True})
    head = (
        f'<head><title>Megathrust segments</title><meta http-equiv="Content-Security-Policy" '
        f'content="{_POLICY}">'
    )
    with replacing(path) as temporary:
        temporary.write_text(page.replace("<head>", head, 1), encoding="utf-8")
    return path


def segments_figure(
    segments: Sequence[SegmentAssessment], caveats: Sequence[str], title: str = ""
) -> Any:  # a plotly Figure
    """Return the map as a Plotly figure; parameters and errors as :func:`write_interactive`."""
    try:
        from plotly.graph_objects import Figure  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingDependencyError(
            f"the interactive map needs Plotly ({error}); install it: pip install plotly"
        ) from error
    placed = [one for one in with_azimuths(segments) if trench_line(one)]
    if not placed:
        raise DataError(
            f"none of {len(segments)} segments has a place, so there is no map; give coordinates"
        )
    figure = Figure(
        [
            _lines("coast", (line.tolist() for line in _coasts()), COAST, 0.6),
            _lines("trench", _trenches(placed), INK, 1.0),
            _lines(
                "great ruptures",
                (band(one.segments, 0.0, _OUTLINE_KM) for one in great_ruptures(placed)),
                RUPTURE,
                1.5,
            ),
            _observed(placed),
            _predicted(placed),
        ]
    )
    named = f"{title}: " if title else ""
    figure.update_layout(
        title={"text": f"{named}which segments could host M 8.0 or more"},
        plot_bgcolor=SEA,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1.0, "xanchor": "right"},
        margin={"b": 60 + 18 * len(caveats)},
        annotations=[_notes([*caveats, f"Base map: {BASEMAP_CREDIT}."])],
        hoverlabel={"align": "left"},
        dragmode="pan",
    )
    _set_axes(figure, placed)
    return figure


def _east(longitude: float) -> float:
    """Return a longitude in the map's own turn of 360 degrees."""
    return (longitude - _WEST) % 360.0 + _WEST


def _lines(name: str, lines: Iterable[Places], colour: str, width: float) -> Any:  # a Scatter
    from plotly.graph_objects import Scatter  # noqa: PLC0415 - an extra

    longitudes: list[float | None] = []
    latitudes: list[float | None] = []
    for line in lines:
        for (before, _), (longitude, latitude) in pairwise([line[0], *line]):
            if abs(_east(longitude) - _east(before)) > 180.0:  # to the map's other edge
                longitudes.append(None)
                latitudes.append(None)
            longitudes.append(round(_east(longitude), 3))
            latitudes.append(round(latitude, 3))
        longitudes.append(None)
        latitudes.append(None)
    return Scatter(
        x=longitudes, y=latitudes, mode="lines", name=name, hoverinfo="skip",
        line={"color": colour, "width": width}, showlegend=name == "great ruptures",
    )  # fmt: skip


def _coasts() -> list[Any]:  # arrays of places
    lines = [shapely.LineString(line).simplify(_COAST_DEG) for line in coastlines("50m")]
    return [np.asarray(line.coords) for line in lines if line.length > 4.0 * _COAST_DEG]


def _trenches(segments: Sequence[SegmentAssessment]) -> Iterable[Places]:
    return (trench_line(one) for one in segments)


def _predicted(segments: Sequence[SegmentAssessment]) -> Any:  # a Scatter
    return _markers(
        segments,
        -_MARK_KM,
        "predicted (sea's side)",
        symbol="circle",
        color=[one.probability for one in segments],
        opacity=[opacity(one.applicability) for one in segments],
        cmin=0.0,
        cmax=1.0,
        colorscale=[
            [share, colour] for share, colour in zip((0, 0.5, 1), PROBABILITY, strict=True)
        ],
        colorbar={"title": {"text": "probability<br>of M ≥ 8.0"}, "len": 0.6},
    )


def _observed(segments: Sequence[SegmentAssessment]) -> Any:  # a Scatter
    known = [one for one in segments if one.m_max is not None]
    kinds = [
        "great" if magnitude >= _GREAT else "smaller" if magnitude > _NONE_SEEN else "none"
        for magnitude in (one.m_max or _NONE_SEEN for one in known)
    ]
    return _markers(
        known,
        _MARK_KM,
        "observed (land's side: dark M ≥ 8.0, white none seen)",
        symbol="square",
        color=[OBSERVED[kind] for kind in kinds],
    )


def _markers(
    segments: Sequence[SegmentAssessment], landward_km: float, name: str, **marker: Any
) -> Any:  # settings of Plotly, and a Scatter
    from plotly.graph_objects import Scatter  # noqa: PLC0415 - an extra

    places = [beside(one, landward_km) for one in segments]
    return Scatter(
        x=[round(_east(longitude), 3) for longitude, _ in places],
        y=[round(latitude, 3) for _, latitude in places],
        mode="markers",
        name=name,
        text=[_words(one) for one in segments],
        hovertemplate="%{text}<extra></extra>",
        marker={"size": 7, "line": {"width": 0.5, "color": COAST}} | marker,
    )


def _words(one: SegmentAssessment) -> str:
    classes = [f"{'≥' if number else '<'} 8.0" for number in one.conformal_set]
    seen = "not known" if one.m_max is None else f"M {one.m_max:.1f}"
    unlike = "" if one.is_applicable else " (unlike the training data)"
    lines = [
        f"<b>{one.name}</b>",
        f"probability of M ≥ 8.0: {one.probability:.2f}",
        f"not ruled out: M {' or M '.join(classes)}" if classes else "all classes ruled out",
        f"applicability: {one.applicability:.2f}{unlike}",
        f"observed: {'none seen' if one.m_max == _NONE_SEEN else seen}",
    ]
    return "<br>".join(lines)


def _notes(lines: Sequence[str]) -> dict[str, Any]:
    return {
        "text": "<br>".join(lines), "xref": "paper", "yref": "paper", "x": 0.0, "y": -0.06,
        "xanchor": "left", "yanchor": "top", "align": "left", "showarrow": False,
    }  # fmt: skip


def _set_axes(figure: Any, segments: Sequence[SegmentAssessment]) -> None:  # a plotly Figure
    longitudes = [_east(one.longitude or 0.0) for one in segments]
    latitudes = [one.latitude or 0.0 for one in segments]
    degrees = np.arange(0, 360, 20)
    figure.update_xaxes(
        range=[min(longitudes) - 8.0, max(longitudes) + 8.0],
        tickvals=degrees,
        ticktext=[f"{d}°E" if d <= 180 else f"{360 - d}°W" for d in degrees],
        gridcolor="#c3d0d8",
    )
    figure.update_yaxes(
        range=[min(latitudes) - 6.0, max(latitudes) + 6.0],
        scaleanchor="x",
        ticksuffix="°",
        zeroline=False,
        gridcolor="#c3d0d8",
    )
