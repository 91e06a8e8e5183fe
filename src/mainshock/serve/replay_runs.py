"""Replays of past hours that readers of the page start: each isolated, few, and for a time only."""

import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mainshock.core.errors import MainshockError
from mainshock.serve import sentences
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import ApiError
from mainshock.serve.replay_source import SteeredReplay
from mainshock.sources.fragments import NANOSECONDS
from mainshock.sources.live.base import SourceSettings
from mainshock.sources.live.replay import ReplaySource
from mainshock.stream.run_folder import RunFolder

if TYPE_CHECKING:  # the stages would delay the start of a service that replays nothing
    from mainshock.detect.base import Picker
    from mainshock.stream.live_stages import LocationParts
    from mainshock.stream.run import LiveRun

__all__ = ["LongestReplay", "Replay", "ReplayParts", "ReplayWish", "Replays"]

_STOP_S = 20.0
State = Literal["running", "paused", "ended", "stopped", "failed"]


@dataclass(frozen=True, slots=True, eq=False)
class ReplayParts:
    """What replays work with: the same that the live path uses.

    Parameters
    ----------
    picker, location
        As :class:`mainshock.stream.run.LiveRun` takes them.
    """

    picker: "Picker"
    location: "LocationParts"


@dataclass(frozen=True, slots=True)
class ReplayWish:
    """What is to be replayed.

    Parameters
    ----------
    start, end
        UTC.
    speed
        How many times faster than recorded; 0: as fast as possible.
    stations
        Patterns of ``NET.STA``.
    """

    start: datetime
    end: datetime
    speed: float = 10.0
    stations: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True)
class LongestReplay:
    """How many replays there may be, and for how long.

    Parameters
    ----------
    most
        Replays at a time, those that have ended and are still looked at included.
    run_s
        Seconds after which one that has not ended is stopped.
    kept_s
        Seconds for which one that has ended is kept.
    """

    most: int = 2
    run_s: float = 3600.0
    kept_s: float = 3600.0


