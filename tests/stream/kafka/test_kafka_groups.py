"""Processes that share a stage: nothing is lost or repeated when they come, go or are killed."""

import json
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from brokers import durable_broker, settings_at
from programs import Program
from summing import Summing, expected, numbered
from tools_at_hand import needed_package

from mainshock.core.errors import SourceError
from mainshock.stream.bus import Message
from mainshock.stream.kafka import KafkaBus, KafkaSettings
from mainshock.stream.kafka.groups import StageGroup
from mainshock.stream.workers import WorkerSettings

KEYS = [f"XX.S{number:02d}" for number in range(16)]
FAST = WorkerSettings(limit=20, commit_s=0.2, wait_s=0.1, retry_s=0.2)
LONGEST_S = 45.0


def messages(first: int, last: int) -> list[Message]:
    return [numbered(KEYS[number % len(KEYS)], number) for number in range(first, last)]


def told(bus: KafkaBus, number: int) -> dict[str, list[list[int]]]:
    """What was told, by key, once there is so much of it and no more comes for a while."""
    found: dict[str, list[list[int]]] = {}
    n_found = 0
    end_s = time.monotonic() + LONGEST_S
    while time.monotonic() < end_s:
        batch = bus.read("reader", ["pick.v1"], 1000, 0.5)
        if not batch and n_found >= number:
            break
        n_found += len(batch)
        for one in batch:
            found.setdefault(one.message.key, []).append(json.loads(one.message.value))
    return found


def assert_told(bus: KafkaBus, sent: Sequence[Message]) -> None:
    """Nothing was lost, repeated or told in another order; says where it was."""
    found, wanted = told(bus, len(sent)), expected(sent)
    assert {key: len(rows) for key, rows in found.items()} == {
        key: len(rows) for key, rows in wanted.items()
    }
    for key, rows in wanted.items():
        different = [pair for pair in zip(found[key], rows, strict=True) if pair[0] != pair[1]]
        assert not different, f"{key}: {len(different)} differ, first {different[:5]}"


def wait_until(is_reached, within_s: float = LONGEST_S) -> None:
    end_s = time.monotonic() + within_s
    while not is_reached():
        assert time.monotonic() < end_s, "it did not happen"
        time.sleep(0.05)


@pytest.fixture
def settings(make_settings) -> KafkaSettings:
    return make_settings(partitions=4)


@pytest.fixture
def bus(settings) -> Iterator[KafkaBus]:
    made = KafkaBus(settings)
    made.topics.partitions("waveform.v1")
    made.topics.partitions("pick.v1")
    yield made
    made.close()


def test_two_members_share_the_partitions_and_one_goes_on_alone(bus, settings):
    one = StageGroup(bus, Summing(), FAST, is_by_key=True)
    one.start()
    wait_until(lambda: one.partitions == [0, 1, 2, 3])
    bus.publish(messages(0, 400))
    other_bus = KafkaBus(settings)
    two = StageGroup(other_bus, Summing(), FAST, is_by_key=True)
    two.start()
    bus.publish(messages(400, 800))
    wait_until(lambda: len(one.partitions) == 2 and len(two.partitions) == 2)
    assert sorted(one.partitions + two.partitions) == [0, 1, 2, 3]
    bus.publish(messages(800, 1200))
    one.stop()
    bus.publish(messages(1200, 1600))
    wait_until(lambda: two.partitions == [0, 1, 2, 3])
    assert_told(bus, messages(0, 1600))
    assert (one.problem, two.problem) == ("", "")
    two.stop()
    other_bus.close()


def test_one_member_works_and_the_other_stands_by(bus, settings):
    other_bus = KafkaBus(settings)
    groups = [StageGroup(one, Summing(), FAST, is_by_key=False) for one in (bus, other_bus)]
    for group in groups:
        group.start()
    wait_until(lambda: sum(len(group.partitions) for group in groups) == 1)
    bus.publish(messages(0, 300))
    leader = next(group for group in groups if group.partitions)
    standby = next(group for group in groups if not group.partitions)
    wait_until(lambda: leader.backlog == 0)
    leader.stop()
    wait_until(lambda: bool(standby.partitions))
    bus.publish(messages(300, 600))
    assert_told(bus, messages(0, 600))
    standby.stop()
    other_bus.close()


def test_the_cluster_is_told_how_far_a_group_is(bus):
    bus.publish(messages(0, 100))
    assert bus.backlog("summing", ["waveform.v1"]) == 100
    group = StageGroup(bus, Summing(), FAST, is_by_key=True)
    group.start()
    wait_until(lambda: bus.backlog("summing", ["waveform.v1"]) == 0)
    group.stop()


