"""Alerts as JSON to a topic of an MQTT broker."""

import ssl
import threading
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import Field, StringConstraints, model_validator

from mainshock.core.errors import SettingsError, UnreachableError
from mainshock.stream.alerts.base import AlertRequest, ChannelSettings
from mainshock.stream.alerts.secret import SecretSource

__all__ = ["MqttChannel", "MqttSettings"]

_MAY_WORK_LATER = (136, 137)  # reason codes of CONNACK: server unavailable, server busy
Topic = Annotated[str, StringConstraints(pattern=r"^[^+#\x00-\x1f]{1,256}$")]


class MqttSettings(ChannelSettings):
    """Which broker, and how it is told.

    Parameters
    ----------
    host, port
        The broker.
    topic
        May hold ``{rule}`` and ``{event_id}``.
    qos
        1: at least once, 2: exactly once for each attempt; 0 would lose messages unnoticed.
    retain
        Whether the broker keeps the newest message of a topic for who comes later.
    tls
        Whether the connection is encrypted (port 8883 by custom).
    user, password
        To log in; a password needs ``tls``, except on this machine.
    """

    kind: Literal["mqtt"] = "mqtt"
    host: str
    port: Annotated[int, Field(ge=1, le=65_535)] = 1883
    topic: Topic = "mainshock/alerts"
    qos: Literal[1, 2] = 1
    retain: bool = False
    tls: bool = False
    user: SecretSource | None = None
    password: SecretSource | None = None

    @model_validator(mode="after")
    def _password_only_in_private(self) -> "MqttSettings":
        is_here = self.host in ("127.0.0.1", "::1", "localhost")
        if self.password is not None and self.user is None:
            raise ValueError("a password needs a user")
        if self.password is not None and not self.tls and not is_here:
            raise ValueError("a password needs tls = true")
        return self

    def target(self) -> str:
        """Return host and port."""
        return f"{self.host}:{self.port}"


class MqttChannel:
    """Publishes each message over a connection of its own, and waits until the broker has it.

    Alerts are rare: a connection for each needs no care while nothing is sent, and finds a broker
    that was restarted.
    """

    settings_kind: type[ChannelSettings] = MqttSettings

    def __init__(self, settings: MqttSettings, folder: Path) -> None:
        self.settings = settings
        self._user = None if settings.user is None else settings.user.read(folder)
        self._password = None if settings.password is None else settings.password.read(folder)

    def send(self, request: AlertRequest) -> str:
        """Publish the message and wait for the broker's receipt."""
        settings = self.settings
        client, answered, codes = self._client()
        try:
            client.connect(settings.host, settings.port, keepalive=60)
            client.loop_start()
            if not answered.wait(settings.timeout_s):
                raise UnreachableError(f"broker {settings.host} does not answer; is it up?")
            _require_accepted(settings.host, codes[0])
            receipt = client.publish(
                self._topic(request), request.json_bytes(), settings.qos, settings.retain
            )
            receipt.wait_for_publish(settings.timeout_s)
            if not receipt.is_published():
                raise UnreachableError(f"broker {settings.host} sent no receipt; is it up?")
        except UnreachableError:
            raise
        except (OSError, RuntimeError) as error:
            raise UnreachableError(f"no broker at {settings.host}: {error!r}; is it up?") from error
        finally:
            client.disconnect()
            client.loop_stop()
        return ""

    def _topic(self, request: AlertRequest) -> str:
        # an event id may hold what has a meaning in topics; quote leaves none of it
        event_id = quote(request.event_id, safe="")
        return self.settings.topic.replace("{rule}", request.rule).replace("{event_id}", event_id)

    def _client(self) -> tuple[Client, threading.Event, list[Any]]:
        """Return a client that connects once, and what will hold the broker's answer."""
        answered = threading.Event()
        codes: list[Any] = []  # paho's ReasonCode

        def on_connect(*arguments: Any) -> None:  # paho's signature
            codes.append(arguments[3])
            answered.set()

        client = Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
        client.connect_timeout = self.settings.timeout_s
        client.on_connect = on_connect
        if self._user is not None:
            client.username_pw_set(self._user, self._password)
        if self.settings.tls:
            client.tls_set_context(ssl.create_default_context())
        return client, answered, codes


def _require_accepted(host: str, code: Any) -> None:  # paho's ReasonCode
    if not code.is_failure:
        return
    if code.value in _MAY_WORK_LATER:
        raise UnreachableError(f"broker {host} says {code}; it is tried again")
    raise SettingsError(f"broker {host} says {code}; check user and password")
