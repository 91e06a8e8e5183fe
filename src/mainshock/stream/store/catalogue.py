"""The catalogue for long times: settled events and picks as Parquet, a file a day, asked by SQL."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mainshock.core.errors import DataError, SourceError
from mainshock.core.files import make_folder, replacing
from mainshock.stream.records import LivePick
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.queries import EventQuery

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

__all__ = ["CatalogueExport", "export_catalogue", "query_catalogue"]

Rows = dict[str, dict[str, Any] | None]  # by identity; None: not to be told, such as cancelled
Kind = Literal["pick", "event"]
_COLUMNS: dict[Kind, tuple[str, ...]] = {
    "event": (
        *("event_id", "version", "time", "longitude", "latitude", "depth_km"),
        *("magnitude", "magnitude_type", "magnitude_sd"),
        *("time_sd_s", "east_sd_km", "north_sd_km", "depth_sd_km", "region68_km2", "region95_km2"),
        *("n_picks", "n_stations", "quality", "flags", "models", "issued", "is_synthetic"),
    ),
    "pick": (
        *("pick_id", "version", "time", "network", "station", "location", "instrument", "phase"),
        *("probability", "sigma_s", "model", "event_id"),
        *("back_azimuth_deg", "back_azimuth_sigma_deg", "incidence_deg", "issued", "is_synthetic"),
    ),
}
_TIMES = ("time", "issued")
_COUNTS = ("version", "n_picks", "n_stations")
_TEXTS = (
    *("event_id", "pick_id", "magnitude_type", "quality", "flags", "models"),
    *("network", "station", "location", "instrument", "phase", "model"),
)
_LAST_CHANGE = "exported.json"
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CatalogueExport:
    """What an export wrote: how many files, and the last change of the store that it knows."""

    files: int
    change: int


def export_catalogue(store: LiveStore, folder: Path) -> CatalogueExport:
    """Write the days whose settled events or picks changed since the last export.

    Files are ``events/date=YYYY-MM-DD/events.parquet`` and the same for picks, with zstd. What a
    file tells and the store keeps no more stays in the file; what was cancelled or moved to
    another day leaves it. An export that was interrupted is made good by the next one.

    Raises
    ------
    SourceError
        If the folder cannot be written.
    DataError
        If a file in it is no part of a catalogue.
    """
    make_folder(folder)
    change = store.latest_change()
    last = _last_change(folder / _LAST_CHANGE)
    files = 0
    for kind in ("event", "pick"):
        days = set(store.changed_days(kind, last))
        # what moved across midnight must leave the day before or after
        beside = {day + step for day in days for step in (-_ONE_DAY, _ONE_DAY)}
        files += sum(_export_day(store, folder, kind, day) for day in sorted(days | beside))
    with replacing(folder / _LAST_CHANGE) as temporary:
        temporary.write_text(json.dumps({"change": change}), encoding="utf-8")
    return CatalogueExport(files, change)


def _last_change(path: Path) -> int:
    if not path.is_file():
        return 0
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["change"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} does not tell the last change exported: {error!r}; delete it to export again"
        ) from error


def _export_day(store: LiveStore, folder: Path, kind: Kind, day: date) -> int:
    """Bring the file of a day up to date; returns how many files were written: 0 or 1."""
    path = folder / f"{kind}s" / f"date={day.isoformat()}" / f"{kind}s.parquet"
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = start + _ONE_DAY - timedelta(microseconds=1)
    rows_of, rows_named = _FINDERS[kind]
    former = _read_rows(path, kind)
    rows: Rows = {**former, **rows_of(store, start, end)}
    elsewhere = [identity for identity in former if rows[identity] is former[identity]]
    for identity, row in rows_named(store, elsewhere).items():
        rows[identity] = row if row is not None and start <= row["time"] <= end else None
    told = [row for row in rows.values() if row is not None]
    told.sort(key=lambda row: (row["time"], row[f"{kind}_id"]))
    if told == sorted(former.values(), key=lambda row: (row["time"], row[f"{kind}_id"])):
        return 0
    _write_rows(path, kind, told)
    return 1


def _events_of(store: LiveStore, start: datetime, end: datetime) -> Rows:
    return _event_rows(store, EventQuery(start=start, end=end, include_cancelled=True, limit=None))


def _events_named(store: LiveStore, identities: Sequence[str]) -> Rows:
    query = EventQuery(event_ids=tuple(identities), include_cancelled=True, limit=None)
    return _event_rows(store, query)


def _event_rows(store: LiveStore, query: EventQuery) -> Rows:
    return {one["event_id"]: _event_row(one) for one in store.event_summaries(query)}


def _event_row(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    if summary["kind"] == "cancel" or summary["status"] not in ("settled", "reviewed"):
        return None
    row = {name: summary[name] for name in _COLUMNS["event"]}
    row["time"] = datetime.fromisoformat(summary["time"])
    row["issued"] = datetime.fromisoformat(summary["issued"])
    row["flags"] = ";".join(summary["flags"])
    row["models"] = json.dumps(summary["models"], sort_keys=True)
    return row


def _picks_of(store: LiveStore, start: datetime, end: datetime) -> Rows:
    found = store.picks(start, end, limit=None, include_cancelled=True)
    return {one.pick_id: _pick_row(one) for one in found}


def _picks_named(store: LiveStore, identities: Sequence[str]) -> Rows:
    found = (store.pick(identity) for identity in identities)
    return {one.pick_id: _pick_row(one) for one in found if one is not None}


def _pick_row(live: LivePick) -> dict[str, Any] | None:
    if live.kind == "cancel" or live.status != "settled":
        return None
    own = ("pick_id", "version", "instrument", "issued", "is_synthetic")
    return {name: getattr(live if name in own else live.pick, name) for name in _COLUMNS["pick"]}


_Finders = tuple[
    Callable[[LiveStore, datetime, datetime], Rows], Callable[[LiveStore, Sequence[str]], Rows]
]
_FINDERS: dict[Kind, _Finders] = {
    "event": (_events_of, _events_named),
    "pick": (_picks_of, _picks_named),
}


def _schema(kind: Kind) -> "pa.Schema":
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only exports need it

    types = dict.fromkeys(_COLUMNS[kind], pa.float64())
    types |= dict.fromkeys(_TIMES, pa.timestamp("us", tz="UTC")) | {"is_synthetic": pa.bool_()}
    types |= dict.fromkeys(_COUNTS, pa.int32()) | dict.fromkeys(_TEXTS, pa.string())
    return pa.schema([(name, types[name]) for name in _COLUMNS[kind]])


def _read_rows(path: Path, kind: Kind) -> dict[str, dict[str, Any]]:
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    if not path.is_file():
        return {}
    try:
        table = pq.ParquetFile(path).read(columns=list(_COLUMNS[kind]))
        rows = [
            {**row, **{name: row[name].astimezone(UTC) for name in _TIMES}}
            for row in table.to_pylist()
        ]
    except (pa.ArrowException, OSError, KeyError) as error:
        raise DataError(
            f"{path} is no part of a catalogue: {error}; move it away and export again"
        ) from error
    return {row[f"{kind}_id"]: row for row in rows}


def _write_rows(path: Path, kind: Kind, rows: Sequence[Mapping[str, Any]]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    if not rows:
        path.unlink(missing_ok=True)
        return
    make_folder(path.parent)
    table = pa.Table.from_pylist(list(rows), schema=_schema(kind))
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def query_catalogue(
    folder: Path,
    sql: str,
    values: Mapping[str, Any] | None = None,  # whatever DuckDB takes as a value
    memory_mb: int = 512,
) -> "pa.Table":
    """Return the answer to a question to the exported catalogue, as an Arrow table.

    Parameters
    ----------
    folder
        Where ``export_catalogue`` wrote.
    sql
        One SELECT in DuckDB's SQL on the views ``events`` and ``picks``, whose column ``date``
        is the day. A condition on ``date`` leaves the files of other days unread.
    values
        For ``$name`` in the text: the one safe way to bring in what users typed.
    memory_mb
        What DuckDB may use.

    Raises
    ------
    SourceError
        If the folder does not exist.
    DataError
        If it is not one SELECT, or DuckDB cannot answer it.

    Notes
    -----
    The question can change nothing, and reads no file outside the folder.
    """
    import duckdb  # noqa: PLC0415 - heavy, and only questions to the catalogue need it

    if not folder.is_dir():
        raise SourceError(f"{folder} does not exist; export the catalogue there first")
    with duckdb.connect(config={"memory_limit": f"{memory_mb}MB", "threads": 1}) as connection:
        try:
            _set_up(connection, folder.resolve())
            asked = connection.extract_statements(sql)
            if len(asked) != 1 or asked[0].type != duckdb.StatementType.SELECT:
                raise DataError("the catalogue answers one SELECT at a time, and nothing else")
            return connection.sql(asked[0], params=values or {}).to_arrow_table()
        except duckdb.Error as error:
            raise DataError(f"the catalogue cannot answer: {error}") from error


def _set_up(connection: "duckdb.DuckDBPyConnection", folder: Path) -> None:
    """Make the views, then shut everything else."""
    quoted = str(folder).replace("'", "''")
    connection.execute("SET TimeZone = 'UTC'")
    for kind in _COLUMNS:
        if any((folder / f"{kind}s").glob("date=*/*.parquet")):
            rows = f"read_parquet('{quoted}/{kind}s/date=*/*.parquet', hive_partitioning = true)"
        else:
            connection.register("nothing", _schema(kind).empty_table())
            rows = "(SELECT *, NULL::DATE AS date FROM nothing)"
        made = "VIEW" if rows.startswith("read") else "TABLE"
        connection.execute(f"CREATE {made} {kind}s AS SELECT * FROM {rows}")  # noqa: S608 - ours
    connection.execute(f"SET allowed_directories = ['{quoted}']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
