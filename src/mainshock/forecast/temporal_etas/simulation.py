"""Many possible catalogues of a window, drawn generation by generation."""

import math
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.base import ModelInfo
from mainshock.forecast.shards import map_shards
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.forecast.temporal_etas.parameters import LN10, TemporalParameters
from mainshock.signal.compiled import compiled

__all__ = ["BLOCK", "FirstGeneration", "draw_catalogues", "first_generation"]

FloatArray = NDArray[np.float64]
BLOCK = 500
"""Catalogues drawn one after the other from one stream of random numbers."""

_MOST_EVENTS = 20_000_000  # in one block
_STARTING_ROOM = 4096


@dataclass(frozen=True, slots=True, eq=False)
class FirstGeneration:
    """What starts sequences in a window: the background, and earlier events.

    Parameters
    ----------
    background
        Expected number of background events.
    cumulative
        Expected numbers of direct aftershocks of earlier events, summed up, shape ``(n,)``.
    age_days
        Of each earlier event at the start of the window, ``(n,)``.
    """

    background: float
    cumulative: FloatArray
    age_days: FloatArray

    @property
    def expected(self) -> float:
        """Return the expected number of events."""
        return self.background + (float(self.cumulative[-1]) if len(self.cumulative) else 0.0)


class _Law(NamedTuple):
    """Numbers of the model as compiled code needs them; magnitudes above the reference."""

    k: float
    growth: float
    c_days: float
    omega: float
    beta: float
    span: float
    days: float
    m_ref: float
    triggers: bool


def first_generation(
    parameters: TemporalParameters,
    times_days: FloatArray,
    magnitude: FloatArray,
    start_days: float,
    days: float,
) -> FirstGeneration:
    """Return what starts sequences in a window; events at or after its start do not count.

    Raises
    ------
    SettingsError
        If the window is not longer than 0 days.
    """
    _check_window(days)
    past = times_days < start_days
    age = start_days - times_days[past]
    expected = parameters.decay_integral(age + days) - parameters.decay_integral(age)
    expected *= parameters.productivity(magnitude[past])
    # what cancellation leaves of events long ago may be a rounding below 0
    return FirstGeneration(parameters.mu_per_day * days, np.cumsum(np.maximum(expected, 0.0)), age)


def draw_catalogues(
    info: ModelInfo,
    parameters: TemporalParameters,
    first: FirstGeneration,
    start_days: float,
    days: float,
    n: int,
    seed: int,
    triggers: bool = True,
) -> SimulatedCatalogues:
    """Return possible catalogues of a window.

    Parameters
    ----------
    info, parameters
        Magnitudes and number of threads; triggering.
    first
        Of :func:`first_generation` for this window.
    start_days, days
        The window, days after 1970-01-01.
    n, seed
        Number of catalogues and seed. The first 500 catalogues of a seed are the same for every
        ``n``, and so on block by block; threads change nothing.
    triggers
        Whether events of the window trigger others.

    Raises
    ------
    DataError
        If a block of 500 catalogues has more than 20 million events.
    SettingsError
        If the window or the number of catalogues is not positive.

    References
    ----------
    Zhuang & Touati (2015), https://doi.org/10.5078/corssa-43806322
    """
    _check_window(days, n)
    law = _law(info, parameters, days, triggers)
    sizes = [min(BLOCK, n - done) for done in range(0, n, BLOCK)]
    seeds = np.random.SeedSequence(seed).spawn(len(sizes))
    blocks = map_shards(
        partial(_drawn_block, first),
        law,
        list(zip(sizes, seeds, strict=True)),
        workers=info.settings.threads,
    )
    number = np.repeat(np.arange(n, dtype=np.int32), np.concatenate([one[0] for one in blocks]))
    return SimulatedCatalogues(
        start_days=start_days,
        end_days=start_days + days,
        n_catalogues=n,
        mc=info.mc,
        catalogue=number,
        time_days=np.concatenate([one[1] for one in blocks]),
        magnitude=np.concatenate([one[2] for one in blocks]),
        seed=seed,
        model=f"{info.kind} {info.catalogue_sha256[:16]}".strip(),
        is_synthetic=info.is_synthetic,
    )


def _check_window(days: float, n: int = 1) -> None:
    if not (math.isfinite(days) and days > 0):
        raise SettingsError(f"a window of {days:g} days; give more than 0")
    if n < 1:
        raise SettingsError(f"{n} catalogues; give 1 or more")


def _law(info: ModelInfo, parameters: TemporalParameters, days: float, triggers: bool) -> _Law:
    return _Law(
        k=parameters.k,
        growth=parameters.alpha * LN10,
        c_days=parameters.c_days,
        omega=parameters.p - 1.0,
        beta=info.beta,
        span=min(max(info.m_max - info.mc, 1e-6), 36.0 / info.beta),  # to 2e-16 if infinite
        days=days,
        m_ref=parameters.m_ref,
        triggers=triggers,
    )


