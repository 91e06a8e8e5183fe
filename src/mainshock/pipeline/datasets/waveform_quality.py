"""Judges records channel by channel: gaps, timing, dead and clipped stretches, spikes, damage."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from mainshock.core.errors import SourceError
from mainshock.sources.base import SkippedInput
from mainshock.sources.channel_quality import is_clipped, is_flat
from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader, datetime_from_ns
from mainshock.sources.miniseed import is_miniseed
from mainshock.sources.miniseed_records import RecordDamageError, decode_record, split_records
from mainshock.sources.trace_files import read_fragments

__all__ = ["ChannelReport", "check_waveforms", "count_spikes", "flat_duration_s"]

_SAME_SAMPLE = 0.5
_CLOCK_STEP = 0.1
_TIME_RESOLUTION_S = 2e-4  # miniSEED 2 keeps 0.1 ms
_SHORTEST_FLAT_S = 5.0
_FEWEST_FLAT = 20
_SPIKE_OVER_NEIGHBOURS = 10.0
_SPIKE_OVER_NOISE = 30.0
_SPIKE_OVER_NEXT = 1.5  # 2 for a spike, 1 for a step
_REACH = 10
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """What is known of one channel.

    Parameters
    ----------
    channel
        ``NET.STA.LOC.CHA``.
    start, end
        First sample and end of the last one, UTC.
    rates_hz
        All sampling rates that occur.
    n_samples, n_records
        Number of them that decode.
    n_gaps, gap_s
        Missing stretches between start and end, and their total.
    n_overlaps, overlap_s
        Times that are there twice with different records, and their total.
    n_duplicates
        Records that are there twice, identical.
    n_clock_steps
        Records that follow the one before without a gap, but off by more than a tenth of a sample.
    n_rate_changes
        From one record to the next in time.
    n_damaged
        Records that do not decode.
    n_spikes
        Single samples far off their neighbours.
    flat_s
        In stretches of 5 s or more without any change.
    is_dead, is_clipped
        No change at all; cut off at the highest or lowest value on some day.
    """

    channel: str
    start: datetime
    end: datetime
    rates_hz: tuple[float, ...]
    n_samples: int
    n_records: int
    n_gaps: int
    gap_s: float
    n_overlaps: int
    overlap_s: float
    n_duplicates: int
    n_clock_steps: int
    n_rate_changes: int
    n_damaged: int
    n_spikes: int
    flat_s: float
    is_dead: bool
    is_clipped: bool

    def problems(self) -> list[str]:
        """Return what a user should look at, in words."""
        told = [
            (self.is_dead, "dead: its value never changes"),
            (self.is_clipped, "clipped"),
            (self.n_gaps, f"{self.n_gaps} gaps, {self.gap_s:.2f} s"),
            (self.n_overlaps, f"{self.n_overlaps} overlaps, {self.overlap_s:.2f} s"),
            (self.n_duplicates, f"{self.n_duplicates} records twice"),
            (self.n_clock_steps, f"{self.n_clock_steps} clock steps"),
            (self.n_rate_changes, f"{self.n_rate_changes} changes of rate"),
            (self.n_damaged, f"{self.n_damaged} damaged records"),
            (self.n_spikes, f"{self.n_spikes} spikes"),
            (self.flat_s and not self.is_dead, f"flat for {self.flat_s:.0f} s"),
        ]
        return [text for is_so, text in told if is_so]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Records of one file, each of which begins where the one before ends."""

    start_ns: int
    end_ns: int
    rate_hz: float
    n_samples: int
    n_records: int
    digest: bytes


@dataclass(slots=True)
class _Channel:
    """What has been seen of a channel so far; records are judged file by file and let go."""

    stretches: list[_Stretch] = field(default_factory=list)
    n_records: int = 0
    n_duplicates: int = 0
    n_damaged: int = 0
    n_spikes: int = 0
    flat_s: float = 0.0
    is_dead: bool = True
    is_clipped: bool = False
    last_value: float | None = None

    def add(self, found: list[tuple[Fragment, bytes]]) -> None:
        """Judge the records of one file, each with its digest."""
        once = {(one.header.start_ns, digest): one for one, digest in found}
        ordered = sorted(once.items(), key=lambda item: item[0][0])
        self.n_records += len(found)
        self.n_duplicates += len(found) - len(once)
        for one in _joined([(fragment.header, key[1]) for key, fragment in ordered]):
            if one in self.stretches:  # the same file twice
                self.n_duplicates += one.n_records
            else:
                self.stretches.append(one)
        self._judge([fragment for _, fragment in ordered])

    def _judge(self, fragments: list[Fragment]) -> None:
        rate_hz = fragments[0].header.sampling_rate_hz
        samples = np.concatenate([one.samples for one in fragments])
        samples = samples[np.isfinite(samples)]
        first = float(samples[0]) if samples.size else self.last_value
        same_as_before = self.last_value is None or first == self.last_value
        self.is_dead = self.is_dead and is_flat(samples) and same_as_before
        self.last_value = first
        self.is_clipped = self.is_clipped or is_clipped(samples)
        for piece in _contiguous(fragments):
            self.n_spikes += count_spikes(piece)
            self.flat_s += flat_duration_s(piece, rate_hz)


