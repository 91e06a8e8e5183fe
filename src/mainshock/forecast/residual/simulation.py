"""Draws possible catalogues from an ETAS model with a learnt correction."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.forecast.base import ModelInfo
from mainshock.forecast.etas.events import Places
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.residual.evidence import evidence_of
from mainshock.forecast.residual.evidence_kernels import PastEvents, Tally
from mainshock.forecast.residual.network import Correction
from mainshock.forecast.residual.proposals import Decays, background_places, places_around
from mainshock.forecast.residual.simulation_kernels import BackgroundPlaces, Law, draw
from mainshock.forecast.shards import map_shards
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.forecast.sphere import cartesian_km, geographic
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["BLOCK", "simulate"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BLOCK = 100
"""Catalogues that are drawn one after the other from one stream of random numbers."""

_ROOM = 20_000  # events that a catalogue may have at most


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """All that blocks need."""

    base: SpaceTimeEtas
    correction: Correction
    known: Catalogue
    events: PastEvents
    tally: Tally
    decays: Decays
    law: Law
    start_days: float
    seed: int


def simulate(
    info: ModelInfo,
    base: SpaceTimeEtas,
    correction: Correction,
    history: Catalogue,
    start_days: float,
    days: float,
    n: int,
    seed: int,
) -> SimulatedCatalogues:
    """Return possible catalogues of a window, given the events before it.

    Ogata's thinning: events are proposed at ``exp(bound)`` times the intensity of the ETAS model,
    given all events kept so far, and kept with probability ``exp(f - bound)``. Events outside the
    region trigger others, but are not returned. Catalogues of a block of ``BLOCK`` are the same
    for every ``n``.

    Parameters
    ----------
    info
        Of the corrected model.
    base, correction
        The ETAS model and what corrects it.
    history, start_days, days, n, seed
        As :meth:`mainshock.forecast.base.RateModel.simulate` has them.

    Raises
    ------
    DataError
        If a catalogue grows beyond 20,000 events, or the ETAS model takes the history to lack
        events.

    References
    ----------
    Ogata (1981), https://doi.org/10.1109/TIT.1981.1056305
    """
    if not base.coverage.is_full:
        raise DataError(
            "the residual model simulates complete catalogues only; fit it with short_term=off, "
            "from a magnitude of completeness that holds throughout"
        )
    prepared = _prepare(info, base, correction, history, start_days, start_days + days, seed)
    blocks = map_shards(_block, prepared, range(0, n, BLOCK), workers=max(info.settings.threads, 1))
    number, time, magnitude, lon, lat = (np.concatenate(one) for one in zip(*blocks, strict=True))
    kept = np.flatnonzero(base.region.contains(lon, lat) & (number < n))
    return SimulatedCatalogues(
        start_days=start_days,
        end_days=start_days + days,
        n_catalogues=n,
        mc=info.mc,
        catalogue=number[kept].astype(np.int32),
        time_days=time[kept] - start_days,
        magnitude=magnitude[kept].astype(np.float32),
        longitude=lon[kept].astype(np.float32),
        latitude=lat[kept].astype(np.float32),
        seed=seed,
        model=f"{info.kind} {info.catalogue_sha256[:16]}".strip(),
        is_synthetic=info.is_synthetic,
    )


def _prepare(
    info: ModelInfo,
    base: SpaceTimeEtas,
    correction: Correction,
    history: Catalogue,
    start_days: float,
    end_days: float,
    seed: int,
) -> _Prepared:
    known = history.between(-np.inf, start_days)
    evidence = evidence_of(base, known)
    tally = evidence.tally_at(start_days)
    return _Prepared(
        base,
        correction,
        known,
        PastEvents(*(_copied(one, _ROOM) for one in evidence.past)),
        Tally(*(_copied(one, _ROOM) for one in tally)),
        Decays.of(base, base.past(known), is_inside=False),
        _law(info, base, end_days),
        start_days,
        seed,
    )


def _copied(one: NDArray[Any], room: int = 0) -> Any:  # of the same type
    """Return a copy of an array with room for more rows."""
    return np.concatenate([one, np.zeros((room, *one.shape[1:]), dtype=one.dtype)])


def _law(info: ModelInfo, base: SpaceTimeEtas, end_days: float) -> Law:
    law = base.law.parameters
    middle = np.zeros(3)
    if not base.region.is_globe:
        west, south, east, north = base.region.bounds
        middle = cartesian_km([(west + east) / 2], [(south + north) / 2])[0]
    return Law(
        law.mu_per_day,
        law.k0,
        law.a,
        law.c_days,
        law.omega,
        1.0 / law.tau_days,
        law.d_km2,
        law.gamma,
        law.rho,
        law.m_ref,
        **asdict(base.law.variation),
        mc=info.mc,
        beta=info.beta,
        cut=float(-np.expm1(-info.beta * (info.m_max - info.mc))),
        end_days=end_days,
        centre=middle,
        background=_background(base),
    )


def _background(base: SpaceTimeEtas) -> BackgroundPlaces:
    """Return the background of the fit, from which background events are drawn too."""
    area, places = base.region.area_km2, base.background
    if places is None:
        none = np.zeros(0, dtype=np.float32)
        return BackgroundPlaces(np.zeros((3, 0), dtype=np.float32), none, none, 1.0 / area)
    h = np.asarray(places.bandwidth_km)
    strength = (1.0 - places.floor) * places.share * h / (2.0 * np.pi)
    at = Catalogue(np.zeros(len(h)), np.zeros(len(h)), places.longitude, places.latitude)
    place = np.ascontiguousarray(Places(base.region).of(at).T)
    square = (h**2).astype(np.float32)
    return BackgroundPlaces(place, strength.astype(np.float32), square, places.floor / area)


def _block(prepared: _Prepared, first: int) -> tuple[FloatArray, ...]:
    """Return catalogue, time, magnitude, longitude and latitude of the events of a block."""
    rng = np.random.default_rng([prepared.seed, first])
    time, place, start = _proposals(prepared, rng)
    n_past = len(prepared.known)
    # workers share what was prepared; each writes behind a past of its own
    events = PastEvents(*(_copied(one) for one in prepared.events))
    found = []
    for k in range(BLOCK):
        own = slice(int(start[k]), int(start[k + 1]))
        tally = Tally(*(_copied(one) for one in prepared.tally))
        n = draw(
            time[own], place[own], n_past, events, tally, prepared.correction, prepared.law, rng
        )
        if n < 0:
            raise DataError(
                f"a simulated catalogue has more than {_ROOM} events; take a shorter window or a "
                "higher --mc"
            )
        new = slice(n_past, n)
        there = np.column_stack([events.x[new], events.y[new], events.z[new]])
        lon, lat = geographic(there + prepared.law.centre)
        number = np.full(n - n_past, float(first + k))
        found.append((number, events.time_days[new].copy(), events.magnitude[new].copy(), lon, lat))
    return tuple(np.concatenate(one) for one in zip(*found, strict=True))


def _proposals(
    prepared: _Prepared, rng: np.random.Generator
) -> tuple[FloatArray, NDArray[np.float32], IntArray]:
    """Return moments and places of a block, and where those of each catalogue begin.

    Of the background, and direct aftershocks of the past.
    """
    base, decays, law = prepared.base, prepared.decays, prepared.law
    start, end = prepared.start_days, law.end_days
    inflation = BLOCK * np.exp(prepared.correction.bound)
    m = rng.poisson(inflation * law.mu * (end - start))
    lon, lat = background_places(base, m, rng)
    time = rng.uniform(start, end, m)
    mass = decays.mass(slice(None), np.full(len(prepared.known), start), end)
    if mass.sum() > 0:
        source = rng.choice(len(mass), rng.poisson(inflation * mass.sum()), p=mass / mass.sum())
        moment, left = decays.moments(
            source, np.full(len(source), start), end, rng.random(source.size)
        )
        kept = rng.random(len(source)) < left
        x, y = places_around(base, prepared.known.take(source[kept]), rng)
        time, lon, lat = np.append(time, moment[kept]), np.append(lon, x), np.append(lat, y)
    owner = rng.integers(0, BLOCK, len(time))
    order = np.argsort(owner, kind="stable")
    place = (cartesian_km(lon[order], lat[order]) - law.centre).astype(np.float32)
    edges = np.append(0, np.cumsum(np.bincount(owner, minlength=BLOCK)))
    return time[order], place, edges
