"""What a location run is set up with when a user states little."""

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError, RegistryError, SettingsError, SourceError
from mainshock.core.geo import LocalFrame
from mainshock.core.records import Station
from mainshock.locate.priors import SmoothPrior
from mainshock.locate.terms import TermTable
from mainshock.pipeline.location_setup import LocationSetup, catalogue_prior

STATION = Station("XX", "A", 13.0, 46.0, 500.0)


@pytest.fixture
def terms(tmp_path):
    """Write terms for a velocity model and return their file."""

    def write(model):
        path = tmp_path / "terms.json"
        TermTable(model, {}).write(path)
        return path

    return write


@pytest.fixture
def catalogue(tmp_path):
    """A catalogue of fifty events around the station, and fifty 700 km to the east."""
    rng = np.random.default_rng(1)
    east, north = rng.normal(0.0, 5.0, (2, 100)) + np.where(np.arange(100) < 50, 0.0, 700.0) * [
        [1.0],
        [0.0],
    ]
    longitude, latitude = LocalFrame(13.0, 46.0).to_geographic(east, north)
    path = tmp_path / "past.csv"
    pd.DataFrame(
        {"longitude": longitude, "latitude": latitude, "depth_km": rng.normal(10, 2, 100)}
    ).to_csv(path, index=False)
    return path


def method_of(setup):
    return setup.method(setup.travel_times(), [STATION])


def test_nothing_stated_is_iasp91_with_its_error():
    method = method_of(LocationSetup())
    assert method.name == "grid"
    assert method.travel_times.name == "iasp91"
    assert method.model_error == 0.03
    assert method.prior is None
    assert method.terms is None


@pytest.mark.parametrize("model", ["ak135", "constant:5.8,3.3"])
def test_the_velocity_is_that_of_the_terms(terms, model):
    setup = LocationSetup(terms=terms(model))
    assert setup.travel_times().name == model
    assert method_of(setup).terms.velocity_model == model


def test_terms_of_another_model_are_refused(terms):
    setup = LocationSetup(velocity="ak135", terms=terms("iasp91"))
    with pytest.raises(DataError, match=r"'iasp91', not with 'ak135'; give --velocity iasp91"):
        method_of(setup)


def test_terms_learnt_with_a_file_go_with_that_file(terms, tmp_path):
    layers = tmp_path / "crust.csv"
    layers.write_text("depth_km,vp_km_s,vs_km_s\n0,5.5,3.2\n20,6.5,3.7\n")
    name = LocationSetup(velocity=str(layers)).travel_times().name
    setup = LocationSetup(velocity=str(layers), terms=terms(name))
    assert method_of(setup).terms.velocity_model == name


def test_terms_of_a_file_that_is_not_named_again_ask_for_it(terms, tmp_path):
    setup = LocationSetup(terms=terms("crust"))
    with pytest.raises((SettingsError, DataError), match="--velocity"):
        setup.travel_times()


@pytest.mark.parametrize(
    ("velocity", "stated", "expected"),
    [
        ("iasp91", None, 0.03),
        ("ak135", None, 0.03),
        ("taup:ak135", None, 0.03),
        ("constant:6,3.5", None, 0.0),
        ("gradient:5,0.02,3,0.01", None, 0.0),
        ("iasp91", 0.0, 0.0),
        ("constant:6,3.5", 0.05, 0.05),
    ],
)
def test_a_named_earth_is_never_the_crust_below(velocity, stated, expected):
    assert method_of(LocationSetup(velocity, stated)).model_error == expected


def test_the_error_follows_the_model_of_the_terms(terms):
    assert method_of(LocationSetup(terms=terms("iasp91"))).model_error == 0.03
    assert method_of(LocationSetup(terms=terms("constant:6,3.5"))).model_error == 0.0


def test_a_catalogue_becomes_a_prior_cut_at_500_km(catalogue):
    prior = method_of(LocationSetup(catalogue=catalogue)).prior
    assert isinstance(prior, SmoothPrior)
    assert prior.reach_km(LocalFrame(13.0, 46.0)) < 100.0
    frame = LocalFrame(13.0, 46.0)
    here, far = (prior.log_density(*frame.to_geographic(e, 0.0), 10.0) for e in (0.0, 700.0))
    assert here > far + 10.0


def test_any_station_keeps_the_events_near_it(catalogue):
    table = pd.read_csv(catalogue)
    frame = LocalFrame(13.0, 46.0)
    longitude, latitude = frame.to_geographic(400.0, 0.0)
    stations = [STATION, Station("XX", "B", float(longitude), float(latitude))]
    assert catalogue_prior(table, stations).reach_km(frame) > 690.0


def test_a_catalogue_elsewhere_is_told(catalogue):
    table = pd.read_csv(catalogue)
    with pytest.raises(DataError, match=r"at least 5 events .* has 0 within reach of the stations"):
        catalogue_prior(table, [Station("XX", "Z", -70.0, -20.0)])
    with pytest.raises(DataError, match="station list is empty"):
        catalogue_prior(table, [])


def test_a_world_catalogue_does_no_harm(catalogue):
    """The other side of the Earth is outside every local frame; it is cut away before."""
    table = pd.read_csv(catalogue)
    world = table.assign(longitude=-(table["longitude"] - 13.0) - 167.0, latitude=-46.0)
    one = catalogue_prior(table, [STATION])
    both = catalogue_prior(pd.concat([table, world]), [STATION])
    np.testing.assert_array_equal(one.density_km3, both.density_km3)


def test_methods_and_files_that_are_not_there_are_told(tmp_path):
    with pytest.raises(RegistryError, match="nosuch"):
        method_of(LocationSetup(sampler="nosuch"))
    with pytest.raises(SourceError):
        method_of(LocationSetup(catalogue=tmp_path / "none.csv"))
    with pytest.raises(SourceError):
        LocationSetup(terms=tmp_path / "none.json").travel_times()
    with pytest.raises(SettingsError, match="iasp91"):
        LocationSetup(velocity="nosuch").travel_times()


@pytest.mark.parametrize("sampler", ["importance", "smc", "variational"])
def test_every_method_gets_prior_and_terms(catalogue, terms, sampler):
    setup = LocationSetup(None, None, terms("constant:6,3.5"), catalogue, sampler)
    method = method_of(setup)
    assert method.prior is not None
    assert method.terms is not None
