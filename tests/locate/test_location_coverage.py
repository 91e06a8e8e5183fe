"""Credible regions hold what they promise, on events whose place is known."""

import numpy as np
import pytest

from mainshock.core.records import Station
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.posterior import ranks
from mainshock.locate.simulate import PickErrors, Simulation
from mainshock.locate.simulation_sources import BoxSources
from mainshock.locate.velocity.constant import ConstantVelocity
from mainshock.locate.velocity.layered import LayeredVelocity

UNIFORM = ConstantVelocity(6.0, 3.46)
LAYERS = LayeredVelocity((0.0, 4.0, 15.0, 32.0), (5.0, 5.9, 6.6, 8.0), (2.9, 3.4, 3.8, 4.5))
BOX = ((-30.0, -30.0, 0.0), (30.0, 30.0, 20.0))


@pytest.fixture
def case(request, network, frame):
    """A simulation and the method that knows its errors."""
    name = request.param
    single = [Station("XX", "A", 13.0, 46.0, 800.0)]
    wide = ((-60.0, -60.0, 0.0), (60.0, 60.0, 20.0))
    box, wider = BoxSources(frame, *BOX), BoxSources(frame, *wide)
    simulations = {
        "P and S": Simulation(network(6), UNIFORM, box),
        "P and S, layers": Simulation(network(7), LAYERS, box),
        "three stations": Simulation(network(3), UNIFORM, box),
        "P only": Simulation(network(8), UNIFORM, box, phases=("P",)),
        "outliers": Simulation(network(6), UNIFORM, box, PickErrors(outlier_share=0.05)),
        "model error": Simulation(network(6), UNIFORM, box, PickErrors(model_error=0.03)),
        "single, azimuth": Simulation(
            single, UNIFORM, wider, PickErrors(back_azimuth_sigma_deg=15.0)
        ),
        "single": Simulation(single, UNIFORM, wider),
    }
    in_the_box = {"prior": wider, "depth_range_km": (0.0, 20.0)}
    fields = {
        "outliers": {"outlier_probability": 0.05},
        "model error": {"model_error": 0.03},
        "single, azimuth": {**in_the_box, "azimuth_outlier_probability": 0.0},
        "single": in_the_box,
    }
    simulation = simulations[name]
    return simulation, lambda n_nodes: GridLocation(
        simulation.travel_times, n_nodes=n_nodes, **fields.get(name, {})
    )


def truth_ranks(simulation, method, n, seed):
    rng = np.random.default_rng(seed)
    return np.array(
        [
            ranks(
                method.posterior(event.picks, simulation.stations),
                event.longitude,
                event.latitude,
                event.depth_km,
            )
            for event in simulation.events(n, rng)
        ]
    )


def require_coverage(found, margin):
    for column, name in enumerate(("epicentre", "hypocentre")):
        for level in (0.68, 0.95):
            share = float(np.mean(found[:, column] < level))
            assert abs(share - level) < margin(level), f"{name} {level}: {share:.3f}"


@pytest.mark.parametrize("case", ["P and S", "outliers"], indirect=True)
def test_regions_hold_what_they_promise(case):
    simulation, method = case
    n = 120
    # three standard errors of a share
    require_coverage(
        truth_ranks(simulation, method(10_000), n, 5),
        lambda level: 3.0 * np.sqrt(level * (1 - level) / n),
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "n"),
    [
        ("P and S", 2000),
        ("P and S, layers", 1000),
        ("P only", 2000),
        ("outliers", 2000),
        ("single, azimuth", 2000),
        ("three stations", 1000),
        ("model error", 1000),
        ("single", 2000),
    ],
    indirect=["case"],
)
def test_regions_hold_what_they_promise_within_three_points(case, n):
    simulation, method = case
    require_coverage(
        truth_ranks(
            simulation, method(500_000 if len(simulation.stations) == 1 else 40_000), n, 11
        ),
        lambda _: 0.03,
    )
