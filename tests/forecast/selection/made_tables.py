"""Tables whose truth is known: counts that follow a feature, in several cells."""

import numpy as np
import pandas as pd

from mainshock.forecast.selection.tabular import TabularSelection, TabularSettings, select_on_table
from mainshock.forecast.selection.user_table import prepare_table
from mainshock.sources.seismicity.catalogue import Catalogue

QUICK = ("linear", "boosting")


def made_table(n_days: int = 400, seed: int = 0) -> pd.DataFrame:
    """Rows of three cells a day: ``target_any_3d`` follows ``level``, cells differ."""
    rng = np.random.default_rng(seed)
    time = np.repeat(np.datetime64("2001-01-01") + np.arange(n_days), 3)
    cell = np.tile(np.array(["north", "south", "west"]), n_days)
    level = rng.gamma(0.5, 1.0, len(time))
    level[rng.random(len(time)) < 0.1] = np.nan
    base = np.array([0.1, 0.3, 0.8])[np.tile(np.arange(3), n_days)]
    mean = base * (0.3 + 1.5 * np.nan_to_num(level, nan=0.5))
    count = rng.poisson(mean)
    return pd.DataFrame(
        {
            "time": [f"{one}T00:00:00Z" for one in time],
            "cell": cell,
            "level": level,
            "style": rng.choice(["thrust", "normal", "strike-slip"], len(time)),
            "noise": rng.normal(size=len(time)),
            "target_any_3d": (count > 0).astype(int),
            "target_n_3d": count,
            "target_log_3d": np.log1p(mean) + rng.normal(0.0, 0.05, len(time)),
        }
    )


def selected(
    target: str = "target_any_3d", frame: pd.DataFrame | None = None, **settings: object
) -> TabularSelection:
    """A quick selection on such a table."""
    table = prepare_table(made_table() if frame is None else frame, target, group="cell")
    given = {"gap": 3.0, "n_splits": 3, "models": QUICK, "n_trials": 2, **settings}
    return select_on_table(table, TabularSettings(**given))


def made_catalogue(n: int = 400, days: float = 2000.0, seed: int = 3) -> Catalogue:
    """Events around two faults, magnitudes from 3 on with b = 1, at a constant rate."""
    rng = np.random.default_rng(seed)
    at = rng.integers(0, 2, n)
    return Catalogue(
        np.sort(rng.uniform(0.0, days, n)),
        3.0 + np.round(rng.exponential(1 / np.log(10.0), n), 2),
        longitude=np.array([10.3, 11.6])[at] + rng.normal(0.0, 0.08, n),
        latitude=np.array([43.2, 43.8])[at] + rng.normal(0.0, 0.08, n),
        depth_km=np.full(n, 8.0),
    )
