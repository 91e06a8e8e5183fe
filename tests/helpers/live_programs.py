"""Commands of mainshock with their counters, and a look at what they store."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from object_store import free_port
from programs import Program

__all__ = ["CountedProgram", "Seen", "Watch"]

_LOOK_S, _SOON_S = 0.1, 0.3
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(eq=False)
class CountedProgram(Program):
    """A program with a port for its counters."""

    port: int = field(default_factory=free_port)

    def start(self) -> None:
        port_option = "--port" if self.arguments[0] == "monitor" else "--metrics-port"
        if port_option not in self.arguments:
            self.arguments = (*self.arguments, port_option, self.port)
        super().start()

    def cpu_s(self) -> float:
        """Return the processor time that it took since it was last started."""
        if self.process is None:
            return 0.0
        try:
            text = Path(f"/proc/{self.process.pid}/stat").read_text()
        except OSError:
            return 0.0
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def counters(self) -> dict[str, float]:
        """Return its counters; none while it does not answer."""
        try:
            text = httpx.get(f"http://127.0.0.1:{self.port}/metrics", timeout=10.0).text
        except httpx.HTTPError:
            return {}
        lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in lines}

    def problem(self) -> str:
        """Return what it says at ``/readyz``."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=10.0).text
        except httpx.HTTPError as error:
            return repr(error)


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest pick of each station, us since 1970, at a moment; and the processor time then."""

    at_s: float
    newest: dict[str, int]
    cpu_s: dict[str, float]


@dataclass(slots=True, eq=False)
class Watch:
    """Looks into the store: the newest pick of each station, and when it was first there."""

    store: Path
    programs: Sequence[CountedProgram] = ()
    seen: list[Seen] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def looking(self) -> Iterator[None]:
        thread = threading.Thread(target=self._look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.is_over.set()
            thread.join(10.0)

    def _look(self) -> None:
        while not self.is_over.wait(_LOOK_S):
            newest = self.newest()
            if not self.seen or newest != self.seen[-1].newest:
                spent = {one.name: one.cpu_s() for one in self.programs}
                self.seen.append(Seen(time.monotonic(), newest, spent))

    def newest(self) -> dict[str, int]:
        """Return the time of the newest pick of each station, us since 1970."""
        try:
            base = sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=5.0)
        except sqlite3.Error:
            return {}
        try:
            asked = "SELECT station_code, max(time_us) FROM picks GROUP BY station_code"
            return dict(base.execute(asked).fetchall())
        except sqlite3.Error:
            return {}
        finally:
            base.close()

    def first_new(self, at_s: float) -> Seen | None:
        """Return the first look that shows a pick which was not there soon after a moment."""
        later = [one for one in self.seen if one.at_s >= at_s + _SOON_S]
        before = [one for one in self.seen if one.at_s < at_s + _SOON_S]
        return later[0] if later and before else None

    def first_after(self, at_s: float, sent_ns: int, *, of_all: bool) -> Seen | None:
        """Return the first look after a moment that shows picks in records sent later.

        Parameters
        ----------
        at_s
            The moment.
        sent_ns
            What had been sent by then.
        of_all
            A pick of each station that ever had one; otherwise of any station.
        """
        stations = len(self.seen[-1].newest) if self.seen else 0
        for one in self.seen:
            later = sum(time_us * 1000 > sent_ns for time_us in one.newest.values())
            if one.at_s >= at_s and later >= (stations if of_all else 1):
                return one
        return None
