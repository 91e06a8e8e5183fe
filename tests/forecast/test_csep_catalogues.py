"""CSEP's tests of ensembles have pyCSEP's numbers, to the last bit."""

import contextlib
import io
import warnings

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.forecast import csep_catalogues as ours
from mainshock.forecast.simulated import SimulatedCatalogues

EDGES = np.round(np.arange(3.0, 7.05, 0.1), 1)
CORNERS = np.array([(-118 + 0.1 * i, 33 + 0.1 * j) for i in range(12) for j in range(9)]).round(1)
CASES = {"usual": (150, 5.0, 7), "one event": (150, 1.0, 1), "undersampled": (80, 0.3, 9),
         "many": (60, 40.0, 60), "none observed": (60, 0.5, 0)}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _pycsep():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks Cartopy for names that are deprecated
        import csep  # noqa: F401


def events(rng, n):
    hot = np.random.default_rng(1).uniform([-117.8, 33.2], [-117.0, 33.7], (4, 2))
    place = hot[rng.integers(0, 4, n)] + rng.normal(0, 0.12, (n, 2))
    place = np.clip(place, [-117.999, 33.001], [-116.801, 33.899])
    return place, np.round(np.minimum(3.0 + rng.exponential(1 / 2.3, n), 8.0), 2)


def catalogue_of(place, magnitude, region, number=0):
    from csep.core.catalogs import CSEPCatalog

    rows = [
        (str(k), 0, lat, lon, 5.0, m)
        for k, ((lon, lat), m) in enumerate(zip(place, magnitude, strict=True))
    ]
    return CSEPCatalog(data=rows, region=region, catalog_id=number)


def both(case):
    """The same ensemble and observation for pyCSEP and for us."""
    from csep.core.forecasts import CatalogForecast
    from csep.core.regions import CartesianGrid2D

    n_catalogues, mean, n_observed = CASES[case]
    rng = np.random.default_rng(5)
    region = CartesianGrid2D.from_origins(CORNERS, dh=0.1, magnitudes=EDGES)
    sizes = rng.poisson(rng.gamma(2.0, mean / 2, n_catalogues))
    place, magnitude = events(rng, sizes.sum())
    ends = np.cumsum(sizes)
    catalogues = [
        catalogue_of(place[end - n : end], magnitude[end - n : end], region, k)
        for k, (end, n) in enumerate(zip(ends, sizes, strict=True))
    ]
    forecast = CatalogForecast(catalogs=catalogues, region=region, n_cat=n_catalogues)
    there, how_large = events(rng, n_observed)
    observed = catalogue_of(there, how_large, region)
    of = region.get_index_of
    simulated = ours.BinnedCatalogues(
        np.repeat(np.arange(n_catalogues), sizes), of(*place.T),
        ours.magnitude_bin(magnitude, EDGES), n_catalogues, len(CORNERS), len(EDGES),
    )  # fmt: skip
    zeros = np.zeros(n_observed, dtype=int)
    cells = of(*there.T) if n_observed else zeros
    seen = ours.BinnedCatalogues(
        zeros, cells, ours.magnitude_bin(how_large, EDGES), 1, len(CORNERS), len(EDGES)
    )
    return forecast, observed, simulated, seen


def assert_equal(theirs, found):
    if theirs is None or theirs.status == "not-valid":
        assert found.status == "not-valid"
        assert np.isnan([found.at_least, found.at_most, found.observed]).all()
        return
    assert found.status == theirs.status
    assert (found.at_least, found.at_most) == tuple(theirs.quantile)
    assert found.observed == theirs.observed_statistic
    np.testing.assert_array_equal(found.simulated, np.asarray(theirs.test_distribution, float))


@pytest.mark.parametrize("case", CASES)
def test_number_space_magnitude_and_pseudo_likelihood_are_those_of_pycsep(case):
    from csep.core import catalog_evaluations as peer

    forecast, observed, simulated, seen = both(case)
    with contextlib.redirect_stdout(io.StringIO()):
        forecast.get_expected_rates()
        theirs = [
            getattr(peer, name)(forecast, observed)
            for name in ("number_test", "spatial_test", "magnitude_test", "pseudolikelihood_test")
        ]
    for expected, found in zip(theirs, ours.ensemble_tests(simulated, seen), strict=True):
        assert_equal(expected, found)


