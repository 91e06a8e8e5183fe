"""Classifiers of segments by name."""

from collections.abc import Callable

from mainshock.core.registry import Registry
from mainshock.megathrust.base import SegmentClassifier

__all__ = ["BASELINES", "SEGMENT_CLASSIFIERS"]

# what every score stands beside: they know where a segment is, and nothing else
BASELINES = ("majority", "region-prior", "nearest-1", "nearest-5")

# each is called without arguments, or with ``random_state``
SEGMENT_CLASSIFIERS: Registry[Callable[..., SegmentClassifier]] = Registry(
    "segment classifier",
    {
        "default": "mainshock.megathrust.combined:CombinedClassifier",
        "along-trench": "mainshock.megathrust.along_trench:AlongTrenchProcess",
        "extra-trees": "mainshock.megathrust.models:extra_trees",
        "boosting": "mainshock.megathrust.models:boosting",
        "ordinal": "mainshock.megathrust.ordinal:CensoredOrdinal",
        "tuned-trees": "mainshock.megathrust.tuned:TunedTrees",
        "logistic": "mainshock.megathrust.models:logistic",
        "network": "mainshock.megathrust.network:PublishedNetwork",
        "network-ensemble": "mainshock.megathrust.network:network_ensemble",
        "majority": "mainshock.megathrust.location_only:Majority",
        "region-prior": "mainshock.megathrust.location_only:RegionPrior",
        "nearest-1": "mainshock.megathrust.location_only:nearest_1",
        "nearest-5": "mainshock.megathrust.location_only:nearest_5",
    },
)
