"""Time of the live forecast: an event with its rate grid, and a probability, in the busiest days.

Run with ``python benchmarks/bench_live_forecast.py``. One thread. Models are fitted to the open
catalogue of southern California, M 3 and more (folder named by MAINSHOCK_DATA, or ``shared/data``
beside the checkout): until 1992 for the days after 1992-06-28, until 2005 for those after
2010-04-04. Where the file is missing, a SYNTHETIC catalogue stands in, with M 7.3 and M 7.2 at
these times. Each event is taken in and the grid of the coming day is made; then one question is
asked of a new circle, or of the region with a magnitude and a window that were not asked before.

Bars: 99 % of the events within 5 ms, 99 % of the questions within 10 ms, both in CPU time, since
other work on the machine makes waiting times longer; those are printed beside. Exits with 1 if
a bar is missed.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mainshock.forecast.base import FitSettings
from mainshock.forecast.live import LiveEvent, LiveForecast
from mainshock.forecast.long_term import Circle
from mainshock.forecast.region import Region
from mainshock.forecast.registry import RATE_MODELS
from mainshock.sources.seismicity.catalogue import Catalogue, days_from_text
from mainshock.sources.seismicity.read import read_seismicity

REGION = Region.box(-122.0, 32.0, -114.0, 37.0)
CASES = (("1992-06-28T11:50:00Z", "1992-01-01"), ("2010-04-04T22:40:00Z", "2005-01-01"))
FIRST, LAST, MC, DAYS = "1985-01-01", "2014-01-01", 3.0, 5.0
UPDATE_BAR_MS, QUESTION_BAR_MS = 5.0, 10.0
Spent = list[tuple[float, float]]


def catalogue() -> tuple[str, Catalogue]:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("MAINSHOCK_DATA") or beside) / "catalogs"
    path = folder / "socal_scedc_m30_train.parquet"
    if path.is_file():
        return path.name, read_seismicity(path)
    return "SYNTHETIC catalogue", made_up()


def made_up() -> Catalogue:
    """Return a past like that of southern California, with two large sequences."""
    rng = np.random.default_rng(1)
    first, last = (days_from_text(one) for one in ("1981-01-01", LAST))
    n, n_after = 8000, 1500
    faults = rng.uniform([-120.0, 32.5], [-115.0, 36.0], (60, 2))
    time_days = [rng.uniform(first, last, n)]
    place = [faults[rng.integers(0, 60, n)] + rng.normal(0, 0.1, (n, 2))]
    magnitude = [MC + rng.exponential(0.43, n)]
    for (begin, _), largest, middle in zip(
        CASES, (7.3, 7.2), ([-116.44, 34.2], [-115.3, 32.3]), strict=True
    ):
        after = 0.01 * np.expm1(rng.random(n_after) * np.log1p(1000.0 / 0.01))
        time_days.append(days_from_text(begin) + np.append(0.0, after))
        place.append(np.array(middle) + rng.normal(0, 0.15, (n_after + 1, 2)))
        magnitude.append(np.append(largest, MC + rng.exponential(0.43, n_after)))
    order = np.argsort(np.concatenate(time_days), kind="stable")
    places = np.concatenate(place)[order]
    size = np.minimum(np.concatenate(magnitude), 7.5)[order]
    times = np.concatenate(time_days)[order]
    return Catalogue(times, size, places[:, 0], places[:, 1], is_synthetic=True)


def timed(spent: Spent, task: Callable[[], object]) -> None:
    """Run a task, and note its CPU and waiting time in ms."""
    start, cpu = time.perf_counter(), time.thread_time()
    task()
    spent.append((1e3 * (time.thread_time() - cpu), 1e3 * (time.perf_counter() - start)))


def event_of(events: Catalogue, number: int) -> LiveEvent:
    columns = (events.time_days, events.longitude, events.latitude, events.magnitude)
    return LiveEvent(f"e{number}", *(float(one[number]) for one in columns))


def question(rng: np.random.Generator, number: int) -> tuple[float, Circle | None, float]:
    """Return magnitude, area and days: in turn of a place, and of what was not asked before."""
    if number % 2:
        return round(float(rng.uniform(MC, 7.0)), 2), None, round(float(rng.uniform(0.2, 7.0)), 2)
    place = rng.uniform([-121.5, 32.5], [-114.5, 36.5])
    radius = float(np.exp(rng.uniform(np.log(5.0), np.log(300.0))))
    return float(rng.choice([3.0, 4.0, 5.0, 6.0])), Circle(*map(float, place), radius), 1.0


def run(known: Catalogue, begin: str, fitted_until: str) -> tuple[Spent, Spent]:
    settings = FitSettings(days_from_text(FIRST), days_from_text(fitted_until), MC, REGION)
    model = RATE_MODELS.load("etas").fit(known, settings)
    start = days_from_text(begin)
    opening: Spent = []
    live: list[LiveForecast] = []
    timed(opening, lambda: live.append(LiveForecast(model, known, start)))
    news = known.between(start, start + DAYS)
    rng = np.random.default_rng(0)
    live[0].expected()
    live[0].probability(*question(rng, 0))
    updates: Spent = []
    questions: Spent = []
    for number in range(len(news)):
        event = event_of(news, number)
        timed(updates, lambda event=event: (live[0].update(event), live[0].expected()))
        asked = question(rng, number)
        timed(questions, lambda asked=asked: live[0].probability(*asked))
    n = len(live[0].history)
    size = f"{len(live[0].grid.area_km2)} cells"
    print(f"{begin}: opened with {n} events, {size}, {opening[0][0] / 1e3:.1f} CPU s")
    print(f"  {len(news)} events in {DAYS:g} days, up to M {news.magnitude.max():.1f}")
    return updates, questions


def tell(name: str, spent: Spent, bar_ms: float) -> bool:
    cpu, wall = (np.percentile(one, [50, 99, 100]) for one in np.array(spent).T)
    print(f"  {name:24s} {cpu[0]:8.2f} {cpu[1]:8.2f} {cpu[2]:8.2f}", end="")
    print(f"   {wall[0]:8.2f} {wall[1]:8.2f} {wall[2]:8.2f}")
    return bool(cpu[1] <= bar_ms)


def main() -> int:
    name, events = catalogue()
    known = events.between(-np.inf, days_from_text(LAST))
    print(f"{name}; CPU ms: median, 99 %, largest; then the same of waiting time")
    met = []
    for begin, fitted_until in CASES:
        updates, questions = run(known, begin, fitted_until)
        met.append(tell("event with rate grid", updates, UPDATE_BAR_MS))
        met.append(tell("probability", questions, QUESTION_BAR_MS))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
