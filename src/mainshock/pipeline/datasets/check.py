"""Checks a dataset: checksums first, then what each kind of content can be judged by."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mainshock.core.errors import DataError, NothingFoundError
from mainshock.core.provenance import file_sha256
from mainshock.pipeline.datasets.catalogue_quality import (
    CatalogueReport,
    Closeness,
    check_catalogue,
)
from mainshock.pipeline.datasets.labelled_quality import LabelledReport, check_labelled
from mainshock.pipeline.datasets.manifest import PARTS, damaged_parts
from mainshock.pipeline.datasets.opening import CHECKSUMS, OpenedDataset, open_any
from mainshock.pipeline.datasets.waveform_quality import ChannelReport, check_waveforms
from mainshock.sources.base import SkippedInput

__all__ = ["DatasetReport", "check_dataset"]

# the star is what sha256sum writes for binary files
_CHECKSUM_LINE = re.compile(r"\s*([0-9A-Fa-f]{64})\s+\*?(\S.*?)\s*")


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """What a check found.

    Parameters
    ----------
    path
        What was checked.
    n_checksums
        Files whose checksum was compared.
    wrong_checksums
        File to reason; empty in a sound dataset.
    not_in_manifest
        Files among the parts that no manifest names.
    channels, catalogue, labelled
        For records, events and labelled traces.
    not_used
        Files that could not be judged.
    """

    path: str
    n_checksums: int
    wrong_checksums: Mapping[str, str]
    not_in_manifest: tuple[str, ...] = ()
    channels: tuple[ChannelReport, ...] = ()
    catalogue: CatalogueReport | None = None
    labelled: LabelledReport | None = None
    not_used: tuple[SkippedInput, ...] = ()


def check_dataset(
    path: Path,
    rng: np.random.Generator,
    *,
    closeness: Closeness | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> DatasetReport:
    """Return a report on a dataset, a folder of records, labelled traces or a catalogue.

    Parameters
    ----------
    path
        As ``open_any`` takes it. Besides the manifest, a file ``SHA256SUMS`` is believed.
    rng
        For what is drawn: traces to look at, the spread of the completeness.
    closeness
        When two events may be the same earthquake.
    progress
        Called with a text after each file of records.

    Raises
    ------
    SourceError, DataError
        If it cannot be read.
    NothingFoundError
        If there is nothing to check.
    """
    opened = open_any(path)
    report = _checksums(opened)
    raw = opened.read_catalogue()
    if raw is not None and len(raw.table):
        report = replace(report, catalogue=check_catalogue(raw, rng, closeness))
    if opened.labelled is not None:
        report = replace(report, labelled=check_labelled(opened.labelled, rng))
    if opened.records:
        channels, not_used = check_waveforms(opened.records, progress)
        report = replace(report, channels=tuple(channels), not_used=tuple(not_used))
    has_content = report.channels or report.catalogue or report.labelled
    if not has_content and not report.n_checksums:
        reason = f": {report.not_used[0].reason}" if report.not_used else ""
        raise NothingFoundError(f"{path} holds neither records nor events nor labels{reason}")
    return report


def _checksums(opened: OpenedDataset) -> DatasetReport:
    """Return a report with nothing but what checksums tell."""
    folder = opened.path
    if opened.manifest is not None:
        parts = opened.manifest.parts
        named = {part.path for part in parts}
        files = (one for one in sorted((folder / PARTS).rglob("*")) if one.is_file())
        strays = (one.relative_to(folder).as_posix() for one in files)
        return DatasetReport(
            str(folder),
            len(parts),
            damaged_parts(folder, parts),
            tuple(one for one in strays if one not in named),
        )
    if not (folder / CHECKSUMS).is_file():
        return DatasetReport(str(folder), 0, {})
    wrong: dict[str, str] = {}
    pairs = _stated(folder / CHECKSUMS)
    for sha256, name in pairs:
        file = folder / name
        if not file.is_file():
            wrong[name] = "file is missing"
        elif file_sha256(file) != sha256:
            wrong[name] = "content does not fit its checksum"
    return DatasetReport(str(folder), len(pairs), wrong)


def _stated(path: Path) -> list[tuple[str, str]]:
    """Return the checksums and names in a file as ``sha256sum`` writes it."""
    pairs: list[tuple[str, str]] = []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        match = _CHECKSUM_LINE.fullmatch(line)
        if match is None:
            raise DataError(
                f"line {number} of {path} is {line[:80]!r}; each must hold 64 hexadecimal digits "
                "and a file: write it anew with sha256sum"
            )
        pairs.append((match[1].lower(), match[2]))
    return pairs
