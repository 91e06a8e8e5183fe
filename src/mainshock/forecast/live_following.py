"""Keeps a live forecast in step with a catalogue file that grows or is revised."""

import math
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from mainshock.core.errors import SourceError
from mainshock.core.rate_forecast import RateForecast
from mainshock.forecast.aftershock_table import TableSettings, aftershock_table
from mainshock.forecast.completeness import refuse_below_completeness
from mainshock.forecast.issuing import IMPROBABLE, IssueSettings, issue_forecast
from mainshock.forecast.live import LiveEvent, LiveForecast, LiveSettings, live_model
from mainshock.forecast.model_folder import open_model, stored_events, with_stored_events
from mainshock.forecast.refusals import MAX_AGE, refuse_stale
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.read import read_seismicity

__all__ = ["CatalogueFollower", "open_live_forecast"]

_FOLLOWED_DAYS = 30.0
_MOST_TABLES = 3


def open_live_forecast(
    folder: Path,
    catalogue: Path | None,
    now_days: float,
    settings: LiveSettings | None = None,
) -> LiveForecast:
    """Return the live forecast of a model at a moment, with all that was known by then.

    Parameters
    ----------
    folder
        Of `forecast fit`; it holds the events that the model was fitted to.
    catalogue
        Events since then, or None.
    now_days
        The moment, days after 1970-01-01.
    settings
        How it is kept.

    Raises
    ------
    ModelError
        If the folder holds no model that can be kept up to date.
    DataError
        If the catalogue cannot be used, is far from complete at the model's magnitude, or the model
        knows what happened after the moment.
    SourceError
        If the catalogue cannot be read.
    """
    model = live_model(open_model(folder))
    known = _events(folder, catalogue).as_of(now_days)
    refuse_below_completeness(known, model.info.mc)
    return LiveForecast(model, known, now_days, settings or LiveSettings())


@dataclass(slots=True, eq=False)
class CatalogueFollower:
    """A live forecast of a catalogue file.

    Parameters
    ----------
    folder
        Of the fitted model.
    catalogue
        The file, or None: the model's own events.
    now_days
        First moment, days after 1970-01-01.
    settings
        What forecasts tell.
    max_age
        Age of the data from which on no forecast is made.

    Raises
    ------
    ModelError, DataError, SourceError
        As :func:`open_live_forecast`.
    """

    folder: Path
    catalogue: Path | None
    now_days: float
    settings: IssueSettings = field(default_factory=IssueSettings)
    max_age: timedelta = MAX_AGE
    live: LiveForecast = field(init=False)
    _known: dict[str, LiveEvent] = field(init=False)

    def __post_init__(self) -> None:
        self.live = open_live_forecast(self.folder, self.catalogue, self.now_days)
        self._known = _by_id(_events(self.folder, self.catalogue).as_of(self.now_days))

    def changed_days(self) -> float:
        """Return when the file was changed last; when the fit ended, for no file.

        Raises
        ------
        SourceError
            If the file is gone.
        """
        if self.catalogue is None:
            return self.live.info.settings.end_days
        try:
            return self.catalogue.stat().st_mtime / 86_400.0
        except OSError as error:
            raise SourceError(f"{self.catalogue} cannot be read: {error}") from error

    def known_days(self, now_days: float) -> float:
        """Return up to when the file is known: when it was changed last.

        Where so long a time without an event is improbable, its newest event tells: the file is
        new, what it holds is not.
        """
        known = min(self.changed_days(), now_days)
        newest = max((one.time_days for one in self._known.values()), default=-math.inf)
        is_quiet = self.live.model.parameters.mu_per_day * (known - newest) < IMPROBABLE
        return known if is_quiet else newest

    def refresh(self, now_days: float) -> int:
        """Read the file again, take in what changed, and return the number of changes.

        Raises
        ------
        SourceError, DataError
            If the file cannot be read or used; the state stays as it was.
        """
        read = _by_id(_events(self.folder, self.catalogue).as_of(now_days))
        gone = [name for name in self._known if name not in read]
        news = [one for name, one in read.items() if self._known.get(name) != one]
        for name in gone:
            self.live.cancel(name)
        for one in news:
            self.live.update(one)
        self._known = read
        return len(gone) + len(news)

    def issue(self, now_days: float, cut_off_days: float) -> list[RateForecast]:
        """Return the forecast of the region at a moment, and tables after recent large events.

        Raises
        ------
        DataError
            If the data are too old: then no forecast is made.
        """
        refuse_stale(now_days, cut_off_days, self.max_age)
        self.live.advance(now_days)
        return [issue_forecast(self.live, self.settings, cut_off_days), *self._tables(cut_off_days)]

    def _tables(self, cut_off_days: float) -> list[RateForecast]:
        now_days, least = self.live.now_days, 5.0
        recent = [
            one
            for one in self._known.values()
            if now_days - _FOLLOWED_DAYS <= one.time_days <= now_days
            and math.isfinite(one.latitude)
        ]
        large = sorted(
            (one for one in recent if one.magnitude >= least), key=lambda one: -one.magnitude
        )
        return [
            aftershock_table(
                one,
                None,
                now_days,
                self.settings,
                self.live,
                cut_off_days=cut_off_days,
                aftershocks=recent,
                table=TableSettings(mc=max(TableSettings().mc, self.live.info.mc)),
            )
            for one in large[:_MOST_TABLES]
        ]


def _events(folder: Path, catalogue: Path | None) -> Catalogue:
    """Return the events of a model and of a catalogue, each with an id."""
    if catalogue is None:
        events = stored_events(folder)
    else:
        events, _ = with_stored_events(folder, read_seismicity(catalogue))
    names = [
        str(name) or f"{time:.6f}/{lon:.3f}/{lat:.3f}"
        for name, time, lon, lat in zip(
            events.event_id, events.time_days, events.longitude, events.latitude, strict=True
        )
    ]
    return replace(events, event_id=np.array(names, dtype=object))


def _by_id(events: Catalogue) -> dict[str, LiveEvent]:
    columns = (events.time_days, events.longitude, events.latitude, events.magnitude)
    return {
        str(name): LiveEvent(str(name), *(float(column[i]) for column in columns))
        for i, name in enumerate(events.event_id)
    }
