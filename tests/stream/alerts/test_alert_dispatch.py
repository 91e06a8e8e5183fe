"""How messages get out: order, retries, restarts, and channels that are dead."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.core.errors import SettingsError, UnreachableError
from mainshock.core.times import to_posix_s
from mainshock.stream.alerts.dispatch import AlertDispatcher, ChannelWorker
from mainshock.stream.alerts.stage import AlertStage
from mainshock.stream.embedded_bus import EmbeddedBus

RULE = {"name": "any", "channels": ["one", "two"], "update": {"moved_km": 0.0}}


class FakeChannel:
    """Fails as often as it is told, and remembers what it was given."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.tried, self.sent = [], []

    def send(self, request):
        self.tried.append((request.kind, request.version))
        if self.failures:
            failure = self.failures.pop(0)
            if failure is not None:
                raise failure
        self.sent.append((request.kind, request.version))
        return ""


def unreachable(n):
    return [UnreachableError("nobody there")] * n


@pytest.fixture
def bus(tmp_path):
    bus = EmbeddedBus(tmp_path / "bus.sqlite")
    yield bus
    bus.close()


@pytest.fixture(scope="session")
def now_ns(make_version):
    return round((to_posix_s(make_version().event.origin.time) + 25) * 1e9)


@pytest.fixture
def publish(bus, arrives, settings_of):
    """Returns a function that runs the stage over versions and publishes what it makes."""

    def run(*versions, is_replay=False):
        stage = AlertStage(settings_of(RULE), is_replay)
        _, made = stage.step(stage.start(), [arrives(one) for one in versions])
        bus.publish(made)

    return run


@pytest.fixture
def worker_of(bus, settings_of, now_ns):
    """Returns a function that makes a worker whose waits are noted, not waited for."""

    def make(channel, waits=None, after_s=0.0, record=None, stop_after=None, **options):
        waits = [] if waits is None else waits

        def wait(seconds):
            waits.append(seconds)
            return stop_after is not None and len(waits) >= stop_after

        channel_settings = settings_of(RULE, **options).channels["one"]
        return ChannelWorker(
            "one", channel, channel_settings, bus, record or (lambda alerts: None),
            lambda: now_ns + round(after_s * 1e9), wait,
        )  # fmt: skip

    return make


def drain(worker):
    while worker.turn(0.0):
        pass


def test_messages_go_out_in_order_and_are_recorded(publish, worker_of, make_version):
    publish(make_version(1), make_version(2, "update"), make_version(3, "cancel"))
    channel, alerts = FakeChannel(), []
    drain(worker_of(channel, record=alerts.extend))
    assert channel.sent == [("new", 1), ("update", 2), ("cancel", 3)]
    assert [(one.version, one.status, one.channel) for one in alerts] == [
        (1, "sent", "one"), (2, "sent", "one"), (3, "sent", "one"),
    ]  # fmt: skip
    assert {one.alert_id for one in alerts} == {"ms20240517.any.one"}


def test_a_failing_channel_is_tried_again_with_growing_waits(publish, worker_of, make_version):
    publish(make_version(1), make_version(2, "update"))
    channel, waits, alerts = FakeChannel(*unreachable(4)), [], []
    drain(worker_of(channel, waits, record=alerts.extend, longest_wait_s=5.0))
    assert waits == [1.0, 2.0, 4.0, 5.0]
    assert channel.tried == [("new", 1)] * 5 + [("update", 2)]  # an update overtakes nothing
    assert [one.status for one in alerts] == ["sent", "sent"]


def test_it_gives_up_in_the_end_and_the_next_message_is_new_then(publish, worker_of, make_version):
    publish(make_version(1), make_version(2, "update"))
    channel, alerts = FakeChannel(*unreachable(3)), []
    drain(worker_of(channel, record=alerts.extend, attempts=3))
    assert [(one.version, one.kind, one.status) for one in alerts] == [
        (1, "new", "failed"), (2, "new", "sent"),
    ]  # fmt: skip
    assert "nobody there (tried 3 times)" in alerts[0].detail


def test_what_cannot_be_cured_is_not_tried_again(publish, worker_of, make_version):
    publish(make_version(1))
    waits, alerts = [], []
    channel = FakeChannel(SettingsError("answered 401"))
    drain(worker_of(channel, waits, record=alerts.extend))
    assert waits == []
    assert [(one.status, one.detail) for one in alerts] == [("failed", "answered 401")]


def test_a_fault_of_a_channel_does_not_stop_it(publish, worker_of, make_version):
    publish(make_version(1), make_version(1, event_id="next"))
    channel, alerts = FakeChannel(ZeroDivisionError("oops")), []
    drain(worker_of(channel, record=alerts.extend))
    assert [one.status for one in alerts] == ["failed", "sent"]


def test_a_store_in_trouble_does_not_send_twice(publish, worker_of, make_version):
    def broken(alerts):
        raise OSError("disk full")

    publish(make_version(1))
    channel = FakeChannel()
    drain(worker_of(channel, record=broken))
    drain(worker_of(channel, record=broken))
    assert channel.sent == [("new", 1)]


