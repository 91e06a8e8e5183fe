"""The bus inside the process: a log in one SQLite file, with no broker to run."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.core.files import make_folder
from mainshock.stream.bus import Delivery, Message

__all__ = ["EmbeddedBus"]

_log = logging.getLogger(__name__)
_FORMAT = 1
_TABLES = """
CREATE TABLE messages (
    "offset" INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, key TEXT NOT NULL,
    identity TEXT NOT NULL, data_ns INTEGER NOT NULL, arrival_ns INTEGER NOT NULL,
    trace TEXT NOT NULL, published_ns INTEGER NOT NULL, value BLOB NOT NULL);
CREATE INDEX messages_by_topic ON messages (topic, "offset");
CREATE TABLE positions (
    consumer TEXT NOT NULL, topic TEXT NOT NULL, "offset" INTEGER NOT NULL,
    PRIMARY KEY (consumer, topic)) WITHOUT ROWID;
CREATE TABLE states (consumer TEXT PRIMARY KEY, state BLOB);
"""
_INSERT = """INSERT INTO messages
    (topic, key, identity, data_ns, arrival_ns, trace, published_ns, value)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_SELECT = """SELECT "offset", topic, key, identity, value, data_ns, arrival_ns, trace
    FROM messages WHERE topic = ? AND "offset" > ?"""
_TOPICS_KEPT = """WITH RECURSIVE kept(topic) AS (
    SELECT min(topic) FROM messages UNION ALL
    SELECT (SELECT min(topic) FROM messages WHERE topic > kept.topic) FROM kept
    WHERE kept.topic IS NOT NULL)
    SELECT topic, (SELECT min("offset") FROM positions WHERE positions.topic = kept.topic)
    FROM kept WHERE topic IS NOT NULL"""  # looks up each topic once, not each message
_TRIM = """DELETE FROM messages WHERE "offset" IN (
    SELECT "offset" FROM (
        SELECT "offset", published_ns FROM messages WHERE topic = ? AND "offset" <= ?
        ORDER BY "offset" LIMIT ?)
    WHERE published_ns < ? OR published_ns > ?)"""  # or the clock ran ahead once
_MAX_OFFSET = 2**63 - 1
_TRIM_EVERY, _TRIMMED_AT_ONCE = 1000, 2000  # messages: more go than come, none waits for long
_BUSY_S = 10.0
_LOOK_AGAIN_S = 1.0  # other processes cannot wake a reader


