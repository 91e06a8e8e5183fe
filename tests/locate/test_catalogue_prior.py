"""A density learnt from a catalogue: its mass, its widths, and what it foretells."""

import numpy as np
import pytest
from scipy.stats import gaussian_kde, multivariate_normal

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame
from mainshock.locate.catalogue_prior import prior_from_catalogue


def mass_of(prior):
    """Return the share in the table and the share of the background, by summing cells."""
    cell = prior.spacing_km**3
    table = float(prior.density_km3.sum(dtype=np.float64)) * cell
    return table, prior.background_km3 * prior.density_km3.size * cell


def two_scales(n, rng):
    """Return three of four events in a cluster 1 km wide, the others spread over 40 km."""
    inside = rng.random(n) < 0.75
    sd = np.where(inside[:, None], 1.0, [40.0, 40.0, 10.0])
    middle = np.where(inside[:, None], [15.0, -10.0, 40.0], [0.0, 0.0, 45.0])
    return (middle + sd * rng.standard_normal((n, 3))).T


def placed(frame, places):
    east, north, depth = places
    return *frame.to_geographic(east, north), depth


def learnt(frame, places, **more):
    return prior_from_catalogue(*placed(frame, places), frame=frame, **more)


def cloud(n, rng):
    """Return a compact cluster, whose table is small."""
    return rng.normal([[0.0], [0.0], [20.0]], [[3.0], [3.0], [2.0]], (3, n))


@pytest.fixture(scope="module")
def past():
    return two_scales(1000, np.random.default_rng(5))


@pytest.fixture(scope="module")
def prior(past):
    """What the catalogue of two scales teaches; learnt once."""
    return learnt(LocalFrame(13.0, 46.0), past)


def test_table_and_background_hold_one_event_together(prior):
    table, background = mass_of(prior)
    assert 0.019 < background < 0.1
    # what is missing is the wide kernels' part beyond the table's walls
    assert 0.985 < table + background < 1.001


@pytest.mark.parametrize("least", [0.02, 0.2, 0.5])
def test_the_stated_background_is_the_least(frame, rng, least):
    table, background = mass_of(learnt(frame, cloud(300, rng), background=least))
    assert background == pytest.approx(least, rel=0.02)
    assert table == pytest.approx(1.0 - least, abs=0.01)


def test_a_catalogue_of_loners_is_left_to_the_background(frame, rng):
    loners = np.array([rng.uniform(-150, 150, 12), rng.uniform(-150, 150, 12), np.full(12, 50.0)])
    assert mass_of(learnt(frame, loners))[1] > 0.1


def test_clusters_stay_sharp_and_loners_spread(prior, rng):
    """A peak of the cluster's own width, and skirts as wide as the loners'."""
    along = np.linspace(-4.0, 4.0, 161)
    longitude, latitude = prior.frame.to_geographic(15.0 + along, np.full(161, -10.0))
    density = np.exp(prior.log_density(longitude, latitude, 40.0))
    above = along[density > 0.5 * density.max()]
    assert 2.0 < np.ptp(above) < 3.5  # 2.35 for the true sd of 1 km, and its kernel's
    loner = multivariate_normal([0.0, 0.0, 45.0], np.diag([1600.0, 1600.0, 100.0]))
    places = loner.rvs(2000, rng)
    far = places[np.linalg.norm(places - [15.0, -10.0, 40.0], axis=1) > 20.0]
    found = np.exp(prior.log_density(*placed(prior.frame, far.T))).mean()
    assert found == pytest.approx(0.25 * loner.pdf(far).mean(), rel=0.4)


def gaussian_kernels_km3(past, future, width_km):
    """Return the density of a kernel estimate of one width, plainly."""
    density = [
        np.exp(-0.5 * ((place[:, None] - past) ** 2).sum(axis=0) / width_km**2).mean()
        for place in future.T
    ]
    return np.array(density) / ((2.0 * np.pi) ** 1.5 * width_km**3)


def test_foretells_held_out_events_better_than_any_single_width(prior, past, rng):
    future = two_scales(600, rng)
    stacked = prior.log_density(*placed(prior.frame, future)).mean()
    volume = prior.density_km3.size * prior.spacing_km**3
    for width_km in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0):
        density = 0.98 * gaussian_kernels_km3(past, future, width_km) + 0.02 / volume
        assert stacked > np.log(density).mean() + 0.3
    gaussian = multivariate_normal(past.mean(axis=1), np.cov(past)).logpdf(future.T).mean()
    assert stacked > gaussian + 2.0
    scott = np.log(gaussian_kde(past)(future) + 1e-30).mean()
    assert stacked > scott + 1.0


