"""What is known of a stretch of a rupture besides its efficiency: its ground and its geometry."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame
from mainshock.offfault.along_line import along_and_across, lengths_along, local_m

if TYPE_CHECKING:
    import pandas as pd

    from mainshock.offfault.fault_map import FaultMap

__all__ = ["GEOLOGY", "GEOMETRY", "NETWORK", "NetworkProfile", "window_features"]

FloatArray = NDArray[np.float64]

NetworkProfile = Callable[["FaultMap"], tuple[FloatArray, FloatArray, FloatArray]]
"""Takes a fault map; returns longitude, latitude and efficiency of windows along it."""

GEOLOGY = ("sediment_share",)
GEOMETRY = (
    "line_bend_deg",
    "line_turn_deg",
    "main_km_per_km",
    "secondary_150m_km_per_km",
    "secondary_2km_km_per_km",
)
NETWORK = ("network_ke",)

_BOUNDS = ("s0_km", "s1_km")
_NEAR_M, _WIDE_M = 150.0, 2000.0
_STEP_M = 25.0  # lines are counted as pieces no longer than this


def window_features(
    windows: "pd.DataFrame",
    lines: Mapping[str, FloatArray],
    *,
    pairs: "pd.DataFrame | None" = None,
    traces: Mapping[str, "FaultMap"] | None = None,
    network: NetworkProfile | None = None,
) -> "pd.DataFrame":
    """Return windows with what is known of them besides their efficiency.

    Parameters
    ----------
    windows
        With ``eq_name, s0_km, s1_km``.
    lines
        Reference lines by event, shape ``(n, 2)``, longitude and latitude.
    pairs
        With ``eq_name, s_km, geology``; their share on alluvium and other sediments is
        ``sediment_share``.
    traces
        Fault maps by event, with their place on Earth. Lengths of lines per length of the window:
        main ones, and secondary ones within 150 m and 2 km of a main one.
    network
        The efficiency that a network sees in the traces, averaged over the window.

    Returns
    -------
    pandas.DataFrame
        The windows and all of :data:`GEOLOGY`, :data:`GEOMETRY` and :data:`NETWORK`; NaN where
        there is no line, no pair or no map.

    Raises
    ------
    DataError
        If the windows lack a column, or their bounds are no numbers.
    """
    _check(windows)
    table = windows.reset_index(drop=True).copy()
    for name in (*GEOLOGY, *GEOMETRY, *NETWORK):
        table[name] = np.nan
    for event, rows in table.groupby("eq_name"):
        bounds = rows[list(_BOUNDS)].to_numpy(float)
        if pairs is not None and {"geology", "s_km"} <= set(pairs.columns):
            table.loc[rows.index, "sediment_share"] = _sediment_share(
                pairs[pairs["eq_name"] == event], bounds
            )
        line = lines.get(str(event))
        if line is None:
            continue
        table.loc[rows.index, ["line_bend_deg", "line_turn_deg"]] = _bends(line, bounds)
        fault_map = (traces or {}).get(str(event))
        if fault_map is None or fault_map.frame is None:
            continue
        table.loc[rows.index, list(GEOMETRY[2:])] = _lengths(fault_map, line, bounds)
        if network is not None:
            table.loc[rows.index, "network_ke"] = _network_ke(network(fault_map), line, bounds)
    return table


def _check(windows: "pd.DataFrame") -> None:
    """Check that windows say where they lie."""
    from pandas.api.types import is_numeric_dtype  # noqa: PLC0415 - slow to import

    lacking = [name for name in ("eq_name", *_BOUNDS) if name not in windows]
    if lacking:
        raise DataError(
            f"the windows lack {', '.join(lacking)}; there are "
            f"{', '.join(map(str, windows.columns))}: give a table as ke-pairs writes it"
        )
    wrong = [name for name in _BOUNDS if not is_numeric_dtype(windows[name])]
    if wrong:
        raise DataError(f"{', '.join(wrong)} of the windows are no numbers; give km")


def _sediment_share(pairs: "pd.DataFrame", bounds: FloatArray) -> FloatArray:
    """Return the share of pairs on sediment among those whose ground is known."""
    known = pairs[~pairs["geology"].str.contains("nodata", case=False)]
    soft = known["geology"].str.contains("alluvium|sediment|playa|colluvium|fill", case=False)
    share = soft.to_numpy().astype(np.float64)
    return _means(known["s_km"].to_numpy(np.float64), share, bounds)


def _means(s_km: FloatArray, values: FloatArray, bounds: FloatArray) -> FloatArray:
    """Return the mean of values in each window, NaN where there is none."""
    inside = (s_km >= bounds[:, :1]) & (s_km < bounds[:, 1:])
    with np.errstate(invalid="ignore"):
        means: FloatArray = (inside @ values) / inside.sum(axis=1)
    return means


def _bends(line: FloatArray, bounds: FloatArray) -> FloatArray:
    """Return the spread of azimuths in each window and its turn from the whole line's."""
    east, north = local_m(line, LocalFrame(*map(float, np.median(line, axis=0)))).T
    s_km = lengths_along(np.stack([east, north], axis=1)) / 1000.0
    whole = np.arctan2(north[-1] - north[0], east[-1] - east[0])
    found = np.full((len(bounds), 2), np.nan)
    for row, (s0, s1) in enumerate(bounds):
        s = np.linspace(s0, min(s1, s_km[-1]), 11)  # ten chords, so that wiggles do not count
        if s[-1] - s0 < 0.5 * (s1 - s0):
            continue
        x, y = np.interp(s, s_km, east), np.interp(s, s_km, north)
        turn = np.angle(np.exp(1j * (np.arctan2(np.diff(y), np.diff(x)) - whole)))
        found[row] = np.degrees([turn.std(), abs(turn.mean())])
    return found


