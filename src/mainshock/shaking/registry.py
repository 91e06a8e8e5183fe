"""Models of shaking, by name: files are imported when a name is asked for."""

from typing import TYPE_CHECKING

from mainshock.core.registry import Registry

if TYPE_CHECKING:
    from mainshock.shaking.base import MotionModel
    from mainshock.shaking.training import Architecture

__all__ = ["ARCHITECTURES", "MOTION_MODELS"]

# how a model is trained from records and opened from its folder
ARCHITECTURES: Registry["Architecture"] = Registry(
    "shaking architecture",
    {
        "flow": "mainshock.shaking.flow.architecture:FLOW",
        "cgm-gm": "mainshock.shaking.cgm_gm.architecture:CGM_GM",
    },
)

# models that need no training here
MOTION_MODELS: Registry["type[MotionModel]"] = Registry(
    "ground-motion model",
    {
        "ba19": "mainshock.shaking.published:BA19Motion",
        "bay-area": "mainshock.shaking.bay_area:BayAreaMotion",
        "bssa14": "mainshock.shaking.published:BSSA14Motion",
    },
)
