"""Runs are read alike from every layout and version, and repacked without loss."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from mainshock.core.errors import DataError, NothingFoundError, SourceError
from mainshock.offfault.label import applied_velocity, curl, ke_from_curl
from mainshock.offfault.laboratory import (
    DisplacementRun,
    LabelledRun,
    join_windows,
    read_run,
    run_files,
    windows_of,
)
from mainshock.offfault.repack import is_repacked, read_repacked, repack, window_names

Arrays = dict[str, NDArray[np.float64]]


def displacements() -> Arrays:
    """Return a run of three frames: the first has no fault, the second in 90 columns."""
    rng = np.random.default_rng(5)
    rows = np.arange(135.0)[:, None, None] - 60.0
    u = np.tanh(rows / 4.0) + rng.normal(0, 0.01, (135, 313, 3))
    v = rng.normal(0, 0.01, u.shape)
    fault = np.zeros_like(u)
    fault[57:64, :90, 1] = 1
    fault[55:66, :, 2] = 1
    turned = np.stack([curl(u[..., t], v[..., t], 1.14) for t in range(3)], axis=2)
    return {"curl_map": turned, "altBW_filt": fault, "store_u": u, "store_v": v}


def labelled(width: int = 64, overlap: int = 14, windows: int = 3, frames: int = 4) -> Arrays:
    """Return a run that has labels: efficiency k + t/10, deviation a tenth of it."""
    columns = (windows - 1) * (width - overlap) + width + 5
    fault = np.zeros((2 * width, columns, frames))
    fault[width, :, 1:] = 1  # one pixel wide; none in the first frame
    ke = np.arange(windows)[:, None] + np.arange(frames) / 10
    return {
        "fault_map": fault,
        "label": np.stack([ke / 10, ke], axis=2),
        "windowWidth": np.array([[width]], dtype=float),
        "overlap": np.array([[overlap]], dtype=float),
        "numFrames": np.array([[frames]], dtype=float),
        "numWindows": np.array([[windows]], dtype=float),
    }


def save_v5(path: Path, arrays: Arrays) -> None:
    savemat(path, arrays)


def save_v73(path: Path, arrays: Arrays) -> None:
    """Write as MATLAB does: 512 bytes of its own, then HDF5 with the axes in reverse."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file[name] = array.T
        file.create_group("#refs#")
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file".ljust(116) + b" " * 8 + b"\x00\x02IM")


@pytest.mark.parametrize("save", [save_v5, save_v73])
def test_both_versions_give_the_displacements(
    tmp_path: Path, save: Callable[[Path, Arrays], None]
) -> None:
    arrays = displacements()
    save(tmp_path / "EB_050_1.mat", arrays)
    run = read_run(tmp_path / "EB_050_1.mat")
    assert isinstance(run, DisplacementRun)
    assert run.name == "EB_050_1"
    np.testing.assert_array_equal(run.u, arrays["store_u"])
    np.testing.assert_array_equal(run.v, arrays["store_v"])
    np.testing.assert_array_equal(run.curl, arrays["curl_map"])
    np.testing.assert_array_equal(run.fault, arrays["altBW_filt"])


def test_windows_are_labelled_by_the_formula_and_empty_ones_left_out(tmp_path: Path) -> None:
    arrays = displacements()
    save_v5(tmp_path / "PP_025_2.mat", arrays)
    windows = windows_of(read_run(tmp_path / "PP_025_2.mat"))
    # frame 1 has a fault in the first two windows alone, frame 2 in all five; by window, then frame
    places = list(zip(windows.first_column.tolist(), windows.frame.tolist(), strict=True))
    assert places == [(0, 1), (0, 2), (50, 1), (50, 2), (100, 2), (150, 2), (200, 2)]
    assert set(windows.run.tolist()) == {"PP_025_2"}
    assert windows.source == "laboratory"
    u, v = arrays["store_u"][..., 2], arrays["store_v"][..., 2]
    window = (slice(0, 128), slice(150, 214))
    expected = ke_from_curl(
        arrays["curl_map"][..., 2][window],
        arrays["altBW_filt"][..., 2][window],
        applied_velocity(u, v),
        1.14,
    )
    assert (windows.ke[5], windows.sd[5]) == pytest.approx(expected, rel=1e-9)
    np.testing.assert_array_equal(windows.maps[5], arrays["altBW_filt"][:128, 150:214, 2])


