"""Any radial Earth that ObsPy's TauP knows or can read, with this package's exact arrivals."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import (
    DataError,
    MissingDependencyError,
    SettingsError,
    SourceError,
)
from mainshock.locate.velocity.radial import RADIUS_KM, RadialEarth

__all__ = ["read_taup_file", "taup_from_text"]

_DEEPEST_KM = 3000.0  # of no use to first arrivals that RadialEarth computes
_TEXT_SUFFIXES = {".nd", ".tvel"}


def taup_from_text(text: str) -> RadialEarth:
    """Return the Earth model of a TauP name (``prem``, ``ak135f_no_mud``) or model file.

    Parameters
    ----------
    text
        The name of a model that comes with ObsPy, or a ``.nd``, ``.tvel`` or ``.npz`` file.

    Raises
    ------
    SettingsError
        If the text is neither a name nor a file.
    SourceError, DataError
        If a file cannot be read or makes no sense.
    MissingDependencyError
        If ObsPy is not installed.
    """
    name = text.strip()
    if name and Path(name).is_file():
        return read_taup_file(Path(name))
    packaged = _packaged_models()
    if name not in packaged:
        raise SettingsError(
            f"velocity model 'taup:{text}' is neither a model of TauP nor a file; give one of "
            f"{', '.join(sorted(packaged))}, or a .nd, .tvel or .npz file"
        )
    return read_taup_file(packaged[name])


def read_taup_file(path: Path) -> RadialEarth:
    """Return the crust and mantle of a ``.nd``, ``.tvel`` or TauP ``.npz`` file.

    Notes
    -----
    Velocities are linear in depth between the file's nodes, as TauP takes them. What lies below
    the first fluid, the outer core, is left out. Times agree with TauP's within 1 ms up to 500 km,
    except that TauP knows head waves only along the Moho, and this package along every jump.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it holds no velocities, begins with a fluid or is no Earth.
    """
    try:
        layers, radius_km = _layers_of(path)
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise SourceError(f"cannot read {path} as a TauP model: {error}") from error
    if abs(radius_km - RADIUS_KM) > 1.0:
        raise DataError(
            f"model {path.name} is of a planet of {radius_km:g} km; only the Earth's "
            f"{RADIUS_KM:g} km is possible"
        )
    nodes = _solid_nodes(layers)
    if nodes.shape[1] == 0:
        raise DataError(
            f"model {path.name} begins with a fluid, through which no S wave goes; remove its "
            "ocean and let the rock begin at depth 0"
        )
    depth, vp, vs = nodes
    return RadialEarth(depth, vp, vs, path.name.partition(".")[0])


def _solid_nodes(layers: Any) -> NDArray[np.float64]:
    """Return depth, P and S velocity at both ends of each layer above the first fluid."""
    tops, ends = (
        np.array([layers[f"{end}_{what}"] for what in ("depth", "p_velocity", "s_velocity")])
        for end in ("top", "bot")
    )
    is_solid = (tops[2] > 0.0) & (ends[2] > 0.0) & (tops[0] < _DEEPEST_KM)
    count = int(np.argmin(is_solid)) if not is_solid.all() else is_solid.size
    tops, ends = tops[:, :count], ends[:, :count]
    share = np.minimum((_DEEPEST_KM - tops[0]) / (ends[0] - tops[0]), 1.0)
    ends = tops + share * (ends - tops)
    return np.stack([tops, ends], axis=2).reshape(3, -1)


def _layers_of(path: Path) -> tuple[Any, float]:
    """Return ObsPy's structured array of layers, and the planet's radius in km."""
    if path.suffix.lower() in _TEXT_SUFFIXES:
        from obspy.taup.velocity_model import VelocityModel  # noqa: PLC0415  # takes a second

        model = VelocityModel.read_velocity_file(str(path))
    else:
        from obspy.taup.tau_model import TauModel  # noqa: PLC0415  # takes a second

        if not is_zipfile(path):
            raise ValueError("it is no archive")

        model = TauModel.from_file(str(path)).s_mod.v_mod
    return model.layers, float(model.radius_of_planet)


def _packaged_models() -> dict[str, Path]:
    spec = find_spec("obspy")  # only its place: importing ObsPy takes a second
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependencyError("TauP models come with ObsPy, which is not installed")
    folder = Path(next(iter(spec.submodule_search_locations))) / "taup" / "data"
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix in _TEXT_SUFFIXES}
