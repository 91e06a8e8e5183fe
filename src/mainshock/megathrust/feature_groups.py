"""Which features belong together: what they measure, and the published types I, II and III.

Type I is the physical state of the margin, type II what stands for the forces that act on it, type
III its kinematics, as in Graciosa et al. (2025, https://doi.org/10.1029/2024JB028774).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "MISSING",
    "FeatureGroup",
    "correlated_groups",
    "feature_order",
    "group_members",
    "group_of",
]

MISSING = "_missing"  # ends the name of an input that says that a feature is missing


class FeatureGroup(NamedTuple):
    """What a feature measures, and its published type: I, II, III, or "other"."""

    name: str
    kind: str


_GROUPS = {
    FeatureGroup("curvature", "I"): ("crd", "crs", "crm", "curvature"),
    FeatureGroup("strain rate", "I"): ("inv", "dlt", "strain", "dilatation"),
    FeatureGroup("sediment", "I"): ("sed", "sediment"),
    FeatureGroup("roughness", "I"): ("sro", "iro", "lro", "roughness"),
    FeatureGroup("lithosphere", "I"): ("lithosphere", "crust", "moho", "heat", "lab"),
    FeatureGroup("gravity", "II"): ("fre", "egr", "gravity", "free", "bouguer"),
    FeatureGroup("geoid", "II"): ("ego", "geoid"),
    FeatureGroup("slab depth", "II"): ("dxt", "fdm", "sdm", "dip", "slab"),
    FeatureGroup("kinematics", "III"): (
        "v",
        "age",
        "convergence",
        "obliquity",
        "velocity",
        "rate",
    ),
}
_BY_PREFIX = {prefix: group for group, prefixes in _GROUPS.items() for prefix in prefixes}
_KINDS = ("I", "II", "III", "other")


def group_of(feature: str) -> FeatureGroup:
    """Return the group of a feature by the first word of its name, an unknown word naming its own.

    Examples
    --------
    >>> group_of("EGO_L_UP_AVE")
    FeatureGroup(name='geoid', kind='II')
    >>> group_of("bathymetry_mean_m")
    FeatureGroup(name='bathymetry', kind='other')
    """
    prefix = feature.split("_", maxsplit=1)[0].lower()
    return _BY_PREFIX.get(prefix, FeatureGroup(prefix, "other"))


def feature_order(features: Sequence[str]) -> list[str]:
    """Return features by type (I, II, III, other), then by group, then as they were given."""
    known = list(_GROUPS)

    def place(feature: str) -> tuple[int, int, str]:
        group = group_of(feature)
        position = known.index(group) if group in known else len(known)
        return _KINDS.index(group.kind), position, group.name

    return sorted(features, key=place)


def group_members(features: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the features of each group, in the order of :func:`feature_order`."""
    members: dict[str, list[str]] = {}
    for feature in feature_order(features):
        members.setdefault(group_of(feature).name, []).append(feature)
    return {name: tuple(own) for name, own in members.items()}


def correlated_groups(
    table: pd.DataFrame, features: Sequence[str], least_correlation: float = 0.7
) -> dict[str, tuple[str, ...]]:
    """Return features that rise and fall together, which no ranking can tell apart.

    Average linkage on one less the absolute rank correlation (Spearman), missing values left out by
    pairs. A set is named after its first feature and the number of the others.

    Parameters
    ----------
    table
        Segments.
    features
        Columns.
    least_correlation
        Mean absolute correlation at which sets are still joined.
    """
    from scipy.cluster.hierarchy import fcluster, linkage  # noqa: PLC0415 - slow to import

    ordered = feature_order(features)
    if len(ordered) < 2:
        return {name: (name,) for name in ordered}
    correlation = table[ordered].corr(method="spearman").abs().fillna(0.0).to_numpy()
    above: NDArray[np.intp] = np.triu_indices(len(ordered), k=1)  # type: ignore[assignment]
    number = fcluster(
        linkage(1.0 - correlation[above], "average"), 1.0 - least_correlation, "distance"
    )
    found: dict[str, tuple[str, ...]] = {}
    for one in dict.fromkeys(number.tolist()):
        own = tuple(name for name, set_ in zip(ordered, number, strict=True) if set_ == one)
        found[own[0] if len(own) == 1 else f"{own[0]} + {len(own) - 1}"] = own
    return found
