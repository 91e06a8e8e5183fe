"""Runs of laboratory experiments: MATLAB and numpy files in, labelled windows out.

Two MATLAB layouts are read, each as version 5 or 7.3 files. *Displacement* files hold ``curl_map``,
``altBW_filt``, ``store_u`` and ``store_v``, each ``(rows, columns, frames)``; labels are computed.
*Labelled* files hold ``fault_map`` ``(2 * windowWidth, columns, frames)`` and ``label``
``(windows, frames, 2)``, standard deviation first, efficiency second.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from mainshock.core.errors import DataError, NothingFoundError, SourceError
from mainshock.offfault.base import COLUMNS, ROWS
from mainshock.offfault.label import (
    GRID_STEP_MM,
    KeLabel,
    applied_velocity,
    curl,
    window_labels,
)
from mainshock.offfault.windows import UNREADABLE, LabelledWindows, read_arrays

__all__ = [
    "DisplacementRun",
    "LabelledRun",
    "join_windows",
    "read_run",
    "run_files",
    "windows_of",
]

FloatArray = NDArray[np.float64]

_DISPLACEMENT = ("curl_map", "altBW_filt", "store_u", "store_v")
_LABELLED = ("fault_map", "label", "windowWidth", "overlap")
_SUFFIXES = (".mat", ".npy", ".npz")
_UNREADABLE = (*UNREADABLE, MatReadError)


@dataclass(frozen=True, slots=True, eq=False)
class DisplacementRun:
    """Measured frames of a run, every array of shape ``(rows, columns, frames)``.

    ``u`` and ``v`` are in one unit of length a frame, ``curl`` is per length, ``fault`` is 0 or 1.
    """

    name: str
    curl: FloatArray
    fault: NDArray[np.uint8]
    u: FloatArray
    v: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class LabelledRun:
    """Fault maps of a run with labels that came with them.

    ``fault`` has shape ``(128, columns, frames)``, ``ke`` and ``sd`` ``(windows, frames)``; a
    window begins at each of ``first_columns``.
    """

    name: str
    fault: NDArray[np.uint8]
    ke: FloatArray
    sd: FloatArray
    first_columns: NDArray[np.int64]


def run_files(path: Path) -> list[Path]:
    """Return the files of runs in a folder, or the file itself.

    Raises
    ------
    SourceError
        If there is nothing at the path.
    NothingFoundError
        If a folder holds no ``.mat``, ``.npy`` or ``.npz`` file.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise SourceError(f"{path} does not exist; give files of runs or their folder")
    files = sorted(one for one in path.iterdir() if one.suffix.lower() in _SUFFIXES)
    if not files:
        raise NothingFoundError(f"{path} holds no {', '.join(_SUFFIXES)} file of a run")
    return files


def read_run(path: Path, dx: float = GRID_STEP_MM) -> DisplacementRun | LabelledRun:
    """Read one run; its name is that of the file.

    Parameters
    ----------
    path
        ``.mat`` of either layout and version; ``.npz`` with ``u``, ``v``, ``fault`` and perhaps
        ``curl``; or ``.npy`` of shape ``(rows, columns, 4, frames)`` with curl, fault, u, v.
    dx
        Grid step, to take the curl where the file has none.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If arrays are missing or do not fit together.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise SourceError(
            f"{path} is no {', '.join(_SUFFIXES)} file; export the run to one of them"
        )
    try:
        arrays = reader(path)
    except _UNREADABLE as error:
        raise SourceError(f"{path} cannot be read as a run ({error}); write it again") from error
    try:
        if "fault_map" in arrays:
            return _labelled_run(path.stem, arrays)
        return _displacement_run(path.stem, arrays, dx)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _mat_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the numeric arrays of a MATLAB file, axes as MATLAB has them."""
    if not h5py.is_hdf5(path):
        if path.stat().st_size == 0:
            raise ValueError("the file is empty")
        loaded = loadmat(path)
        arrays = {name: one for name, one in loaded.items() if not name.startswith("__")}
    else:
        with h5py.File(path, "r") as file:
            # HDF5 keeps the axes in reverse
            arrays = {
                name: np.asarray(one).T
                for name, one in file.items()
                if isinstance(one, h5py.Dataset)
            }
    return {name: one for name, one in arrays.items() if one.dtype.kind in "biuf"}


