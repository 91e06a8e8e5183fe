"""Joining picks with region probabilities, locating with them, and the table that comes out."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError, SettingsError
from mainshock.core.geo import LocalFrame, geodesic_distance_km
from mainshock.core.records import Pick, PosteriorSamples, Station
from mainshock.core.times import format_utc, parse_utc
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.legacy import LegacyLocation
from mainshock.locate.velocity.constant import ConstantVelocity
from mainshock.pipeline.cluster_choice import choose_clusters, cluster_ellipses, shapes_of
from mainshock.pipeline.double_confirmation import (
    REASONS,
    ReferenceThresholds,
    confirm,
    locate_confirmed,
    located_picks,
)
from mainshock.pipeline.eqnemix_run import DetectionFiles, holds_detections, locate_detections
from mainshock.pipeline.eqnemix_table import (
    REFERENCE_COLUMNS,
    effective_size,
    eqnemix_frame,
    highest_density_interval,
    write_eqnemix,
)
from mainshock.pipeline.locating import EventBuilder
from mainshock.sources.cluster_files import ClusterShapes, write_clusters
from mainshock.sources.eqnemix_files import Detection, DetectionTable, read_detections
from mainshock.sources.region_files import read_region_probabilities
from mainshock.sources.stations import StationList

CLC = Station("CI", "CLC", -117.59751, 35.81574, 775.0)
FRAME = LocalFrame(CLC.longitude, CLC.latitude)
CRUST = ConstantVelocity(5.8, 3.26)
TIME = parse_utc("2019-07-04T18:00:00Z")
TWO = ClusterShapes(
    FRAME,
    np.array([[12.0, 0.0, 8.0], [-12.0, 0.0, 8.0]]),
    np.stack([np.eye(3) * 4.0] * 2),
    np.array([0.5, 0.5]),
)


def detection(number, *, sp_s=1.7, p=0.9, s=0.9, event=0.99, weights=None):
    """A detection ``number`` minutes after the first; a probability of None leaves the pick out."""
    start = TIME + timedelta(minutes=number)
    picks = [
        Pick(
            "CI", "CLC", "", phase, start + timedelta(seconds=delay), value, 0.05, "m", str(number)
        )
        for phase, value, delay in (("P", p, 0.0), ("S", s, sp_s))
        if value is not None
    ]
    found = None if weights is None else np.array(weights)
    return Detection(str(number), "CI.CLC", tuple(picks), event, found)


def windows(tmp_path, *rows):
    """Windows of 10 s that start ``seconds`` after the first detection."""
    lines = ["start_time,end_time,cluster_id,clusters_prob"]
    for seconds, probabilities in rows:
        start = TIME + timedelta(seconds=seconds)
        end = start + timedelta(seconds=10)
        best = int(np.argmax(probabilities))
        lines.append(f'{format_utc(start)},{format_utc(end)},{best},"{probabilities}"')
    path = tmp_path / "CI.CLC.2019-07-04.csv"
    path.write_text("\n".join(lines) + "\n")
    return read_region_probabilities(path)


def table(*rows):
    return DetectionTable(tuple(rows), (CLC,))


def builder(method=None):
    return EventBuilder(
        method or GridLocation(CRUST, depth_range_km=(-1.0, 30.0), n_nodes=60_000),
        StationList([CLC]),
    )


def test_the_window_that_holds_p_gives_the_weights(tmp_path):
    found = windows(tmp_path, (-5.0, [0.6, 0.2]), (55.0, [0.1, 0.9]))
    first, second = confirm(table(detection(0), detection(1)), found).rows
    np.testing.assert_allclose(first.weights, [0.75, 0.25])
    assert first.noise == pytest.approx(0.2)
    assert first.reasons == second.reasons == ("confirmed",)
    assert not first.reference_would_drop
    assert second.noise == pytest.approx(0.0)


def test_overlapping_windows_are_averaged(tmp_path):
    found = windows(tmp_path, (-9.0, [0.6, 0.2]), (-4.0, [0.2, 0.4]), (1.0, [0.0, 1.0]))
    (row,) = confirm(table(detection(0)), found).rows
    np.testing.assert_allclose(row.stated, [0.4, 0.3])


def test_nothing_is_dropped_and_everything_has_its_reason(tmp_path):
    rows = {
        "confirmed": detection(0),
        "no_window": detection(1),
        "noise_window": detection(2),
        "below_reference_threshold": detection(3, p=0.5),
        "no_s": detection(4, s=None),
        "no_p": detection(5, p=None),
        "s_before_p": detection(6, sp_s=-1.0),
    }
    seen = [(60.0 * n - 3.0, [0.6, 0.3]) for n in (0, 3, 4, 6)] + [(117.0, [0.2, 0.1])]
    result = confirm(table(*rows.values()), windows(tmp_path, *seen))
    assert len(result.rows) == len(rows)
    for name, row in zip(rows, result.rows, strict=True):
        assert name in row.reasons
        assert set(row.reasons) <= set(REASONS)
    dropped = [row.reference_would_drop for row in result.rows]
    assert dropped == [False, True, True, True, True, True, False]
    noise = result.rows[2]
    np.testing.assert_allclose(noise.weights, [2 / 3, 1 / 3])
    assert noise.noise == pytest.approx(0.7)


def test_the_reference_thresholds_are_a_column_and_can_be_set():
    row = detection(0, p=0.85, s=0.85, weights=[0.5, 0.4])
    assert not confirm(table(row)).rows[0].reference_would_drop
    strict = ReferenceThresholds(detection=0.95, p=0.8, s=0.88)
    assert confirm(table(row), thresholds=strict).rows[0].reference_would_drop


def test_weights_above_one_and_all_noise_are_borne():
    rows = [detection(0, weights=[0.9, 0.6]), detection(1, weights=[0.0, 0.0])]
    above, noise = confirm(table(*rows)).rows
    assert above.noise == 0.0
    np.testing.assert_allclose(above.weights, [0.6, 0.4])
    assert noise.weights is None
    assert noise.noise == 1.0
    located = locate_confirmed(confirm(table(*rows)), TWO, builder(), np.random.default_rng(0))
    assert all(one.event is not None for one in located)


def test_constant_weights_are_noticed_and_left_out(rng, caplog):
    same = [detection(n, weights=0.7 * np.array([0.2, 0.8])) for n in range(12)]
    result = confirm(table(*same))
    assert "weights_constant" in result.flags
    assert "hardly differ" in result.warnings[0]
    assert "hardly differ" in caplog.text
    assert all(row.weights is None and row.noise == 0.0 for row in result.rows)
    assert all("weights_constant" in row.reasons for row in result.rows)
    varied = [detection(n, weights=w) for n, w in enumerate(rng.dirichlet([1.0, 1.0], 12))]
    assert confirm(table(*varied)).warnings == ()


def test_the_published_weights_of_ridgecrest_are_constant(data_dir):
    path = data_dir / "location/ridgecrest_clc/eqt_picks_cnq_weights.csv"
    result = confirm(read_detections(path))
    assert len(result.rows) == 1125
    assert "1124 windows get the same region" in result.warnings[0]
    assert all(row.weights is None for row in result.rows)
    assert not any(row.reference_would_drop for row in result.rows)  # the file holds the others


def test_weights_decide_between_two_places(tmp_path):
    found = windows(tmp_path, (-5.0, [0.9, 0.1]), (55.0, [0.1, 0.9]), (115.0, [0.02, 0.02]))
    result = confirm(table(*(detection(n) for n in range(3))), found)
    located = locate_confirmed(result, TWO, builder(), np.random.default_rng(0))
    east_share = [np.mean(one.event.origin.samples.longitude > CLC.longitude) for one in located]
    # of the 3 % floor and of noise a ring is left; 1000 draws: sd 0.01
    assert east_share[0] == pytest.approx(0.9, abs=0.06)
    assert east_share[1] == pytest.approx(0.1, abs=0.06)
    assert east_share[2] == pytest.approx(0.5, abs=0.06)
    sd = [one.event.origin.north_sd_km for one in located]
    assert sd[2] > 1.3 * sd[0]
    assert "noise_window" in located[2].event.flags


def test_s_before_p_keeps_the_more_probable_pick():
    (row,) = confirm(table(detection(0, sp_s=-1.0, p=0.4, s=0.9))).rows
    assert [pick.phase for pick in row.picks] == ["S"]


def test_what_cannot_be_located_stays_as_a_row(tmp_path):
    result = confirm(table(detection(0), replace(detection(1), picks=())))
    located = locate_confirmed(result, TWO, builder(), np.random.default_rng(0))
    assert located[1].event is None
    assert "not_located" in located[1].reasons
    frame = eqnemix_frame(located)
    assert len(frame) == 2
    assert frame["flags"][1] == located[1].error != ""
    whole = located_picks(located)
    assert [event.event_id for event in whole.events] == ["0"]
    assert whole.not_used[0].what == "detection 1"


def test_regions_must_be_the_clusters():
    result = confirm(table(detection(0, weights=[0.2, 0.3, 0.4])))
    with pytest.raises(DataError, match="3 weights for 2 clusters"):
        locate_confirmed(result, TWO, builder(), np.random.default_rng(0))


def test_without_clusters_the_method_keeps_its_prior():
    result = confirm(table(detection(0)))
    (one,) = locate_confirmed(result, None, builder(), np.random.default_rng(0))
    assert one.event.origin.north_sd_km > 5.0  # a ring


def test_legacy_takes_constant_weights_as_they_stand():
    rows = [detection(n, sp_s=1.3, weights=[0.72, 0.08]) for n in range(12)]
    result = confirm(table(*rows))
    first = replace(result, rows=result.rows[:1])
    method = LegacyLocation(travel_time="homogeneous", n_nodes=60_000)
    (one,) = locate_confirmed(first, TWO, builder(method), np.random.default_rng(0), is_legacy=True)
    share = np.mean(one.event.origin.samples.longitude > CLC.longitude)
    assert share == pytest.approx(0.9, abs=0.04)
    assert "legacy_eqnemix" in one.event.flags


def test_the_table_has_the_reference_columns_and_the_uncertainty(tmp_path):
    source = tmp_path / "df_filtered.csv"
    values = dict.fromkeys(REFERENCE_COLUMNS, "") | {
        "file_name": "CLC_CI_HH",
        "network": "CI",
        "station": "CLC",
        "p_arrival_time": "2019-07-04T18:00:00Z",
        "s_arrival_time": "2019-07-04T18:00:01.7Z",
        "p_snr": "16.5",
        "clusters_weight": "[0.6, 0.3]",
    }
    pd.DataFrame([values]).to_csv(source, index=False)
    located = locate_confirmed(
        confirm(read_detections(source)), TWO, builder(), np.random.default_rng(0)
    )
    write_eqnemix(tmp_path / "out.csv", located)
    text = pd.read_csv(tmp_path / "out.csv", keep_default_na=False)
    assert tuple(text.columns[: len(REFERENCE_COLUMNS)]) == REFERENCE_COLUMNS
    row, origin = text.iloc[0], located[0].event.origin
    assert (row["file_name"], row["p_snr"], row["t_observed"]) == ("CLC_CI_HH", 16.5, 1.7)
    assert row["clusters_weight"] == "[0.6, 0.3]"
    assert row["latitude"] == pytest.approx(origin.latitude, abs=1e-6)
    assert 35.0 < row["latitude"] < 37.0
    assert -119.0 < row["longitude"] < -116.0
    covariance = np.array(
        [
            [row[f"covariance_{a}_{b}_km2"] for b in ("east", "north", "depth")]
            for a in ("east", "north", "depth")
        ]
    )
    np.testing.assert_allclose(covariance, origin.covariance_km2, atol=1e-5)
    assert row["east_sd_km"] == pytest.approx(np.sqrt(covariance[0, 0]), abs=1e-3)
    inside = (origin.samples.depth_km >= row["depth_hdi95_low_km"]) & (
        origin.samples.depth_km <= row["depth_hdi95_high_km"]
    )
    assert inside.mean() == pytest.approx(0.95, abs=0.003)
    assert row["ess"] == 1000.0
    assert row["reason"] == "below_reference_threshold"  # no probability is stated: it is 0
    assert "single_station" in row["flags"]


def test_interval_is_the_shortest_and_right_for_a_normal(rng):
    low, high = highest_density_interval(rng.standard_normal(200_000))
    assert (low, high) == (pytest.approx(-1.96, abs=0.06), pytest.approx(1.96, abs=0.06))
    low, high = highest_density_interval(rng.exponential(size=200_000))
    assert low < 0.01  # not the central interval, which would start at 0.025
    assert high == pytest.approx(3.0, abs=0.05)


def test_repeated_draws_count_less():
    values = np.array([0.0, 0.0, 0.0, 1.0])
    assert effective_size(PosteriorSamples(values, values, values, values)) == pytest.approx(1.6)


def hypocentres(rng, per_cluster=120):
    places = [(-15.0, 0.0, 5.0), (10.0, 12.0, 8.0), (12.0, -14.0, 11.0)]
    points = np.concatenate([mean + 1.5 * rng.standard_normal((per_cluster, 3)) for mean in places])
    longitude, latitude = FRAME.to_geographic(points[:, 0], points[:, 1])
    return longitude, latitude, np.abs(points[:, 2])


@pytest.mark.parametrize("model", ["GMM", "KMeans"])
def test_bic_finds_the_number_of_clusters(rng, model):
    found = choose_clusters(*hypocentres(rng), model=model, counts=(1, 2, 3, 4, 5))
    assert found.n_clusters == 3
    shapes = shapes_of(found)
    np.testing.assert_allclose(shapes.shares, 1 / 3, atol=0.02)
    sd = np.sqrt(np.diagonal(shapes.covariances_km2, axis1=1, axis2=2))
    np.testing.assert_allclose(sd, 1.5, atol=0.3)
    with pytest.raises(SettingsError, match="GMM or KMeans"):
        choose_clusters(*hypocentres(rng), model="DBSCAN")


def test_ellipses_have_the_quantile_of_their_dimension():
    shapes = ClusterShapes(FRAME, np.array([[0.0, 0.0, 8.0]]), np.diag([9.0, 4.0, 1.0])[None])
    ((flat, solid),) = cluster_ellipses(shapes, 0.95)
    assert flat.semi_major_km == pytest.approx(3.0 * np.sqrt(5.99146), rel=1e-5)
    assert solid.semi_axes_km[0] == pytest.approx(3.0 * np.sqrt(7.81473), rel=1e-5)
    points = np.random.default_rng(0).standard_normal((200_000, 3))
    assert np.mean((points**2).sum(axis=1) < 7.81473) == pytest.approx(0.95, abs=0.002)


@pytest.fixture
def files(tmp_path):
    """A table of one detection with its station, a day file and clusters."""
    (tmp_path / "X_prediction_results.csv").write_text(
        "network,station,station_lat,station_lon,station_elv,detection_probability,"
        "p_arrival_time,p_probability,s_arrival_time,s_probability\n"
        "CI,CLC,35.81574,-117.59751,775,0.99,2019-07-04T18:00:00Z,0.9,2019-07-04T18:00:01.7Z,0.9\n"
        "CI,CLC,35.81574,-117.59751,775,0.99,at noon,0.9,,\n"
    )
    (tmp_path / "days").mkdir()
    windows(tmp_path / "days", (-5.0, [0.9, 0.1]))
    write_clusters(tmp_path / "clusters.json", TWO)
    return tmp_path


@pytest.mark.parametrize("is_legacy", [False, True])
def test_from_files_to_events_in_one_call(files, is_legacy):
    given = DetectionFiles(
        files / "X_prediction_results.csv", files / "days", files / "clusters.json"
    )
    assert holds_detections(given.picks)
    legacy = LegacyLocation(travel_time="homogeneous", n_nodes=60_000)
    method = legacy if is_legacy else builder().method
    run = locate_detections(given, method, np.random.default_rng(0), is_legacy=is_legacy)
    (one,) = run.located
    assert one.reasons == ("confirmed",)
    assert np.mean(one.event.origin.samples.longitude > CLC.longitude) > 0.8
    assert "at noon" in run.not_used[0].reason
    assert run.warnings == ()


def test_regions_without_clusters_and_picks_without_a_station_are_refused(files):
    picks = files / "X_prediction_results.csv"
    with pytest.raises(SettingsError, match="give those clusters"):
        DetectionFiles(picks, files / "days")
    picks.write_text("network,station,p_arrival_time\nCI,CLC,2019-07-04T18:00:00Z\n")
    with pytest.raises(SettingsError, match="no station coordinates"):
        locate_detections(DetectionFiles(picks), builder().method, np.random.default_rng(0))


@pytest.mark.slow
def test_real_picks_are_located_better_than_by_the_reference(data_dir):
    folder = data_dir / "location/ridgecrest_clc"
    truth = pd.read_csv(folder / "scsn_matches.csv", dtype={"row": str}).set_index("row")
    catalogue = pd.read_csv(folder / "scsn_catalog_20190704.csv")
    is_other = ~catalogue["time"].isin(truth["origin_time"])
    places = (catalogue.loc[is_other, name] for name in ("longitude", "latitude", "depth_km"))
    shapes = shapes_of(choose_clusters(*places))
    result = confirm(read_detections(folder / "eqt_picks_cnq_weights.csv"))
    rows = tuple(row for row in result.rows if row.detection.event_id in truth.index)
    method = GridLocation(CRUST, model_error=0.03, depth_range_km=(-1.0, 30.0))
    located = locate_confirmed(
        replace(result, rows=rows), shapes, builder(method), np.random.default_rng(0)
    )
    origins = [one.event.origin for one in located]
    true = truth.loc[[one.event.event_id for one in located]]
    error = geodesic_distance_km(
        np.array([origin.longitude for origin in origins]),
        np.array([origin.latitude for origin in origins]),
        true["longitude"].to_numpy(),
        true["latitude"].to_numpy(),
    )
    assert len(error) == 54
    assert np.median(error) < 3.0 < np.median(true["eqnemix_epi_err_km"])