def test_foretells_one_gaussian_about_as_well_as_the_truth(frame, rng):
    """Several widths cost little where one would do."""
    true = multivariate_normal([0.0, 0.0, 20.0], np.diag([9.0, 9.0, 4.0]))
    past, future = true.rvs(1500, rng).T, true.rvs(1500, rng).T
    found = learnt(frame, past).log_density(*placed(frame, future)).mean()
    assert found > true.logpdf(future.T).mean() - 0.2


def test_events_without_a_hypocentre_are_left_out(frame, rng):
    places = cloud(200, rng)
    longitude, latitude, depth = placed(frame, places)
    spoilt = [np.append(v, [13.0, np.nan, 13.5]) for v in (longitude, latitude, depth)]
    spoilt[1][-3:], spoilt[2][-3:] = [46.0, 46.0, np.nan], [np.nan, 5.0, 5.0]
    one, other = prior_from_catalogue(longitude, latitude, depth), prior_from_catalogue(*spoilt)
    np.testing.assert_array_equal(one.density_km3, other.density_km3)
    assert one.low_km == other.low_km


@pytest.mark.parametrize("n", [0, 4])
def test_too_few_events_are_told(n):
    with pytest.raises(DataError, match=f"at least 5 events with a hypocentre; this one has {n}"):
        prior_from_catalogue([13.0] * 7, [46.0] * 7, [5.0] * n + [np.nan] * (7 - n))


@pytest.mark.parametrize("step_deg", [0.01, 0.1, 1.0])
def test_five_events_on_a_line_at_one_depth_are_enough(step_deg):
    """Catalogues fix depths, and faults are straight."""
    longitude = 13.0 + step_deg * np.arange(5)
    prior = prior_from_catalogue(longitude, [46.0] * 5, np.full(5, 8.0))
    here, beside = prior.log_density(13.0, [46.0, 46.0 + 2.0 * step_deg], 8.0)
    assert here > beside
    assert sum(mass_of(prior)) == pytest.approx(1.0, abs=0.1)


def test_shallow_wide_seismicity_loses_nothing_into_the_air(frame, rng):
    east, north = rng.normal(0.0, 60.0, (2, 300))
    prior = learnt(frame, np.stack([east, north, np.abs(rng.normal(6.0, 4.0, 300))]))
    assert sum(mass_of(prior)) == pytest.approx(1.0, abs=0.02)


def test_all_events_at_one_place(frame):
    prior = prior_from_catalogue([13.0] * 20, [46.0] * 20, [8.0] * 20)
    assert sum(mass_of(prior)) == pytest.approx(1.0, abs=0.01)
    here, near = prior.log_density(13.0, 46.0, 8.0), prior.log_density(13.1, 46.0, 8.0)
    assert np.exp(here) > 0.05
    assert np.exp(near) < 1e-3 * np.exp(here)


@pytest.mark.parametrize(
    ("longitude", "latitude"), [(180.0, -18.0), (-179.9, 52.0), (10.0, 80.0), (0.0, 0.0)]
)
def test_everywhere_on_earth_alike(longitude, latitude, rng):
    frame = LocalFrame(longitude, latitude)
    places = cloud(300, rng)
    prior = prior_from_catalogue(*placed(frame, places), frame=frame)
    reference_frame = LocalFrame(13.0, 46.0)
    reference = prior_from_catalogue(*placed(reference_frame, places), frame=reference_frame)
    points = places[:, :50] + 1.0
    found, expected = (one.log_density(*placed(one.frame, points)) for one in (prior, reference))
    np.testing.assert_allclose(found, expected, atol=0.02)


@pytest.mark.parametrize("longitude", [180.0, -179.95, 179.99])
def test_its_own_frame_lies_among_events_across_the_date_line(longitude, rng):
    frame = LocalFrame(longitude, -18.0)
    prior = prior_from_catalogue(*placed(frame, cloud(200, rng)))
    apart = (prior.frame.longitude - longitude + 180.0) % 360.0 - 180.0
    assert abs(apart) < 0.5
    assert prior.reach_km(frame) < 30.0


def test_events_above_sea_level_are_kept(frame, rng):
    places = rng.normal(0.0, 1.5, (3, 300))
    places[2] = np.clip(places[2] - 1.5, -4.0, None)
    prior = learnt(frame, places)
    assert prior.low_km[2] <= places[2].min()
    assert np.exp(prior.log_density(13.0, 46.0, -1.5)) > 0.005


def test_nothing_is_expected_in_the_air(frame, rng):
    places = rng.normal(0.0, 4.0, (3, 300))
    places[2] = np.abs(places[2])
    prior = learnt(frame, places)
    assert prior.log_density(13.0, 46.0, 2.0) > prior.log_density(13.0, 46.0, -9.0) + 5.0
