"""Tells people and machines of events: rules decide, a dispatcher delivers, channels carry."""

from mainshock.stream.alerts.config import (
    AlertSettings,
    check_alert_settings,
    read_alert_settings,
)
from mainshock.stream.alerts.dispatch import AlertDispatcher
from mainshock.stream.alerts.stage import AlertStage

__all__ = [
    "AlertDispatcher",
    "AlertSettings",
    "AlertStage",
    "check_alert_settings",
    "read_alert_settings",
]
