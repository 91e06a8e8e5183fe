"""A catalogue that can be learnt from: scattered events, and aftershocks of regular mainshocks."""

from functools import cache

import numpy as np

from mainshock.forecast.base import FitSettings
from mainshock.forecast.region import Region
from mainshock.sources.seismicity.catalogue import Catalogue

BOX = Region.box(-118.0, 33.0, -116.0, 35.0)
START, END, LAST = 300.0, 1300.0, 1500.0
QUICK = {"max_trees": 6, "cell_deg": 1.0, "min_rows": 40}
SETTINGS = FitSettings(START, END, 3.0, BOX, history_start_days=10.0, seed=3, options=QUICK)


@cache
def sequences(seed: int = 5) -> Catalogue:
    """Events of 1500 days, a mainshock with 40 aftershocks every 90 days; some lie outside."""
    rng = np.random.default_rng(seed)
    n = 300
    parts = [
        np.column_stack(
            [
                rng.uniform(0.0, LAST, n),
                3.0 + rng.exponential(0.43, n).clip(0.0, 2.0),
                rng.uniform(-118.4, -115.8, n),
                rng.normal(34.0, 0.5, n),
            ]
        )
    ]
    for time in np.arange(40.0, LAST, 90.0):
        place = rng.uniform([-117.9, 33.1], [-116.1, 34.9])
        delay = 0.02 * np.expm1(rng.random(40) * np.log(30.0 / 0.02))
        parts.append(np.array([[time, 6.0, *place]]))
        parts.append(
            np.column_stack(
                [
                    time + delay,
                    3.0 + rng.exponential(0.43, 40).clip(0.0, 2.5),
                    rng.normal(place[0], 0.05, 40),
                    rng.normal(place[1], 0.05, 40),
                ]
            )
        )
    time, magnitude, longitude, latitude = np.concatenate(parts).T
    return Catalogue(time, magnitude.round(2), longitude=longitude, latitude=latitude)
