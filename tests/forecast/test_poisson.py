import numpy as np
import pytest
from scipy.stats import poisson

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.base import FitSettings
from mainshock.forecast.poisson import HOMOGENEOUS
from mainshock.forecast.region import Region
from mainshock.sources.seismicity.catalogue import Catalogue

BOX = Region.box(-118.0, 33.0, -116.0, 35.0)


@pytest.fixture
def catalogue(rng: np.random.Generator) -> Catalogue:
    n = 400
    return Catalogue(
        rng.uniform(0.0, 1000.0, n),
        3.0 + rng.exponential(0.43, n),
        longitude=rng.uniform(-118.5, -116.0, n),
        latitude=rng.uniform(33.0, 35.0, n),
    )


def test_the_rate_is_the_number_of_targets_by_time(catalogue: Catalogue) -> None:
    model = HOMOGENEOUS.fit(catalogue, FitSettings(200.0, 700.0, 3.0))
    n = len(catalogue.between(200.0, 700.0))
    rate = n / 500.0
    assert model.info.n_events == n
    assert not model.is_spatial
    assert np.allclose(model.log_intensity(catalogue, catalogue), np.log(rate))
    assert model.integral(catalogue, 0.0, 30.0) == pytest.approx(30.0 * rate)
    assert model.info.standard_errors["rate_per_day"] == pytest.approx(np.sqrt(n) / 500.0)
    assert model.info.log_likelihood == pytest.approx(n * np.log(rate) - n)


def test_with_a_region_rates_are_per_square_kilometre(catalogue: Catalogue) -> None:
    model = HOMOGENEOUS.fit(catalogue, FitSettings(0.0, 1000.0, 3.0, BOX))
    inside = BOX.contains(catalogue.longitude, catalogue.latitude)
    assert model.is_spatial
    assert model.info.n_events == inside.sum() < len(catalogue)
    expected = np.log(inside.sum() / 1000.0 / BOX.area_km2)
    assert np.allclose(model.log_intensity(catalogue, catalogue), expected)
    assert model.integral(catalogue, 0.0, 10.0) == pytest.approx(inside.sum() / 100.0)


def test_simulated_catalogues_are_poisson_and_even(catalogue: Catalogue) -> None:
    model = HOMOGENEOUS.fit(catalogue, FitSettings(0.0, 1000.0, 3.0, BOX))
    found = model.simulate(catalogue, 1000.0, 10.0, 4000, seed=1)
    mean = model.integral(catalogue, 0.0, 10.0)
    counts = found.counts()
    assert counts.mean() == pytest.approx(mean, abs=4 * np.sqrt(mean / 4000))
    assert counts.var() == pytest.approx(mean, rel=0.1)
    assert np.quantile(counts, 0.9) == poisson.ppf(0.9, mean)
    assert found.longitude is not None
    assert found.latitude is not None
    assert BOX.contains(found.longitude, found.latitude).all()
    # by area there is a little more in the south
    south = (found.latitude < 34.0).mean()
    assert south == pytest.approx(Region.box(-118, 33, -116, 34).area_km2 / BOX.area_km2, abs=0.01)
    assert (np.diff(found.time_days)[np.diff(found.catalogue) == 0] >= 0).all()
    assert found.magnitude.min() >= 3.0


def test_a_window_of_no_length_is_refused(catalogue: Catalogue) -> None:
    model = HOMOGENEOUS.fit(catalogue, FitSettings(0.0, 1000.0, 3.0))
    with pytest.raises(SettingsError, match="0 days"):
        model.simulate(catalogue, 0.0, 0.0, 10, seed=1)


def test_no_events_are_no_rate(catalogue: Catalogue) -> None:
    with pytest.raises(DataError, match="no event"):
        HOMOGENEOUS.fit(catalogue, FitSettings(2000.0, 3000.0, 3.0))
