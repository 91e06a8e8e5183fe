"""What a worker does: the picks of one station-day, written as one file."""

import io
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from hashlib import file_digest, sha256
from pathlib import Path

from mainshock.core.errors import SourceError
from mainshock.core.records import Pick, Waveform
from mainshock.detect.base import Picker
from mainshock.detect.registry import open_picker
from mainshock.pipeline.archive.opening import open_archive
from mainshock.pipeline.archive.units import ArchiveJob, Unit, UnitReport, unit_file
from mainshock.pipeline.picking import pick_waveforms
from mainshock.pipeline.results import NotUsed
from mainshock.sources.archive_stores import open_store
from mainshock.sources.base import SkippedInput
from mainshock.sources.components import assemble_waveforms
from mainshock.sources.fragments import Fragment, InstrumentKey, TimeWindow
from mainshock.sources.tables import picks_to_frame
from mainshock.sources.trace_files import read_fragments

__all__ = ["picks_as_parquet", "run_unit"]


@dataclass(slots=True)
class _Read:
    """What the files of a unit hold, by instrument, and what was wrong with them."""

    fragments: dict[InstrumentKey, list[Fragment]]
    problems: list[SkippedInput]
    digest: str


def run_unit(job: ArchiveJob, unit: Unit) -> UnitReport:
    """Return what came of a unit; its picks are in its file, all of them or none.

    Nothing is raised: one unit must not end the others. The file depends on the records and the
    job alone, whoever writes it, and writing it again changes nothing.
    """
    began = datetime.now(UTC)
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    try:
        report = _picked(job, unit)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told in the report
        text = " ".join(str(error).split())
        report = UnitReport(unit.name, "failed", error=f"{type(error).__name__}: {text}")
    return replace(
        report,
        stamp=unit.stamp,
        fetched=began,
        seconds=time.perf_counter() - began_s,
        cpu_s=time.process_time() - began_cpu_s,
    )


def picks_as_parquet(picks: Sequence[Pick]) -> bytes:
    """Return picks as the bytes of a Parquet file with the columns of the contract."""
    stream = io.BytesIO()
    picks_to_frame(picks).to_parquet(stream, index=False)
    return stream.getvalue()


@lru_cache(maxsize=2)  # a worker opens its network once
def _picker(model: str, p_threshold: float | None, s_threshold: float | None) -> Picker:
    return open_picker(model, p_threshold=p_threshold, s_threshold=s_threshold)


def _picked(job: ArchiveJob, unit: Unit) -> UnitReport:
    picker = _picker(job.model, job.p_threshold, job.s_threshold)
    with open_archive(job.source, job.channels).files_of(unit) as files:
        read = _read(unit, files, job.channels)
        n_files = len(files)
    if n_files and len(read.problems) >= n_files and not read.fragments:
        first = read.problems[0]
        raise SourceError(f"no file of {n_files} could be read; {first.name}: {first.reason}")
    picks: list[Pick] = []
    recorded_s = 0.0
    problems = [(one.name, one.reason) for one in read.problems]
    for key in sorted(read.fragments):
        found, length_s, told = _of_instrument(unit, read.fragments.pop(key), picker, job)
        picks.extend(found)
        recorded_s += length_s
        problems.extend(told)
    open_store(job.out).write(unit_file(unit), picks_as_parquet(picks))
    return UnitReport(
        unit.name,
        "done",
        model=picker.name,
        input_sha256=read.digest,
        n_picks=len(picks),
        recorded_s=recorded_s,
        problems=tuple(dict.fromkeys(problems)),
    )


def _read(unit: Unit, files: Sequence[tuple[str, Path]], channels: tuple[str, ...]) -> _Read:
    read = _Read(defaultdict(list), [], "")
    digest = sha256()
    for name, path in files:
        try:
            with path.open("rb") as stream:
                digest.update(file_digest(stream, "sha256").digest())
            found, problem = read_fragments(path, None, unit.wide_window)
        except (SourceError, OSError) as error:
            read.problems.append(SkippedInput(name, str(error)))
            continue
        if problem:
            read.problems.append(SkippedInput(name, problem))
        for one in found:
            header = one.header
            is_its_own = (header.network, header.station) == (unit.network, unit.station)
            if is_its_own and any(fnmatchcase(header.channel, code) for code in channels):
                read.fragments[header.key].append(one)
    read.digest = digest.hexdigest()
    return read


def _of_instrument(
    unit: Unit, fragments: list[Fragment], picker: Picker, job: ArchiveJob
) -> tuple[list[Pick], float, list[tuple[str, str]]]:
    """Return the picks of the day, the seconds recorded, and what was left out.

    The last record before the day and the first one after it go with it, so that what lies across
    midnight is seen whole; the unit beside this one sees the same, and each keeps its own side.
    """
    day, wide = unit.window, unit.wide_window
    before, _ = _waveforms(fragments, TimeWindow(wide.start_ns, day.start_ns), job)
    own, skipped = _waveforms(fragments, day, job)
    after, _ = _waveforms(fragments, TimeWindow(day.end_ns, wide.end_ns), job)
    fragments.clear()
    failures: list[NotUsed] = []
    picks: list[Pick] = []
    for item in pick_waveforms([*before[-1:], *own, *after[:1]], picker, failures=failures):
        picks.extend(pick for pick in item.picks if unit.start <= pick.time < unit.end)
    beside = {f"{one.trace_id} from {one.start}" for one in (*before[-1:], *after[:1])}
    told = [(one.name, one.reason) for one in skipped]
    told += [(one.what, one.reason) for one in failures if one.what not in beside]
    return picks, sum(one.n_samples / one.sampling_rate_hz for one in own), told


def _waveforms(
    fragments: Sequence[Fragment], window: TimeWindow, job: ArchiveJob
) -> tuple[list[Waveform], list[SkippedInput]]:
    inside = (one.trimmed(window) for one in fragments)
    return assemble_waveforms((one for one in inside if one is not None), max_gap_s=job.max_gap_s)
