"""The generator: its sheet against closed forms, seeds and workers, and what its maps look like."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from mainshock.core.errors import SettingsError
from mainshock.offfault.base import COLUMNS, ROWS
from mainshock.offfault.generator.camera import (
    Camera,
    local_shear,
    map_faults,
    observe,
)
from mainshock.offfault.generator.parallel import generate, strands_per_column
from mainshock.offfault.generator.run import simulate_frames, simulate_run
from mainshock.offfault.generator.settings import GeneratorSettings
from mainshock.offfault.generator.sheet import base_motion, face_moduli, solve_sheet
from mainshock.offfault.generator.strands import Strand, Weakness, weakness_on_grid
from mainshock.offfault.windows import LabelledWindows, read_windows, write_windows

FloatArray = NDArray[np.float64]
SMALL = GeneratorSettings(n_columns=80, frames_per_run=4)
HALF_ROWS = 67.5
ROWS_FROM_CENTRE = np.arange(135.0) - 67.0


def two_plates(n_columns: int = 8) -> FloatArray:
    return np.repeat(0.5 * np.sign(ROWS_FROM_CENTRE)[:, None], n_columns, axis=1)


def closed_form(coupling_px: float, weakness: float) -> FloatArray:
    """Return the velocity of a sheet over two plates with one straight fault between them.

    ``u'' = (u - u_base) / L^2`` on each side; the fault slips by its weakness times the stress
    on it, and no stress acts on the outer edges.
    """
    reach = HALF_ROWS / coupling_px
    share = 1.0 / (np.cosh(reach) + 0.5 * weakness / coupling_px * np.sinh(reach))
    away = (HALF_ROWS - np.abs(ROWS_FROM_CENTRE)) / coupling_px
    return 0.5 * np.sign(ROWS_FROM_CENTRE) * (1.0 - share * np.cosh(away))


@pytest.fixture(scope="module")
def windows() -> LabelledWindows:
    return generate(GeneratorSettings(), 12, seed=100)


@settings(max_examples=25, deadline=None)
@given(coupling_px=st.floats(8.0, 40.0), weakness=st.floats(0.0, 5000.0))
def test_a_straight_fault_slips_as_the_closed_form_says(coupling_px: float, weakness: float):
    modulus = np.ones((135, 8))
    modulus[67] = 1.0 / (1.0 + weakness)
    velocity = solve_sheet(modulus, two_plates(), coupling_px)
    expected = closed_form(coupling_px, weakness)
    assert np.abs(velocity - expected[:, None]).max() < 0.08 / coupling_px


def test_a_fault_without_strength_takes_up_all_that_is_applied():
    modulus = np.ones((135, 8))
    modulus[67] = 1e-7
    velocity = solve_sheet(modulus, two_plates(), 24.0)
    np.testing.assert_allclose(velocity[68] - velocity[66], 1.0, atol=1e-4)
    np.testing.assert_allclose(velocity[-1] - velocity[0], 1.0, atol=1e-4)


def test_a_sheet_carried_as_one_does_not_shear():
    uneven = np.random.default_rng(0).uniform(0.01, 2.0, (135, 70))
    velocity = solve_sheet(uneven, np.full((135, 70), 0.3), 24.0)
    np.testing.assert_allclose(velocity, 0.3, atol=1e-4)


def test_a_sheet_with_many_faults_moves_as_a_sparse_solution_in_double_precision():
    rng = np.random.default_rng(1)
    modulus = rng.uniform(0.8, 1.2, (135, 70))
    modulus[rng.random((135, 70)) < 0.05] = 1.0 / 4000.0
    modulus[60, :50] = modulus[70, 20:] = 1.0 / 4000.0
    base = base_motion(135, 67.0 + rng.normal(size=70), 3.0)
    numbers = np.arange(modulus.size).reshape(modulus.shape)
    matrix = sparse.identity(modulus.size, format="csr") / 400.0
    for faces, axis in zip(face_moduli(modulus), (1, 0), strict=True):
        before = np.delete(numbers, -1, axis).ravel()
        after = np.delete(numbers, 0, axis).ravel()
        rows = np.arange(faces.size)
        difference = sparse.csr_matrix(
            (
                np.repeat((-1.0, 1.0), faces.size),
                (np.tile(rows, 2), np.concatenate((before, after))),
            ),
            shape=(faces.size, modulus.size),
        )
        matrix = matrix + difference.T @ sparse.diags(faces.ravel()) @ difference
    expected = splu(matrix.tocsc()).solve(base.ravel() / 400.0).reshape(modulus.shape)
    np.testing.assert_allclose(solve_sheet(modulus, base, 20.0), expected, atol=1e-4)


def test_the_same_seed_gives_the_same_windows():
    one, again, other = (simulate_run(SMALL, seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(one.maps, again.maps)
    np.testing.assert_array_equal(one.ke, again.ke)
    assert one.run[0] == again.run[0] != other.run[0]
    assert one.maps.shape != other.maps.shape or (one.maps != other.maps).any()


def test_the_number_of_workers_changes_nothing():
    told: list[str] = []
    alone = generate(SMALL, 3, seed=20, workers=1, step=told.append)
    together = generate(SMALL, 3, seed=20, workers=2)
    assert len(told) == 3
    np.testing.assert_array_equal(alone.maps, together.maps)
    np.testing.assert_array_equal(alone.ke, together.ke)
    np.testing.assert_array_equal(alone.run, together.run)


def test_runs_are_named_after_their_base_and_seed(windows: LabelledWindows):
    names = {str(name) for name in windows.run}
    assert {name.split("_")[0] for name in names} == {"EB", "PP"}
    assert {int(name.split("_synthetic_")[1]) for name in names} == set(range(100, 112))
    assert windows.source == "synthetic"


def test_every_map_is_a_window_with_a_fault(windows: LabelledWindows):
    assert windows.maps.shape == (len(windows), ROWS, COLUMNS)
    assert windows.maps.dtype == np.uint8
    assert set(np.unique(windows.maps)) == {0, 1}
    assert (windows.maps.sum(axis=(1, 2)) > 0).all()
    assert np.isfinite(windows.ke).all()
    assert (windows.sd >= 0.0).all()
    assert windows.ke.min() > -0.1
    assert windows.ke.max() < 1.05


def test_efficiency_rises_from_stepping_shears_to_one_fault(windows: LabelledWindows):
    early = windows.ke[windows.frame <= 2].mean()
    midway = windows.ke[(windows.frame >= 3) & (windows.frame <= 5)].mean()
    late = windows.ke[windows.frame >= 7].mean()
    assert early < 0.5 < late
    assert early < midway < late
    assert 0.7 < late < 0.97


def test_maps_have_as_many_strands_as_those_of_the_laboratory(windows: LabelledWindows):
    """Real maps have 1.63 strands in a column that has any."""
    assert 1.4 <= strands_per_column(windows) <= 1.8


def test_strands_are_counted_in_the_columns_that_have_one():
    maps = np.zeros((1, ROWS, COLUMNS), dtype=np.uint8)
    maps[0, 0:3, :10] = 1
    maps[0, 50:52, 5:10] = 1
    one = np.zeros(1)
    counted = LabelledWindows(maps, one, one, np.array(["x"]), one.astype(int), one.astype(int), "")
    assert strands_per_column(counted) == pytest.approx(1.5)


def test_lines_are_made_thicker_whatever_the_efficiency():
    """A thick run has the faults of a thin one: the same seed, a pixel more on each side."""
    thin, thick = (
        list(
            simulate_frames(
                replace(SMALL, share_thick=share), np.random.default_rng(3), is_split=True
            )
        )
        for share in (0.0, 1.0)
    )
    for slim, wide in zip(thin, thick, strict=True):
        np.testing.assert_array_equal(slim.u, wide.u)
        np.testing.assert_array_equal(slim.faults, wide.faults)
        np.testing.assert_array_equal(slim.drawn, slim.faults)
        assert (wide.drawn >= wide.faults).all()
    drawn, mapped = (
        sum(int(getattr(one, name).sum()) for one in thick) for name in ("drawn", "faults")
    )
    assert drawn > 1.4 * mapped


def test_no_window_without_a_fault():
    """Before any fault has formed there is nothing to label."""
    calm = replace(SMALL, time_range=(-1.0, -0.5), threshold=(0.2, 0.2))
    assert len(simulate_run(calm, 1)) == 0


def test_windows_can_be_written_and_read(tmp_path: Path):
    made = simulate_run(SMALL, 5)
    write_windows(tmp_path / "made.npz", made)
    read = read_windows(tmp_path / "made.npz")
    np.testing.assert_array_equal(read.maps, made.maps)
    np.testing.assert_array_equal(read.ke, made.ke)


def test_both_components_are_measured_in_plane_stress():
    """Faults that step push the sheet across strike by far more than the camera's noise."""
    quiet = replace(
        SMALL,
        noise=(0.001, 0.001),
        shear_noise=(0.0, 0.0),
        time_range=(0.5, 0.8),
        frames_per_run=2,
    )
    both = replace(quiet, physics="plane-stress")
    scalar, vector = (
        [
            float(np.abs(frame.v).max())
            for frame in simulate_frames(chosen, np.random.default_rng(2), is_split=False)
        ]
        for chosen in (quiet, both)
    )
    assert max(scalar) < 0.006
    assert min(vector) > 2.0 * max(scalar)


