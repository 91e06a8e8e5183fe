"""Reading EQTransformer's, EQNeMix's and ConvNetQuake's files as they are."""

import json
import logging

import numpy as np
import pyproj
import pytest

from mainshock.core.errors import DataError, GeometryError, RecordError, SourceError
from mainshock.core.geo import LocalFrame
from mainshock.core.times import parse_utc, to_posix_s
from mainshock.sources.cluster_files import (
    ClusterShapes,
    MetricGrid,
    read_clusters,
    write_clusters,
)
from mainshock.sources.eqnemix_files import (
    SWAPPED_FLAG,
    is_detection_table,
    parse_weights,
    read_detections,
)
from mainshock.sources.region_files import read_region_probabilities

EQT_HEADER = (
    "file_name,network,station,instrument_type,station_lat,station_lon,station_elv,"
    "event_start_time,event_end_time,detection_probability,detection_uncertainty,"
    "p_arrival_time,p_probability,p_uncertainty,p_snr,"
    "s_arrival_time,s_probability,s_uncertainty,s_snr"
)
P_PART = "2019-07-04T17:00:05.000000Z,0.86,,11.9"
S_PART = "2019-07-04T17:00:07.500000Z,0.8,,5.9"
FIRST_CELLS = (
    "X_CI_HH,CI,CLC,HH,35.81574,-117.59751,775,2019-07-04 17:00:05,2019-07-04 17:00:12,0.99,"
)


def eqt_row(p=P_PART, s=S_PART):
    return f"{FIRST_CELLS},{p},{s}"


def table(tmp_path, *rows, header=EQT_HEADER, name="X_prediction_results.csv"):
    path = tmp_path / name
    path.write_text("\n".join((header, *rows)) + "\n")
    return path


def test_eqtransformer_rows_become_picks_and_stations(tmp_path):
    path = table(tmp_path, eqt_row(), eqt_row())
    found = read_detections(path)
    assert is_detection_table(path)
    assert [row.event_id for row in found.rows] == ["0", "1"]
    (station,) = found.stations
    assert (station.longitude, station.latitude, station.elevation_m) == (-117.59751, 35.81574, 775)
    p, s = found.rows[0].picks
    assert (p.phase, p.probability, p.sigma_s, p.event_id) == ("P", 0.86, 0.05, "0")
    assert (s.time - p.time).total_seconds() == 2.5
    assert s.sigma_s == 0.08
    assert found.rows[0].detection_probability == 0.99
    assert found.rows[0].weights is None


def test_uncertainty_of_a_probability_widens_the_pick_and_is_no_time(tmp_path):
    found = read_detections(table(tmp_path, eqt_row(p=P_PART.replace(",,", ",0.43,"))))
    assert found.rows[0].pick("P").sigma_s == pytest.approx(0.05 * 1.5)


def test_a_row_without_s_or_p_is_kept(tmp_path):
    rows = (eqt_row(s=",,,"), eqt_row(p="NaN,NaN,NaN,NaN"))
    found = read_detections(table(tmp_path, *rows))
    assert [[pick.phase for pick in row.picks] for row in found.rows] == [["P"], ["S"]]


def test_a_bad_row_is_named_or_skipped(tmp_path):
    path = table(tmp_path, eqt_row(), eqt_row(p="yesterday,0.9,,1"))
    with pytest.raises(DataError, match=r"line 3.*yesterday"):
        read_detections(path)
    skipped = []
    assert len(read_detections(path, skipped).rows) == 1
    assert "yesterday" in skipped[0].reason


def test_a_table_of_picks_is_not_taken_for_a_detection_table(tmp_path):
    header = "network,station,location,phase,time,probability,sigma_s,model"
    path = table(tmp_path, "CI,CLC,,P,2019-07-04T17:00:05Z,0.9,0.05,m", header=header)
    assert not is_detection_table(path)
    with pytest.raises(DataError, match="neither p_arrival_time nor p_time"):
        read_detections(path)


