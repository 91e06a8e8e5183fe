"""Features by their definitions, one cell and one moment at a time, with plain loops."""

import numpy as np

from mainshock.forecast.features.table import DECAY_DAYS, WINDOW_DAYS, FeatureSettings
from mainshock.forecast.region import Region
from mainshock.forecast.sphere import cartesian_km
from mainshock.sources.seismicity.catalogue import Catalogue

BOX = Region.box(-118.0, 33.0, -116.0, 35.0)


def made_events(n: int = 260, seed: int = 4, with_versions: bool = False) -> Catalogue:
    """Scattered events and two sequences over 900 days, some outside the box.

    With versions, a third of them were revised 0.5 to 80 days later, some came late.
    """
    rng = np.random.default_rng(seed)
    time = np.sort(
        np.concatenate(
            [
                rng.uniform(0.0, 900.0, n // 2),
                200.0 + rng.exponential(8.0, n // 4),
                640.0 + rng.exponential(15.0, n - n // 2 - n // 4),
            ]
        )
    )
    events = Catalogue(
        time,
        3.0 + np.round(rng.exponential(0.43, n), 1).clip(0.0, 3.5),
        longitude=rng.uniform(-118.7, -115.4, n),
        latitude=rng.normal(34.0, 0.5, n),
        depth_km=np.where(rng.random(n) < 0.1, np.nan, rng.uniform(1.0, 20.0, n)),
        event_id=np.array([f"e{i}" for i in range(n)], dtype=object),
    )
    if not with_versions:
        return events
    late = np.where(rng.random(n) < 0.1, rng.uniform(0.0, 30.0, n), 0.0)
    first = _with_known(events, time + late)
    revised = rng.random(n) < 0.33
    second = Catalogue(  # sorted anew by time: which of them are kept does not matter
        time + np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0.0, 0.4, n)),
        (events.magnitude + rng.choice([-0.4, -0.2, 0.2, 0.4], n)).clip(2.6, 7.0),
        longitude=events.longitude + rng.normal(0.0, 0.2, n),
        latitude=events.latitude + rng.normal(0.0, 0.2, n),
        depth_km=rng.uniform(1.0, 20.0, n),
        event_id=events.event_id,
        known_days=time + late + rng.uniform(0.5, 80.0, n),
    )
    return Catalogue.joined([first, second.take(revised)])


def _with_known(events: Catalogue, known: np.ndarray) -> Catalogue:
    return Catalogue(
        events.time_days,
        events.magnitude,
        longitude=events.longitude,
        latitude=events.latitude,
        depth_km=events.depth_km,
        event_id=events.event_id,
        known_days=known,
    )


def positions(settings: FeatureSettings, events: Catalogue) -> np.ndarray:
    """Row and column of events in the unbounded grid of the box."""
    west, south, _, _ = settings.cells.region.bounds
    side = settings.cells.cell_deg
    return np.column_stack(
        [
            np.floor((events.latitude - south) / side),
            np.floor((events.longitude - west) / side),
        ]
    )


def members(settings: FeatureSettings, events: Catalogue, cell: int) -> tuple[Catalogue, Catalogue]:
    """Events in a cell, and those in it and the eight cells next to it."""
    west, south, _, _ = settings.cells.region.bounds
    side = settings.cells.cell_deg
    middle = (settings.cells.latitude[cell] - south, settings.cells.longitude[cell] - west)
    apart = np.abs(positions(settings, events) - np.floor(np.array(middle) / side)).max(axis=1)
    return events.take(apart == 0), events.take(apart <= 1)


def plain_row(
    history: Catalogue, issue: float, cell: int, settings: FeatureSettings
) -> dict[str, float]:
    """Every feature of a cell at an issue time that is not of ETAS or the regime."""
    known = history.as_of(float(np.nextafter(issue, -np.inf))).above(settings.mc)
    own, near = members(settings, known, cell)
    row: dict[str, float] = {
        "cell_longitude": settings.cells.longitude[cell],
        "cell_latitude": settings.cells.latitude[cell],
        "cell_area_km2": settings.cells.area_km2[cell],
        "season_sin": np.sin(2 * np.pi * issue / 365.25),
        "season_cos": np.cos(2 * np.pi * issue / 365.25),
    }
    for where, these in (("", own), ("near_", near)):
        row |= {where + name: value for name, value in _sums(these, issue, settings.mc).items()}
    elapsed = issue - known.time_days[0] if len(known) else 0.0
    numbers = [
        [len(one) for one in members(settings, known, c)] for c in range(len(settings.cells))
    ]
    for where, number, mean in zip(
        ("", "near_"), numbers[cell], np.mean(numbers, axis=0), strict=True
    ):
        before = 365.0 * mean / (elapsed + 1.0)
        row[f"{where}rate_a_day"] = (number + before) / (elapsed + 365.0)
    return row | _sequence(near, issue, settings, cell) | _parents(known, near)


def _sums(events: Catalogue, issue: float, mc: float) -> dict[str, float]:
    age = issue - events.time_days
    m = events.magnitude
    row = {f"count_{days:g}d": float((age <= days).sum()) for days in WINDOW_DAYS}
    for days in (30.0, 365.0, 1825.0):
        recent = m[age <= days]
        row[f"log10_moment_{days:g}d"] = np.log10(1.0 + (10.0 ** (1.5 * recent + 9.05)).sum())
        row[f"benioff_{days:g}d"] = np.sqrt(10.0 ** (1.5 * recent + 4.8)).sum()
    for days in (30.0, 365.0):
        row[f"count_m_plus_1_{days:g}d"] = float(((age <= days) & (m >= mc + 1 - 1e-6)).sum())
    for days in DECAY_DAYS:
        row[f"omori_{days:g}d"] = (10.0 ** (0.8 * (m - mc)) * np.exp(-age / days)).sum()
    return row


def _sequence(
    near: Catalogue, issue: float, settings: FeatureSettings, cell: int
) -> dict[str, float]:
    names = (
        "days_since_last", "days_since_m_plus_1", "largest_365d", "largest_365d_age_days",
        "largest_365d_distance_km", "b", "b_n", "b_positive", "b_positive_n", "mc_maxc",
        "gap_mean_days", "gap_cv", "depth_mean_km", "depth_sd_km",
    )  # fmt: skip
    row = dict.fromkeys(names, np.nan)
    if len(near) == 0:
        return row
    mc, width = settings.mc, settings.bin_width
    row["days_since_last"] = issue - near.time_days[-1]
    large = near.time_days[near.magnitude >= mc + 1 - 1e-6]
    if len(large):
        row["days_since_m_plus_1"] = issue - large[-1]
    year = near.take(near.time_days >= issue - 365.0)
    if len(year):
        last = len(year) - 1 - int(np.argmax(year.magnitude[::-1]))  # of equals the latest
        place = cartesian_km(year.longitude[[last]], year.latitude[[last]])[0]
        middle = settings.cells.centres_km()[cell]
        row["largest_365d"] = year.magnitude[last]
        row["largest_365d_age_days"] = issue - year.time_days[last]
        row["largest_365d_distance_km"] = np.linalg.norm(place - middle)
    latest = near.take(np.arange(max(0, len(near) - 100), len(near)))
    row["b_n"], m = len(latest), latest.magnitude
    rises = np.diff(m)
    rises = rises[rises >= width - 1e-6]
    row["b_positive_n"] = len(rises)
    ten = np.log(10.0) * width
    if len(latest) >= 10:
        row["b"] = np.log(1.0 + width / (m.mean() - mc)) / ten
        levels, numbers = np.unique(np.round((m - mc) / width), return_counts=True)
        row["mc_maxc"] = mc + width * levels[np.argmax(numbers)]
    if len(rises) >= 10:
        row["b_positive"] = np.log(1.0 + width / (rises.mean() - width)) / ten
    if len(latest) >= 3:
        gaps = np.diff(latest.time_days)
        row["gap_mean_days"], row["gap_cv"] = gaps.mean(), gaps.std() / gaps.mean()
    deep = latest.depth_km[np.isfinite(latest.depth_km)]
    if len(deep):
        row["depth_mean_km"], row["depth_sd_km"] = deep.mean(), deep.std()
    return row


def _parents(known: Catalogue, near: Catalogue) -> dict[str, float]:
    """Proximity of the last events around to their nearest parents among all known events."""
    row = dict.fromkeys(("nn_log10_t", "nn_log10_r", "nn_log10_eta", "nn_log10_eta_mean"), np.nan)
    found = [nearest_parent(known, one) for one in near.event_id[-20:]]
    if found:
        row["nn_log10_t"], row["nn_log10_r"], row["nn_log10_eta"] = found[-1]
        etas = np.array(found)[:, 2]
        if np.isfinite(etas).any():
            row["nn_log10_eta_mean"] = np.nanmean(etas)
    return row


def nearest_parent(known: Catalogue, name: object) -> tuple[float, float, float]:
    """Logarithms of rescaled time, distance and proximity; b 1, fractal dimension 1.6."""
    i = int(np.flatnonzero(known.event_id == name)[0])
    earlier = known.take(known.time_days < known.time_days[i])
    if len(earlier) == 0:
        return (np.nan, np.nan, np.nan)
    place = cartesian_km(known.longitude[[i]], known.latitude[[i]])
    apart = np.linalg.norm(cartesian_km(earlier.longitude, earlier.latitude) - place, axis=1)
    days = np.maximum(known.time_days[i] - earlier.time_days, 1e-5)
    t = np.log10(days) - earlier.magnitude / 2
    r = 1.6 * np.log10(np.maximum(apart, 0.1)) - earlier.magnitude / 2
    best = int(np.argmin(t + r))
    return (float(t[best]), float(r[best]), float((t + r)[best]))
