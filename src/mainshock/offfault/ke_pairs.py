"""Kinematic efficiency of real earthquakes, from slip measured by two kinds of instruments.

A tape, lidar or the offset of a stream bed tells the slip on the fault itself; correlation of
images from before and after tells the total across the fault zone. Their ratio is the efficiency.
One pair is noise (a tenth of the ratios exceeds 1.2): only windows and events mean something, and
there the ratio of means is taken, not the mean of ratios.

References
----------
Milliner et al. (2015), Quantifying near-field and off-fault deformation patterns of the 1992
Landers earthquake; Zinke et al. (2014), Surface slip and off-fault deformation patterns in the 2013
Balochistan earthquake; both Geochemistry, Geophysics, Geosystems.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, NothingFoundError, SettingsError
from mainshock.core.geo import LocalFrame
from mainshock.offfault.along_line import along_and_across, local_m

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "PAIR_COLUMNS",
    "EventEfficiency",
    "KePairSettings",
    "add_distance_along",
    "kind_of_measurement",
    "pair_slip",
    "summarise_events",
    "summarise_windows",
]

FloatArray = NDArray[np.float64]
Lines = Mapping[str, FloatArray]

PAIR_COLUMNS = (
    "eq_name", "s_km", "lon", "lat", "on_fault_m", "total_m", "total_zone_width_m", "pair_dist_m",
    "geology", "ke",
)  # fmt: skip

# total across the zone: optical image correlation, as flatfiles and papers write it
_TOTAL = re.compile(r"\bOIC\b|correlat|cosi-?corr|sub-?pixel|pixel[ -]track|micmac", re.IGNORECASE)
# one offset feature: what a person or a lidar hillshade shows at the fault itself
_ON_FAULT = re.compile(
    r"field|lidar|satellite|imagery|ortho-?photo|photograph|offset|tape|total station",
    re.IGNORECASE,
)
# neither: profiles and radar have apertures of their own
_OTHER = re.compile(r"profile|\bSAR\b|InSAR|differenc|\bICP\b|geodetic", re.IGNORECASE)
_LATERAL = re.compile(r"lateral|strike|nodata", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class KePairSettings:
    """How measurements are paired and gathered.

    Parameters
    ----------
    radius_m
        A total farther from a measurement on the fault is not paired with it.
    window_km
        Length of a window along the rupture.
    min_pairs
        Windows with fewer pairs are left out.
    n_bootstrap, seed
        Draws of the bootstrap and their seed.
    """

    radius_m: float = 500.0
    window_km: float = 5.0
    min_pairs: int = 10
    n_bootstrap: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name, value in (("radius_m", self.radius_m), ("window_km", self.window_km)):
            if not (np.isfinite(value) and value > 0.0):
                raise SettingsError(f"{name} is {value}; give a length above 0")
        if self.min_pairs < 1 or self.n_bootstrap < 2:
            raise SettingsError(
                f"min_pairs is {self.min_pairs} and n_bootstrap {self.n_bootstrap}; give 1 and 2 "
                "or more"
            )


@dataclass(frozen=True, slots=True)
class EventEfficiency:
    """Kinematic efficiency of one earthquake.

    Parameters
    ----------
    eq_name, n_pairs
        Which, and from how many pairs.
    ratio_of_means, median
        Mean slip on the fault over mean total, and the median of the ratios.
    sd_boot
        Standard deviation of the ratio of means when pairs are drawn anew.
    sd_boot_windows
        The same when whole windows are drawn anew: neighbouring pairs share their total, so this
        is the honest one. None with fewer than two windows.
    mean_total_m
        Mean total displacement.
    """

    eq_name: str
    n_pairs: int
    ratio_of_means: float
    median: float
    sd_boot: float
    sd_boot_windows: float | None
    mean_total_m: float


def kind_of_measurement(measurement: str) -> str:
    """Return ``total``, ``on_fault`` or ``other`` for the text of a flatfile.

    Examples
    --------
    >>> kind_of_measurement("profile (OIC)"), kind_of_measurement("field (steel tape)")
    ('total', 'on_fault')
    >>> kind_of_measurement("NoData")
    'other'
    """
    if _TOTAL.search(measurement):
        return "total"
    if _ON_FAULT.search(measurement) and not _OTHER.search(measurement):
        return "on_fault"
    return "other"


def pair_slip(
    points: "pd.DataFrame", lines: Lines | None = None, settings: KePairSettings | None = None
) -> "pd.DataFrame":
    """Return each slip on a fault with the nearest total displacement.

    Parameters
    ----------
    points
        As :func:`mainshock.offfault.slip_tables.read_slip_points` returns. Rows of one event, place
        and slip count once. Dip-slip events and measurements are left out where a style is given.
    lines
        Reference lines, by event; without its line an event's distances are counted along the
        longest axis of its totals.
    settings
        Radius of the pairing.

    Returns
    -------
    pandas.DataFrame
        :data:`PAIR_COLUMNS`, of the events that have both kinds of measurement.

    Raises
    ------
    NothingFoundError
        If no event has both within the radius; the message lists the kinds that are there.
    """
    import pandas as pd  # noqa: PLC0415 - slow to import

    settings = settings or KePairSettings()
    kinds = points["measurement"].map(
        {one: kind_of_measurement(one) for one in points["measurement"].unique()}
    )
    chosen = points.assign(kind=kinds)[_is_strike_slip(points)]
    chosen = chosen.drop_duplicates(["eq_name", "lon", "lat", "slip_m", "kind"])
    found = []
    for _, rows in chosen.groupby("eq_name", sort=True):
        on_fault, total = (rows[rows["kind"] == one] for one in ("on_fault", "total"))
        if len(on_fault) and len(total):
            found.append(_pairs_of_event(on_fault, total, settings.radius_m))
    pairs = pd.concat(found, ignore_index=True) if found else pd.DataFrame()
    if pairs.empty:
        there = ", ".join(f"{name!r}" for name in sorted(points["measurement"].unique())[:20])
        raise NothingFoundError(
            f"no event has slip on a fault (field, lidar, satellite offset) within "
            f"{settings.radius_m:g} m of a total by optical correlation; the measurements are "
            f"{there}"
        )
    placed: pd.DataFrame = add_distance_along(pairs, lines)[list(PAIR_COLUMNS)]
    return placed


def _is_strike_slip(points: "pd.DataFrame") -> "pd.Series[bool]":
    """Return which rows no style forbids."""
    keep = points["slip_m"] > 0.0
    for column in ("slip_style", "event_style"):
        if column in points:
            keep &= points[column].str.contains(_LATERAL)
    return keep


def _pairs_of_event(
    on_fault: "pd.DataFrame", total: "pd.DataFrame", radius_m: float
) -> "pd.DataFrame":
    """Return the pairs of one event, in the order of the measurements on the fault."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 - only on use

    frame = _frame(total)
    tree = cKDTree(local_m(_places(total), frame))
    distance_m, nearest = tree.query(local_m(_places(on_fault), frame))
    close = distance_m <= radius_m
    pairs = on_fault[close].drop(columns=["zone_width_m"], errors="ignore")
    partner = total.iloc[nearest[close]]
    width = partner["zone_width_m"].to_numpy() if "zone_width_m" in partner else np.nan
    pairs = pairs.rename(columns={"slip_m": "on_fault_m"}).assign(
        total_m=partner["slip_m"].to_numpy(),
        total_zone_width_m=width,
        pair_dist_m=distance_m[close].round(1),
    )
    if "geology" not in pairs:
        pairs = pairs.assign(geology="NoData")
    with_ke: pd.DataFrame = pairs.assign(ke=pairs["on_fault_m"] / pairs["total_m"])
    return with_ke


