"""The log of states: who takes it over late in its life reads its end, not all of it."""

from collections.abc import Callable, Iterator

import pytest

from mainshock.core.errors import SourceError
from mainshock.stream.kafka import KafkaBus
from mainshock.stream.kafka.commit_record import Commit, pack_body, write_commit
from mainshock.stream.kafka.publisher import Publisher, Record
from mainshock.stream.kafka.states import StateLog

TOPIC = "state.one.v1"


@pytest.fixture
def bus(make_settings) -> Iterator[KafkaBus]:
    made = KafkaBus(make_settings(partitions=1))
    made.topics.state_partitions(TOPIC)
    made.topics.state_partitions("state-pieces.one.v1")
    yield made
    made.close()


@pytest.fixture
def open_log(bus) -> Iterator[Callable[[bytes], "CountedLog"]]:
    opened: list[CountedLog] = []
    publisher = Publisher(bus.clients)

    def log(writer: bytes) -> CountedLog:
        places = (bus.topics.name(TOPIC), bus.topics.name("state-pieces.one.v1"), 0)
        made = CountedLog(bus.clients, publisher, places, writer * 16)
        opened.append(made)
        return made

    yield log
    for one in opened:
        one.close()
    publisher.close()


class CountedLog(StateLog):
    """A log that counts the records it reads."""

    n_read = 0

    def _took(self, record: object) -> bool:
        self.n_read += record.error() is None
        return super()._took(record)

    def write(self, serial: int, confirmed: int) -> None:
        """Write a commit of the first epoch as one who does not know that he was replaced."""
        listed, body = pack_body([], b"stale")
        commit = Commit(1, serial, {}, listed, 5, 0, (), body, confirmed)
        value = write_commit(commit)
        self._publisher.publish([Record(self._topic, b"commit.1", value, self._partition)])


def committed(log: StateLog, first: int, last: int) -> None:
    for number in range(first, last):
        log.commit({("t", 0): number}, b"%d" % number, ())


def test_the_end_of_a_long_log_says_all(open_log):
    one = open_log(b"a")
    one.take_over()
    committed(one, 0, 200)
    two = open_log(b"b")
    assert two.look() == {("t", 0): 199}
    assert two.n_read <= 60
    two.take_over()
    assert two.state() == b"199"
    with pytest.raises(SourceError, match="another process has taken"):
        one.commit({}, b"too late", ())
    committed(two, 200, 203)
    three = open_log(b"c")
    three.take_over()
    assert (three.state(), three.offsets) == (b"202", {("t", 0): 202})
    assert three.n_read <= 70


def test_a_short_log_is_read_whole(open_log):
    one = open_log(b"a")
    one.take_over()
    committed(one, 0, 5)
    two = open_log(b"b")
    two.take_over()
    assert two.state() == b"4"


@pytest.mark.parametrize("n_claims", [1, 3])
def test_commits_of_those_who_were_replaced_do_not_count_however_many_end_the_log(
    open_log, n_claims
):
    one = open_log(b"a")
    one.take_over()
    committed(one, 0, 20)
    for writer in (b"b", b"c", b"d")[:n_claims]:
        other = open_log(writer)
        other.take_over()
    other.commit({}, b"right", ())
    for number in range(80):
        one.write(100 + number, confirmed=20)
    last = open_log(b"z")
    last.take_over()
    assert last.state() == b"right"
    committed(last, 0, 3)
    assert last.state() == b"2"


def test_a_claim_without_a_commit_keeps_the_state_before_it(open_log):
    one = open_log(b"a")
    one.take_over()
    committed(one, 0, 100)
    two = open_log(b"b")
    two.take_over()
    three = open_log(b"c")
    three.take_over()
    assert three.state() == b"99"
    with pytest.raises(SourceError, match="another process has taken"):
        two.commit({}, b"too late", ())
    three.commit({}, b"next", ())
    four = open_log(b"d")
    four.look()
    assert four.state() == b"next"


def test_a_look_that_failed_is_no_knowledge(open_log, monkeypatch):
    one = open_log(b"a")
    one.take_over()
    committed(one, 0, 100)
    two, failures = open_log(b"b"), [SourceError("no answer")]
    read_on = StateLog._read_on

    def failing(self, is_done, *, to_end):
        if failures:
            self._next = 90
            raise failures.pop()
        read_on(self, is_done, to_end=to_end)

    monkeypatch.setattr(StateLog, "_read_on", failing)
    with pytest.raises(SourceError, match="no answer"):
        two.look()
    assert two.look() == {("t", 0): 99}
