"""How active simulated events are: what the events of a fit say about those with such a parent."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.activity import LARGEST_ACTIVITY, activity_of
from mainshock.forecast.etas.events import Sources, Targets
from mainshock.forecast.etas.kernels import Columns
from mainshock.forecast.etas.law import TriggeringLaw, Variation
from mainshock.forecast.etas.likelihood import triggered
from mainshock.signal.compiled import compiled

__all__ = ["LIFT_STEP", "LOWEST_LIFT", "Lineage", "lineage_of"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LOWEST_LIFT = -3.0
"""Of the first row of a :class:`Lineage`."""

LIFT_STEP = 0.5
"""Between its rows."""

_N_LIFTS = 27
_N_ACTIVITIES = 80
_N_QUANTILES = 32
_MOST_TARGETS = 3000


@dataclass(frozen=True, slots=True, eq=False)
class Lineage:
    """The spread of activity among events of one lift: ln of their parent's part over background.

    An event's activity counts all that lifts the intensity where it comes, its parent alone is
    known when it is drawn. Among the events of the fit both are.

    Parameters
    ----------
    activity
        Even quantiles for lifts from ``LOWEST_LIFT`` on in steps of ``LIFT_STEP``, shape
        ``(27, 32)``.
    of_background
        The same for events that nothing triggered, shape ``(32,)``.
    of_triggered
        The same for all others.
    density
        Of the background at the events that it is made of, per km^2, shape ``(n_kernels,)``.
    """

    activity: FloatArray
    of_background: FloatArray
    of_triggered: FloatArray
    density: FloatArray

    def factors(self, variation: Variation) -> tuple[float, float]:
        """Return how many times more productive than at mean activity events are on average.

        Those that nothing triggered, and the others.
        """
        more = variation.productivity_activity
        kinds = (self.of_background, self.of_triggered)
        mean = [np.exp(more * (one - variation.mean_activity)).mean() for one in kinds]
        return float(mean[0]), float(mean[1])


def lineage_of(
    law: TriggeringLaw,
    plain: TriggeringLaw,
    sources: Sources,
    targets: Targets,
    density: FloatArray,
    threads: int = 1,
) -> Lineage:
    """Return the spread of activity among the events of a fit; of some thousand, if they are more.

    Parameters
    ----------
    law
        By which events trigger: says how probable each parent is.
    plain
        By which activity is defined.
    sources, targets
        All events, as both.
    density
        Of the background at each, per km^2.
    threads
        That may be used.
    """
    lifted = triggered(plain, sources, targets, threads)[:, 0]
    activity = activity_of(plain.parameters.mu_per_day * density, lifted)
    sources = replace(sources, activity=activity)
    chosen = np.arange(0, len(targets), max(1, len(targets) // _MOST_TARGETS))
    some = Targets(targets.time_days[chosen], targets.place[chosen], targets.before[chosen])
    background = law.parameters.mu_per_day * density[chosen]
    total = background + triggered(law, sources, some, threads)[:, 0]
    column = _columns_of(activity[chosen])
    weight = np.zeros((_N_LIFTS, _N_ACTIVITIES))
    _count_parents(
        (some.time_days, some.place, some.before),
        (sources.time_days, sources.place),
        law.columns(sources),
        plain.columns(sources),
        np.array([1.0 / one.parameters.tau_days for one in (law, plain)]),
        np.array([1.0 + one.parameters.rho for one in (law, plain)]),
        total,
        np.log(plain.parameters.mu_per_day * density[chosen]),
        column,
        weight,
    )
    alone = np.log1p(np.exp(LOWEST_LIFT + LIFT_STEP * np.arange(_N_LIFTS)))
    weight[np.arange(_N_LIFTS), _columns_of(alone)] += 1.0  # where there are no events
    of_background = np.zeros(_N_ACTIVITIES)
    np.add.at(of_background, column, background / total)
    of_all = np.bincount(column, minlength=_N_ACTIVITIES).astype(np.float64)
    return Lineage(
        activity=np.stack([_quantiles(one) for one in weight]),
        of_background=_quantiles(of_background),
        of_triggered=_quantiles(np.maximum(of_all - of_background, 0.0)),
        density=density,
    )


def _columns_of(activity: FloatArray) -> IntArray:
    """Return the columns of activities in the histogram."""
    found = np.minimum(activity / LARGEST_ACTIVITY * _N_ACTIVITIES, _N_ACTIVITIES - 1)
    return found.astype(np.int64)


def _quantiles(weight: FloatArray) -> FloatArray:
    """Return the activities at even quantiles of a histogram."""
    edges = np.linspace(0.0, LARGEST_ACTIVITY, _N_ACTIVITIES + 1)
    reached = np.append(0.0, np.cumsum(weight)) / weight.sum()
    return np.interp((np.arange(_N_QUANTILES) + 0.5) / _N_QUANTILES, reached, edges)


@compiled
def _count_parents(
    events: tuple[FloatArray, NDArray[np.float32], IntArray],
    past: tuple[FloatArray, NDArray[np.float32]],
    law: Columns,
    plain: Columns,
    per_tau: FloatArray,
    steepness: FloatArray,
    total: FloatArray,
    log_background: FloatArray,
    column: IntArray,
    weight: FloatArray,
) -> None:
    """Add each pair's probability to the row of its lift and the column of its activity."""
    time, place, before = events
    since, there = past
    for j in range(len(time)):
        least = 1e-5 * total[j]
        for i in range(before[j]):
            days = time[j] - since[i]
            x = place[j, 0] - there[0, i]
            y = place[j, 1] - there[1, i]
            z = place[j, 2] - there[2, i]
            square = np.float64(x * x + y * y + z * z)
            log = (
                law.log_weight[i]
                - days * per_tau[0]
                - law.exponent[i] * np.log(days + law.c_days[i])
            )
            found = np.exp(log - steepness[0] * np.log(square + law.spread[i]))
            if found < least:
                continue
            lift = plain.log_weight[i] - days * per_tau[1] - log_background[j]
            lift -= plain.exponent[i] * np.log(days + plain.c_days[i])
            lift -= steepness[1] * np.log(square + plain.spread[i])
            row = int((lift - LOWEST_LIFT) / LIFT_STEP + 0.5)
            weight[min(max(row, 0), len(weight) - 1), column[j]] += found / total[j]