@pytest.mark.parametrize("case", ["usual", "one event", "many"])
def test_resampled_magnitude_tests_are_those_of_pycsep(case):
    from csep.core import catalog_evaluations as peer

    forecast, observed, simulated, seen = both(case)
    assert_equal(
        peer.resampled_magnitude_test(forecast, observed, seed=5),
        ours.resampled_magnitude_test(simulated, seen, 5),
    )
    assert_equal(
        peer.MLL_magnitude_test(forecast, observed, seed=5),
        ours.multinomial_magnitude_test(simulated, seen, 5),
    )


def test_the_calibration_test_is_that_of_pycsep():
    from csep.core.catalog_evaluations import calibration_test
    from csep.models import CatalogNumberTestResult

    quantiles = np.random.default_rng(3).random(40)
    results = [
        CatalogNumberTestResult(name="N", quantile=(0.0, one), status="normal", min_mw=3.0)
        for one in quantiles
    ]
    theirs = calibration_test(results)
    found = ours.calibration_test(np.append(quantiles, np.nan))
    assert (found.distance, found.probability) == (theirs.observed_statistic, theirs.quantile)


def test_marginal_rates_of_a_large_grid_are_the_same(monkeypatch):
    _, _, simulated, seen = both("usual")
    dense = ours.ensemble_tests(simulated, seen)
    monkeypatch.setattr(ours, "_DENSE", 0)
    for one, other in zip(ours.ensemble_tests(simulated, seen), dense, strict=True):
        np.testing.assert_allclose(one.simulated, other.simulated, rtol=1e-12)
        assert one.at_most == pytest.approx(other.at_most, abs=0.05)


def test_events_outside_the_grid_or_too_small_are_left_out():
    made = SimulatedCatalogues(
        0.0, 1.0, 3, 3.0,
        np.array([0, 0, 2], dtype=np.int32), np.zeros(3),
        np.array([3.1, 2.9, 4.0], dtype=np.float32),
        np.array([0.5, 0.5, 9.0], dtype=np.float32), np.zeros(3, dtype=np.float32),
    )  # fmt: skip
    found = ours.binned(made, lambda lon, lat: np.where(lon < 1, 0, -1), 1, EDGES)
    assert found.catalogue.tolist() == [0]
    assert found.magnitude.tolist() == [1]
    assert found.counts().tolist() == [1, 0, 0]


def test_magnitudes_on_an_edge_belong_above_it_also_as_float32():
    sizes = np.round(np.arange(3.0, 7.0, 0.1), 1)
    expected = list(range(len(sizes)))
    assert ours.magnitude_bin(sizes, EDGES).tolist() == expected
    assert ours.magnitude_bin(sizes.astype(np.float32), EDGES).tolist() == expected


def test_the_end_that_fails_is_the_one_that_lies_further_off():
    bad = ours.EnsembleTest("S", 0.0, 0.99, 0.01, np.zeros(1))
    assert not bad.is_passed()
    assert ours.EnsembleTest("M", 0.0, 0.99, 0.01, np.zeros(1)).is_passed()
    assert not ours.EnsembleTest("M", 0.0, 0.01, 0.99, np.zeros(1)).is_passed()
    assert ours.EnsembleTest("N", 0.0, 0.03, 0.97, np.zeros(1)).is_passed()
    assert not ours.EnsembleTest("N", 0.0, 0.02, 0.98, np.zeros(1)).is_passed()
    nothing = ours.EnsembleTest("S", np.nan, np.nan, np.nan, np.zeros(0), "not-valid")
    assert nothing.is_passed()


def test_catalogues_without_places_cannot_be_binned():
    made = SimulatedCatalogues(
        0.0, 1.0, 1, 3.0, np.zeros(1, dtype=np.int32), np.zeros(1), np.full(1, 3.5, np.float32)
    )
    with pytest.raises(DataError, match="times alone"):
        ours.binned(made, lambda lon, lat: lon.astype(int), 1, EDGES)


@pytest.mark.parametrize(
    ("catalogue", "cell", "magnitude"),
    [([0, 0], [0], [0, 0]), ([1], [0], [0]), ([0], [2], [0]), ([0], [0], [-1])],
)
def test_bins_out_of_range_are_refused(catalogue, cell, magnitude):
    with pytest.raises(DataError):
        ours.BinnedCatalogues(np.array(catalogue), np.array(cell), np.array(magnitude), 1, 2, 2)


def test_unsorted_events_are_refused():
    zeros = np.zeros(2, dtype=int)
    with pytest.raises(DataError, match="sorted"):
        ours.BinnedCatalogues(np.array([1, 0]), zeros, zeros, 2, 1, 1)


def test_no_quantile_is_no_calibration():
    with pytest.raises(DataError):
        ours.calibration_test([np.nan])