def _drawn_block(
    first: FirstGeneration, law: _Law, item: tuple[int, np.random.SeedSequence]
) -> tuple[NDArray[np.int64], FloatArray, NDArray[np.float32]]:
    """Return numbers of events, times and magnitudes of some catalogues, sorted."""
    size, seed = item
    generator = np.random.Generator(np.random.PCG64(seed))
    n_background = generator.poisson(first.background, size)
    n_direct = generator.poisson(first.expected - first.background, size)
    counts, time, above = _branches(
        generator, law, n_background, n_direct, first.cumulative, first.age_days
    )
    if len(time) > _MOST_EVENTS:
        raise DataError(
            f"{size} catalogues of {law.days:g} days have more than {_MOST_EVENTS} events; "
            "simulate fewer days or larger magnitudes"
        )
    number = np.repeat(np.arange(size), counts)
    order = np.argsort(number + np.minimum(time / law.days, 1.0 - 1e-12))
    low = np.float32(law.m_ref)
    if low < law.m_ref:  # never below mc, whichever way float32 rounds it
        low = np.nextafter(low, np.float32(np.inf))
    magnitude = np.maximum((law.m_ref + above[order]).astype(np.float32), low)
    return counts, np.minimum(time[order], np.nextafter(law.days, 0.0)), magnitude


@compiled
def _branches(
    generator: np.random.Generator,
    law: _Law,
    n_background: NDArray[np.int64],
    n_direct: NDArray[np.int64],
    cumulative: FloatArray,
    age_days: FloatArray,
) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
    """Return numbers of events, times and magnitudes above the reference; too many end it."""
    time, above = np.empty(_STARTING_ROOM), np.empty(_STARTING_ROOM)
    counts = np.zeros(len(n_background), dtype=np.int64)
    n = 0
    for number in range(len(n_background)):
        begin = n
        time, above = _with_room(time, above, n, n_background[number] + n_direct[number])
        for _ in range(n_background[number]):
            time[n] = law.days * generator.random()
            above[n] = _above(generator, law)
            n += 1
        for _ in range(n_direct[number]):
            late = age_days[_chosen(generator, cumulative)] + law.c_days
            time[n] = _delay(generator, law, late, late + law.days)
            above[n] = _above(generator, law)
            n += 1
        parent = begin
        while law.triggers and parent < n:
            n_children = _n_children(generator, law, time[parent], above[parent])
            if n + n_children > _MOST_EVENTS:
                return counts, np.empty(_MOST_EVENTS + 1), above
            time, above = _with_room(time, above, n, n_children)
            high = law.c_days + law.days - time[parent]
            for _ in range(n_children):
                time[n] = time[parent] + _delay(generator, law, law.c_days, high)
                above[n] = _above(generator, law)
                n += 1
            parent += 1
        counts[number] = n - begin
    return counts, time[:n], above[:n]


@compiled
def _with_room(
    time: FloatArray, above: FloatArray, n: int, more: int
) -> tuple[FloatArray, FloatArray]:
    """Return both arrays, longer where they do not hold ``more`` events after the first ``n``."""
    if n + more <= len(time):
        return time, above
    wider_time, wider_above = np.empty(2 * (n + more)), np.empty(2 * (n + more))
    for i in range(n):  # a loop, as slices take seconds to compile
        wider_time[i], wider_above[i] = time[i], above[i]
    return wider_time, wider_above


@compiled
def _above(generator: np.random.Generator, law: _Law) -> float:
    """Return how far a magnitude lies above the reference."""
    above: float = np.log1p(generator.random() * np.expm1(-law.beta * law.span)) / -law.beta
    return above


@compiled
def _n_children(generator: np.random.Generator, law: _Law, time: float, above: float) -> int:
    """Return a number of direct aftershocks before the window ends."""
    reach = np.log1p((law.days - time) / law.c_days)
    integral = reach
    if abs(law.omega * reach) > 1e-9:
        integral = -np.expm1(-law.omega * reach) / law.omega
    mean = law.k * np.exp(law.growth * above) * integral * law.c_days**-law.omega
    n = 0
    while mean > 0.0:  # a Poisson number is the sum of those of the parts of its mean
        part = min(mean, 16.0)
        mean -= part
        chance = np.exp(-part)
        left = generator.random() - chance
        i = 0
        while left > 0.0 and i < 200:
            i += 1
            chance *= part / i
            left -= chance
        n += i
    return n


@compiled
def _chosen(generator: np.random.Generator, cumulative: FloatArray) -> int:
    """Return a row drawn by weight."""
    wanted = generator.random() * cumulative[-1]
    low, high = 0, len(cumulative) - 1
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] > wanted:
            high = middle
        else:
            low = middle + 1
    return low


@compiled
def _delay(generator: np.random.Generator, law: _Law, low: float, high: float) -> float:
    """Return a draw of ``(t + c)^-p`` between low and high, as days after low."""
    reach = np.log(high / low)
    u = generator.random()
    if abs(law.omega * reach) > 1e-9:
        u = -np.log1p(u * np.expm1(-law.omega * reach)) / (law.omega * reach)
    passed: float = low * np.expm1(u * reach)
    return passed
