"""What every registered bus promises."""

import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from mainshock.stream.bus import Bus, Message
from mainshock.stream.bus_registry import BUSES
from tools_at_hand import needed_package

sys.path.insert(0, str(Path(__file__).parent / "kafka"))
from brokers import Broker, memory_broker

OpenBus = Callable[[], Bus]
WAVEFORM, PICK = "waveform.v1", "pick.v1"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with memory_broker(tmp_path_factory.mktemp("broker")) as made:
        yield made


def bus_opener(name: str, folder: Path, request: pytest.FixtureRequest) -> OpenBus:
    """How to open one and the same bus again and again."""
    if name == "embedded":
        return lambda: BUSES.load(name)(folder / "bus.db")
    if name == "kafka":
        needed_package("confluent_kafka", "kafka")
        from mainshock.stream.kafka.settings import KafkaSettings, TopicSettings

        address = request.getfixturevalue("broker").address
        # one partition keeps the order of all messages, not of those of a key alone
        own = KafkaSettings(
            bootstrap=address,
            topic_prefix=f"{uuid.uuid4().hex}.",
            topics=TopicSettings(partitions=1),
        )
        return lambda: BUSES.load(name)(own)
    pytest.fail(f"tell this test how to open the bus {name!r}")


@pytest.fixture(params=BUSES.names())
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> OpenBus:
    return bus_opener(request.param, tmp_path, request)


@pytest.fixture
def bus(opener: OpenBus) -> Iterator[Bus]:
    made = opener()
    yield made
    made.close()


def message(number: int, topic: str = WAVEFORM, key: str = "XX.AAA") -> Message:
    value = number.to_bytes(4, "big") * 3
    return Message(topic, key, f"{key}#{number}", value, number * 10, number * 11, f"t{number}")


def read_all(bus: Bus, consumer: str, *topics: str, limit: int = 7) -> list[Message]:
    found: list[Message] = []
    while batch := bus.read(consumer, topics, limit, 0.0):
        assert len(batch) <= limit
        found.extend(delivery.message for delivery in batch)
    return found


def test_messages_arrive_whole_and_in_order(bus):
    sent = [message(number, key=f"XX.S{number % 3}") for number in range(20)]
    bus.publish(sent[:5])
    bus.publish([])
    bus.publish(sent[5:])
    assert read_all(bus, "picker", WAVEFORM) == sent


def test_offsets_of_a_topic_grow(bus):
    bus.publish([message(number, (WAVEFORM, PICK)[number % 2]) for number in range(10)])
    found = bus.read("one", [WAVEFORM], 100, 0.0)
    offsets = [delivery.offset for delivery in found]
    assert len(offsets) == 5
    assert offsets == sorted(set(offsets))


def test_a_consumer_reads_the_topics_that_it_names(bus):
    sent = [message(number, (WAVEFORM, PICK, "event.v1")[number % 3]) for number in range(12)]
    bus.publish(sent)
    assert read_all(bus, "picker", WAVEFORM) == sent[::3]
    both = read_all(bus, "writer", WAVEFORM, PICK)
    assert [one for one in both if one.topic == PICK] == sent[1::3]
    assert [one for one in both if one.topic == WAVEFORM] == sent[::3]
    assert read_all(bus, "nobody", "alert.v1") == []


def test_consumers_do_not_disturb_each_other(bus):
    sent = [message(number) for number in range(10)]
    bus.publish(sent)
    first = bus.read("one", [WAVEFORM], 4, 0.0)
    assert read_all(bus, "two", WAVEFORM) == sent
    bus.commit("two", b"done")
    assert bus.committed_state("one") is None
    assert [one.message for one in first] == sent[:4]


def test_reading_runs_ahead_of_the_commit_and_returns_to_it(opener):
    bus = opener()
    sent = [message(number) for number in range(9)]
    bus.publish(sent)
    bus.read("one", [WAVEFORM], 3, 0.0)
    bus.commit("one", b"after three")
    assert [one.message for one in bus.read("one", [WAVEFORM], 3, 0.0)] == sent[3:6]
    bus.close()
    bus = opener()
    assert bus.committed_state("one") == b"after three"
    assert read_all(bus, "one", WAVEFORM) == sent[3:]
    assert bus.committed_state("one") == b"after three"
    assert read_all(bus, "one", WAVEFORM) == sent[3:], "a failed consumer begins again"
    bus.close()


def test_the_state_is_the_one_of_the_last_commit(bus):
    assert bus.committed_state("one") is None
    for state in (b"first", bytes(range(256)) * 100, None):
        bus.commit("one", state)
        assert bus.committed_state("one") == state


def test_backlog_counts_what_was_not_read(bus):
    bus.publish([message(number, (WAVEFORM, PICK)[number % 2]) for number in range(10)])
    assert bus.backlog("one", [WAVEFORM, PICK]) == 10
    bus.read("one", [WAVEFORM], 2, 0.0)
    assert bus.backlog("one", [WAVEFORM]) == 3
    assert bus.backlog("two", [PICK]) == 5


