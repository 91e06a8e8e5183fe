"""The message log between stages: what a bus promises, and what a stage is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

__all__ = ["TOPICS", "Bus", "Delivery", "Message", "Stage"]

TOPICS = (
    *("waveform.v1", "pick.v1", "settled.v1", "review.v1", "event.v1", "context.v1"),
    *("shaking.v1", "forecast.v1", "alert.v1", "health.v1", "deadletter.v1"),
)
"""Names carry the version of their messages' schema."""

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Message:
    """What one stage tells the next.

    Parameters
    ----------
    topic
        One of ``TOPICS``.
    key
        Messages of one key stay in order: ``NET.STA`` for records and picks.
    identity
        The same for the same fact: a stage that runs again after a crash makes the same identity
        again, and whoever stores it overwrites. ``NET.STA.LOC.CHA@start_ns+n`` for a record, id
        and version for a pick or an event.
    value
        A miniSEED record, or a JSON document.
    data_ns
        The time that the message is about, nanoseconds since 1970.
    arrival_ns
        When the packet behind it arrived, nanoseconds since 1970.
    trace
        Follows one packet from arrival to alert in the logs.
    """

    topic: str
    key: str
    identity: str
    value: bytes
    data_ns: int
    arrival_ns: int
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message with its place in its topic: ``offset`` grows, gaps are possible."""

    offset: int
    message: Message


class Bus(Protocol):
    """An ordered, durable log of messages; each consumer remembers how far it read.

    Delivery is at least once: a consumer that stops between its work and its commit sees the
    messages after its last commit again.
    """

    def publish(self, messages: Sequence[Message]) -> None:
        """Append messages; they are durable when this returns."""
        ...

    def read(
        self, consumer: str, topics: Sequence[str], limit: int, timeout_s: float
    ) -> list[Delivery]:
        """Return the next messages of some topics that this consumer did not read yet, in order.

        Waits until there is one, at most ``timeout_s``; then an empty list.
        """
        ...

    def commit(
        self, consumer: str, state: bytes | memoryview | None = None, told: Sequence[Message] = ()
    ) -> None:
        """Remember, in one step, that all deliveries so far are done, and the state after them.

        ``told`` is published in the same step: a consumer that commits what it has to tell never
        tells the same fact twice in two ways.
        """
        ...

    def committed_state(self, consumer: str) -> bytes | None:
        """Return the state of the last commit; reading goes on after the messages it includes."""
        ...

    def backlog(self, consumer: str, topics: Sequence[str]) -> int:
        """Return how many messages wait for a consumer."""
        ...

    def forget_others(self, consumers: Collection[str]) -> None:
        """Drop every consumer but these, which are all that there will be."""
        ...

    def close(self) -> None:
        """Release files and connections."""
        ...


class Stage(Protocol, Generic[State]):
    """A step of the live path: a function of state and messages, with nothing else to remember.

    ``step`` may reuse the state it is given, which is the caller's no more. It reads no clock, so
    that the same messages give the same results, live and in a replay.
    """

    @property
    def name(self) -> str:
        """Its name as a consumer of the bus."""
        ...

    @property
    def topics(self) -> tuple[str, ...]:
        """What it reads."""
        ...

    def start(self) -> State:
        """Return the state before the first message."""
        ...

    def step(self, state: State, messages: Sequence[Message]) -> tuple[State, list[Message]]:
        """Return the state after some messages in order, and what they give rise to.

        How messages are divided among calls changes nothing but the work that one call does.
        """
        ...

    def finish(self, state: State) -> tuple[State, list[Message]]:
        """Return what is left to say when no message will come any more."""
        ...

    def snapshot(self, state: State) -> bytes | memoryview:
        """Return the state as bytes, to be committed."""
        ...

    def restore(self, snapshot: bytes) -> State:
        """Return the state that bytes of ``snapshot`` hold."""
        ...
