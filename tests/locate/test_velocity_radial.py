"""The radial Earth against ObsPy's TauP, which solves it in another way."""

import numpy as np
import pytest

from mainshock.core.errors import DataError, GeometryError
from mainshock.locate.velocity import radial

PHASES = {"P": ["p", "P", "Pn", "Pg"], "S": ["s", "S", "Sn", "Sg"]}
KM_PER_DEG = np.pi * 6371.0 / 180.0


@pytest.mark.parametrize("name", ["iasp91", "ak135"])
def test_agrees_with_taup(name, rng):
    from obspy.taup import TauPyModel

    reference, model = TauPyModel(name), getattr(radial, name)()
    for number in range(40):
        depth = float(rng.choice([0.0, 5.0, 15.0, 33.0, 60.0, 110.0, 250.0]))
        distance = float(rng.uniform(2.0, 300.0) if number % 4 else rng.uniform(300.0, 1500.0))
        phase = "PS"[number % 2]
        arrivals = reference.get_travel_times(depth, distance / KM_PER_DEG, PHASES[phase])
        expected = min(arrival.time for arrival in arrivals)
        found = float(model.travel_time_s(phase, distance, depth, 0.0))
        # TauP itself interpolates between its rays: about 1 ms
        assert found == pytest.approx(expected, abs=2e-3), (phase, depth, distance)


def test_time_curves_have_no_gaps_or_jumps():
    model = radial.iasp91()
    distance = np.linspace(0.0, 1200.0, 4000)
    for depth in (0.0, 10.0, 35.0, 120.0, 410.0):
        times = model.travel_time_s("P", distance, depth, -1.0)
        step = np.diff(times) / np.diff(distance)
        # p in flattened coordinates never exceeds the surface slowness
        assert (step >= -1e-9).all()
        assert step.max() < 1.0 / 5.7


def test_limits_are_told():
    model = radial.iasp91()
    with pytest.raises(GeometryError, match="beyond"):
        model.travel_time_s("P", 12_000.0, 10.0, 0.0)
    with pytest.raises(GeometryError, match="outside"):
        model.travel_time_s("P", 10.0, 2000.0, 0.0)
    with pytest.raises(DataError, match="takes no numbers"):
        radial.ak135("6,3")


def test_damaged_table_is_refused(tmp_path):
    path = tmp_path / "broken.tvel"
    path.write_text("a\nb\n0 5.8 x 2\n")
    with pytest.raises(DataError, match="broken"):
        radial.read_tvel(path, "broken")