def test_the_camera_neither_shifts_nor_scales():
    camera = Camera(0.5, 0.004, 0.01, 0.0, is_thick=False)
    velocity = base_motion(135, np.full(80, 67.0), 4.0)
    seen = observe(velocity, camera, np.random.default_rng(0))
    assert (seen - velocity).std() == pytest.approx(0.004, rel=0.2)
    assert seen[-1].mean() - seen[0].mean() == pytest.approx(1.0, abs=0.002)


def test_noise_is_larger_where_the_sheet_shears():
    velocity = 0.5 * np.sign(np.arange(135.0) - 67.0)[:, None] * np.ones(200)
    shear = local_shear(velocity)
    assert shear[67].min() == pytest.approx(1.0)  # all of the motion within one subset
    assert shear[:50].max() == 0.0
    quiet = Camera(0.5, 0.0, 0.01, 0.0, is_thick=False)
    noisy = Camera(0.5, 0.002, 0.01, 0.0, is_thick=False, shear_noise=0.01)
    exact, seen = (
        observe(velocity, camera, np.random.default_rng(0), shear) for camera in (quiet, noisy)
    )
    noise = (seen - exact).std(axis=1)
    assert noise[:50].mean() == pytest.approx(0.002, rel=0.1)
    assert noise[66:69].mean() == pytest.approx(0.012, rel=0.2)


