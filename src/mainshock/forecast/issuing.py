"""Makes of a live state the forecast that is logged, told and shown."""

import hashlib
import json
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from mainshock.core.rate_forecast import ForecastRow, RateForecast, RateGrid
from mainshock.forecast import sentences
from mainshock.forecast.base import ModelInfo
from mainshock.forecast.live import LiveForecast
from mainshock.forecast.long_term import Circle
from mainshock.forecast.wording import with_sentences
from mainshock.sources.seismicity.catalogue import text_from_days

__all__ = [
    "AGENCY",
    "IMPROBABLE",
    "IssueSettings",
    "issue_forecast",
    "issue_row",
    "model_name",
    "named",
    "time_from_days",
    "unknown_stretch",
]

AGENCY = "the national agency responsible for earthquakes"
"""Where nobody names one."""

IMPROBABLE = 14.0
"""A stretch without events, of which the background alone expects so many, is not believed."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class IssueSettings:
    """What a forecast tells.

    Parameters
    ----------
    region_name
        In words that go on from "in"; empty: the bounds of the model's region.
    agency
        Where official advice comes from.
    magnitudes, windows_days
        Of the table; those that the model cannot tell of are left out.
    grid_days
        Window of the grid.
    lead_s
        From the issue to the opening of the windows: time to write the forecast down first.
    is_synthetic, is_retrospective
        Whether the events are made up, or long past.
    """

    region_name: str = ""
    agency: str = AGENCY
    magnitudes: tuple[float, ...] = (3.0, 4.0, 5.0, 6.0, 7.0)
    windows_days: tuple[float, ...] = (1.0, 7.0)
    grid_days: float = 1.0
    lead_s: float = 60.0
    is_synthetic: bool = False
    is_retrospective: bool = False

    @property
    def lead_days(self) -> float:
        """Return the lead in days."""
        return self.lead_s / 86_400.0


def time_from_days(days: float) -> datetime:
    """Return the UTC time that many days after 1970, to a microsecond."""
    return _EPOCH + timedelta(days=days)


def model_name(info: ModelInfo) -> str:
    """Return what a model is and what it was fitted to, in words."""
    catalogue = f" to {info.catalogue}" if info.catalogue else ""
    until = text_from_days(info.settings.end_days)[:10]
    return f"{info.kind} fitted{catalogue} until {until}"


def issue_forecast(
    live: LiveForecast,
    settings: IssueSettings,
    cut_off_days: float | None = None,
) -> RateForecast:
    """Return the forecast of the region at the moment of a live state, in numbers and words.

    Parameters
    ----------
    live
        The state; the forecast is issued at its moment, and its windows open ``lead_s`` later.
    settings
        What is told.
    cut_off_days
        Up to when data were known; by default that moment.

    Raises
    ------
    SettingsError, DataError
        If the model may not tell of such windows.
    """
    start_days = live.now_days + settings.lead_days
    magnitudes = [one for one in settings.magnitudes if live.info.mc <= one < live.info.m_max]
    rows = tuple(
        live.probability(magnitude, None, days, start_days)
        for days in settings.windows_days
        for magnitude in magnitudes or [live.info.mc]
    )
    longitude, latitude = live.grid.axes()
    usual = live.long_term.per_day * settings.grid_days * live.long_term.share
    grid = RateGrid(
        longitude,
        latitude,
        settings.grid_days,
        live.expected(settings.grid_days, start_days),
        usual.reshape(live.grid.shape),
    )
    name = settings.region_name or _bounds_text(live)
    bare = _forecast(live, settings, rows, (name, live.region.vertices), cut_off_days)
    return named(with_sentences(replace(bare, grid=grid)))


def issue_row(
    live: LiveForecast,
    settings: IssueSettings,
    magnitude: float,
    days: float,
    area: Circle | None = None,
    cut_off_days: float | None = None,
) -> RateForecast:
    """Return the forecast of one magnitude and window, of the region or a circle in it.

    Its window opens at once: it answers a question and is not logged.

    Raises
    ------
    SettingsError, DataError
        If the model may not tell of that.
    """
    row = live.probability(magnitude, area, days)
    where = (settings.region_name or _bounds_text(live), live.region.vertices)
    if area is not None:
        where = (_circle_text(area), area.outline())
    at_once = replace(settings, lead_s=0.0)
    return named(with_sentences(_forecast(live, at_once, (row,), where, cut_off_days)))


def _forecast(
    live: LiveForecast,
    settings: IssueSettings,
    rows: tuple[ForecastRow, ...],
    where: tuple[str, tuple[tuple[float, float], ...]],
    cut_off_days: float | None,
) -> RateForecast:
    known = live.now_days if cut_off_days is None else min(cut_off_days, live.now_days)
    return RateForecast(
        forecast_id="new",
        region=where[0],
        outline=where[1],
        issued=time_from_days(live.now_days),
        start=time_from_days(live.now_days + settings.lead_days),
        cut_off=time_from_days(known),
        model=model_name(live.info),
        agency=settings.agency,
        mc=live.info.mc,
        rows=rows,
        is_synthetic=settings.is_synthetic or live.info.is_synthetic,
        is_retrospective=settings.is_retrospective,
        warnings=(*live.info.warnings, *unknown_stretch(live)),
    )


def named(forecast: RateForecast) -> RateForecast:
    """Return the forecast with an id made of its issue time and its content.

    Numbers are rounded to six digits before, so that rounding on the way there does not matter.
    """
    forecast = replace(forecast, rows=tuple(_rounded(row) for row in forecast.rows))
    document = forecast.as_document()
    del document["forecast_id"]
    text = json.dumps(document, sort_keys=True).encode()
    stamp = forecast.issued.strftime("%Y%m%dT%H%M%SZ")
    what = f"{forecast.event_id}-" if forecast.event_id else ""
    digest = hashlib.sha256(text).hexdigest()[:12]
    return replace(forecast, forecast_id=f"{what}{stamp}-{digest}")


def unknown_stretch(live: LiveForecast) -> tuple[str, ...]:
    """Return a warning where so long a stretch without events is improbable; else nothing.

    A model opened long after its fit knows nothing of the time between, unless a catalogue tells.
    """
    since = live.info.settings.end_days
    times = np.sort(np.array([*live.history.time_days, *live.event_times()]))
    edges = np.concatenate([[since], times[times > since], [max(live.now_days, since)]])
    longest = int(np.argmax(np.diff(edges)))
    gap = float(edges[longest + 1] - edges[longest])
    if live.model.parameters.mu_per_day * gap < IMPROBABLE or not math.isfinite(gap):
        return ()
    first, last = (text_from_days(float(edges[longest + i]))[:10] for i in (0, 1))
    return (sentences.UNKNOWN_STRETCH.tell(first=first, last=last),)


def _bounds_text(live: LiveForecast) -> str:
    west, south, east, north = live.region.bounds
    return sentences.REGION_BOX.tell(west=west, east=east, south=south, north=north)


def _circle_text(circle: Circle) -> str:
    longitude = (circle.longitude + 180.0) % 360.0 - 180.0
    return sentences.REGION_CIRCLE.tell(
        radius_km=circle.radius_km, longitude=longitude, latitude=circle.latitude
    )


def _rounded(row: ForecastRow) -> ForecastRow:
    return replace(
        row,
        probability=_six_digits(row.probability),
        probability_low=_six_digits(row.probability_low),
        probability_high=_six_digits(row.probability_high),
        reference_probability=_six_digits(row.reference_probability),
        multiple=_six_digits(row.multiple),
        expected=_six_digits(row.expected),
    )


def _six_digits(value: float) -> float:
    return float(f"{value:.6g}")