def _npz_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a numpy archive, under the names of the MATLAB layout."""
    renamed = {"curl": "curl_map", "fault": "altBW_filt", "u": "store_u", "v": "store_v"}
    arrays = {renamed.get(name, name): one for name, one in read_arrays(path).items()}
    arrays.setdefault("curl_map", np.empty(0))  # taken from u and v
    return arrays


def _npy_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the channels of a repacked run, under the names of the MATLAB layout."""
    stored = np.load(path, allow_pickle=False)
    if stored.ndim != 4 or stored.shape[2] != len(_DISPLACEMENT):
        raise ValueError(f"shape {stored.shape}, not (rows, columns, 4, frames)")
    return {name: stored[:, :, channel] for channel, name in enumerate(_DISPLACEMENT)}


_READERS = {".mat": _mat_arrays, ".npz": _npz_arrays, ".npy": _npy_arrays}


def _require(arrays: Mapping[str, NDArray[Any]], names: Sequence[str]) -> None:
    """Check that a file holds the arrays of its layout."""
    missing = [name for name in names if name not in arrays]
    if missing:
        raise DataError(
            f"misses {', '.join(missing)}; it holds {', '.join(sorted(arrays)) or 'no array'}. "
            f"A displacement file holds {', '.join(_DISPLACEMENT)} (.npz: u, v, fault), "
            f"a labelled one {', '.join(_LABELLED)}"
        )


