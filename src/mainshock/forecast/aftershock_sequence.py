"""Aftershocks of one mainshock by Reasenberg and Jones: what is usual, then what is seen.

Before any aftershock the parameters are the generic ones of a tectonic regime, with the spread
between sequences; each aftershock of at least the magnitude that is complete at its time narrows
it down by Bayes' rule.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.generic_aftershocks import GenericAftershocks, SequenceCompleteness
from mainshock.forecast.rupture import rupture_length_km
from mainshock.forecast.sphere import cartesian_km
from mainshock.forecast.temporal_etas.parameters import LN10, omori_integral
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = [
    "MAGNITUDES",
    "WINDOWS_DAYS",
    "AftershockForecast",
    "AftershockRow",
    "SequencePosterior",
    "aftershock_forecast",
    "aftershock_posterior",
    "aftershocks_of",
]

FloatArray = NDArray[np.float64]
WINDOWS_DAYS: Mapping[str, float] = {"day": 1.0, "week": 7.0, "month": 30.0, "year": 365.0}
"""Windows that agencies state."""

MAGNITUDES = (3.0, 4.0, 5.0, 6.0, 7.0)
"""Least magnitudes that agencies state."""

_P_SD = 0.15  # between sequences
_P_RANGE = (0.4, 2.0)
_N_P, _N_A = 81, 241
_A_REACH = 5.0  # standard deviations of the generic spread
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_ZONE_KM = 10.0  # smallest radius of an aftershock zone


@dataclass(frozen=True, slots=True, eq=False)
class SequencePosterior:
    """What is known of one sequence.

    Parameters
    ----------
    magnitude
        Of the mainshock.
    generic
        What was known before.
    until_days
        Up to when aftershocks are known, days after the mainshock.
    n_events
        Number of aftershocks that counted.
    a, p
        Grids of the two parameters, shapes ``(n_a,)`` and ``(n_p,)``.
    weight
        Probability of each pair, shape ``(n_p, n_a)``, sum 1.
    """

    magnitude: float
    generic: GenericAftershocks
    until_days: float
    n_events: int
    a: FloatArray
    p: FloatArray
    weight: FloatArray = field(repr=False)

    def mean_and_sd(self) -> dict[str, tuple[float, float]]:
        """Return mean and standard deviation of ``a`` and ``p``."""
        found = {}
        for name, grid, share in (
            ("a", self.a, self.weight.sum(axis=0)),
            ("p", self.p, self.weight.sum(axis=1)),
        ):
            mean = float(share @ grid)
            found[name] = (mean, math.sqrt(max(float(share @ grid**2) - mean**2, 0.0)))
        return found

    def expected(self, magnitude: float, start_days: float, end_days: float) -> FloatArray:
        """Return the expected number for each pair of parameters, shape ``(n_p, n_a)``.

        Parameters
        ----------
        magnitude
            Aftershocks of at least this magnitude count.
        start_days, end_days
            The window, days after the mainshock.
        """
        one = self.generic
        passed = np.array(
            [
                float(omori_integral(end_days, one.c_days, p))
                - float(omori_integral(start_days, one.c_days, p))
                for p in self.p
            ]
        )
        scale = 10.0 ** (self.a + one.b * (self.magnitude - magnitude))
        return passed[:, None] * scale


@dataclass(frozen=True, slots=True)
class AftershockRow:
    """One line of a table of aftershocks.

    Parameters
    ----------
    magnitude
        Aftershocks of at least this magnitude.
    window
        Name of the window, and its length:
    days
        from the time of issue on.
    expected
        Expected number.
    low95, high95
        Range of numbers that holds with 95 %, parameters and chance together.
    probability
        Of at least one.
    probability_low95, probability_high95
        Range of that probability over what the parameters may be.
    """

    magnitude: float
    window: str
    days: float
    expected: float
    low95: int
    high95: int
    probability: float
    probability_low95: float
    probability_high95: float


@dataclass(frozen=True, slots=True)
class AftershockForecast:
    """Expected numbers and probabilities of aftershocks.

    Parameters
    ----------
    mainshock_magnitude
        Of the mainshock.
    issued_days
        Time of issue, days after the mainshock: from then on windows count.
    regime
        Whose generic parameters were the start.
    n_events
        Number of aftershocks that the parameters were updated with.
    rows
        For each magnitude and window.
    """

    mainshock_magnitude: float
    issued_days: float
    regime: str
    n_events: int
    rows: tuple[AftershockRow, ...]

    def row(self, magnitude: float, window: str) -> AftershockRow:
        """Return one line.

        Raises
        ------
        DataError
            If there is none.
        """
        for one in self.rows:
            if one.window == window and math.isclose(one.magnitude, magnitude):
                return one
        raise DataError(f"the forecast has no line for magnitude {magnitude:g} and {window!r}")


def aftershocks_of(
    catalogue: Catalogue, mainshock: int, until_days: float, radius_km: float | None = None
) -> Catalogue:
    """Return the events after a mainshock and near it.

    Parameters
    ----------
    catalogue
        Events.
    mainshock
        Index of the mainshock.
    until_days
        Only events before this time, days after 1970-01-01.
    radius_km
        Around the mainshock; by default its :func:`rupture_length_km`, and 10 km at least. Ignored
        where the catalogue has no places.

    Raises
    ------
    DataError
        If there is no such event.
    """
    if not 0 <= mainshock < len(catalogue):
        raise DataError(f"event {mainshock} is none of the {len(catalogue)} of the catalogue")
    time, magnitude = catalogue.time_days[mainshock], catalogue.magnitude[mainshock]
    chosen = (catalogue.time_days > time) & (catalogue.time_days < until_days)
    if catalogue.has_places:
        reach = max(_ZONE_KM, rupture_length_km(float(magnitude)))
        there = cartesian_km(catalogue.longitude, catalogue.latitude)
        away = np.linalg.norm(there - there[mainshock], axis=1)
        chosen &= away <= (reach if radius_km is None else radius_km)
    return catalogue.take(chosen)


def aftershock_posterior(
    generic: GenericAftershocks,
    magnitude: float,
    times_days: ArrayLike = (),
    magnitudes: ArrayLike = (),
    until_days: float = 0.0,
    completeness: SequenceCompleteness | None = None,
    p_sd: float = _P_SD,
) -> SequencePosterior:
    """Return the parameters of a sequence, given its aftershocks so far.

    Parameters
    ----------
    generic
        What is usual: ``a`` is normal around its mean with the spread between sequences.
    magnitude
        Of the mainshock.
    times_days, magnitudes
        Of the aftershocks, days after the mainshock.
    until_days
        Up to when aftershocks are known; 0: nothing is, and the generic parameters stand.
    completeness
        Smaller aftershocks do not count. By default that of the regime, with the smallest
        magnitude given.
    p_sd
        Spread of ``p`` between sequences, normal within 0.4 to 2.

    Raises
    ------
    DataError
        If times and magnitudes differ in number, or a time lies outside 0 to ``until_days``.

    References
    ----------
    Reasenberg & Jones (1989), https://doi.org/10.1126/science.243.4895.1173; Page et al. (2016),
    https://doi.org/10.1785/0120160073
    """
    times = np.asarray(times_days, dtype=np.float64)
    sizes = np.asarray(magnitudes, dtype=np.float64)
    _check_aftershocks(times, sizes, until_days)
    spread = generic.spread(magnitude)
    a = generic.a + spread * np.linspace(-_A_REACH, _A_REACH, _N_A)
    reach = generic.p + 4 * p_sd * np.array([-1.0, 1.0])
    low, high = (float(one) for one in np.clip(reach, *_P_RANGE))
    p = np.linspace(low, high, _N_P) if p_sd > 0 else np.array([generic.p])
    log = -(((a - generic.a) / spread) ** 2) / 2 + np.zeros((len(p), 1))
    log = log - (((p - generic.p) / p_sd) ** 2 / 2)[:, None] if p_sd > 0 else log
    n = 0
    if until_days > 0:
        lowest = completeness or generic.completeness(float(sizes.min()) if len(sizes) else 3.0)
        seen = times[sizes >= lowest.at(magnitude, times) - 1e-6]
        n = len(seen)
        expected = _expected_seen(generic, magnitude, p, until_days, lowest)
        log = log + n * LN10 * a - (p * np.log(seen + generic.c_days).sum())[:, None]
        log = log - expected[:, None] * 10.0**a
    weight = np.exp(log - log.max())
    return SequencePosterior(
        magnitude, generic, until_days, n, a, p, np.asarray(weight / weight.sum())
    )


def _check_aftershocks(times: FloatArray, sizes: FloatArray, until_days: float) -> None:
    if times.shape != sizes.shape or times.ndim != 1:
        raise DataError(f"{times.shape} times and {sizes.shape} magnitudes; give one of each")
    if len(times) and not (times.min() > 0 and times.max() <= until_days):
        raise DataError(
            f"aftershocks at {times.min():g} to {times.max():g} days; they must lie after the "
            f"mainshock and not after {until_days:g} days"
        )


def aftershock_forecast(
    posterior: SequencePosterior,
    issued_days: float | None = None,
    magnitudes: Sequence[float] = MAGNITUDES,
    windows_days: Mapping[str, float] = WINDOWS_DAYS,
    n_draws: int = 20_000,
    seed: int = 0,
) -> AftershockForecast:
    """Return expected numbers and probabilities of aftershocks by magnitude and window.

    Numbers are mixed over the parameters: a Poisson number for each draw of them, so that the
    range holds both chance and what is not known of the sequence.

    Parameters
    ----------
    posterior
        Of :func:`aftershock_posterior`.
    issued_days
        Windows begin then, days after the mainshock; by default where knowledge ends.
    magnitudes, windows_days
        What is asked.
    n_draws, seed
        Of the parameters.

    Raises
    ------
    SettingsError
        If the time of issue lies before the end of what is known, or a number is not positive.
    """
    issued = posterior.until_days if issued_days is None else issued_days
    if issued < posterior.until_days:
        raise SettingsError(
            f"issued at {issued:g} days with aftershocks known up to {posterior.until_days:g}; a "
            "forecast is issued when they are known, or later"
        )
    if n_draws < 100 or not all(days > 0 for days in windows_days.values()):
        raise SettingsError(f"{n_draws} draws, windows {dict(windows_days)}; give 100 draws or "
                            "more and windows above 0 days")  # fmt: skip
    rng = np.random.default_rng(seed)
    flat = posterior.weight.ravel()
    chosen = rng.choice(len(flat), n_draws, p=flat)
    rows = []
    for magnitude in magnitudes:
        for name, days in windows_days.items():
            means = posterior.expected(magnitude, issued, issued + days).ravel()
            numbers = rng.poisson(means[chosen])
            rows.append(_row(magnitude, name, days, flat, means, chosen, numbers))
    return AftershockForecast(
        posterior.magnitude, issued, posterior.generic.regime, posterior.n_events, tuple(rows)
    )


def _row(
    magnitude: float,
    name: str,
    days: float,
    weight: FloatArray,
    means: FloatArray,
    chosen: NDArray[np.int64],
    numbers: NDArray[np.int64],
) -> AftershockRow:
    """Return a line from the mean of each pair of parameters, and from draws of the pairs."""
    chances = -np.expm1(-means)
    low, high = np.quantile(numbers, [0.025, 0.975], method="inverted_cdf")
    least, most = np.quantile(chances[chosen], [0.025, 0.975])
    return AftershockRow(
        magnitude=magnitude,
        window=name,
        days=days,
        expected=float(weight @ means),
        low95=int(low),
        high95=int(high),
        probability=float(weight @ chances),
        probability_low95=float(least),
        probability_high95=float(most),
    )


def _expected_seen(
    generic: GenericAftershocks,
    magnitude: float,
    p: FloatArray,
    until_days: float,
    completeness: SequenceCompleteness,
) -> FloatArray:
    """Return the expected number of complete aftershocks so far, for ``a`` of 0; ``(n_p,)``."""
    bends = [day for day in completeness.bends(magnitude) if 0.0 < day < until_days]
    c = generic.c_days
    edges = np.log(np.array([0.0, *bends, until_days]) + c)
    total = np.zeros(len(p))
    for low, high in pairwise(edges):
        u = low + (high - low) * (_NODES + 1) / 2
        seen = 10.0 ** (
            generic.b * (magnitude - completeness.at(magnitude, np.maximum(np.exp(u) - c, 0.0)))
        )
        total += np.exp(np.outer(1.0 - p, u)) @ (seen * _WEIGHTS) * (high - low) / 2
    return total
