"""Opens labelled datasets of any known layout, ready to train on, and splits them by event."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.sources.seisbench_format import SeisBenchDataset, open_seisbench
from mainshock.sources.stead_format import is_stead, open_stead

__all__ = ["SHARES", "check_shares", "label_columns", "open_dataset", "split_by_event"]

SHARES: Mapping[str, float] = MappingProxyType({"train": 0.85, "dev": 0.05, "test": 0.10})
"""Shares of the traces in each split, as EQTransformer took them of STEAD."""
_FIRST_ARRIVALS = {
    "p": ("P", "Pn", "Pg", "Pb", "P1"),
    "s": ("S", "Sn", "Sg", "Sb", "S1"),
}


def open_dataset(folder: Path) -> SeisBenchDataset:
    """Return the labelled dataset in a folder, whichever layout it has.

    Parameters
    ----------
    folder
        In SeisBench format, whole or in chunks (see ``open_seisbench``), or STEAD as distributed
        (see ``open_stead``).

    Raises
    ------
    SourceError
        If it is neither, or a file is absent or cannot be read.
    DataError
        If the content cannot be used.

    Notes
    -----
    The table gets the columns that training reads, see ``label_columns``; what is there stays.
    """
    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder; give the folder that holds the dataset")
    has_seisbench_names = any((folder / name).is_file() for name in ("metadata.csv", "chunks"))
    if not has_seisbench_names and is_stead(folder):
        dataset = open_stead(folder)
    elif has_seisbench_names or any(folder.glob("waveforms*.hdf5")):
        dataset = open_seisbench(folder)
    else:
        raise SourceError(
            f"{folder} holds no labelled dataset; it needs metadata.csv with waveforms.hdf5 "
            "(SeisBench, also in chunks), or merge.csv or chunk2.csv with its .hdf5 (STEAD)"
        )
    return dataset.with_metadata(label_columns(dataset.metadata, folder.resolve().name))


def label_columns(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a table of metadata with the columns that training and scoring read.

    Parameters
    ----------
    table
        In SeisBench's names. A column of those below that it has stays as it is.
    name
        What the dataset is called where the table does not say.

    Returns
    -------
    DataFrame
        With ``trace_dataset``; ``trace_p_arrival_sample`` and ``trace_s_arrival_sample``, the
        earliest of P, Pn, Pg, Pb, P1, and of the like for S (INSTANCE writes
        ``trace_P_arrival_sample``, ETHZ ``trace_Pg_arrival_sample``); ``trace_category``,
        ``earthquake_local`` for a row with an arrival or a source, else ``noise``; and
        ``trace_p_unlabelled``, ``trace_s_unlabelled``, true where a trace that is not noise has no
        such label: the phase may well be there, so it must count neither way.
    """
    table = table.copy()
    for phase, kinds in _FIRST_ARRIVALS.items():
        own = f"trace_{phase}_arrival_sample"
        if own not in table:
            columns = [
                column for kind in kinds if (column := f"trace_{kind}_arrival_sample") in table
            ]
            samples = table[columns].apply(pd.to_numeric, errors="coerce").astype(np.float64)
            table[own] = samples.min(axis=1) if columns else np.nan
    has_arrival = table[[f"trace_{phase}_arrival_sample" for phase in _FIRST_ARRIVALS]].notna()
    if "trace_category" not in table:
        has_source = table["source_id"].notna() if "source_id" in table else False
        is_quake = has_arrival.any(axis=1) | has_source
        table["trace_category"] = np.where(is_quake, "earthquake_local", "noise")
    for phase in _FIRST_ARRIVALS:
        if f"trace_{phase}_unlabelled" not in table:
            absent = table[f"trace_{phase}_arrival_sample"].isna().to_numpy()
            table[f"trace_{phase}_unlabelled"] = absent & ~_is_noise(table)
    if "trace_dataset" not in table:
        table["trace_dataset"] = name
    return table


