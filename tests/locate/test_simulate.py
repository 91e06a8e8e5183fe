"""Simulated events: what is drawn is what was asked for, and what is told may be wrong."""

import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from mainshock.cli.locate_simulate import simulate
from mainshock.core.errors import DataError, SettingsError
from mainshock.core.geo import geodesic_azimuth_deg, geodesic_distance_km
from mainshock.locate.calibration_run import calibrate_on
from mainshock.locate.scores import summarise
from mainshock.locate.simulate import SYNTHETIC, PickErrors, Simulation
from mainshock.locate.simulation_config import (
    Cluster,
    Network,
    SimulationConfig,
    SourceModel,
    Told,
    changed_config,
    read_config,
)
from mainshock.locate.simulation_presets import PRESETS, preset
from mainshock.locate.simulation_sources import (
    BoxSources,
    CatalogueSources,
    Hypocentres,
    fit_mixture,
)
from mainshock.locate.summary import LEVELS
from mainshock.locate.velocity.constant import ConstantVelocity
from mainshock.sources.stations import read_stations
from mainshock.sources.tables import read_catalogue, read_picks

VELOCITY = ConstantVelocity(6.0, 3.46)


@pytest.fixture
def box(frame):
    return BoxSources(frame, (-30.0, -30.0, 0.0), (30.0, 30.0, 20.0))


@pytest.fixture
def residuals(network, box):
    """Make residuals in s of the P picks of 3000 events at one station, for some errors."""

    def build(**errors):
        simulation = Simulation(network(1), VELOCITY, box, PickErrors(**errors), phases=("P",))
        station, found = simulation.stations[0], []
        for event in simulation.events(3000, np.random.default_rng(8)):
            away = geodesic_distance_km(
                event.longitude, event.latitude, station.longitude, station.latitude
            )
            travel = VELOCITY.travel_time_s("P", away, event.depth_km, station.depth_km)
            found += [(p.time - event.time).total_seconds() - float(travel) for p in event.picks]
        return np.array(found)

    return build


def test_picks_err_as_stated(residuals):
    gaussian = residuals(sigma_s=(0.2, 0.3))
    assert gaussian.size == 3000
    assert gaussian.std() == pytest.approx(0.2, rel=0.05)
    heavy = residuals(sigma_s=(0.2, 0.3), degrees_of_freedom=4.0)
    assert heavy.std() == pytest.approx(0.2, rel=0.12)
    # four sd out: 0.006 % of a Gaussian, 0.48 % of Student's t with four degrees of freedom
    assert (np.abs(gaussian) > 0.8).mean() < 0.001
    assert 0.002 < (np.abs(heavy) > 0.8).mean() < 0.009


def test_outliers_and_missed_picks_have_their_shares(residuals):
    moved = residuals(outlier_share=0.2, outlier_window_s=40.0)
    # 19.8 s of the 20 s on each side are farther than four sd
    assert (np.abs(moved) > 0.2).mean() == pytest.approx(0.198, abs=0.025)
    assert np.abs(moved).max() < 21.0
    assert residuals(missed_share=0.3).size == pytest.approx(2100, abs=90)


def test_model_error_grows_with_the_travel_time(rng):
    errors = PickErrors(sigma_s=(1e-3, 1e-3), model_error=0.1)
    for travel_s in (2.0, 20.0):
        times = errors.times_s("P", np.full(4000, travel_s), rng)
        assert times.std() == pytest.approx(0.1 * travel_s, rel=0.05)


def test_back_azimuths_scatter_around_the_truth(network, box):
    errors = PickErrors(back_azimuth_sigma_deg=12.0, azimuth_outlier_share=0.1)
    simulation = Simulation(network(1), VELOCITY, box, errors)
    station, off = simulation.stations[0], []
    for event in simulation.events(3000, np.random.default_rng(1)):
        p, s = event.picks
        assert s.back_azimuth_deg is None
        assert 0.0 <= p.back_azimuth_deg < 360.0
        true = geodesic_azimuth_deg(
            station.longitude, station.latitude, event.longitude, event.latitude
        )
        off.append((p.back_azimuth_deg - float(true) + 180.0) % 360.0 - 180.0)
    near = np.abs(off) < 50.0
    assert near.mean() == pytest.approx(0.9 + 0.1 * 100.0 / 360.0, abs=0.02)
    assert np.median(np.abs(off)) == pytest.approx(0.674 * 12.0, rel=0.2)


