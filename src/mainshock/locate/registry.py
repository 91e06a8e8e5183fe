"""Travel-time models and location methods by name. A new one adds one line here."""

from collections.abc import Callable
from pathlib import Path

from mainshock.core.errors import SettingsError
from mainshock.core.registry import Registry
from mainshock.locate.base import LocationMethod, TravelTimeModel

__all__ = ["LOCATION_METHODS", "TRAVEL_TIMES", "open_velocity_model"]

TRAVEL_TIMES: Registry[Callable[[str], TravelTimeModel]] = Registry(
    "travel time model",
    {
        "ak135": "mainshock.locate.velocity.radial:ak135",
        "constant": "mainshock.locate.velocity.constant:constant_from_text",
        "iasp91": "mainshock.locate.velocity.radial:iasp91",
    },
)
"""Each entry makes a model from the text after the colon, which is empty where there is none."""

LOCATION_METHODS: Registry[Callable[..., LocationMethod]] = Registry(
    "location method",
    {
        "grid": "mainshock.locate.grid_method:GridLocation",
        "importance": "mainshock.locate.importance:ImportanceLocation",
    },
)
"""Each entry takes ``travel_times`` and ``model_error`` as keywords."""

# a registry of one, so that reading files costs nothing before there is one to read
_FILES: Registry[Callable[[Path], TravelTimeModel]] = Registry(
    "velocity file", {"layers": "mainshock.locate.velocity.files:read_layers"}
)


def open_velocity_model(text: str | Path) -> TravelTimeModel:
    """Return the travel-time model that a text or file states.

    Parameters
    ----------
    text
        A registered name (``iasp91``, ``ak135``), ``constant:VP,VS`` in km/s, or a CSV or JSON
        file of layers with ``depth_km,vp_km_s,vs_km_s``.

    Raises
    ------
    SettingsError
        If the text is neither a known name nor an existing file.
    SourceError, DataError
        If the file cannot be read or makes no sense.

    Examples
    --------
    >>> open_velocity_model("constant:6.0,3.5").name
    'constant:6,3.5'
    """
    path = Path(text)
    name, _, arguments = str(text).strip().partition(":")
    if name in TRAVEL_TIMES:
        return TRAVEL_TIMES.load(name)(arguments)
    if path.is_file():
        return _FILES.load("layers")(path)
    known = ", ".join(name for name in TRAVEL_TIMES.names() if name != "constant")
    raise SettingsError(
        f"velocity model {str(text)!r} is neither a name nor a file; give {known}, "
        "constant:VP,VS in km/s, or a CSV or JSON file with depth_km,vp_km_s,vs_km_s"
    )