@pytest.mark.parametrize(
    ("latitude", "longitude", "swapped"),
    [(-117.58, 36.02, True), (36.02, -117.58, False)],
)
def test_exchanged_labels_of_latitude_and_longitude_are_put_right(
    tmp_path, caplog, latitude, longitude, swapped
):
    header = f"{EQT_HEADER},t_observed,clusters_weight,depth,latitude,longitude"
    row = f'{eqt_row()},2.5,"[0.1, 0.2, 0.5]",4.3,{latitude},{longitude}'
    with caplog.at_level(logging.WARNING):
        found = read_detections(table(tmp_path, row, header=header, name="df_filtered_results.csv"))
    assert found.rows[0].published == (-117.58, 36.02, 4.3)
    assert found.flags == ((SWAPPED_FLAG,) if swapped else ())
    assert ("exchanged" in caplog.text) == swapped
    np.testing.assert_array_equal(found.rows[0].weights, [0.1, 0.2, 0.5])


def test_exchanged_labels_are_seen_where_both_could_be_latitudes(tmp_path):
    header = f"{EQT_HEADER},latitude,longitude"
    at_norcia = eqt_row().replace("35.81574,-117.59751", "42.79,13.09")
    found = read_detections(table(tmp_path, f"{at_norcia},13.2,42.7", header=header))
    assert found.flags == (SWAPPED_FLAG,)
    assert found.rows[0].published[:2] == (13.2, 42.7)


def test_weights_in_columns(data_dir):
    found = read_detections(data_dir / "location/ridgecrest_clc/eqt_picks_cnq_weights.csv")
    assert len(found.rows) == 1125
    assert found.flags == ()
    first = found.rows[0]
    assert first.event_id == "0"
    assert first.weights.shape == (6,)
    assert first.published == (-117.58078, 36.02594, pytest.approx(4.2898))
    assert sum(row.published is None for row in found.rows) == 568  # 515 not run, 53 kept apart
    assert len(found.picks) == 2250


@pytest.mark.parametrize(
    "text",
    ["[0.25, 0.5]", "[0.25 0.5]", "[np.float32(0.25), np.float32(0.5)]", "[2.5e-1, .5]"],
)
def test_lists_as_programs_write_them(text):
    np.testing.assert_array_equal(parse_weights(text), [0.25, 0.5])


@pytest.mark.parametrize("text", ["[]", "[0.5, -0.1]", "[0.5, 1.5]", "none of them"])
def test_what_is_no_list_of_probabilities_is_refused(text):
    with pytest.raises(RecordError, match="from 0 to 1"):
        parse_weights(text)


def region_file(folder, name, *rows):
    folder.mkdir(exist_ok=True)
    lines = (",start_time,end_time,cluster_id,clusters_prob", *rows)
    (folder / name).write_text("\n".join(lines) + "\n")


def test_day_files_of_windows(tmp_path):
    folder = tmp_path / "from_stream"
    region_file(
        folder,
        "CI.CLC.2019-07-04.csv",
        '0,2019-07-04T17:00:10.0083Z,2019-07-04T17:00:20.0083Z,1,"[0.1, 0.8]"',
        '1,2019-07-04T17:00:00.0083Z,2019-07-04T17:00:10.0083Z,0,"[0.7, 0.1]"',
    )
    region_file(
        folder,
        "CI.SRT.2019-07-05.csv",
        '0,2019-07-04T17:00:00Z,2019-07-04T17:00:10Z,-1,"[0.1, 0.1]"',
    )
    found = read_region_probabilities(folder)
    time_s = to_posix_s(parse_utc("2019-07-04T17:00:05Z"))
    (number,) = found.holding(time_s, "CI.CLC")
    np.testing.assert_array_equal(found.probabilities[number], [0.7, 0.1])
    (other,) = found.holding(time_s, "CI.SRT")
    assert found.is_noise[other]
    both = found.holding(to_posix_s(parse_utc("2019-07-04T17:00:10.0083Z")), "CI.CLC")
    assert both.size == 2
    assert found.holding(time_s + 60.0, "CI.CLC").size == 0


