"""Picks for a location run straight from records."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mainshock.core.errors import MainshockError, NothingFoundError
from mainshock.core.records import Pick, Waveform
from mainshock.detect.base import Picker
from mainshock.pipeline.picking import best_pair_per_station, one_pick_per_arrival, pick_waveforms
from mainshock.pipeline.results import NotUsed
from mainshock.sources.registry import open_source

__all__ = ["PickedRecords", "pick_event_files", "pick_records"]

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class PickedRecords:
    """Picks of a set of records, the records where they were kept, and what was left out."""

    picks: tuple[Pick, ...]
    waveforms: tuple[Waveform, ...]
    not_used: tuple[NotUsed, ...]


def pick_records(
    inputs: Sequence[Path],
    picker: Picker,
    *,
    keep_waveforms: bool,
    progress: Progress | None = None,
) -> PickedRecords:
    """Return the picks in continuous records (files, folders, SDS roots).

    Raises
    ------
    SourceError
        If an input does not exist.
    NothingFoundError
        If no input holds a waveform file.
    """
    source = open_source(inputs)
    not_used: list[NotUsed] = []
    waveforms: list[Waveform] = []
    picks: list[Pick] = []
    for item in pick_waveforms(source, picker, failures=not_used, progress=progress):
        picks.extend(item.picks)
        if keep_waveforms:
            waveforms.append(item.waveform)
    kept, doubles = one_pick_per_arrival(picks)
    not_used.extend(NotUsed(item.name, item.reason) for item in source.skipped)
    return PickedRecords(tuple(kept), tuple(waveforms), (*not_used, *doubles))


def _event_files(inputs: Sequence[Path]) -> list[Path]:
    """Return the files of the inputs, those inside folders in order of name."""
    files: list[Path] = []
    for entry in inputs:
        inside = (path for path in sorted(entry.rglob("*")) if path.is_file())
        files.extend(inside if entry.is_dir() else [entry])
    return [path for path in files if not path.name.startswith(".")]


def pick_event_files(
    inputs: Sequence[Path],
    picker: Picker,
    *,
    keep_waveforms: bool,
    progress: Progress | None = None,
) -> PickedRecords:
    """Return the best P and S of each station in each file; a file holds one event.

    The file's stem becomes the ``event_id``. A file that cannot be used is told and skipped.
    """
    picks: list[Pick] = []
    waveforms: list[Waveform] = []
    not_used: list[NotUsed] = []
    for path in _event_files(inputs):
        try:
            found = pick_records([path], picker, keep_waveforms=keep_waveforms)
        except MainshockError as error:
            not_used.append(NotUsed(str(path), str(error)))
            continue
        pair = best_pair_per_station(found.picks, path.stem)
        if not pair:
            not_used.append(NotUsed(str(path), "no arrival found"))
        picks.extend(pair)
        waveforms.extend(found.waveforms)
        not_used.extend(found.not_used)
        if progress is not None:
            progress(path.name)
    if not picks:
        raise NothingFoundError(f"no arrival found in {len(_event_files(inputs))} files")
    return PickedRecords(tuple(picks), tuple(waveforms), tuple(not_used))
