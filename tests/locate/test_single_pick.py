"""Events of one or two picks: what a prior or an azimuth makes of them."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame, geodesic_azimuth_deg, geodesic_distance_km
from mainshock.core.records import Pick, Station
from mainshock.core.times import parse_utc
from mainshock.locate.catalogue_prior import prior_from_catalogue
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.observations import observe
from mainshock.locate.priors import GaussianMixturePrior
from mainshock.locate.tabulated_prior import TabulatedPrior
from mainshock.locate.velocity.constant import ConstantVelocity

VELOCITY = ConstantVelocity(6.0, 3.464)
START = parse_utc("2020-01-01T00:00:00Z")
FRAME = LocalFrame(13.0, 46.0)
A = Station("XX", "A", 13.0, 46.0, 500.0)
B = Station("XX", "B", 13.3, 46.1, 300.0)
QUICK = {"n_nodes": 60_000, "n_samples": 2000}


def pick_of(station, phase="P", seconds=5.0, **more):
    time = START + timedelta(seconds=seconds)
    return Pick("XX", station.station, "", phase, time, 0.9, 0.1, "m", **more)


def clusters(*rows, sd_km=3.0, background=0.0):
    """Return a prior of round clusters: rows of share, east, north and depth."""
    shares = np.array([row[0] for row in rows])
    means = np.array([row[1:] for row in rows], dtype=float)
    covariances = np.tile(np.eye(3) * sd_km**2, (len(rows), 1, 1))
    return GaussianMixturePrior(FRAME, shares, means, covariances, background)


def tabulated(*rows, n=4000, sd_km=3.0, seed=0):
    """Return the prior that a catalogue of the same clusters teaches."""
    rng = np.random.default_rng(seed)
    shares = np.array([row[0] for row in rows])
    means = np.array([row[1:] for row in rows], dtype=float)
    places = means[rng.choice(len(rows), n, p=shares)] + sd_km * rng.standard_normal((n, 3))
    longitude, latitude = FRAME.to_geographic(places[:, 0], places[:, 1])
    return prior_from_catalogue(longitude, latitude, places[:, 2], frame=FRAME)


def locate(picks, stations=(A, B), **fields):
    method = GridLocation(VELOCITY, **{**QUICK, **fields})
    return method.locate(picks, list(stations), np.random.default_rng(4))[0]


def require_whole(origin):
    """Regions and samples exist, whatever the picks leave open."""
    assert [region.level for region in origin.regions] == [0.5, 0.68, 0.95]
    assert all(region.polygons and region.area_km2 > 0.0 for region in origin.regions)
    assert origin.samples.longitude.size == QUICK["n_samples"]
    for values in (origin.samples.longitude, origin.samples.depth_km, origin.samples.time_s):
        assert np.isfinite(values).all()
    sd = (origin.east_sd_km, origin.north_sd_km, origin.depth_sd_km, origin.time_sd_s)
    assert np.isfinite(sd).all()
    assert min(sd) > 0.0


def share_near(origin, longitude, latitude, within_km=20.0):
    away = geodesic_distance_km(
        origin.samples.longitude, origin.samples.latitude, longitude, latitude
    )
    return float((away < within_km).mean())


@pytest.mark.parametrize("phase", ["P", "S"])
def test_one_pick_and_a_prior_give_the_prior(phase):
    """A time alone says nothing of place: the posterior is the prior, the time follows."""
    prior = clusters((1.0, 20.0, -10.0, 12.0))
    origin = locate([pick_of(A, phase)], prior=prior)
    require_whole(origin)
    assert {"distance_from_prior", "single_station", "few_picks"} <= set(origin.flags)
    expected = FRAME.to_geographic(20.0, -10.0)
    assert geodesic_distance_km(origin.longitude, origin.latitude, *expected) < 0.3
    assert origin.depth_km == pytest.approx(12.0, abs=0.3)
    for sd in (origin.east_sd_km, origin.north_sd_km, origin.depth_sd_km):
        assert sd == pytest.approx(3.0, rel=0.05)
    speed = {"P": 6.0, "S": 3.464}[phase]
    away = np.hypot(np.hypot(20.0, 10.0), 12.5)
    late = 5.0 - (origin.time - START).total_seconds()
    assert late == pytest.approx(away / speed, abs=0.05)
    # 3 km in each direction, along the path, and the pick's own 0.1 s
    assert origin.time_sd_s == pytest.approx(np.hypot(3.0 / speed, 0.1), rel=0.1)


def test_one_pick_its_azimuth_and_a_prior():
    prior = clusters((0.5, 30.0, 0.0, 10.0), (0.5, -30.0, 0.0, 10.0))
    towards = {"back_azimuth_deg": 270.0, "back_azimuth_sigma_deg": 15.0}
    origin = locate([pick_of(A, **towards)], prior=prior)
    require_whole(origin)
    west = FRAME.to_geographic(-30.0, 0.0)
    assert "distance_from_prior" in origin.flags
    assert geodesic_distance_km(origin.longitude, origin.latitude, *west) < 3.0
    assert share_near(origin, *west) > 0.9


def test_one_pick_and_its_azimuth_alone_are_a_wide_wedge():
    towards = {"back_azimuth_deg": 45.0, "back_azimuth_sigma_deg": 10.0}
    origin = locate([pick_of(A, **towards)])
    require_whole(origin)
    assert "distance_unconstrained" in origin.flags
    assert "distance_from_prior" not in origin.flags
    # of a circle of 1000 km, 10 degrees to each side, or 2 sd in area: some 10 %
    assert origin.region(0.95).area_km2 > 1e5
    azimuth = geodesic_azimuth_deg(
        A.longitude, A.latitude, origin.samples.longitude, origin.samples.latitude
    )
    apart = np.abs((azimuth - 45.0 + 180.0) % 360.0 - 180.0)
    assert np.mean(apart < 20.0) == pytest.approx(0.94, abs=0.04)


def test_one_p_alone_is_refused_with_the_remedy():
    with pytest.raises(DataError, match=r"1 pick\(s\) \(P at XX\.A\).*prior \(--catalogue\)"):
        locate([pick_of(A)])


def test_p_at_two_stations_alone_is_refused_with_the_remedy():
    with pytest.raises(DataError, match=r"2 pick\(s\) \(P at XX\.A, P at XX\.B\).*at least three"):
        locate([pick_of(A), pick_of(B)])


def test_a_second_pick_of_the_same_phase_is_no_second_pick():
    with pytest.raises(DataError, match=r"1 pick\(s\)"):
        locate([pick_of(A), pick_of(A, seconds=6.0)])


def test_p_at_two_stations_and_a_prior_choose_a_side():
    """B hears it first, by as much as the eastern cluster is nearer to it."""
    rows = ((0.5, 60.0, 20.0, 10.0), (0.5, -60.0, -20.0, 10.0))
    east = FRAME.to_geographic(60.0, 20.0)
    picks = []
    for station in (A, B):
        away = geodesic_distance_km(*east, station.longitude, station.latitude)
        seconds = float(VELOCITY.travel_time_s("P", away, 10.0, station.depth_km))
        picks.append(pick_of(station, seconds=seconds))
    origin = locate(picks, prior=clusters(*rows))
    require_whole(origin)
    assert "distance_from_prior" in origin.flags
    assert "single_station" not in origin.flags
    assert share_near(origin, *east) > 0.95
    assert abs((origin.time - START).total_seconds()) < 3.0 * origin.time_sd_s


@pytest.mark.parametrize("make", [clusters, tabulated], ids=["mixture", "table"])
@pytest.mark.parametrize("far_km", [120.0, 300.0])
def test_a_far_cluster_is_not_overlooked(make, far_km):
    """With a P alone each cluster keeps its share, be it a hundred kilometres away."""
    rows = ((0.7, 10.0, 5.0, 10.0), (0.3, far_km, -0.3 * far_km, 25.0))
    prior = make(*rows)
    origin = locate([pick_of(A)], prior=prior)
    require_whole(origin)
    near, far = (FRAME.to_geographic(row[1], row[2]) for row in rows)
    shares = share_near(origin, *near), share_near(origin, *far)
    assert sum(shares) > 0.93
    # 2000 draws: sd 0.01; two per cent are the background's
    assert shares[1] / sum(shares) == pytest.approx(0.3, abs=0.04)


def exact_share_east(prior, azimuth_deg, sigma_deg, doubt=0.02):
    """Return the posterior share of east from one azimuth at A, by summing a plain fine grid."""
    axis = np.arange(-200.0, 200.0, 2.0) + 1.0
    east, north, depth = np.meshgrid(axis, axis, np.arange(1.0, 60.0, 2.0), indexing="ij")
    density = np.exp(prior.log_density(*FRAME.to_geographic(east, north), depth))
    apart = np.arctan2(east, north) - np.radians(azimuth_deg)
    kappa = 1.0 / np.radians(sigma_deg) ** 2
    peak = np.exp(kappa * (np.cos(apart) - 1.0)) / np.i0(kappa) * np.exp(kappa)
    density *= (1.0 - doubt) * peak + doubt
    return density[east > 0.0].sum() / density.sum()


def test_shares_of_far_clusters_follow_the_azimuth():
    """Two clusters 100 km to both sides of an azimuth that lies between them."""
    prior = clusters((0.5, 110.0, 80.0, 20.0), (0.5, -110.0, 80.0, 20.0), sd_km=6.0, background=0.0)
    for azimuth_deg in (0.0, 4.0, 10.0):
        towards = {"back_azimuth_deg": azimuth_deg, "back_azimuth_sigma_deg": 30.0}
        origin = locate([pick_of(A, **towards)], prior=prior)
        found = float((origin.samples.longitude > 13.0).mean())
        assert found == pytest.approx(exact_share_east(prior, azimuth_deg, 30.0), abs=0.045)


def test_s_minus_p_and_a_far_cluster():
    """S minus P rules the near cluster out, however small the far one's share."""
    rows = ((0.95, 10.0, 5.0, 10.0), (0.05, 120.0, -40.0, 25.0))
    far = FRAME.to_geographic(120.0, -40.0)
    away = geodesic_distance_km(*far, A.longitude, A.latitude)
    picks = [
        pick_of(A, phase, float(VELOCITY.travel_time_s(phase, away, 25.0, A.depth_km)))
        for phase in "PS"
    ]
    origin = locate(picks, prior=tabulated(*rows))
    assert "distance_from_prior" not in origin.flags
    assert share_near(origin, *far) > 0.95


