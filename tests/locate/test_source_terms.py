"""Corrections that depend on the source."""

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.core.records import Pick
from mainshock.core.times import utc_from_posix
from mainshock.locate.calibrate import KnownEvent, learn_terms
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.source_terms import SourceTerm, left_out
from mainshock.locate.terms import read_terms
from mainshock.locate.velocity.constant import ConstantVelocity
from mainshock.locate.velocity.volume import sample_volume


def two_halves(east, north, depth):
    """A fault: 10 % faster in the east."""
    vp = 5.5 + 0.02 * depth + 0.0 * north + 0.3 * np.tanh(east / 3.0)
    return vp, vp / 1.73


@pytest.fixture
def events(frame, network, rng):
    """Stations and 90 events of a small cloud off the middle of the network."""
    stations = network(6)
    box = {"first_km": (-60.0, -60.0, -2.0), "last_km": (60.0, 60.0, 30.0)}
    truth = sample_volume(two_halves, frame, spacing_km=(2.0, 2.0, 2.0), **box)
    east, north = rng.uniform(-12.0, 12.0, 90), rng.uniform(-12.0, 12.0, 90)
    depth = rng.uniform(4.0, 14.0, 90)
    longitude, latitude = frame.to_geographic(east, north)
    times = {
        (s, phase): truth.station_travel_time_s(phase, s, longitude, latitude, depth)
        + 0.02 * rng.standard_normal(90)
        for s in stations
        for phase in ("P", "S")
    }
    return stations, [
        KnownEvent(
            tuple(
                Pick(s.network, s.station, "", phase, utc_from_posix(1.6e9 + t[i]), 0.9, 0.02, "x")
                for (s, phase), t in times.items()
            ),
            1.6e9,
            float(longitude[i]),
            float(latitude[i]),
            float(depth[i]),
        )
        for i in range(90)
    ]


def mean_error_km(events, stations, frame, terms):
    method = GridLocation(ConstantVelocity(5.7, 3.29), 0.03, terms=terms, n_nodes=30_000)
    errors = []
    for event in events:
        origin, _ = method.locate(event.picks, stations, np.random.default_rng(0))
        east, north = frame.to_local(
            [origin.longitude, event.longitude], [origin.latitude, event.latitude]
        )
        errors.append(np.hypot(np.diff(east), np.diff(north)))
    return float(np.mean(errors))


def test_each_step_of_learning_helps_on_events_not_seen(events, frame, tmp_path):
    stations, known = events
    past, new = known[:78], known[78:]
    model = ConstantVelocity(5.7, 3.29)
    plain = learn_terms(past, stations, model)
    learn_terms(past, stations, model, by_source=True).write(tmp_path / "terms.json")
    detailed = read_terms(tmp_path / "terms.json")
    assert any(terms.sources for terms in detailed.stations.values())
    without, with_terms, with_sources = (
        mean_error_km(new, stations, frame, terms) for terms in (None, plain, detailed)
    )
    assert with_terms < without
    assert with_sources < 0.8 * with_terms


def test_pure_scatter_teaches_no_source_term(frame, rng):
    places = np.column_stack([rng.uniform(-10.0, 10.0, (60, 3))])
    residual = rng.standard_normal(60)
    for radius_km in (2.0, 8.0):
        foretold = left_out(places, residual, radius_km)
        assert np.var(residual - foretold) > 0.95 * np.var(residual)


def test_correction_is_the_mean_near_events_and_nothing_far_away():
    sources = tuple((13.0, 46.0, 8.0, 0.4) for _ in range(50))
    term = SourceTerm(5.0, sources)
    near, far = term.correction_s([13.0, 15.0], [46.0, 46.0], [8.0, 8.0])
    assert near == pytest.approx(0.4 * 50 / 51, abs=0.02)
    assert far == 0.0


def test_a_term_without_sources_is_refused():
    with pytest.raises(DataError, match="source"):
        SourceTerm(5.0, ())