def _frames(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array with its last axis of frames, which MATLAB drops where it is 1."""
    return array[..., None] if array.ndim == 2 else array


def _displacement_run(name: str, arrays: Mapping[str, NDArray[Any]], dx: float) -> DisplacementRun:
    """Return a run with displacements from the arrays of its file."""
    _require(arrays, _DISPLACEMENT)
    turned, fault, u, v = (_frames(arrays[one]) for one in _DISPLACEMENT)
    if turned.size == 0 and u.ndim == 3 and u.shape == v.shape:
        turned = np.stack([curl(u[..., one], v[..., one], dx) for one in range(u.shape[2])], axis=2)
    shapes = {key: _frames(arrays[key]).shape for key in _DISPLACEMENT[1:]}
    if len({turned.shape, *shapes.values()}) != 1 or u.ndim != 3:
        raise DataError(f"shapes {shapes}; give all as (rows, columns, frames)")
    if u.shape[0] < ROWS or u.shape[1] < COLUMNS:
        raise DataError(f"maps of {u.shape[0]} x {u.shape[1]}; at least {ROWS} x {COLUMNS} needed")
    return DisplacementRun(
        name,
        turned.astype(np.float64, copy=False),
        (fault > 0).astype(np.uint8),
        u.astype(np.float64, copy=False),
        v.astype(np.float64, copy=False),
    )


def _number(arrays: Mapping[str, NDArray[Any]], name: str) -> int:
    """Return a single whole number of a file."""
    value = np.asarray(arrays[name]).ravel()
    if value.size != 1 or float(value[0]) != round(float(value[0])):
        raise DataError(f"{name} is {value[:4].tolist()}; give one whole number")
    return int(value[0])


def _labelled_run(name: str, arrays: Mapping[str, NDArray[Any]]) -> LabelledRun:
    """Return a run whose file has labels, its maps brought to 128 rows."""
    _require(arrays, _LABELLED)
    width, overlap = _number(arrays, "windowWidth"), _number(arrays, "overlap")
    fault, label = (_frames(arrays["fault_map"]) > 0).astype(np.uint8), arrays["label"]
    if width < COLUMNS or width % COLUMNS or not 0 <= overlap < width:
        raise DataError(
            f"windowWidth {width} with overlap {overlap}; the width must be {COLUMNS} or a "
            "multiple, the overlap less than it"
        )
    if (
        label.ndim != 3
        or label.shape[0] < 1
        or label.shape[2] != 2
        or label.shape[1] != fault.shape[2]
    ):
        raise DataError(
            f"label has shape {label.shape}; with a fault_map of {fault.shape} it must be "
            f"(windows, {fault.shape[2]}, 2)"
        )
    firsts = np.arange(label.shape[0], dtype=np.int64) * (width - overlap)
    if fault.shape[0] != 2 * width or firsts[-1] + width > fault.shape[1]:
        raise DataError(
            f"a fault_map of {fault.shape} does not hold {label.shape[0]} windows of "
            f"{2 * width} x {width} with overlap {overlap}"
        )
    factor = width // COLUMNS
    return LabelledRun(
        name,
        _reduce(fault, factor),
        label[:, :, 1].astype(np.float64),
        label[:, :, 0].astype(np.float64),
        firsts // factor,
    )


def _reduce(fault: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Return a mask with fewer pixels; one is set where any of its ``factor**2`` was.

    The maximum keeps faults of one pixel, which a mean would lose; lines get no thinner than one
    new pixel.
    """
    rows, columns, frames = fault.shape[0] // factor, fault.shape[1] // factor, fault.shape[2]
    cut = fault[: rows * factor, : columns * factor]
    return np.asarray(
        cut.reshape(rows, factor, columns, factor, frames).max(axis=(1, 3)), dtype=np.uint8
    )


def windows_of(
    run: DisplacementRun | LabelledRun, dx: float = GRID_STEP_MM, *, dextral: bool = False
) -> LabelledWindows:
    """Return the windows of a run that hold a fault, ordered by window, then by frame.

    Parameters
    ----------
    run
        What :func:`read_run` returned. Maps of labelled files with windows of 128 columns were
        reduced to half by the maximum, and their columns are counted in the reduced map.
    dx
        Grid step of the displacements, in the length of ``run.curl``.
    dextral
        Higher rows move to the left of lower ones: slip in that sense counts as positive. Labels
        that came with a file are kept as they are.

    Raises
    ------
    NothingFoundError
        If no window of the run holds a fault.
    DataError
        If a frame does not move, or misses too many displacements.
    """
    if isinstance(run, LabelledRun):
        found = list(_given(run))
    else:
        found = list(_measured(run, dx, -1.0 if dextral else 1.0))
    if not found:
        raise NothingFoundError(f"no window of run {run.name} holds a fault with a label")
    found.sort(key=lambda one: (one[0], one[1]))
    return LabelledWindows(
        maps=np.stack(
            [run.fault[:ROWS, first : first + COLUMNS, frame] for first, frame, _ in found]
        ),
        ke=np.array([label.ke for *_, label in found]),
        sd=np.array([label.sd for *_, label in found]),
        run=np.full(len(found), run.name),
        frame=np.array([frame for _, frame, _ in found], dtype=np.int64),
        first_column=np.array([first for first, *_ in found], dtype=np.int64),
        source="laboratory",
    )


def _measured(run: DisplacementRun, dx: float, sense: float) -> Iterator[tuple[int, int, KeLabel]]:
    """Yield first column, frame and label of each window with a fault."""
    for frame in range(run.fault.shape[2]):
        if not run.fault[:ROWS, :, frame].any():
            continue
        try:
            applied = applied_velocity(run.u[..., frame], run.v[..., frame])
            labels = window_labels(sense * run.curl[..., frame], run.fault[..., frame], applied, dx)
        except DataError as error:
            raise DataError(f"run {run.name}, frame {frame}: {error}") from error
        for first, label in labels:
            yield first, frame, label


def _given(run: LabelledRun) -> Iterator[tuple[int, int, KeLabel]]:
    """Yield first column, frame and label of each window with a fault and a label."""
    for window, frame in np.ndindex(run.ke.shape):
        first = int(run.first_columns[window])
        label = KeLabel(float(run.ke[window, frame]), float(run.sd[window, frame]))
        has_fault = run.fault[:, first : first + COLUMNS, frame].any()
        if has_fault and np.isfinite(label).all():
            yield first, frame, label


def join_windows(parts: Sequence[LabelledWindows]) -> LabelledWindows:
    """Return the windows of several runs as one.

    Raises
    ------
    NothingFoundError
        If there are none.
    DataError
        If two runs have one name.
    """
    if not parts:
        raise NothingFoundError("no runs to join; give files of runs")
    names = [name for part in parts for name in np.unique(part.run).tolist()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"runs {', '.join(twice)} come twice; rename one, or give it once")
    return LabelledWindows(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("maps", "ke", "sd", "run", "frame", "first_column")
        },
        source=parts[0].source,
    )