def add_distance_along(pairs: "pd.DataFrame", lines: Lines | None) -> "pd.DataFrame":
    """Return pairs with ``s_km``, the distance along their event's reference line.

    Raises
    ------
    DataError
        If the pairs have neither ``s_km`` nor a place.
    """
    import pandas as pd  # noqa: PLC0415 - slow to import

    if "s_km" in pairs:
        return pairs
    if not {"lon", "lat"} <= set(pairs.columns):
        raise DataError("the pairs have neither s_km nor lon and lat; add distance or place")
    along = pd.Series(np.nan, index=pairs.index)
    placed = pairs[pairs["lon"].notna() & pairs["lat"].notna()]
    for event, rows in placed.groupby("eq_name", sort=False):
        frame = _frame(rows)
        places_km = local_m(_places(rows), frame) / 1000.0
        line = None if lines is None else lines.get(str(event))
        line_km = _longest_axis(places_km) if line is None else local_m(line, frame) / 1000.0
        along[rows.index] = along_and_across(places_km, line_km)[0]
    return pairs.assign(s_km=along.round(3))


def _frame(rows: "pd.DataFrame") -> LocalFrame:
    return LocalFrame(float(rows["lon"].median()), float(rows["lat"].median()))


def _places(rows: "pd.DataFrame") -> FloatArray:
    return rows[["lon", "lat"]].to_numpy(float)


