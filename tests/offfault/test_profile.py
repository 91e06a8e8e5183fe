"""Profiles along faults: what is combined, where windows lie, and what is written."""

import csv
import json
import re
from base64 import b64encode
from dataclasses import replace

import numpy as np
import pytest

from mainshock.core.errors import DataError, NothingFoundError, SettingsError
from mainshock.core.geo import LocalFrame
from mainshock.offfault import profile_plots
from mainshock.offfault.base import Efficiency
from mainshock.offfault.fault_map import FaultMap
from mainshock.offfault.fault_map_files import fault_map_from_geojson, read_fault_map
from mainshock.offfault.profile import (
    CAVEATS,
    ProfileSettings,
    band_windows,
    combine,
    efficiency_profile,
)
from mainshock.offfault.profile_files import profile_to_geojson, write_profiles
from mainshock.offfault.profile_plots import plot_band, plot_profile, plot_traces
from mainshock.offfault.stored import default_model

SETTINGS = ProfileSettings(pixel_m=100.0)


class CoveredColumns:
    """A stand-in: the share of columns that hold a fault, less for every further strand."""

    def predict(self, maps):
        covered = maps.any(axis=1).mean(axis=1)
        ke = np.asarray(covered / np.maximum(1.0, maps.sum(axis=(1, 2)) / (3.0 * 64.0)))
        half = np.full(len(ke), 0.1)
        return Efficiency(ke, half / 2, ke - half, ke + half, np.zeros(len(ke)))


class Constant:
    """A stand-in that says the same of every window."""

    def predict(self, maps):
        one = np.ones(len(maps))
        return Efficiency(0.5 * one, 0.1 * one, 0.3 * one, 0.6 * one, 0.05 * one)


def fault(*lines, frame=None):
    arrays = tuple(np.array(line, dtype=float) for line in lines)
    return FaultMap(arrays, ("main",) * len(arrays), frame, "metres")


@pytest.fixture
def split_fault():
    """30 km: one strand in the first half, three in the second."""
    strands = [[[15_000.0, y], [30_000.0, y]] for y in (-1500.0, 1500.0)]
    return fault([[0.0, 0.0], [30_000.0, 0.0]], *strands, frame=LocalFrame(-116.5, 34.5))


def estimate(ke, sd, below, above, epistemic):
    one = [np.array([float(value)]) for value in (ke, sd, ke - below, ke + above, epistemic)]
    return Efficiency(*one)


def test_members_are_combined_by_the_stated_formulas():
    members = [estimate(0.4, 0.1, 0.1, 0.2, 0.03), estimate(0.6, 0.2, 0.3, 0.1, 0.04)]
    found = combine(members, np.ones((2, 1), dtype=bool))
    assert found.ke == pytest.approx(0.5)
    assert found.sd == pytest.approx(np.sqrt(0.5 * (0.1**2 + 0.2**2) + 0.1**2))
    assert found.epistemic_sd == pytest.approx(np.sqrt(0.5 * (0.03**2 + 0.04**2) + 0.1**2))
    assert found.lo90 == pytest.approx(0.5 - np.hypot(0.2, 0.16449))
    assert found.hi90 == pytest.approx(0.5 + np.hypot(0.15, 0.16449))


def test_members_without_a_trace_do_not_count_and_bands_are_cut():
    members = [estimate(0.95, 0.1, 0.1, 0.2, 0.0), estimate(0.1, 0.1, 0.5, 0.1, 0.0)]
    one = combine(members, np.array([[True], [False]]))
    assert one.ke == pytest.approx(0.95)
    assert one.hi90 == pytest.approx(1.0)
    assert combine(members, np.array([[False], [True]])).lo90 == 0.0


def test_a_constant_model_keeps_its_own_band(split_fault):
    found = efficiency_profile(split_fault, Constant(), SETTINGS).efficiency
    assert found.ke == pytest.approx(0.5)
    assert found.lo90 == pytest.approx(0.3)
    assert found.hi90 == pytest.approx(0.6)
    assert found.epistemic_sd == pytest.approx(0.05)


def test_windows_cover_the_fault_and_see_its_strands(split_fault):
    profile = efficiency_profile(split_fault, CoveredColumns(), SETTINGS)
    along = profile.distance_along_km
    assert along[0] == pytest.approx(3.2)
    assert along[-1] == pytest.approx(30.0 - 3.2, abs=0.01)
    assert np.diff(along).max() <= 3.2 + 1e-9
    assert profile.azimuth_deg == pytest.approx(90.0, abs=0.1)
    assert profile.strike_deg == pytest.approx(90.0, abs=0.1)
    assert profile.efficiency.ke[along < 10.0].min() > 0.9
    assert profile.efficiency.ke[along > 20.0].max() < 0.5
    # the line pieces follow each other from end to end
    assert profile.pieces[1:, 0] == pytest.approx(profile.pieces[:-1, -1])
    assert profile.pieces[0, 0] == pytest.approx([0.0, 0.0], abs=1.0)
    assert profile.pieces[-1, -1] == pytest.approx([30_000.0, 0.0], abs=1.0)


