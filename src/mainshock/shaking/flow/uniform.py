"""Records of one rate, length and start: what the flow learns from."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.shaking.flow.spectrograms import FrameLayout
from mainshock.shaking.records import Accelerogram, GroundMotionRecords

__all__ = ["UniformRecords", "read_uniform"]


@dataclass(frozen=True, slots=True, eq=False)
class UniformRecords:
    """Records cut to the same time after their origin times.

    Parameters
    ----------
    rows
        Places in the file that they came from, ``(n_records,)``.
    acceleration
        m/s^2, shape ``(n_records, 3, n_samples)``.
    layout
        Their rate, length and start.
    """

    rows: NDArray[np.int64]
    acceleration: NDArray[np.float32]
    layout: FrameLayout


def read_uniform(records: GroundMotionRecords) -> UniformRecords:
    """Return the records that have the commonest sampling rate and a known start.

    Length and start are the medians of theirs; a record that is shorter ends in zeros.

    Raises
    ------
    DataError
        If no record says when it starts.
    """
    read = {row: one for row, one in enumerate(records) if _is_usable(one)}
    if not read:
        raise DataError(
            f"none of the {len(records)} records in {records.path} has a known start after its "
            "origin time and moves; give t_start_rel_origin_s or t0_rel_origin_s"
        )
    rates = Counter(one.sampling_rate_hz for one in read.values())
    rate_hz = rates.most_common(1)[0][0]
    read = {row: one for row, one in read.items() if one.sampling_rate_hz == rate_hz}
    n_samples = int(np.median([one.acceleration.shape[1] for one in read.values()]))
    start_s = float(np.median([one.start_rel_origin_s for one in read.values()]))
    layout = FrameLayout(rate_hz, n_samples, start_s)
    cut = np.stack([_cut(one, layout) for one in read.values()])
    return UniformRecords(np.array(list(read), dtype=np.int64), cut, layout)


def _is_usable(record: Accelerogram) -> bool:
    moves = (
        np.isfinite(record.acceleration).all() and (record.acceleration != 0.0).any(axis=1).all()
    )
    return bool(moves) and np.isfinite(record.start_rel_origin_s)


def _cut(record: Accelerogram, layout: FrameLayout) -> NDArray[np.float32]:
    """Return the samples at the layout's times."""
    earlier_s = layout.start_rel_origin_s - record.start_rel_origin_s
    first = round(earlier_s * layout.sampling_rate_hz)
    cut = np.zeros((3, layout.n_samples), dtype=np.float32)
    source = record.acceleration[:, max(first, 0) : max(first + layout.n_samples, 0)]
    offset = max(-first, 0)
    fits = source[:, : max(layout.n_samples - offset, 0)]
    cut[:, offset : offset + fits.shape[1]] = fits
    return cut