def check_waveforms(
    paths: Iterable[Path], progress: Callable[[str], None] = lambda _: None
) -> tuple[list[ChannelReport], list[SkippedInput]]:
    """Return a report on each channel in some files, and the files that cannot be used.

    Parameters
    ----------
    paths
        miniSEED or any format that ObsPy reads.
    progress
        Called with a text after each file.
    """
    channels: dict[str, _Channel] = {}
    not_used: list[SkippedInput] = []
    for path in paths:
        try:
            found, damaged, problem = _read(path)
        except (SourceError, OSError) as error:
            not_used.append(SkippedInput(str(path), str(error)))
            continue
        if problem:
            not_used.append(SkippedInput(str(path), problem))
        by_channel: dict[str, list[tuple[Fragment, bytes]]] = {}
        for one in found:
            by_channel.setdefault(one[0].header.trace_id, []).append(one)
        for trace_id, records in by_channel.items():
            channels.setdefault(trace_id, _Channel()).add(records)
        if damaged and len(by_channel) == 1:
            channels[next(iter(by_channel))].n_damaged += damaged
        elif damaged:
            not_used.append(SkippedInput(str(path), f"{damaged} damaged records"))
        progress(path.name)
    return [_report(name, channels[name]) for name in sorted(channels)], not_used


def _read(path: Path) -> tuple[list[tuple[Fragment, bytes]], int, str]:
    """Return fragments with a digest of each, the number of damaged records, what else is wrong."""
    if not is_miniseed(path):
        fragments, problem = read_fragments(path)
        return [(one, _digest(one.samples.tobytes())) for one in fragments], 0, problem
    content = path.read_bytes()
    found: list[tuple[Fragment, bytes]] = []
    n_damaged = n_bytes = 0
    for record in split_records(content):
        n_bytes += len(record)
        try:
            fragment = decode_record(record)
        except RecordDamageError as error:
            n_damaged += error.kind != "unknown"
        else:
            found.append((fragment, _digest(record)))
    lost = len(content) - n_bytes
    return found, n_damaged, f"{lost} bytes are no whole records" if lost else ""


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _contiguous(fragments: list[Fragment]) -> list[FloatArray]:
    """Return samples joined where one record follows another, sorted in time."""
    groups: list[list[NDArray[Any]]] = []
    end_ns: int | None = None
    for one in fragments:
        half_ns = _SAME_SAMPLE * NANOSECONDS / one.header.sampling_rate_hz
        if end_ns is not None and abs(one.header.start_ns - end_ns) < half_ns:
            groups[-1].append(one.samples)
        else:
            groups.append([one.samples])
        end_ns = one.header.end_ns
    return [np.concatenate(group).astype(np.float64) for group in groups]


def count_spikes(samples: FloatArray) -> int:
    """Return how many single samples stand far off their neighbours.

    Parameters
    ----------
    samples
        Shape ``(n_samples,)``, without gaps; any unit.

    Notes
    -----
    With ``d`` the distance of a sample from the mean of both neighbours, a spike has ``|d|`` over
    10 times that of the eight samples from the second to the tenth on either side, and over
    30 standard deviations of ``d`` (from its median, which an earthquake hardly moves). An onset
    is none: after it ``d`` stays large; nor is a step, which has the same ``d`` on both sides.

    Examples
    --------
    >>> wave = np.sin(np.arange(200.0))
    >>> wave[100] += 1000.0
    >>> count_spikes(wave)
    1
    """
    if samples.size < 4 * _REACH:
        return 0
    distance = np.abs(samples[1:-1] - 0.5 * (samples[:-2] + samples[2:]))
    noise = 1.4826 * float(np.median(distance))
    if noise <= 0.0:
        return 0  # mostly constant, so that nothing tells what is usual
    # the largest of the nine values that end two places before, and that begin two places after
    width = _REACH - 1
    largest = maximum_filter1d(distance, width, mode="nearest")
    shift = 2 + width // 2
    beside = np.maximum(
        np.r_[np.full(shift, np.inf), largest[:-shift]],
        np.r_[largest[shift:], np.full(shift, np.inf)],
    )
    next_to = np.maximum(np.r_[distance[1:], np.inf], np.r_[np.inf, distance[:-1]])
    smallest = np.maximum(_SPIKE_OVER_NEIGHBOURS * beside, _SPIKE_OVER_NOISE * noise)
    return int(((distance > smallest) & (distance > _SPIKE_OVER_NEXT * next_to)).sum())


