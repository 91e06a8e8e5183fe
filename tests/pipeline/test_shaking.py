"""From an event in a file, or in memory, to its map; from generated records to picks."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from mainshock.cli.shake_map import map_
from mainshock.core.errors import DataError, ModelError, SourceError
from mainshock.core.geo import LocalFrame
from mainshock.core.records import Event, Magnitude, Origin, PosteriorSamples
from mainshock.detect.network import NetworkPicker
from mainshock.pipeline.outputs import write_located
from mainshock.pipeline.shaking import (
    map_event,
    map_radius_km,
    model_problem,
    picks_in_generated,
    source_of_event,
)
from mainshock.pipeline.shaking_sources import read_source
from mainshock.shaking.base import Waveforms
from mainshock.shaking.scenarios import Scenarios
from mainshock.shaking.training import open_model
from mainshock.stream.records import EventVersion
from mainshock.stream.run_folder import RunFolder
from mainshock.stream.store.live_store import LiveStore

sys.path.insert(0, str(Path(__file__).parents[1] / "shaking"))
from point_source_model import small_model

TIME = datetime(2026, 5, 27, 12, 0, 0, tzinfo=UTC)
COVARIANCE = np.array([[4.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 9.0]])


def event_of(event_id="ev1", magnitude=3.4, n=500):
    rng = np.random.default_rng(5)
    east, north, down = rng.multivariate_normal(np.zeros(3), COVARIANCE, n).T
    longitude, latitude = LocalFrame(-122.2, 37.8).to_geographic(east, north)
    origin = Origin(
        *(TIME, -122.2, 37.8, 9.0, 0.2, 2.0, 1.4, 3.0, COVARIANCE, "iasp91"),
        samples=PosteriorSamples(longitude, latitude, 9.0 + down, np.zeros(n)),
    )
    size = None if magnitude is None else Magnitude(magnitude, "ML", 0.2, 4)
    return Event(event_id, origin, (), size)


@pytest.fixture
def located(tmp_path):
    write_located(tmp_path, [event_of(), event_of("ev2", None)], [])
    return tmp_path


def test_the_map_of_an_event_knows_of_its_posterior():
    field = map_event(small_model(), event_of())
    assert field.shape == (41, 41)
    assert field.n_draws == 32
    assert field.magnitude_type == "ML"
    assert field.time == TIME
    assert field.measures[:2] == ("ln_pga", "ln_pgv")
    assert field.sd_epistemic.max() > 0.4  # 0.3 is the model's own
    with pytest.raises(DataError, match="no magnitude"):
        map_event(small_model(), event_of("ev2", None))


def test_maps_of_larger_events_reach_farther():
    reaches = [map_radius_km(one) for one in (1.0, 3.0, 4.0, 5.0, 8.0)]
    assert reaches == [50.0, 50.0, 100.0, 200.0, 300.0]


def test_what_locate_wrote_is_read_with_its_draws(located):
    read = read_source(located, "ev1")
    known = source_of_event(event_of())
    assert (read.event_id, read.time, read.magnitude_type) == ("ev1", TIME, "ML")
    assert read.magnitude == pytest.approx(3.4)
    assert read.magnitude_sd == pytest.approx(0.2)
    np.testing.assert_allclose(read.samples.longitude, known.samples.longitude, atol=1e-5)
    np.testing.assert_allclose(np.diag(read.covariance_km2), [4.0, 1.96, 9.0], rtol=1e-3)


def test_quakeml_is_read_with_its_ellipse(located):
    read = read_source(located / "events.xml", "ev1")
    assert read.samples is None
    assert (read.longitude, read.latitude) == pytest.approx((-122.2, 37.8))
    assert read.depth_km == pytest.approx(9.0)
    assert read.magnitude_sd == pytest.approx(0.2)
    np.testing.assert_allclose(read.covariance_km2, COVARIANCE, atol=1e-6)


def test_the_json_of_events_and_a_table_of_scenarios_are_read(tmp_path):
    row = {"event_id": "j", "longitude": 10.0, "latitude": 50.0, "depth_km": 5.0, "magnitude": 4.0}
    path = tmp_path / "located.json"
    path.write_text(json.dumps({"events": [{**row, "covariance_km2": COVARIANCE.tolist()}]}))
    assert read_source(path).covariance_km2[0, 1] == 1.0
    table = tmp_path / "scenarios.csv"
    table.write_text(
        "event_id,magnitude,source_longitude,source_latitude,source_depth_km,station\n"
        "7,4.1,10,50,5,A\n7,4.1,10,50,5,B\n"
    )
    read = read_source(table)  # rows of one event are one source
    assert (read.event_id, read.magnitude, read.depth_km) == ("7", 4.1, 5.0)
    assert not read.covariance_km2.any()


def test_an_event_that_cannot_be_mapped_is_told(located, tmp_path):
    with pytest.raises(DataError, match=r"2 events.*--event-id"):
        read_source(located)
    with pytest.raises(DataError, match="give --magnitude"):
        read_source(located, "ev2")
    assert read_source(located, "ev2", (4.0, 0.3)).magnitude_sd == 0.3
    with pytest.raises(DataError, match="none is 'nobody'"):
        read_source(located, "nobody")
    with pytest.raises(SourceError, match="does not exist"):
        read_source(tmp_path / "nothing.csv")
    broken = tmp_path / "broken.xml"
    broken.write_text("no xml")
    with pytest.raises(SourceError, match="QuakeML"):
        read_source(broken)


def test_a_model_is_found_by_its_registered_name():
    assert "ln_fas_5hz" in open_model("bay-area").motions.measures
    with pytest.raises(ModelError, match="bay-area"):
        open_model("no-such-model")
    assert "shake train" in model_problem("no-such-model")


@pytest.fixture(scope="module")
def command():
    app = typer.Typer()
    app.command("map")(map_)
    return lambda *words: CliRunner().invoke(app, [str(one) for one in words])


def test_the_command_writes_a_map_of_a_located_event(command, located, tmp_path):
    out = tmp_path / "map"
    words = ("--event", located, "--event-id", "ev1", "--model", "bay-area", "--grid", "30,9")
    stations = tmp_path / "stations.csv"
    stations.write_text("network,station,longitude,latitude,elevation_m\nXX,A,-122.1,37.9,0\n")
    found = command(*words, "--out", out, "--n", 2, "--stations", stations, "--json")
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert told["event_id"] == "ev1"
    assert told["n_source_draws"] == 32
    assert "Not for design use." in told["cautions"]
    for kind in ("netcdf", "contours", "figure", "geotiff_ln_fas_5hz"):
        assert Path(told["files"][kind]).stat().st_size > 500


def test_the_command_takes_an_event_of_a_monitor_by_its_id(command, tmp_path):
    folder = tmp_path / "live"
    folder.mkdir()
    with LiveStore.open(RunFolder(folder).store) as store:
        store.save_events([EventVersion("ev2", 1, "new", "settled", event_of("ev2", None), TIME)])
    words = ("--data-dir", folder, "--model", "bay-area", "--grid", "30,5", "--out", tmp_path / "o")
    found = command("--event", "ev2", *words, "--magnitude", 3.9, "--json")
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["magnitude"] == 3.9
    assert isinstance(command("--event", "ev2", *words).exception, DataError)
    assert "is not in" in str(command("--event", "nobody", *words).exception)


def burst(n, at, width, rng):
    time = np.arange(n) - at
    return np.where(time >= 0, np.exp(-np.clip(time, 0, None) / width), 0.0) * rng.normal(size=n)


def made_up_records(delays_s, rate_hz=100.0, n=6000):
    """Bursts of noise at P and S, on Z and on the horizontals."""
    rng = np.random.default_rng(8)
    acceleration = 1e-6 * rng.normal(size=(len(delays_s), 1, 3, n))
    for row, (p_s, s_s) in enumerate(delays_s):
        for component, (p, s) in enumerate(((0.3, 1.0), (0.3, 1.0), (1.0, 0.3))):
            acceleration[row, 0, component] += 1e-3 * p * burst(n, (p_s + 5) * rate_hz, 150, rng)
            acceleration[row, 0, component] += 3e-3 * s * burst(n, (s_s + 5) * rate_hz, 300, rng)
    return Waveforms(acceleration.astype(np.float32), rate_hz, -5.0)


def scenarios(n):
    away = np.linspace(0.3, 0.6, n)
    same = np.ones(n)
    return Scenarios(
        *(3.0 * same, 8.0 * same, 10.0 * same, 50.0 * same, 10.0 * same, 50.0 + away),
        *(np.nan * same, np.array(["e"] * n), np.array([f"s{i}" for i in range(n)])),
    )


def test_picks_in_records_are_compared_with_the_times_expected():
    sites = scenarios(4)
    arrivals_s = sites.hypocentral_km()[:, None] / np.array([6.0, 3.46])
    records = made_up_records(arrivals_s)
    found = picks_in_generated(records, sites, NetworkPicker())
    assert found.p_rate == 1.0
    assert found.s_rate == np.isfinite(found.s_error_s).mean()
    assert np.abs(found.p_error_s).max() < 0.3
    late = picks_in_generated(records, sites, NetworkPicker(), arrivals_s + 8.0)
    assert late.p_rate < 1.0
    assert np.isnan(late.p_error_s).any()
    with pytest.raises(DataError, match="give equal"):
        picks_in_generated(records, scenarios(3), NetworkPicker())


@pytest.mark.slow
@pytest.mark.skipif(bool(model_problem()), reason=f"the closed loop needs it: {model_problem()}")
def test_the_picker_finds_p_and_s_in_what_the_packaged_model_makes():
    model = open_model("default")
    assert model.waveforms is not None
    sites = within_the_model(20)
    rng = np.random.default_rng(4)
    found = picks_in_generated(model.waveforms.simulate(sites, 2, rng), sites, NetworkPicker())
    assert found.p_rate >= 0.9
    assert np.nanmedian(np.abs(found.p_error_s)) < 0.15
    # the same picker finds S in 83 % of the made-up records that the model learnt from
    assert found.s_rate >= 0.75
    assert np.nanmedian(np.abs(found.s_error_s)) < 0.3


def within_the_model(n):
    """Return scenarios like those that the packaged model was trained on."""
    rng = np.random.default_rng(8)
    longitude, latitude = rng.uniform(-0.25, 0.25, (2, n)) + np.array([[-122.1], [37.75]])
    same = np.ones(n)
    return Scenarios(
        *(rng.uniform(2.0, 3.5, n), 8.0 * same, -122.1 * same, 37.75 * same, longitude, latitude),
        *(np.nan * same, np.array(["e"] * n), np.array([f"s{i}" for i in range(n)])),
    )
