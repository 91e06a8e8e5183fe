"""Writes simulated events, and the report on how calibrated their locations are."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mainshock.core.files import make_folder, replacing
from mainshock.core.records import Station
from mainshock.core.times import format_utc, utc_from_posix
from mainshock.locate.calibration_plots import plot_calibration
from mainshock.locate.calibration_run import CalibrationRun
from mainshock.locate.scores import summarise
from mainshock.locate.simulate import SYNTHETIC, SimulatedEvent
from mainshock.locate.simulation_config import SimulationConfig
from mainshock.locate.summary import LEVELS
from mainshock.sources.table_files import write_table
from mainshock.sources.tables import write_picks

__all__ = ["calibration_document", "write_calibration", "write_simulation"]

LIMIT_POINTS = 2.0
_JUDGED = (0.68, 0.95)


def write_simulation(
    folder: Path, config: SimulationConfig, events: Sequence[SimulatedEvent], seed: int
) -> dict[str, str]:
    """Write picks, stations, truth and settings of a simulation and return their paths.

    Every file says that it is synthetic. Where the locator is told of the sources, a catalogue
    drawn from it stands beside them, for a locator that reads its prior from one.

    Raises
    ------
    SourceError
        If the folder cannot be written.
    """
    make_folder(folder)
    names = ("picks.csv", "stations.csv", "truth.csv", "simulation.json")
    paths = {Path(name).stem: folder / name for name in names}
    write_picks(paths["picks"], [pick for event in events for pick in event.picks])
    write_table(paths["stations"], _station_table(config.network.stations()))
    write_table(paths["truth"], _catalogue_table(events))
    if config.told.prior != "none":
        paths["catalogue"] = folder / "catalogue.csv"
        write_table(paths["catalogue"], _catalogue_table(_past_events(config)))
    _write_json(
        paths["simulation"],
        {"label": SYNTHETIC, "seed": seed, "n": len(events), "settings": config.as_dict()},
    )
    return {name: str(path) for name, path in paths.items()}


def _station_table(stations: Sequence[Station]) -> pd.DataFrame:
    names = ("network", "station", "longitude", "latitude", "elevation_m")
    rows = [{name: getattr(station, name) for name in names} for station in stations]
    return pd.DataFrame(rows).assign(label=SYNTHETIC)


def _catalogue_table(events: Sequence[SimulatedEvent]) -> pd.DataFrame:
    rows = [
        {
            "event_id": event.event_id,
            "time": format_utc(event.time),
            "longitude": round(event.longitude, 6),
            "latitude": round(event.latitude, 6),
            "depth_km": round(event.depth_km, 4),
            "magnitude": np.nan,
        }
        for event in events
    ]
    return pd.DataFrame(rows).assign(label=SYNTHETIC)


def _past_events(config: SimulationConfig) -> list[SimulatedEvent]:
    """Return events before the simulated ones, from the same sources, without picks."""
    places = zip(*(row.tolist() for row in config.past_events()), strict=True)
    return [
        SimulatedEvent(f"synthetic-past-{number:04d}", (), utc_from_posix(3600.0 * number), *place)
        for number, place in enumerate(places)
    ]


def calibration_document(
    config: SimulationConfig, run: CalibrationRun, seed: int
) -> dict[str, Any]:
    """Return all scores of a run, ready for JSON.

    ``verdict`` says by how many percentage points the observed coverage of the 68 and 95 %
    regions is off, and whether that is within two points.
    """
    scores = summarise(run.scores, LEVELS)
    verdict = {}
    for level in _JUDGED:
        off = 100.0 * (scores["coverage"][f"{level:g}"]["observed"] - level)
        verdict[f"{level:g}"] = {"off_points": round(off, 2), "ok": abs(off) <= LIMIT_POINTS}
    return {
        "label": SYNTHETIC,
        "name": config.name,
        "description": config.description,
        "n": len(run.scores) + sum(run.refused.values()),
        "n_located": len(run.scores),
        "refused": run.refused,
        "at_grid_edge": int(run.scores["at_grid_edge"].sum()),
        "limit_points": LIMIT_POINTS,
        "verdict": verdict,
        **scores,
        "seed": seed,
        "settings": config.as_dict(),
    }


def write_calibration(
    folder: Path, config: SimulationConfig, run: CalibrationRun, seed: int
) -> dict[str, Any]:
    """Write ``calibration.json``, ``calibration.png`` and ``scores.csv``; return the document.

    Raises
    ------
    SourceError
        If the folder cannot be written.
    """
    make_folder(folder)
    document = calibration_document(config, run, seed)
    _write_json(folder / "calibration.json", document)
    write_table(folder / "scores.csv", run.scores.assign(label=SYNTHETIC).round(6))
    figure = plot_calibration(run.scores, document)
    with replacing(folder / "calibration.png") as temporary:
        figure.savefig(temporary, dpi=150)
    return document


def _write_json(path: Path, document: dict[str, Any]) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, indent=2, allow_nan=False), encoding="utf-8")
