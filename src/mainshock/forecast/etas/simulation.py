"""Draws possible catalogues of a window from a space-time ETAS model."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.base import ModelInfo
from mainshock.forecast.completeness import ShortTermCompleteness
from mainshock.forecast.etas.coverage import Coverage
from mainshock.forecast.etas.events import Sources as Events
from mainshock.forecast.etas.law import TriggeringLaw
from mainshock.forecast.etas.lineage import Lineage
from mainshock.forecast.etas.parameter_draws import Draw, draw_parameters
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.etas.past import Past
from mainshock.forecast.etas.simulation_kernels import draw_block
from mainshock.forecast.etas.simulation_tables import (
    Law,
    Lifting,
    Outline,
    PastLaw,
    Sources,
    Wakes,
    background_places,
    law_of,
    lifting_of,
    outline_of,
    past_law,
    past_sources,
    wakes_of,
)
from mainshock.forecast.etas.transform import to_vector
from mainshock.forecast.region import Region
from mainshock.forecast.shards import Backend, chunks_of, map_shards
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.sources.seismicity.catalogue import Catalogue

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "BLOCK",
    "MAX_EVENTS",
    "SimulationInputs",
    "VariedLaw",
    "simulate",
]

FloatArray = NDArray[np.float64]
_Triggering = Callable[[Draw], tuple[TriggeringLaw, PastLaw]]
BLOCK = 250
"""Catalogues that are drawn one after the other from one stream of random numbers."""

MAX_EVENTS = 1_000_000
"""Events that one catalogue may have at most, those outside the region included."""

_NUMBERS = ("catalogue_id", "time_days", "magnitude", "longitude", "latitude")


class SimulationInputs(Protocol):
    """What a model must have to be simulated."""

    @property
    def info(self) -> ModelInfo:
        """Magnitudes and region."""
        ...

    @property
    def parameters(self) -> EtasParameters:
        """Background rate and triggering kernel."""
        ...

    @property
    def background(self) -> SmoothedPlaces | None:
        """Density of background events; None where it is uniform."""
        ...

    @property
    def completeness(self) -> ShortTermCompleteness | None:
        """Which events large ones hide; None where the catalogue shows all."""
        ...

    @property
    def covariance(self) -> FloatArray:
        """Of the vector that :mod:`mainshock.forecast.etas.transform` defines."""
        ...


@runtime_checkable
class VariedLaw(Protocol):
    """What a model has besides whose events do not all trigger by one law."""

    @property
    def law(self) -> TriggeringLaw:
        """By which events trigger."""
        ...

    @property
    def lineage(self) -> Lineage | None:
        """How active new events are."""
        ...

    def past(self, history: Catalogue) -> Past:
        """Return past events with what their law depends on."""
        ...

    def background_at(
        self, history: Catalogue, start_days: float
    ) -> tuple[SmoothedPlaces | None, FloatArray]:
        """Return the background as learnt, and its density at the events that were taken up."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Catalogues of one draw of the parameters, as compiled code needs them."""

    first: int
    end: int
    law: Law
    past: Sources


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """All that workers need."""

    seed: int
    n: int
    parts: tuple[_Part, ...]
    lifting: Lifting
    places: Sources
    outline: Outline
    wakes: Wakes


def simulate(
    model: SimulationInputs,
    history: Catalogue,
    start_days: float,
    days: float,
    n: int,
    seed: int,
    *,
    threads: int = 1,
    backend: Backend = "threads",
    parameter_draws: int = 0,
    with_hidden: bool = False,
    max_events: int = MAX_EVENTS,
) -> SimulatedCatalogues:
    """Return possible catalogues of a window, given the events before it.

    Direct aftershocks of all past events are drawn from their sum, then the background, then
    generation by generation what those trigger; also outside the region, but not returned then.
    Where the law depends on activity, that of new events is drawn by ``model.lineage``.

    Parameters
    ----------
    model
        A fitted :class:`mainshock.forecast.etas.model.SpaceTimeEtas`.
    history
        Events of at least the model's ``mc``; those at or after the start are left out.
    start_days, days, n, seed
        The window from days after 1970-01-01 on, number of catalogues, seed. Catalogues of a
        block of ``BLOCK`` are the same for every ``n``, unless parameters are drawn.
    threads, backend
        Workers of :func:`mainshock.forecast.shards.map_shards`; numbers are the same with any.
    parameter_draws
        Among which the catalogues are divided, so that they hold the uncertainty of the fit.
    with_hidden
        Whether to return what the catalogue misses, by the model's ``completeness``, too.
    max_events
        In one catalogue.

    Raises
    ------
    DataError
        If sequences never end (branching ratio of 1 or more), places are missing, or a catalogue
        passes ``max_events``.
    SettingsError
        If the window or a number is not positive.

    References
    ----------
    Zhuang & Touati (2015), https://doi.org/10.5078/corssa-43806322
    """
    region = _checked_region(model)
    _check_numbers(days, n, threads, parameter_draws)
    past = history.between(-np.inf, start_days)
    if not past.has_places:
        raise DataError("events of the history have no longitude or latitude; etas needs them")
    prepared = _prepare(
        model, region, past, start_days, days, n, seed, parameter_draws, with_hidden, max_events
    )
    simulated = _drawn(prepared, model.info, start_days, days, threads, backend)
    return simulated if with_hidden else _above_level(simulated, model)


