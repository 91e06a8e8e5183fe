"""Tables of segments with features, labels and the provenance of each column."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.megathrust.build.geometry import TrenchLine, places, trench_line
from mainshock.megathrust.build.gravity import filtered, free_air_factor, geoid_band
from mainshock.megathrust.build.grids import RegularGrid
from mainshock.megathrust.build.inputs import GlobalInputs
from mainshock.megathrust.build.kinematics import heat_flow_mw_m2, plate_motion
from mainshock.megathrust.build.ruptures import (
    EventLimits,
    interface_events,
    largest_magnitudes,
)
from mainshock.megathrust.build.slab import profile_from_events, profile_from_grids, slab_columns
from mainshock.megathrust.build.trenches import TrenchOutline, Zone, trench_outline

__all__ = ["SLAB_GRID", "BuildSettings", "Fields", "build_zone", "prepared_fields"]

FloatArray = NDArray[np.float64]
Grids = Mapping[str, list[RegularGrid]]
SLAB_GRID = "SLAB"  # a user's grid of this name is the slab's depth
# Depths that each band of the geoid is meant to show; a mass at some depth shows up in all bands
_BANDS = {"EGO_L_UP": (0.0, 100.0), "EGO_SL_UP": (100.0, 410.0), "EGO_UM_UP": (410.0, 660.0)}
_AGE_KM = (-80.0, -40.0)
_AGE_WIDE_KM = (-160.0, 0.0)  # where no age stands next to the trench
_SEDIMENT_KM = (-150.0, -50.0)
# one parabola a segment has one curvature along dip
_NOT_FROM_EVENTS = frozenset({"CRD_UP_STD", "CRM_UP_AVE", "CRM_UP_STD"})


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """How segments are cut and sampled.

    Parameters
    ----------
    spacing_km
        Length of a segment, 10 to 500 km.
    width_km
        Width of the cell on either side of the trench, 20 to 1000 km.
    slab_from_earthquakes
        Where there is no grid of the slab, draw it from the catalogue. Rough, and from the same
        earthquakes as the labels: a classifier that sees it has seen some of the answer.
    events
        Which events belong to a trench.
    """

    spacing_km: float = 50.0
    width_km: float = 300.0
    slab_from_earthquakes: bool = False
    events: EventLimits = field(default_factory=EventLimits)

    def __post_init__(self) -> None:
        """Check the width; the spacing is checked where the trench is cut."""
        if not 20.0 <= self.width_km <= 1000.0:
            raise SettingsError(f"a width of {self.width_km} km is not between 20 and 1000 km")


@dataclass(frozen=True, slots=True)
class Fields:
    """What is worked out once for all zones.

    Parameters
    ----------
    grids
        Field by column prefix, sampled on the side that the prefix names.
    thrusts
        Shallow thrusts of the catalogue.
    """

    grids: dict[str, list[RegularGrid]]
    thrusts: pd.DataFrame
    slabs: list[RegularGrid]


def prepared_fields(inputs: GlobalInputs, settings: BuildSettings, grids: Grids) -> Fields:
    """Return the filtered geoid, gravity and users' grids with their sides, and the thrusts."""
    factors = {name: geoid_band(*depths) for name, depths in _BANDS.items()}
    bands = filtered(inputs.geoid_m, factors | {"FRE": free_air_factor})
    gravity = bands.pop("FRE")
    sampled = {"EGO_UP": [inputs.geoid_m], "FRE_UP": [gravity], "FRE_DG": [gravity]}
    sampled |= {name: [grid] for name, grid in bands.items()}
    for name, own in grids.items():
        if name != SLAB_GRID:
            sampled |= {f"{name}_UP": own, f"{name}_DG": own}
    thrusts = interface_events(inputs.events, settings.events)
    return Fields(sampled, thrusts, list(grids.get(SLAB_GRID, [])))


def _first_known(
    grids: list[RegularGrid], longitude: FloatArray, latitude: FloatArray
) -> FloatArray:
    values = grids[0](longitude, latitude)
    for grid in grids[1:]:
        values = np.where(np.isfinite(values), values, grid(longitude, latitude))
    return values


def _moments(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and population standard deviation of each row's known values."""
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=1), 1)
    mean = np.where(known, values, 0.0).sum(axis=1) / count
    square = np.where(known, (values - mean[:, None]) ** 2, 0.0).sum(axis=1) / count
    none = ~known.any(axis=1)
    return np.where(none, np.nan, mean), np.where(none, np.nan, np.sqrt(square))


def _gridded(line: TrenchLine, fields: Fields, width_km: float) -> dict[str, FloatArray]:
    cells = {"UP": line.cell(0.0, width_km), "DG": line.cell(-width_km, 0.0)}
    columns: dict[str, FloatArray] = {}
    for name, grids in fields.grids.items():
        values = _first_known(grids, *cells[name[-2:]])
        columns[f"{name}_AVE"], columns[f"{name}_STD"] = _moments(values)
    return columns


