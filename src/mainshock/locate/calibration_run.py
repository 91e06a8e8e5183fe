"""Locates simulated events on all cores and scores each posterior against the truth."""

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np
import pandas as pd
from shapely import Point, Polygon

from mainshock.core.errors import DataError, GeometryError
from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Arrival, CredibleRegion, Origin
from mainshock.locate.scores import TrueHypocentre, draw_scores
from mainshock.locate.simulate import SimulatedEvent
from mainshock.locate.simulation_config import SimulationConfig
from mainshock.locate.summary import LEVELS

__all__ = ["CalibrationRun", "calibrate_on", "score_origin"]

_LARGEST_CHUNK = 100  # of events for which a process makes one locator
Row = dict[str, float | str]


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationRun:
    """What came of the simulated events.

    Parameters
    ----------
    scores
        One row for each located event, as ``scores.summarise`` takes them.
    refused
        Why events were not located, and how many for each reason.
    """

    scores: pd.DataFrame
    refused: dict[str, int]


def calibrate_on(
    config: SimulationConfig,
    events: Sequence[SimulatedEvent],
    seed: int = 0,
    n_processes: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> CalibrationRun:
    """Return the scores of simulated events.

    Parameters
    ----------
    config
        The simulation that the events came from.
    seed
        Of the posterior draws.
    n_processes
        None: one for each core; 1: in this process. The scores do not depend on it.
    progress
        Called with a text after each event.

    Raises
    ------
    SettingsError
        If the configuration makes no sense.
    DataError
        If no event could be located.
    """
    n_processes = n_processes or os.cpu_count() or 1
    size = int(np.clip(len(events) // (4 * n_processes), 1, _LARGEST_CHUNK))
    chunks = [(first, tuple(events[first : first + size])) for first in range(0, len(events), size)]
    rows: list[tuple[int, Row]] = []
    refused: Counter[str] = Counter()
    for scored in _all_scored(config, chunks, seed, n_processes):
        for number, row in scored:
            if "refused" in row:
                refused[str(row["refused"])] += 1
            else:
                rows.append((number, row))
            if progress is not None:
                progress("")
    if not rows:
        reasons = "; ".join(refused) or "there are none"
        raise DataError(f"none of {len(events)} simulated events could be located: {reasons}")
    table = pd.DataFrame([row for _, row in sorted(rows, key=lambda item: item[0])])
    return CalibrationRun(table, dict(refused))


_Chunk = tuple[int, tuple[SimulatedEvent, ...]]


def _all_scored(
    config: SimulationConfig, chunks: Sequence[_Chunk], seed: int, n_processes: int
) -> Iterator[list[tuple[int, Row]]]:
    if n_processes == 1 or len(chunks) < 2:
        for chunk in chunks:
            yield _scored(config, chunk, seed)
        return
    # fresh processes: forks of one that runs threads may hang
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_processes, mp_context=context) as pool:
        waiting = [pool.submit(_scored, config, chunk, seed) for chunk in chunks]
        for future in as_completed(waiting):
            yield future.result()


def _scored(config: SimulationConfig, chunk: _Chunk, seed: int) -> list[tuple[int, Row]]:
    """Return number and scores of each event, or why it could not be located."""
    method, stations = config.locator(), config.network.stations()
    first, events = chunk
    scored: list[tuple[int, Row]] = []
    for number, event in enumerate(events, start=first):
        rng = np.random.default_rng([seed, number])
        try:
            origin, arrivals = method.locate(event.picks, stations, rng)
        except (DataError, GeometryError) as error:
            scored.append((number, {"refused": _kind(error)}))
        else:
            scored.append((number, score_origin(event, origin, arrivals, rng)))
    return scored


def _kind(error: Exception) -> str:
    """Return a message without what differs from event to event."""
    text = str(error).split(";")[0].split("(")[0].split(" at ")[0]
    return "".join(letter for letter in text if not letter.isdigit()).strip()


def score_origin(
    event: SimulatedEvent, origin: Origin, arrivals: Sequence[Arrival], rng: np.random.Generator
) -> Row:
    """Return the scores of one located event."""
    late_s = (origin.time - event.time).total_seconds()
    place = (origin.longitude, origin.latitude, event.longitude, event.latitude)
    inside = {
        f"inside_{region.level:g}": float(_holds(region, event.longitude, event.latitude))
        for region in origin.regions
        if region.level in LEVELS
    }
    truth = TrueHypocentre(event.longitude, event.latitude, event.depth_km, -late_s)
    return {
        "event_id": event.event_id,
        "epicentral_error_km": float(geodesic_distance_km(*place)),
        "depth_error_km": origin.depth_km - event.depth_km,
        "time_error_s": late_s,
        "east_sd_km": origin.east_sd_km,
        "north_sd_km": origin.north_sd_km,
        "depth_sd_km": origin.depth_sd_km,
        "time_sd_s": origin.time_sd_s,
        "region68_km2": origin.region(0.68).area_km2,
        "azimuthal_gap_deg": _gap_deg([arrival.azimuth_deg for arrival in arrivals]),
        "nearest_station_km": min(arrival.distance_km for arrival in arrivals),
        "n_picks": float(len(arrivals)),
        "at_grid_edge": float("at_grid_edge" in origin.flags),
        **inside,
        **({} if origin.samples is None else draw_scores(origin.samples, truth, rng)),
    }


def _holds(region: CredibleRegion, longitude: float, latitude: float) -> bool:
    place = Point(longitude, latitude)
    return any(Polygon(rings[0], rings[1:]).covers(place) for rings in region.polygons)


def _gap_deg(azimuths_deg: Sequence[float]) -> float:
    """Return the widest angle without a station; 360 for one station."""
    angles = np.unique(np.round(azimuths_deg, 3))
    return float(np.diff(np.append(angles, angles[0] + 360.0)).max())