def _drawn(
    prepared: _Prepared,
    info: ModelInfo,
    start_days: float,
    days: float,
    workers: int,
    backend: Backend,
) -> SimulatedCatalogues:
    """Return the catalogues of all blocks."""
    n_blocks = -(-prepared.n // BLOCK)
    if backend == "threads":
        blocks = map_shards(_one_block, prepared, range(n_blocks), workers=workers)
        columns = [np.concatenate(column) for column in zip(*blocks, strict=True)]
    else:
        shards = chunks_of(n_blocks, workers)
        columns = _columns(map_shards(_batch, prepared, shards, workers=workers, backend=backend))
    return SimulatedCatalogues(
        start_days=start_days,
        end_days=start_days + days,
        n_catalogues=prepared.n,
        mc=info.mc,
        catalogue=columns[0],
        time_days=columns[1],
        magnitude=columns[2],
        longitude=columns[3],
        latitude=columns[4],
        seed=prepared.seed,
        model=f"{info.kind} {info.catalogue_sha256[:16]}".strip(),
        is_synthetic=info.is_synthetic,
    )


def _above_level(simulated: SimulatedCatalogues, model: SimulationInputs) -> SimulatedCatalogues:
    """Leave out what lies below the completeness of the catalogue at its time."""
    coverage: Coverage | None = getattr(model, "coverage", None)
    if coverage is None or not coverage.level:
        return simulated
    days = simulated.start_days + simulated.time_days
    k = np.maximum(np.searchsorted(coverage.since_days, days, side="right") - 1, 0)
    level = np.asarray(coverage.level, dtype=np.float32)[k]
    return simulated.take(simulated.magnitude >= level)


def _check_numbers(days: float, n: int, threads: int, draws: int) -> None:
    if not (np.isfinite(days) and days > 0):
        raise SettingsError(f"a window of {days:g} days; give more than 0")
    if n < 1 or threads < 1 or draws < 0:
        raise SettingsError(
            f"{n} catalogues, {threads} workers, {draws} draws of parameters; give 1 or more "
            "catalogues and workers, and 0 or more draws"
        )


def _checked_region(model: SimulationInputs) -> Region:
    """Return the region of a model that can be simulated."""
    info, parameters = model.info, model.parameters
    if info.region is None:
        raise DataError("the model has no region; fit etas with one, or simulate a temporal model")
    if abs(info.mc - parameters.m_ref) > 1e-6:
        raise DataError(
            f"magnitudes of the model begin at {info.mc:g}, its kernel is for {parameters.m_ref:g}"
            "; fit it again with one magnitude of completeness"
        )
    ratio = parameters.branching_ratio(info.beta, info.m_max)
    if not ratio < 1.0:
        raise DataError(
            f"branching ratio {ratio:.3f}: each event triggers as many as that on average, and "
            "from 1 on sequences never end; fit to a longer time, with a lower m_max, or with "
            "short-term incompleteness taken into account"
        )
    return info.region


def _prepare(
    model: SimulationInputs,
    region: Region,
    past: Catalogue,
    start_days: float,
    days: float,
    n: int,
    seed: int,
    draws: int,
    with_hidden: bool,
    max_events: int,
) -> _Prepared:
    used = [Draw(model.parameters, model.info.beta)]
    if draws:
        used = draw_parameters(model.parameters, model.covariance, model.info, draws, seed)
    edges = [n * k // len(used) for k in range(len(used) + 1)]
    floor = 1.0 if model.background is None else model.background.floor
    background, lineage = _background(model, past, start_days)
    triggering = _triggering(model, past)
    parts = []
    for k, draw in enumerate(used):
        law, by_event = triggering(draw)
        numbers = law_of(law, draw.beta, model.info.m_max, days, floor, max_events)
        sources = past_sources(by_event, past, numbers.m_low, start_days, days)
        parts.append(_Part(edges[k], edges[k + 1], numbers, sources))
    return _Prepared(
        seed=seed,
        n=n,
        parts=tuple(parts),
        lifting=lifting_of(
            model.parameters, lineage, _law(model).variation.mean_activity, region.area_km2
        ),
        places=background_places(background, model.parameters.mu_per_day, lineage),
        outline=outline_of(region),
        wakes=wakes_of(None if with_hidden else model.completeness, past, start_days),
    )


def _background(
    model: SimulationInputs, past: Catalogue, start_days: float
) -> tuple[SmoothedPlaces | None, Lineage | None]:
    """Return the background with what it has learnt since the fit, and the lineage that fits it."""
    if not isinstance(model, VariedLaw):
        return model.background, None
    places, density = model.background_at(past, start_days)
    lineage = model.lineage
    if lineage is not None and len(density):
        lineage = replace(lineage, density=np.append(lineage.density, density))
    return places, lineage


def _law(model: SimulationInputs) -> TriggeringLaw:
    return model.law if isinstance(model, VariedLaw) else TriggeringLaw(model.parameters)


def _triggering(model: SimulationInputs, past: Catalogue) -> _Triggering:
    """Return what gives the law, and that of each past event, for draws of the parameters."""
    law = _law(model)
    log_background = np.zeros(len(past))
    if isinstance(model, VariedLaw) and law.variation.needs_activity:
        known = model.past(past)
        sources = known.sources
        if known.own_density is not None:
            log_background = np.log(model.parameters.mu_per_day * known.own_density)
    else:
        sources = Events.of(past, _checked_region(model), law.parameters.m_ref)
    fitted = to_vector(model.parameters)

    def drawn(draw: Draw) -> tuple[TriggeringLaw, PastLaw]:
        # errors of the plain law stand for those of this one
        vector = law.vector
        moved = to_vector(draw.parameters)
        with np.errstate(invalid="ignore"):  # no taper is an infinite one
            vector[: len(fitted)] += np.where(moved == fitted, 0.0, moved - fitted)
        here = law.at(vector)
        return here, past_law(here, sources, log_background)

    return drawn


def _one_block(prepared: _Prepared, block: int) -> tuple[NDArray[Any], ...]:
    """Return the five columns of one block; it has a stream of random numbers of its own."""
    sequence = np.random.SeedSequence(prepared.seed, spawn_key=(block,))
    state = sequence.generate_state(4, np.uint64).astype(np.uint64)
    first, end = block * BLOCK, min((block + 1) * BLOCK, prepared.n)
    found = []
    for part in prepared.parts:
        low, high = max(first, part.first), min(end, part.end)
        if low >= high:
            continue
        room = int(2.0 * (high - low) * (part.past.expected + part.law.n_background)) + 256
        number, time, others, failed = draw_block(
            state,
            low,
            high - low,
            part.law,
            prepared.lifting,
            part.past,
            prepared.places,
            prepared.outline,
            prepared.wakes,
            room,
        )
        if failed >= 0:
            raise DataError(
                f"catalogue {failed} has more than {part.law.max_events} events; take a shorter "
                "window or a smaller m_max, or raise max_events"
            )
        found.append((number, time, *others.T))
    return tuple(np.concatenate(column) for column in zip(*found, strict=True))


def _batch(prepared: _Prepared, blocks: range) -> "pa.RecordBatch":
    """Return the columns of several blocks as they travel between processes."""
    import pyarrow as pa  # noqa: PLC0415

    parts = [_one_block(prepared, block) for block in blocks]
    columns = [pa.array(np.concatenate(column)) for column in zip(*parts, strict=True)]
    return pa.RecordBatch.from_arrays(columns, names=list(_NUMBERS))


def _columns(batches: "list[pa.RecordBatch]") -> list[NDArray[Any]]:
    return [
        np.concatenate([batch.column(name).to_numpy() for batch in batches]) for name in _NUMBERS
    ]
