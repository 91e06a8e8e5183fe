"""How far an archive job is, how fast it goes, and when it will be done."""

import time
from collections.abc import Callable

from mainshock.pipeline.archive.units import UnitReport

__all__ = ["ArchiveProgress", "duration_text"]


class ArchiveProgress:
    """Says a line now and then.

    Parameters
    ----------
    total
        Units to do.
    say
        Takes a line.
    interval_s
        Shortest time between two lines.
    clock
        Seconds that only grow.
    """

    def __init__(
        self,
        total: int,
        say: Callable[[str], None],
        *,
        interval_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total = total
        self._say = say
        self._interval_s = interval_s
        self._clock = clock
        self._began_s = self._said_s = clock()
        self._done = self._failed = 0
        self._recorded_s = 0.0

    @property
    def elapsed_s(self) -> float:
        """Seconds since the begin."""
        return self._clock() - self._began_s

    def add(self, report: UnitReport) -> None:
        """Count a unit; a failed one is told at once."""
        self._done += 1
        self._recorded_s += report.recorded_s
        if report.state == "failed":
            self._failed += 1
            self._say(f"failed: {report.unit}: {report.error}")
        now_s = self._clock()
        if now_s - self._said_s >= self._interval_s and self._done < self._total:
            self._said_s = now_s
            self._say(self.line())

    def line(self) -> str:
        """Return where things stand."""
        elapsed_s = max(self.elapsed_s, 1e-3)
        left_s = elapsed_s / max(self._done, 1) * (self._total - self._done)
        failed = f" ({self._failed} failed)" if self._failed else ""
        return (
            f"{self._done} of {self._total} units{failed}, "
            f"{60.0 * self._done / elapsed_s:.3g} a minute, "
            f"{self._recorded_s / elapsed_s:,.0f} times real time, "
            f"about {duration_text(left_s)} left"
        )


def duration_text(seconds: float) -> str:
    """Return a duration as people say it.

    Examples
    --------
    >>> [duration_text(s) for s in (4.2, 130.0, 7300.0, 200000.0)]
    ['4 s', '2 min', '2 h 2 min', '2 d 8 h']
    """
    if seconds < 60.0:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60.0)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return "{} d {} h".format(*divmod(round(seconds / 3600.0), 24))
