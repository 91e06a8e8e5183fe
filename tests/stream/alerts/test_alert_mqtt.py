"""Alerts over a real Mosquitto broker to a real subscriber."""

import json
import os
import queue
import shutil
import socket
import subprocess
import time

import pytest

from mainshock.core.errors import SettingsError, UnreachableError
from mainshock.core.times import to_posix_s
from mainshock.stream.alerts.dispatch import ChannelWorker
from mainshock.stream.alerts.mqtt import MqttChannel, MqttSettings
from mainshock.stream.alerts.stage import AlertStage
from mainshock.stream.embedded_bus import EmbeddedBus

PROGRAM = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Broker:
    """Mosquitto on a free port of this machine, with what it holds kept in a folder."""

    def __init__(self, folder, *lines):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        data = folder / "data"
        data.mkdir(mode=0o777)
        data.chmod(0o777)
        text = [
            f"listener {self.port} 127.0.0.1",
            "persistence true",
            f"persistence_location {data}/",
        ]
        text += list(lines) or ["allow_anonymous true"]
        if os.geteuid() == 0:
            text.append("user root")
        self.config = folder / "mosquitto.conf"
        self.config.write_text("\n".join(text) + "\n")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [PROGRAM, "-c", str(self.config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None, "mosquitto ended at once"
                time.sleep(0.02)
        pytest.fail("mosquitto does not listen")

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


@pytest.fixture
def make_broker(tmp_path):
    """Returns a function that starts a broker; all are stopped in the end."""
    if PROGRAM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("mosquitto is not installed; the tests of alerts need it")
        pytest.skip("mosquitto is not installed")
    brokers = []

    def make(*lines):
        broker = Broker(tmp_path, *lines)
        brokers.append(broker)
        broker.start()
        return broker

    yield make
    for broker in brokers:
        broker.stop()


@pytest.fixture
def subscribe():
    """Returns a function that subscribes and gives the queue of what comes."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    clients = []

    def make(broker, topic="#"):
        came, ready = queue.Queue(), queue.Queue()
        client = Client(CallbackAPIVersion.VERSION2, client_id="listener", clean_session=False)
        client.reconnect_delay_set(1, 1)
        client.on_connect = lambda c, *rest: c.subscribe(topic, 1)
        client.on_subscribe = lambda *rest: ready.put(True)
        client.on_message = lambda c, u, message: came.put(message)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        clients.append(client)
        ready.get(timeout=10)
        return came

    yield make
    for client in clients:
        client.disconnect()
        client.loop_stop()


def settings(broker, **more):
    return MqttSettings(host="127.0.0.1", port=broker.port, **more)


def test_a_message_reaches_a_subscriber(
    make_broker, subscribe, make_request, make_version, tmp_path
):
    broker = make_broker()
    came = subscribe(broker)
    request = make_request(make_version(event_id="a/b+#c"))
    topic = "quakes/{rule}/{event_id}"
    channel = MqttChannel(settings(broker, topic=topic, qos=2, retain=True), tmp_path)
    assert channel.send(request) == ""
    message = came.get(timeout=10)
    assert message.topic == "quakes/all/a%2Fb%2B%23c"
    assert json.loads(message.payload) == request.document()
    later = subscribe(broker)  # the broker keeps it for who comes later
    while not later.get(timeout=10).retain:  # one that was still under way is no matter
        pass


def test_a_password_is_needed_and_a_wrong_one_is_final(
    make_broker, make_request, tmp_path, monkeypatch
):
    passwords = tmp_path / "passwords"
    command = [shutil.which("mosquitto_passwd"), "-b", "-c", str(passwords), "alerts", "right"]
    if command[0] is None:
        pytest.skip("mosquitto_passwd is not installed")
    subprocess.run(command, check=True, capture_output=True)
    passwords.chmod(0o644)
    broker = make_broker("allow_anonymous false", f"password_file {passwords}")
    secrets = {"user": {"env": "TEST_MQTT_USER"}, "password": {"env": "TEST_MQTT_PASSWORD"}}
    monkeypatch.setenv("TEST_MQTT_USER", "alerts")
    monkeypatch.setenv("TEST_MQTT_PASSWORD", "right")
    MqttChannel(settings(broker, **secrets), tmp_path).send(make_request())
    monkeypatch.setenv("TEST_MQTT_PASSWORD", "wrong")
    with pytest.raises(SettingsError, match="check user and password") as caught:
        MqttChannel(settings(broker, **secrets), tmp_path).send(make_request())
    assert "wrong" not in str(caught.value)


def test_no_broker_is_told_as_something_that_may_pass(make_broker, make_request, tmp_path):
    broker = make_broker()
    broker.stop()
    with pytest.raises(UnreachableError, match="is it up"):
        MqttChannel(settings(broker), tmp_path).send(make_request())


def test_a_listener_that_never_answers_is_left(make_request, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        options = MqttSettings(host="127.0.0.1", port=silent.getsockname()[1], timeout_s=0.2)
        with pytest.raises(UnreachableError, match="does not answer"):
            MqttChannel(options, tmp_path).send(make_request())


def test_nothing_is_lost_while_the_broker_is_down(
    make_broker, subscribe, make_version, arrives, settings_of, tmp_path
):
    """The broker is stopped after the first message and started again between two retries."""
    broker = make_broker()
    came = subscribe(broker)
    bus = EmbeddedBus(tmp_path / "bus.sqlite")
    rule = {"name": "any", "channels": ["one"], "update": {"moved_km": 0.0}}
    stage = AlertStage(settings_of(rule))
    story = [make_version(1), make_version(2, "update"), make_version(3, "update")]
    _, made = stage.step(
        stage.start(), [arrives(one) for one in [*story, make_version(4, "cancel")]]
    )
    bus.publish(made)
    waits, alerts = [], []

    def wait(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            broker.start()
        return False

    now_ns = round((to_posix_s(story[0].event.origin.time) + 30) * 1e9)
    options = settings(broker)
    worker = ChannelWorker(
        "one", MqttChannel(options, tmp_path), options, bus, alerts.extend, lambda: now_ns, wait
    )
    assert worker.turn(0.0)
    assert json.loads(came.get(timeout=10).payload)["version"] == 1
    broker.stop()
    while worker.turn(0.0):
        pass
    bus.close()
    assert waits == [1.0, 2.0, 4.0]
    assert [one.status for one in alerts] == ["sent"] * 4
    versions = [json.loads(came.get(timeout=20).payload)["version"] for _ in range(3)]
    assert versions == [2, 3, 4]
