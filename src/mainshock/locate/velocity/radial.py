"""The radial Earth of iasp91 and ak135: first arrivals by flattening and exact rays."""

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError, GeometryError, MissingDependencyError
from mainshock.locate.velocity.checks import broadcast_paths, require_velocities
from mainshock.locate.velocity.radial_kernel import grouped_arrivals_s

__all__ = ["RadialEarth", "ak135", "iasp91", "read_tvel"]

FloatArray = NDArray[np.float64]
RADIUS_KM = 6371.0
HIGHEST_KM = 10.0  # receivers up to this far above sea level
_MAX_LAYER_KM = 15.0
_MAX_DISTANCE_KM = 9000.0


@dataclass(frozen=True, slots=True, eq=False)
class RadialEarth:
    """A spherical Earth whose velocities depend on depth alone.

    Parameters
    ----------
    depth_km, vp_km_s, vs_km_s
        Nodes, shape ``(n,)``; velocities are linear between them. A depth given twice is a jump.
    name
        How results name this model.

    Raises
    ------
    DataError
        If depths decrease or speeds make no sense.

    Notes
    -----
    The flattening transform ``z' = R ln(R / (R - z))``, ``v' = v R / (R - z)`` makes the sphere
    flat without approximation. Between close nodes ``v'`` is taken as linear in ``z'``, whose
    rays are circles; the time curve is their lower envelope, with head waves. Depths up to 10 km
    above sea level have the velocity of the surface.

    References
    ----------
    Müller (1985), https://doi.org/10.1007/BF00876881
    """

    depth_km: FloatArray
    vp_km_s: FloatArray
    vs_km_s: FloatArray
    name: str
    _flat: dict[str, tuple[FloatArray, FloatArray, FloatArray]] = field(
        default_factory=dict, init=False, repr=False
    )

    def __post_init__(self) -> None:
        require_velocities(self.vp_km_s, self.vs_km_s, f"model {self.name}")
        if np.any(np.diff(self.depth_km) < 0.0) or self.depth_km[0] != 0.0:
            raise DataError(f"depths of model {self.name} must start at 0 and not decrease")
        for phase, speeds in (("P", self.vp_km_s), ("S", self.vs_km_s)):
            self._flat[phase] = _flattened(self.depth_km, speeds)

    @property
    def deepest_km(self) -> float:
        """Depth of the deepest node."""
        return float(self.depth_km[-1])

    def travel_time_s(
        self,
        phase: str,
        distance_km: ArrayLike,
        source_depth_km: ArrayLike,
        receiver_depth_km: ArrayLike,
    ) -> NDArray[np.float64]:
        """Return the travel time of the first arrival in seconds.

        One time curve is computed for each pair of depths, so many distances at few depths are
        cheapest.

        Raises
        ------
        DataError
            If the phase is unknown, a distance negative or a value not finite.
        GeometryError
            If a place is too far or outside the model.
        """
        paths = broadcast_paths(phase, distance_km, source_depth_km, receiver_depth_km)
        distance, source, receiver = (np.array(values, order="C").ravel() for values in paths)
        self._require_inside(distance, source, receiver)
        upper, lower = np.minimum(source, receiver), np.maximum(source, receiver)
        order = np.lexsort((distance, lower, upper))
        upper, lower, sorted_km = upper[order], lower[order], distance[order]
        change = (np.diff(upper) != 0.0) | (np.diff(lower) != 0.0)
        bounds = np.concatenate([[0], np.flatnonzero(change) + 1, [order.size]])
        times = np.empty(distance.size)
        if order.size:
            times[order] = grouped_arrivals_s(
                *self._flat[phase], _flat_depth_km(upper), _flat_depth_km(lower), sorted_km, bounds
            )
        if not np.isfinite(times).all():
            far = distance[~np.isfinite(times)].min()
            raise GeometryError(f"no {phase} ray of model {self.name} reaches {far:.0f} km")
        return times.reshape(paths[0].shape)

    def _require_inside(
        self, distance: FloatArray, source: FloatArray, receiver: FloatArray
    ) -> None:
        if distance.size == 0:
            return
        lowest, highest = max(source.max(), receiver.max()), min(source.min(), receiver.min())
        if lowest > 0.5 * self.deepest_km or highest < -HIGHEST_KM:
            raise GeometryError(
                f"depths {highest:g} to {lowest:g} km are outside model {self.name}, which holds "
                f"{-HIGHEST_KM:g} to {0.5 * self.deepest_km:.0f} km"
            )
        if distance.max() > _MAX_DISTANCE_KM:
            raise GeometryError(
                f"distance {distance.max():.0f} km is beyond the {_MAX_DISTANCE_KM:.0f} km for "
                f"which model {self.name} is computed"
            )


def _flat_depth_km(depth_km: FloatArray) -> FloatArray:
    return np.asarray(-RADIUS_KM * np.log1p(-depth_km / RADIUS_KM))


def _flattened(
    depth_km: FloatArray, speeds: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return boundaries, and velocities at the top and end of each thin flattened layer."""
    tops, v_top, v_end = [], [], []
    depths = np.concatenate([[-HIGHEST_KM], depth_km])
    speeds = np.concatenate([speeds[:1], speeds])
    for z1, z2, v1, v2 in zip(depths[:-1], depths[1:], speeds[:-1], speeds[1:], strict=True):
        if z2 <= z1:
            continue
        edges = np.linspace(z1, z2, 1 + int(np.ceil((z2 - z1) / _MAX_LAYER_KM)))
        flat = np.interp(edges, [z1, z2], [v1, v2]) * RADIUS_KM / (RADIUS_KM - edges)
        tops.append(_flat_depth_km(edges[:-1]))
        v_top.append(flat[:-1])
        v_end.append(flat[1:])
    tops.append(_flat_depth_km(depths[-1:]))
    return np.concatenate(tops), np.concatenate(v_top), np.concatenate(v_end)


def read_tvel(path: Path, name: str) -> RadialEarth:
    """Return crust and mantle of a ``.tvel`` table: two heading lines, then depth, P and S speed.

    Raises
    ------
    DataError
        If the table cannot be read.
    """
    try:
        table = np.loadtxt(path, skiprows=2, usecols=(0, 1, 2), ndmin=2)
    except (OSError, ValueError) as error:
        raise DataError(f"velocity table {path.name} cannot be read: {error}") from error
    depth, vp, vs = table[: int(np.argmax(table[:, 2] <= 0.0)) or None].T
    return RadialEarth(depth, vp, vs, name)


def _from_obspy(name: str) -> RadialEarth:
    spec = find_spec("obspy")  # only its place: importing ObsPy takes a second
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependencyError(
            f"velocity model {name} comes with ObsPy, which is not installed"
        )
    folder = Path(next(iter(spec.submodule_search_locations)))
    return read_tvel(folder / "taup" / "data" / f"{name}.tvel", name)


def iasp91(text: str = "") -> RadialEarth:
    """Return the model iasp91.

    References
    ----------
    Kennett and Engdahl (1991), https://doi.org/10.1111/j.1365-246X.1991.tb06724.x
    """
    return _named("iasp91", text)


def ak135(text: str = "") -> RadialEarth:
    """Return the model ak135.

    References
    ----------
    Kennett, Engdahl and Buland (1995), https://doi.org/10.1111/j.1365-246X.1995.tb03540.x
    """
    return _named("ak135", text)


def _named(name: str, text: str) -> RadialEarth:
    if text:
        raise DataError(f"velocity model {name} takes no numbers, but ':{text}' was given")
    return _from_obspy(name)
