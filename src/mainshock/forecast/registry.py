"""Forecast models by name: files are imported when a name is asked for."""

from typing import TYPE_CHECKING

from mainshock.core.registry import Registry

if TYPE_CHECKING:
    from mainshock.forecast.base import ModelKind

__all__ = ["DEFAULT_SPATIAL", "DEFAULT_TEMPORAL", "RATE_MODELS"]

DEFAULT_SPATIAL = "etas"
"""What ``default`` means where events have places."""

DEFAULT_TEMPORAL = "etas-temporal"
"""What ``default`` means where they have none."""

RATE_MODELS: Registry["ModelKind"] = Registry(
    "forecast model",
    {
        "poisson": "mainshock.forecast.poisson:HOMOGENEOUS",
        "poisson-adaptive": "mainshock.forecast.adaptive_poisson:ADAPTIVE",
        "reasenberg-jones": "mainshock.forecast.reasenberg_jones:REASENBERG_JONES",
        "etas-temporal": "mainshock.forecast.temporal_etas.model:TEMPORAL_ETAS",
        "etas": "mainshock.forecast.etas.kinds:ETAS",
        "etas-homogeneous": "mainshock.forecast.etas.kinds:HOMOGENEOUS_ETAS",
        "boosted": "mainshock.forecast.boosted.model:BOOSTED",
        "ensemble": "mainshock.forecast.pooled:POOLED",
        "residual": "mainshock.forecast.residual.model:RESIDUAL",
    },
)
