"""Runs an archive job: lists the units, has them done, keeps the manifest, merges the picks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mainshock.core.errors import NothingFoundError, SettingsError
from mainshock.core.records import Pick
from mainshock.pipeline.archive.base import Executor, Outcome, Selection
from mainshock.pipeline.archive.manifest import Manifest, job_digest
from mainshock.pipeline.archive.merged import merged_picks
from mainshock.pipeline.archive.opening import open_archive
from mainshock.pipeline.archive.progress import ArchiveProgress, duration_text
from mainshock.pipeline.archive.unit_picks import picks_as_parquet, run_unit
from mainshock.pipeline.archive.units import ArchiveJob, Unit, UnitReport
from mainshock.sources.archive_stores import is_url, open_store

__all__ = ["MERGED", "ArchiveResult", "run_archive"]

MERGED = "picks.parquet"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class ArchiveResult:
    """What an archive job did.

    Parameters
    ----------
    units
        How many units were wanted.
    skipped
        How many of them an earlier run had done.
    reports
        Of those done now, as they came.
    failures
        Units without a result, with the reason.
    picks
        The merged picks, in order of time.
    seconds
        From the first unit to the last one.
    """

    units: int
    skipped: int
    reports: tuple[UnitReport, ...]
    failures: tuple[tuple[str, str], ...]
    picks: tuple[Pick, ...]
    seconds: float

    def as_dict(self) -> dict[str, Any]:  # Any: JSON
        """Return a dictionary that JSON can hold, the picks left out."""
        recorded_s = sum(one.recorded_s for one in self.reports)
        cpu_s = sum(one.cpu_s for one in self.reports)
        return {
            "units": {
                "total": self.units,
                "done": len(self.reports) - len(self.failures),
                "skipped": self.skipped,
                "failed": len(self.failures),
            },
            "n_picks": len(self.picks),
            "recorded_s": round(recorded_s, 3),
            "seconds": round(self.seconds, 3),
            "cpu_s": round(cpu_s, 3),
            "times_real_time": _ratio(recorded_s, self.seconds),
            "times_real_time_per_core": _ratio(recorded_s, cpu_s),
            "failures": [{"unit": unit, "reason": reason} for unit, reason in self.failures],
            "problems": [
                {"unit": one.unit, "what": what, "reason": reason}
                for one in self.reports
                for what, reason in one.problems
            ],
        }


def run_archive(
    job: ArchiveJob,
    selection: Selection,
    executor: Executor,
    *,
    resume: bool = False,
    say: Say = lambda _: None,
    progress_s: float = 10.0,
) -> ArchiveResult:
    """Have all units of an archive done, and write the merged picks.

    Parameters
    ----------
    resume
        Go on where an earlier run into the same folder stopped: units that are done, by the same
        picker and from the same files, are left as they are; those that failed are tried again.
    say
        Takes lines of talk: progress, failures.
    progress_s
        Shortest time between two lines of progress.

    Raises
    ------
    NothingFoundError
        If the archive has no such station or day.
    SettingsError
        If the folder of results holds others, or is the archive itself.
    SourceError
        If the archive or the folder of results cannot be used.
    """
    if _is_inside(job.out, job.source):
        raise SettingsError(f"--out {job.out} lies in the archive; name a folder outside it")
    store = open_store(job.out)
    manifest = Manifest(store, job_digest(job), resume=resume)
    units = open_archive(job.source, job.channels).units(selection)
    if not units:
        raise NothingFoundError(
            f"{job.source} has no day of the stations {', '.join(selection.stations)} in this "
            "time; check --stations, --from and --to"
        )
    waiting = [unit for unit in units if not manifest.is_done(unit)]
    skipped = len(units) - len(waiting)
    before = f", {skipped} done before" if skipped else ""
    say(f"{len(units)} station-days of {job.source}{before}; workers: {executor.workers}")
    progress = ArchiveProgress(len(waiting), say, interval_s=progress_s)
    reports = _done(job, waiting, executor, manifest, progress)
    seconds = progress.elapsed_s
    failed = {one.unit: one.error for one in reports if one.state == "failed"}
    picks = merged_picks(store, [unit for unit in units if unit.name not in failed], selection)
    store.write(MERGED, picks_as_parquet(picks))
    say(f"{len(waiting)} units in {duration_text(seconds)}; {len(picks)} picks in {MERGED}")
    failures = tuple(sorted(failed.items()))
    return ArchiveResult(len(units), skipped, tuple(reports), failures, tuple(picks), seconds)


def _done(
    job: ArchiveJob,
    units: Sequence[Unit],
    executor: Executor,
    manifest: Manifest,
    progress: ArchiveProgress,
) -> list[UnitReport]:
    reports: list[UnitReport] = []
    try:
        for outcome in executor.run(partial(run_unit, job), units):
            report = _report(outcome)
            reports.append(report)
            manifest.add(report)
            progress.add(report)
    finally:  # a run that is stopped knows what it had done
        manifest.flush()
    return reports


def _report(outcome: Outcome[Unit, UnitReport]) -> UnitReport:
    if outcome.value is not None:
        return outcome.value
    unit = outcome.item
    return UnitReport(unit.name, "failed", stamp=unit.stamp, error=outcome.error)


def _is_inside(out: str, source: str) -> bool:
    inner, outer = _folder(out), _folder(source)
    if inner is not None and outer is not None:
        return inner.is_relative_to(outer)
    if inner is not None or outer is not None:
        return False
    return f"{out.rstrip('/')}/".startswith(f"{source.rstrip('/')}/")


def _folder(place: str) -> Path | None:
    """Return the folder that is meant, links followed, or None for an address."""
    place = place.removeprefix("file://")
    return None if is_url(place) else Path(place).resolve()


def _ratio(recorded_s: float, seconds: float) -> float | None:
    return round(recorded_s / seconds, 1) if seconds > 0.0 and recorded_s > 0.0 else None
