"""Writes labelled waveform windows as a data set in SeisBench format, with h5py alone."""

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SourceError
from mainshock.core.files import make_folder, replacing

__all__ = ["SeisBenchWriter"]

FloatArray = NDArray[np.float32]
_BUCKET_SIZE = 1024


class SeisBenchWriter:
    """Collects windows and writes ``metadata.csv`` and ``waveforms.hdf5``, whole or not at all.

    Used with ``with``: both files appear, or replace older ones, when the block ends well; an
    error leaves the folder as it was.

    Parameters
    ----------
    folder
        Made if it is not there.
    sampling_rate_hz
        Of all windows.
    unit
        What the samples are, such as ``"counts"``.

    Raises
    ------
    SourceError
        If the folder cannot be written.

    Notes
    -----
    Windows of one shape lie in buckets of 1024 (``data/bucket0`` of shape ``(n, 3, n_samples)``),
    float32, compressed; ``trace_name`` is ``bucket0$17,:3,:1001``. Order of components Z, N, E.
    At most one bucket is held in memory.

    References
    ----------
    Woollam et al. (2022), SeisBench, https://doi.org/10.1785/0220210324
    """

    def __init__(self, folder: Path, sampling_rate_hz: float, *, unit: str = "counts") -> None:
        self.folder = folder
        self.sampling_rate_hz = sampling_rate_hz
        self.unit = unit
        self.rows: list[dict[str, Any]] = []  # cells of several types
        self._held: list[FloatArray] = []
        self._n_buckets = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        make_folder(self.folder)
        self._table_path = self._stack.enter_context(replacing(self.folder / "metadata.csv"))
        path = self._stack.enter_context(replacing(self.folder / "waveforms.hdf5"))
        try:
            self._file = h5py.File(path, "w")
        except OSError as error:
            self._stack.close()
            raise SourceError(f"cannot write in {self.folder}: {error}") from error
        form = self._file.create_group("data_format")
        form["dimension_order"], form["component_order"] = "CW", "ZNE"
        form["sampling_rate"], form["unit"] = float(self.sampling_rate_hz), self.unit
        self._file.create_group("data")
        return self

    def __len__(self) -> int:
        """Return the number of windows added."""
        return len(self.rows)

    def add(self, samples: FloatArray, metadata: Mapping[str, object]) -> None:
        """Add one window.

        Parameters
        ----------
        samples
            Shape ``(3, n_samples)``, components Z, N, E.
        metadata
            Columns of the table; ``trace_name`` and the format's own columns are added.

        Raises
        ------
        DataError
            If the shape is not possible or a sample is not finite.
        """
        if samples.ndim != 2 or samples.shape[0] != 3 or samples.shape[1] == 0:
            raise DataError(f"a window has shape {samples.shape}; it must be (3, n_samples)")
        if not np.isfinite(samples).all():
            raise DataError("a window holds NaN or infinity; leave it out or fill the gap")
        is_full = len(self._held) == _BUCKET_SIZE
        if self._held and (is_full or self._held[0].shape != samples.shape):
            self._flush()
        name = f"bucket{self._n_buckets}${len(self._held)},:3,:{samples.shape[1]}"
        self._held.append(np.array(samples, dtype=np.float32))
        fixed = {
            "trace_name": name,
            "trace_sampling_rate_hz": self.sampling_rate_hz,
            "trace_npts": samples.shape[1],
            "trace_component_order": "ZNE",
        }
        self.rows.append(fixed | {k: v for k, v in metadata.items() if k not in fixed})

    def _flush(self) -> None:
        if not self._held:
            return
        stored = np.stack(self._held)
        self._file["data"].create_dataset(
            f"bucket{self._n_buckets}",
            data=stored,
            chunks=(1, *stored.shape[1:]),
            compression="gzip",
            compression_opts=1,
            shuffle=True,
        )
        self._n_buckets += 1
        self._held = []

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._finish(is_whole=kind is None)
        except BaseException:
            self._stack.__exit__(*sys.exc_info())  # both temporary files go, older ones stay
            raise
        self._stack.__exit__(kind, error, traceback)

    def _finish(self, *, is_whole: bool) -> None:
        try:
            if is_whole:
                self._flush()
        finally:
            self._file.close()
        if is_whole:
            columns = None if self.rows else ["trace_name"]
            pd.DataFrame(self.rows, columns=columns).to_csv(self._table_path, index=False)
