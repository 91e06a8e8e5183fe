"""Folders of numpy files in the manner of the published scripts: one file a run, one a window.

``raw_npy/<run>.npy`` is ``(rows, columns, 4, frames)`` with curl, fault, u and v;
``slice_npy/<run>/<name>.npy`` is ``(128, 64, 4)``; ``file_master/<run>.txt`` lists the names by
window, then by frame.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, NothingFoundError
from mainshock.core.files import make_folder, replacing
from mainshock.offfault.base import COLUMNS, ROWS
from mainshock.offfault.label import STRIDE, WindowName
from mainshock.offfault.laboratory import DisplacementRun, LabelledRun
from mainshock.offfault.windows import UNREADABLE, LabelledWindows

__all__ = ["is_repacked", "read_repacked", "repack", "window_names"]

_RAW, _SLICES, _LISTS = "raw_npy", "slice_npy", "file_master"
_FAULT = 1  # channel


def window_names(windows: LabelledWindows) -> list[WindowName]:
    """Return the name of each window; its number is its first column over the run's stride.

    The stride is the greatest step that all first columns of the run are multiples of.
    """
    strides = {
        run: max(1, int(np.gcd.reduce(windows.first_column[windows.run == run])))
        for run in np.unique(windows.run).tolist()
    }
    columns = (windows.ke, windows.sd, windows.first_column, windows.frame, windows.run)
    return [
        WindowName(ke, sd, first // strides[run], frame, run)
        for ke, sd, first, frame, run in zip(*(one.tolist() for one in columns), strict=True)
    ]


def repack(
    run: DisplacementRun | LabelledRun, windows: LabelledWindows, folder: Path, decimals: int = 2
) -> int:
    """Write a run and its windows as numpy files, and return the number of windows.

    Parameters
    ----------
    run, windows
        A run and what :func:`~mainshock.offfault.laboratory.windows_of` made of it. A run that
        came with labels has no displacements: its slices hold NaN in all channels but the fault,
        and no raw file is written.
    folder
        Where ``raw_npy``, ``slice_npy`` and ``file_master`` are made.
    decimals
        Of the labels in the names; with the 2 of the published files a small deviation reads 0.

    Raises
    ------
    SourceError
        If the folder cannot be written.
    """
    names = [name.text(decimals) for name in window_names(windows)]
    slices, lists = make_folder(folder / _SLICES / run.name), make_folder(folder / _LISTS)
    if isinstance(run, DisplacementRun):
        raw = np.stack([run.curl, run.fault, run.u, run.v], axis=2, dtype=np.float32)
        _save(make_folder(folder / _RAW) / f"{run.name}.npy", raw)
    else:
        raw = np.full((*run.fault.shape[:2], 4, run.fault.shape[2]), np.nan, dtype=np.float32)
        raw[:, :, _FAULT] = run.fault
    places = zip(names, windows.first_column.tolist(), windows.frame.tolist(), strict=True)
    for name, first, frame in places:
        _save(slices / f"{name}.npy", raw[:ROWS, first : first + COLUMNS, :, frame])
    with replacing(lists / f"{run.name}.txt") as partial:
        partial.write_text("".join(f"{name}.npy\n" for name in names), encoding="utf-8")
    return len(names)


def _save(path: Path, array: NDArray[Any]) -> None:
    """Write an array whole or not at all."""
    with replacing(path) as partial, partial.open("wb") as file:
        np.save(file, array)


def is_repacked(folder: Path) -> bool:
    """Tell whether a folder holds windows as :func:`repack` writes them."""
    return (folder / _SLICES).is_dir()


def read_repacked(folder: Path, stride: int = STRIDE) -> LabelledWindows:
    """Read the windows of a repacked folder, by run, window and frame.

    Parameters
    ----------
    folder
        Holds ``slice_npy/<run>/<name>.npy``; lists are not needed.
    stride
        Columns from one window to the next, which the names do not tell.

    Raises
    ------
    NothingFoundError
        If there are no windows.
    DataError
        If a name or an array is not that of a window. Labels are those of the names, with as many
        decimals.
    """
    read = [(WindowName.parse(path.name), path) for path in _slices(folder)]
    if not read:
        raise NothingFoundError(f"{folder}/{_SLICES} holds no RUN/NAME.npy; repack runs into it")
    read.sort(key=lambda one: (one[0].run, one[0].window, one[0].frame))
    names = [name for name, _ in read]
    return LabelledWindows(
        maps=np.stack([_fault_of(path) for _, path in read]),
        ke=np.array([name.ke for name in names]),
        sd=np.array([name.sd for name in names]),
        run=np.array([name.run for name in names]),
        frame=np.array([name.frame for name in names], dtype=np.int64),
        first_column=np.array([name.window * stride for name in names], dtype=np.int64),
        source="laboratory",
    )


def _slices(folder: Path) -> Iterator[Path]:
    """Yield the files of windows."""
    yield from sorted((folder / _SLICES).glob("*/*.npy"))


def _fault_of(path: Path) -> NDArray[np.uint8]:
    """Return the fault map of a file of one window."""
    try:
        with path.open("rb") as file:
            stored = np.load(file, allow_pickle=False)
    except UNREADABLE as error:
        raise DataError(f"{path} is no numpy array ({error}); write it again") from error
    if stored.shape not in {(ROWS, COLUMNS, 4), (ROWS, COLUMNS, 1), (ROWS, COLUMNS)}:
        raise DataError(f"{path} has shape {stored.shape}; give ({ROWS}, {COLUMNS}, 4)")
    fault = stored.reshape(ROWS, COLUMNS, -1)
    fault = fault[:, :, _FAULT] if fault.shape[2] > 1 else fault[:, :, 0]
    return np.asarray(fault > 0, dtype=np.uint8)
