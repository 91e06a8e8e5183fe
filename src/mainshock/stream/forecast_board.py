"""The live state of the forecast, shared by the stage that feeds it and whoever asks it."""

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mainshock.core.errors import NothingFoundError
from mainshock.stream import sentences

if TYPE_CHECKING:  # the forecast's libraries are loaded by the stage
    from mainshock.core.rate_forecast import RateForecast
    from mainshock.forecast.issuing import IssueSettings
    from mainshock.forecast.live import LiveForecast
    from mainshock.forecast.long_term import Circle

__all__ = ["ForecastBoard"]


@dataclass(slots=True, eq=False)
class ForecastBoard:
    """The state as it is now; queries and changes take turns.

    Attributes
    ----------
    problem
        Why there is no forecast of the region; empty while there is one.
    """

    problem: str = sentences.NO_FORECAST_MODEL.tell()
    lock: threading.RLock = field(default_factory=threading.RLock)
    _live: "LiveForecast | None" = None
    _cut_off_days: float = 0.0
    _settings: "IssueSettings | None" = None

    @property
    def has_model(self) -> bool:
        """Return whether a model is set, be it usable or not."""
        return self._settings is not None

    def open(self, settings: "IssueSettings", problem: str) -> None:
        """State that a model is set, and why it gives nothing yet."""
        with self.lock:
            self._live, self._settings, self.problem = None, settings, problem

    def put(self, live: "LiveForecast", cut_off_days: float) -> None:
        """Show a state, with the time up to which data are known."""
        with self.lock:
            self._live, self._cut_off_days, self.problem = live, cut_off_days, ""

    def ask(self, magnitude: float, days: float, area: "Circle | None") -> "RateForecast":
        """Return the chance of one magnitude, window and area, as a forecast of one row.

        Raises
        ------
        NothingFoundError
            If there is no live state.
        SettingsError, DataError
            If the model may not tell of that.
        """
        from mainshock.forecast.issuing import issue_row  # noqa: PLC0415 - the same

        with self.lock:
            if self._live is None or self._settings is None:
                raise NothingFoundError(self.problem)
            return issue_row(self._live, self._settings, magnitude, days, area, self._cut_off_days)
