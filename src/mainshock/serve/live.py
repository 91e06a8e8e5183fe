"""``/api/v1/live``: traces, picks, events and alerts as they come, over a WebSocket.

One task looks for news in the store, for all clients. Each client has a loop of its own that
sends what it is still to be told, four times a second: while a slow client is not ready for more,
nothing is made for it, and what it gets then is the newest.
"""

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Literal

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from mainshock import __version__
from mainshock.core.times import format_utc
from mainshock.serve import sentences
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import STORE_AWAY
from mainshock.serve.metrics import ServiceMetrics
from mainshock.serve.routes.health import status_of
from mainshock.serve.schemas import EventSummary
from mainshock.serve.summaries import alert_summary, health_data, pick_summary
from mainshock.serve.trace_feed import TraceFeed
from mainshock.sources.fragments import datetime_from_ns
from mainshock.stream.store.database import StoreError
from mainshock.stream.store.queries import EventQuery

__all__ = [
    "Connection",
    "LiveHub",
    "News",
    "Ping",
    "Subscribe",
    "router",
]

MOST_CONNECTIONS = 64
MOST_BINS = 1_000_000
_MOST_PENDING = 2000
_MOST_CHANGES = 500
_PERIOD_S = 0.25
_TURNS_A_SECOND = 4
_TURNS_A_HEALTH = 20
_SHORTEST_READ_S = 0.02
_TRY_AGAIN_LATER = 1013
_log = logging.getLogger(__name__)

Key = tuple[str, str]
_Trace = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]


class Subscribe(BaseModel):
    """Which traces a client wants, over how many seconds, in how many bins."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["subscribe"]
    traces: Annotated[list[_Trace], Field(max_length=1000)]
    seconds: Annotated[float, Field(ge=1.0, le=3600.0, allow_inf_nan=False)] = 60.0
    pixels: Annotated[int, Field(ge=10, le=4000)] = 800

    @model_validator(mode="after")
    def _is_bounded(self) -> "Subscribe":
        n_bins = len(self.traces) * self.pixels
        if n_bins > MOST_BINS:
            raise ValueError(
                f"traces times pixels is {n_bins}; it must be at most {MOST_BINS}: ask for fewer"
            )
        return self


class Ping(BaseModel):
    """Asks for an answer."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["ping"]


_MESSAGES: TypeAdapter[Subscribe | Ping] = TypeAdapter(
    Annotated[Subscribe | Ping, Field(discriminator="type")]
)


@dataclass(frozen=True, slots=True)
class News:
    """A message to all clients; a newer one of the same key takes its place."""

    key: Key
    text: str


class Connection:
    """One client: what waits for it, and the traces it wants."""

    def __init__(
        self,
        websocket: WebSocket,
        context: ServiceContext,
        metrics: ServiceMetrics,
        limiter: CapacityLimiter,
        period_s: float,
    ) -> None:
        self._websocket = websocket
        self._context = context
        self._metrics = metrics
        self._limiter = limiter
        self._period_s = period_s
        self._pending: OrderedDict[Key, str] = OrderedDict()
        self._feeds: list[TraceFeed] = []

    def offer(self, news: News) -> None:
        """Let a message wait; of too many the oldest is forgotten."""
        self._pending.pop(news.key, None)
        self._pending[news.key] = news.text
        if len(self._pending) > _MOST_PENDING:
            self._pending.popitem(last=False)

    async def read(self) -> None:
        """Do what the client asks for until it leaves."""
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            await self._obey(message.get("text") or "")
            await asyncio.sleep(_SHORTEST_READ_S)

    async def send_news(self) -> None:
        """Send messages and frames as they come, until cancelled or the client leaves."""
        while True:
            while self._pending:
                _, text = self._pending.popitem(last=False)
                await self._websocket.send_text(text)
            if self._feeds:
                frames = await to_thread.run_sync(_frames, self._feeds, limiter=self._limiter)
                for frame in frames:
                    await self._websocket.send_bytes(frame)
                self._metrics.frames.inc(len(frames))
            await asyncio.sleep(self._period_s)

    async def _obey(self, text: str) -> None:
        try:
            message = _MESSAGES.validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"][1:]) or "message"
            body = {"code": "invalid_request", "message": f"{where}: {first['msg']}"}
            await self._websocket.send_text(
                json.dumps({"type": "error", "error": {**body, "detail": None}})
            )
            return
        if isinstance(message, Ping):
            await self._websocket.send_text('{"type": "pong"}')
            return
        board = self._context.board
        if board is not None:
            self._feeds = [
                TraceFeed(board, trace_id, message.seconds, message.pixels, phase)
                for phase, trace_id in enumerate(dict.fromkeys(message.traces))
            ]