class EmbeddedBus:
    """A durable log of messages in one SQLite file, written ahead (WAL).

    Parameters
    ----------
    path
        The file; it is made where it is missing.
    clock
        Nanoseconds since 1970, for the age of messages.
    keep_s
        A message stays at least so long. After that it goes once every consumer of its topic has
        committed it. A consumer counts from its first ``read`` on, through restarts; what was
        published longer ago than this before that read may be gone.
    synchronous
        ``"normal"``: what was published survives the end of the process, however it ends, but
        the last moments may be lost when the machine loses power. ``"full"``: they survive that
        as well, and each publication waits for the disk.

    Raises
    ------
    SourceError
        If the file cannot be opened or is no bus.
    DataError
        If another version of the program wrote it.
    SettingsError
        If a setting makes no sense.

    Notes
    -----
    Offsets grow over all topics, so the order of several topics read together is that of
    publication. A consumer is one thread at a time; different consumers may read in different
    threads. A new consumer starts with the oldest message that is kept. ``committed_state``
    returns to the last commit, so that a consumer that failed can begin again without a restart.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        clock: Callable[[], int] = time.time_ns,
        keep_s: float = 600.0,
        synchronous: Literal["normal", "full"] = "normal",
    ) -> None:
        if synchronous not in ("normal", "full"):
            raise SettingsError(f"synchronous is {synchronous!r}; it must be normal or full")
        if keep_s < 0:
            raise SettingsError(f"keep_s is {keep_s:g}; it must be 0 or more")
        self.path = Path(path)
        self._clock = clock
        self._keep_ns = round(keep_s * 1e9)
        make_folder(self.path.parent)
        self._writer = _opened(self.path, synchronous)
        self._reader = _opened(self.path, synchronous)
        self._writing, self._reading = threading.RLock(), threading.Lock()
        self._news = threading.Condition()
        self._publications = 0
        self._since_trim = 0
        self._is_closed = False
        self._positions: dict[str, dict[str, int]] = {}

    def publish(self, messages: Sequence[Message]) -> None:
        """Append messages, all or none of them; they are durable when this returns.

        Raises
        ------
        SourceError
            If the file cannot be written, such as on a full disk.
        """
        if not messages:
            return
        with self._transaction() as writer:
            self._append(writer, messages)
        self._tell_news()

    def _append(self, writer: sqlite3.Connection, messages: Sequence[Message]) -> None:
        now_ns = self._clock()
        rows = [
            (m.topic, m.key, m.identity, m.data_ns, m.arrival_ns, m.trace, now_ns, m.value)
            for m in messages
        ]
        writer.executemany(_INSERT, rows)
        self._since_trim += len(rows)

    def _tell_news(self) -> None:
        with self._news:
            self._publications += 1
            self._news.notify_all()
        if self._since_trim >= _TRIM_EVERY:
            try:
                self.trim()
            except SourceError as error:  # what was published is there all the same
                self._since_trim = 0
                _log.warning("old messages are not dropped: %s", error)

    def read(
        self, consumer: str, topics: Sequence[str], limit: int, timeout_s: float
    ) -> list[Delivery]:
        """Return the next messages of some topics that this consumer did not read yet, in order.

        Waits until there is one, at most ``timeout_s``; then, or when the bus is closed
        meanwhile, an empty list.

        Raises
        ------
        SettingsError
            If no topic is named.
        SourceError
            If the file cannot be read.
        """
        if not topics:
            raise SettingsError("no topic is named; a consumer reads at least one")
        end_s = time.monotonic() + timeout_s
        while not self._is_closed:
            seen = self._publications
            found = self._read_now(consumer, topics, limit)
            left_s = end_s - time.monotonic()
            if found or left_s <= 0:
                return found
            with self._news:
                if self._publications == seen and not self._is_closed:
                    self._news.wait(min(left_s, _LOOK_AGAIN_S))
        return []

    def commit(
        self, consumer: str, state: bytes | memoryview | None = None, told: Sequence[Message] = ()
    ) -> None:
        """Remember, in one step, that all deliveries so far are done, and the state after them.

        Messages ``told`` are published in the same transaction.

        Raises
        ------
        SourceError
            If the file cannot be written; then nothing is remembered or published.
        """
        positions = self._positions_of(consumer, ())
        rows = [(consumer, topic, offset) for topic, offset in positions.items()]
        with self._transaction() as writer:
            self._append(writer, told)
            writer.executemany("REPLACE INTO positions VALUES (?, ?, ?)", rows)
            _write_state(writer, consumer, state)
        if told:
            self._tell_news()

    def committed_state(self, consumer: str) -> bytes | None:
        """Return the state of the last commit; reading goes on after the messages it includes."""
        self._positions.pop(consumer, None)
        rows = self._rows("SELECT state FROM states WHERE consumer = ?", (consumer,))
        return rows[0][0] if rows else None

    def backlog(self, consumer: str, topics: Sequence[str]) -> int:
        """Return how many messages a consumer has not read yet."""
        # who only asks, from whatever thread, becomes no consumer and moves none
        positions = self._positions.get(consumer) or self._committed(consumer)
        statement = 'SELECT count(*) FROM messages WHERE topic = ? AND "offset" > ?'
        counted = (self._rows(statement, (topic, positions.get(topic, 0))) for topic in topics)
        return sum(rows[0][0] for rows in counted)

    def forget(self, consumer: str) -> None:
        """Drop the positions and the state of a consumer that will not come back.

        As long as a consumer is known, what it has not committed is kept.
        """
        self._positions.pop(consumer, None)
        with self._transaction() as writer:
            writer.execute("DELETE FROM positions WHERE consumer = ?", (consumer,))
            writer.execute("DELETE FROM states WHERE consumer = ?", (consumer,))

    def forget_others(self, consumers: Collection[str]) -> None:
        """Drop every consumer but these, which are all that there will be."""
        known = self._rows("SELECT consumer FROM positions UNION SELECT consumer FROM states", ())
        for (consumer,) in known:
            if consumer not in consumers:
                self.forget(consumer)

    def trim(self) -> int:
        """Drop some messages that are old and done, and return how many.

        ``publish`` does so by itself now and then. The file does not shrink: later messages use
        the room again.
        """
        now_ns = self._clock()
        total = 0
        with self._transaction() as writer:
            self._since_trim = 0
            for topic, committed in writer.execute(_TOPICS_KEPT).fetchall():
                done = _MAX_OFFSET if committed is None else committed
                values = (topic, done, _TRIMMED_AT_ONCE, now_ns - self._keep_ns, now_ns)
                total += writer.execute(_TRIM, values).rowcount
        return total

    def close(self) -> None:
        """Wake whoever waits, and close the file; closing twice is fine."""
        with self._news:
            self._is_closed = True
            self._news.notify_all()
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()

    def _positions_of(self, consumer: str, topics: Sequence[str]) -> dict[str, int]:
        """Return how far a consumer has read; make it known that it reads these topics."""
        positions = self._positions.get(consumer)
        if positions is None:
            positions = self._positions[consumer] = self._committed(consumer)
        added = [topic for topic in topics if topic not in positions]
        if added:
            rows = [(consumer, topic) for topic in added]
            with self._transaction() as writer:  # from now on nothing it needs is dropped
                writer.executemany("INSERT OR IGNORE INTO positions VALUES (?, ?, 0)", rows)
            positions.update(dict.fromkeys(added, 0))
        return positions

    def _committed(self, consumer: str) -> dict[str, int]:
        statement = 'SELECT topic, "offset" FROM positions WHERE consumer = ?'
        return dict(self._rows(statement, (consumer,)))

    def _read_now(self, consumer: str, topics: Sequence[str], limit: int) -> list[Delivery]:
        statement = " UNION ALL ".join([_SELECT] * len(topics)) + " ORDER BY 1 LIMIT ?"
        try:
            positions = self._positions_of(consumer, topics)
            values = [value for topic in topics for value in (topic, positions[topic])]
            rows = self._rows(statement, (*values, limit))
        except SourceError:
            if self._is_closed:  # while this thread was on its way
                return []
            raise
        for row in rows:
            positions[row[1]] = row[0]
        return [Delivery(row[0], Message(*row[1:])) for row in rows]

    def _rows(self, statement: str, values: Sequence[str | int]) -> list[Any]:  # of any columns
        with self._reading:
            try:
                return self._reader.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise SourceError(
                    f"cannot read the bus {self.path}: {error}; is it closed?"
                ) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._writing:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.Error):  # after BEGIN or COMMIT failed there is none
                    self._writer.execute("ROLLBACK")
                if not isinstance(error, sqlite3.Error):
                    raise
                raise SourceError(
                    f"cannot write the bus {self.path}: {error}; is it closed, or the disk full?"
                ) from error


def _write_state(
    writer: sqlite3.Connection, consumer: str, state: bytes | memoryview | None
) -> None:
    """Write a state page by page: as a value it would be copied twice, and may take many MB."""
    if not state:
        writer.execute("REPLACE INTO states VALUES (?, ?)", (consumer, state))
        return
    made = writer.execute("REPLACE INTO states VALUES (?, zeroblob(?))", (consumer, len(state)))
    with writer.blobopen("states", "state", made.lastrowid or 0) as blob:
        blob.write(state)


def _opened(path: Path, synchronous: str) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise SourceError(f"cannot open the bus {path}: {error}; name another file") from error
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        # pages beyond half a mebibyte come from the file cache of the system
        connection.execute("PRAGMA cache_size = -512")
        connection.execute("BEGIN IMMEDIATE")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            for statement in _TABLES.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_FORMAT}")
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        connection.close()
        raise SourceError(f"{path} is no bus: {error}; name another file") from error
    if version not in (0, _FORMAT):
        connection.close()
        raise DataError(
            f"the bus {path} has format {version}, this version writes {_FORMAT}; "
            "let the version that wrote it finish, or name another file"
        )
    return connection