@pytest.mark.parametrize(
    ("picks", "has_prior", "flags"),
    [
        ([pick_of(A)], True, ("distance_from_prior",)),
        ([pick_of(A), pick_of(B)], True, ("distance_from_prior",)),
        ([pick_of(A), pick_of(A, "S", 8.0)], True, ()),
        ([pick_of(A), pick_of(A, "S", 8.0)], False, ()),
        (
            [pick_of(A, back_azimuth_deg=1.0, back_azimuth_sigma_deg=9.0), pick_of(B)],
            False,
            ("distance_unconstrained",),
        ),
    ],
)
def test_flags_say_where_the_distance_comes_from(picks, has_prior, flags):
    assert observe(picks, [A, B], None, has_prior).flags == flags


def test_a_table_far_from_the_station_is_reached():
    table = np.ones((5, 5, 5), np.float32)
    far = LocalFrame(16.0, 46.0)
    prior = TabulatedPrior(far, (-4.0, -4.0, 6.0), 2.0, table / table.sum() / 8.0, 1e-12)
    origin = locate([pick_of(A)], prior=prior)
    assert geodesic_distance_km(origin.longitude, origin.latitude, 16.0, 46.0) < 1.0


@pytest.mark.parametrize("far_km", [20.0, 100.0, 300.0])
def test_a_compact_catalogue_far_away_holds_the_event(far_km):
    """Its background is dense: spread over a thousand kilometres it would outweigh all."""
    rng = np.random.default_rng(0)
    east, north, depth = rng.normal([[far_km], [0.0], [15.0]], [[3.0], [3.0], [2.0]], (3, 300))
    prior = prior_from_catalogue(*FRAME.to_geographic(east, north), depth)
    origin = locate([pick_of(A)], prior=prior)
    assert share_near(origin, *FRAME.to_geographic(far_km, 0.0)) > 0.9
    assert "at_grid_edge" not in origin.flags


def test_the_floor_of_a_mixture_does_not_outweigh_its_clusters():
    rows = ((0.5, 30.0, 0.0, 10.0), (0.5, -30.0, 0.0, 10.0))
    volume = (60.0 + 24.0) * 24.0 * 24.0  # the box of four standard deviations
    prior = replace(clusters(*rows), background=0.03, background_volume_km3=volume)
    origin = locate([pick_of(A)], prior=prior)
    shares = [share_near(origin, *FRAME.to_geographic(row[1], row[2])) for row in rows]
    assert sum(shares) > 0.85
    assert "at_grid_edge" not in origin.flags
