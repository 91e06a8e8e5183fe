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
        "gradient": "mainshock.locate.velocity.gradient:gradient_from_text",
        "iasp91": "mainshock.locate.velocity.radial:iasp91",
        "nonlinloc": "mainshock.locate.velocity.nonlinloc:nonlinloc_from_text",
        "taup": "mainshock.locate.velocity.taup:taup_from_text",
    },
)
"""Each entry makes a model from the text after the colon, which is empty where there is none."""

LOCATION_METHODS: Registry[Callable[..., LocationMethod]] = Registry(
    "location method",
    {
        "grid": "mainshock.locate.grid_method:GridLocation",
        "hamiltonian": "mainshock.locate.hamiltonian:HamiltonianLocation",
        "importance": "mainshock.locate.importance:ImportanceLocation",
        "smc": "mainshock.locate.smc:SequentialLocation",
        "variational": "mainshock.locate.variational:VariationalLocation",
    },
)
"""Each entry takes ``travel_times`` and ``model_error`` as keywords."""

# by suffix; a registry, so that reading files costs nothing before there is one to read
_FILES: Registry[Callable[[Path], TravelTimeModel]] = Registry(
    "velocity file",
    {
        ".csv": "mainshock.locate.velocity.files:read_table",
        ".json": "mainshock.locate.velocity.files:read_layers",
        ".nd": "mainshock.locate.velocity.taup:read_taup_file",
        ".npz": "mainshock.locate.velocity.volume:read_volume",
        ".tvel": "mainshock.locate.velocity.taup:read_taup_file",
    },
)


def open_velocity_model(text: str | Path) -> TravelTimeModel:
    """Return the travel-time model that a text or file states.

    Parameters
    ----------
    text
        One of

        - ``iasp91``, ``ak135``;
        - ``constant:VP,VS`` in km/s;
        - ``gradient:VP0,VP_GRADIENT,VS0,VS_GRADIENT`` in km/s and (km/s)/km;
        - ``taup:NAME`` or ``taup:FILE``, a model of TauP;
        - ``nonlinloc:FOLDER/PREFIX``, a folder of NonLinLoc time grids;
        - a CSV or JSON file of layers with ``depth_km,vp_km_s,vs_km_s``;
        - a CSV file of points with ``longitude,latitude,depth_km,vp_km_s,vs_km_s``;
        - an ``.npz`` file of a volume (see ``read_volume``);
        - a ``.nd`` or ``.tvel`` file of TauP.

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
        suffix = path.suffix.lower()
        return _FILES.load(suffix if suffix in _FILES else ".csv")(path)
    raise SettingsError(
        f"velocity model {str(text)!r} is neither a name nor a file; give iasp91, ak135, "
        "constant:VP,VS or gradient:VP0,VP_GRADIENT,VS0,VS_GRADIENT in km/s, taup:NAME, "
        "nonlinloc:FOLDER/PREFIX, or a file of layers, points or a volume"
    )