def test_an_action_is_done_while_all_partitions_stand_with_their_work_committed(bus, settings):
    slow = replace(FAST, commit_s=3600.0)  # it commits for an action alone
    group = StageGroup(bus, Summing(), slow, is_by_key=True)
    group.start()
    wait_until(lambda: group.partitions == [0, 1, 2, 3])
    sent = messages(0, 400)
    bus.publish(sent)
    wait_until(lambda: group.backlog == 0)
    sums: dict[str, list[int]] = {}

    def look() -> None:
        for partition in group.partitions:
            view = other.view(partition)
            sums.update(Summing().restore(view.committed_state("summing") or b"{}"))
            view.close()

    other = KafkaBus(settings)
    group.between_steps(look)
    other.close()
    assert sums == {key: rows[-1] for key, rows in expected(sent).items()}
    group.stop()


class Broken(Summing):
    def snapshot(self, state: dict[str, list[int]]) -> bytes:
        raise ZeroDivisionError


def test_a_stage_that_has_ended_is_told(bus):
    group = StageGroup(bus, Broken(), FAST, is_by_key=True)
    group.start()
    bus.publish(messages(0, 100))
    wait_until(lambda: group.has_ended)
    assert "summing has ended" in group.problem
    group.stop()


def test_what_runs_beside_a_stage_is_started_once_the_cluster_answers(bus):
    told: list[str] = []

    class Beside:
        def start(self) -> None:
            told.append("start")

        def stop(self) -> None:
            told.append("stop")

    def made(_bus: object) -> Beside:
        told.append("made")
        if told.count("made") < 3:
            raise SourceError("no answer for 15 s")
        return Beside()

    group = StageGroup(bus, Summing(), FAST, is_by_key=False, beside=made)
    group.start()
    wait_until(lambda: "start" in told)
    assert not group.has_ended
    group.stop()
    assert told == ["made", "made", "made", "start", "stop"]


def member(settings: KafkaSettings, folder: Path, name: str, instance: str = "") -> Program:
    run = (Path(__file__).parent / "summing.py",)
    return Program(name, (settings.model_dump_json(), instance), folder, run)


def partitions_of(program: Program) -> list[int]:
    lines = program.out.split("\n")[:-1]
    return json.loads(lines[-1]) if lines else []


def publish_slowly(bus: KafkaBus, sent: Sequence[Message], over_s: float) -> threading.Thread:
    """Publish one message of each key at a time; what fails is tried again, as the feed does."""

    def run() -> None:
        for first in range(0, len(sent), len(KEYS)):
            while True:
                try:
                    bus.publish(sent[first : first + len(KEYS)])
                except OSError:
                    time.sleep(0.2)
                else:
                    break
            time.sleep(over_s * len(KEYS) / len(sent))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@pytest.mark.slow
def test_members_killed_at_any_moment_lose_and_repeat_nothing(bus, settings, tmp_path):
    rng = random.Random(20261122)
    sent = messages(0, 4000)
    publishing = publish_slowly(bus, sent, over_s=8.0)
    with member(settings, tmp_path, "lasting"):
        for number in range(3):
            name = f"killed{number}"
            with member(settings, tmp_path, name) as killed:
                wait_until(lambda killed=killed: bool(partitions_of(killed)))
                time.sleep(rng.uniform(0.0, 1.0))
        publishing.join(LONGEST_S)
        assert_told(bus, sent)


@pytest.mark.slow
def test_a_member_of_the_same_name_comes_back_while_the_session_lasts(make_settings, tmp_path):
    settings = make_settings(partitions=2, session_s=30.0, keeps_place=True)
    runs = [("killed", "place-1"), ("again", "place-1"), ("elsewhere", "place-2")]
    programs = [member(settings, tmp_path, *names) for names in runs]
    ends = [programs[0].kill, programs[1].end, programs[2].end]  # leaves, or is dead
    for program, end in zip(programs, ends, strict=True):
        with program:
            # the broker takes half a session and 3 s to let one in, and 30 s to miss one
            wait_until(lambda program=program: partitions_of(program) == [0, 1], within_s=36.0)
            end()


@pytest.mark.slow
def test_a_broker_killed_during_a_replay_loses_and_repeats_nothing(tmp_path):
    needed_package("confluent_kafka", "kafka")
    rng = random.Random(20261122)
    sent = messages(0, 2000)
    with durable_broker(tmp_path) as broker:
        settings = settings_at(broker.address, 2, publish_s=5.0)
        bus = KafkaBus(settings)
        for topic in ("waveform.v1", "pick.v1"):
            bus.topics.partitions(topic)
        with member(settings, tmp_path, "member") as program:
            wait_until(lambda: partitions_of(program) == [0, 1])
            publishing = publish_slowly(bus, sent, over_s=8.0)
            for outage_s in (0.5, 7.0):  # the second is longer than a publication may take
                time.sleep(rng.uniform(1.0, 2.5))
                broker.kill()
                time.sleep(outage_s)
                broker.start()
            publishing.join(LONGEST_S)
            assert not publishing.is_alive()
            assert_told(bus, sent)
        bus.close()
