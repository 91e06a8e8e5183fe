"""Splits data for training and testing, never at random across neighbours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError, NothingFoundError, SettingsError, SourceError
from mainshock.pipeline.datasets.labelled_quality import event_names, station_names
from mainshock.pipeline.datasets.opening import OpenedDataset
from mainshock.sources.fragments import NANOSECONDS
from mainshock.sources.labelled_datasets import check_shares, split_by_event
from mainshock.sources.trace_files import scan_fragments

__all__ = ["Split", "SplitBy", "SplitSettings", "split_dataset", "split_items"]

SplitBy = Literal["event", "station", "time", "region"]
_KM_A_DEGREE = 111.2
_MUST_NOT_SHARE: Mapping[str, tuple[str, ...]] = {
    "event": ("event",),
    "station": ("station",),
    "time": ("event",),
    "region": ("event",),
}
_GROUP_NAMES = {
    "event": "events and stations of noise",
    "station": "stations",
    "region": "blocks",
}
_REMEDIES = {"event": "more events", "station": "more stations", "region": "take smaller blocks"}


@dataclass(frozen=True, slots=True)
class SplitSettings:
    """How to split.

    Parameters
    ----------
    by
        What stays together: ``event``, ``station``, ``time`` (the first share is the earliest
        block) or ``region`` (square blocks).
    shares
        Share of the items for ``train``, ``dev`` and ``test``; together 1.
    seed
        Another seed gives another split, except by time.
    purge_gap_s
        By time: what lies so shortly before the next block belongs to no split, so that no
        sequence of aftershocks and no record reaches over the border.
    block_km
        By region: length of a side.

    Raises
    ------
    SettingsError
        If shares, gap or block make no sense.
    """

    by: SplitBy
    shares: Mapping[str, float]
    seed: int = 0
    purge_gap_s: float = 86_400.0
    block_km: float = 50.0

    def __post_init__(self) -> None:
        check_shares(self.shares)
        if not (self.purge_gap_s >= 0.0 and self.block_km > 0.0):
            raise SettingsError(
                f"the purge gap is {self.purge_gap_s:g} s and the block {self.block_km:g} km; the "
                "gap must be 0 or more, the block more than 0"
            )


@dataclass(frozen=True, slots=True)
class Split:
    """Which items are in which split.

    Parameters
    ----------
    settings
        How it was made.
    kind
        What the ids name: ``traces``, ``events`` or ``files``.
    ids
        Split to the ids in it, in the order of the data.
    left_out
        Reason to the ids that are in no split.
    counts
        Split to number of items, events and stations.
    shared
        How many events and stations are in several splits: 0 of what the split is by.
    """

    settings: SplitSettings
    kind: str
    ids: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, tuple[str, ...]]
    counts: Mapping[str, Mapping[str, int]]
    shared: Mapping[str, int]


def split_dataset(opened: OpenedDataset, settings: SplitSettings) -> Split:
    """Return a split of labelled traces, of a catalogue, or of the files of continuous records.

    Parameters
    ----------
    opened
        As ``open_any`` returns it. Of a dataset with both records and events, the events count
        for splits by time and region, the records for those by station.
    settings
        How to split.

    Raises
    ------
    SettingsError
        If the data cannot be split that way.
    DataError
        If a split would be empty, or an item has no place, time, event or station.
    NothingFoundError
        If there is nothing to split.
    """
    if opened.labelled is not None:
        return split_items(_traces(opened.labelled.metadata), settings, "traces")
    if opened.catalogues and not (settings.by == "station" and opened.records):
        if settings.by in ("event", "station"):
            raise SettingsError(
                f"a catalogue cannot be split by {settings.by}: events near one another in space "
                "and time would lie on both sides; use --by time or --by region"
            )
        return split_items(_events(opened), settings, "events")
    if opened.records:
        if settings.by in ("event", "region"):
            raise SettingsError(
                f"records without labels cannot be split by {settings.by}; use --by station or "
                "--by time"
            )
        return split_items(_files(opened), settings, "files")
    raise NothingFoundError(f"{opened.path} holds nothing to split")


def _traces(table: pd.DataFrame) -> pd.DataFrame:
    absent = pd.Series(np.nan, index=table.index)
    starts = table.get("trace_start_time", absent)
    place = {
        name: pd.to_numeric(
            table.get(f"source_{name}_deg", absent).fillna(
                table.get(f"station_{name}_deg", absent)
            ),
            errors="coerce",
        )
        for name in ("longitude", "latitude")
    }
    return pd.DataFrame(
        {
            "id": table["trace_name"].astype(str),
            "event": event_names(table),
            "station": station_names(table),
            "time_s": _posix(table.get("source_origin_time", absent).fillna(starts)),
            **place,
        }
    )


def _events(opened: OpenedDataset) -> pd.DataFrame:
    raw = opened.read_catalogue()
    table = pd.DataFrame() if raw is None else raw.table
    return pd.DataFrame(
        {
            "id": table["event_id"],
            "event": table["event_id"],
            "station": "",
            "time_s": _posix(table["time"]),
            "longitude": table["longitude"],
            "latitude": table["latitude"],
        }
    )


def _files(opened: OpenedDataset) -> pd.DataFrame:
    root = opened.path if opened.path.is_dir() else opened.path.parent
    rows = []
    for path in opened.records:
        try:
            headers = scan_fragments(path)
        except SourceError:
            continue  # `data check` tells of it
        codes = sorted({f"{one.network}.{one.station}" for one in headers})
        start_s = min((one.start_ns for one in headers), default=0) / NANOSECONDS
        if headers:
            rows.append((path.relative_to(root).as_posix(), "", "+".join(codes), start_s))
    table = pd.DataFrame(rows, columns=["id", "event", "station", "time_s"])
    return table.assign(longitude=np.nan, latitude=np.nan)


def _posix(times: "pd.Series[Any]") -> NDArray[np.float64]:
    parsed = pd.to_datetime(times, format="ISO8601", utc=True, errors="coerce")
    epoch = pd.Timestamp("1970-01-01", tz="UTC")
    return np.asarray((parsed - epoch) / pd.Timedelta(seconds=1), dtype=np.float64)


def split_items(items: pd.DataFrame, settings: SplitSettings, kind: str) -> Split:
    """Return a split of a table of items.

    Parameters
    ----------
    items
        ``id``, ``event`` and ``station`` as text (empty where there is none), ``time_s`` since
        1970, ``longitude``, ``latitude`` (NaN where unknown). Items without event are noise.
    settings
        How to split.
    kind
        What the ids name.

    Raises
    ------
    DataError
        If ids repeat, a split would be empty, or something would be in two splits.
    """
    items = items.reset_index(drop=True)
    repeated = items["id"][items["id"].duplicated()]
    if len(items) == 0:
        raise NothingFoundError("there is nothing to split")
    if len(repeated):
        raise DataError(
            f"{len(repeated)} ids repeat, first {repeated.iloc[0]!r}; remove these rows"
        )
    group = _groups(items, settings)
    usable = items[group != ""]
    if usable.empty:
        raise DataError(f"no item has what a split by {settings.by} needs; see `data check`")
    if settings.by == "time":
        split = _by_time(usable, group[usable.index].astype(float), settings)
    else:
        split = _by_group(usable, group[usable.index], settings)
    reasons = {f"no {settings.by}": items["id"][group == ""]}
    reasons["in the purge gap"] = usable["id"][split == ""]
    counts = {
        name: {
            "items": int((split == name).sum()),
            "events": _n_names(usable["event"][split == name]),
            "stations": _n_names(usable["station"][split == name]),
        }
        for name in settings.shares
    }
    shared = {name: _n_shared(usable[name], split) for name in ("event", "station")}
    _require_sound(settings, counts, shared)
    return Split(
        settings,
        kind,
        {name: tuple(usable["id"][split == name]) for name in settings.shares},
        {reason: tuple(ids) for reason, ids in reasons.items() if len(ids)},
        counts,
        shared,
    )


def _groups(items: pd.DataFrame, settings: SplitSettings) -> "pd.Series[str]":
    """Return what each item must stay together with; empty where that is not known."""
    if settings.by == "station":
        return items["station"]
    event = items["event"].where(items["event"] != "", "alone " + items["id"])
    if settings.by == "event":
        noise = ("station " + items["station"]).where(items["station"] != "", "")
        return ("event " + items["event"]).where(items["event"] != "", noise)
    if settings.by == "time":
        first_s = items["time_s"].groupby(event).transform("min")
        return first_s.map(repr).where(first_s.notna(), "")
    latitude = items["latitude"].groupby(event).transform("first")
    longitude = items["longitude"].groupby(event).transform("first")
    row = np.floor(latitude * _KM_A_DEGREE / settings.block_km)
    middle_deg = np.clip((row + 0.5) * settings.block_km / _KM_A_DEGREE, -89.0, 89.0)
    east_km = (longitude % 360.0) * _KM_A_DEGREE * np.cos(np.radians(middle_deg))
    column = np.floor(east_km / settings.block_km)
    names = "block " + row.map(str) + " " + column.map(str)
    is_known = (row.notna() & column.notna()).to_numpy()
    return pd.Series(np.where(is_known, names, "").astype(str), index=items.index)


def _by_group(
    items: pd.DataFrame, group: "pd.Series[str]", settings: SplitSettings
) -> "pd.Series[str]":
    table = pd.DataFrame({"source_id": group})
    if settings.by == "event":  # noise by its own shares
        is_noise = items["event"] == ""
        table["trace_category"] = np.where(is_noise, "noise", "earthquake")
        table["station_code"] = group
    try:
        split: pd.Series[str] = split_by_event(table, settings.shares, settings.seed)["split"]
    except DataError as error:
        shares = ", ".join(f"{name} {share:g}" for name, share in settings.shares.items())
        raise DataError(
            f"too few {_GROUP_NAMES[settings.by]} ({group.nunique()}) for the shares {shares}: a "
            f"split would be empty; give it a larger share, or {_REMEDIES[settings.by]}"
        ) from error
    return split


def _by_time(
    items: pd.DataFrame, time_s: "pd.Series[float]", settings: SplitSettings
) -> "pd.Series[str]":
    ordered = np.sort(time_s.to_numpy())
    names = list(settings.shares)
    edges = np.round(np.cumsum(list(settings.shares.values()))[:-1] * len(ordered)).astype(int)
    borders = ordered[np.minimum(edges, len(ordered) - 1)]
    block = np.searchsorted(borders, time_s, side="right")
    following = np.r_[borders, np.inf][block]
    is_purged = time_s.to_numpy() >= following - settings.purge_gap_s
    chosen = np.where(is_purged, "", np.array(names, dtype=object)[block])
    return pd.Series(chosen.astype(str), index=items.index)


def _n_names(names: "pd.Series[str]") -> int:
    return int(names[names != ""].nunique())


def _n_shared(names: "pd.Series[str]", split: "pd.Series[str]") -> int:
    is_known = (names != "") & (split != "")
    return int((split[is_known].groupby(names[is_known]).nunique() > 1).sum())


def _require_sound(
    settings: SplitSettings,
    counts: Mapping[str, Mapping[str, int]],
    shared: Mapping[str, int],
) -> None:
    empty = [name for name, share in settings.shares.items() if share and not counts[name]["items"]]
    if empty:
        raise DataError(
            f"the split {empty[0]!r} with a share of {settings.shares[empty[0]]:g} gets nothing; "
            "give it a larger share, or a smaller purge gap or block"
        )
    leaks = [name for name in _MUST_NOT_SHARE[settings.by] if shared[name]]
    if leaks:
        raise DataError(f"{shared[leaks[0]]} {leaks[0]}s are in several splits; report this fault")