def split_by_event(
    table: pd.DataFrame, shares: Mapping[str, float] = SHARES, seed: int = 0
) -> pd.DataFrame:
    """Return the table with a column ``split`` in which no event is in two splits.

    Parameters
    ----------
    table
        In SeisBench's names. Rows of one ``source_id`` stay together, rows of noise
        (``trace_category``) of one station. An earthquake without ``source_id`` goes by
        ``source_origin_time``.
    shares
        Share of the traces for ``train``, ``dev`` and ``test``; together 1.
    seed
        Another seed gives another split.

    Raises
    ------
    SettingsError
        If the shares are no such shares.
    DataError
        If a row tells neither event nor station, or a split would be empty.

    Notes
    -----
    Events are put in the order of a hash of seed and name, and cut where the number of traces
    reaches each share, noise apart from earthquakes. So the split hangs neither on the order of
    rows nor on a generator, and a share is met within half of the largest event.

    Examples
    --------
    >>> table = pd.DataFrame({"source_id": ["a", "a", "b", "c"], "trace_category": "earthquake"})
    >>> split_by_event(table, {"train": 0.5, "test": 0.5})["split"].tolist()
    ['train', 'train', 'test', 'test']
    """
    check_shares(shares)
    groups, is_noise = _groups(table), _is_noise(table)
    split = np.empty(len(table), dtype=object)
    for rows in (is_noise, ~is_noise):
        split[rows] = _assigned(groups[rows], shares, seed)
    empty = [name for name, share in shares.items() if share > 0.0 and name not in set(split)]
    if empty:
        raise DataError(
            f"the split {empty[0]!r} with a share of {shares[empty[0]]:g} gets no trace of "
            f"{len(set(groups))} events and noise stations; give it a larger share or more events"
        )
    return table.assign(split=split)


def _is_noise(table: pd.DataFrame) -> NDArray[np.bool_]:
    if "trace_category" not in table:
        return np.zeros(len(table), dtype=bool)
    starts = table["trace_category"].astype(str).str.startswith("noise")
    return starts.to_numpy(dtype=bool, na_value=False)


def check_shares(shares: Mapping[str, float]) -> None:
    """Raise unless shares can split something.

    Raises
    ------
    SettingsError
        If a split has another name, or the shares are not 0 or more and together 1.
    """
    told = ", ".join(f"{name} {share:g}" for name, share in shares.items()) or "none"
    if set(shares) - set(SHARES):
        raise SettingsError(f"the shares are {told}; the splits are {', '.join(SHARES)}")
    # written so that a share which is no number fails as well
    are_shares = all(share >= 0.0 for share in shares.values())
    if not (are_shares and abs(sum(shares.values()) - 1.0) <= 1e-6):
        raise SettingsError(f"the shares are {told}; they must be 0 or more and together 1")


def _groups(table: pd.DataFrame) -> NDArray[np.object_]:
    """Return what must stay together, by row: an event, or the station of noise."""
    is_noise = _is_noise(table)
    groups = np.where(is_noise, _stations(table), _events(table))
    unknown = np.flatnonzero(groups == "")
    if len(unknown):
        kind = "station_code" if is_noise[unknown[0]] else "source_id or source_origin_time"
        raise DataError(
            f"{len(unknown)} of {len(table)} rows, first row {unknown[0]}, have no {kind}, so none "
            "can tell what they belong to; fill that column or leave these rows out"
        )
    return groups


def _events(table: pd.DataFrame) -> NDArray[np.object_]:
    events = np.full(len(table), "", dtype=object)
    for column in ("source_origin_time", "source_id"):
        if column in table:
            cells = table[column]
            known = cells.notna().to_numpy()
            events[known] = [_name(cell) for cell in cells[known]]
    return events


def _stations(table: pd.DataFrame) -> NDArray[np.object_]:
    absent = pd.Series("", index=table.index)
    codes = table.get("station_code", absent).map(_name)
    networks = table.get("station_network_code", absent).map(_name)
    return np.where(codes == "", "", networks + "." + codes).astype(object)


def _name(cell: object) -> str:
    """Return a cell as text; a whole number reads the same whether or not it was a float."""
    if isinstance(cell, float):
        if not np.isfinite(cell):
            return ""
        if cell.is_integer():
            return str(int(cell))
    if cell is None or cell is pd.NA:
        return ""
    return str(cell).removesuffix(".0")


def _assigned(
    groups: NDArray[np.object_], shares: Mapping[str, float], seed: int
) -> NDArray[np.object_]:
    """Return the split of each row: whole groups, until the share of the rows is reached."""
    names, counts = np.unique(groups.astype(str), return_counts=True)
    keys = [hashlib.sha256(f"{seed}:{name}".encode()).digest() for name in names]
    order = sorted(range(len(names)), key=keys.__getitem__)
    counts = counts[order]
    middles = (np.cumsum(counts) - 0.5 * counts) / max(1, len(groups))
    edges = np.cumsum(list(shares.values()))[:-1]
    splits = np.array(list(shares), dtype=object)[np.searchsorted(edges, middles, side="right")]
    split_of = dict(zip(names[order], splits, strict=True))
    return np.array([split_of[name] for name in groups], dtype=object)
