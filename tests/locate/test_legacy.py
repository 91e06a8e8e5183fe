"""EQNeMix's model, computed exactly: against brute force, its published results and the truth."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from shapely import Point, Polygon

from mainshock.core.errors import DataError, SettingsError
from mainshock.core.geo import LocalFrame, geodesic_distance_km
from mainshock.core.records import Pick, Station
from mainshock.core.times import parse_utc
from mainshock.locate.cluster_prior import cluster_prior
from mainshock.locate.legacy import PUBLISHED_SOURCE, EpicentralRays, LegacyLocation
from mainshock.locate.velocity.constant import ConstantVelocity
from mainshock.sources.cluster_files import ClusterShapes, MetricGrid, read_clusters
from mainshock.sources.eqnemix_files import read_detections

CLC = Station("CI", "CLC", -117.59751, 35.81574, 775.0)
WEIGHTS = np.array([0.0666, 0.1338, 0.0181, 0.2690, 0.0386, 0.2803])
TIME = parse_utc("2019-07-04T18:00:00Z")
QUICK = {"n_nodes": 60_000, "n_samples": 200}
NODE_KM = 0.7  # of the brute-force grid


def sp_picks(sp_s, p_s=0.0, **more):
    return [
        Pick("CI", "CLC", "", phase, TIME + timedelta(seconds=seconds), 0.9, 0.05, "m", **more)
        for phase, seconds in (("P", p_s), ("S", p_s + sp_s))
    ]


@pytest.fixture(scope="module")
def six(data_dir):
    return read_clusters(data_dir / "location/ridgecrest_clc/clusters6.json")


@pytest.fixture(scope="module")
def two():
    """Two clusters on both sides of the station, of different size."""
    frame = LocalFrame(CLC.longitude, CLC.latitude)
    means = np.array([[12.0, 0.0, 8.0], [-10.0, 9.0, 5.0]])
    covariances = np.stack([np.diag([9.0, 25.0, 4.0]), np.diag([16.0, 4.0, 2.0])])
    return ClusterShapes(frame, means, covariances)


def brute_force_mean(shapes, weights, sp_s, source, slowness, is_flat=False):
    """Return the posterior mean from its formula on a plain fixed grid: east, north, depth."""
    sd = np.sqrt(np.diagonal(shapes.covariances_km2, axis1=1, axis2=2))
    low, high = (shapes.means_km - 4 * sd).min(axis=0), (shapes.means_km + 4 * sd).max(axis=0)
    low[2], high[2] = max(low[2], -5.0), min(high[2], 45.0)
    axes = [np.arange(a, b, NODE_KM) for a, b in zip(low, high, strict=True)]
    nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    density = np.zeros(len(nodes))
    for weight, mean, covariance in zip(
        weights, shapes.means_km, shapes.covariances_km2, strict=True
    ):
        offset = nodes - mean
        square = np.einsum("ni,ij,nj->n", offset, np.linalg.inv(covariance), offset)
        density += weight * np.exp(-0.5 * square) / np.sqrt(np.linalg.det(covariance))
    away = nodes - np.array(source)
    distance = np.linalg.norm(away[:, :2] if is_flat else away, axis=1)
    density *= np.exp(-0.5 * ((sp_s - slowness * distance) / 0.1) ** 2)
    return density @ nodes / density.sum()


@pytest.mark.parametrize("travel_time", ["homogeneous", "straight", "published"])
def test_is_the_stated_posterior(two, travel_time):
    weights, sp_s = np.array([0.3, 0.7]), 1.5
    source = (0.0, 0.0, CLC.depth_km)
    if travel_time == "published":
        east, north = two.frame.to_local(*PUBLISHED_SOURCE[:2])
        source = (float(east), float(north), PUBLISHED_SOURCE[2])
    is_flat = travel_time == "straight"
    slowness = 1 / 2.9 - 1 / 7.1 if is_flat else 1 / 4.38 - 1 / 7.96
    expected = brute_force_mean(two, weights, sp_s, source, slowness, is_flat)
    method = LegacyLocation(cluster_prior(two, weights, background=0.0), travel_time)
    origin, _ = method.locate(sp_picks(sp_s), [CLC], np.random.default_rng(0))
    east, north = two.frame.to_local(origin.longitude, origin.latitude)
    # the nodes of both grids are 0.3 to 0.7 km apart in a shell 1 km thick
    np.testing.assert_allclose([east, north, origin.depth_km], expected, atol=0.25)


def test_the_mean_is_reported_even_between_two_modes(two):
    method = LegacyLocation(cluster_prior(two, background=0.0), "homogeneous")
    origin, arrivals = method.locate(sp_picks(1.4), [CLC], np.random.default_rng(0))
    assert "legacy_eqnemix" in origin.flags
    assert "mode_reported" not in origin.flags
    longitudes = origin.samples.longitude
    assert abs(origin.longitude - longitudes.mean()) < 0.2 * longitudes.std()
    assert [arrival.pick.phase for arrival in arrivals] == ["P", "S"]
    away = geodesic_distance_km(origin.longitude, origin.latitude, CLC.longitude, CLC.latitude)
    assert arrivals[0].distance_km == pytest.approx(float(away))


def test_errors_and_azimuths_of_the_picks_do_not_count(two):
    method = LegacyLocation(cluster_prior(two, background=0.0), "homogeneous", **QUICK)
    plain, _ = method.locate(sp_picks(1.4), [CLC], np.random.default_rng(0))
    rich = [
        replace(pick, sigma_s=1.0, back_azimuth_deg=90.0, back_azimuth_sigma_deg=5.0)
        for pick in sp_picks(1.4)
    ]
    other, _ = method.locate(rich, [CLC], np.random.default_rng(0))
    assert (plain.longitude, plain.latitude) == (other.longitude, other.latitude)


def test_what_the_model_cannot_do_is_refused(two):
    method = LegacyLocation(cluster_prior(two, background=0.0), **QUICK)
    rng = np.random.default_rng(0)
    with pytest.raises(DataError):
        method.locate(sp_picks(1.4)[:1], [CLC], rng)
    with pytest.raises(DataError, match="S before P"):
        method.locate(sp_picks(-1.4), [CLC], rng)
    far = Station("CI", "CLC", -116.0, 34.0)
    with pytest.raises(DataError, match="homogeneous"):
        method.locate(sp_picks(1.4), [far], rng)
    with pytest.raises(SettingsError, match="published, homogeneous, straight"):
        LegacyLocation(travel_time="mantle")
    with pytest.raises(SettingsError, match="positive"):
        LegacyLocation(sigma_s=0.0)


def test_rays_along_the_surface_do_not_know_depth():
    times = EpicentralRays().travel_time_s("S", 29.0, [0.0, 20.0], 0.0)
    np.testing.assert_allclose(times, 10.0)
    assert EpicentralRays().travel_time_s("P", 7.1, 5.0, 0.0) == pytest.approx(1.0)


def test_the_published_source_is_61_and_60_km_into_its_grid():
    grid = MetricGrid(32611, -118.2, 35.2)
    np.testing.assert_allclose(grid.to_grid(*PUBLISHED_SOURCE[:2]), (61.0, 60.0), atol=0.01)


@pytest.fixture(scope="module")
def on_real_picks(six, data_dir):
    """Legacy locations of the 54 events with a catalogue entry, by row."""
    folder = data_dir / "location/ridgecrest_clc"
    truth = pd.read_csv(folder / "scsn_matches.csv", dtype={"row": str}).set_index("row")
    rows = [
        row
        for row in read_detections(folder / "eqt_picks_cnq_weights.csv").rows
        if row.event_id in truth.index
    ]
    located = []
    for row in rows:
        prior = cluster_prior(six, row.weights, background=0.0)
        method = LegacyLocation(prior, **QUICK)
        origin, _ = method.locate(row.picks, [CLC], np.random.default_rng(0))
        located.append((origin.longitude, origin.latitude, origin.depth_km))
    truth = truth.loc[[row.event_id for row in rows]]
    return np.array(located), np.array([row.published for row in rows]), truth


def test_has_the_published_error(on_real_picks):
    located, _, truth = on_real_picks
    error = geodesic_distance_km(
        located[:, 0], located[:, 1], truth["longitude"].to_numpy(), truth["latitude"].to_numpy()
    )
    assert len(error) == 54
    published = truth["eqnemix_epi_err_km"].to_numpy()
    assert np.median(error) == pytest.approx(np.median(published), abs=0.5)
    assert error.mean() == pytest.approx(published.mean(), abs=0.7)


def test_reproduces_the_published_places(on_real_picks):
    located, published, _ = on_real_picks
    apart = geodesic_distance_km(*located[:, :2].T, *published[:, :2].T)
    # the published means are those of 1000 correlated draws with standard deviations of 9 to 12 km
    assert np.median(apart) < 2.8
    for axis, least in ((0, 0.75), (1, 0.9)):
        assert np.corrcoef(located[:, axis], published[:, axis])[0, 1] > least
    assert abs(np.median(located[:, 2] - published[:, 2])) < 0.3


def simulate(shapes, n, rng):
    """Events of the clusters seen through a crust of 5.8 and 3.26 km/s: S-P 0.134 s/km."""
    crust = ConstantVelocity(5.8, 3.26)
    for _ in range(n):
        k = rng.choice(6, p=WEIGHTS / WEIGHTS.sum())
        place = rng.multivariate_normal(shapes.means_km[k], shapes.covariances_km2[k])
        depth = abs(place[2])
        longitude, latitude = (float(v) for v in shapes.frame.to_geographic(*place[:2]))
        away = geodesic_distance_km(longitude, latitude, CLC.longitude, CLC.latitude)
        p, s = (float(crust.travel_time_s(x, away, depth, CLC.depth_km)) for x in "PS")
        yield (longitude, latitude), sp_picks(s - p + 0.1 * rng.standard_normal(), p)


def covers(region, place):
    return any(Polygon(rings[0], rings[1:]).covers(Point(place)) for rings in region.polygons)


def test_its_regions_are_far_too_small(six):
    rng = np.random.default_rng(3)
    method = LegacyLocation(cluster_prior(six, WEIGHTS, background=0.0), "homogeneous", **QUICK)
    held = []
    for place, picks in simulate(six, 80, rng):
        origin, _ = method.locate(picks, [CLC], rng)
        held.append([covers(origin.region(level), place) for level in (0.68, 0.95)])
    inner, outer = np.mean(held, axis=0)
    assert inner < 0.15  # 68 promised
    assert outer < 0.40  # 95 promised


def test_weights_of_one_event_make_its_prior(two):
    mean = two.frame.to_geographic(*two.means_km[0, :2])
    first, second = (
        float(cluster_prior(two, weights).log_density(*mean, two.means_km[0, 2]))
        for weights in ([0.9, 0.1], [0.45, 0.05])
    )
    assert first == pytest.approx(second)  # they need not sum to 1
    assert first > float(cluster_prior(two, [0.1, 0.9]).log_density(*mean, two.means_km[0, 2]))


def test_noise_raises_the_floor(two):
    far = two.frame.to_geographic(200.0, 200.0)
    densities = [
        float(np.exp(cluster_prior(two, noise=noise).log_density(*far, 8.0)))
        for noise in (0.0, 0.5, 1.0)
    ]
    np.testing.assert_allclose(np.array(densities) / densities[-1], [0.03, 0.515, 1.0], rtol=1e-6)


def test_weights_must_fit_the_clusters(two):
    with pytest.raises(DataError, match="3 weights for 2 clusters"):
        cluster_prior(two, [0.2, 0.3, 0.5])
    with pytest.raises(DataError, match="between 0 and 1"):
        cluster_prior(two, noise=1.2)
