"""A process's place in the group of a stage: asked for early, used once the stage is made."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from mainshock.core.errors import SourceError
from mainshock.stream.kafka.clients import KafkaRecord

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, TopicPartition

    from mainshock.stream.kafka.bus import KafkaBus

__all__ = ["BY_KEY", "Membership", "Memberships"]

_log = logging.getLogger(__name__)
_LEAVE_S = 2.0
# group.min.session.timeout.ms of Apache Kafka, if nobody has set it
_LEAST_SESSION_S = 6.0
_LONGEST_SESSION_S = 30.0
_ALMOST_DONE_S, _LEAVING_S = 0.5, 5.0
_PATIENCE_S, _TURN_S = 20.0, 0.05
BY_KEY = {"picking": "waveform.v1"}
"""Stages whose work is shared out by station, and the topic by which; events need all stations."""
Partitions = Callable[[list[int]], None]


class Membership:
    """One member of the group of a stage.

    Parameters
    ----------
    bus
        The cluster.
    stage
        Name of the stage, which is that of the group.
    topic
        The partitions of this topic are shared out; empty: the whole work goes to one member.

    Raises
    ------
    SourceError
        If the cluster does not answer.

    Notes
    -----
    It is a member from the start on, and can wait for its work, so that brokers take their seconds
    while the stage is being made. One that was given up although it lives joins with twice the
    session, up to 30 s: machine or cluster are slower than was thought, and a place that is lost
    again and again gets no work done.
    """

    def __init__(self, bus: "KafkaBus", stage: str, topic: str = "") -> None:
        if topic:
            bus.topics.partitions(topic)
        self._bus = bus
        self._stage = stage
        self._topic = bus.topics.name(topic) if topic else bus.topics.single(f"lead.{stage}.v1")
        self._given: Partitions | None = None
        self._taken: Partitions | None = None
        self._held: set[int] = set()
        self._has_left = False
        self._session_s = bus.settings.session_s
        self._was_given_up = False
        self._member = self._joined()

    def poll(self, timeout_s: float, given: Partitions, taken: Partitions) -> str:
        """Keep the membership alive, and tell which partitions come and go.

        Those that it has been given before are told the first time. Nothing is read here: what
        comes is a fault. Returns why the place is lost for good; empty while it is not.
        """
        if self._given is None and self._held:
            given(sorted(self._held))
        self._given, self._taken = given, taken
        return self.wait(timeout_s)

    def wait(self, timeout_s: float) -> str:
        """Keep the membership alive while nobody works yet; returns as :meth:`poll` does."""
        told: KafkaRecord = self._member.poll(timeout_s)
        error: KafkaError | None = None if told is None else told.error()
        if error is not None:
            _log.info("stage %s: Kafka: %s", self._stage, error.str())
            if error.fatal():
                return f"stage {self._stage} has left its group: {error.str()}"
        if self._was_given_up:
            self._come_back()
        elif error is not None and self._is_too_short(error):
            self._stay_longer()
        return ""

    def _is_too_short(self, error: "KafkaError") -> bool:
        is_refused = bool(error.code() == error.INVALID_SESSION_TIMEOUT)
        return is_refused and self._session_s < _LEAST_SESSION_S

    def tell_offsets(self, positions: Mapping[tuple[str, int], int]) -> None:
        """Tell the cluster how far this process has read; nothing but its tools depends on it."""
        from confluent_kafka import KafkaException, TopicPartition  # noqa: PLC0415 - an extra

        places = [
            TopicPartition(topic, number, offset) for (topic, number), offset in positions.items()
        ]
        if not places:
            return
        try:
            self._member.commit(offsets=places, asynchronous=True)
        except KafkaException as error:
            _log.info("stage %s tells no offsets: %s", self._stage, error)

    def leave(self) -> None:
        """Leave the group for good, also under a name that would keep the place; once is enough."""
        from confluent_kafka import KafkaException  # noqa: PLC0415 - an extra

        if self._has_left:
            return
        self._has_left = True
        end_s = time.monotonic() + _LEAVE_S
        try:
            self._member.unsubscribe()
            while self._member.assignment() and time.monotonic() < end_s:
                self._member.poll(0.1)
        except KafkaException as error:
            _log.info("Kafka: the group is left without a word: %s", error)
        self._member.close()

    def _joined(self) -> "Consumer":
        member = self._bus.clients.member(self._stage, self._session_s)
        member.subscribe(
            [self._topic],
            on_assign=self._assigned,
            on_revoke=self._revoked,
            on_lost=self._lost,
        )
        return member

    def _stay_longer(self) -> None:
        """Join with the shortest session that brokers take by default."""
        _log.warning(
            "the Kafka cluster refuses session_s %g; %g is used", self._session_s, _LEAST_SESSION_S
        )
        self._join_again(_LEAST_SESSION_S)

    def _come_back(self) -> None:
        """Join with a longer session, where there is a longer one."""
        session_s = min(2.0 * self._session_s, _LONGEST_SESSION_S)
        if session_s > self._session_s:
            _log.warning(
                "stage %s was given up by its group after %g s without an answer; it comes back "
                "with a session of %g s",
                self._stage,
                self._session_s,
                session_s,
            )
            self._join_again(session_s)
        self._was_given_up = False

    def _join_again(self, session_s: float) -> None:
        self._session_s = session_s
        self._member.close()
        self._member = self._joined()

    def _assigned(self, member: "Consumer", places: "list[TopicPartition]") -> None:
        member.assign(places)
        member.pause(places)
        partitions = [place.partition for place in places]
        self._held.update(partitions)
        if self._given is not None:
            self._given(partitions)

    def _revoked(self, member: "Consumer", places: "list[TopicPartition]") -> None:
        del member
        partitions = [place.partition for place in places]
        self._held.difference_update(partitions)
        if self._taken is not None:
            self._taken(partitions)

    def _lost(self, member: "Consumer", places: "list[TopicPartition]") -> None:
        self._was_given_up = True
        self._revoked(member, places)


class Memberships:
    """The places of a process in the groups of its stages, asked for while the stages are made.

    Parameters
    ----------
    bus
        The cluster.
    stages
        Their names.

    Notes
    -----
    Until a stage takes its place, a thread answers the group, so that the others need not wait. A
    process that takes longer than 20 s to make its stages gives the places up again; the stages ask
    for themselves then.
    """

    def __init__(self, bus: "KafkaBus", stages: Iterable[str]) -> None:
        self._bus = bus
        self._stages = list(stages)
        self._made: list[Membership] = []
        self._kept: dict[str, Membership] = {}
        self._lock = threading.Lock()
        self._error: Exception | None = None
        self._has_asked = threading.Event()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memberships", daemon=True)
        self._thread.start()

    def take(self, stage: str) -> Membership | None:
        """Return the place for a stage, which whoever takes it leaves; None: there is none.

        Raises
        ------
        SourceError
            If the cluster does not answer.
        """
        self._has_asked.wait()
        if self._error is not None:
            raise self._error
        with self._lock:
            return self._kept.pop(stage, None)

    def leave(self) -> None:
        """Leave all groups; does not wait for a cluster that is silent."""
        self._is_over.set()
        self._thread.join(_LEAVING_S if self._has_asked.is_set() else _ALMOST_DONE_S)
        if not self._thread.is_alive():
            for one in self._made:
                one.leave()

    def _run(self) -> None:
        try:
            self._ask()
            self._has_asked.set()
            self._answer()
        except Exception as error:  # noqa: BLE001 - whoever takes a place is told
            self._error = error
        finally:
            self._has_asked.set()
        with self._lock:
            left = [self._kept.popitem()[1] for _ in range(len(self._kept))]
        for one in left:
            one.leave()

    def _answer(self) -> None:
        """Answer the groups until all places are taken."""
        end_s = time.monotonic() + _PATIENCE_S
        while self._kept and time.monotonic() < end_s and not self._is_over.wait(_TURN_S):
            with self._lock:
                lost = [one.wait(0.0) for one in self._kept.values()]
            if any(lost):
                raise SourceError("; ".join(filter(None, lost)))

    def _ask(self) -> None:
        for one in self._stages:
            if self._is_over.is_set():
                return
            self._kept[one] = Membership(self._bus, one, BY_KEY.get(one, ""))
            self._made.append(self._kept[one])
