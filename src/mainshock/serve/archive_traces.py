"""One trace out of the archive: samples on an even grid, NaN where none were recorded."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.sources.fragments import (
    NANOSECONDS,
    Fragment,
    TimeWindow,
    rate_problem,
)

__all__ = ["ArchivedTrace", "day_files", "read_trace"]

_DAY_NS = 86_400 * NANOSECONDS


@dataclass(frozen=True, slots=True, eq=False)
class ArchivedTrace:
    """A stretch of one channel.

    Parameters
    ----------
    start_ns
        Time of the first sample, nanoseconds since 1970.
    sampling_rate_hz
        Samples a second.
    samples
        Shape ``(n,)``, float32; NaN in gaps.
    """

    start_ns: int
    sampling_rate_hz: float
    samples: NDArray[np.float32]


def read_trace(
    archive: Path, trace_id: str, window: TimeWindow, most_samples: int
) -> ArchivedTrace | None:
    """Return what an SDS archive holds of a trace in a time window, or None for nothing.

    Parameters
    ----------
    archive
        Folder with ``YEAR/NET/STA/CHAN.D`` in it.
    trace_id
        ``NET.STA.LOC.CHA``.

    Raises
    ------
    DataError
        If there are more than ``most_samples``, or the sampling rate changes in the window.

    Notes
    -----
    Where records overlap, the one that starts later counts.
    """
    from mainshock.sources.miniseed import read_miniseed  # noqa: PLC0415 - a compiled library

    network, station, location, channel = trace_id.split(".")
    key = (network, station, location, channel[:-1])
    fragments: list[Fragment] = []
    for path in day_files(archive, trace_id, window):
        if path.is_file():
            found, _ = read_miniseed(path, key, window)
            trimmed = (one.trimmed(window) for one in found if one.header.channel == channel)
            fragments += [one for one in trimmed if one is not None]
    return _joined(fragments, most_samples) if fragments else None


def day_files(archive: Path, trace_id: str, window: TimeWindow) -> list[Path]:
    """Return the files of the days touched, and of the days beside: records span midnight.

    None of them need exist.
    """
    network, station, _, channel = trace_id.split(".")
    files: list[Path] = []
    for day in range(window.start_ns // _DAY_NS - 1, (window.end_ns - 1) // _DAY_NS + 2):
        date = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
        folder = archive / f"{date:%Y}" / network / station / f"{channel}.D"
        files.append(folder / f"{trace_id}.D.{date:%Y}.{date:%j}")
    return files


def _joined(fragments: list[Fragment], most_samples: int) -> ArchivedTrace:
    fragments.sort(key=lambda one: one.header.start_ns)
    rates = sorted({one.header.sampling_rate_hz for one in fragments})
    problem = rate_problem(rates[0])
    if problem:
        raise DataError(problem)
    if rates[-1] > rates[0] * 1.001:
        raise DataError(
            f"the sampling rate changes from {rates[0]:g} to {rates[-1]:g} Hz in this time; ask "
            "for the parts one by one"
        )
    rate = rates[0]
    start_ns = fragments[0].header.start_ns
    places = [round((one.header.start_ns - start_ns) * rate / NANOSECONDS) for one in fragments]
    n_samples = max(place + one.samples.size for place, one in zip(places, fragments, strict=True))
    if n_samples > most_samples:
        raise DataError(
            f"these are {n_samples} samples; the limit is {most_samples}: ask for a shorter time"
        )
    samples = np.full(n_samples, np.nan, dtype=np.float32)
    for place, one in zip(places, fragments, strict=True):
        samples[place : place + one.samples.size] = one.samples
    return ArchivedTrace(start_ns, rate, samples)
