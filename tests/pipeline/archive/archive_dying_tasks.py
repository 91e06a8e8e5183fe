"""Tasks whose worker is killed in the middle, as by an administrator or for want of memory."""

import os
import signal
from pathlib import Path

from mainshock.pipeline.archive.unit_picks import run_unit
from mainshock.pipeline.archive.units import ArchiveJob, Unit, UnitReport

__all__ = ["die_at", "die_once", "square"]


def square(number: int) -> int:
    """A task that fails for one number."""
    if number == 3:
        raise ValueError("three is not liked")
    return number * number


def die_at(deadly: int, number: int) -> int:
    """A task that kills its worker each time it gets one number."""
    if number == deadly:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_once(folder: str, job: ArchiveJob, unit: Unit) -> UnitReport:
    """A unit whose worker is killed the first time, with half a file written."""
    marker = Path(folder) / unit.name
    if unit.day.day == 28 and not marker.exists():
        marker.touch()
        half = Path(job.out) / "picks" / f"{unit.network}.{unit.station}" / f".half.{os.getpid()}"
        half.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(b"PAR1")
        os.kill(os.getpid(), signal.SIGKILL)
    return run_unit(job, unit)
