"""Descriptors: known lines, shift across strike, thickness."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation

from mainshock.core.errors import DataError
from mainshock.offfault.descriptors import DESCRIPTORS, THICKNESS_FREE, descriptors


def _named(fault: np.ndarray) -> dict[str, float]:
    return dict(zip(DESCRIPTORS, descriptors(fault[None])[0], strict=True))


def _line(row: int = 60, first: int = 0, last: int = 64, thickness: int = 1) -> np.ndarray:
    fault = np.zeros((128, 64), dtype=np.uint8)
    fault[row : row + thickness, first:last] = 1
    return fault


def test_thirteen_descriptors_of_which_one_is_of_thickness() -> None:
    assert len(DESCRIPTORS) == 13
    assert set(DESCRIPTORS) - set(THICKNESS_FREE) == {"thickness_px"}


def test_a_straight_line_along_strike() -> None:
    found = _named(_line())
    assert found["covered_share"] == found["strands_per_column"] == 1.0
    assert found["largest_component_share"] == found["n_components"] == 1.0
    assert found["length_per_column"] == 63 / 64
    for name in ("angle_deg", "step_px", "row_spread_px", "zone_width_px", "mean_gap_px"):
        assert found[name] == pytest.approx(0.0, abs=1e-9), name


def test_strands_gaps_and_steps_are_counted() -> None:
    fault = _line(40, 0, 40) | _line(50, 20, 40) | _line(60, 30, 40) | _line(50, 50, 64)
    found = _named(fault)
    assert found["n_components"] == 4.0
    assert found["covered_share"] == 54 / 64
    assert found["mean_gap_px"] == 10.0
    assert found["share_of_two_strands"] == 20 / 64
    assert found["share_of_three_strands"] == 10 / 64
    assert found["strands_per_column"] == pytest.approx(84 / 64)
    assert found["largest_component_share"] == 40 / 64
    assert found["zone_width_px"] == pytest.approx((10 * 10 + 10 * 20) / 54)
    # the middle goes from 40 to 45 and 50 and stays there across the gap
    assert found["step_px"] == pytest.approx(10 / 53)


def test_the_angle_of_an_oblique_line() -> None:
    fault = np.zeros((128, 64), dtype=np.uint8)
    columns = np.arange(64)
    fault[40 + columns // 2, columns] = 1
    assert _named(fault)["angle_deg"] == pytest.approx(np.degrees(np.arctan(0.5)), abs=0.5)
    assert _named(fault[::-1])["angle_deg"] == pytest.approx(np.degrees(np.arctan(0.5)), abs=0.5)


def test_an_empty_window_is_one_gap() -> None:
    found = _named(np.zeros((128, 64), dtype=np.uint8))
    assert found.pop("mean_gap_px") == 64.0
    assert set(found.values()) == {0.0}
    assert descriptors(np.zeros((0, 128, 64), dtype=np.uint8)).shape == (0, 13)


@given(seed=st.integers(0, 2**32 - 1), shift=st.integers(-16, 16))
def test_a_shift_across_strike_changes_nothing(seed: int, shift: int) -> None:
    rng = np.random.default_rng(seed)
    fault = np.zeros((128, 64), dtype=np.uint8)
    fault[30:98] = binary_dilation(rng.random((68, 64)) > 0.98, iterations=2)
    np.testing.assert_allclose(
        descriptors(np.roll(fault, shift, axis=0)[None]), descriptors(fault[None]), atol=1e-9
    )


@pytest.mark.parametrize("thickness", [3, 5])
def test_a_broader_line_changes_little_but_its_thickness(thickness: int) -> None:
    thin, broad = _named(_line()), _named(_line(thickness=thickness))
    assert broad["thickness_px"] == pytest.approx(thickness, rel=0.15)
    for name in set(THICKNESS_FREE) - {"row_spread_px"}:
        assert broad[name] == pytest.approx(thin[name], abs=0.2), name


def test_other_shapes_are_refused() -> None:
    with pytest.raises(DataError, match="128"):
        descriptors(np.zeros((1, 64, 128), dtype=np.uint8))
