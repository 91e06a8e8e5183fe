"""Whether numbers of events are spread as simulated: windows that follow each other, replayed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.base import RateModel
from mainshock.forecast.evaluate import Rows
from mainshock.forecast.region import Region
from mainshock.forecast.scores import (
    count_crps,
    negative_binomial_log_score,
    poisson_log_score,
)
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.sources.seismicity.catalogue import Catalogue, text_from_days

__all__ = [
    "CountCalibration",
    "WindowForecast",
    "consistency",
    "count_calibration",
    "negative_binomial_pit",
    "randomised_pit",
    "simulated_pit",
    "window_forecasts",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_LEVELS = (0.8, 0.95)
_SHOWN = 10


@dataclass(frozen=True, slots=True, eq=False)
class WindowForecast:
    """Simulated and observed events of one window.

    Parameters
    ----------
    start_days, end_days
        The window.
    simulated
        Possible catalogues, given the events before the window.
    observed
        What came.
    """

    start_days: float
    end_days: float
    simulated: SimulatedCatalogues
    observed: Catalogue


@dataclass(frozen=True, slots=True, eq=False)
class CountCalibration:
    """Observed numbers of events among simulated ones, window by window.

    Parameters
    ----------
    start_days
        Of each window, shape ``(n_windows,)``.
    days
        Length of the windows.
    observed
        Events in each.
    simulated
        Numbers in each simulation, shape ``(n_windows, n_simulations)``.
    pit
        Randomised: even between 0 and 1 where the model is right.
    largest
        Largest observed magnitude in each window, NaN without events.
    """

    start_days: FloatArray
    days: float
    observed: IntArray
    simulated: IntArray
    pit: FloatArray
    largest: FloatArray

    def interval(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Return the ends of the central interval of each window's number."""
        low, high = np.quantile(
            self.simulated, [(1 - level) / 2, (1 + level) / 2], axis=1, method="inverted_cdf"
        )
        return low, high

    def share_inside(self, level: float = 0.95) -> float:
        """Return the share of randomised PIT values inside the central part.

        Numbers are whole, so that intervals of them hold more than their level even where the
        model is right; this share does not.
        """
        return float((np.abs(self.pit - 0.5) <= level / 2).mean())

    def share_in_interval(self, level: float = 0.95) -> float:
        """Return the share of observed numbers inside the central interval, its ends included."""
        low, high = self.interval(level)
        return float(((self.observed >= low) & (self.observed <= high)).mean())

    def share_passed(self, level: float = 0.95) -> float:
        """Return the share of windows that pass the N-test: neither tail below half the rest."""
        at_least = (self.simulated >= self.observed[:, None]).mean(axis=1)
        at_most = (self.simulated <= self.observed[:, None]).mean(axis=1)
        return float((np.minimum(at_least, at_most) >= (1 - level) / 2).mean())

    def worst(self, n: int = _SHOWN) -> list[dict[str, Any]]:
        """Return the windows whose number was least expected, the most extreme first."""
        order = np.argsort(-np.abs(self.pit - 0.5), kind="stable")[:n]
        low, high = self.interval(0.95)
        return [
            {
                "from": text_from_days(float(self.start_days[one])),
                "observed": int(self.observed[one]),
                "expected": float(self.simulated[one].mean()),
                "interval95": [int(low[one]), int(high[one])],
                "pit": float(self.pit[one]),
                "largest_magnitude": float(self.largest[one]),
            }
            for one in order
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        n = len(self.observed)
        inside = self.share_inside()
        spread = float(np.sqrt(inside * (1 - inside) / n))
        distance, probability = stats.kstest(self.pit, "uniform")
        return {
            "windows": n,
            "days": self.days,
            "simulations": self.simulated.shape[1],
            "observed_n": int(self.observed.sum()),
            "expected_n": float(self.simulated.mean(axis=1).sum()),
            "pit_inside_95": inside,
            "pit_inside_95_standard_error": spread,
            "pit_inside_80": self.share_inside(0.8),
            "pit_below_0.025": float((self.pit < 0.025).mean()),
            "pit_above_0.975": float((self.pit > 0.975).mean()),
            "interval_coverage": {f"{one:g}": self.share_in_interval(one) for one in _LEVELS},
            "n_test_passed_95": self.share_passed(),
            "pit_kolmogorov": {"distance": float(distance), "probability": float(probability)},
            "crps_mean": float(count_crps(self.simulated, self.observed).mean()),
            **self._by_distribution(),
            "worst": self.worst(),
        }

    def _by_distribution(self) -> dict[str, Any]:
        """Return scores of negative binomial and Poisson counts with the simulated moments."""
        mean = np.maximum(self.simulated.mean(axis=1), 1.0 / self.simulated.shape[1])
        variance = self.simulated.var(axis=1, ddof=1)
        smooth = negative_binomial_pit(self.simulated, self.observed)
        return {
            "negative_binomial": {
                "pit_inside_95": float((np.abs(smooth - 0.5) <= 0.475).mean()),
                "log_score": negative_binomial_log_score(self.observed, mean, variance),
            },
            "poisson": {"log_score": poisson_log_score(self.observed, mean)},
        }


def window_forecasts(
    model: RateModel,
    rows: Rows,
    *,
    days: float = 7.0,
    n_simulations: int = 1000,
    seed: int = 0,
    say: Callable[[str], None] = lambda _: None,
) -> list[WindowForecast]:
    """Return a forecast of each whole window of a test, from the events before it.

    Parameters
    ----------
    model
        That simulates.
    rows
        Of the test.
    days
        Length of the windows, which follow each other; a rest at the end is left out.
    n_simulations
        Catalogues a window.
    seed
        Window ``k`` is drawn from ``seed + k``.
    say
        Called with a line of progress.

    Raises
    ------
    SettingsError
        If no whole window fits, or there are fewer than 20 simulations.
    """
    n = int((rows.end_days - rows.start_days) / days + 1e-9)
    if n < 1 or n_simulations < 20:
        raise SettingsError(
            f"windows of {days:g} days do not fit {rows.end_days - rows.start_days:g} days, or "
            f"{n_simulations} simulations are below 20; give shorter --days or more --n-sim"
        )
    found = []
    for k in range(n):
        start = rows.start_days + k * days
        past = rows.history.between(-np.inf, start)
        drawn = model.simulate(past, start, days, n_simulations, seed + k)
        found.append(
            WindowForecast(start, start + days, drawn, rows.targets.between(start, start + days))
        )
        if (k + 1) % 100 == 0:
            say(f"{k + 1} of {n} windows")
    return found


def count_calibration(forecasts: list[WindowForecast], seed: int = 0) -> CountCalibration:
    """Return how observed numbers lie among simulated ones.

    Parameters
    ----------
    forecasts
        Of windows of one length and with as many simulations each.
    seed
        Of what spreads ties evenly.

    Raises
    ------
    DataError
        If there are none.
    """
    if not forecasts:
        raise DataError("no windows to count in; give a longer test")
    observed = np.array([len(one.observed) for one in forecasts], dtype=np.int64)
    simulated = np.stack([one.simulated.counts() for one in forecasts]).astype(np.int64)
    largest = [one.observed.magnitude.max(initial=-np.inf) for one in forecasts]
    found = np.array(largest)
    return CountCalibration(
        np.array([one.start_days for one in forecasts]),
        forecasts[0].end_days - forecasts[0].start_days,
        observed,
        simulated,
        simulated_pit(simulated, observed, seed),
        np.where(np.isfinite(found), found, np.nan),
    )


def consistency(
    model: RateModel, history: Catalogue, start_days: float, days: float, n: int, seed: int = 0
) -> tuple[float, float]:
    """Return the mean of simulated numbers less their own integrals, and its standard error.

    The intensity that knows the simulated events, integrated over the window, has the same mean
    as their number: a mean further than some standard errors from 0 says that a model simulates
    another process than the one it is scored by.

    Parameters
    ----------
    model
        To be checked.
    history
        Sources before the window.
    start_days, days
        The window.
    n
        Catalogues, an integral each.
    seed
        Of the simulation.
    """
    past = history.between(-np.inf, start_days)
    drawn = model.simulate(past, start_days, days, n, seed)
    apart = []
    ends = np.cumsum(drawn.counts())
    for first, end in zip(np.append(0, ends[:-1]).tolist(), ends.tolist(), strict=True):
        own = _as_catalogue(drawn, first, end, model.info.region)
        known = Catalogue.joined([past, own])
        apart.append(end - first - model.integral(known, start_days, start_days + days))
    found = np.array(apart)
    return float(found.mean()), float(found.std(ddof=1) / np.sqrt(n))


def _as_catalogue(
    drawn: SimulatedCatalogues, first: int, end: int, region: Region | None
) -> Catalogue:
    part = slice(first, end)
    time = drawn.start_days + drawn.time_days[part]
    # single precision stands for the shortest decimal number: 3.1 and not 3.0999999
    magnitude = np.asarray(np.round(drawn.magnitude[part].astype(np.float64), 6), np.float64)
    if drawn.longitude is not None and drawn.latitude is not None:
        places = drawn.longitude[part].astype(np.float64), drawn.latitude[part].astype(np.float64)
    elif region is not None:  # a model of times alone counts the events of its region
        inside = region.polygon.representative_point()
        places = np.full(end - first, inside.x), np.full(end - first, inside.y)
    else:
        return Catalogue(time, magnitude, is_synthetic=drawn.is_synthetic)
    return Catalogue(time, magnitude, *places, is_synthetic=drawn.is_synthetic)


def randomised_pit(below: ArrayLike, at_most: ArrayLike, seed: int = 0) -> FloatArray:
    """Return even draws between the distribution's value below a count and at it.

    References
    ----------
    Czado, Gneiting & Held (2009), https://doi.org/10.1111/j.1541-0420.2009.01191.x
    """
    low, high = np.asarray(below, dtype=np.float64), np.asarray(at_most, dtype=np.float64)
    return np.asarray(low + (high - low) * np.random.default_rng(seed).random(low.shape))


def simulated_pit(simulated: ArrayLike, observed: ArrayLike, seed: int = 0) -> FloatArray:
    """Return the randomised PIT of counts among simulated ones, shape ``(n_windows,)``.

    The observed count is one more draw of the same kind: it takes a random place among the
    simulated counts that equal it.
    """
    x, y = np.asarray(simulated), np.asarray(observed)[:, None]
    n = x.shape[1] + 1
    below, equal = (x < y).sum(axis=1), (x == y).sum(axis=1) + 1
    return randomised_pit(below / n, (below + equal) / n, seed)


def negative_binomial_pit(simulated: ArrayLike, observed: ArrayLike, seed: int = 0) -> FloatArray:
    """Return the randomised PIT under negative binomials with the simulated means and variances.

    Smooth where simulations are few; where the variance is not above the mean, Poisson's.
    """
    x, y = np.asarray(simulated, dtype=np.float64), np.asarray(observed, dtype=np.float64)
    mean = np.maximum(x.mean(axis=1), 1.0 / x.shape[1])
    variance = np.maximum(x.var(axis=1, ddof=1), mean * (1.0 + 1e-6))
    size, share = mean**2 / (variance - mean), mean / variance
    at_most = stats.nbinom.cdf(y, size, share)
    below = np.where(y > 0, stats.nbinom.cdf(y - 1, size, share), 0.0)
    return randomised_pit(below, at_most, seed)
