"""What was done: one line of JSON a unit, so that a run goes on where it stopped."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from mainshock.core.errors import RecordError, SettingsError
from mainshock.core.provenance import file_sha256
from mainshock.core.times import parse_utc
from mainshock.detect.base import Picker
from mainshock.detect.registry import open_picker
from mainshock.pipeline.archive.units import ArchiveJob, Unit, UnitReport, unit_file
from mainshock.sources.archive_stores import ArchiveStore
from mainshock.sources.fragments import datetime_from_ns

__all__ = ["MANIFEST", "Manifest", "job_digest"]

MANIFEST = "manifest.jsonl"
_FORM = 1  # of the files; another one makes units be done again
_LATE = timedelta(days=2)  # how much later than it was recorded a record may reach a data centre


class Manifest:
    """The journal of an archive job.

    Parameters
    ----------
    store
        Where the results lie.
    digest
        Of the job, see :func:`job_digest`.
    resume
        Go on where an earlier run stopped.
    clock
        Seconds that only grow.

    Raises
    ------
    SettingsError
        If there is a manifest already and ``resume`` is not set.

    Notes
    -----
    The last line of a unit counts. A line that was cut off when a run was killed is passed over:
    its unit is done again.
    """

    def __init__(
        self,
        store: ArchiveStore,
        digest: str,
        *,
        resume: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._digest = digest
        self._clock = clock
        self._unwritten: list[bytes] = []
        self._written_s = clock()
        content = store.read_journal(MANIFEST)
        self.entries = _parsed(content)
        if self.entries and not resume:
            raise SettingsError(
                f"{store.url} holds the results of {len(self.entries)} units; give --resume to go "
                "on, or name another folder by --out"
            )
        if content and not content.endswith(b"\n"):
            store.append(MANIFEST, b"\n")

    def is_done(self, unit: Unit) -> bool:
        """Return whether a unit need not be done again: same job, same input, its file there.

        Where the archive cannot tell whether the input is the same, a unit is done once it was
        asked for two days or more after its end. One whose entry does not state when, as those of
        older manifests, is done again.
        """
        entry = self.entries.get(unit.name, {})
        return (
            entry.get("state") == "done"
            and entry.get("job") == self._digest
            and entry.get("stamp") == unit.stamp
            and (unit.stamp != "" or _was_over(unit, entry))
            and self._store.has(unit_file(unit))
        )

    def add(self, report: UnitReport) -> None:
        """Note what came of a unit."""
        entry = {**report.as_dict(), "job": self._digest}
        self.entries[report.unit] = entry
        self._unwritten.append(json.dumps(entry, allow_nan=False).encode() + b"\n")
        if self._clock() - self._written_s >= self._store.append_pause_s:
            self.flush()

    def flush(self) -> None:
        """Write what has not been written yet."""
        if self._unwritten:
            self._store.append(MANIFEST, b"".join(self._unwritten))
            self._unwritten.clear()
        self._written_s = self._clock()


def _was_over(unit: Unit, entry: dict[str, Any]) -> bool:  # Any: JSON
    """Return whether all records of a unit could be there when they were asked for."""
    try:
        fetched = parse_utc(str(entry.get("fetched", "")))
    except RecordError:
        return False
    return fetched >= datetime_from_ns(unit.wide_window.end_ns) + _LATE


def _parsed(content: bytes) -> dict[str, dict[str, Any]]:  # Any: JSON
    entries: dict[str, dict[str, Any]] = {}
    for line in content.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("unit"), str):
            entries[entry["unit"]] = entry
    return entries


def job_digest(job: ArchiveJob) -> str:
    """Return what changes when the same records would give other picks.

    Made from the picker's weights and settings, the thresholds, channels and longest gap. Where
    the records come from and where the results go does not count.

    Raises
    ------
    MainshockError
        If the picker cannot be opened.
    """
    picker = open_picker(job.model, p_threshold=job.p_threshold, s_threshold=job.s_threshold)
    stated = {
        "form": _FORM,
        "picker": picker.name,
        "files": _files_of(picker),
        "thresholds": [job.p_threshold, job.s_threshold],
        "channels": list(job.channels),
        "max_gap_s": job.max_gap_s,
    }
    members = getattr(picker, "members", None)
    if members is not None:
        stated["members"] = [_files_of(member) for member in members]
        stated["settings"] = getattr(picker, "settings", None)
    return sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()[:32]


def _files_of(picker: Picker) -> dict[str, str]:
    """Return name and checksum of the files that a picker is made of; none for a plain rule."""
    folder = getattr(picker, "model_dir", None)
    if folder is None:
        return {}
    paths = [*sorted(Path(folder).glob("*.json")), *sorted(Path(folder).glob("*.onnx"))]
    return {path.name: file_sha256(path) for path in paths}
