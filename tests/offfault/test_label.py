"""The label: slip on faults over applied displacement, from displacements and a mask."""

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.offfault.label import (
    KeLabel,
    WindowName,
    applied_velocity,
    curl,
    curl_width_ratio,
    first_columns,
    ke_from_curl,
    ke_label,
    slip_along,
    window_labels,
)

FloatArray = NDArray[np.float64]


def shear(width: float = 3.0, columns: int = 64, centre: float = 67.0) -> tuple[FloatArray, ...]:
    """Return u and v of a zone in which higher rows move to the right."""
    rows = np.arange(135.0)[:, None] - centre
    u = np.repeat(np.tanh(rows / width), columns, axis=1)
    return u, np.zeros_like(u)


def by_hand(u: FloatArray, v: FloatArray, fault: FloatArray, dx: float) -> tuple[float, float]:
    """Return efficiency and deviation by loops over the plain formula."""
    rows, columns = u.shape
    slips = []
    for column in range(columns):
        integrand = []
        for row in range(rows):
            up, down = max(row - 1, 0), min(row + 1, rows - 1)
            left, right = max(column - 1, 0), min(column + 1, columns - 1)
            du = (u[down, column] - u[up, column]) / ((down - up) * dx)
            dv = (v[row, right] - v[row, left]) / ((right - left) * dx)
            integrand.append(0.5 * (du - dv) * fault[row, column])
        pairs = pairwise(integrand)
        slips.append(2.0 * sum(0.5 * (a + b) * dx for a, b in pairs))
    across = [float(np.median(one[0]) - np.median(one[-1])) for one in (u, v)]
    applied = (across[0] ** 2 + across[1] ** 2) ** 0.5
    return float(np.median(slips)) / applied, float(np.std(slips)) / applied


def test_all_shear_on_the_fault_is_an_efficiency_of_one() -> None:
    u, v = shear()
    label = ke_label(u, v, np.ones_like(u))
    assert label.ke == pytest.approx(1.0, abs=0.01)
    assert label.sd == pytest.approx(0.0, abs=1e-9)


def test_half_of_a_symmetric_zone_is_an_efficiency_of_about_a_half() -> None:
    u, v = shear()
    fault = np.zeros_like(u)
    fault[67:] = 1
    # the zone's steepest row counts whole, the step into the mask half of it
    expected = 0.5 + 0.5 * 0.5 * (np.tanh(1 / 3) - np.tanh(-1 / 3)) / 2
    assert ke_label(u, v, fault).ke == pytest.approx(expected, abs=1e-6)


def test_label_is_the_plain_formula(rng: np.random.Generator) -> None:
    u, v = shear(columns=12)
    u, v = u + rng.normal(0, 0.02, u.shape), v + rng.normal(0, 0.02, u.shape)
    fault = (rng.random(u.shape) < 0.3).astype(float)
    assert ke_label(u, v, fault, 1.14) == pytest.approx(by_hand(u, v, fault, 1.14), abs=1e-9)


@given(
    scale=st.floats(1e-3, 1e3),
    dx=st.floats(1e-2, 1e2),
    seed=st.integers(0, 99),
)
def test_units_change_nothing(scale: float, dx: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    u, v = shear(columns=8)
    fault = rng.random(u.shape) < 0.2
    u = u + rng.normal(0, 0.05, u.shape)
    scaled = ke_label(scale * u, scale * v, fault, dx)
    assert scaled == pytest.approx(ke_label(u, v, fault), rel=1e-9, abs=1e-12)


def test_slip_the_other_way_is_negative() -> None:
    u, v = shear()
    fault = np.ones_like(u)
    assert ke_label(-u, -v, fault).ke == pytest.approx(-ke_label(u, v, fault).ke)


def test_curl_is_half_the_vorticity_with_the_sign_of_du_dy() -> None:
    rows, columns = np.mgrid[0:20, 0:30].astype(float)
    np.testing.assert_allclose(curl(rows, -columns), 1.0)  # a turn: du/dy = 1, dv/dx = -1
    np.testing.assert_allclose(curl(rows, np.zeros_like(rows)), 0.5)
    np.testing.assert_allclose(curl(rows, np.zeros_like(rows), dx=2.0), 0.25)
    np.testing.assert_allclose(curl(rows, columns), 0.0)  # no turn: pure strain


def test_applied_velocity_is_the_length_between_medians() -> None:
    u, v = np.zeros((10, 9)), np.zeros((10, 9))
    u[-1], v[-1] = 3.0, -4.0
    u[-1, 0] = 1e6  # an outlier does not move a median
    assert applied_velocity(u, v) == pytest.approx(5.0)


def test_slip_counts_the_mask_alone() -> None:
    fault = np.zeros((10, 3))
    fault[4:6, 1] = 1
    slip = slip_along(np.full((10, 3), 0.5), fault, dx=2.0)
    np.testing.assert_allclose(slip, [0.0, 4.0, 0.0])


def test_an_empty_mask_is_an_error() -> None:
    u, v = shear()
    with pytest.raises(DataError, match="mask is empty"):
        ke_label(u, v, np.zeros_like(u))


def test_frames_at_rest_are_an_error() -> None:
    still = np.zeros((135, 64))
    with pytest.raises(DataError, match="leave such frames out"):
        ke_label(still, still, np.ones_like(still))


def test_missing_values_cost_their_columns_and_no_more() -> None:
    u, v = shear()
    fault = np.zeros_like(u)
    fault[60:75] = 1
    whole = ke_label(u, v, fault)
    u[67, 5] = np.nan
    u[10, 20] = np.nan  # outside the mask
    u[0, 30] = np.nan
    assert ke_label(u, v, fault).ke == pytest.approx(whole.ke, abs=1e-12)
    u[67, :40] = np.nan
    with pytest.raises(DataError, match="missing"):
        ke_label(u, v, fault)
    u[0] = np.nan
    with pytest.raises(DataError, match="first or the last row"):
        applied_velocity(u, v)


@pytest.mark.parametrize("shape", [(135, 63), (135,), (1, 64)])
def test_shapes_that_do_not_fit_are_an_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="shape"):
        ke_label(*shear(), np.ones(shape))