@dataclass(slots=True, eq=False)
class Replay:
    """One replay, in a folder of its own that goes with it.

    Parameters
    ----------
    replay_id
        How it is asked for.
    wish
        What is replayed.
    source, run
        Where its records come from, and what is done with them.
    folder
        What it writes.
    run_s
        Seconds after which it is stopped.

    Attributes
    ----------
    begun_s, ended_s
        When, by a monotonic clock; None while it runs.
    problem
        Why it failed; empty where it did not.
    """

    replay_id: str
    wish: ReplayWish
    source: SteeredReplay
    run: "LiveRun"
    folder: Path
    run_s: float
    clock: Callable[[], float] = time.monotonic
    begun_s: float = 0.0
    ended_s: float | None = None
    problem: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)
    _was_stopped: bool = False
    _thread: threading.Thread | None = None
    _closing: threading.Lock = field(default_factory=threading.Lock)
    _is_closed: bool = False

    @property
    def state(self) -> State:
        """What it does."""
        if self.ended_s is None:
            return "paused" if self.source.is_paused else "running"
        if self.problem:
            return "failed"
        return "stopped" if self._was_stopped else "ended"

    @property
    def share(self) -> float:
        """Which share of the time has been replayed, 0 to 1."""
        if self.state == "ended":
            return 1.0
        begin, end = self.wish.start.timestamp(), self.wish.end.timestamp()
        reached = self.source.reached_ns / NANOSECONDS
        return min(1.0, max(0.0, (reached - begin) / (end - begin)))

    def start(self) -> None:
        """Begin."""
        self.begun_s = self.clock()
        self.run.start()
        name = f"replay-{self.replay_id}"
        self._thread = threading.Thread(target=self._watch, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End what is not worked on yet; what was found stays until it is closed."""
        self._stop.set()
        self.source.steer(is_paused=False)
        if self._thread is not None:
            self._thread.join(_STOP_S)

    def close(self) -> None:
        """Stop, close all files and remove them."""
        self.stop()
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
        with suppress(MainshockError):
            self.run.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _watch(self) -> None:
        try:
            while not self._stop.is_set() and not self.run.feed.wait(0.2):
                if self.clock() - self.begun_s > self.run_s:
                    self.problem = f"stopped after {self.run_s:g} s, which is the limit"
                    self._stop.set()
            if self.run.feed.error is not None:
                self.problem = str(self.run.feed.error)
            elif not self._stop.is_set():
                self.run.finish(self._stop)
            if self._stop.is_set():
                self._end_stages()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            self.problem = str(error) or type(error).__name__
        finally:
            self._was_stopped = self._stop.is_set()  # a stop that comes later changes nothing
            self.ended_s = self.clock()

    def _end_stages(self) -> None:
        """End the threads, but leave the store open for whoever looks at it."""
        self.run.feed.stop()
        for worker in self.run.workers:
            worker.stop()


class Replays:
    """Starts replays of the service's own archive, and ends them in time.

    Parameters
    ----------
    context
        Archive, stations and what stages work with.
    limits
        How many, and for how long.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        context: ServiceContext,
        limits: LongestReplay | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self.limits = limits or LongestReplay()
        self._clock = clock
        self._runs: dict[str, Replay] = {}
        self._lock = threading.Lock()

    @property
    def problem(self) -> str:
        """Why none can be started; empty where one can."""
        if self._context.replay_parts is None:
            return sentences.REPLAY_NEEDS_RUN.tell()
        return ""

    def all(self) -> list[Replay]:
        """Return those that there are, the newest first."""
        self._drop_old()
        with self._lock:
            return list(reversed(self._runs.values()))

    def get(self, replay_id: str) -> Replay:
        """Return one.

        Raises
        ------
        ApiError
            404 if there is none of that id.
        """
        self._drop_old()
        with self._lock:
            found = self._runs.get(replay_id)
        if found is None:
            raise ApiError(404, sentences.NO_REPLAY.tell(replay_id=replay_id[:50]))
        return found

    def start(self, wish: ReplayWish) -> Replay:
        """Start one.

        Raises
        ------
        ApiError
            400 if the archive holds nothing of that time, 503 if there are too many or none can
            be started here.
        """
        parts = self._context.replay_parts
        if parts is None:
            raise ApiError(503, self.problem)
        self._drop_old()
        with self._lock:
            self._make_room()
            if self._context.models is not None:  # another one may have been promoted
                parts = replace(parts, picker=self._context.models.picker)
            made = self._opened(wish, parts)
            self._runs[made.replay_id] = made
        made.start()
        return made

    def remove(self, replay_id: str) -> Replay:
        """End one and forget what it found.

        Raises
        ------
        ApiError
            404 if there is none of that id.
        """
        found = self.get(replay_id)
        with self._lock:
            self._runs.pop(replay_id, None)
        found.close()
        return found

    def close(self) -> None:
        """End all."""
        with self._lock:
            runs = list(self._runs.values())
            self._runs.clear()
        for one in runs:
            one.close()

    def _make_room(self) -> None:
        """Forget the oldest one that has ended, where there are as many as may be."""
        if len(self._runs) < self.limits.most:
            return
        ended = [one for one in self._runs.values() if one.ended_s is not None]
        if not ended:
            raise ApiError(503, sentences.REPLAYS_FULL.tell(count=len(self._runs)))
        self._runs.pop(ended[0].replay_id).close()

    def _drop_old(self) -> None:
        now = self._clock()
        with self._lock:
            old = [
                one
                for one in self._runs.values()
                if one.ended_s is not None and now - one.ended_s > self.limits.kept_s
            ]
            for one in old:
                self._runs.pop(one.replay_id)
        for one in old:
            one.close()

    def _opened(self, wish: ReplayWish, parts: ReplayParts) -> Replay:
        from mainshock.stream.run import LiveRun  # noqa: PLC0415

        settings = SourceSettings(speed=0.0, start=wish.start, end=wish.end, stations=wish.stations)
        replay_id = secrets.token_hex(6)
        folder = Path(tempfile.mkdtemp(prefix="mainshock-replay-"))
        try:
            archive = ReplaySource(self._context.archive, settings, f"replay:{replay_id}")
            source = SteeredReplay(archive, wish.speed, is_synthetic=self._context.is_synthetic)
            run = LiveRun(RunFolder(folder), source, parts.picker, parts.location)
        except MainshockError as error:
            shutil.rmtree(folder, ignore_errors=True)
            where = str(self._context.archive)
            raise ApiError(400, str(error).replace(where, "the archive")) from error
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return Replay(replay_id, wish, source, run, folder, self.limits.run_s, self._clock)