def test_turning_the_map_changes_little(split_fault):
    turn = np.radians(37.0)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    turned = fault(*(line @ matrix for line in split_fault.lines))
    plain = efficiency_profile(split_fault, CoveredColumns(), SETTINGS)
    other = efficiency_profile(turned, CoveredColumns(), SETTINGS)
    assert other.strike_deg == pytest.approx(53.0, abs=0.1)
    assert other.efficiency.ke == pytest.approx(plain.efficiency.ke, abs=0.05)


def test_line_width_and_scale_widen_the_band(split_fault):
    plain = ProfileSettings(pixel_m=100.0, thicknesses_px=(3,), scales=(1.0,))
    narrow = efficiency_profile(split_fault, CoveredColumns(), plain).efficiency
    wide = efficiency_profile(split_fault, CoveredColumns(), SETTINGS).efficiency
    assert narrow.epistemic_sd == pytest.approx(0.0)
    assert narrow.hi90 - narrow.ke == pytest.approx(np.minimum(0.1, 1.0 - narrow.ke))
    assert wide.epistemic_sd.max() > 0.02
    assert ((wide.hi90 - wide.lo90)[-2:] > (narrow.hi90 - narrow.lo90)[-2:]).all()


def test_windows_without_any_trace_are_left_out_with_a_word():
    gap = fault([[0.0, 0.0], [10_000.0, 0.0]], [[40_000.0, 0.0], [50_000.0, 0.0]])
    profile = efficiency_profile(gap, CoveredColumns(), SETTINGS)
    assert any("without any trace" in one for one in profile.warnings)
    assert not ((profile.distance_along_km > 15.0) & (profile.distance_along_km < 35.0)).any()


def test_scales_that_do_not_fit_are_left_out_with_a_word():
    profile = efficiency_profile(fault([[0.0, 0.0], [6_500.0, 0.0]]), CoveredColumns(), SETTINGS)
    assert len(profile) == 2
    assert "1 of 3 scales" in profile.warnings[0]
    assert profile.efficiency.ke.min() > 0.9


@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"pixel_m": 1000.0}, DataError, "at most 469 m"),
        ({"pixel_m": 0.01}, DataError, "check the units"),
        ({"pixel_m": 5.0, "stride_px": 1}, DataError, "5937 windows"),
        ({"pixel_m": 0.0}, SettingsError, "pixel_m"),
        ({"pixel_m": float("nan")}, SettingsError, "pixel_m"),
        ({"stride_px": 0}, SettingsError, "stride_px"),
        ({"scales": ()}, SettingsError, "scales"),
        ({"thicknesses_px": (99,)}, SettingsError, "thicknesses_px"),
    ],
)
def test_settings_that_cannot_be_used_say_so(split_fault, settings, error, told):
    with pytest.raises(error, match=told):
        efficiency_profile(split_fault, Constant(), ProfileSettings(**settings))


def test_bands_of_pixels_are_cut_evenly():
    band = np.zeros((84, 296), dtype=np.uint8)
    band[40, ::2] = 1
    windows, firsts = band_windows(band, 50)
    assert windows.shape == (6, 128, 64)
    assert (firsts[0], firsts[-1]) == (0, 232)
    assert max(np.diff(firsts)) <= 50
    assert windows[0, 62].sum() == 32
    for shape in ((129, 64), (128, 63)):
        with pytest.raises(DataError, match="at least 64 columns"):
            band_windows(np.zeros(shape, dtype=np.uint8), 50)


def test_files_hold_what_was_found(split_fault, tmp_path):
    profile = efficiency_profile(split_fault, CoveredColumns(), SETTINGS)
    for suffix in (".csv", ".geojson", ".html", ".png"):
        write_profiles([tmp_path / f"a{suffix}"], profile, title="Fault <A>", model="covered")
    with (tmp_path / "a.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(profile)
    assert float(rows[3]["ke"]) == pytest.approx(profile.efficiency.ke[3], abs=1e-6)
    document = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))
    assert document["caveats"] == list(CAVEATS)
    assert document["features"][0]["properties"]["index"] == 0
    again = fault_map_from_geojson(document)
    assert np.concatenate(again.lines).shape == (len(profile) * 9, 2)
    longitude, latitude = document["features"][0]["geometry"]["coordinates"][0]
    assert (longitude, latitude) == pytest.approx((-116.5, 34.5), abs=1e-3)
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "Fault &lt;A&gt;" in page
    assert page.count("<tr>") == len(profile) + 9
    assert CAVEATS[1] in page
    assert not re.search(r'(src|href)="http', page)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(SettingsError, match=r"\.csv"):
        write_profiles([tmp_path / "a.pdf"], profile, title="", model="")


