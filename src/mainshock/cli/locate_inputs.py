"""What the verbs of ``mainshock locate`` read: picks from tables, or from records."""

from pathlib import Path
from typing import TYPE_CHECKING

from mainshock.cli.output import progress
from mainshock.core.errors import MainshockError, SettingsError

if TYPE_CHECKING:
    from mainshock.core.records import Pick
    from mainshock.detect.base import Picker
    from mainshock.pipeline.from_waveforms import PickedRecords

__all__ = ["holds_detections", "read_or_pick"]

# a file known to hold an event needs its best arrivals, not only sure ones
_ONE_EVENT_THRESHOLD = 0.1


def holds_detections(picks: Path) -> bool:
    """Return whether a file of picks is a table of EQTransformer or EQNeMix."""
    from mainshock.pipeline.eqnemix_run import holds_detections as holds

    return picks.is_file() and holds(picks)


def read_or_pick(
    picks: Path | None,
    waveforms: list[Path],
    stations: Path,
    model: str,
    *,
    one_event_per_file: bool,
) -> "PickedRecords":
    """Return the picks of a table, or of records; exactly one of the two must be given."""
    if (picks is None) == (not waveforms):
        raise SettingsError("give either --picks FILE or --waveforms PATH")
    if picks is not None:
        return _read(picks)
    return _pick(waveforms, model, stations, one_event_per_file)


def _read(picks: Path) -> "PickedRecords":
    from mainshock.pipeline.from_waveforms import PickedRecords
    from mainshock.pipeline.results import NotUsed
    from mainshock.sources.base import SkippedInput
    from mainshock.sources.tables import read_picks

    files = (
        [path for path in sorted(picks.iterdir()) if path.is_file() and path.name[0] != "."]
        if picks.is_dir()
        else [picks]
    )
    skipped: list[SkippedInput] = []
    found: list[Pick] = []
    for path in files:
        try:
            found.extend(read_picks(path, skipped))
        except MainshockError as error:
            if not picks.is_dir():
                raise
            skipped.append(SkippedInput(path.name, str(error)))
    return PickedRecords(tuple(found), (), tuple(NotUsed(x.name, x.reason) for x in skipped))


def _pick(waveforms: list[Path], model: str, stations: Path, one_event: bool) -> "PickedRecords":
    from mainshock.detect.registry import open_picker
    from mainshock.pipeline.from_waveforms import pick_event_files, pick_records

    picker = _sensitive(model) if one_event else open_picker(model)
    keep = stations.suffix.lower() in {".xml", ".stationxml"}  # only these hold responses
    with progress("picking") as advance:
        if one_event:
            return pick_event_files(waveforms, picker, keep_waveforms=keep, progress=advance)
        return pick_records(waveforms, picker, keep_waveforms=keep, progress=advance)


def _sensitive(model: str) -> "Picker":
    from mainshock.detect.registry import open_picker

    try:
        low = _ONE_EVENT_THRESHOLD
        return open_picker(model, p_threshold=low, s_threshold=low)
    except SettingsError:  # it states no probabilities
        return open_picker(model)
