"""The table after a large earthquake: what to expect by magnitude and by day, week, month, year.

Windows that the fitted model may tell of come from the live state; all others, and all of them
where there is no model, from the generic law of Reasenberg and Jones, and are marked as such.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mainshock.core.errors import DataError, MainshockError
from mainshock.core.rate_forecast import ForecastRow, RateForecast
from mainshock.forecast import sentences
from mainshock.forecast.aftershock_sequence import (
    MAGNITUDES,
    WINDOWS_DAYS,
    AftershockRow,
    aftershock_forecast,
    aftershock_posterior,
)
from mainshock.forecast.generic_aftershocks import generic_named
from mainshock.forecast.issuing import IssueSettings, model_name, named, time_from_days
from mainshock.forecast.live import LiveEvent, LiveForecast
from mainshock.forecast.long_term import Circle
from mainshock.forecast.rupture import rupture_length_km
from mainshock.forecast.sphere import cartesian_km
from mainshock.forecast.wording import with_sentences

__all__ = [
    "GENERIC_MODEL",
    "TableSettings",
    "aftershock_area",
    "aftershock_table",
    "world_rate_per_day",
]

GENERIC_MODEL = "generic Reasenberg-Jones"
"""How the models of rows begin that no fitted model tells."""

_WORLD_M5_PER_DAY = 4892 / 1095.0  # events of M >= 5 in ComCat, 2013 to 2015
_EARTH_KM2 = 5.1007e8
_NARROWEST_KM, _WIDEST_KM = 10.0, 500.0


@dataclass(frozen=True, slots=True)
class TableSettings:
    """What a table of aftershocks tells.

    Parameters
    ----------
    magnitudes, windows_days
        Its rows.
    regime
        Whose generic parameters stand where no model may tell; a name of
        :data:`mainshock.forecast.generic_aftershocks.GENERIC_AFTERSHOCKS`.
    mc
        Magnitude from which on aftershocks of the sequence are known in quiet times.
    """

    magnitudes: tuple[float, ...] = MAGNITUDES
    windows_days: tuple[float, ...] = tuple(WINDOWS_DAYS.values())
    regime: str = "ANSR-SHALCON"
    mc: float = 3.0


def world_rate_per_day(magnitude: float, area_km2: float) -> float:
    """Return the mean number of events a day in an area of an average place on Earth."""
    return float(_WORLD_M5_PER_DAY * 10.0 ** (5.0 - magnitude) * area_km2 / _EARTH_KM2)


def aftershock_area(mainshock: LiveEvent) -> Circle:
    """Return where aftershocks are counted: twice the length of the rupture, at least 10 km."""
    length = rupture_length_km(mainshock.magnitude)
    radius = min(max(2.0 * length, _NARROWEST_KM), _WIDEST_KM)
    return Circle(mainshock.longitude, mainshock.latitude, float(f"{radius:.2g}"))


def aftershock_table(
    mainshock: LiveEvent,
    version: int | None,
    now_days: float,
    settings: IssueSettings,
    live: LiveForecast | None = None,
    *,
    cut_off_days: float | None = None,
    aftershocks: Sequence[LiveEvent] = (),
    table: TableSettings | None = None,
) -> RateForecast:
    """Return the table of a mainshock, in numbers and words.

    Parameters
    ----------
    mainshock, version
        The event, and the version of it that is known.
    now_days
        When the table is made; its windows open ``lead_s`` of the settings later.
    settings
        Agency and labels.
    live
        The state of a fitted model at that moment; None where there is none.
    cut_off_days
        Up to when data were known; by default ``now_days``.
    aftershocks
        Events known so far; those after the mainshock and near it update the generic parameters.
    table
        Its rows, and the generic parameters.

    Raises
    ------
    DataError
        If the mainshock lies in the future.
    SettingsError
        If there is no such regime.
    """
    _refuse_future(mainshock, now_days)
    area = aftershock_area(mainshock)
    moments = (now_days, now_days + settings.lead_days)
    rows = _rows(mainshock, moments, live, _near(area, aftershocks), table or TableSettings())
    is_fitted = live is not None and any(not row.model for row in rows)
    bare = RateForecast(
        forecast_id="new",
        region=_words(mainshock, area),
        outline=area.outline(),
        issued=time_from_days(now_days),
        start=time_from_days(moments[1]),
        cut_off=time_from_days(now_days if cut_off_days is None else min(cut_off_days, now_days)),
        model=model_name(live.info) if live is not None and is_fitted else rows[0].model,
        agency=settings.agency,
        mc=min(row.magnitude for row in rows),
        rows=rows,
        event_id=mainshock.event_id,
        event_version=version,
        is_synthetic=settings.is_synthetic or (live is not None and live.info.is_synthetic),
        is_retrospective=settings.is_retrospective,
        warnings=_warnings(live, area),
    )
    return named(with_sentences(bare))


def _refuse_future(mainshock: LiveEvent, now_days: float) -> None:
    if now_days < mainshock.time_days:
        raise DataError(
            f"the mainshock {mainshock.event_id} lies {mainshock.time_days - now_days:.3f} days "
            "after the table is made; make it later"
        )


def _rows(
    mainshock: LiveEvent,
    moments: tuple[float, float],
    live: LiveForecast | None,
    aftershocks: Sequence[LiveEvent],
    table: TableSettings,
) -> tuple[ForecastRow, ...]:
    """Return the rows: those of the fitted model where it may tell, else generic ones."""
    area = aftershock_area(mainshock)
    generic = _generic_rows(mainshock, moments, aftershocks, table, partial(_usual, live, area))
    return tuple(
        _fitted_row(live, area, row.magnitude, row.days, moments[1]) or row for row in generic
    )


def _generic_rows(
    mainshock: LiveEvent,
    moments: tuple[float, float],
    aftershocks: Sequence[LiveEvent],
    table: TableSettings,
    usual: Callable[[float], float],
) -> list[ForecastRow]:
    """Return the rows of a regime, updated with the aftershocks so far; day by day."""
    now_days, start_days = moments
    begin = mainshock.time_days
    seen = [one for one in aftershocks if begin < one.time_days <= now_days]
    regime = generic_named(table.regime)
    posterior = aftershock_posterior(
        regime,
        mainshock.magnitude,
        [one.time_days - begin for one in seen],
        [one.magnitude for one in seen],
        now_days - begin if aftershocks else 0.0,
        regime.completeness(table.mc),
    )
    windows = {f"{days:g} d": days for days in table.windows_days}
    told = aftershock_forecast(posterior, start_days - begin, table.magnitudes, windows)
    n = told.n_events
    name = f"{GENERIC_MODEL} ({told.regime})"
    if n:
        name += f" updated with {n} aftershock{'s' if n > 1 else ''}"
    found = [
        _generic_row(one, name, usual(one.magnitude) * one.days, is_generic=n == 0)
        for one in told.rows
    ]
    return sorted(found, key=lambda row: row.days)


def _generic_row(one: AftershockRow, name: str, usual: float, *, is_generic: bool) -> ForecastRow:
    return ForecastRow(
        magnitude=one.magnitude,
        days=one.days,
        probability=one.probability,
        # the mean over parameters may lie beyond a range where all is near 1
        probability_low=min(one.probability_low95, one.probability),
        probability_high=max(one.probability_high95, one.probability),
        reference_probability=-math.expm1(-usual),
        multiple=one.expected / usual,
        expected=one.expected,
        expected_low=one.low95,
        expected_high=one.high95,
        model=name,
        is_generic=is_generic,
    )


def _near(area: Circle, events: Sequence[LiveEvent]) -> list[LiveEvent]:
    """Return the events in a circle."""
    if not events:
        return []
    there = cartesian_km([one.longitude for one in events], [one.latitude for one in events])
    away = np.linalg.norm(there - cartesian_km(area.longitude, area.latitude), axis=1)
    return [one for one, km in zip(events, away, strict=True) if km <= area.radius_km]


def _fitted_row(
    live: LiveForecast | None, area: Circle, magnitude: float, days: float, start_days: float
) -> ForecastRow | None:
    """Return a row of the fitted model, or None where it may not tell."""
    if live is None:
        return None
    try:
        return live.probability(magnitude, area, days, start_days)
    except MainshockError:  # below its mc, above its m_max, too long a window, outside the region
        return None


def _usual(live: LiveForecast | None, area: Circle, magnitude: float) -> float:
    """Return the long-term number a day: of the model's region, else of an average place."""
    if live is not None and live.info.mc <= magnitude < live.info.m_max:
        try:
            found = live.long_term.number(magnitude, live.counts, area, 1.0)
        except DataError:  # outside the region
            found = 0.0
        if found > 0:
            return found
    return world_rate_per_day(magnitude, area.area_km2)


def _warnings(live: LiveForecast | None, area: Circle) -> tuple[str, ...]:
    said = []
    if live is None or not live.region.contains(area.longitude, area.latitude)[0]:
        said.append(sentences.WORLD_AVERAGE.tell())
    return tuple(said)


def _words(mainshock: LiveEvent, area: Circle) -> str:
    north = "N" if area.latitude >= 0 else "S"
    lon = (area.longitude + 180.0) % 360.0 - 180.0
    east = "E" if lon >= 0 else "W"
    return sentences.REGION_MAINSHOCK.tell(
        radius_km=area.radius_km,
        magnitude=mainshock.magnitude,
        latitude=f"{abs(area.latitude):.2f} {north}",
        longitude=f"{abs(lon):.2f} {east}",
    )
