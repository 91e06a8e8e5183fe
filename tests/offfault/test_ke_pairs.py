"""Pairs of slip and total: rule of pairing, column names, windows, and the real tables."""

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError, NothingFoundError, SettingsError, SourceError
from mainshock.offfault.fault_map_files import read_fault_map
from mainshock.offfault.ke_pairs import (
    KePairSettings,
    add_distance_along,
    kind_of_measurement,
    pair_slip,
    summarise_events,
    summarise_windows,
)
from mainshock.offfault.slip_tables import read_ke_pairs, read_reference_lines, read_slip_points

_KM = 1.0 / 111.195  # degrees at the equator
_LINE = {"Test": np.array([[0.0, 0.0], [30.0 * _KM, 0.0]])}


def _points(rows: list[tuple[float, float, float, str]]) -> pd.DataFrame:
    """Return points at the equator: km along, km across, slip, measurement."""
    along, across, slip, measurement = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "eq_name": "Test",
            "lon": np.array(along) * _KM,
            "lat": np.array(across) * _KM,
            "slip_m": slip,
            "measurement": measurement,
        }
    )


@pytest.fixture
def points() -> pd.DataFrame:
    """Fields with a total near, one too far, and measurements that are neither."""
    return _points(
        [
            (1.0, 0.0, 1.0, "field (steel tape)"),
            (1.0, 0.0, 1.0, "field (steel tape)"),  # the same once more
            (1.2, 0.1, 2.0, "lidar (post-event DEM)"),
            (9.0, 0.0, 3.0, "satellite imagery"),
            (20.0, 0.0, 9.0, "field"),  # no total within 500 m
            (1.1, 0.0, 4.0, "profile (OIC)"),
            (1.4, 0.0, 7.0, "profile (OIC)"),
            (9.0, 0.3, 5.0, "optical image correlation"),
            (1.1, 0.0, 99.0, "NoData"),
            (1.1, 0.0, 99.0, "profile (RTK GPS)"),
        ]
    )


def test_each_slip_is_paired_with_the_nearest_total(points: pd.DataFrame) -> None:
    pairs = pair_slip(points, _LINE)
    np.testing.assert_allclose(pairs["on_fault_m"], [1.0, 2.0, 3.0])
    np.testing.assert_allclose(pairs["total_m"], [4.0, 4.0, 5.0])
    np.testing.assert_allclose(pairs["pair_dist_m"], [100.0, 141.4, 300.0], rtol=0.01)
    np.testing.assert_allclose(pairs["s_km"], [1.0, 1.2, 9.0], rtol=0.01)
    np.testing.assert_allclose(pairs["ke"], [0.25, 0.5, 0.6])
    (event,) = summarise_events(pairs)
    assert event.n_pairs == 3
    assert event.ratio_of_means == pytest.approx(6.0 / 13.0)
    assert event.median == 0.5
    assert event.sd_boot > 0.0


def test_the_radius_decides(points: pd.DataFrame) -> None:
    assert len(pair_slip(points, _LINE, KePairSettings(radius_m=200.0))) == 2
    with pytest.raises(NothingFoundError, match="steel tape"):
        pair_slip(points, _LINE, KePairSettings(radius_m=50.0))


def test_dip_slip_is_left_out_where_a_style_says_so(points: pd.DataFrame) -> None:
    styles = ["Right-Lateral"] * len(points)
    styles[2], styles[3] = "Normal", "NoData"
    assert len(pair_slip(points.assign(slip_style=styles))) == 2
    with pytest.raises(NothingFoundError):
        pair_slip(points.assign(event_style="Reverse"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("profile (OIC)", "total"),
        ("optical image correlation", "total"),
        ("satellite imagery (COSI-Corr)", "total"),
        ("field", "on_fault"),
        ("field, satellite imagery, aerial photograph", "on_fault"),
        ("lidar (post-event DEM Slope 0.5-meters)", "on_fault"),
        ("high-resolution orthophoto", "on_fault"),
        ("profile (RTK GPS)", "other"),
        ("lidar differencing (ICP)", "other"),
        ("NoData", "other"),
    ],
)
def test_kinds_of_measurement(text: str, kind: str) -> None:
    assert kind_of_measurement(text) == kind


def test_windows_hold_what_lies_in_them() -> None:
    pairs = pd.DataFrame(
        {
            "eq_name": "Test",
            "s_km": [0.0, 4.9, 5.0, 5.1, 12.0],
            "on_fault_m": [1.0, 2.0, 3.0, 4.0, 5.0],
            "total_m": [2.0, 2.0, 5.0, 5.0, 5.0],
        }
    )
    found = summarise_windows(pairs, KePairSettings(min_pairs=2))
    assert found["window"].tolist() == [0, 1]
    assert found["n_pairs"].tolist() == [2, 2]
    np.testing.assert_allclose(found["ke_ratio_of_means"], [0.75, 0.7])
    np.testing.assert_allclose(found["s1_km"], [5.0, 10.0])
    again = summarise_windows(pairs, KePairSettings(min_pairs=2))
    pd.testing.assert_frame_equal(found, again)


def test_without_a_line_distance_is_along_the_longest_axis(points: pd.DataFrame) -> None:
    pairs = pair_slip(points)
    assert np.diff(np.sort(pairs["s_km"])).sum() == pytest.approx(8.0, rel=0.01)


