"""``mainshock forecast simulate``: possible catalogues of a window, or rates in cells from them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, say

if TYPE_CHECKING:
    from mainshock.forecast.base import RateModel
    from mainshock.forecast.gridded import Cells, GriddedRates
    from mainshock.forecast.simulated import SimulatedCatalogues
    from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["simulate"]

_Model = Annotated[Path, typer.Option(help="Folder of a fitted model.")]
_Catalogue = Annotated[
    Path, typer.Option(help="Earthquakes; those before --start count, with the model's own.")
]
_Start = Annotated[str, typer.Option(help="Start of the window, ISO 8601 or days.")]
_Days = Annotated[float, typer.Option(help="Length of the window, days.")]
_Out = Annotated[
    Path,
    typer.Option(
        help=".parquet: events; .csv: events in CSEP's form; .dat: CSEP's gridded form; .csv with "
        "--quadtree: rates in tiles."
    ),
]
_N = Annotated[int, typer.Option("--n", min=1, max=10_000_000, help="Number of catalogues.")]
_Seed = Annotated[int, typer.Option(min=0, help="Of all that is drawn.")]
_Threads = Annotated[
    int | None, typer.Option(min=1, help="Processor threads; by default all. Same numbers.")
]
_Workers = Annotated[
    int, typer.Option(min=0, help="Processes instead of threads; 0: none. Same numbers.")
]
_Ray = Annotated[bool, typer.Option("--ray", help="Workers run on Ray instead.")]
_Draws = Annotated[
    int,
    typer.Option(min=0, help="Draws of the parameters among which catalogues are divided."),
]
_Hidden = Annotated[
    bool,
    typer.Option("--with-hidden", help="Also events that a catalogue misses after large ones."),
]
_Cell = Annotated[float, typer.Option(help="Size of cells of .dat, degrees.")]
_Step = Annotated[float, typer.Option(help="Width of magnitude bins of gridded files.")]
_Highest = Annotated[
    float | None, typer.Option(help="Start of the last bin, which has no end; by default 8 or so.")
]
_Quadtree = Annotated[
    int, typer.Option(min=0, max=24, help="Longest quadkey of tiles; 0: no quadtree.")
]
_Experiment = Annotated[
    bool,
    typer.Option(
        "--experiment",
        help="Also a window that the model was fitted to, or longer than it was tested for.",
    ),
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_EXACT = ("poisson", "poisson-adaptive")  # kinds whose rates need no simulation
_TILE_EVENTS = 10
_LAST_BIN = 8.0


def simulate(
    model: _Model,
    catalogue: _Catalogue,
    start: _Start,
    days: _Days,
    out: _Out,
    n: _N = 10_000,
    seed: _Seed = 0,
    threads: _Threads = None,
    workers: _Workers = 0,
    ray: _Ray = False,
    parameter_draws: _Draws = 0,
    with_hidden: _Hidden = False,
    cell_deg: _Cell = 0.1,
    magnitude_step: _Step = 0.1,
    magnitude_max: _Highest = None,
    quadtree: _Quadtree = 0,
    experiment: _Experiment = False,
    as_json: _Json = False,
) -> None:
    """Draw possible catalogues of a window, given what happened before it.

    Only events before --start are used. Files hold simulated events, never observed ones.
    """
    from mainshock.forecast.base import as_history
    from mainshock.forecast.model_folder import open_model, with_stored_events
    from mainshock.forecast.moments import days_asked
    from mainshock.forecast.repeats import each_event_once
    from mainshock.sources.seismicity.read import read_seismicity

    kind = _kind_of(out, quadtree)
    opened = open_model(model)
    start_days = days_asked("--start", start, is_synthetic=opened.info.is_synthetic)
    notes = _refused_or_noted(opened, start_days, days, experiment=experiment)
    once, left_out = each_event_once(read_seismicity(catalogue))
    events, n_stored = with_stored_events(model, once)
    history = as_history(events, opened.info.settings, start_days)
    options = _Options(threads, workers, ray, parameter_draws, with_hidden)
    simulated = options.simulate(opened, history, start_days, days, n, seed)
    notes += left_out + _cautions(simulated, history, parameter_draws, n_stored)
    if kind in ("cells", "tiles"):
        cells = _cells(opened, history, kind, cell_deg, quadtree)
        gridded = _gridded(opened, history, simulated, cells, magnitude_step, magnitude_max)
        notes += _write_gridded(out, gridded)
    else:
        _write_catalogues(out, simulated, kind)
    document = _document(opened, simulated, history, out, parameter_draws) | {"notes": notes}
    if as_json:
        print_json(document)
        return
    for note in notes:
        say(f"note: {note}")
    print_result("\n".join(_lines(document)))


class _Options:
    """How to simulate, and the refusal of what a kind of model cannot do."""

    def __init__(
        self, threads: int | None, workers: int, ray: bool, draws: int, with_hidden: bool
    ) -> None:
        self.threads, self.workers, self.ray = threads, workers, ray
        self.draws, self.with_hidden = draws, with_hidden

    def simulate(
        self,
        model: "RateModel",
        history: "Catalogue",
        start_days: float,
        days: float,
        n: int,
        seed: int,
    ) -> "SimulatedCatalogues":
        """Return the catalogues."""
        from mainshock.cli.forecast_fit import n_threads
        from mainshock.core.errors import SettingsError
        from mainshock.forecast.etas.model import SpaceTimeEtas
        from mainshock.forecast.etas.simulation import simulate

        if isinstance(model, SpaceTimeEtas):
            several = self.workers or n_threads(self.threads)
            return simulate(
                model, history, start_days, days, n, seed,
                threads=several,
                backend="ray" if self.ray else "processes" if self.workers else "threads",
                parameter_draws=self.draws,
                with_hidden=self.with_hidden,
            )  # fmt: skip
        asked = {
            "--workers": self.workers, "--ray": self.ray,
            "--parameter-draws": self.draws, "--with-hidden": self.with_hidden,
        }  # fmt: skip
        for name, value in asked.items():
            if value:
                raise SettingsError(f"{name} is for space-time etas models, not {model.info.kind}")
        return model.simulate(history, start_days, days, n, seed)


def _kind_of(out: Path, quadtree: int) -> str:
    """Return what a file is to hold, before anything is computed."""
    from mainshock.core.errors import SettingsError

    kinds = {".parquet": "parquet", ".csv": "tiles" if quadtree else "csep", ".dat": "cells"}
    kind = kinds.get(out.suffix.lower())
    if kind is None:
        raise SettingsError(f"--out {out} must end in .parquet, .csv or .dat")
    if quadtree and kind != "tiles":
        raise SettingsError(f"rates in tiles are written as .csv; name --out {out.stem}.csv")
    return kind


def _refused_or_noted(
    model: "RateModel", start_days: float, days: float, *, experiment: bool
) -> list[str]:
    """Return what limits the forecast, or refuse it."""
    from datetime import UTC, datetime

    from mainshock.core.errors import DataError, SettingsError
    from mainshock.forecast.refusals import refuse_beyond_horizon, refuse_overlap
    from mainshock.sources.seismicity.catalogue import days_of

    notes = []
    try:
        refuse_overlap(model.info, start_days)
    except DataError as error:
        if not experiment:
            raise DataError(f"{error}; or add --experiment") from error
        notes.append("the model was fitted to events of this window; it is an experiment")
    try:
        if not refuse_beyond_horizon(days, model.info):
            notes.append("the model was not tested for windows of this length")
    except SettingsError as error:
        if not 0 < days < float("inf"):
            raise
        if not experiment:
            raise SettingsError(f"{error}; or add --experiment") from error
        notes.append("the window is longer than the model was tested for; it is an experiment")
    if not model.info.is_synthetic and start_days < days_of(datetime.now(UTC)):
        notes.append("retrospective: the window opened before now")
    return notes


def _cautions(
    simulated: "SimulatedCatalogues", history: "Catalogue", draws: int, n_stored: int
) -> list[str]:
    """Return what a reader must know about the numbers."""
    notes = []
    if n_stored:
        notes.append(f"{n_stored} events of the model's own catalogue stand before the file's")
    if len(history) == 0:
        notes.append("no past event is known: this is the background alone")
    elif (gap := simulated.start_days - float(history.time_days[-1])) > 30.0:
        notes.append(f"the last past event is {gap:.0f} days older than the window")
    if not draws:
        notes.append(
            "ranges are those of the model as fitted, without the uncertainty of its parameters"
        )
    return notes


def _write_catalogues(out: Path, simulated: "SimulatedCatalogues", kind: str) -> None:
    if kind == "csep":
        from mainshock.forecast.csep_files import write_csep_catalogues

        write_csep_catalogues(out, simulated)
    else:
        from mainshock.forecast.simulated_files import write_simulated

        write_simulated(out, simulated)


def _cells(
    model: "RateModel", history: "Catalogue", kind: str, cell_deg: float, zoom: int
) -> "Cells":
    from mainshock.core.errors import DataError
    from mainshock.forecast.gridded import lon_lat_cells, quadtree_cells

    region = model.info.region
    if region is None:
        raise DataError("a model of times alone has no rates in cells; write .parquet")
    if kind == "cells":
        return lon_lat_cells(region, cell_deg)
    return quadtree_cells(region, history.longitude, history.latitude, _TILE_EVENTS, zoom)


def _gridded(
    model: "RateModel",
    history: "Catalogue",
    simulated: "SimulatedCatalogues",
    cells: "Cells",
    step: float,
    highest: float | None,
) -> "GriddedRates":
    """Return rates: exact for models without memory, else mean counts."""
    import numpy as np

    from mainshock.forecast.gridded import magnitude_edges, rates_of_intensity, rates_of_simulated
    from mainshock.forecast.magnitudes import MagnitudeLaw
    from mainshock.sources.seismicity.catalogue import Catalogue

    info = model.info
    last = min(info.m_max - step, _LAST_BIN) if highest is None else highest
    edges = magnitude_edges(info.mc, max(last, info.mc), step)
    law = MagnitudeLaw(info.mc, info.m_max, info.beta)
    if info.kind not in _EXACT:
        sees_all = getattr(model, "completeness", None) is None
        return rates_of_simulated(simulated, cells, edges, law if sees_all else None)

    def intensity(lon: "np.ndarray[Any, Any]", lat: "np.ndarray[Any, Any]") -> Any:
        same = np.full(len(lon), simulated.start_days), np.full(len(lon), info.mc)
        return np.exp(model.log_intensity(Catalogue(*same, lon, lat), history))

    window = (simulated.start_days, simulated.end_days)
    return rates_of_intensity(intensity, cells, edges, law, *window, info.region)


def _write_gridded(out: Path, gridded: "GriddedRates") -> list[str]:
    """Write rates and return what a reader must know about them."""
    from mainshock.forecast.gridded_files import write_gridded, write_quadtree

    (write_quadtree if gridded.cells.quadkeys else write_gridded)(out, gridded)
    n_empty = int((gridded.in_space() == 0).sum())
    if not n_empty:
        return []
    caution = (
        f"{n_empty} of {len(gridded.cells)} cells had no simulated event: their rate is 0, and an "
        "event there would count as impossible; take more catalogues or larger cells"
    )
    return [caution]


def _document(
    model: "RateModel",
    simulated: "SimulatedCatalogues",
    history: "Catalogue",
    out: Path,
    draws: int,
) -> dict[str, Any]:
    from datetime import UTC, datetime

    from mainshock.sources.seismicity.catalogue import days_of, text_from_days

    info = model.info
    region = None if info.region is None else info.region.to_document()
    is_past = not info.is_synthetic and simulated.start_days < days_of(datetime.now(UTC))
    return {
        "out": str(out),
        "model": simulated.model,
        "start": text_from_days(simulated.start_days),
        "end": text_from_days(simulated.end_days),
        "region": region,
        "mc": simulated.mc,
        "n_catalogues": simulated.n_catalogues,
        "n_events": len(simulated),
        "n_past_events": len(history),
        "data_cut_off": text_from_days(float(history.time_days[-1])) if len(history) else None,
        "seed": simulated.seed,
        "parameter_draws": draws,
        "retrospective": is_past,
        "is_synthetic": simulated.is_synthetic,
        "counts": _counts(simulated, info.m_max),
    }


def _counts(simulated: "SimulatedCatalogues", m_max: float) -> list[dict[str, Any]]:
    """Return mean, range and chance of numbers of events above some magnitudes."""
    import math

    import numpy as np

    whole = range(math.floor(simulated.mc) + 1, math.ceil(m_max))
    found = []
    for magnitude in (simulated.mc, *map(float, whole)):
        # magnitudes come as float32
        large = simulated.catalogue[simulated.magnitude >= np.float32(magnitude)]
        counts = np.bincount(large, minlength=simulated.n_catalogues)
        low, high = np.quantile(counts, [0.025, 0.975], method="inverted_cdf")
        found.append(
            {
                "magnitude": magnitude,
                "mean": float(counts.mean()),
                "low95": int(low),
                "high95": int(high),
                "probability": float((counts > 0).mean()),
            }
        )
    return found


def _lines(document: dict[str, Any]) -> list[str]:
    """Return the result for people."""
    from mainshock.forecast.wording import chance_text

    label = "SYNTHETIC " if document["is_synthetic"] else ""
    label += "retrospective " if document["retrospective"] else ""
    lines = [
        f"{label}forecast by {document['model']}, {document['start']} to {document['end']}",
        f"{document['n_catalogues']} simulated catalogues, {document['n_events']} events",
        f"{'magnitude':>10} {'expected':>10} {'95 % range':>14}   chance of one or more",
    ]
    for one in document["counts"]:
        span = f"{one['low95']} to {one['high95']}"
        lines.append(
            f"{one['magnitude']:>8.3g}+  {one['mean']:>10.4g} {span:>14}   "
            f"{chance_text(one['probability'])}"
        )
    lines.append("research result; for advice turn to the agency responsible for the region")
    lines.append(f"-> {document['out']}")
    return lines