def _lengths(fault_map: "FaultMap", line: FloatArray, bounds: FloatArray) -> FloatArray:
    """Return the length of main, near secondary and wide secondary lines per length of window."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 - only on use

    if fault_map.frame is None:
        return np.full((len(bounds), 3), np.nan)
    reference = local_m(line, fault_map.frame)
    pieces = [_pieces(one) for one in fault_map.lines]
    is_main = np.repeat([kind == "main" for kind in fault_map.kinds], [len(p[1]) for p in pieces])
    places, lengths_m = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    s_km = along_and_across(places, reference)[0] / 1000.0
    away = np.full(len(places), np.inf)
    if is_main.any():
        away = cKDTree(places[is_main]).query(places)[0]
    weights = [
        lengths_m * is_main,
        lengths_m * (~is_main & (away <= _NEAR_M)),
        lengths_m * (~is_main & (away <= _WIDE_M)),
    ]
    inside = (s_km >= bounds[:, :1]) & (s_km < bounds[:, 1:])
    width_km = (bounds[:, 1] - bounds[:, 0])[:, None]
    return np.asarray(inside @ np.stack(weights, axis=1) / 1000.0 / width_km, dtype=np.float64)


def _pieces(line: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return middles and lengths of short pieces of a line, in metres."""
    s = lengths_along(line)
    n = max(1, int(np.ceil(s[-1] / _STEP_M)))
    middles = (np.arange(n) + 0.5) * s[-1] / n
    places = np.stack([np.interp(middles, s, line[:, one]) for one in (0, 1)], axis=1)
    return places, np.full(n, s[-1] / n)


def _network_ke(
    profile: tuple[FloatArray, FloatArray, FloatArray], line: FloatArray, bounds: FloatArray
) -> FloatArray:
    """Return the mean efficiency that a network sees in each window."""
    longitude, latitude, ke = profile
    frame = LocalFrame(*map(float, np.median(line, axis=0)))
    places = local_m(np.stack([longitude, latitude], axis=1), frame)
    return _means(along_and_across(places, local_m(line, frame))[0] / 1000.0, ke, bounds)
