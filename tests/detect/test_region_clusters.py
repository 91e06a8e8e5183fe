"""Regions of a catalogue: metres, ellipses, criteria, the test part kept out, files and map."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from mainshock.cli.app import app
from mainshock.core.errors import DataError, NothingFoundError, SettingsError, SourceError
from mainshock.core.geo import LocalFrame
from mainshock.detect.regions.catalogue import TimeSplit, read_region_catalogue, select_events
from mainshock.detect.regions.cluster import RegionClusters
from mainshock.detect.regions.cluster_fit import ClusterSettings, fit_clusters, kmeans_bic
from mainshock.detect.regions.cluster_plot import map_figure, plot_clusters
from mainshock.detect.regions.cluster_run import cluster_catalogue
from mainshock.detect.regions.ellipse import ellipse, ellipse_outline, ellipsoid

MODELS = ("KMeans", "GMM", "DBSCAN")


def groups(rng, centres_km, n=200, sd_km=1.0, longitude=20.0, latitude=60.0):
    """Events around centres east, north and depth in km: synthetic."""
    frame = LocalFrame(longitude, latitude)
    offsets = rng.normal(0.0, sd_km, (len(centres_km), n, 3))
    places = (np.asarray(centres_km)[:, None, :] + offsets).reshape(-1, 3)
    lon, lat = frame.to_geographic(places[:, 0], places[:, 1])
    return lon, lat, places[:, 2], np.repeat(np.arange(len(centres_km)), n)


def agreement(ids, truth):
    return sum(np.bincount(truth[ids == one]).max() for one in np.unique(ids[ids >= 0])) / len(ids)


@pytest.mark.parametrize("model", MODELS)
def test_separate_groups_are_found_by_each_model(model, rng):
    lon, lat, depth, truth = groups(rng, [(0, 0, 10), (25, 0, 10), (0, 30, 10)])
    clusters = fit_clusters(lon, lat, depth, ClusterSettings(model, 3))
    ids = clusters.assign(lon, lat, depth)
    assert clusters.n_clusters == 3
    assert agreement(ids, truth) > 0.98
    np.testing.assert_array_equal(np.bincount(ids[ids >= 0]), clusters.counts)


def test_distances_are_metres_not_degrees(rng):
    from sklearn.cluster import KMeans

    # at 60 degrees north 22 km east are 0.39 degrees, 30 km north only 0.27
    lon, lat, depth, truth = groups(rng, [(0, 0, 5), (0, 30, 5), (22, 0, 5), (22, 30, 5)], sd_km=2)
    ids = fit_clusters(lon, lat, depth, ClusterSettings("KMeans", 2)).assign(lon, lat, depth)
    assert agreement(ids, truth % 2) > 0.98
    in_degrees = KMeans(2, n_init=10, random_state=0).fit_predict(np.stack([lon, lat], axis=1))
    assert agreement(in_degrees, truth // 2) > 0.98


def test_depth_separates_only_where_it_is_used(rng):
    lon, lat, depth, truth = groups(rng, [(0, 0, 10), (0, 0, 60)])
    in_space = fit_clusters(lon, lat, depth, ClusterSettings("GMM", 2, use_depth=True))
    assert agreement(in_space.assign(lon, lat, depth), truth) == 1.0
    np.testing.assert_allclose(sorted(in_space.means_m[:, 2]), [10e3, 60e3], rtol=0.02)
    in_plane = fit_clusters(lon, lat, depth, ClusterSettings("KMeans", 2))
    assert agreement(in_plane.assign(lon, lat), truth) < 0.7


def test_mean_and_covariance_are_those_of_the_events(rng):
    lon, lat, depth, _ = groups(rng, [(3, -4, 12)], n=4000, sd_km=2.0)
    for model in ("KMeans", "GMM"):
        clusters = fit_clusters(lon, lat, depth, ClusterSettings(model, 1))
        points = clusters.to_metres(lon, lat, depth)
        np.testing.assert_allclose(clusters.means_m[0], points.mean(axis=0), atol=1.0)
        # the mixture adds its floor of (100 m)^2 to the diagonal of the plane
        expected = np.cov(points.T, bias=True)
        np.testing.assert_allclose(clusters.covariances_m2[0], expected, atol=1.1e4)


def test_unknown_depths_do_not_spoil_the_plane(rng):
    lon, lat, depth, _ = groups(rng, [(0, 0, 10), (30, 0, 20)])
    some = np.where(np.arange(depth.size) % 3 == 0, np.nan, depth)
    clusters = fit_clusters(lon, lat, some, ClusterSettings("KMeans", 2))
    np.testing.assert_allclose(sorted(clusters.means_m[:, 2]), [10e3, 20e3], rtol=0.05)
    none = fit_clusters(lon, lat, np.full(depth.size, np.nan), ClusterSettings("KMeans", 2))
    assert np.isnan(none.means_m[:, 2]).all()
    np.testing.assert_allclose(none.covariances_m2[:, :2, :2], clusters.covariances_m2[:, :2, :2])
    assert none.as_document()["clusters"][0]["depth_km"] is None


def test_criterion_is_lowest_at_the_true_number(rng):
    lon, lat, depth, _ = groups(rng, [(0, 0, 5), (20, 0, 5), (0, 20, 5), (25, 25, 5)], n=150)
    for model in ("KMeans", "GMM"):
        scores = {
            k: fit_clusters(lon, lat, depth, ClusterSettings(model, k)).scores["bic"]
            for k in (2, 3, 4, 5)
        }
        assert min(scores, key=scores.get) == 4


def test_kmeans_criterion_against_a_written_out_likelihood(rng):
    features = np.concatenate([rng.normal(0, 1, (30, 2)), rng.normal(9, 1, (20, 2))])
    labels = np.repeat([0, 1], [30, 20])
    means = [features[labels == k].mean(axis=0) for k in (0, 1)]
    residual = features - np.array(means)[labels]
    variance = float((residual**2).sum()) / (2 * (50 - 2))
    density = -np.log(2 * np.pi * variance) - 0.5 * (residual**2).sum(axis=1) / variance
    log_likelihood = float((density + np.log(np.array([0.6, 0.4])[labels])).sum())
    expected = -2 * log_likelihood + (1 + 4 + 1) * np.log(50)
    assert kmeans_bic(features, labels) == pytest.approx(expected, rel=1e-12)
    assert kmeans_bic(features[:3], np.arange(3)) == np.inf


def test_order_is_by_count_and_the_same_with_any_seed(rng):
    lon, lat, depth, truth = groups(rng, [(0, 0, 5), (40, 0, 5), (0, 50, 5)], n=120)
    keep = np.flatnonzero((truth != 0) | (np.arange(lon.size) % 2 == 0))
    made = [
        fit_clusters(lon[keep], lat[keep], depth[keep], ClusterSettings("KMeans", 3, seed=seed))
        for seed in (0, 7)
    ]
    assert list(made[0].counts) == [120, 120, 60]
    np.testing.assert_allclose(made[0].means_m, made[1].means_m)
    assert made[0].means_m[0, 0] < made[0].means_m[1, 0]


def test_dbscan_assigns_by_its_own_rule(rng):
    from sklearn.cluster import DBSCAN

    lon, lat, depth, _ = groups(rng, [(0, 0, 5), (12, 0, 5)], n=80, sd_km=1.5)
    clusters = fit_clusters(lon, lat, depth, ClusterSettings("DBSCAN", eps_km=1.0))
    points = clusters.to_metres(lon, lat)[:, :2]
    theirs = DBSCAN(eps=1000.0, min_samples=10).fit(points)
    ids = clusters.assign(lon, lat)
    np.testing.assert_array_equal(ids >= 0, theirs.labels_ >= 0)
    core = theirs.core_sample_indices_
    pairs = set(zip(ids[core].tolist(), theirs.labels_[core].tolist(), strict=True))
    assert len(pairs) == clusters.n_clusters
    assert list(clusters.assign([21.5], [60.9])) == [-1]


@pytest.mark.parametrize("model", MODELS)
def test_file_gives_the_same_clusters_back(model, rng, tmp_path):
    lon, lat, depth, _ = groups(rng, [(0, 0, 10), (9, 0, 10)])
    clusters = fit_clusters(lon, lat, depth, ClusterSettings(model, 2, use_depth=True))
    clusters.write_json(tmp_path / "clusters.json", {"more": 1})
    again = RegionClusters.from_json(tmp_path / "clusters.json")
    np.testing.assert_array_equal(again.assign(lon, lat, depth), clusters.assign(lon, lat, depth))
    np.testing.assert_allclose(again.means_m, clusters.means_m)
    np.testing.assert_allclose(again.covariances_m2, clusters.covariances_m2)
    assert (again.model, again.use_depth) == (model, True)


def test_files_that_are_no_clusters_are_told(tmp_path):
    path = tmp_path / "clusters.json"
    with pytest.raises(SourceError, match=r"clusters\.json"):
        RegionClusters.from_json(path)
    path.write_text('{"format": 1, "model": "KMeans"}')
    with pytest.raises(DataError, match="does not describe clusters"):
        RegionClusters.from_json(path)


@pytest.mark.parametrize("probability", [0.5, 0.68, 0.95])
def test_ellipse_and_ellipsoid_hold_the_stated_share(probability, rng):
    covariance = np.array([[9.0, 4.0, 1.0], [4.0, 5.0, -2.0], [1.0, -2.0, 8.0]]) * 1e6
    frame, mean = LocalFrame(-70.0, -21.0), np.array([30e3, -50e3, 90e3])
    points = rng.multivariate_normal(mean, covariance, 200_000)
    flat = ellipse(frame, mean, covariance, probability)
    angle = np.radians(flat.azimuth_deg)
    along = (points[:, :2] - mean[:2]) @ [np.sin(angle), np.cos(angle)] / 1e3
    across = (points[:, :2] - mean[:2]) @ [np.cos(angle), -np.sin(angle)] / 1e3
    inside = (along / flat.semi_major_km) ** 2 + (across / flat.semi_minor_km) ** 2 <= 1.0
    assert inside.mean() == pytest.approx(probability, abs=0.005)  # 4 sd of 200,000 draws
    solid = ellipsoid(frame, mean, covariance, probability)
    volume = np.prod(solid.semi_axes_km)
    radius2 = (volume / np.sqrt(np.linalg.det(covariance / 1e6))) ** (2 / 3)
    square = np.einsum("ni,ij,nj->n", points - mean, np.linalg.inv(covariance), points - mean)
    assert (square <= radius2).mean() == pytest.approx(probability, abs=0.005)


def test_azimuth_is_true_and_the_outline_lies_on_the_ellipse():
    frame = LocalFrame(10.0, 60.0)
    covariance = np.diag([1e6, 16e6, 4e6])  # long axis towards grid north
    assert ellipse(frame, np.zeros(3), covariance, 0.95).azimuth_deg % 180.0 < 1e-6
    east = np.array([100e3, 0.0, 0.0])  # meridians converge: 1.8 degrees of longitude * sin(60)
    longitude = float(frame.to_geographic(100.0, 0.0)[0])
    convergence = (longitude - 10.0) * np.sin(np.radians(60.0))
    found = ellipse(frame, east, covariance, 0.95)
    assert found.azimuth_deg == pytest.approx(convergence, abs=0.02)
    lon, lat = ellipse_outline(frame, east, covariance, 0.95)
    x, y = frame.to_local(lon, lat)
    radius = ((x - 100.0) / found.semi_minor_km) ** 2 + (y / found.semi_major_km) ** 2
    np.testing.assert_allclose(radius, 1.0, rtol=1e-6)


def test_ellipsoid_tells_where_its_axes_point():
    solid = ellipsoid(LocalFrame(0.0, 0.0), np.zeros(3), np.diag([1e6, 4e6, 9e6]), 0.95)
    np.testing.assert_allclose(solid.semi_axes_km, np.array([3.0, 2.0, 1.0]) * np.sqrt(7.8147), 4)
    np.testing.assert_allclose(solid.plunges_deg, [90.0, 0.0, 0.0], atol=1e-6)
    assert solid.azimuths_deg[1] % 180.0 == pytest.approx(0.0, abs=1e-6)
    assert solid.azimuths_deg[2] % 180.0 == pytest.approx(90.0, abs=1e-6)


def write_catalogue(path, lon, lat, depth, start="2014-01-01T00:00:00Z"):
    times = pd.date_range(start, periods=len(lon), freq="h")
    pd.DataFrame(
        {
            "event_id": [f"e{index}" for index in range(len(lon))],
            "time": times.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "longitude": lon,
            "latitude": lat,
            "depth_km": depth,
            "magnitude": 1.0,
        }
    ).to_csv(path, index=False)
    return times


def test_nothing_is_fitted_on_test_events(rng, tmp_path):
    lon, lat, depth, _ = groups(rng, [(0, 0, 10), (25, 0, 10)], n=60)
    order = rng.permutation(lon.size)
    lon, lat, depth = lon[order], lat[order], depth[order]
    times = write_catalogue(tmp_path / "a.csv", lon, lat, depth)
    split = TimeSplit(test_after=times[80].to_pydatetime())
    settings = ClusterSettings("GMM", 2)
    first = cluster_catalogue(tmp_path / "a.csv", tmp_path / "a", settings, split=split)
    lon[80:] += 0.9  # other test events, the same regions
    write_catalogue(tmp_path / "b.csv", lon, lat, depth)
    other = cluster_catalogue(tmp_path / "b.csv", tmp_path / "b", settings, split=split)
    assert first["n_test"] == other["n_test"] == 40
    for one, two in zip(first["clusters"], other["clusters"], strict=True):
        assert one["mean_m"] == two["mean_m"]
        assert one["count"] == two["count"]
    assert sum(one["count_test"] for one in first["clusters"]) == 40
    table = pd.read_csv(tmp_path / "a" / "catalogue_with_clusters.csv")
    assert list(table.columns[:7]) == [
        "event_id", "time", "longitude", "latitude", "depth_km", "magnitude", "cluster_id",
    ]  # fmt: skip
    assert (table["split"] == "test").sum() == 40


def test_box_across_the_180th_meridian_and_time_limits():
    catalogue = pd.DataFrame(
        {
            "longitude": [179.5, -179.5, 170.0],
            "latitude": [0.0, 1.0, 0.0],
            "time": pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03"], utc=True),
        }
    )
    assert len(select_events(catalogue, bbox=(179.0, -5.0, -179.0, 5.0))) == 2
    kept = select_events(catalogue, after=catalogue["time"][1], before=catalogue["time"][2])
    assert list(kept["longitude"]) == [-179.5]
    with pytest.raises(SettingsError, match="south"):
        select_events(catalogue, bbox=(0.0, 5.0, 1.0, -5.0))


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"model": "Mean"}, SettingsError),
        ({"n_components": 0}, SettingsError),
        ({"eps_km": float("nan")}, SettingsError),
        ({"n_components": 50}, DataError),
        ({"model": "DBSCAN", "eps_km": 0.001}, NothingFoundError),
    ],
)
def test_what_cannot_be_fitted_is_told(settings, error, rng):
    lon, lat, depth, _ = groups(rng, [(0, 0, 5)], n=20)
    with pytest.raises(error):
        fit_clusters(lon, lat, depth, ClusterSettings(**settings))


def test_rows_without_a_place_are_told(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("id,origin_time,lat,lon,depth,mag\na,2020-01-01T00:00:00Z,1,2,3,\nb,x,1,2,3,4\n"
                    "c,2020-01-01T00:00:00Z,,,3,4\n")  # fmt: skip
    skipped = []
    catalogue = read_region_catalogue(path, skipped)
    assert list(catalogue["event_id"]) == ["a"]
    assert [item.reason.split(":")[0] for item in skipped] == [
        "time is not ISO 8601 (2010-05-27T16", "event has no place",
    ]  # fmt: skip
    assert len(read_region_catalogue(path, [], needs_places=False)) == 2


def test_command_on_the_catalogue_of_northern_chile(data_dir, tmp_path):
    catalogue = data_dir / "location" / "ipoc_pb01" / "catalog.parquet"
    arguments = ["detect", "dataset", "cluster", "--src", catalogue, "--dst", tmp_path]
    options = ["--bbox=-70.8,-23,-68,-19.5", "--after", "2007-02-01", "--test-after", "2008-04-01"]
    result = CliRunner().invoke(app, [*map(str, arguments), *options, "--json"])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["n_clusters"] == 6
    assert document["n_train"] + document["n_test"] == document["n_events"]
    table = pd.read_csv(tmp_path / "catalogue_with_clusters.csv")
    assert len(table) == document["n_events"] > 10_000
    clusters = RegionClusters.from_json(tmp_path / "clusters.json")
    np.testing.assert_array_equal(
        clusters.assign(table["longitude"], table["latitude"]), table["cluster_id"]
    )
    assert (np.diff(clusters.counts) <= 0).all()
    assert (tmp_path / "clusters.png").stat().st_size > 20_000


def test_wrong_options_of_the_command(tmp_path):
    source = tmp_path / "a.csv"
    write_catalogue(source, [1.0, 2.0], [1.0, 2.0], [1.0, 2.0])
    base = ["detect", "dataset", "cluster", "--src", str(source), "--dst", str(tmp_path)]
    for options in (["--bbox", "1,2,3"], ["--model", "x"], ["--after", "soon"]):
        result = CliRunner().invoke(app, [*base, *options])
        assert result.exception.exit_code == 2
    result = CliRunner().invoke(app, [*base, "--after", "2030-01-01"])
    assert result.exception.exit_code == 3


def cluster(source, folder, *options):
    arguments = ["detect", "dataset", "cluster", "--src", source, "--dst", folder, *options]
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.mark.parametrize("n", [1, 3])
def test_as_many_regions_as_events_have_no_criterion(n, tmp_path):
    places = np.arange(n, dtype=float)
    write_catalogue(tmp_path / "a.csv", places, places, places)
    result = cluster(tmp_path / "a.csv", tmp_path, "--n-components", n)
    assert result.exit_code == 0
    assert "bic: none" in result.stdout
    assert "region 0: 1 events to fit, 0 for test, " in result.stdout


def test_counts_to_fit_and_for_test_are_told_apart(rng, tmp_path):
    lon, lat, depth, _ = groups(rng, [(0, 0, 10)], n=60)
    times = write_catalogue(tmp_path / "a.csv", lon, lat, depth)
    options = ["--n-components", 1, "--test-after", times[45].strftime("%Y-%m-%dT%H:%M:%SZ")]
    result = cluster(tmp_path / "a.csv", tmp_path, *options)
    assert "region 0: 45 events to fit, 15 for test, " in result.stdout


def test_a_catalogue_without_a_usable_row_says_why(tmp_path):
    path = tmp_path / "a.csv"
    rows = ["a,2020-01-01T00:00:00Z,,", "b,2020-01-02T00:00:00Z,,", "c,soon,1,2"]
    path.write_text("\n".join(["event_id,time,longitude,latitude", *rows]) + "\n")
    told = cluster(path, tmp_path).exception
    assert told.exit_code == 3
    assert "2 left out: event has no place" in str(told)
    assert "1 left out: time is not ISO 8601" in str(told)
    assert "widen" not in str(told)
    write_catalogue(path, [1.0, 2.0], [1.0, 2.0], [np.nan, np.nan])
    told = cluster(path, tmp_path, "--bbox=5,5,6,6")
    assert "none of its 2 usable events" in str(told.exception)
    assert str(told.exception).endswith("widen --bbox")
    assert "leave --use-depth out" in str(cluster(path, tmp_path, "--use-depth").exception)


def drawn_map(lon, lat, depth, settings):
    table = pd.DataFrame({"longitude": lon, "latitude": lat, "split": "train"})
    clusters = fit_clusters(lon, lat, depth, settings)
    table["cluster_id"] = clusters.assign(lon, lat, depth)
    table.loc[table.index[-2:], "split"] = "test"
    figure = map_figure(table)
    axes = plot_clusters(table, clusters, figure.subplots())
    figure.canvas.draw()
    return axes


@pytest.mark.parametrize(("east_km", "north_km"), [(0.3, 8.0), (8.0, 0.3), (1.0, 1.0), (0.0, 0.0)])
def test_labels_of_small_maps_do_not_touch_and_the_title_fits(east_km, north_km, rng):
    frame = LocalFrame(-116.9, 64.8)
    km = rng.uniform(0.0, 1.0, (40, 2)) * [east_km, north_km] + [0.0, 0.01]
    lon, lat = frame.to_geographic(km[:, 0], km[:, 1])
    n_regions = 1 if east_km == 0.0 else 3
    axes = drawn_map(lon, lat, np.full(40, 5.0), ClusterSettings("KMeans", n_regions))
    west, east = axes.get_xlim()
    shown = [
        label.get_window_extent()
        for label, at in zip(axes.get_xticklabels(), axes.get_xticks(), strict=True)
        if west <= at <= east
    ]
    assert 2 <= len(shown) <= 4
    assert all(one.x1 + 3.0 < two.x0 for one, two in pairwise(shown))
    (title,) = axes.findobj(lambda one: getattr(one, "get_text", str)().startswith("KMeans:"))
    assert title.get_window_extent().x1 <= axes.get_window_extent().x1 + 2.0


def test_few_events_have_no_ellipse_and_numbers_lie_above_the_lines(rng):
    lon, lat, depth, _ = groups(rng, [(0, 0, 10), (40, 0, 10)], n=20)
    keep = np.r_[0:20, 20:24]  # twenty and four
    axes = drawn_map(lon[keep], lat[keep], depth[keep], ClusterSettings("KMeans", 2))
    assert len(axes.lines) == 4  # two levels with a rim each, of one region
    assert {text.get_text() for text in axes.texts} == {"0", "1"}
    assert min(text.zorder for text in axes.texts) > max(line.zorder for line in axes.lines)