def test_flatfile_names_are_understood(tmp_path: Path, points: pd.DataFrame) -> None:
    names = {
        "lon": "longitude_degrees",
        "lat": "latitude_degrees",
        "slip_m": "recommended_net_preferred_for_analysis_meters",
        "measurement": "fps_meas_type",
    }
    path = tmp_path / "flatfile.csv.gz"
    table = points.rename(columns=names).assign(style="Strike-Slip", fzw_central_meters=80.0)
    table.loc[len(table)] = {**table.iloc[0].to_dict(), names["slip_m"]: -999.0}
    table.to_csv(path, index=False)
    read = read_slip_points(path)
    assert len(read) == len(points)
    pairs = pair_slip(read, _LINE)
    assert len(pairs) == 3
    assert (pairs["total_zone_width_m"] == 80.0).all()


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    path.write_text("eq_name,lon,lat,net_m\nA,1,2,3\n")
    with pytest.raises(DataError, match=r"fps_meas_type.*there are eq_name, lon, lat, net_m"):
        read_slip_points(path)
    with pytest.raises(DataError, match="on_fault_m"):
        read_ke_pairs(path)
    with pytest.raises(SourceError, match="absent"):
        read_slip_points(tmp_path / "absent.csv")
    path.write_text("eq_name,lon,lat,net_m,fps_meas_type\nA,1,2,-999,field\n")
    with pytest.raises(DataError, match="no row"):
        read_slip_points(path)
    with pytest.raises(DataError, match="neither s_km nor lon"):
        add_distance_along(pd.DataFrame({"eq_name": ["A"]}), None)


def test_a_damaged_archive_is_told(tmp_path: Path, points: pd.DataFrame) -> None:
    packed = bytearray(gzip.compress(points.to_csv(index=False).encode()))
    packed[20:40] = bytes(20)
    (tmp_path / "points.csv.gz").write_bytes(packed)
    (tmp_path / "traces.geojson.gz").write_bytes(packed)
    with pytest.raises(SourceError, match=r"points\.csv\.gz"):
        read_slip_points(tmp_path / "points.csv.gz")
    with pytest.raises(DataError, match=r"traces\.geojson\.gz"):
        read_fault_map(tmp_path / "traces.geojson.gz")


def test_reference_lines_need_a_name(tmp_path: Path) -> None:
    path = tmp_path / "lines.geojson.gz"
    feature = {"type": "Feature", "properties": {}, "geometry": None}
    feature["geometry"] = {"type": "LineString", "coordinates": [[0, 0], [1, 0]]}
    path.write_bytes(gzip.compress(json.dumps({"features": [feature]}).encode()))
    with pytest.raises(DataError, match="eq_name"):
        read_reference_lines(path)
    path.write_bytes(gzip.compress(b"[]"))
    with pytest.raises(DataError, match="GeoJSON"):
        read_reference_lines(path)


def test_settings_are_checked() -> None:
    with pytest.raises(SettingsError, match="radius_m"):
        KePairSettings(radius_m=0.0)
    with pytest.raises(SettingsError, match="min_pairs"):
        KePairSettings(min_pairs=0)


def test_the_real_pairs_give_the_known_ratios(data_dir: Path) -> None:
    folder = data_dir / "offfault" / "ruptures"
    pairs = read_ke_pairs(folder / "ke_pairs.csv")
    found = {one.eq_name: one for one in summarise_events(pairs)}
    assert found["Landers"].ratio_of_means == pytest.approx(0.473, abs=0.001)
    assert found["Balochistan"].ratio_of_means == pytest.approx(0.795, abs=0.001)
    known = pd.read_csv(folder / "ke_windows.csv")
    for event, window_km in (("Landers", 5.0), ("Balochistan", 10.0)):
        own = summarise_windows(
            pairs[pairs["eq_name"] == event], KePairSettings(window_km=window_km)
        )
        both = own.merge(known, on=["eq_name", "window"], suffixes=("", "_known"))
        assert len(both) == len(own) == (known["eq_name"] == event).sum()
        np.testing.assert_array_equal(both["n_pairs"], both["n_pairs_known"])
        for name, tolerance in (("ke_ratio_of_means", 6e-4), ("ke_median", 6e-4)):
            np.testing.assert_allclose(both[name], both[f"{name}_known"], atol=tolerance)
        # two bootstraps of 200 draws
        np.testing.assert_allclose(both["ke_sd_boot"], both["ke_sd_boot_known"], rtol=0.25)


def test_real_distances_along_the_rupture_are_found_again(data_dir: Path) -> None:
    folder = data_dir / "offfault" / "ruptures"
    lines = read_reference_lines(folder / "fdhi_ecs_strikeslip.geojson.gz")
    pairs = read_ke_pairs(folder / "ke_pairs.csv").iloc[::5]
    own = add_distance_along(pairs.drop(columns="s_km"), lines)
    np.testing.assert_allclose(own["s_km"], pairs["s_km"], atol=0.06)  # stated to 0.05 km


def test_real_points_with_both_kinds_are_paired(data_dir: Path) -> None:
    folder = data_dir / "offfault" / "ruptures"
    pairs = pair_slip(read_slip_points(folder / "fdhi_slip_points.csv.gz"))
    assert set(pairs["eq_name"]) == {"Hualien"}
    assert len(pairs) == 15
    assert pairs["pair_dist_m"].max() <= 500.0