def test_a_picture_is_drawn_once_for_all_files(split_fault, tmp_path, monkeypatch):
    drawn = []
    draw = profile_plots.plot_profile
    monkeypatch.setattr(
        profile_plots, "plot_profile", lambda *one, **more: drawn.append(1) or draw(*one, **more)
    )
    profile = efficiency_profile(split_fault, Constant(), SETTINGS)
    paths = [tmp_path / name for name in ("a.png", "A.HTML", "b.png")]
    write_profiles(paths, profile, title="Fault", model="constant")
    assert len(drawn) == 1
    assert paths[0].read_bytes() == paths[2].read_bytes()
    assert b64encode(paths[0].read_bytes()).decode() in paths[1].read_text(encoding="utf-8")
    with pytest.raises(SettingsError, match=r"b\.pdf"):
        write_profiles([tmp_path / "a.csv", tmp_path / "b.pdf"], profile, title="", model="")
    assert not (tmp_path / "a.csv").exists()


def test_intervals_that_nobody_knows_are_null(split_fault, tmp_path):
    class Bare(Constant):
        def predict(self, maps):
            found = super().predict(maps)
            nowhere = np.full(len(found), np.nan)
            return replace(found, sd=nowhere, lo90=nowhere, hi90=nowhere)

    profile = efficiency_profile(split_fault, Bare(), SETTINGS)
    paths = [tmp_path / f"a{suffix}" for suffix in (".geojson", ".csv", ".png", ".html")]
    write_profiles(paths, profile, title="Fault", model="bare")
    one = json.loads(paths[0].read_text(encoding="utf-8"))["features"][0]["properties"]
    assert one["lo90"] is one["hi90"] is one["sd"] is None
    assert one["ke"] == pytest.approx(profile.efficiency.ke[0])


def test_a_map_without_a_place_gives_kilometres_that_are_read_again(split_fault):
    profile = efficiency_profile(fault(*split_fault.lines), Constant(), SETTINGS)
    document = profile_to_geojson(profile)
    again = fault_map_from_geojson(document)
    assert again.frame is None
    assert again.lines[0] == pytest.approx(profile.pieces[0], abs=0.01)
    assert "x_m" in profile.rows()[0]
    assert np.isnan(profile.longitude).all()


def test_plots_draw_into_given_axes(split_fault):
    profile = efficiency_profile(split_fault, CoveredColumns(), SETTINGS)
    figure = plot_profile(profile, title="A", model="covered")
    axes = figure.axes[1]
    assert plot_band(profile, ax=axes) is axes
    assert plot_traces(profile).get_xlabel().endswith("90° (km)")
    points = axes.collections[-1].get_offsets()
    expected = np.stack([profile.distance_along_km, profile.efficiency.ke], axis=1)
    assert np.allclose(np.asarray(points), expected)


def test_nothing_is_found_on_a_map_whose_main_traces_are_not_drawn():
    class Nowhere(FaultMap):
        def main_lines(self):
            return (np.array([[0.0, 0.0], [30_000.0, 0.0]]),)

    far = Nowhere((np.array([[0.0, 9e5], [9.0, 9e5]]),), ("secondary",), None, "metres")
    with pytest.raises(NothingFoundError, match="no"):
        efficiency_profile(far, Constant(), SETTINGS)


@pytest.mark.parametrize("name", ["Calico", "SanAndreas"])
def test_real_traces_give_a_profile_at_the_published_scale(data_dir, name):
    source = data_dir / "offfault" / "crust" / f"{name}_trace.geojson"
    profile = efficiency_profile(read_fault_map(source), CoveredColumns())
    assert len(profile) == {"Calico": 7, "SanAndreas": 4}[name]
    assert (profile.efficiency.lo90 <= profile.efficiency.ke).all()
    assert profile.efficiency.ke.min() > 0.5


def default_efficiency(data_dir, name):
    source = data_dir / "offfault" / "crust" / f"{name}_trace.geojson"
    return efficiency_profile(read_fault_map(source), default_model())


def test_the_default_model_allows_the_geologic_estimate_of_calico(data_dir):
    calico = default_efficiency(data_dir, "Calico").efficiency
    assert calico.lo90.min() < 0.88
    assert calico.hi90.max() > 0.71


def test_the_default_model_is_within_what_is_published_of_the_san_andreas(data_dir):
    found = default_efficiency(data_dir, "SanAndreas").summary()
    assert found["lo90"] <= 0.78 + 0.01  # read off a figure to 0.01
    assert 0.78 <= found["ke"] <= 0.91


def test_the_default_model_allows_the_geologic_estimate_of_the_san_andreas(data_dir):
    assert default_efficiency(data_dir, "SanAndreas").summary()["hi90"] >= 0.91
