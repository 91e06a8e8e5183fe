"""Finds out what each input holds and yields its records, whatever the format."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.shaking.agency_files import agency_format, read_agency_files
from mainshock.shaking.cgm_gm_files import CgmGmTable, read_cgm_gm, records_of_cgm_gm
from mainshock.shaking.labelled_records import (
    Channel,
    LabelledRecord,
    join_channels,
    labelled_records,
    records_of_set,
)
from mainshock.shaking.records import open_records
from mainshock.shaking.waveform_files import CutSettings, read_dataset_records, read_event_records
from mainshock.sources.base import SkippedInput
from mainshock.sources.file_search import find_files

__all__ = ["RecordInputs", "is_synthetic_input", "read_records"]

_COMPONENT_OF_NAME = {"NS": "N", "UD": "Z", "EW": "E"}


@dataclass(frozen=True, slots=True)
class RecordInputs:
    """Where records come from.

    Parameters
    ----------
    paths
        Any mix of: files of agencies (ESM, COSMOS, K-NET, AT2) or folders of them; datasets in
        SeisBench format or STEAD's; sets of records (``X.h5`` with ``X.csv``); CGM-GM's tables
        (headerless CSV; ``NS`` or ``UD`` in the name tells the component, else E); waveform files
        or folders.
    events, stations
        QuakeML or catalogue, and StationXML or station table; waveform files need both.
    metadata
        Table with a column ``file`` (name of a file, with or without suffix) whose other columns
        fill or replace what a file of an agency says.
    cut
        How archives are cut and brought to acceleration.
    """

    paths: Sequence[Path]
    events: Path | None = None
    stations: Path | None = None
    metadata: Path | None = None
    cut: CutSettings = field(default_factory=CutSettings)


@dataclass(slots=True)
class _Sorted:
    """Paths by what they hold."""

    datasets: list[Path] = field(default_factory=list)
    sets: list[Path] = field(default_factory=list)
    cgm_gm: list[Path] = field(default_factory=list)
    agency: list[Path] = field(default_factory=list)
    waveforms: list[Path] = field(default_factory=list)


def read_records(inputs: RecordInputs, skipped: list[SkippedInput]) -> Iterator[LabelledRecord]:
    """Yield the records of all inputs that tell source and site; the others go to ``skipped``.

    Raises
    ------
    SourceError
        If an input does not exist or cannot be read.
    SettingsError
        If waveform files come without events or stations.
    """
    yield from labelled_records(_all_records(inputs, skipped), skipped)


def is_synthetic_input(paths: Sequence[Path]) -> bool:
    """Return whether any input is a set of records that a generator made."""
    sets = _sorted(paths).sets
    return any(open_records(path).is_synthetic for path in sets)


def _all_records(inputs: RecordInputs, skipped: list[SkippedInput]) -> Iterator[LabelledRecord]:
    found = _sorted(inputs.paths)
    if found.waveforms and (inputs.events is None or inputs.stations is None):
        raise SettingsError(
            f"{found.waveforms[0]} holds waveforms; give --events (QuakeML or a catalogue) and "
            "--stations (StationXML)"
        )
    for path in found.sets:
        yield from records_of_set(open_records(path))
    for path in found.datasets:
        yield from read_dataset_records(
            path, skipped, stations=inputs.stations, settings=inputs.cut
        )
    if found.cgm_gm:
        yield from records_of_cgm_gm(_by_component(found.cgm_gm))
    channels = read_agency_files(found.agency, skipped)
    yield from join_channels(_with_metadata(channels, inputs.metadata), skipped)
    if found.waveforms and inputs.events is not None and inputs.stations is not None:
        yield from read_event_records(
            found.waveforms, inputs.events, inputs.stations, skipped, inputs.cut
        )


def _sorted(paths: Sequence[Path]) -> _Sorted:
    """Return the paths by what they hold; folders of files are searched."""
    found = _Sorted()
    for path in paths:
        if not path.exists():
            raise SourceError(f"{path} does not exist; name files or folders of records")
        if path.is_dir() and _is_dataset(path):
            found.datasets.append(path)
        elif path.suffix == ".h5" or (path.is_dir() and any(path.glob("*.h5"))):
            found.sets.append(path)
        elif path.suffix.lower() == ".csv":
            (found.sets if path.with_suffix(".h5").is_file() else found.cgm_gm).append(path)
        else:
            for file in sorted(find_files(path)) if path.is_dir() else [path]:
                is_text = agency_format(file) is not None
                (found.agency if is_text else found.waveforms).append(file)
    return found


def _is_dataset(folder: Path) -> bool:
    return any(folder.glob("waveforms*.hdf5")) or any(folder.glob("merge*.hdf5"))


def _by_component(paths: Sequence[Path]) -> dict[str, CgmGmTable]:
    """Return CGM-GM's tables by component, as their names say."""
    tables: dict[str, CgmGmTable] = {}
    for path in paths:
        words = [letters for letters in _COMPONENT_OF_NAME if letters in path.stem.upper()]
        component = _COMPONENT_OF_NAME[words[-1]] if words else "E"
        if component in tables:
            raise DataError(f"{path} is a second table of component {component}; give one of each")
        tables[component] = read_cgm_gm(path)
    return tables


def _with_metadata(channels: Sequence[Channel], metadata: Path | None) -> list[Channel]:
    """Return channels with what a table says of their files in place of what the files say."""
    if metadata is None:
        return list(channels)
    try:
        is_parquet = metadata.suffix.lower() == ".parquet"
        table = pd.read_parquet(metadata) if is_parquet else pd.read_csv(metadata)
    except (OSError, ValueError) as error:
        raise SourceError(f"{metadata} cannot be read as a table: {error}") from error
    if "file" not in table:
        raise DataError(f"{metadata} has no column 'file', which names the file of each row")
    rows: dict[str, dict[str, Any]] = {}  # cells of several types
    for row in table.to_dict("records"):
        given = {str(k): v for k, v in row.items() if k != "file" and not pd.isna(v)}
        rows[str(row["file"])] = {k: str(v) if k.endswith("_id") else v for k, v in given.items()}
    return [replace(one, row={**one.row, **_of_file(rows, Path(one.name))}) for one in channels]


def _of_file(rows: dict[str, dict[str, Any]], path: Path) -> dict[str, Any]:
    return rows.get(path.name) or rows.get(path.stem) or {}