def test_picks_may_claim_other_errors_than_they_have(network, box):
    errors = PickErrors(sigma_s=(0.2, 0.2), back_azimuth_sigma_deg=15.0)
    told = Told(sigma_s=(0.05, 0.1), back_azimuth_sigma_deg=5.0).errors(errors)
    (event,) = Simulation(network(1), VELOCITY, box, errors, told).events(
        1, np.random.default_rng(0)
    )
    assert [pick.sigma_s for pick in event.picks] == [0.05, 0.1]
    assert event.picks[0].back_azimuth_sigma_deg == 5.0


def test_same_seed_same_events(network, box):
    simulation = Simulation(network(3), VELOCITY, box, PickErrors(outlier_share=0.1))
    one, other = (simulation.events(4, np.random.default_rng(3)) for _ in range(2))
    assert one == other


@pytest.mark.parametrize(
    "errors",
    [
        {"outlier_share": 1.0},
        {"model_error": -0.1},
        {"sigma_s": (0.0, 0.1)},
        {"degrees_of_freedom": 2.0},
        {"back_azimuth_sigma_deg": -5.0},
        {"missed_share": float("nan")},
    ],
)
def test_senseless_errors_are_refused(errors):
    with pytest.raises(SettingsError):
        PickErrors(**errors)


def test_clusters_have_their_mean_and_strike(frame, rng):
    cluster = Cluster((10.0, -5.0, 9.0), (8.0, 2.0, 1.0), strike_deg=60.0)
    sources = SourceModel(40.0, clusters=(cluster,), background=0.0).sources(frame)
    places = sources.draw(4000, rng)
    east, north = frame.to_local(places.longitude, places.latitude)
    assert east.mean() == pytest.approx(10.0, abs=0.4)
    assert north.mean() == pytest.approx(-5.0, abs=0.4)
    _, vectors = np.linalg.eigh(np.cov(east, north))
    strike = np.degrees(np.arctan2(vectors[0, 1], vectors[1, 1])) % 180.0
    assert strike == pytest.approx(60.0, abs=2.0)


def test_sources_are_their_own_prior(frame, rng):
    """Shares of draws in small boxes are the density there times their volume."""
    cluster = Cluster((5.0, 5.0, 10.0), (4.0, 4.0, 4.0))
    sources = SourceModel(20.0, clusters=(cluster,), background=0.3).sources(frame)
    places = sources.draw(60_000, rng)
    east, north = frame.to_local(places.longitude, places.latitude)
    assert places.depth_km.min() >= 0.0
    assert places.depth_km.max() <= 20.0
    inside_depths = 0.3 + 0.7 * 0.98758  # the cluster reaches 2.5 sd up and down
    for middle in ((5.0, 5.0, 10.0), (-12.0, -12.0, 4.0), (9.0, 5.0, 12.0)):
        held = np.ones(east.size, dtype=bool)
        for values, centre in zip((east, north, places.depth_km), middle, strict=True):
            held &= np.abs(values - centre) < 1.5
        place = frame.to_geographic(*middle[:2])
        density = float(np.exp(sources.prior().log_density(*place, middle[2])))
        expected = density * 27.0 / inside_depths
        assert held.mean() == pytest.approx(expected, abs=5 * np.sqrt(expected / east.size))


