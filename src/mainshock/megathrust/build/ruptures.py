"""Largest magnitude whose rupture covers each segment, from moment tensors and great ruptures."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError
from mainshock.megathrust.build.geometry import TrenchLine
from mainshock.megathrust.build.mechanisms import axis_sines, is_thrust
from mainshock.megathrust.segments import NO_EVENT

__all__ = [
    "EventLimits",
    "great_ruptures",
    "interface_events",
    "largest_magnitudes",
    "rupture_length_km",
]

FloatArray = NDArray[np.float64]
_TENSOR = ["mrr", "mtt", "mpp", "mrt", "mrp", "mtp"]
_ENDS = ("longitude_a", "latitude_a", "longitude_b", "latitude_b")
_SAME_EVENT_DAYS = 1.5
_SAME_EVENT_MAGNITUDE = 0.5


@dataclass(frozen=True, slots=True)
class EventLimits:
    """Which events belong to a trench.

    Parameters
    ----------
    depth_km
        Deepest centroid.
    landward_km, seaward_km
        Farthest from the trench on the upper plate, and on the lower one, where a thrust can only
        be the interface because trench or centroid are misplaced.
    extended_magnitude
        From this magnitude on an event covers its rupture's length, below it one segment.
    """

    depth_km: float = 70.0
    landward_km: float = 300.0
    seaward_km: float = 40.0
    extended_magnitude: float = 7.0


def rupture_length_km(magnitude: ArrayLike) -> FloatArray:
    """Return the length of an interface rupture, ``log10 L = -2.477 + 0.585 M``.

    References
    ----------
    Strasser, F. O., Arango, M. C. and Bommer, J. J. (2010). Scaling of the source dimensions of
    interface and intraslab subduction-zone earthquakes with moment magnitude. Seismological
    Research Letters 81, 941-950. doi 10.1785/gssrl.81.6.941
    """
    return np.asarray(10.0 ** (-2.477 + 0.585 * np.asarray(magnitude, dtype=np.float64)))


def great_ruptures(path: Path | None = None) -> pd.DataFrame:
    """Return great subduction ruptures since 1900: the packaged table, or one of the same form.

    Raises
    ------
    DataError
        If a column is missing or a value is no number.
    """
    packaged = resources.files("mainshock.megathrust").joinpath("data/great_ruptures.csv")
    with path.open() if path else packaged.open() as stream:
        table = pd.read_csv(stream)
    missing = [name for name in ("name", "date", "magnitude", "zone", *_ENDS) if name not in table]
    if missing:
        raise DataError(f"the table of great ruptures lacks the columns {', '.join(missing)}")
    numbers = table[["magnitude", *_ENDS]].apply(pd.to_numeric, errors="coerce")
    if numbers.isna().any(axis=None):
        raise DataError("the table of great ruptures has a magnitude or an end that is no number")
    return table


def interface_events(events: pd.DataFrame, limits: EventLimits) -> pd.DataFrame:
    """Return the shallow thrusts of a catalogue of moment tensors."""
    shallow = events[events["depth"] <= limits.depth_km]
    return shallow[is_thrust(axis_sines(shallow[_TENSOR].to_numpy(np.float64)))]


def _own_events(line: TrenchLine, thrusts: pd.DataFrame, limits: EventLimits) -> pd.DataFrame:
    along, across = line.coordinates_km(thrusts["lon"], thrusts["lat"])
    near = (across <= limits.landward_km) & (across >= -limits.seaward_km)
    own = thrusts[near]
    half = np.where(
        own["mag"] >= limits.extended_magnitude, rupture_length_km(own["mag"]) / 2.0, 0.0
    )
    year = own["time"].str[:4].astype(np.int64).to_numpy()
    return pd.DataFrame(
        {
            "from_km": along[near] - half,
            "to_km": along[near] + half,
            "magnitude": own["mag"].to_numpy(np.float64),
            "year": year,
            "time": pd.to_datetime(own["time"].str[:10]).to_numpy(),
            "name": [f"event_{time[:10]}" for time in own["time"]],
        }
    )


def _named(line: TrenchLine, ruptures: pd.DataFrame) -> pd.DataFrame:
    ends = [
        line.coordinates_km(ruptures[f"longitude_{e}"], ruptures[f"latitude_{e}"]) for e in "ab"
    ]
    both = np.stack([along for along, _ in ends])
    dates = pd.to_datetime(ruptures["date"])
    names = ruptures["name"].str.lower().str.replace(r"[^a-z]+", "_", regex=True)
    return pd.DataFrame(
        {
            "from_km": both.min(axis=0),
            "to_km": both.max(axis=0),
            "magnitude": ruptures["magnitude"].to_numpy(np.float64),
            "year": dates.dt.year.to_numpy(),
            "time": dates.to_numpy(),
            "name": [f"{n}_{y}" for n, y in zip(names, dates.dt.year, strict=True)],
        }
    )


def _is_named(events: pd.DataFrame, named: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which events are a named rupture: within a day and a half, similar magnitude."""
    days = np.abs(events["time"].to_numpy()[:, None] - named["time"].to_numpy()[None, :])
    near = days / np.timedelta64(1, "D") <= _SAME_EVENT_DAYS
    size = np.abs(events["magnitude"].to_numpy()[:, None] - named["magnitude"].to_numpy())
    return np.asarray((near & (size <= _SAME_EVENT_MAGNITUDE)).any(axis=1))


def largest_magnitudes(
    line: TrenchLine, thrusts: pd.DataFrame, ruptures: pd.DataFrame, limits: EventLimits
) -> pd.DataFrame:
    """Return ``m_max``, ``year`` and ``rupture`` of each segment.

    A segment is covered by a rupture that holds its centre, or by the event whose nearest node
    lies in it. Where nothing is known ``m_max`` is 1.0, ``year`` 0 and ``rupture`` empty.

    Parameters
    ----------
    thrusts
        Events of :func:`interface_events`.
    ruptures
        Great ruptures of this zone; they replace the events they name.
    """
    events = _own_events(line, thrusts, limits)
    named = _named(line, ruptures)
    every = pd.concat([events[~_is_named(events, named)], named], ignore_index=True)
    every = every.sort_values("magnitude", kind="stable")
    spacing = line.spacing_km
    n_segments = line.n_segments
    m_max = np.full(n_segments, NO_EVENT)
    year = np.zeros(n_segments, dtype=np.int64)
    name = np.full(n_segments, "", dtype=object)
    middle = ((every["from_km"] + every["to_km"]) / 2.0).to_numpy()
    first = np.ceil(every["from_km"].to_numpy() / spacing - 0.5)
    last = np.floor(every["to_km"].to_numpy() / spacing - 0.5)
    own = np.clip(middle // spacing, 0, n_segments - 1)
    first, last = np.minimum(first, own).clip(0), np.maximum(last, own).clip(max=n_segments - 1)
    magnitudes, years = every["magnitude"].to_numpy(), every["year"].to_numpy()
    names = every["name"].to_numpy()
    for number in range(len(every)):
        covered = slice(int(first[number]), int(last[number]) + 1)
        m_max[covered], year[covered] = magnitudes[number], years[number]
        name[covered] = names[number]
    return pd.DataFrame({"m_max": m_max, "year": year, "rupture": name})