def test_a_cancel_that_failed_is_owed_until_the_channel_lives(publish, worker_of, make_version):
    publish(make_version(1), make_version(2, "cancel"))
    channel, alerts = FakeChannel(None, *unreachable(3)), []
    drain(worker_of(channel, record=alerts.extend, attempts=2))
    assert channel.sent == [("new", 1)]
    assert [one.status for one in alerts] == ["sent", "failed"]
    drain(worker_of(channel, record=alerts.extend, attempts=2))  # after a restart
    assert channel.sent == [("new", 1), ("cancel", 2)]
    assert (alerts[-1].kind, alerts[-1].status) == ("cancel", "sent")
    drain(worker_of(channel, attempts=2))
    assert channel.sent == [("new", 1), ("cancel", 2)]


def test_a_cancel_follows_an_alert_that_may_have_arrived(publish, worker_of, make_version):
    publish(make_version(1), make_version(2, "cancel"))
    channel = FakeChannel(*unreachable(2))
    drain(worker_of(channel, attempts=2))
    assert channel.sent == [("cancel", 2)]


def test_what_waited_too_long_is_held_with_all_that_follows(publish, worker_of, make_version):
    publish(make_version(1), make_version(2, "update"), make_version(3, "cancel"))
    channel, alerts = FakeChannel(), []
    drain(worker_of(channel, after_s=1200.0, record=alerts.extend))
    assert channel.tried == []
    assert [one.status for one in alerts] == ["held"] * 3
    assert "too late" in alerts[0].detail


def test_a_replay_is_sent_whatever_the_clock_says(publish, worker_of, make_version):
    publish(make_version(1), is_replay=True)
    channel = FakeChannel()
    drain(worker_of(channel, after_s=1e8))
    assert channel.sent == [("new", 1)]


def test_what_was_not_sent_before_a_stop_is_sent_after_it(publish, worker_of, make_version):
    publish(make_version(1), make_version(2, "update"))
    channel = FakeChannel(*unreachable(2))
    worker = worker_of(channel, stop_after=2)
    worker.turn(0.0)
    assert channel.sent == []
    drain(worker_of(channel))
    assert channel.sent == [("new", 1), ("update", 2)]


def test_a_cancel_follows_what_a_crash_left_open(publish, worker_of, make_version):
    """The channel took the message, but the process died before it could note that."""

    class Crash(BaseException):
        pass

    publish(make_version(1), make_version(2, "cancel"))
    channel = FakeChannel(Crash())
    with pytest.raises(Crash):
        worker_of(channel).turn(0.0)
    alerts = []
    drain(worker_of(channel, after_s=1200.0, record=alerts.extend))  # too late to send it again
    assert channel.sent == [("cancel", 2)]
    assert [one.status for one in alerts] == ["held", "sent"]


def test_messages_that_come_twice_are_sent_once(publish, worker_of, make_version):
    story = (make_version(1), make_version(2, "update"), make_version(3, "cancel"))
    publish(*story)
    publish(*story)
    channel = FakeChannel()
    drain(worker_of(channel))
    assert channel.sent == [("new", 1), ("update", 2), ("cancel", 3)]


def test_a_dead_channel_delays_no_other(publish, bus, settings_of, make_version, now_ns):
    """Channel one never answers; channel two has everything all the same."""
    release, done, sent = threading.Event(), threading.Event(), []

    class Dead:
        def send(self, request):
            release.wait(30)
            raise UnreachableError("never")

    class Alive:
        def send(self, request):
            sent.append((request.event_id, request.kind, request.version))
            if len(sent) == 40:
                done.set()
            return ""

    publish(*(make_version(1, event_id=f"event{number}") for number in range(40)))
    dispatcher = AlertDispatcher(
        settings_of(RULE), bus, lambda alerts: None, lambda: now_ns, {"one": Dead(), "two": Alive()}
    )
    dispatcher.start()
    assert done.wait(30)
    release.set()
    dispatcher.stop()
    assert sent == [(f"event{number}", "new", 1) for number in range(40)]


@settings(max_examples=60)
@given(
    kinds=st.lists(st.sampled_from(["update", "update", "cancel"]), max_size=6),
    failures=st.lists(st.integers(0, 4), max_size=6),
    restarts=st.lists(st.booleans(), min_size=40, max_size=40),
)
def test_any_failures_and_restarts_keep_order_and_lose_no_cancel(
    kinds, failures, restarts, tmp_path_factory, make_version, arrives, settings_of, now_ns
):
    bus = EmbeddedBus(tmp_path_factory.mktemp("bus") / "bus.sqlite")
    story = [make_version(1)]
    story += [make_version(2 + number, kind) for number, kind in enumerate(kinds)]
    stage = AlertStage(settings_of(RULE))
    _, made = stage.step(stage.start(), [arrives(one) for one in story])
    bus.publish(made)
    pattern = [one for n in failures for one in [*unreachable(n), None]]
    channel, clock = FakeChannel(*pattern), [now_ns]
    options = settings_of(RULE, attempts=2).channels["one"]

    def made_anew():
        return ChannelWorker(
            "one", channel, options, bus, lambda alerts: None, lambda: clock[0], lambda s: False
        )

    worker = made_anew()
    for is_restarted in restarts:
        if is_restarted:
            worker = made_anew()
        clock[0] += 1_000_000_000 if worker.turn(0.0) else 61_000_000_000
    bus.close()
    versions = [version for _, version in channel.sent]
    assert versions == sorted(set(versions))
    told = [one for one in channel.sent if one[0] != "cancel"]
    if told and channel.tried and any(kind == "cancel" for kind in kinds):
        asked = [one for one in made if b'"channel": "one"' in one.value]
        if b'"kind": "cancel"' in asked[-1].value:
            assert channel.sent[-1][0] == "cancel"
