"""Lines become pixels where they lie, as thick as they are asked to be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation

from mainshock.core.errors import DataError
from mainshock.offfault.fault_map import FaultMap
from mainshock.offfault.raster import (
    draw_thin,
    normalise_thickness,
    place_windows,
    placed_at,
    reference_line,
    thicken,
)

WINDOW_M = 64.0


def draw_windows(fault_map, placement, thickness_px):
    return thicken(draw_thin(fault_map, placement), thickness_px)


def fault(*lines, kinds=None):
    arrays = tuple(np.array(line, dtype=float) for line in lines)
    return FaultMap(arrays, kinds or ("main",) * len(arrays), None, "metres")


def straight(strike_deg, length_m=300.0, at=(1e5, -2e5)):
    along = np.array([np.sin(np.radians(strike_deg)), np.cos(np.radians(strike_deg))])
    return np.array(at) + np.linspace(0.0, length_m, 50)[:, None] * along


def band(rows, thickness):
    maps = np.zeros((1, 128, 64), dtype=np.uint8)
    for row in rows:
        maps[0, row : row + thickness] = 1
    return maps


@pytest.mark.parametrize("thickness_px", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("wanted_px", [2, 3, 5])
def test_every_line_gets_one_thickness(thickness_px, wanted_px):
    drawn = normalise_thickness(band([20, 70], thickness_px), wanted_px)
    assert drawn.shape == (1, 128, 64)
    assert drawn.dtype == np.uint8
    assert (drawn.sum(axis=1) == 2 * wanted_px).all()  # up to the edges, without forks


def test_lines_stay_where_they_are():
    once = normalise_thickness(band([40], 7), 3)
    assert np.flatnonzero(once[0, :, 30]).mean() == pytest.approx(43.0, abs=0.5)
    assert np.array_equal(normalise_thickness(once, 3), once)


@given(st.integers(0, 2**32 - 1))
def test_doing_it_twice_changes_little(seed):
    rng = np.random.default_rng(seed)
    lines = [
        np.stack([np.linspace(0, 64, 9), rng.uniform(-30, 30) + rng.normal(0, 3, 9)], axis=1)
        for _ in range(3)
    ]
    whole = fault([[0.0, 0.0], [64.0, 0.0]], *lines)
    drawn = draw_windows(whole, placed_at(reference_line(whole, WINDOW_M), np.array([32.0]), 1), 3)
    again = normalise_thickness(drawn, 3)
    assert int(again.sum()) == pytest.approx(int(drawn.sum()), rel=0.4)  # narrow meshes are filled
    near = binary_dilation(drawn[0] > 0, np.ones((3, 3)))
    assert not (again[0].astype(bool) & ~near).any()


def test_an_empty_map_stays_empty_and_odd_shapes_are_refused():
    assert not normalise_thickness(np.zeros((2, 128, 64), dtype=np.uint8)).any()
    assert normalise_thickness(np.zeros((0, 128, 64), dtype=np.uint8)).shape == (0, 128, 64)
    with pytest.raises(DataError, match="16 px"):
        normalise_thickness(band([3], 1), 16)
    with pytest.raises(DataError, match="shape"):
        normalise_thickness(np.zeros(3, dtype=np.uint8))


@pytest.mark.parametrize("strike_deg", [0.0, 33.0, 90.0, 135.0, 179.0])
def test_a_straight_fault_of_any_strike_lies_along_the_middle_row(strike_deg):
    whole = fault(straight(strike_deg))
    line = reference_line(whole, WINDOW_M)
    turned = (line.azimuth_deg - strike_deg + 90.0) % 180.0 - 90.0
    assert turned == pytest.approx(0.0, abs=0.01)
    assert line.length_m == pytest.approx(300.0, rel=0.003)
    drawn = draw_windows(whole, place_windows(line, 1.0, 32), 3)
    assert (drawn.sum(axis=1) >= 3).all()  # every column of every window
    rows = np.nonzero(drawn)[1]
    assert 61 <= rows.min() <= rows.max() <= 66


def test_windows_follow_a_fault_that_bends():
    angle = np.radians(np.linspace(45.0, 135.0, 200))
    arc = 400.0 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    whole = fault(arc)
    line = reference_line(whole, WINDOW_M)
    placement = place_windows(line, 1.0, 32)
    drawn = draw_windows(whole, placement, 3)
    rows = np.nonzero(drawn)[1]
    assert 56 <= rows.min() <= rows.max() <= 71  # the arc itself leaves its chord by 1.3 px
    assert line.length_m == pytest.approx(400.0 * np.pi / 2, rel=0.02)
    assert np.diff(placement.along_m).max() <= 32.0


def test_places_keep_their_side_and_order():
    # seen along strike (east): north lies to the left, so in the first rows
    whole = fault([[0.0, 0.0], [200.0, 0.0]], [[0.0, 30.0], [20.0, 30.0]], kinds=("main", "other"))
    line = reference_line(whole, WINDOW_M)
    drawn = draw_windows(whole, placed_at(line, np.array([32.0]), 1.0), 1)[0]
    rows, columns = np.nonzero(drawn[:60])
    assert set(rows) == {33} or set(rows) == {34}
    assert columns.min() == 0
    assert 17 <= columns.max() <= 20  # a free end loses a pixel or two


def test_strands_side_by_side_are_averaged_and_a_gap_is_bridged():
    strands = [[[0.0, y], [300.0, y]] for y in (-10.0, 10.0)]
    assert reference_line(fault(*strands), WINDOW_M).places[:, 1] == pytest.approx(0.0, abs=1e-6)
    gap = fault([[0.0, 0.0], [100.0, 0.0]], [[900.0, 8.0], [1000.0, 8.0]])
    line = reference_line(gap, WINDOW_M)
    assert np.isfinite(line.places).all()
    assert line.length_m == pytest.approx(1000.0, rel=0.01)


def test_a_segment_that_only_crosses_a_window_is_drawn_there():
    whole = fault([[-1e6, 0.0], [1e6, 0.0]], [[50.0, -1e6], [50.0, 1e6]], kinds=("main", "other"))
    line = reference_line(whole, 1e5)
    placement = placed_at(line, np.array([1e6]), 1.0)
    drawn = draw_windows(whole, placement, 1)[0]
    assert drawn.any(axis=0).all()
    assert drawn.any(axis=1).sum() == 1  # the other one lies 50 m away: 18 px outside


def test_a_fault_shorter_than_a_window_names_the_pixel_that_fits():
    line = reference_line(fault(straight(20.0, 300.0)), 64 * 10.0)
    with pytest.raises(DataError, match=r"at most 4\.69 m"):
        place_windows(line, 10.0, 32)


def test_a_map_as_wide_as_long_is_told():
    square = fault([[0.0, 0.0], [100.0, 0.0]], [[0.0, 100.0], [100.0, 100.0]])
    assert "strike is doubtful" in reference_line(square, WINDOW_M).warnings[0]
