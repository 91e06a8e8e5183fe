"""Judges labelled traces: labels that cannot be, components without signal, leaks over splits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mainshock.sources.seisbench_format import SeisBenchDataset

__all__ = ["LabelledReport", "check_labelled", "event_names", "station_names"]


@dataclass(frozen=True, slots=True)
class LabelledReport:
    """What is known of a set of labelled traces.

    Parameters
    ----------
    n_traces, n_events, n_stations
        Numbers of them.
    splits
        Split to number of traces.
    n_repeated_names
        Rows whose ``trace_name`` stands already above.
    labels_outside
        Column to number of labels before the first or after the last sample.
    n_s_before_p
        Traces in which S is not after P.
    n_read
        Traces whose samples were looked at: all, or as many drawn at random.
    n_missing_components, n_dead
        Of those: with one or two components without any change, and with none that changes.
    events_across_splits, stations_across_splits
        Names that occur in several splits. Events there make scores too good; stations may.
    """

    n_traces: int
    n_events: int
    n_stations: int
    splits: Mapping[str, int]
    n_repeated_names: int
    labels_outside: Mapping[str, int]
    n_s_before_p: int
    n_read: int
    n_missing_components: int
    n_dead: int
    events_across_splits: tuple[str, ...]
    stations_across_splits: tuple[str, ...]

    def problems(self) -> list[str]:
        """Return what a user should look at, in words."""
        told = [
            (self.n_repeated_names, f"{self.n_repeated_names} trace names repeat"),
            *(
                (n, f"{n} labels outside the trace: {name}")
                for name, n in self.labels_outside.items()
            ),
            (self.n_s_before_p, f"{self.n_s_before_p} traces with S not after P"),
            (
                self.n_missing_components,
                f"{self.n_missing_components} of {self.n_read} traces lack components",
            ),
            (self.n_dead, f"{self.n_dead} of {self.n_read} traces are dead"),
            (
                self.events_across_splits,
                f"{len(self.events_across_splits)} events are in several splits: a leak",
            ),
            (
                self.stations_across_splits,
                f"{len(self.stations_across_splits)} stations are in several splits",
            ),
        ]
        return [text for is_so, text in told if is_so]


def event_names(table: pd.DataFrame) -> "pd.Series[str]":
    """Return the event of each row: ``source_id``, else the origin time, else empty."""
    names = pd.Series("", index=table.index, dtype=object)
    for column in ("source_origin_time", "source_id"):
        if column in table:
            cells = table[column]
            names = names.where(cells.isna(), cells.astype(str))
    return names.astype(str)


def station_names(table: pd.DataFrame) -> "pd.Series[str]":
    """Return ``NET.STA`` of each row, empty where it has no station."""
    absent = pd.Series("", index=table.index, dtype=str)
    network = table.get("station_network_code", absent).fillna("").astype(str)
    station = table.get("station_code", absent).fillna("").astype(str)
    return (network + "." + station).where(station != "", "")


def check_labelled(
    dataset: SeisBenchDataset, rng: np.random.Generator, most_read: int = 5000
) -> LabelledReport:
    """Return a report on labelled traces.

    Parameters
    ----------
    dataset
        As ``open_dataset`` returns it.
    rng
        Draws the traces to look at where there are more than ``most_read``.
    most_read
        Traces whose samples are looked at.

    Raises
    ------
    SourceError, DataError
        If samples cannot be read.
    """
    table = dataset.metadata
    chosen = np.arange(len(table))
    if len(table) > most_read:
        chosen = np.sort(rng.choice(len(table), most_read, replace=False))
    lengths = _stated_lengths(table)
    n_missing = n_dead = 0
    traces = dataset.waveforms(table["trace_name"].iloc[chosen].tolist())
    for row, samples in zip(chosen, traces, strict=True):
        lengths[row] = samples.shape[1]
        n_live = int((np.ptp(samples, axis=1) > 0).sum()) if samples.shape[1] else 0
        n_missing += 0 < n_live < len(samples)
        n_dead += n_live == 0
    labels = {
        str(name): pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64)
        for name in table.columns
        if str(name).startswith("trace_") and str(name).endswith("_arrival_sample")
    }
    outside = {name: int(((at < 0.0) | (at >= lengths)).sum()) for name, at in labels.items()}
    p, s = labels["trace_p_arrival_sample"], labels["trace_s_arrival_sample"]
    events, stations = event_names(table), station_names(table)
    split = table.get("split", pd.Series(np.nan, index=table.index))
    return LabelledReport(
        n_traces=len(table),
        n_events=int(events[events != ""].nunique()),
        n_stations=int(stations[stations != ""].nunique()),
        splits={str(name): int(n) for name, n in split.value_counts().items()},
        n_repeated_names=int(table["trace_name"].duplicated().sum()),
        labels_outside={name: n for name, n in outside.items() if n},
        n_s_before_p=int((s <= p).sum()),
        n_read=len(chosen),
        n_missing_components=n_missing,
        n_dead=n_dead,
        events_across_splits=_in_several(events, split),
        stations_across_splits=_in_several(stations, split),
    )


def _stated_lengths(table: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the stated number of samples of each row; infinity where nothing is stated."""
    if "trace_npts" not in table:
        return np.full(len(table), np.inf)
    stated = pd.to_numeric(table["trace_npts"], errors="coerce").fillna(np.inf)
    return np.array(stated, dtype=np.float64)


def _in_several(names: "pd.Series[str]", split: "pd.Series[Any]") -> tuple[str, ...]:
    n_splits = split[names != ""].groupby(names[names != ""]).nunique()
    return tuple(sorted(str(name) for name in n_splits.index[n_splits > 1]))