def _plate_columns(
    line: TrenchLine, inputs: GlobalInputs, width_km: float
) -> dict[str, FloatArray]:
    age, _ = _moments(inputs.age_myr(*line.cell(*_AGE_KM)))
    wide, _ = _moments(inputs.age_myr(*line.cell(*_AGE_WIDE_KM)))
    age = np.where(np.isfinite(age), age, wide)
    sediment = inputs.lithosphere(*line.cell(*_SEDIMENT_KM))["sediment_m"]
    mean, deviation = _moments(sediment)
    upper = inputs.lithosphere(*line.cell(0.0, width_km))
    lower = inputs.lithosphere(*line.cell(-width_km, 0.0))
    return {
        "AGE": age,
        "HEAT_FLOW": heat_flow_mw_m2(age),
        "SED_AVE": mean,
        "SED_STD": deviation,
        "SED_GRD": np.abs(np.gradient(mean, 1000.0 * line.spacing_km)),
        "LITHOSPHERE_UP_AVE": _moments(upper["lithosphere_km"])[0],
        "LITHOSPHERE_DG_AVE": _moments(lower["lithosphere_km"])[0],
        "CRUST_UP_AVE": _moments(upper["crust_km"])[0],
    }


def _motion_columns(
    line: TrenchLine, zone: Zone, outline: TrenchOutline, inputs: GlobalInputs
) -> dict[str, FloatArray]:
    number = outline.boundary_of_arc[line.arcs]
    lower = np.array([inputs.poles[one.subducting] for one in zone.boundaries])[number]
    upper = np.array([inputs.poles[one.overriding] for one in zone.boundaries])[number]
    motion = plate_motion(line.nodes, line.landward, lower, upper)
    return {
        "CONVERGENCE": line.centres(motion.convergence_mm_yr),
        "OBLIQUITY": line.centres(motion.obliquity_deg),
        "V_UP_NNR": line.centres(motion.upper_mm_yr),
        "V_DG_NNR": line.centres(motion.lower_mm_yr),
    }


def _place_columns(line: TrenchLine) -> dict[str, FloatArray]:
    middle = line.centres(line.nodes)
    longitude, latitude = places(middle)
    tangent = line.centres(line.tangents)
    east = np.stack([-middle[:, 1], middle[:, 0], np.zeros(len(middle))], axis=1)
    north = np.cross(middle, east)
    eastward = np.einsum("ij,ij->i", tangent, east) / np.linalg.norm(east, axis=1)
    northward = np.einsum("ij,ij->i", tangent, north) / np.linalg.norm(north, axis=1)
    azimuth = np.mod(np.degrees(np.arctan2(eastward, northward)), 360.0)
    return {"longitude": longitude, "latitude": latitude, "azimuth": azimuth}


def _slab(
    line: TrenchLine, fields: Fields, events: pd.DataFrame, settings: BuildSettings
) -> dict[str, FloatArray]:
    if fields.slabs:
        return slab_columns(profile_from_grids(line, fields.slabs), line.spacing_km)
    if not settings.slab_from_earthquakes:
        return {}

    def coordinates(rows: pd.DataFrame) -> FloatArray:
        along, across = line.coordinates_km(rows["lon"], rows["lat"])
        return np.stack([along, across, rows["depth"].to_numpy(np.float64)], axis=1)

    profile = profile_from_events(line, coordinates(fields.thrusts), coordinates(events))
    columns = slab_columns(profile, line.spacing_km)
    return {name: values for name, values in columns.items() if name not in _NOT_FROM_EVENTS}


def build_zone(
    zone: Zone,
    inputs: GlobalInputs,
    fields: Fields,
    ruptures: pd.DataFrame,
    settings: BuildSettings,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the segments of a zone with features and ``m_max``, and ``year`` and ``rupture``.

    Parameters
    ----------
    ruptures
        Great ruptures of all zones, as from
        :func:`mainshock.megathrust.build.ruptures.great_ruptures`.

    Returns
    -------
    tuple of pandas.DataFrame
        Segments in the form of :mod:`mainshock.megathrust.segments`, and what each ``m_max`` is
        from.
    """
    outline = trench_outline(zone, inputs.outlines)
    line = trench_line(outline.vertices, zone.upper, spacing_km=settings.spacing_km)
    own = ruptures[ruptures["zone"] == zone.code]
    labels = largest_magnitudes(line, fields.thrusts, own, settings.events)
    index = np.arange(line.n_segments)
    columns = {"index": index, "s_km": settings.spacing_km * (index + 0.5)}
    columns |= _place_columns(line)
    columns |= _plate_columns(line, inputs, settings.width_km)
    columns |= _motion_columns(line, zone, outline, inputs)
    columns |= _gridded(line, fields, settings.width_km)
    columns |= _slab(line, fields, inputs.events, settings)
    table = pd.DataFrame(columns | {"m_max": labels["m_max"].to_numpy()})
    table.insert(0, "region", zone.code)
    return table, labels[["year", "rupture"]]
