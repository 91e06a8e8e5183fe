"""The kinds of alert channel by name."""

from mainshock.core.registry import Registry
from mainshock.stream.alerts.base import ChannelKind

__all__ = ["CHANNELS"]

CHANNELS: Registry[ChannelKind] = Registry(
    "alert channel",
    {
        "cap": "mainshock.stream.alerts.cap:CapChannel",
        "file": "mainshock.stream.alerts.json_lines:FileChannel",
        "mail": "mainshock.stream.alerts.mail:MailChannel",
        "mqtt": "mainshock.stream.alerts.mqtt:MqttChannel",
        "webhook": "mainshock.stream.alerts.webhook:WebhookChannel",
    },
)