def test_numpy_files_give_the_same_windows(tmp_path: Path) -> None:
    arrays = displacements()
    save_v5(tmp_path / "a.mat", arrays)
    names = {"u": "store_u", "v": "store_v", "fault": "altBW_filt"}
    np.savez(tmp_path / "b.npz", **{short: arrays[long] for short, long in names.items()})
    np.save(tmp_path / "c.npy", np.stack(list(arrays.values()), axis=2))
    first, *others = [windows_of(read_run(one)) for one in run_files(tmp_path)]
    assert len(others) == 2
    for other in others:
        np.testing.assert_array_equal(other.maps, first.maps)
        np.testing.assert_allclose(other.ke, first.ke, rtol=1e-12)


def test_a_single_frame_needs_no_axis_of_frames(tmp_path: Path) -> None:
    arrays = {name: array[..., 2] for name, array in displacements().items()}
    save_v73(tmp_path / "one.mat", arrays)
    assert len(windows_of(read_run(tmp_path / "one.mat"))) == 5


def test_dextral_runs_turn_the_sense_round(tmp_path: Path) -> None:
    arrays = displacements()
    save_v5(tmp_path / "left.mat", arrays)
    turned = {n: a if n == "altBW_filt" else -a for n, a in arrays.items()}
    save_v5(tmp_path / "right.mat", turned)
    left, right = read_run(tmp_path / "left.mat"), read_run(tmp_path / "right.mat")
    assert (windows_of(right).ke < 0).all()
    np.testing.assert_allclose(windows_of(right, dextral=True).ke, windows_of(left).ke)


@pytest.mark.parametrize("save", [save_v5, save_v73])
@pytest.mark.parametrize(("width", "overlap", "firsts"), [(64, 14, [0, 50]), (128, 26, [0, 51])])
def test_labelled_runs_keep_their_labels(
    tmp_path: Path,
    save: Callable[[Path, Arrays], None],
    width: int,
    overlap: int,
    firsts: list[int],
) -> None:
    save(tmp_path / "E280.mat", labelled(width, overlap, windows=2))
    run = read_run(tmp_path / "E280.mat")
    assert isinstance(run, LabelledRun)
    windows = windows_of(run)
    assert windows.maps.shape == (6, 128, 64)
    assert windows.first_column.tolist() == [firsts[0]] * 3 + [firsts[1]] * 3
    assert windows.frame.tolist() == [1, 2, 3] * 2
    np.testing.assert_allclose(windows.ke, [0.1, 0.2, 0.3, 1.1, 1.2, 1.3])
    np.testing.assert_allclose(windows.sd, windows.ke / 10)  # deviation first in the file
    # a fault of one pixel lives through the reduction, in the row that holds it
    assert (windows.maps.sum(axis=1) == 1).all()
    assert (windows.maps[:, 64] == 1).all()


def test_labels_that_are_missing_are_left_out(tmp_path: Path) -> None:
    arrays = labelled()
    arrays["label"][1, 2] = np.nan
    save_v5(tmp_path / "E281.mat", arrays)
    assert len(windows_of(read_run(tmp_path / "E281.mat"))) == 8


@pytest.mark.parametrize("missing", ["curl_map", "altBW_filt", "store_u", "store_v"])
def test_missing_arrays_are_named_with_what_is_there(tmp_path: Path, missing: str) -> None:
    arrays = displacements()
    del arrays[missing]
    save_v5(tmp_path / "run.mat", arrays)
    there = ", ".join(sorted(arrays))
    with pytest.raises(DataError, match=rf"run\.mat: misses {missing}; it holds {there}"):
        read_run(tmp_path / "run.mat")


def test_arrays_that_do_not_fit_are_an_error(tmp_path: Path) -> None:
    arrays = displacements()
    save_v5(tmp_path / "short.mat", {**arrays, "store_v": arrays["store_v"][:, :, :2]})
    with pytest.raises(DataError, match="give all as"):
        read_run(tmp_path / "short.mat")
    save_v5(tmp_path / "small.mat", {name: one[:100] for name, one in arrays.items()})
    with pytest.raises(DataError, match="100 x 313"):
        read_run(tmp_path / "small.mat")
    given = labelled()
    for name, changed in (
        ("windowWidth", {"windowWidth": np.array([[50.0]])}),
        ("label has shape", {"label": given["label"][:, :2]}),
        ("does not hold", {"fault_map": given["fault_map"][:, :100]}),
        ("overlap is", {"overlap": np.array([[1.5]])}),
    ):
        save_v5(tmp_path / "given.mat", {**given, **changed})
        with pytest.raises(DataError, match=name):
            read_run(tmp_path / "given.mat")


