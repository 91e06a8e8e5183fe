"""Reads windows of real experiments that were taken from published figures.

A folder holds ``windows.npz`` (``fault``, shape ``(n, 128, 64)``, and ``id``) and ``labels.csv``
(``id, experiment, frame, window, ke, sd``).
"""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SourceError
from mainshock.offfault.windows import UNREADABLE, LabelledWindows, read_arrays

__all__ = ["read_laboratory_figures"]

_UNKNOWN_SD = 0.08  # usual spread along a window of the figures that state one
_STRIDE_COLUMNS = 50
_COLUMNS = ("id", "experiment", "frame", "window", "ke", "sd")
_FRAME_OF_FIGURE = "_"  # "fig1d_2" is frame 2 of the figure "fig1d"


def read_laboratory_figures(folder: Path) -> LabelledWindows:
    """Return labelled windows; those of one experiment and frame share run and frame.

    Insets whose experiment and frame the figure does not tell are runs of their own, named by their
    id. Where no SD is published, it is 0.08.

    Raises
    ------
    SourceError
        If a file is missing.
    DataError
        If a file is damaged, a column or a number is missing, a label lacks its window, or a window
        its label.
    """
    maps, rows = _read(folder)
    names = {row["id"] for row in rows}
    if names != set(maps) or not rows:
        raise DataError(
            f"{folder}: {len(maps)} windows and {len(names)} labels do not belong together, such "
            f"as {sorted(names ^ set(maps))[:3]}; give each window one label"
        )
    try:
        return LabelledWindows(
            maps=np.stack([maps[row["id"]] for row in rows]).astype(np.uint8),
            ke=np.array([float(row["ke"]) for row in rows]),
            sd=np.array([float(row["sd"] or _UNKNOWN_SD) for row in rows]),
            run=np.array([_run(row) for row in rows]),
            frame=np.array([int(row["frame"] or 0) for row in rows]),
            first_column=np.array([int(row["window"] or 0) * _STRIDE_COLUMNS for row in rows]),
            source="laboratory",
        )
    except DataError:
        raise
    except (ValueError, TypeError) as error:  # a cell that a short line lacks is None
        raise DataError(
            f"{folder / 'labels.csv'}: {error}; give numbers as ke, sd, frame and window, the last "
            "three or nothing"
        ) from error


def _read(folder: Path) -> tuple[dict[str, NDArray[np.uint8]], list[dict[str, str]]]:
    """Return the maps by id, and the lines of the labels."""
    try:
        stored = read_arrays(folder / "windows.npz")
        maps = dict(zip(stored["id"].tolist(), stored["fault"], strict=True))
    except OSError as error:
        raise SourceError(f"{folder} lacks windows.npz: {error}") from error
    except UNREADABLE as error:
        raise DataError(f"{folder / 'windows.npz'} holds no windows: {error}") from error
    path = folder / "labels.csv"
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            lacking = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
            if lacking:
                raise DataError(
                    f"{path} lacks the columns {', '.join(lacking)}; it needs {', '.join(_COLUMNS)}"
                )
            return maps, list(reader)
    except OSError as error:
        raise SourceError(f"{folder} lacks labels.csv: {error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no table of comma-separated values: {error}") from error


def _run(row: dict[str, str]) -> str:
    """Return the experiment, else the figure whose frame it is, else the inset itself."""
    if row["experiment"]:
        return row["experiment"]
    return row["id"].rpartition(_FRAME_OF_FIGURE)[0] if row["frame"] else row["id"]
