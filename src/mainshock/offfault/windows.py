"""Windows of fault maps with their kinematic efficiency, and the file that holds them."""

import zlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.core.files import replacing
from mainshock.offfault.base import COLUMNS, ROWS

__all__ = [
    "UNREADABLE",
    "LabelledWindows",
    "check_maps",
    "read_arrays",
    "read_windows",
    "write_windows",
]

UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    EOFError,
    NotImplementedError,
    BadZipFile,
    zlib.error,
)
"""What reading an array file can raise that is cut short, damaged or of another kind."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledWindows:
    """Fault maps of windows, what was measured in them, and where they come from.

    Parameters
    ----------
    maps
        Shape ``(n, 128, 64)``, 1 where a fault is active.
    ke, sd
        Median of slip on faults over applied displacement along the window, and its standard
        deviation along the window; shape ``(n,)``.
    run
        Name of the experiment or simulation, such as ``EB_050_1``; shape ``(n,)``.
    frame
        Number of the frame in its run, from 0; shape ``(n,)``.
    first_column
        Column of the run's map at which the window begins; shape ``(n,)``.
    source
        ``synthetic`` or ``laboratory``.
    """

    maps: NDArray[np.uint8]
    ke: NDArray[np.float64]
    sd: NDArray[np.float64]
    run: NDArray[np.str_]
    frame: NDArray[np.int64]
    first_column: NDArray[np.int64]
    source: str

    def __post_init__(self) -> None:
        """Check that all parts are of one length."""
        check_maps(self.maps)
        sizes = {len(getattr(self, one.name)) for one in fields(self) if one.name != "source"}
        if len(sizes) != 1:
            raise DataError(f"parts of {sorted(sizes)} windows; give as many labels as maps")

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.maps)

    def take(self, rows: NDArray[Any]) -> "LabelledWindows":
        """Return some windows, by number or by a mask."""
        parts = {
            one.name: getattr(self, one.name)[rows] for one in fields(self) if one.name != "source"
        }
        return LabelledWindows(**parts, source=self.source)


def check_maps(maps: NDArray[Any]) -> None:
    """Check the shape and the values of fault maps.

    Raises
    ------
    DataError
        If the maps are not ``(n, 128, 64)`` or hold anything but 0 and 1.
    """
    if maps.ndim != 3 or maps.shape[1:] != (ROWS, COLUMNS):
        raise DataError(
            f"fault maps have shape {maps.shape}; give (n, {ROWS}, {COLUMNS}): "
            f"{ROWS} rows across strike, {COLUMNS} columns along it"
        )
    if not np.isin(maps, (0, 1)).all():
        raise DataError("fault maps hold other values than 0 and 1; give 1 where a fault is active")


def write_windows(path: Path, windows: LabelledWindows) -> None:
    """Write windows as compressed ``.npz``, maps packed to bits."""
    parts = {one.name: getattr(windows, one.name) for one in fields(windows)}
    parts["maps"] = np.packbits(windows.maps, axis=2)
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **parts)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an ``.npz`` file; raises one of :data:`UNREADABLE` where it is none."""
    # numpy would leave a damaged file open
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def read_windows(path: Path) -> LabelledWindows:
    """Read what :func:`write_windows` wrote.

    Raises
    ------
    DataError
        If the file is missing or holds no windows.
    """
    try:
        parts: dict[str, Any] = dict(read_arrays(path))
        parts["maps"] = np.unpackbits(parts["maps"], axis=2, count=COLUMNS)
        parts["source"] = str(parts["source"])
        return LabelledWindows(**parts)
    except UNREADABLE as error:
        raise DataError(
            f"{path} holds no windows of fault maps ({error}); "
            "make some by `mainshock offfault generate` or `mainshock offfault label`"
        ) from error