def test_a_catalogue_is_resampled_with_its_jitter(box, rng):
    rows = Hypocentres(np.array([13.0, 13.2]), np.array([46.0, 46.1]), np.array([5.0, 15.0]))
    exact = CatalogueSources(rows, box).draw(500, rng)
    assert set(exact.depth_km) == {5.0, 15.0}
    assert np.unique(exact.longitude.round(9)).tolist() == [13.0, 13.2]
    moved = CatalogueSources(rows, box, (2.0, 1.0)).draw(2000, rng)
    shallow = moved.depth_km[moved.depth_km < 10.0]
    assert shallow.std() == pytest.approx(1.0, rel=0.1)


def test_clusters_are_found_again_in_a_catalogue(frame, box, rng):
    clusters = (Cluster((15.0, 0.0, 10.0), (2.0, 2.0, 2.0)), Cluster((-15.0, 5.0, 8.0)))
    sources = SourceModel(30.0, clusters=clusters, background=0.0).sources(frame)
    found = fit_mixture(box, sources.draw(2000, rng), 2)
    assert sorted(found.means_km[:, 0]) == pytest.approx([-15.0, 15.0], abs=0.5)
    with pytest.raises(DataError, match="cannot fix"):
        fit_mixture(box, sources.draw(5, rng), 2)


def test_depths_that_no_source_reaches_are_told(frame, rng):
    model = SourceModel(clusters=(Cluster((0.0, 0.0, 500.0)),), background=0.0)
    with pytest.raises(DataError, match="hardly ever"):
        model.sources(frame).draw(3, rng)


def test_a_file_states_a_simulation(tmp_path):
    (tmp_path / "stations.csv").write_text(
        "network,station,longitude,latitude,elevation_m\nXX,A,13.0,46.0,500\n"
    )
    content = {
        "name": "mine",
        "network": {"file": str(tmp_path / "stations.csv")},
        "sources": {"clusters": [{"mean_km": [0, 10, 5]}]},
        "errors": {"degrees_of_freedom": 4, "back_azimuth_sigma_deg": 15},
        "told": {"back_azimuth_sigma_deg": 5, "prior": "sources"},
        "options": {"n_nodes": 5000},
    }
    (tmp_path / "mine.json").write_text(json.dumps(content))
    (tmp_path / "mine.yaml").write_text(json.dumps(content))  # JSON is YAML
    config = read_config(tmp_path / "mine.json")
    assert config == read_config(tmp_path / "mine.yaml")
    simulation = config.simulation()
    assert [station.code for station in simulation.stations] == ["XX.A"]
    assert simulation.told.back_azimuth_sigma_deg == 5.0
    assert config.locator().n_nodes == 5000


@pytest.mark.parametrize(
    "content",
    [
        '{"nmae": "x"}',
        '{"errors": {"sigma": 1}}',
        '{"errors": {"outlier_share": 2}}',
        '{"sources": {"half_width_km": -1}}',
        "[1]",
        "{",
    ],
)
def test_unusable_files_are_refused(tmp_path, content):
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(SettingsError, match=r"bad\.json"):
        read_config(path)


def test_values_are_changed_by_their_key():
    config = changed_config(
        preset("network4"), ["network.n=3", "velocity=iasp91", "errors.sigma_s=[0.1,0.2]"]
    )
    assert (config.network.n, config.velocity) == (3, "iasp91")
    assert config.errors.sigma_s == (0.1, 0.2)
    for change in ("network.m=3", "network.n", "name.first=1", "nothing.here=1"):
        with pytest.raises(SettingsError):
            changed_config(config, [change])


def test_unknown_options_of_a_method_are_refused():
    with pytest.raises(SettingsError, match="n_nods"):
        SimulationConfig(options={"n_nods": 5}).locator()
    with pytest.raises(SettingsError, match="known are sp"):
        preset("nothing")


