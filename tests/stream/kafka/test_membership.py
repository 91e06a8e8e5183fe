"""Places in groups: asked for before a stage is made, kept for it, and given up again."""

import time
from collections.abc import Iterator

import pytest
from brokers import memory_broker, settings_at
from summing import Summing, expected, numbered
from tools_at_hand import needed_package

from mainshock.stream.kafka import KafkaBus, KafkaSettings, membership
from mainshock.stream.kafka.groups import StageGroup
from mainshock.stream.kafka.membership import Membership, Memberships
from mainshock.stream.workers import WorkerSettings

FAST = WorkerSettings(limit=20, commit_s=0.2, wait_s=0.1, retry_s=0.2)
LONGEST_S = 45.0


@pytest.fixture
def settings(make_settings) -> KafkaSettings:
    return make_settings(partitions=2)


@pytest.fixture
def bus(settings) -> Iterator[KafkaBus]:
    made = KafkaBus(settings)
    yield made
    made.close()


def given(place: Membership) -> list[int]:
    """Poll a place until it is given something."""
    found: list[int] = []
    end_s = time.monotonic() + LONGEST_S
    while not found:
        assert time.monotonic() < end_s, "nothing was given"
        place.poll(0.1, found.extend, lambda _: None)
    return found


def test_a_place_asked_for_early_is_that_of_the_stage_made_later(bus):
    places = Memberships(bus, ["summing"])
    place = places.take("summing")
    assert place is not None
    assert places.take("summing") is None
    group = StageGroup(bus, Summing(), FAST, is_by_key=False, membership=place)
    sent = [numbered("XX.A", number) for number in range(50)]
    bus.publish(sent)
    group.start()
    told, end_s = 0, time.monotonic() + LONGEST_S
    while told < len(expected(sent)["XX.A"]) and time.monotonic() < end_s:
        told += len(bus.read("reader", ["pick.v1"], 100, 0.5))
    assert told == 50
    assert group.partitions == [0]
    group.stop()


def test_what_was_given_while_nobody_worked_is_told_to_who_works(bus):
    waiting = Membership(bus, "summing")
    end_s = time.monotonic() + LONGEST_S
    while not waiting._held:
        assert time.monotonic() < end_s, "nothing was given"
        waiting.wait(0.1)
    found: list[int] = []
    waiting.poll(0.0, found.extend, lambda _: None)
    waiting.poll(0.0, found.extend, lambda _: None)
    assert found == [0]  # once
    waiting.leave()


@pytest.mark.parametrize("is_made", [False, True])
def test_places_that_no_stage_took_go_to_others(bus, settings, is_made):
    places = Memberships(bus, ["summing"])
    if is_made:  # and never started
        StageGroup(bus, Summing(), FAST, is_by_key=False, membership=places.take("summing")).stop()
    places.leave()
    other_bus = KafkaBus(settings)
    other = Membership(other_bus, "summing")
    assert given(other) == [0]
    other.leave()
    other_bus.close()


@pytest.fixture
def three(settings) -> Iterator[list[KafkaBus]]:
    made = [KafkaBus(settings) for _ in range(3)]
    made[0].topics.partitions("waveform.v1")
    yield made
    for one in made:
        one.close()


def wait_until(is_reached) -> None:
    end_s = time.monotonic() + LONGEST_S
    while not is_reached():
        assert time.monotonic() < end_s, "it did not happen"
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("patience_s", [1.0, 60.0])
def test_who_still_loads_lets_the_others_share_out_their_work(
    three, settings, monkeypatch, patience_s
):
    monkeypatch.setitem(membership.BY_KEY, "summing", "waveform.v1")
    monkeypatch.setattr(membership, "_PATIENCE_S", patience_s)
    groups = [StageGroup(one, Summing(), FAST, is_by_key=True) for one in three[:2]]
    groups[0].start()
    wait_until(lambda: groups[0].partitions == [0, 1])
    loading = Memberships(three[2], ["summing"])
    if patience_s > LONGEST_S:
        wait_until(lambda: len(groups[0].partitions) == 1)  # the other one waits for who loads
        groups[1].start()  # who would hear nothing if that one did not answer
        time.sleep(2.0 * settings.session_s)
        loading.leave()
        wait_until(lambda: [len(one.partitions) for one in groups] == [1, 1])
        for one in groups:
            one.stop()
    else:
        wait_until(lambda: not loading._thread.is_alive())
        assert loading.take("summing") is None
        wait_until(lambda: groups[0].partitions == [0, 1])
        groups[0].stop()


class Refusing:
    """A consumer of a cluster that takes no session as short, as Apache Kafka does below 6 s."""

    def __init__(self, real: object, session_s: float) -> None:
        self._real = real
        self._is_refused = session_s < 6.0

    def poll(self, timeout_s: float) -> object:
        from confluent_kafka import KafkaError

        if not self._is_refused:
            return self._real.poll(timeout_s)
        refusal = KafkaError(KafkaError.INVALID_SESSION_TIMEOUT)
        return type("Told", (), {"error": lambda _: refusal})()

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


def test_a_session_too_short_for_the_cluster_is_made_longer(bus, monkeypatch, caplog):
    made = bus.clients.member
    asked: list[float] = []

    def member(group: str, session_s: float) -> Refusing:
        asked.append(session_s)
        return Refusing(made(group, session_s), session_s)

    monkeypatch.setattr(bus.clients, "member", member)
    place = Membership(bus, "summing")
    assert given(place) == [0]
    assert asked == [2.0, 6.0]
    assert "refuses session_s 2; 6 is used" in caplog.text
    place.leave()


@pytest.mark.slow
def test_a_member_given_up_although_it_lives_comes_back_for_longer(tmp_path, caplog):
    needed_package("confluent_kafka", "kafka")
    with memory_broker(tmp_path) as broker:
        bus = KafkaBus(settings_at(broker.address))
        place = Membership(bus, "summing")
        assert given(place) == [0]
        broker.stand_still()
        lost: list[int] = []
        end_s = time.monotonic() + LONGEST_S
        while not lost and time.monotonic() < end_s:
            place.poll(0.1, lambda _: None, lost.extend)
        broker.go_on()
        assert lost == [0]
        assert given(place) == [0]
        assert "comes back with a session of 4 s" in caplog.text
        place.leave()
        bus.close()


def test_places_are_left_where_one_of_them_cannot_be_asked_for(bus, monkeypatch):
    left: list[str] = []
    monkeypatch.setattr(Membership, "leave", lambda self: left.append(self._stage))
    monkeypatch.setattr(
        bus.topics, "partitions", lambda _: (_ for _ in ()).throw(OSError("no answer"))
    )
    with pytest.raises(OSError, match="no answer"):
        Memberships(bus, ["summing", "picking"]).take("summing")
    assert left == ["summing"]
