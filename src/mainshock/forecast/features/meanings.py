"""What each column of a feature table means, and its unit."""

from dataclasses import dataclass

from mainshock.core.errors import DataError

__all__ = ["ColumnMeaning", "column_meaning", "target_names"]


@dataclass(frozen=True, slots=True)
class ColumnMeaning:
    """A column.

    Parameters
    ----------
    name
        In the table.
    unit
        ``1`` for counts, shares and logarithms without one.
    text
        What it holds. "The cell" is the cell of the row, "around" adds the eight next to it.
    """

    name: str
    unit: str
    text: str


_FIXED = {
    "time": ("UTC", "issue time: events before it are known, later ones are not"),
    "cell": ("1", "number of the cell, row by row from the south-west"),
    "cell_longitude": ("degree", "middle of the cell"),
    "cell_latitude": ("degree", "middle of the cell"),
    "cell_area_km2": ("km^2", "what the region covers of the cell"),
    "season_sin": ("1", "sine of the time of the year"),
    "season_cos": ("1", "cosine of the time of the year"),
    "days_since_last": ("day", "since the last event around"),
    "days_since_m_plus_1": ("day", "since the last event around of mc + 1 or more"),
    "largest_365d": ("magnitude", "largest event around in the last 365 days"),
    "largest_365d_age_days": ("day", "since that event"),
    "largest_365d_distance_km": ("km", "chord from that event to the middle of the cell"),
    "b": ("1", "b-value of the last 100 events around; from 10 on"),
    "b_n": ("1", "number of these events"),
    "b_positive": ("1", "b-value of rises in magnitude among them; from 10 on"),
    "b_positive_n": ("1", "number of these rises"),
    "mc_maxc": ("magnitude", "most frequent magnitude among them"),
    "gap_mean_days": ("day", "mean time between them; from 3 on"),
    "gap_cv": ("1", "standard deviation of these times over their mean"),
    "depth_mean_km": ("km", "mean depth of them"),
    "depth_sd_km": ("km", "standard deviation of their depth"),
    "nn_log10_t": ("1", "log10 of rescaled time, last event around to its nearest parent"),
    "nn_log10_r": ("1", "log10 of rescaled distance of the same pair"),
    "nn_log10_eta": ("1", "log10 of the proximity of the same pair"),
    "nn_log10_eta_mean": ("1", "mean of that over the last 20 events around"),
    "etas_expected": ("1", "events that the ETAS model expects in the target window"),
    "etas_background_share": ("1", "share of the background in them"),
}
_WINDOWED = {
    "count": ("1", "events in the last {days} days"),
    "count_m_plus_1": ("1", "events of mc + 1 or more in the last {days} days"),
    "log10_moment": ("log10 N m", "log10 of 1 + the seismic moment of the last {days} days"),
    "benioff": ("J^0.5", "square roots of energy, added over the last {days} days"),
    "omori": (
        "1",
        "sum of 10^(0.8 (M - mc)) exp(-age / {days} days) over all past events",
    ),
}


def column_meaning(name: str) -> ColumnMeaning:
    """Return what a column of a feature table means.

    Raises
    ------
    DataError
        If a feature table has no such column.

    Examples
    --------
    >>> column_meaning("near_count_7d").text
    'events in the last 7 days, around'
    >>> column_meaning("benioff_30d").unit
    'J^0.5'
    """
    if name in _FIXED:
        return ColumnMeaning(name, *_FIXED[name])
    where = "around" if name.startswith("near_") else "in the cell"
    plain = name.removeprefix("near_")
    if plain == "rate_a_day":
        text = f"events a day since the first known one, {where}; a year at the mean comes before"
        return ColumnMeaning(name, "1/day", text)
    if plain.startswith("is_"):
        regime = plain.removeprefix("is_")
        return ColumnMeaning(name, "1", f"1 where the middle of the cell is {regime}, else 0")
    kind, _, days = plain.rpartition("_")
    if not days.endswith("d"):
        raise DataError(f"a feature table has no column {name!r}")
    length = days.removesuffix("d")
    if kind == "target_count":
        return ColumnMeaning(name, "1", f"events of the {length} days after the issue time")
    if kind == "target_any":
        return ColumnMeaning(name, "1", f"1 if there is one in these {length} days, else 0")
    if kind not in _WINDOWED:
        raise DataError(f"a feature table has no column {name!r}")
    unit, text = _WINDOWED[kind]
    return ColumnMeaning(name, unit, f"{text.format(days=length)}, {where}")


def target_names(target_days: float) -> tuple[str, str]:
    """Return the names of the targets: their number, and whether there is any.

    The name says how far they look ahead; ``forecast select`` keeps that gap.

    Examples
    --------
    >>> target_names(7.0)
    ('target_count_7d', 'target_any_7d')
    """
    return f"target_count_{target_days:g}d", f"target_any_{target_days:g}d"
