"""A made-up region whose station, field and path terms are known, for tests of the medians."""

import numpy as np
from numpy.typing import NDArray

from mainshock.shaking.scenarios import Scenarios

FloatArray = NDArray[np.float64]

TAU, PHI = 0.3, 0.4


def made_region(
    seed: int = 1, *, events: int = 60, stations: int = 40
) -> tuple[Scenarios, FloatArray, FloatArray]:
    """Return records of a region of 80 km, two measures of each, and their true medians.

    The measures share a site field that waves over the map; the second has it doubled, and has
    half of the first's record terms.
    """
    rng = np.random.default_rng(seed)
    centre = np.array([13.0, 42.5])
    place = centre + rng.uniform(-0.4, 0.4, (stations, 2))
    hypocentre = centre + rng.uniform(-0.4, 0.4, (events, 2))
    magnitude, depth = rng.uniform(2.0, 4.5, events), rng.uniform(3.0, 15.0, events)
    event, station = (one.ravel() for one in np.mgrid[:events, :stations])
    kept = rng.random(len(event)) < 0.5
    event, station = event[kept], station[kept]
    scenarios = Scenarios(
        magnitude[event],
        depth[event],
        hypocentre[event, 0],
        hypocentre[event, 1],
        place[station, 0],
        place[station, 1],
        np.full(len(event), np.nan),
        np.array([f"e{one}" for one in event]),
        np.array([f"s{one}" for one in station]),
    )
    plain = 2.0 * scenarios.magnitude - 1.3 * np.log(scenarios.hypocentral_km())
    field = np.sin(9.0 * place[:, 0]) + np.cos(9.0 * place[:, 1])
    truth = np.column_stack((plain + 0.5 * field[station], 1.0 + plain + field[station]))
    term = rng.normal(0.0, TAU, events)[event]
    record = rng.normal(0.0, PHI, (len(event), 2))
    record[:, 1] = 0.5 * record[:, 0] + np.sqrt(0.75) * record[:, 1]
    return scenarios, truth + term[:, None] + record, truth
