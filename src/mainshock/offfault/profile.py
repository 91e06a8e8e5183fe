"""Kinematic efficiency along a mapped fault, with what scale and line width leave open."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, NothingFoundError, SettingsError
from mainshock.offfault import sentences
from mainshock.offfault.base import COLUMNS, ROWS, Efficiency, EfficiencyModel
from mainshock.offfault.fault_map import FaultMap
from mainshock.offfault.raster import (
    Placement,
    ReferenceLine,
    azimuth_of,
    draw_thin,
    place_windows,
    placed_at,
    reference_line,
    thicken,
)

__all__ = [
    "CAVEATS",
    "DEFAULT_PIXEL_M",
    "EfficiencyProfile",
    "ProfileSettings",
    "band_windows",
    "combine",
    "drawn_efficiency",
    "efficiency_profile",
]

FloatArray = NDArray[np.float64]

DEFAULT_PIXEL_M = 75.0
"""Published profiles lay 4 windows along 18.3 km and 2 along 10.1 km: 62 to 89 m a pixel."""

CAVEATS = (
    sentences.FROM_SHAPE.tell(),
    sentences.STEADY_SLIP.tell(),
    sentences.MAPPING.tell(),
)

_FINEST_M, _COARSEST_M = 0.001, 20_000.0
_NORMAL_90 = 1.6449
_LONGEST_PX = 2e6
_LISTED = 10


@dataclass(frozen=True, slots=True)
class ProfileSettings:
    """How windows are laid along a fault and drawn.

    Parameters
    ----------
    pixel_m
        Side of a pixel. In the laboratory 22 pixels are the thickness of the clay that is faulted.
    stride_px
        Largest distance between neighbouring windows.
    thicknesses_px
        Thicknesses of the lines that are tried.
    scales
        Multiples of ``pixel_m`` that are tried.
    most_windows
        A longer profile is refused.

    Raises
    ------
    SettingsError
        If a value is out of range.
    """

    pixel_m: float = DEFAULT_PIXEL_M
    stride_px: int = 32
    thicknesses_px: tuple[int, ...] = (2, 3, 4)
    scales: tuple[float, ...] = (0.75, 1.0, 4.0 / 3.0)
    most_windows: int = 2000

    def __post_init__(self) -> None:
        """Check the ranges."""
        checks = (
            ("pixel_m", (self.pixel_m,), _FINEST_M, _COARSEST_M),
            ("stride_px", (self.stride_px,), 1, 4 * COLUMNS),
            ("thicknesses_px", self.thicknesses_px, 1, 15),
            ("scales", self.scales, 0.1, 10.0),
        )
        for name, values, least, most in checks:
            if not values or not all(least <= one <= most for one in values):
                raise SettingsError(f"{name} is {values}; {least:g} to {most:g} are possible")


@dataclass(frozen=True, slots=True, eq=False)
class EfficiencyProfile:
    """Kinematic efficiency of windows along a fault; arrays have shape ``(n,)``.

    Parameters
    ----------
    distance_along_km
        Of the windows' centres, along the reference line.
    centre
        Of the windows, metres in the map's frame, shape ``(n, 2)``.
    longitude, latitude
        Of the centres, degrees; NaN where the map has no place on Earth.
    azimuth_deg
        Local strike, clockwise from north (or from up), 0 to 360.
    efficiency
        With the band that holds nine of ten, and the part of it from scales and line widths.
    pieces
        The reference line within each window's share of the profile, metres, shape ``(n, k, 2)``.
    pixel_m
        Side of a pixel.
    strike_deg
        Mean strike, 0 to 180.
    fault_map
        What was drawn.
    warnings
        What limits the profile, in words.
    """

    distance_along_km: FloatArray
    centre: FloatArray
    longitude: FloatArray
    latitude: FloatArray
    azimuth_deg: FloatArray
    efficiency: Efficiency
    pieces: FloatArray
    pixel_m: float
    strike_deg: float
    fault_map: FaultMap
    warnings: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of windows."""
        return int(self.distance_along_km.size)

    def summary(self) -> dict[str, float]:
        """Return the mean efficiency of the fault, and the means of the bands' ends.

        Neighbouring windows err alike, so the band does not shrink with their number.
        """
        found = self.efficiency
        ends = {"ke": found.ke, "lo90": found.lo90, "hi90": found.hi90}
        return {name: float(values.mean()) for name, values in ends.items()}

    def rows(self) -> list[dict[str, Any]]:  # numbers of two kinds
        """Return one dictionary for each window, plain numbers; places only where known."""
        columns: dict[str, FloatArray] = {
            "distance_along_km": self.distance_along_km,
            "azimuth_deg": self.azimuth_deg,
        }
        if self.fault_map.frame is None:
            columns |= {"x_m": self.centre[:, 0], "y_m": self.centre[:, 1]}
        else:
            columns |= {"longitude": self.longitude, "latitude": self.latitude}
        return [
            {**row, **{name: float(values[i]) for name, values in columns.items()}}
            for i, row in enumerate(self.efficiency.rows())
        ]