def test_networks_have_their_size(frame):
    stations = Network(n=7, aperture_km=100.0).stations()
    assert len({station.code for station in stations}) == 7
    east, north = frame.to_local([s.longitude for s in stations], [s.latitude for s in stations])
    assert 20.0 <= np.hypot(east, north).max() <= 50.0
    (single,) = Network(n=1).stations()
    assert (single.longitude, single.latitude) == pytest.approx((13.0, 46.0), abs=1e-9)


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_can_be_located(name):
    config = changed_config(preset(name), ["options.n_nodes=3000", "options.n_samples=200"])
    events = config.simulation().events(3, np.random.default_rng(0))
    run = calibrate_on(config, events, n_processes=1)
    assert len(run.scores) + sum(run.refused.values()) == 3
    assert run.scores["rank_epicentre"].between(0.0, 1.0).all()


@pytest.mark.slow
def test_too_good_an_azimuth_shows_in_the_coverage():
    """Published effect: a claimed 5 instead of 15 degrees halves what a 68 % region holds."""
    changes = ["errors.azimuth_outlier_share=0", "options.n_nodes=50000"]
    coverage = {}
    for claimed in (15, 5):
        config = changed_config(
            preset("sp-azimuth"), [*changes, f"told.back_azimuth_sigma_deg={claimed}"]
        )
        events = config.simulation().events(300, np.random.default_rng(2))
        scores = summarise(calibrate_on(config, events, n_processes=1).scores, LEVELS)
        coverage[claimed] = scores["coverage"]["0.68"]["observed"]
    assert coverage[15] == pytest.approx(0.70, abs=0.08)  # three standard errors
    assert coverage[5] < 0.45


def test_a_prior_may_come_from_past_events_of_the_same_sources(frame):
    config = changed_config(preset("sp"), ["told.prior=catalogue", "told.n_past=500"])
    assert config.past_events().depth_km.size == 500
    again = config.past_events()
    np.testing.assert_array_equal(again.longitude, config.past_events().longitude)
    prior = config.locator().prior
    in_cluster, empty = (frame.to_geographic(*place) for place in ((25.0, 10.0), (45.0, -45.0)))
    denser = prior.log_density(*in_cluster, 8.0) - prior.log_density(*empty, 8.0)
    assert float(denser) > 3.0


@pytest.mark.slow
def test_processes_do_not_change_the_scores():
    config = changed_config(preset("network4"), ["options.n_nodes=3000"])
    events = config.simulation().events(30, np.random.default_rng(0))
    one, two = (calibrate_on(config, events, n_processes=n).scores for n in (1, 2))
    assert one.equals(two)


@pytest.fixture
def run_simulate():
    app = typer.Typer()
    app.command()(simulate)

    def run(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run


def test_the_command_writes_labelled_files_and_a_report(run_simulate, tmp_path):
    result = run_simulate(
        "--preset", "network4", "--n", 12, "--out", tmp_path, "--report", "--jobs", 1, "--json",
        "--set", "options.n_nodes=3000",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["label"] == SYNTHETIC
    assert document["n_located"] == 12
    assert set(document["verdict"]) == {"0.68", "0.95"}
    assert {"east", "north", "depth", "time"} == set(document["pit"])
    assert json.loads((tmp_path / "calibration.json").read_text())["label"] == SYNTHETIC
    for name in ("picks.csv", "stations.csv", "truth.csv", "scores.csv", "simulation.json"):
        assert SYNTHETIC in (tmp_path / name).read_text()
    assert (tmp_path / "calibration.png").stat().st_size > 20_000
    assert len(read_picks(tmp_path / "picks.csv")) == 12 * 8
    assert len(read_stations(tmp_path / "stations.csv")) == 4
    assert len(read_catalogue(tmp_path / "truth.csv")) == 12


def test_a_catalogue_stands_beside_events_that_have_a_prior(run_simulate, tmp_path):
    result = run_simulate("--preset", "sp", "--n", 2, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert len(read_catalogue(tmp_path / "catalogue.csv")) == 2000


def test_the_command_needs_to_know_what_to_simulate(run_simulate, tmp_path):
    for arguments in ((), ("--preset", "sp", "--config", tmp_path / "x.json")):
        result = run_simulate("--out", tmp_path, *arguments)
        assert isinstance(result.exception, SettingsError)