def test_windows_of_different_numbers_of_regions_are_refused(tmp_path):
    region_file(
        tmp_path / "d",
        "one.csv",
        '0,2019-07-04T17:00:00Z,2019-07-04T17:00:10Z,1,"[0.1, 0.8]"',
        '1,2019-07-04T17:00:10Z,2019-07-04T17:00:20Z,1,"[0.1, 0.7, 0.1]"',
    )
    with pytest.raises(DataError, match="all must have the same"):
        read_region_probabilities(tmp_path / "d")
    with pytest.raises(SourceError, match="no CSV"):
        read_region_probabilities(tmp_path)


def test_the_grid_is_that_of_proj():
    grid = MetricGrid.from_text("EPSG:32611 minus projection of (35.2N,118.2W); metres")
    proj = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32611", always_xy=True)
    places = np.array([[-117.6, 35.8], [-116.2, 36.9], [-119.5, 34.4], [-121.0, 33.0]])
    origin = np.array(proj.transform(-118.2, 35.2))
    expected = np.array(proj.transform(*places.T)) - origin[:, None]
    np.testing.assert_allclose(np.array(grid.to_grid(*places.T)) * 1e3, expected, atol=0.01)
    np.testing.assert_allclose(grid.to_geographic(*expected / 1e3), places.T, atol=1e-7)


@pytest.mark.parametrize("south", [False, True])
def test_a_grid_without_offset_is_the_zone_itself(south):
    proj = pyproj.Transformer.from_crs(
        "EPSG:4326", "EPSG:32719" if south else "EPSG:32611", always_xy=True
    )
    place = (-70.1, -21.0) if south else (-117.6, 35.8)
    grid = MetricGrid(32719 if south else 32611)
    expected = proj.transform(*place)
    np.testing.assert_allclose(np.array(grid.to_grid(*place)) * 1e3, expected, atol=0.01)


@pytest.mark.parametrize("epsg", [3857, 900913, 4326, 26711, 32661])
def test_what_is_no_metric_grid_of_wgs84_is_refused(epsg):
    with pytest.raises(GeometryError, match=f"EPSG:{epsg}.*326ZZ"):
        MetricGrid.from_text(f"EPSG:{epsg}")


def ridgecrest_document(crs="EPSG:32611 minus projection of (35.2N,118.2W)"):
    covariance = [[9e6, -3e6, 0.0], [-3e6, 4e6, 0.0], [0.0, 0.0, 1e6]]
    return {"crs": crs, "clusters": [{"mean_m": [55e3, 68e3, 8e3], "covariance_m2": covariance}]}


def test_clusters_keep_place_shape_and_direction(tmp_path):
    path = tmp_path / "clusters.json"
    path.write_text(json.dumps(ridgecrest_document()))
    shapes = read_clusters(path)
    proj = pyproj.Transformer.from_crs("EPSG:32611", "EPSG:4326", always_xy=True)
    to_utm = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32611", always_xy=True)
    east0, north0 = to_utm.transform(-118.2, 35.2)
    place = proj.transform(east0 + 55e3, north0 + 68e3)
    mean = shapes.frame.to_geographic(*shapes.means_km[0, :2])
    np.testing.assert_allclose(mean, place, atol=1e-6)
    # the grid's scale is 0.9996 at the central meridian, 0.35 degrees of convergence away from it
    given = np.linalg.eigvalsh(np.array(ridgecrest_document()["clusters"][0]["covariance_m2"]))
    np.testing.assert_allclose(
        np.linalg.eigvalsh(shapes.covariances_km2[0]), given / 1e6, rtol=1.5e-3
    )
    axis = np.linalg.eigh(shapes.covariances_km2[0])[1][:, -1]
    tip = shapes.frame.to_geographic(*(shapes.means_km[0, :2] + axis[:2]))
    step = np.array(to_utm.transform(*tip)) - to_utm.transform(*place)
    expected = np.linalg.eigh(ridgecrest_document()["clusters"][0]["covariance_m2"])[1][:2, -1]
    cosine = abs(step @ expected) / np.linalg.norm(step) / np.linalg.norm(expected)
    assert cosine > np.cos(np.radians(0.02))