def _longest_axis(places_km: FloatArray) -> FloatArray:
    """Return a straight line through places along their longest axis."""
    centre = places_km.mean(axis=0)
    axis = np.linalg.svd(places_km - centre, full_matrices=False)[2][0]
    reach = (places_km - centre) @ axis
    ends: FloatArray = centre + np.outer([reach.min(), reach.max() + 1e-6], axis)
    return ends


def summarise_windows(
    pairs: "pd.DataFrame", settings: KePairSettings | None = None
) -> "pd.DataFrame":
    """Return the efficiency of windows along each rupture.

    Parameters
    ----------
    pairs
        With ``eq_name, s_km, on_fault_m, total_m``.
    settings
        Length of windows, fewest pairs, bootstrap.

    Returns
    -------
    pandas.DataFrame
        ``eq_name, window, s0_km, s1_km, n_pairs, ke_ratio_of_means, ke_median, ke_sd_boot,
        mean_total_m``; window ``k`` holds ``k * window_km <= s_km < (k + 1) * window_km``.
    """
    import pandas as pd  # noqa: PLC0415 - slow to import

    settings = settings or KePairSettings()
    rng = np.random.default_rng(settings.seed)
    pairs = pairs[np.isfinite(pairs["s_km"])]  # no window without a place
    numbers = np.floor(pairs["s_km"] / settings.window_km).astype(int)
    lines = []
    for (event, number), rows in pairs.groupby(["eq_name", numbers], sort=True):
        if len(rows) < settings.min_pairs:
            continue
        window = int(str(number))
        on_fault, total = rows["on_fault_m"].to_numpy(), rows["total_m"].to_numpy()
        lines.append(
            {
                "eq_name": event,
                "window": window,
                "s0_km": window * settings.window_km,
                "s1_km": (window + 1) * settings.window_km,
                "n_pairs": len(rows),
                "ke_ratio_of_means": on_fault.sum() / total.sum(),
                "ke_median": float(np.median(on_fault / total)),
                "ke_sd_boot": _boot_sd(on_fault, total, settings.n_bootstrap, rng),
                "mean_total_m": total.mean(),
            }
        )
    return pd.DataFrame(lines, columns=_WINDOW_COLUMNS)


_WINDOW_COLUMNS = [
    "eq_name", "window", "s0_km", "s1_km", "n_pairs", "ke_ratio_of_means", "ke_median",
    "ke_sd_boot", "mean_total_m",
]  # fmt: skip


def summarise_events(
    pairs: "pd.DataFrame", settings: KePairSettings | None = None
) -> list[EventEfficiency]:
    """Return the efficiency of each event, from all its pairs."""
    settings = settings or KePairSettings()
    rng = np.random.default_rng(settings.seed)
    found = []
    for event, rows in pairs.groupby("eq_name", sort=True):
        on_fault, total = rows["on_fault_m"].to_numpy(), rows["total_m"].to_numpy()
        found.append(
            EventEfficiency(
                str(event),
                len(rows),
                float(on_fault.sum() / total.sum()),
                float(np.median(on_fault / total)),
                _boot_sd(on_fault, total, settings.n_bootstrap, rng),
                _window_boot_sd(rows, settings, rng),
                float(total.mean()),
            )
        )
    return found


def _boot_sd(on_fault: FloatArray, total: FloatArray, n: int, rng: np.random.Generator) -> float:
    """Return the standard deviation of the ratio of sums when its terms are drawn anew."""
    drawn = rng.integers(0, on_fault.size, (n, on_fault.size))
    return float((on_fault[drawn].sum(axis=1) / total[drawn].sum(axis=1)).std())


def _window_boot_sd(
    rows: "pd.DataFrame", settings: KePairSettings, rng: np.random.Generator
) -> float | None:
    if "s_km" not in rows:
        return None
    sums = rows[["on_fault_m", "total_m"]].groupby(np.floor(rows["s_km"] / settings.window_km))
    on_fault, total = sums.sum().to_numpy().T
    return _boot_sd(on_fault, total, settings.n_bootstrap, rng) if on_fault.size > 1 else None
