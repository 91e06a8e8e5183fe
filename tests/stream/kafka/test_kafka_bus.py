"""The Kafka bus against a real broker: order by key, state with offsets, one owner."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from brokers import settings_at
from tools_at_hand import needed_package

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.sources.fragments import NANOSECONDS
from mainshock.stream.bus import Message
from mainshock.stream.kafka import KafkaBus
from mainshock.stream.kafka.clients import Clients
from mainshock.stream.kafka.codec import encode_message
from mainshock.stream.kafka.publisher import Record
from mainshock.stream.kafka.reader import PartitionReader

TOPIC = "waveform.v1"
KEYS = [f"XX.S{number:02d}" for number in range(12)]


def message(number: int, key: str = "XX.A", topic: str = TOPIC) -> Message:
    return Message(topic, key, f"{key}#{number}", str(number).encode(), number, number)


def read_all(bus: KafkaBus, consumer: str, topic: str = TOPIC) -> list[Message]:
    found: list[Message] = []
    while batch := bus.read(consumer, [topic], 500, 0.0):
        found.extend(one.message for one in batch)
    return found


@pytest.fixture
def bus(make_settings) -> Iterator[KafkaBus]:
    made = KafkaBus(make_settings())
    yield made
    made.close()


def test_messages_of_a_key_stay_in_order_over_partitions(bus):
    sent = [message(number, KEYS[number % len(KEYS)]) for number in range(3000)]
    bus.publish(sent[:1500])
    bus.publish(sent[1500:])
    found = read_all(bus, "one")
    for key in KEYS:
        assert [one for one in found if one.key == key] == [one for one in sent if one.key == key]
    assert len(found) == len(sent)


def test_partitions_are_read_abreast(bus):
    """A consumer that catches up meets all stations at about the same time."""
    for number in range(40):
        bus.publish([message(number, key) for key in KEYS])
        time.sleep(0.002)  # brokers stamp by the millisecond
    found = read_all(bus, "one")
    rounds = [int(one.value) for one in found]
    assert len(rounds) == 40 * len(KEYS)
    assert max(abs(a - b) for a, b in zip(rounds, sorted(rounds), strict=True)) <= 4


def test_what_arrived_later_is_written_after_what_arrived_before(bus):
    """Ninety seconds of record in one call: no partition is seen far ahead of the others."""
    sent = [
        replace(message(second, key), arrival_ns=second * NANOSECONDS)
        for second in range(90)
        for key in KEYS
    ]
    writer = threading.Thread(target=bus.publish, args=(sent,))
    writer.start()
    found: list[Message] = []
    while more := bus.read("one", [TOPIC], 5, 5.0 if len(found) < len(sent) else 0.0):
        found += [one.message for one in more]
    writer.join(10.0)
    assert len(found) == len(sent)
    newest, behind_s = 0, []
    for one in found:
        newest = max(newest, one.arrival_ns)
        behind_s.append((newest - one.arrival_ns) / NANOSECONDS)
    assert max(behind_s) <= 6.0


@pytest.fixture
def held_up(bus):
    """A bus with 40 rounds of messages, whose reader gets nothing of one partition until told."""
    from confluent_kafka import TopicPartition

    bus.publish([message(-1, key) for key in KEYS])
    assert len(read_all(bus, "one")) == len(KEYS)
    for number in range(40):
        bus.publish([message(number, key) for key in KEYS])
        time.sleep(0.002)
    reader = bus._consumers["one"].reader
    consumer, name = reader._consumer, bus.topics.name(TOPIC)
    partition = next(n for n in range(4) if reader._known_end(name, n) > 40)
    consumer.pause([TopicPartition(name, partition)])
    return bus, lambda: consumer.resume([TopicPartition(name, partition)])


def test_a_partition_that_answers_late_is_waited_for(held_up):
    """Else its stations would seem to have fallen silent, beside others read far ahead."""
    bus, go_on = held_up
    reads = [bus.read("one", [TOPIC], 100, 0.3) for _ in range(5)]
    assert reads == [[]] * 5
    go_on()
    found: list[int] = []
    while more := bus.read("one", [TOPIC], 100, 2.0):
        found += [int(one.message.value) for one in more]
    assert len(found) == 40 * len(KEYS)
    assert max(abs(a - b) for a, b in zip(found, sorted(found), strict=True)) <= 4


def test_a_partition_that_never_answers_holds_the_others_up_once(held_up, monkeypatch):
    bus, go_on = held_up
    monkeypatch.setattr("mainshock.stream.kafka.reader._OTHERS_S", 0.6)
    reads = [len(bus.read("one", [TOPIC], 100, 0.4)) for _ in range(30)]
    assert reads[0] == 0, "it is waited for"
    assert 0 < sum(reads) < 40 * len(KEYS)
    bus.publish([message(number, key) for number in range(40, 43) for key in KEYS])
    assert bus.read("one", [TOPIC], 10, 0.5) != [], "and not again"
    go_on()
    while more := bus.read("one", [TOPIC], 500, 2.0):
        reads.append(len(more))
    assert bus.backlog("one", [TOPIC]) == 0


def test_a_partition_that_was_full_is_read_on_after_a_step_back(make_settings):
    bus = KafkaBus(make_settings(partitions=1, read_ahead=10))
    bus.publish([message(number) for number in range(200)])
    assert [int(one.message.value) for one in bus.read("one", [TOPIC], 3, 5.0)] == [0, 1, 2]
    assert bus.committed_state("one") is None, "as after a step that failed"
    assert [int(one.value) for one in read_all(bus, "one")] == list(range(200))
    bus.close()


def test_a_topic_that_was_made_anew_is_told(caplog):
    """The broker inside librdkafka says that an offset is out of range; tansu says nothing."""
    producer = needed_package("confluent_kafka", "kafka").Producer(
        {"test.mock.num.brokers": 1, "bootstrap.servers": "", "log_level": 0}
    )
    (broker,) = producer.list_topics(timeout=10.0).brokers.values()
    for number in range(20):
        producer.produce(TOPIC, encode_message(message(number)), b"XX.A", partition=0)
    producer.flush(10.0)
    clients = Clients(settings_at(f"{broker.host}:{broker.port}"))
    reader = PartitionReader(clients, lambda *_: 0, lambda name: name)
    reader.add({(TOPIC, 0): 5000})
    assert reader.read([TOPIC], 10, 3.0, lambda: False) == []
    assert "waveform.v1/0 was made anew" in caplog.text
    assert "now gives 0" in caplog.text
    reader.close()


def test_pieces_of_a_commit_that_failed_are_dropped_with_the_next(make_settings, monkeypatch):
    bus = KafkaBus(make_settings(partitions=1))
    state = bytes(1_200_000)
    bus.commit("one", state)
    log = bus._consumers["one"].log
    write = log._publisher.publish

    def fails_at_the_end(records):
        if records[0].key.startswith(b"commit."):
            raise SourceError("the broker is away")
        return write(records)

    monkeypatch.setattr(log._publisher, "publish", fails_at_the_end)
    with pytest.raises(SourceError, match="away"):
        bus.commit("one", state)
    monkeypatch.undo()
    dropped: list[bytes] = []
    monkeypatch.setattr(
        log._publisher,
        "publish",
        lambda records: dropped.extend(r.key for r in records if r.value is None) or write(records),
    )
    bus.commit("one", state)
    assert sorted(int(key.split(b".")[1]) for key in dropped) == [1, 2, 3, 4, 5, 6]
    assert bus.committed_state("one") == state
    bus.close()


def test_a_view_of_each_partition_reads_all_together(bus):
    sent = [message(number, KEYS[number % len(KEYS)]) for number in range(300)]
    bus.publish(sent)
    parts = []
    for partition in range(4):
        view = bus.view(partition)
        parts.append(read_all(view, "one"))
        view.commit("one", str(partition).encode())
        view.close()
    assert sorted(one.identity for part in parts for one in part) == sorted(
        one.identity for one in sent
    )
    for partition in range(4):
        view = bus.view(partition)
        assert view.committed_state("one") == str(partition).encode()
        assert view.read("one", [TOPIC], 10, 0.0) == []
        view.close()


def test_what_is_written_twice_is_read_once(make_settings):
    settings = make_settings(partitions=1)
    bus = KafkaBus(settings)
    sent = [message(number) for number in range(30)]
    bus.publish(sent[:20])
    bus.publish(sent[10:])
    assert [one.message for one in bus.read("one", [TOPIC], 15, 0.0)] == sent[:15]
    bus.commit("one")
    bus.close()
    bus = KafkaBus(settings)
    bus.publish(sent[25:])
    assert bus.committed_state("one") is None
    assert read_all(bus, "one") == sent[15:], "also after a restart"
    assert bus.backlog("one", [TOPIC]) == 0
    bus.close()


@pytest.mark.parametrize("size", [10, 32 * 1024, 700_000, 3_000_000])
def test_a_state_of_any_size_comes_back_with_its_offsets(make_settings, size):
    settings = make_settings(partitions=1)
    states = [bytes([number]) * size for number in range(3)]
    bus = KafkaBus(settings)
    bus.publish([message(number) for number in range(9)])
    for state in states:
        bus.read("one", [TOPIC], 2, 0.0)
        bus.commit("one", memoryview(state))
    bus.close()
    bus = KafkaBus(settings)
    assert bus.committed_state("one") == states[-1]
    assert [int(one.value) for one in read_all(bus, "one")] == [6, 7, 8]
    bus.close()


def test_what_was_told_with_a_commit_is_told_by_the_next_process(make_settings, monkeypatch):
    """The process ends between its commit and the publication of what was told with it."""
    settings = make_settings(partitions=1)
    bus = KafkaBus(settings)
    bus.publish([message(number) for number in range(3)])
    bus.read("one", [TOPIC], 2, 0.0)
    told = [message(number, topic="pick.v1") for number in range(2)]
    monkeypatch.setattr(bus, "publish", lambda messages: None)
    bus.commit("one", b"after two", told)
    monkeypatch.undo()
    bus.close()
    bus = KafkaBus(settings)
    assert bus.committed_state("one") == b"after two"
    bus.committed_state("one")
    assert read_all(bus, "reader", "pick.v1") == told
    assert [int(one.value) for one in read_all(bus, "one")] == [2]
    bus.close()


def test_who_was_replaced_commits_and_tells_nothing_more(make_settings):
    settings = make_settings(partitions=1)
    slept, new = KafkaBus(settings), KafkaBus(settings)
    slept.publish([message(number) for number in range(6)])
    slept.read("one", [TOPIC], 2, 0.0)
    slept.commit("one", b"two")
    slept.read("one", [TOPIC], 1, 0.0)
    assert new.committed_state("one") == b"two"
    with pytest.raises(SourceError, match="another process has taken"):
        slept.commit("one", b"three", [message(3, topic="pick.v1")])
    assert [int(one.message.value) for one in new.read("one", [TOPIC], 2, 0.0)] == [2, 3]
    new.commit("one", b"four")
    slept.close()
    new.close()
    last = KafkaBus(settings)
    assert last.committed_state("one") == b"four"
    assert read_all(last, "reader", "pick.v1") == []
    assert [int(one.value) for one in read_all(last, "one")] == [4, 5]
    last.close()


def test_a_foreign_record_is_passed_over(bus, caplog):
    bus.publish([message(1)])
    name = bus.topics.name(TOPIC)
    bus._cluster.publisher.publish([Record(name, b"XX.A", b'{"not": "ours"}')])
    bus.publish([message(2)])
    assert [int(one.value) for one in read_all(bus, "one")] == [1, 2]
    assert "is passed over" in caplog.text


def test_a_record_of_a_later_version_stops_the_reader(bus):
    record = bytearray(encode_message(message(1)))
    record[2] = 9
    bus.topics.partitions(TOPIC)
    bus._cluster.publisher.publish([Record(bus.topics.name(TOPIC), b"XX.A", bytes(record))])
    with pytest.raises(ValueError, match="version 9"):
        bus.read("one", [TOPIC], 10, 0.0)


def test_a_message_of_megabytes_arrives_and_one_beyond_the_limit_is_told(make_settings):
    settings = make_settings(partitions=1)
    bus = KafkaBus(settings)
    large = Message("settled.v1", "events", "large", bytes(range(256)) * 20_000, 1, 1)
    bus.publish([large])
    assert [one.message for one in bus.read("one", ["settled.v1"], 5, 0.0)] == [large]
    beyond = Message("settled.v1", "events", "beyond", bytes(settings.topics.largest_bytes), 1, 1)
    with pytest.raises(DataError, match=r"raise topics\.largest_bytes"):
        bus.publish([beyond])
    with pytest.raises(DataError, match=r"raise topics\.largest_bytes"):
        bus.commit("one", b"state", [beyond])
    assert bus.committed_state("one") is None
    bus.close()


def test_closing_wakes_a_reader(bus):
    found: list[object] = [None]
    thread = threading.Thread(
        target=lambda: found.__setitem__(0, bus.read("one", [TOPIC], 1, 60.0))
    )
    thread.start()
    time.sleep(0.3)
    bus.close()
    thread.join(20.0)
    assert found == [[]]


def test_a_cluster_that_does_not_answer_is_told(make_settings):
    gone = make_settings().model_copy(update={"bootstrap": "127.0.0.1:1", "publish_s": 1.0})
    bus = KafkaBus(gone.model_copy(update={"options": {"socket.timeout.ms": 1000}}))
    with pytest.raises(SourceError, match="Kafka"):
        bus.publish([message(1)])
    bus.close()


def test_a_setting_that_librdkafka_refuses_is_told(make_settings):
    wrong = make_settings(options={"no.such.setting": 1})
    with pytest.raises(SettingsError, match=r"no\.such\.setting"):
        KafkaBus(wrong)


def test_a_missing_topic_that_must_not_be_made_is_told(make_settings):
    settings = make_settings()
    topics = settings.topics.model_copy(update={"is_made": False})
    bus = KafkaBus(settings.model_copy(update={"topics": topics}))
    with pytest.raises(SettingsError, match=r"has no topic .*waveform\.v1"):
        bus.publish([message(1)])
    bus.close()