def test_web_mercator_clusters_are_refused(tmp_path):
    path = tmp_path / "clusters.json"
    path.write_text(json.dumps(ridgecrest_document("EPSG:3857")))
    with pytest.raises(GeometryError, match="Web Mercator"):
        read_clusters(path)


def test_one_file_for_each_cluster_as_eqnemix_writes_them(tmp_path):
    one = ridgecrest_document()["clusters"][0]
    for number in (10, 2, 0):  # by number, not by name
        mean = [55e3, 68e3, 1e3 * (number + 1)]
        text = json.dumps({"Mean": mean, "Covariance": one["covariance_m2"]})
        (tmp_path / f"ellipse_parameters_3D_TT_{number}.json").write_text(text)
    np.testing.assert_allclose(read_clusters(tmp_path).means_km[:, 2], [1.0, 3.0, 11.0])


def test_clusters_survive_a_round_trip(tmp_path):
    shapes = ClusterShapes(
        LocalFrame(-117.6, 35.7),
        np.array([[1.0, 2.0, 3.0], [-4.0, 5.0, 6.0]]),
        np.stack([np.eye(3), 2.0 * np.eye(3)]),
        np.array([0.25, 0.75]),
    )
    write_clusters(tmp_path / "out" / "clusters.json", shapes)
    again = read_clusters(tmp_path / "out" / "clusters.json")
    assert again.frame == shapes.frame
    np.testing.assert_allclose(again.means_km, shapes.means_km)
    np.testing.assert_allclose(again.covariances_km2, shapes.covariances_km2)
    np.testing.assert_allclose(again.shares, shapes.shares)


def test_files_that_describe_no_clusters_are_refused(tmp_path):
    path = tmp_path / "clusters.json"
    path.write_text('{"crs": "EPSG:32611"}')
    with pytest.raises(DataError, match="does not describe clusters"):
        read_clusters(path)
    with pytest.raises(SourceError, match="frame STA"):
        read_clusters(tmp_path)
    with pytest.raises(DataError, match="no depth"):
        ClusterShapes(LocalFrame(0.0, 0.0), np.full((1, 3), np.nan), np.eye(3)[None])


PLACED = f"{EQT_HEADER},depth,latitude,longitude"


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("4.3,north,-117.58", "latitude is 'north'"),
        ("4.3,36.02,-", "longitude is '-'"),
        ("deep,36.02,-117.58", "depth is 'deep'"),
    ],
)
def test_a_row_whose_place_is_no_number_is_named_or_skipped(tmp_path, cells, reason):
    good = f"{eqt_row()},4.3,36.02,-117.58"
    path = table(tmp_path, good, f"{eqt_row()},{cells}", good, header=PLACED)
    with pytest.raises(DataError, match=f"line 3.*{reason}"):
        read_detections(path)
    skipped = []
    found = read_detections(path, skipped)
    assert [row.event_id for row in found.rows] == ["0", "2"]
    assert {row.published for row in found.rows} == {(-117.58, 36.02, 4.3)}
    assert [reason in one.reason for one in skipped] == [True]


def test_a_row_whose_station_is_impossible_is_skipped_and_not_used(tmp_path):
    impossible = eqt_row().replace("35.81574", "95.0")
    skipped = []
    found = read_detections(table(tmp_path, impossible, eqt_row()), skipped)
    assert [row.event_id for row in found.rows] == ["1"]
    assert len(skipped) == 1
    assert [station.latitude for station in found.stations] == [35.81574]