def flat_duration_s(samples: FloatArray, rate_hz: float) -> float:
    """Return the seconds in stretches without change that last 5 s (and 20 samples) or more.

    Parameters
    ----------
    samples
        Shape ``(n_samples,)``, without gaps.
    rate_hz
        Samples a second.

    Examples
    --------
    >>> flat_duration_s(np.r_[np.arange(100.0), np.full(600, 7.0)], 100.0)
    6.0
    """
    if samples.size == 0:
        return 0.0
    changes = np.flatnonzero(np.diff(samples) != 0.0) + 1
    lengths = np.diff(np.r_[0, changes, samples.size])
    shortest = max(_FEWEST_FLAT, _SHORTEST_FLAT_S * rate_hz)
    return float(lengths[lengths >= shortest].sum() / rate_hz)


def _joined(records: list[tuple[FragmentHeader, bytes]]) -> list[_Stretch]:
    """Return records, in order of time, joined where one follows another to a tenth of a sample."""
    groups: list[list[tuple[FragmentHeader, bytes]]] = []
    for one in records:
        if groups and _follows(groups[-1][-1][0], one[0]):
            groups[-1].append(one)
        else:
            groups.append([one])
    return [
        _Stretch(
            group[0][0].start_ns,
            group[-1][0].end_ns,
            group[0][0].sampling_rate_hz,
            sum(header.n_samples for header, _ in group),
            len(group),
            _digest(b"".join(digest for _, digest in group)),
        )
        for group in groups
    ]


def _follows(before: FragmentHeader, one: FragmentHeader) -> bool:
    offset_s = abs(one.start_ns - before.end_ns) / NANOSECONDS
    tolerance_s = max(_CLOCK_STEP / one.sampling_rate_hz, _TIME_RESOLUTION_S)
    return one.sampling_rate_hz == before.sampling_rate_hz and offset_s <= tolerance_s


def _report(name: str, channel: _Channel) -> ChannelReport:
    stretches = sorted(channel.stretches, key=lambda one: (one.start_ns, one.end_ns))
    timing = _timing(stretches)
    return ChannelReport(
        channel=name,
        start=datetime_from_ns(stretches[0].start_ns),
        end=datetime_from_ns(max(one.end_ns for one in stretches)),
        rates_hz=tuple(sorted({one.rate_hz for one in stretches})),
        n_samples=sum(one.n_samples for one in stretches),
        n_records=channel.n_records,
        n_gaps=int(timing["n_gaps"]),
        gap_s=timing["gap_s"],
        n_overlaps=int(timing["n_overlaps"]),
        overlap_s=timing["overlap_s"],
        n_duplicates=channel.n_duplicates,
        n_clock_steps=int(timing["n_clock_steps"]),
        n_rate_changes=int(timing["n_rate_changes"]),
        n_damaged=channel.n_damaged,
        n_spikes=channel.n_spikes,
        flat_s=channel.flat_s,
        is_dead=channel.is_dead,
        is_clipped=channel.is_clipped,
    )


def _timing(stretches: list[_Stretch]) -> dict[str, float]:
    """Return numbers and seconds of gaps, overlaps, clock steps and changes of rate."""
    found = defaultdict[str, float](float)
    end_ns = stretches[0].end_ns
    for before, one in pairwise(stretches):
        offset_s = (one.start_ns - end_ns) / NANOSECONDS
        offset = offset_s * one.rate_hz
        if offset > _SAME_SAMPLE:
            found["n_gaps"] += 1
            found["gap_s"] += offset_s
        elif offset < -_SAME_SAMPLE:
            found["n_overlaps"] += 1
            found["overlap_s"] += (min(end_ns, one.end_ns) - one.start_ns) / NANOSECONDS
        elif abs(offset) > _CLOCK_STEP and abs(offset_s) > _TIME_RESOLUTION_S:
            found["n_clock_steps"] += 1
        found["n_rate_changes"] += one.rate_hz != before.rate_hz
        end_ns = max(end_ns, one.end_ns)
    return found
