"""Watches one channel: level, spectrum, offset, silence and clipping against its own past."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.sources.fragments import NANOSECONDS, Fragment, datetime_from_ns
from mainshock.stream.monitoring.blocks import BANDS, Block, block_of
from mainshock.stream.monitoring.flags import ChannelKind, DriftFlag
from mainshock.stream.monitoring.limits import Change, Figure, pack_numbers, unpack_numbers
from mainshock.stream.monitoring.settings import DriftSettings

__all__ = ["ChannelWatch"]

_FEWEST_SAMPLES = 50
_ALIKE = 0.3  # decades by which shifts of the bands may differ when it is the gain that changed
_COLUMNS = 5 + len(BANDS)


@dataclass(slots=True, eq=False)
class ChannelWatch:
    """What is known of one channel.

    Parameters
    ----------
    trace_id
        ``NET.STA.LOC.CHA``.
    settings
        Times and limits.

    Notes
    -----
    The quiet level, a low quantile of the last minutes, is compared with its median over a day,
    so that an earthquake shorter than most of those minutes changes nothing; stretches with the
    coda of a known event are left out besides. A change that all bands share is one of gain.
    """

    trace_id: str
    settings: DriftSettings
    flags: dict[str, DriftFlag] = field(default_factory=dict)
    _level: Figure = field(init=False)
    _slope: Figure = field(init=False)
    _offset: Figure = field(init=False)
    _bands: list[Figure] = field(init=False)
    _recent: "deque[Block]" = field(default_factory=deque)
    _pending: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    _pending_ns: int = 0
    _rate_hz: float = 0.0
    _n_flat: int = 0
    _n_moving: int = 0
    _looked_ns: int = 0
    _level_kind: ChannelKind = "noise"

    def __post_init__(self) -> None:
        limits = self.settings.channel
        self._level, self._slope = Figure(limits.level), Figure(limits.slope)
        self._offset = Figure(limits.offset)
        self._bands = [Figure(limits.level) for _ in BANDS]

    def put(self, fragment: Fragment, codas: "list[tuple[int, int]]") -> list[DriftFlag]:
        """Take samples, and return the flags that open, change or close."""
        header = fragment.header
        period_ns = NANOSECONDS / header.sampling_rate_hz
        end_ns = self._pending_ns + round(self._pending.size * period_ns)
        is_next = abs(header.start_ns - end_ns) < period_ns
        if not is_next or header.sampling_rate_hz != self._rate_hz:
            self._pending = np.empty(0)
            self._pending_ns, self._rate_hz = header.start_ns, header.sampling_rate_hz
        self._pending = np.concatenate([self._pending, fragment.samples.astype(np.float64)])
        length = max(_FEWEST_SAMPLES, round(self.settings.block_s * self._rate_hz))
        told: list[DriftFlag] = []
        while self._pending.size >= length:
            block = block_of(self._pending[:length], self._pending_ns)
            self._pending = self._pending[length:]
            self._pending_ns += round(length * period_ns)
            told += self._see(block, codas)
        return told

    def leave_out(self, start_ns: int, end_ns: int) -> None:
        """Forget the blocks of a stretch of time, such as those with an earthquake."""
        self._recent = deque(one for one in self._recent if not start_ns <= one.start_ns < end_ns)

    def _see(self, block: Block, codas: "list[tuple[int, int]]") -> list[DriftFlag]:
        told = self._see_flat(block)
        if block.is_flat or any(a <= block.start_ns < b for a, b in codas):
            return told
        self._recent.append(block)
        most = round(self.settings.recent_s / self.settings.block_s)
        while len(self._recent) > most:
            self._recent.popleft()
        is_due = block.start_ns - self._looked_ns >= self.settings.look_s * NANOSECONDS
        if is_due and len(self._recent) == most:
            self._looked_ns = block.start_ns
            told += self._look(block.start_ns)
        return told

    def _see_flat(self, block: Block) -> list[DriftFlag]:
        self._n_flat = self._n_flat + 1 if block.is_flat else 0
        self._n_moving = 0 if block.is_flat else self._n_moving + 1
        needed = max(1, round(self.settings.flat_s / self.settings.block_s))
        if self._n_flat >= needed and "flat" not in self.flags:
            words = f"all samples are {block.offset:g} for {self.settings.flat_s:g} s"
            return self._open("flat", block.start_ns, (1.0, 0.0, 0.5), words)
        if "flat" in self.flags and self._n_moving >= needed:
            return self._close("flat", block.start_ns, 0.0, "it moves again")
        return []

    def _look(self, now_ns: int) -> list[DriftFlag]:
        """Compare the quiet part of the last minutes with the reference."""
        levels = np.array([one.level for one in self._recent])
        quiet = float(np.quantile(levels, self.settings.quiet))
        middle = float(np.median(levels))
        calm = [one for one in self._recent if one.level <= middle]
        bands = np.median([one.bands for one in calm], axis=0)
        told = self._judge_level(quiet, bands.tolist(), now_ns)
        slope = float(np.median([one.slope for one in calm]))
        told += self._judge("spectrum", self._slope, slope, now_ns)
        # what a filter or a new gain changes is told already
        offset = float(np.median([one.offset for one in calm]))
        usual = self._level.usual if np.isfinite(self._level.usual) else quiet
        floor = self.settings.channel.offset.floor * 10.0**usual
        told += self._judge("offset", self._offset, offset, now_ns, floor)
        return told + self._judge_clipping(now_ns)

    def _judge_level(self, quiet: float, bands: list[float], now_ns: int) -> list[DriftFlag]:
        change = self._level.see(quiet)
        for figure, value in zip(self._bands, bands, strict=True):
            figure.see(value)
        shift = quiet - self._level.usual
        if change == "opens":
            shifts = [
                value - figure.usual for figure, value in zip(self._bands, bands, strict=True)
            ]
            is_alike = max(shifts) - min(shifts) < _ALIKE
            self._level_kind = "gain" if is_alike else "noise" if shift > 0.0 else "quiet"
        words = f"its quiet level is {10.0**shift:.3g} times the usual one"
        return self._follow(self._level_kind, self._level, change, (quiet, now_ns), words)

    def _judge(
        self,
        kind: ChannelKind,
        figure: Figure,
        value: float,
        now_ns: int,
        floor: float | None = None,
    ) -> list[DriftFlag]:
        change = figure.see(value, floor)
        names = {"spectrum": "slope of its spectrum", "offset": "mean of its samples"}
        words = f"the {names[kind]} is {value:.4g}, usually {figure.usual:.4g}"
        return self._follow(kind, figure, change, (value, now_ns), words)

    def _follow(
        self,
        kind: ChannelKind,
        figure: Figure,
        change: Change,
        seen: tuple[float, int],
        words: str,
    ) -> list[DriftFlag]:
        value, now_ns = seen
        if change == "opens":
            return self._open(kind, now_ns, (value, figure.usual, figure.limit), words)
        if change in ("closes", "adopted") and kind in self.flags:
            reason = "it is back" if change == "closes" else "it has become the usual one"
            return self._close(kind, now_ns, value, f"{words}; {reason}")
        return self._retell(kind, now_ns, value, words) if change == "stays" else []

    def _judge_clipping(self, now_ns: int) -> list[DriftFlag]:
        n_clipped = sum(one.is_clipped for one in self._recent)
        words = f"{n_clipped} of the last {len(self._recent)} stretches are cut off"
        needed = self.settings.fewest_clipped
        if "clipping" not in self.flags and n_clipped >= needed:
            return self._open("clipping", now_ns, (float(n_clipped), 0.0, needed - 1.0), words)
        if "clipping" in self.flags and n_clipped == 0:
            return self._close("clipping", now_ns, 0.0, words)
        return []

    def _open(
        self, kind: ChannelKind, now_ns: int, figures: tuple[float, float, float], words: str
    ) -> list[DriftFlag]:
        now = datetime_from_ns(now_ns)
        flag = DriftFlag(self.trace_id, kind, True, now, now, *figures, words)
        self.flags[kind] = flag
        return [flag]

    def _close(self, kind: ChannelKind, now_ns: int, value: float, words: str) -> list[DriftFlag]:
        was = self.flags.pop(kind)
        now = datetime_from_ns(now_ns)
        return [
            DriftFlag(
                self.trace_id, kind, False, was.since, now, value, was.usual, was.limit, words
            )
        ]

    def _retell(self, kind: ChannelKind, now_ns: int, value: float, words: str) -> list[DriftFlag]:
        was = self.flags.get(kind)
        now = datetime_from_ns(now_ns)
        if was is None or (now - was.updated).total_seconds() < self.settings.retell_s:
            return []
        flag = DriftFlag(
            self.trace_id, kind, True, was.since, now, value, was.usual, was.limit, words
        )
        self.flags[kind] = flag
        return [flag]

    def pack(self) -> dict[str, Any]:  # a JSON document
        """Return the state, but for the flags."""
        recent = np.array([_row(one) for one in self._recent]).reshape(-1, _COLUMNS)
        numbers = [self._pending_ns, self._rate_hz, self._n_flat, self._n_moving, self._looked_ns]
        figures = [self._level, self._slope, self._offset, *self._bands]
        return {
            "numbers": [*numbers, self._level_kind],
            "starts": [one.start_ns for one in self._recent],
            "recent": pack_numbers(recent),
            "pending": pack_numbers(self._pending),
            "figures": [one.pack() for one in figures],
        }

    def unpack(self, document: Mapping[str, Any]) -> None:
        """Take the state from a document of ``pack``."""
        numbers = document["numbers"]
        self._pending_ns, self._rate_hz, self._n_flat, self._n_moving, self._looked_ns, kind = (
            numbers
        )
        self._level_kind = kind
        rows = unpack_numbers(document["recent"]).reshape(-1, _COLUMNS).tolist()
        self._recent = deque(
            _block(start_ns, row) for start_ns, row in zip(document["starts"], rows, strict=True)
        )
        self._pending = unpack_numbers(document["pending"])
        limits = self.settings.channel
        level, slope, offset, *bands = document["figures"]
        self._level = Figure.unpack(limits.level, level)
        self._slope = Figure.unpack(limits.slope, slope)
        self._offset = Figure.unpack(limits.offset, offset)
        self._bands = [Figure.unpack(limits.level, one) for one in bands]


def _row(block: Block) -> list[float]:
    flags = [float(block.is_flat), float(block.is_clipped)]
    return [block.offset, block.level, block.slope, *flags, *block.bands]


def _block(start_ns: int, row: list[float]) -> Block:
    offset, level, slope, is_flat, is_clipped, *bands = row
    flags = bool(is_flat), bool(is_clipped)
    return Block(start_ns, offset, level, tuple(bands), slope, *flags)