def test_a_waiting_consumer_is_woken(bus):
    found = []
    is_reading = threading.Event()

    def consume() -> None:
        is_reading.set()
        found.extend(bus.read("one", [PICK], 10, 60.0))

    thread = threading.Thread(target=consume)
    thread.start()
    is_reading.wait()
    bus.publish([message(1, WAVEFORM)])
    bus.publish([message(2, PICK)])
    thread.join(timeout=30)
    assert [one.message for one in found] == [message(2, PICK)]


def test_without_messages_a_read_ends_with_nothing(bus):
    assert bus.read("one", [WAVEFORM], 10, 0.01) == []


def test_many_threads_publish_and_read_at_once(bus):
    n_each, readers = 150, ("one", "two")
    found: dict[str, list[Message]] = {name: [] for name in readers}

    def produce(key: str) -> None:
        for number in range(n_each):
            bus.publish([message(number, key=key)])

    def consume(name: str) -> None:
        while len(found[name]) < 3 * n_each:
            found[name].extend(one.message for one in bus.read(name, [WAVEFORM], 40, 20.0))
            bus.commit(name, name.encode())

    keys = ("XX.A", "XX.B", "XX.C")
    threads = [threading.Thread(target=produce, args=(key,)) for key in keys]
    threads += [threading.Thread(target=consume, args=(name,)) for name in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    for name in readers:
        for key in keys:
            of_key = [one for one in found[name] if one.key == key]
            assert of_key == [message(number, key=key) for number in range(n_each)]
        assert bus.committed_state(name) == name.encode()


class BusModel(RuleBasedStateMachine):
    """A bus beside plain lists: everything published, and how far each consumer is."""

    opener: OpenBus
    next_number = 0  # topics have names of their own in each example: the file stays the same

    @initialize()
    def start(self) -> None:
        self.bus = self.opener()
        run = type(self).next_number
        type(self).next_number += 1
        self.topics = [f"a{run}.v1", f"b{run}.v1"]
        self.names = [f"first{run}", f"second{run}"]
        self.sent: list[Message] = []
        self.read = {(name, topic): 0 for name in self.names for topic in self.topics}
        self.committed = dict(self.read)
        self.states: dict[str, bytes | None] = dict.fromkeys(self.names)

    def unread(self, name: str, topics: list[str]) -> list[Message]:
        rest = [
            [one for one in self.sent if one.topic == topic][self.read[name, topic] :]
            for topic in topics
        ]
        return sorted((one for part in rest for one in part), key=lambda one: one.data_ns)

    @rule(topics=st.lists(st.sampled_from([0, 1]), max_size=6))
    def publish(self, topics):
        start = len(self.sent)
        new = [message(start + n, self.topics[topic]) for n, topic in enumerate(topics)]
        self.bus.publish(new)
        self.sent.extend(new)

    @rule(who=st.integers(0, 1), topic=st.integers(0, 1), limit=st.integers(1, 5))
    def read_some(self, who, topic, limit):
        self.check_read(self.names[who], [self.topics[topic]], limit)

    @rule(who=st.integers(0, 1), limit=st.integers(1, 5))
    def read_both(self, who, limit):
        self.check_read(self.names[who], self.topics, limit)

    def check_read(self, name: str, topics: list[str], limit: int) -> None:
        found = [one.message for one in self.bus.read(name, topics, limit, 0.0)]
        waiting = self.unread(name, topics)
        assert len(found) == min(limit, len(waiting))
        for topic in topics:
            of_topic = [one for one in found if one.topic == topic]
            assert of_topic == [one for one in waiting if one.topic == topic][: len(of_topic)]
            self.read[name, topic] += len(of_topic)
        assert self.bus.backlog(name, topics) == len(waiting) - len(found)

    @rule(who=st.integers(0, 1), state=st.none() | st.binary(max_size=4))
    def commit(self, who, state):
        name = self.names[who]
        self.bus.commit(name, state)
        self.states[name] = state
        for topic in self.topics:
            self.committed[name, topic] = self.read[name, topic]

    @rule()
    def restart(self):
        self.bus.close()
        self.bus = self.opener()
        self.read = dict(self.committed)

    @rule(who=st.integers(0, 1))
    def begin_again(self, who):
        name = self.names[who]
        assert self.bus.committed_state(name) == self.states[name]
        for topic in self.topics:
            self.read[name, topic] = self.committed[name, topic]

    def teardown(self) -> None:
        self.bus.close()


@pytest.mark.parametrize("name", BUSES.names())
def test_a_bus_does_what_plain_lists_do(name, tmp_path, request):
    class Model(BusModel):
        opener = staticmethod(bus_opener(name, tmp_path, request))

    few = settings(
        max_examples=20 if name == "embedded" else 4,  # a broker takes its time
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Model, settings=few)