def test_windows_are_every_50_columns_at_any_width() -> None:
    assert first_columns(313).tolist() == [0, 50, 100, 150, 200]
    assert first_columns(64).tolist() == [0]
    assert first_columns(1300).size == 25
    with pytest.raises(DataError, match="63 columns"):
        first_columns(63)


def test_windows_use_their_own_columns_and_the_frames_velocity() -> None:
    u, v = shear(columns=313)
    fault = np.zeros_like(u)
    fault[55:80, :150] = 1
    applied = applied_velocity(u, v)
    labels = window_labels(curl(u, v), fault, applied, 1.0)
    assert [first for first, _ in labels] == [0, 50, 100]
    assert labels[0][1].ke == pytest.approx(1.0, abs=0.01)
    expected = ke_from_curl(curl(u, v)[:128, 100:164], fault[:128, 100:164], applied, 1.0)
    assert labels[2][1] == expected
    assert expected.sd > 0.3


def test_curl_width_ratio_tells_a_fault_from_distributed_shear() -> None:
    assert curl_width_ratio(*shear(1.0)) > 0.99
    assert curl_width_ratio(*shear(20.0)) < 0.3
    u, v = shear(1.0, centre=40.0)
    other, _ = shear(1.0, centre=90.0)
    two_strands = curl_width_ratio(u + other, v)
    assert two_strands == pytest.approx(0.5, abs=0.01)
    assert curl_width_ratio(-u, v) == pytest.approx(curl_width_ratio(u, v))
    assert curl_width_ratio(7.0 * u, v) == pytest.approx(curl_width_ratio(u, v))
    with pytest.raises(DataError, match="odd"):
        curl_width_ratio(u, v, fault_width_rows=4)
    with pytest.raises(DataError, match="sheared"):
        curl_width_ratio(v, v)


@given(
    ke=st.floats(-2, 2),
    sd=st.floats(0, 2),
    window=st.integers(0, 40),
    frame=st.integers(0, 2000),
    run=st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,12}", fullmatch=True),
    decimals=st.sampled_from([2, 4]),
)
def test_names_are_read_as_written(
    ke: float, sd: float, window: int, frame: int, run: str, decimals: int
) -> None:
    read = WindowName.parse(WindowName(ke, sd, window, frame, run).text(decimals) + ".npy")
    assert (read.window, read.frame, read.run) == (window, frame, run)
    assert (read.ke, read.sd) == pytest.approx((ke, sd), abs=0.51 * 10.0**-decimals)


def test_names_have_the_published_form() -> None:
    assert WindowName(0.754, 0.07, 3, 52, "EB_050_1").text() == (
        "0.75_0.07_win_3_t_052_EB_050_1_cfuv"
    )
    read = WindowName.parse("-0.0312_0.1000_win_23_t_101_E280_cfuv")
    assert read == WindowName(-0.0312, 0.1, 23, 101, "E280")
    with pytest.raises(DataError, match="names no window"):
        WindowName.parse("KE_SD.npy")


def test_real_displacements_give_the_labels_measured_from_them(data_dir: Path) -> None:
    panels = np.load(data_dir / "offfault" / "lab" / "eb_050_1_frames.npz")
    with (data_dir / "offfault" / "lab" / "labels.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["label_kind"] == "measured_from_figure"]
    assert len(rows) >= 13
    for row in rows:
        u = panels[f"t{row['frame']}_delu"].astype(float)  # grey: an affine scale of u
        fault = panels[f"t{row['frame']}_fault"] < 128
        rest = np.zeros_like(u)
        scale = u.shape[1] / 313
        first = round(50 * int(row["window"]) * scale)
        window = (slice(None), slice(first, round(first + 64 * scale)))
        label: KeLabel = ke_from_curl(
            curl(u, rest)[window], fault[window], applied_velocity(u, rest), dx=1.0
        )
        # labels are rounded to 0.01 and window borders to a pixel of the picture
        assert label == pytest.approx((float(row["ke"]), float(row["sd"])), abs=0.02), row["id"]
