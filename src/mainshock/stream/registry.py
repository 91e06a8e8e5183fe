"""Stages that later capabilities add to the live path, by name."""

from collections.abc import Callable
from typing import Any

from mainshock.core.registry import Registry
from mainshock.stream.bus import Stage

__all__ = ["LIVE_STAGES"]

# a stage has a state of its own kind; what it is given beside is that of its name in LiveRun
LIVE_STAGES: Registry[Callable[..., Stage[Any]]] = Registry(
    "live stage",
    {
        "context": "mainshock.stream.context:context_stage",
        "drift": "mainshock.stream.monitoring.stage:drift_stage",
        "forecasts": "mainshock.stream.forecasts:forecast_stage",
        "shaking": "mainshock.stream.shaking:shaking_stage",
    },
)