def efficiency_profile(
    fault_map: FaultMap, model: EfficiencyModel, settings: ProfileSettings | None = None
) -> EfficiencyProfile:
    """Return the kinematic efficiency along a fault.

    Parameters
    ----------
    fault_map
        Traces; the main ones say where the windows lie, all are drawn.
    model
        What estimates the efficiency of windows.
    settings
        How windows are laid and drawn.

    Raises
    ------
    DataError
        If the fault is shorter than a window, or it or all traces together are too long.
    NothingFoundError
        If no window holds a trace.

    Notes
    -----
    Each window is drawn at all scales and thicknesses around one centre, and the members are put
    together by :func:`combine`. Windows of a larger scale are moved inwards at the fault's ends;
    scales whose windows are longer than the fault are left out with a warning.
    """
    chosen = settings or ProfileSettings()
    _check_length(fault_map, chosen.pixel_m)
    line = reference_line(fault_map, COLUMNS * chosen.pixel_m)
    placement = place_windows(line, chosen.pixel_m, chosen.stride_px)
    if len(placement.along_m) > chosen.most_windows:
        raise DataError(
            f"{len(placement.along_m)} windows would lie along {line.length_m / 1e3:.4g} km; at "
            f"most {chosen.most_windows} are possible: give larger pixels or a larger stride"
        )
    scales, told = _fitting_scales(line, chosen)
    members: list[Efficiency] = []
    drawn_in: list[NDArray[np.bool_]] = []
    for scale in scales:
        thin = draw_thin(fault_map, placed_at(line, placement.along_m, scale * chosen.pixel_m))
        for thickness_px in chosen.thicknesses_px:
            maps = thicken(thin, thickness_px)
            drawn_in.append(np.asarray(maps.any(axis=(1, 2))))
            members.append(model.predict(maps))
    drawn = np.array(drawn_in)
    kept: NDArray[np.bool_] = np.asarray(drawn.any(axis=0))
    if not kept.any():
        raise NothingFoundError(sentences.NO_WINDOW.tell(count=len(kept)))
    if not kept.all():
        told.append(sentences.EMPTY_WINDOWS.tell(count=int((~kept).sum())))
    told = [*fault_map.notes, *line.warnings, *told]
    efficiency = combine(members, drawn).take(kept)
    return _profile(fault_map, line, _placement(placement, kept), efficiency, told)


def combine(members: Sequence[Efficiency], is_used: NDArray[np.bool_]) -> Efficiency:
    """Return one estimate from those of several scales and line widths.

    Parameters
    ----------
    members
        Estimates of the same windows.
    is_used
        Which member counts for which window, shape ``(n_members, n_windows)``.

    Returns
    -------
    Efficiency
        ``ke`` is the members' mean. ``epistemic_sd`` is the root of the sum of squares of the
        members' spread and of the model's own. ``sd`` adds the spread to the mean variance of the
        members. The band reaches, on either side, the root of the sum of squares of the members'
        mean reach and of 1.645 times their spread; it is cut at 0, and at 1 where ``ke`` is less.
    """

    def mean(values: list[FloatArray]) -> FloatArray:
        counted = np.where(is_used, np.array(values), 0.0).sum(axis=0)
        return np.asarray(counted / np.maximum(is_used.sum(axis=0), 1))

    ke = mean([one.ke for one in members])
    spread = np.sqrt(mean([(one.ke - ke) ** 2 for one in members]))
    below = mean([one.ke - one.lo90 for one in members])
    above = mean([one.hi90 - one.ke for one in members])
    return Efficiency(
        ke=ke,
        sd=np.sqrt(mean([one.sd**2 for one in members]) + spread**2),
        lo90=np.maximum(0.0, ke - np.hypot(below, _NORMAL_90 * spread)),
        hi90=np.minimum(np.maximum(1.0, ke), ke + np.hypot(above, _NORMAL_90 * spread)),
        epistemic_sd=np.sqrt(mean([one.epistemic_sd**2 for one in members]) + spread**2),
    )


