"""Faults that were found by use, each with the case that showed it."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.core.records import Pick, Station
from mainshock.core.times import parse_utc, utc_from_posix
from mainshock.events.duplicates import SortedTimes
from mainshock.locate.gaussian_mixture import fit_mixture
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.observations import observe
from mainshock.locate.terms import IncidenceTerm, StationTerms, TermTable, TimeTerm
from mainshock.locate.velocity.constant import ConstantVelocity
from mainshock.locate.velocity.volume import sample_volume
from mainshock.pipeline.location_setup import LocationSetup
from mainshock.sources.tables import read_picks

STATION = Station("XX", "A", 13.0, 46.0, 500.0)


def pick(phase, second, **more):
    return Pick("XX", "A", "", phase, utc_from_posix(1.6e9 + second), 0.9, 0.05, "test", **more)


def test_a_volume_that_holds_no_place_for_the_picks_does_not_end_the_run(frame, rng):
    box = {"first_km": (-20.0, -20.0, -2.0), "last_km": (20.0, 20.0, 20.0)}
    volume = sample_volume(
        lambda east, north, depth: (6.0 + 0.0 * east, 3.46 + 0.0 * north),
        frame,
        spacing_km=(2.0, 2.0, 2.0),
        **box,
    )
    method = GridLocation(volume, n_nodes=20_000)
    origin, arrivals = method.locate([pick("P", 0.0), pick("S", 30.0)], [STATION], rng)
    assert max(abs(arrival.residual_s) for arrival in arrivals) > 5.0
    origin, _ = method.locate([pick("P", 0.0), pick("S", 1.5)], [STATION], rng)
    assert origin.time_sd_s < 5.0


def test_picks_of_one_id_a_minute_apart_are_no_event():
    picks = [pick("P", 0.0), pick("S", 2.0), pick("P", 60.0), pick("S", 62.0)]
    with pytest.raises(DataError, match="its own event_id"):
        observe(picks, [STATION])


def test_incidence_counts_once():
    terms = TermTable(
        "m", {"XX.A": StationTerms({"P": TimeTerm()}, incidence=IncidenceTerm(0.0, 0.7, 5.0))}
    )
    picks = [pick("P", 0.0, incidence_deg=30.0), pick("S", 2.0, incidence_deg=30.0)]
    assert len(observe(picks, [STATION], terms).incidences) == 1


def test_terms_fit_a_station_whose_network_nobody_states():
    term = StationTerms({"P": TimeTerm(shift_s=0.3)})
    table = TermTable("m", {"XX.A": term})
    assert table.of(replace(STATION, network="")) == term
    assert table.of(replace(STATION, network="YY")) == StationTerms()
    two = TermTable("m", {"XX.A": term, "YY.A": StationTerms()})
    assert two.of(replace(STATION, network="")) == StationTerms()


def test_a_narrow_cloud_far_from_the_origin_keeps_its_covariance(rng):
    points = np.array([300.0, -200.0, 90.0]) + 1e-4 * rng.standard_normal((500, 3))
    mixture = fit_mixture(points, np.full(500, 1 / 500), 4, rng)
    assert np.linalg.eigvalsh(mixture.covariances).min() > 0.0
    np.testing.assert_allclose(mixture.weights @ mixture.means, points.mean(axis=0), atol=1e-3)


def test_the_reported_place_is_no_place_that_the_picks_exclude():
    """Two stations, P and S: the posterior is bent, and its mean lies beside it."""
    stations = [Station("XX", "A", 13.0, 46.0), Station("XX", "B", 13.3, 46.0)]
    model = ConstantVelocity(6.0, 3.46)
    start = parse_utc("2020-01-01T00:00:00Z")
    picks = [
        Pick("XX", code, "", phase, start + timedelta(seconds=t), 0.9, 0.03, "test")
        for code, phase, t in (("A", "P", 4.0), ("A", "S", 6.94), ("B", "P", 4.0), ("B", "S", 6.94))
    ]
    origin, arrivals = GridLocation(model, n_nodes=60_000).locate(
        picks, stations, np.random.default_rng(0)
    )
    assert max(abs(arrival.residual_s) for arrival in arrivals) < 0.25
    assert "mode_reported" in origin.flags


def test_deep_catalogues_let_association_look_deep(tmp_path):
    path = tmp_path / "catalogue.csv"
    rows = "\n".join(f"-69.0,-21.0,{depth}" for depth in range(80, 121))
    path.write_text("longitude,latitude,depth_km\n" + rows + "\n")
    assert LocationSetup().association_depth_km() == 30.0
    assert LocationSetup(catalogue=path).association_depth_km() > 120.0
    assert LocationSetup(catalogue=path).association_depth_km(50.0) == 50.0


@pytest.mark.parametrize(("name", "phase"), [("Pg", "P"), ("p", "P"), ("Sn", "S")])
def test_tables_may_name_the_branch_of_a_phase(tmp_path, name, phase):
    path = tmp_path / "picks.csv"
    path.write_text(
        "network,station,location,phase,time,probability,sigma_s,model\n"
        f"XX,A,,{name},2020-01-01T00:00:00Z,0.9,0.1,m\n"
    )
    assert read_picks(path)[0].phase == phase


def test_nearest_time_of_many(rng):
    times = SortedTimes()
    assert times.gap_s(0.0) == np.inf
    known = rng.uniform(0.0, 100.0, 50)
    for time in known:
        times.add(float(time))
    for time in rng.uniform(-5.0, 105.0, 50):
        assert times.gap_s(float(time)) == pytest.approx(np.abs(known - time).min())