def test_files_that_are_no_runs_are_an_error(tmp_path: Path) -> None:
    for name, content in (("a.mat", b"no"), ("b.mat", b""), ("c.npz", b"no"), ("d.npy", b"no")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SourceError, match="cannot be read"):
            read_run(tmp_path / name)
    np.save(tmp_path / "e.npy", np.zeros((135, 313)))
    with pytest.raises(SourceError, match="rows, columns, 4, frames"):
        read_run(tmp_path / "e.npy")
    with pytest.raises(SourceError, match=r"no \.mat"):
        read_run(tmp_path / "f.txt")
    with pytest.raises(SourceError, match="does not exist"):
        run_files(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingFoundError):
        run_files(tmp_path / "empty")


def test_runs_without_a_fault_hold_nothing(tmp_path: Path) -> None:
    arrays = {name: array[..., :1] for name, array in displacements().items()}
    save_v5(tmp_path / "calm.mat", arrays)
    with pytest.raises(NothingFoundError, match="calm"):
        windows_of(read_run(tmp_path / "calm.mat"))


def test_runs_of_one_name_are_not_joined(tmp_path: Path) -> None:
    save_v5(tmp_path / "EB_025_1.mat", displacements())
    windows = windows_of(read_run(tmp_path / "EB_025_1.mat"))
    with pytest.raises(DataError, match="EB_025_1 come twice"):
        join_windows([windows, windows])
    with pytest.raises(NothingFoundError):
        join_windows([])


def test_repacked_folders_have_the_published_form(tmp_path: Path) -> None:
    arrays = displacements()
    save_v5(tmp_path / "EB_050_1.mat", arrays)
    run = read_run(tmp_path / "EB_050_1.mat")
    windows = windows_of(run)
    folder = tmp_path / "packed"
    assert repack(run, windows, folder) == len(windows)
    assert is_repacked(folder)
    assert not is_repacked(tmp_path)
    raw = np.load(folder / "raw_npy" / "EB_050_1.npy")
    assert raw.shape == (135, 313, 4, 3)
    np.testing.assert_allclose(raw[:, :, 2], arrays["store_u"], rtol=1e-6)
    names = (folder / "file_master" / "EB_050_1.txt").read_text().split()
    assert names == [f"{name.text()}.npy" for name in window_names(windows)]
    assert names[1] == f"{windows.ke[1]:.2f}_{windows.sd[1]:.2f}_win_0_t_002_EB_050_1_cfuv.npy"
    window = np.load(folder / "slice_npy" / "EB_050_1" / names[5])
    np.testing.assert_array_equal(window, raw[:128, 150:214, :, 2])


def test_repacked_folders_are_read_back(tmp_path: Path) -> None:
    save_v5(tmp_path / "EB_050_1.mat", displacements())
    save_v5(tmp_path / "E280.mat", labelled(windows=12))
    folder, parts = tmp_path / "packed", []
    for path in run_files(tmp_path):
        run = read_run(path)
        parts.append(windows_of(run))
        repack(run, parts[-1], folder, decimals=4)
    windows, read = join_windows(parts), read_repacked(folder)
    for name in ("maps", "run", "frame", "first_column"):
        np.testing.assert_array_equal(getattr(read, name), getattr(windows, name))
    np.testing.assert_allclose(read.ke, windows.ke, atol=0.51e-4)
    np.testing.assert_allclose(read.sd, windows.sd, atol=0.51e-4)


def test_damaged_repacked_folders_are_an_error(tmp_path: Path) -> None:
    slices = tmp_path / "slice_npy" / "EB_050_1"
    slices.mkdir(parents=True)
    with pytest.raises(NothingFoundError):
        read_repacked(tmp_path)
    path = slices / "0.10_0.10_win_0_t_001_EB_050_1_cfuv.npy"
    path.write_bytes(b"no")
    with pytest.raises(DataError, match="no numpy array"):
        read_repacked(tmp_path)
    np.save(path, np.zeros((4, 4)))
    with pytest.raises(DataError, match=r"\(4, 4\)"):
        read_repacked(tmp_path)


def test_an_archive_that_was_cut_short_is_an_error(tmp_path: Path) -> None:
    path, arrays = tmp_path / "EB_050_1.npz", displacements()
    np.savez(path, u=arrays["store_u"], v=arrays["store_v"], fault=arrays["altBW_filt"])
    whole = path.read_bytes()
    for end in (len(whole) - 60, len(whole) // 2, 100):
        path.write_bytes(whole[:end])
        with pytest.raises(SourceError, match="cannot be read as a run"):
            read_run(path)