def band_windows(band: NDArray[np.uint8], stride_px: int) -> tuple[NDArray[np.uint8], list[int]]:
    """Return the windows of one drawn map that is longer than a window, and their first columns.

    Parameters
    ----------
    band
        Shape ``(rows, columns)``: at most 128 rows, filled up with empty ones on both sides, and
        at least 64 columns.
    stride_px
        Largest distance between neighbours; they are spread evenly.

    Raises
    ------
    DataError
        If the shape is another one.
    """
    if band.ndim != 2 or band.shape[0] > ROWS or band.shape[1] < COLUMNS:
        raise DataError(
            f"a drawn map of shape {band.shape}; give at most {ROWS} rows across strike and at "
            f"least {COLUMNS} columns along it"
        )
    missing = ROWS - band.shape[0]
    filled = np.pad(band, ((missing // 2, missing - missing // 2), (0, 0)))
    free = band.shape[1] - COLUMNS
    firsts = np.rint(np.linspace(0, free, 1 + -(-free // stride_px))).astype(int).tolist()
    return np.stack([filled[:, first : first + COLUMNS] for first in firsts]), firsts


def drawn_efficiency(
    maps: NDArray[np.uint8], model: EfficiencyModel
) -> tuple[Efficiency, list[str]]:
    """Return estimates of windows that are drawn already, and what limits them, in words.

    Parameters
    ----------
    maps
        Shape ``(n_windows, 128, 64)``, 0 or 1.
    model
        What estimates the efficiency of windows.

    Returns
    -------
    tuple
        All of an estimate is NaN where the window holds no fault, and a warning counts these.
    """
    is_empty = ~maps.any(axis=(1, 2))
    found = model.predict(maps)
    if not is_empty.any():
        return found, []
    parts = {
        one.name: np.where(is_empty, np.nan, getattr(found, one.name)) for one in fields(found)
    }
    which = ", ".join(map(str, np.flatnonzero(is_empty)[:_LISTED].tolist()))
    if is_empty.sum() > _LISTED:
        which += ", ..."
    return Efficiency(**parts), [sentences.NO_FAULT.tell(count=int(is_empty.sum()), which=which)]


def _check_length(fault_map: FaultMap, pixel_m: float) -> None:
    """Refuse traces that would take too long to draw, such as ones in other units."""
    steps = np.concatenate([np.diff(line, axis=0) for line in fault_map.lines])
    length_px = float(np.hypot(*steps.T).sum()) / pixel_m
    if length_px > _LONGEST_PX:
        raise DataError(
            f"all traces together are {length_px:.3g} pixels of {pixel_m:g} m long; at most "
            f"{_LONGEST_PX:.0e} are possible: check the units, or give larger pixels"
        )


def _fitting_scales(
    line: ReferenceLine, settings: ProfileSettings
) -> tuple[list[float], list[str]]:
    """Return the scales whose windows the fault is long enough for; the smallest always is."""
    longest = line.length_m / (COLUMNS * settings.pixel_m)
    fitting = [scale for scale in settings.scales if scale <= longest * (1.0 + 1e-9)]
    told = []
    if len(fitting) < len(settings.scales):
        n_all = len(settings.scales)
        told.append(
            sentences.LEFT_OUT_SCALES.tell(count=n_all - len(fitting), all=n_all, length=longest)
        )
    return fitting or [min(settings.scales)], told


def _placement(one: Placement, kept: NDArray[np.bool_]) -> Placement:
    return Placement(one.along_m[kept], one.centre[kept], one.direction[kept], one.pixel_m)


def _profile(
    fault_map: FaultMap,
    line: ReferenceLine,
    placement: Placement,
    efficiency: Efficiency,
    warnings: Sequence[str],
) -> EfficiencyProfile:
    """Return a profile with the places of its windows."""
    places = fault_map.to_geographic(placement.centre)
    if places is None:
        places = np.full_like(placement.centre, np.nan)
    return EfficiencyProfile(
        distance_along_km=placement.along_m / 1000.0,
        centre=placement.centre,
        longitude=places[:, 0],
        latitude=places[:, 1],
        azimuth_deg=azimuth_of(placement.direction),
        efficiency=efficiency,
        pieces=_pieces(line, placement),
        pixel_m=placement.pixel_m,
        strike_deg=line.azimuth_deg,
        fault_map=fault_map,
        warnings=tuple(warnings),
    )


def _pieces(line: ReferenceLine, placement: Placement) -> FloatArray:
    """Return the part of the line that is nearer to each window's centre than to any other."""
    along, half_m = placement.along_m, 0.5 * COLUMNS * placement.pixel_m
    between = 0.5 * (along[:-1] + along[1:])
    # without a neighbour, or far from one, a window speaks for its own length
    first = np.maximum(np.concatenate([[-np.inf], between]), along - half_m)
    last = np.minimum(np.concatenate([between, [np.inf]]), along + half_m)
    share = np.linspace(0.0, 1.0, 9)
    return line.at(first[:, None] + share * (last - first)[:, None])