class LiveHub:
    """All live clients, and the one task that looks for news for them.

    Parameters
    ----------
    context
        Store and board.
    metrics
        Where connections and frames are counted.
    clock
        Nanoseconds since 1970.
    period_s
        How often news are looked for and sent.
    """

    def __init__(
        self,
        context: ServiceContext,
        metrics: ServiceMetrics,
        clock: Callable[[], int] = time.time_ns,
        period_s: float = _PERIOD_S,
    ) -> None:
        self._context = context
        self._metrics = metrics
        self._clock = clock
        self._period_s = period_s
        self._connections: set[Connection] = set()
        self._limiter = CapacityLimiter(2)  # frames never take the threads that routes need
        self._seen: int | None = None  # the last change that was told
        self._away = ""
        self._traces: list[str] = []

    async def watch(self) -> None:
        """Look for news and offer them to all clients, until cancelled."""
        turn = 0
        while True:
            await asyncio.sleep(self._period_s)
            turn += 1
            if not self._connections:
                self._seen = None
                continue
            try:
                self._offer(await to_thread.run_sync(self._news, turn))
                self._away = ""
            except StoreError as error:
                self._tell_away(str(error))
            except Exception:  # noqa: BLE001 - whatever it was, the clients wait for more
                _log.exception("news could not be told; the next turn tries again")

    def _offer(self, told: Iterable[News]) -> None:
        for news in told:
            for connection in self._connections:
                connection.offer(news)

    def _tell_away(self, problem: str) -> None:
        """Tell clients, once, that the store is away; they stay and are told what comes later."""
        if not self._away:
            _log.warning("live clients wait for news: %s", problem)
        self._away = problem
        self._offer([self._state()])

    async def serve(self, websocket: WebSocket) -> None:
        """Keep one client informed until it leaves."""
        await websocket.accept()
        if len(self._connections) >= MOST_CONNECTIONS:
            await websocket.close(_TRY_AGAIN_LATER, "too many live connections")
            return
        connection = Connection(
            websocket, self._context, self._metrics, self._limiter, self._period_s
        )
        if self._seen is None:
            with suppress(StoreError):  # the next turn asks again, and tells
                self._seen = await to_thread.run_sync(self._context.store.latest_change)
        connection.offer(self._hello())
        connection.offer(_news("traces", "", list(self._context.board or ())))
        connection.offer(await to_thread.run_sync(self._state))
        self._connections.add(connection)
        self._metrics.connections.set(len(self._connections))
        try:
            await _until_first_ends(connection)
        finally:
            self._connections.discard(connection)
            self._metrics.connections.set(len(self._connections))

    def _hello(self) -> News:
        data = {
            "server_time": format_utc(datetime_from_ns(self._clock())),
            "source": self._context.source,
            "is_synthetic": self._context.is_synthetic,
            "is_live": self._context.is_live,
            "version": __version__,
            "stream_time": self._stream_time(),
        }
        return _news("hello", "", data)

    def _state(self) -> News:
        """Return whether all works; what is stored alone has no live input that could fail."""
        reason = self._context.is_ready() or (STORE_AWAY if self._away else "")
        is_stored = self._context.board is None
        data = {
            "status": status_of(reason),
            "reason": reason,
            "reason_told": [asdict(one) for one in sentences.KNOWN.told_parts(reason)],
            "is_stored": is_stored,
        }
        return _news("state", "", data)

    def _stream_time(self) -> str | None:
        board = self._context.board
        ends_ns = [board.end_ns(trace) or 0 for trace in board] if board is not None else []
        newest: datetime | None = datetime_from_ns(max(ends_ns)) if ends_ns else None
        return None if newest is None else format_utc(newest)

    def _news(self, turn: int) -> list[News]:
        """Return what is new; runs in a thread."""
        found = self._changes()
        traces = list(self._context.board or ())
        if traces != self._traces:
            self._traces = traces
            found.append(_news("traces", "", traces))
        if turn % _TURNS_A_SECOND == 0:
            found.append(_news("time", "", {"stream_time": self._stream_time()}))
            found.append(self._state())
        if turn % _TURNS_A_HEALTH == 0:
            states = [health_data(one) for one in self._context.store.health()]
            found.append(_news("health", "", [one.model_dump(mode="json") for one in states]))
        return found

    def _changes(self) -> list[News]:
        store = self._context.store
        if self._seen is None:  # the store was away when the first client came
            self._seen = store.latest_change()
        elif self._away and store.latest_change() < self._seen:  # another one is in its place
            self._seen = 0
        changes = store.changes(self._seen, _MOST_CHANGES)
        changed: dict[str, dict[str, int]] = {"pick": {}, "event": {}, "alert": {}}
        for change in changes:
            changed.setdefault(change.kind, {})[change.identity] = change.version
        found: list[News] = []
        for pick_id in changed["pick"]:
            pick = store.pick(pick_id)
            if pick is not None:
                found.append(_news("pick", pick_id, pick_summary(pick)))
        if changed["event"]:
            query = EventQuery(
                event_ids=tuple(changed["event"]), include_cancelled=True, order="time", limit=None
            )
            found += [
                _news("event", one["event_id"], EventSummary(**one))
                for one in store.event_summaries(query)
            ]
        if changed["alert"]:
            found += [
                _news("alert", alert.alert_id, alert_summary(alert))
                for alert in reversed(store.alerts(limit=_MOST_CHANGES))
                if changed["alert"].get(alert.alert_id) == alert.version
            ]
        if changes:
            self._seen = changes[-1].sequence
        return found


def router(hub: LiveHub) -> APIRouter:
    """Return the route of live connections."""
    routes = APIRouter()

    @routes.websocket("/api/v1/live")
    async def live(websocket: WebSocket) -> None:
        """Tell a client what happens as it happens."""
        await hub.serve(websocket)

    return routes


def _news(kind: str, identity: str, data: object) -> News:
    held = data.model_dump(mode="json") if isinstance(data, BaseModel) else data
    return News((kind, identity), json.dumps({"type": kind, "data": held}))


def _frames(feeds: list[TraceFeed]) -> list[bytes]:
    return [frame for feed in feeds if (frame := feed.frame()) is not None]


async def _until_first_ends(connection: Connection) -> None:
    """Read and send until one of the two ends; a client that left is no error."""
    tasks = {asyncio.create_task(connection.read()), asyncio.create_task(connection.send_news())}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, WebSocketDisconnect):
            _log.error("a live connection failed", exc_info=error)
