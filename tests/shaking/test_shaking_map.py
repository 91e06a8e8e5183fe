"""Maps: what the uncertainty of the source does to mean and spread."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame
from mainshock.core.records import PosteriorSamples
from mainshock.core.shaking_field import NOT_FOR_DESIGN, ShakingField
from mainshock.shaking import shaking_map
from mainshock.shaking.grid import box_sites, sites_around
from mainshock.shaking.shaking_map import MapSettings, ShakingSource, draw_sources, map_shaking

sys.path.insert(0, str(Path(__file__).parent))
from point_source_model import FARTHEST_KM, MEASURES, SD, SD_EPISTEMIC, small_model

PLACE = {"longitude": 10.0, "latitude": 50.0, "depth_km": 8.0}
SITES = sites_around(10.0, 50.0, 80.0, 15)


def source(**others):
    return ShakingSource("e1", 4.0, **{**PLACE, **others})


def samples(rng, n=4000, east_km=5.0, north_km=1.0, depth_km=2.0):
    east, north = rng.normal(0.0, east_km, n), rng.normal(0.0, north_km, n)
    longitude, latitude = LocalFrame(10.0, 50.0).to_geographic(east, north)
    depth = np.abs(rng.normal(8.0, depth_km, n))
    return PosteriorSamples(longitude, latitude, depth, np.zeros(n))


def test_without_uncertainty_the_map_is_the_model():
    field = map_shaking(small_model(), source(), SITES)
    assert field.n_draws == 1
    assert field.measures == MEASURES
    assert field.shape == (15, 15)
    middle = len(SITES) // 2
    assert field.mean[middle, 0] == pytest.approx(-2.0 - 1.3 * np.log(8.0), abs=1e-3)
    assert field.sd[middle] == pytest.approx(SD)
    assert field.sd_epistemic[middle] == pytest.approx(SD_EPISTEMIC)
    assert field.is_extrapolated[0]  # a corner is farther than what the model knows
    assert not field.is_extrapolated[middle]


def test_the_magnitudes_spread_is_added_to_both_variances():
    field = map_shaking(small_model(), source(magnitude_sd=0.3), SITES)
    known = map_shaking(small_model(), source(), SITES)
    slope = 1.5  # of ln motion on magnitude
    assert field.n_draws == 32
    np.testing.assert_allclose(field.mean, known.mean, atol=1e-9)
    for name in ("sd", "sd_epistemic"):
        added = getattr(field, name) ** 2 - getattr(known, name) ** 2
        np.testing.assert_allclose(added, (slope * 0.3) ** 2, rtol=1e-6)


def test_the_posteriors_spread_is_that_of_all_its_draws(rng):
    posterior = samples(rng)
    near = box_sites((10.05, 10.3, 49.9, 50.1), 4, 4)
    of_few = map_shaking(small_model(), source(samples=posterior), near)
    everything = MapSettings(n_draws=1000)
    of_all = map_shaking(small_model(), source(samples=posterior), near, everything)
    known = map_shaking(small_model(), source(), near)
    assert (of_few.sd > known.sd).all()
    assert (of_few.sd_epistemic > 1.05 * known.sd_epistemic).any()
    # 32 draws in strata are worth more than 32 free ones: a free mean is off by 0.6 / sqrt(32)
    np.testing.assert_allclose(of_few.mean, of_all.mean, atol=0.06)
    np.testing.assert_allclose(of_few.sd_epistemic, of_all.sd_epistemic, rtol=0.2)
    # what is not epistemic does not depend on the draws
    np.testing.assert_allclose(
        of_few.sd**2 - of_few.sd_epistemic**2, SD**2 - SD_EPISTEMIC**2, atol=1e-9
    )


def test_on_a_large_grid_the_change_by_the_draws_is_interpolated(rng, monkeypatch):
    large = sites_around(10.0, 50.0, 80.0, 61)
    uncertain = source(samples=samples(rng), magnitude_sd=0.2)
    quick = map_shaking(small_model(), uncertain, large)
    monkeypatch.setattr(shaking_map, "_N_COARSE", 61)
    whole = map_shaking(small_model(), uncertain, large)
    np.testing.assert_allclose(quick.mean, whole.mean, atol=0.1)
    assert np.abs(quick.mean - whole.mean).mean() < 0.01
    # this model's spread jumps where it extrapolates; elsewhere the change is smooth
    assert (np.abs(quick.sd - whole.sd) < 0.05).mean() > 0.95
    assert np.abs(quick.sd_epistemic - whole.sd_epistemic).mean() < 0.02
    assert (quick.is_extrapolated == whole.is_extrapolated).mean() > 0.97
    assert (quick.sd >= quick.sd_epistemic).all()


def test_a_covariance_stands_for_draws_that_are_not_there(rng):
    covariance = np.diag([25.0, 1.0, 4.0])
    drawn = draw_sources(source(covariance_km2=covariance), 400, rng)
    east, north = LocalFrame(10.0, 50.0).to_local(drawn.longitude, drawn.latitude)
    assert east.std() == pytest.approx(5.0, rel=0.1)
    assert north.std() == pytest.approx(1.0, rel=0.15)
    assert drawn.depth_km.mean() == pytest.approx(8.0, abs=0.3)
    assert drawn.depth_km.min() >= 0.0


@given(n=st.integers(1, 70), size=st.integers(1, 200))
def test_any_number_of_draws_can_be_asked_of_any_number_of_samples(n, size):
    rng = np.random.default_rng(1)
    drawn = draw_sources(source(samples=samples(rng, size), magnitude_sd=0.2), n, rng)
    assert len(drawn) == n
    if n > 1:
        assert drawn.magnitude.mean() == pytest.approx(4.0)
        assert drawn.magnitude.std() == pytest.approx(0.2)


def test_possible_maps_are_coherent_and_repeat_by_seed(rng):
    wanted = MapSettings(("ln_pga",), n_realisations=40, seed=3)
    uncertain = source(samples=samples(rng), magnitude_sd=0.2)
    field = map_shaking(small_model(), uncertain, SITES, wanted)
    assert field.realisations.shape == (40, len(SITES), 1)
    again = map_shaking(small_model(), uncertain, SITES, wanted)
    np.testing.assert_array_equal(field.realisations, again.realisations)
    away = field.realisations[:, :, 0] - field.mean[:, 0]
    assert np.corrcoef(away[:, 0], away[:, 1])[0, 1] > 0.9
    assert away.std(axis=0).mean() == pytest.approx(field.sd.mean(), rel=0.3)
    known = map_shaking(small_model(), source(), SITES, wanted)
    assert known.realisations.shape == (40, len(SITES), 1)


def test_a_measure_that_the_model_does_not_give_is_refused():
    with pytest.raises(DataError, match="ln_moon"):
        map_shaking(small_model(), source(), SITES, MapSettings(("ln_moon",)))


def test_labels_say_what_a_map_is_worth():
    field = map_shaking(small_model(), source(), SITES)
    told = " ".join(field.cautions())
    assert NOT_FOR_DESIGN in told
    assert "synthetic" in told
    share = round(100.0 * field.is_extrapolated.mean())
    assert f"{share} % of the sites lie outside" in told
    inside = box_sites((9.9, 10.1, 49.9, 50.1), 3, 3)
    plain = map_shaking(small_model(is_synthetic=False), source(), inside)
    assert plain.cautions() == [NOT_FOR_DESIGN]
    assert FARTHEST_KM > 20.0


def test_a_map_goes_into_a_document_and_back(rng):
    field = map_shaking(small_model(), source(samples=samples(rng), magnitude_sd=0.1), SITES)
    text = json.dumps(field.as_document(), allow_nan=False)
    again = ShakingField.from_document(json.loads(text))
    assert again.shape == field.shape
    assert again.measures == field.measures
    np.testing.assert_allclose(again.site_longitude, field.site_longitude, atol=1e-5)
    for name in ("mean", "sd", "sd_epistemic"):
        np.testing.assert_allclose(getattr(again, name), getattr(field, name), atol=6e-4)
    np.testing.assert_array_equal(again.is_extrapolated, field.is_extrapolated)
    assert again.cautions() == field.cautions()
    with pytest.raises(DataError, match="no map"):
        ShakingField.from_document({"event_id": "e1"})


def test_a_map_with_holes_is_no_map():
    document = map_shaking(small_model(), source(), SITES).as_document()
    document["mean"][0][3] = float("nan")
    with pytest.raises(DataError, match="NaN"):
        ShakingField.from_document(document)
