"""Tells what lies at a path: a collected dataset, labelled traces, records or a catalogue."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mainshock.core.errors import SourceError
from mainshock.pipeline.datasets.catalogue_reading import RawCatalogue, read_raw_catalogue
from mainshock.pipeline.datasets.manifest import MANIFEST, PARTS, Manifest, read_manifest
from mainshock.sources.file_search import find_files
from mainshock.sources.labelled_datasets import open_dataset
from mainshock.sources.seisbench_format import SeisBenchDataset

__all__ = ["CHECKSUMS", "OpenedDataset", "open_any"]

CHECKSUMS = "SHA256SUMS"

_CATALOGUES = frozenset((".csv", ".parquet", ".xml", ".qml", ".quakeml", ".txt"))
_LABELLED = ("metadata.csv", "chunks", "merge.csv", "chunk2.csv")


@dataclass(frozen=True, slots=True, eq=False)
class OpenedDataset:
    """What lies at a path.

    Parameters
    ----------
    path
        As it was named.
    manifest
        Of a collected dataset.
    records
        Files that may hold records.
    catalogues
        Files of events.
    labelled
        Labelled traces.
    """

    path: Path
    manifest: Manifest | None = None
    records: tuple[Path, ...] = ()
    catalogues: tuple[Path, ...] = ()
    labelled: SeisBenchDataset | None = None

    def read_catalogue(self) -> RawCatalogue | None:
        """Return the events of all parts as one table, or None where there are none.

        Raises
        ------
        SourceError, DataError
            If a file cannot be read.
        """
        found = [read_raw_catalogue(path) for path in self.catalogues]
        if not found:
            return None
        n_bad: dict[str, int] = {}
        for one in found:
            for name, n in one.n_not_numbers.items():
                n_bad[name] = n_bad.get(name, 0) + n
        table = pd.concat([one.table for one in found], ignore_index=True)
        return RawCatalogue(table, all(one.has_ids for one in found), n_bad)


def open_any(path: Path) -> OpenedDataset:
    """Return what lies at a path.

    Parameters
    ----------
    path
        The folder of a collected dataset, of labelled traces (SeisBench, STEAD) or of records; a
        catalogue; or a file of records.

    Raises
    ------
    SourceError
        If there is nothing, or it cannot be read.
    DataError
        If a manifest or table of traces cannot be used.
    """
    if not path.exists():
        raise SourceError(f"{path} does not exist; name a dataset, a folder of records or a file")
    if path.is_file():
        if path.suffix.lower() in _CATALOGUES:
            return OpenedDataset(path, catalogues=(path,))
        return OpenedDataset(path, records=(path,))
    manifest = read_manifest(path)
    if manifest is not None:
        there = [part for part in manifest.parts if (path / part.path).is_file()]
        return OpenedDataset(
            path,
            manifest,
            tuple(path / part.path for part in there if part.kind == "waveforms"),
            tuple(path / part.path for part in there if part.kind == "catalogue"),
        )
    if (path / PARTS).is_dir() and any((path / PARTS).iterdir()):
        raise SourceError(f"{path} has {PARTS} and no {MANIFEST}; run the collection again")
    if any((path / name).is_file() for name in _LABELLED) or any(path.glob("waveforms*.hdf5")):
        return OpenedDataset(path, labelled=open_dataset(path))
    files = (file for file in find_files(path) if file.name != CHECKSUMS)
    return OpenedDataset(path, records=tuple(files))
