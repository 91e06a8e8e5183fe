"""An SDS archive of real records, moved in time so that midnight falls among their arrivals."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import obspy

from mainshock.core.times import parse_utc
from mainshock.sources.bundled import record_paths

__all__ = ["MIDNIGHT", "write_midnight_archive", "write_stream"]

MIDNIGHT = parse_utc("2010-05-28T00:00:00Z")


def write_stream(root: Path, stream: obspy.Stream) -> None:
    """Cut the traces at midnight and write each day of a channel as one file."""
    for trace in stream:
        day = trace.stats.starttime.replace(hour=0, minute=0, second=0, microsecond=0)
        while day <= trace.stats.endtime:
            part = trace.slice(day, day + 86_400 - 0.5 * trace.stats.delta)
            if part is not None and part.stats.npts > 1:
                _write(root, part, day)
            day += 86_400


def _write(root: Path, trace: obspy.Trace, day: obspy.UTCDateTime) -> None:
    codes = trace.stats
    folder = root / str(day.year) / codes.network / codes.station / f"{codes.channel}.D"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{trace.id}.D.{day.year}.{day.julday:03d}"
    if np.issubdtype(trace.data.dtype, np.floating):
        trace.data = trace.data.astype(np.float32)
    trace.write(str(folder / name), format="MSEED")


def write_midnight_archive(
    root: Path, arrival: datetime, *, offset_s: float = 0.0, stations: tuple[str, ...] = ()
) -> Path:
    """Write the records of Unterhaching with one arrival moved to ``offset_s`` after midnight."""
    shift_s = (MIDNIGHT - arrival + timedelta(seconds=offset_s)).total_seconds()
    for path in record_paths("uh"):
        stream = obspy.read(str(path))
        if stations and stream[0].stats.station not in stations:
            continue
        for trace in stream:
            # whole samples, so that the records stay the same to the bit
            rate = trace.stats.sampling_rate
            trace.stats.starttime += round(shift_s * rate) / rate
        write_stream(root, stream)
    return root
