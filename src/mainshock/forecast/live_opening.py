"""Opens the live forecast of a fitted model's folder."""

from pathlib import Path

from mainshock.forecast.live import LiveForecast, LiveSettings, live_model
from mainshock.forecast.model_folder import open_model, stored_events, with_stored_events
from mainshock.sources.seismicity.read import read_seismicity

__all__ = ["open_live_forecast"]


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
        If the catalogue cannot be used, or the model knows what happened after the moment.
    SourceError
        If the catalogue cannot be read.
    """
    model = live_model(open_model(folder))
    if catalogue is None:
        events = stored_events(folder)
    else:
        events, _ = with_stored_events(folder, read_seismicity(catalogue))
    return LiveForecast(model, events.as_of(now_days), now_days, settings or LiveSettings())
