"""Space-time ETAS: processor time of fits, and of value and slopes, beside plain sums of all pairs.

Run with ``python benchmarks/bench_space_time_etas.py [--events N ...] [--plain-to N] [--fit-to N]
[--threads N]``. Catalogues are SYNTHETIC: drawn from the model itself with a uniform background,
and cut at each number of events. The plain way is the same likelihood in double precision, pair
by pair in a compiled loop, climbed by L-BFGS-B; it is left out above ``--plain-to`` and
``--fit-to`` events. Times are of all threads together, after a run that compiles. Exits with 1 if
values differ by more than 1e-4 nats an event, or a fit takes more than its bar.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from mainshock.forecast.base import FitSettings, ModelInfo
from mainshock.forecast.etas.events import Sources, Targets, inside_of
from mainshock.forecast.etas.kinds import ETAS, HOMOGENEOUS_ETAS
from mainshock.forecast.etas.law import TriggeringLaw
from mainshock.forecast.etas.likelihood import Likelihood, Problem, Window, pair_table
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.etas.transform import NAMES, bounds_of, first_guess, from_vector, to_vector
from mainshock.forecast.region import Region
from mainshock.signal.compiled import compiled
from mainshock.sources.seismicity.catalogue import Catalogue

FloatArray = NDArray[np.float64]

REGION = Region.box(-124.5, 32.3, -114.5, 42.0)  # 0.96 million km2
MC, BETA, M_MAX = 2.5, 2.15, 7.8
# as fits to California have, but with a branching ratio of 0.9
TRUTH = EtasParameters(
    mu_per_day=0.5, k0=0.002, a=1.54, c_days=0.0016, omega=-0.06, tau_days=5000.0,
    d_km2=0.16, gamma=1.02, rho=0.55, m_ref=MC,
)  # fmt: skip
SIZES = (3_900, 11_000, 80_000)
BARS_S = {3_900: 8.0, 11_000: 20.0, 80_000: 240.0}
MOST_OFF = 1e-4  # nats an event


def cpu_s(task: Callable[[], object]) -> float:
    """Return the processor time of a run, after one that compiles if it is short."""
    start = time.process_time()
    task()
    spent = time.process_time() - start
    if spent > 5.0:
        return spent
    start = time.process_time()
    task()
    return time.process_time() - start


def drawn(most: int) -> Catalogue:
    """Return at least so many SYNTHETIC events of the true model."""
    ratio = TRUTH.branching_ratio(BETA, M_MAX)
    true = replace(TRUTH, k0=TRUTH.k0 * 0.9 / ratio)
    info = ModelInfo("etas", FitSettings(0.0, 1.0, MC, REGION), BETA, M_MAX, 1, 0.0, {}, {})
    unknown, none = np.full((9, 9), np.nan), np.zeros(0)
    model = SpaceTimeEtas(info, true, None, None, unknown, TriggeringLaw(true), none)
    days = most * 0.15 / TRUTH.mu_per_day
    while True:
        found = model.simulate(Catalogue(none, none, none, none), 0.0, days, 1, seed=1)
        if len(found.time_days) > most and found.longitude is not None:
            break
        days *= 1.3
    assert found.latitude is not None
    return Catalogue(
        found.time_days,
        found.magnitude.astype(np.float64),
        found.longitude.astype(np.float64),
        found.latitude.astype(np.float64),
        is_synthetic=True,
    )


@compiled
def add_pairs(
    time_days: FloatArray, x: FloatArray, y: FloatArray, z: FloatArray, above: FloatArray,
    first: int, p: FloatArray, intensity: FloatArray, slopes: FloatArray,
) -> None:  # fmt: skip
    """Add the kernels of all earlier events, and their slopes, to those of each target."""
    k0, a, c, omega, tau, d, gamma, rho = p
    for i in range(first, len(time_days)):
        for j in range(i):
            days = time_days[i] - time_days[j]
            if days <= 0.0:
                continue
            square = (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2 + (z[i] - z[j]) ** 2
            spread = d * np.exp(gamma * above[j])
            w = k0 * np.exp(a * above[j] - days / tau)
            w *= (days + c) ** (-1.0 - omega) * (square + spread) ** (-1.0 - rho)
            near = -(1.0 + rho) * w * spread / (square + spread)
            intensity[i - first] += w
            of = slopes[i - first]
            of[1] += w
            of[2] += w * above[j]
            of[3] -= (1.0 + omega) * w * c / (days + c)
            of[4] -= w * np.log(days + c)
            of[5] += w * days / tau
            of[6] += near
            of[7] += near * above[j]
            of[8] -= rho * w * np.log(square + spread)


def decay(p: EtasParameters, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return integrals of the decay with its slopes in ln c, omega and ln tau, ``(4, n)``."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    first, last = np.log(low + p.c_days)[:, None], np.log(high + p.c_days)[:, None]
    u = first + (last - first) * (nodes + 1.0) / 2.0
    passed = np.exp(u)
    days = passed - p.c_days
    g = np.exp(-days / p.tau_days - p.omega * u) * weights * (last - first) / 2.0
    late = -(1.0 + p.omega) * p.c_days / passed
    return np.array([(g * one).sum(axis=1) for one in (np.ones(1), late, -u, days / p.tau_days)])


@dataclass
class Plain:
    """The likelihood of a uniform background and one law, all pairs, term by term."""

    problem: Problem

    def __call__(self, p: EtasParameters) -> tuple[float, FloatArray]:
        """Return value and slopes in the vector of parameters."""
        sources, targets = self.problem.sources, self.problem.targets
        n = len(targets)
        background = p.mu_per_day / REGION.area_km2
        intensity, slopes = np.full(n, background), np.zeros((n, 9))
        slopes[:, 0] = background
        x, y, z = sources.place.astype(np.float64)
        law = np.array([getattr(p, name) for name in NAMES[1:]])
        first = len(sources) - n
        add_pairs(sources.time_days, x, y, z, sources.above, first, law, intensity, slopes)
        expected, of_expected = self.integral(p)
        value = float(np.log(intensity).sum()) - expected
        return value, (slopes / intensity[:, None]).sum(axis=0) - of_expected

    def integral(self, p: EtasParameters) -> tuple[float, FloatArray]:
        """Return the integral over region and window, and its slopes."""
        sources = self.problem.sources
        start, end = self.problem.window.edges_days
        low = np.maximum(start - sources.time_days, 0.0)
        total, of_c, of_omega, of_tau = decay(p, low, end - sources.time_days)
        spread = p.spread_km2(sources.above + MC)
        share, of_spread, of_rho = self.problem.inside.share(spread, p.rho)
        factor = p.space_factor(sources.above + MC) * share
        number = factor * total
        wide = number * (of_spread / share - p.rho)
        steep = number * (p.rho * of_rho / share - 1.0 - p.rho * np.log(spread))
        background = p.mu_per_day * (end - start)
        of_time = [factor @ one for one in (of_c, of_omega, of_tau)]
        slopes = [background, number.sum(), number @ sources.above, *of_time]
        slopes += [wide.sum(), wide @ sources.above, steep.sum()]
        return background + float(number.sum()), np.array(slopes)

    def fit(self) -> tuple[EtasParameters, float, int]:
        """Return the most likely parameters, their value, and the evaluations it took."""
        n, (start, end) = len(self.problem.targets), self.problem.window.edges_days
        bounds = bounds_of(n, end - start)
        high = bounds.high.copy()
        high[NAMES.index("tau_days")] = np.log(end - self.problem.sources.time_days[0])

        def descent(vector: FloatArray) -> tuple[float, FloatArray]:
            value, slopes = self(from_vector(vector, MC))
            return -value / n, -slopes / n

        begin = to_vector(first_guess(n, end - start, MC, BETA))
        limits = list(zip(bounds.low, high, strict=True))
        found = minimize(
            descent, begin, jac=True, method="L-BFGS-B", bounds=limits,
            options={"ftol": 1e-10, "gtol": 1e-7, "maxiter": 500},
        )  # fmt: skip
        return from_vector(found.x, MC), -n * float(found.fun), int(found.nfev)


def problem_of(catalogue: Catalogue, settings: FitSettings) -> Problem:
    """Return what both ways evaluate."""
    sources = Sources.of(catalogue, REGION, MC)
    is_target = catalogue.time_days >= settings.start_days
    targets = Targets.of(catalogue.take(np.flatnonzero(is_target)), REGION, sources)
    window = Window.whole(settings.start_days, settings.end_days)
    return Problem(sources, targets, inside_of(REGION, catalogue), window, 0.0, settings.threads)


def evaluations(problem: Problem, model: SpaceTimeEtas, n_plain: int) -> float:
    """Print what value and slopes take, and return how far values differ, nats an event."""
    law, n = TriggeringLaw(model.parameters), len(problem.targets)
    density = np.full(n, 1.0 / REGION.area_km2)
    background = model.parameters.mu_per_day * density
    pairs = pair_table(law, problem.sources, problem.targets, background, 200, problem.threads)
    whole, chosen = Likelihood(problem, density), Likelihood(problem, density, pairs)
    of_all, of_chosen = cpu_s(lambda: whole(law)), cpu_s(lambda: chosen(law))
    n_pairs = int(problem.targets.before.sum())
    text = f"  value and slopes, all {n_pairs / 1e6:,.1f} million pairs"
    print(f"{text:56s}{1e3 * of_all:10.1f} ms")
    text = f"  the same, from {len(pairs.days):,} pairs that stand for all"
    print(f"{text:56s}{1e3 * of_chosen:10.1f} ms")
    if len(problem.sources) > n_plain:
        return 0.0
    plain = Plain(problem)
    plainly = cpu_s(lambda: plain(law.parameters))
    found = whole(law)
    value, slopes = plain(law.parameters)
    off = abs(found.value - value) / n
    size = np.sqrt(np.diag(found.information))[:9]
    off_slope = float(np.abs((found.gradient[:9] - slopes) / size).max())
    print(
        f"{'  plainly, pair by pair':56s}{1e3 * plainly:10.1f} ms: "
        f"{plainly / of_all:.0f} and {plainly / of_chosen:.0f} times as much"
    )
    print(f"    differences: {off:.1e} nats an event, slopes {off_slope:.1e} standard scores")
    return off


def fits(catalogue: Catalogue, settings: FitSettings, bar_s: float) -> tuple[SpaceTimeEtas, bool]:
    """Print what fits take; return the homogeneous model, and whether all keep to the bar."""
    HOMOGENEOUS_ETAS.fit(catalogue.take(np.arange(400)), replace(settings, start_days=1.0))
    is_within, models = True, []
    for kind in (HOMOGENEOUS_ETAS, ETAS):
        begun, wall = time.process_time(), time.perf_counter()
        model = kind.fit(catalogue, settings)
        spent, passed = time.process_time() - begun, time.perf_counter() - wall
        models.append(model)
        is_within &= spent <= bar_s
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(
            f"  fit {kind.name:17s} {spent:7.2f} CPU s (bar {bar_s:g}), {passed:.2f} s, "
            f"{model.info.log_likelihood / model.info.n_events:.4f} nats an event, "
            f"{most:.2f} GB at most so far"
        )
        for one in model.info.warnings:
            print(f"    {one}")
        if kind is HOMOGENEOUS_ETAS:
            recovered(model)
    return models[0], is_within


def recovered(model: SpaceTimeEtas) -> None:
    """Print how far the homogeneous fit is from the truth."""
    true = replace(TRUTH, k0=TRUTH.k0 * 0.9 / TRUTH.branching_ratio(BETA, M_MAX))
    off = to_vector(model.parameters) - to_vector(true)
    score = off / np.sqrt(np.diag(model.covariance))
    text = ", ".join(f"{name} {one:+.1f}" for name, one in zip(NAMES, score, strict=True))
    print(f"    estimate less truth, in standard errors: {text}")


def plain_fit(catalogue: Catalogue, settings: FitSettings, problem: Problem) -> float:
    """Print what a plain fit takes, and return by how much its optimum is higher."""
    begun = time.process_time()
    _, value, calls = Plain(problem).fit()
    spent = time.process_time() - begun
    begun = time.process_time()
    model = HOMOGENEOUS_ETAS.fit(catalogue, settings)
    own = time.process_time() - begun
    higher = (value - model.info.log_likelihood) / len(problem.targets)
    text = f"  fit plainly, {calls} values"
    print(f"{text:56s}{spent:10.2f} CPU s: {spent / own:.0f} times as much")
    print(f"    its optimum is higher by {higher:+.1e} nats an event")
    return higher


def case(catalogue: Catalogue, settings: FitSettings, n_plain: int, n_fit: int) -> bool:
    """Print all that is measured at one catalogue, and return whether it is as it must be."""
    n = len(catalogue)
    print(f"SYNTHETIC, {n:,} events, {REGION.area_km2:,.0f} km2, {settings.threads} thread(s)")
    model, is_well = fits(catalogue, settings, BARS_S.get(n, np.inf))
    problem = problem_of(catalogue, settings)
    is_well &= evaluations(problem, model, n_plain) <= MOST_OFF
    if n <= n_fit:
        is_well &= plain_fit(catalogue, settings, problem) <= MOST_OFF
    print()
    return is_well


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=SIZES)
    parser.add_argument("--plain-to", type=int, default=11_000)
    parser.add_argument("--fit-to", type=int, default=4_000)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    everything = drawn(max(asked.events))
    is_well = True
    for n in sorted(asked.events):
        end = float(everything.time_days[n])
        settings = FitSettings(0.1 * end, end, MC, REGION, threads=asked.threads)
        cut = everything.take(np.arange(n))
        is_well &= case(cut, settings, asked.plain_to, asked.fit_to)
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