def test_specks_are_no_faults():
    camera = Camera(0.5, 0.0, 0.01, 0.0, is_thick=False)
    curl = np.zeros((135, 80))
    curl[20, 10:17] = 0.1
    curl[60, 10:19] = 0.1
    mapped = map_faults(curl, camera)
    assert mapped[20].sum() == 0
    assert mapped[60].sum() == 9


def test_a_fault_grows_from_its_middle_and_the_weakest_counts():
    columns, weakness = np.arange(11.0, 70.0), Weakness(5.0, 500.0, 100.0)
    straight = Strand(columns, np.full(59, 30.0), onset=0.2, growth=0.4)
    assert weakness_on_grid([straight], 0.2, (60, 80), weakness).max() == 0.0
    half = weakness_on_grid([straight], 0.4, (60, 80), weakness)
    assert 27 <= np.count_nonzero(half[30]) <= 32
    assert np.argmax(half[30]) == 40
    strong = replace(straight, strength=0.1)
    both = weakness_on_grid([straight, strong], 0.4, (60, 80), weakness)
    np.testing.assert_array_equal(both, half)


def test_a_fault_is_as_weak_as_all_that_it_is_linked_with_is_long():
    weakness = Weakness(5.0, 500.0, 100.0)
    short, other = (
        Strand(np.arange(begin, begin + 45.0), np.full(45, 30.0), onset=-9.0, growth=0.1)
        for begin in (2.0, 56.0)
    )
    link = Strand(np.arange(45.0, 58.0), np.full(13, 30.0), onset=-9.0, growth=0.1)
    apart = weakness_on_grid([short, other], 0.0, (60, 110), weakness)
    linked = weakness_on_grid([short, other, link], 0.0, (60, 110), weakness)
    assert 5.0 < apart[30].max() < 50.0
    assert linked[30].max() > 5.0 * apart[30].max()
    assert linked[30, 24] > 5.0 * apart[30, 24]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_rows": 100}, "holds no window"),
        ({"n_columns": 40}, "holds no window"),
        ({"frames_per_run": 0}, "give 1 or more"),
        ({"threshold": (0.02, 0.01)}, "swap them"),
    ],
)
def test_settings_out_of_range_are_refused(changes: dict[str, object], message: str):
    with pytest.raises(SettingsError, match=message):
        replace(SMALL, **changes)


@pytest.mark.parametrize(("n_runs", "workers"), [(0, 1), (200_000, 1), (2, 0)])
def test_no_runs_and_no_workers_are_refused(n_runs: int, workers: int):
    with pytest.raises(SettingsError, match="give 1"):
        generate(SMALL, n_runs, workers=workers)


def test_a_line_needs_two_points():
    with pytest.raises(SettingsError, match="two points"):
        Strand(np.zeros(1), np.zeros(1), onset=0.0, growth=1.0)
