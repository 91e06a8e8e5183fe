"""Joins picks with a classifier's regions: soft evidence, and no event is lost on the way."""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import MainshockError
from mainshock.core.records import Event, Pick
from mainshock.core.times import to_posix_s
from mainshock.detect.regions.scores import constant_weights
from mainshock.locate.base import LocationMethod
from mainshock.locate.cluster_prior import cluster_prior
from mainshock.locate.priors import GaussianMixturePrior
from mainshock.pipeline.locating import EventBuilder, LocatedPicks
from mainshock.pipeline.results import NotUsed
from mainshock.sources.cluster_files import ClusterShapes
from mainshock.sources.eqnemix_files import Detection, DetectionTable
from mainshock.sources.region_files import RegionProbabilities

__all__ = [
    "REASONS",
    "ConfirmedDetection",
    "DoubleConfirmation",
    "LocatedDetection",
    "ReferenceThresholds",
    "confirm",
    "locate_confirmed",
    "located_picks",
]

FloatArray = NDArray[np.float64]
_log = logging.getLogger(__name__)

REASONS = {
    "confirmed": "picks and a window agree; its probabilities weigh the clusters",
    "no_window": "no window holds P; the clusters' own shares are the prior",
    "noise_window": "the window is noise rather than any region; the prior's floor is raised",
    "weights_constant": "the classifier says the same for all events; its weights are not used",
    "below_reference_threshold": "a probability is below the reference's limit of 0.80",
    "no_p": "the row has no P",
    "no_s": "the row has no S",
    "s_before_p": "S is not later than P; the more probable of them is kept",
    "not_located": "the picks that are left fix no place",
}
"""What the column ``reason`` may hold, joined by ``;``."""


@dataclass(frozen=True, slots=True)
class ReferenceThresholds:
    """Below which probability EQNeMix drops a detection; here it is only noted."""

    detection: float = 0.8
    p: float = 0.8
    s: float = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class ConfirmedDetection:
    """A detection, and what a classifier says of its region.

    Parameters
    ----------
    detection
        The row.
    stated
        Probability of each region as the classifier states it, shape ``(K,)``, or None.
    weights
        The same with sum 1, where it is to be used; else None.
    noise
        Probability of noise, 0 to 1; 0 where the weights are not used.
    reasons
        Names of ``REASONS``; ``confirmed`` where nothing stands against the row.
    reference_would_drop
        Whether EQNeMix's thresholds and joins would have lost the row.
    """

    detection: Detection
    stated: FloatArray | None
    weights: FloatArray | None
    noise: float
    reasons: tuple[str, ...]
    reference_would_drop: bool

    @property
    def picks(self) -> list[Pick]:
        """The picks to locate with: where S is not after P, the more probable one alone."""
        picks = list(self.detection.picks)
        if "s_before_p" in self.reasons:
            return [max(picks, key=lambda pick: (pick.probability, pick.phase == "P"))]
        return picks


@dataclass(frozen=True, slots=True, eq=False)
class DoubleConfirmation:
    """All detections of a table in its order, and warnings about the whole."""

    rows: tuple[ConfirmedDetection, ...]
    warnings: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class LocatedDetection:
    """A detection with its event, or without one and the reason why."""

    confirmed: ConfirmedDetection
    event: Event | None
    error: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Names of ``REASONS``."""
        found = self.confirmed.reasons
        return found if self.event is not None else (*found, "not_located")


def confirm(
    table: DetectionTable,
    windows: RegionProbabilities | None = None,
    thresholds: ReferenceThresholds | None = None,
) -> DoubleConfirmation:
    """Return every detection with the region probabilities at its P.

    Parameters
    ----------
    table
        Detections; their own weights count where no windows are given.
    windows
        Detections of a region classifier. Of several windows that hold P the mean counts.
    thresholds
        Of the reference, for the column ``reference_would_drop``.

    Notes
    -----
    Where the weights hardly change over the run they tell nothing of single events: they are
    left out with a warning (reason and flag ``weights_constant``).
    """
    thresholds = thresholds or ReferenceThresholds()
    given = [_weights_at_p(row, windows) for row in table.rows]
    warning = _constant(given)
    rows = []
    for row, found in zip(table.rows, given, strict=True):
        reasons = _reasons(row, found, thresholds, is_constant=warning is not None)
        dropped = {"no_window", "noise_window", "below_reference_threshold", "no_p", "no_s"}
        usable = found if warning is None else None
        weights = None if usable is None or not usable.any() else usable / usable.sum()
        rows.append(
            ConfirmedDetection(
                detection=row,
                stated=found,
                weights=weights,
                noise=_noise(usable),
                reasons=reasons,
                reference_would_drop=not dropped.isdisjoint(reasons),
            )
        )
    if warning is None:
        return DoubleConfirmation(tuple(rows), (), table.flags)
    text = f"{warning}; they are not used, the clusters' shares are"
    _log.warning("%s", text)
    return DoubleConfirmation(tuple(rows), (text,), (*table.flags, "weights_constant"))


def _weights_at_p(row: Detection, windows: RegionProbabilities | None) -> FloatArray | None:
    if windows is None:
        return row.weights
    p = row.pick("P")
    if p is None:
        return None
    numbers = windows.holding(to_posix_s(p.time), row.station_code)
    return windows.probabilities[numbers].mean(axis=0) if numbers.size else None


def _constant(given: Sequence[FloatArray | None]) -> str | None:
    found = [weights for weights in given if weights is not None]
    if not found or found[0].size < 2 or any(one.size != found[0].size for one in found):
        return None
    return constant_weights(np.stack(found))


def _noise(weights: FloatArray | None) -> float:
    return 0.0 if weights is None else float(np.clip(1.0 - weights.sum(), 0.0, 1.0))


def _reasons(
    row: Detection,
    weights: FloatArray | None,
    thresholds: ReferenceThresholds,
    *,
    is_constant: bool,
) -> tuple[str, ...]:
    p, s = row.pick("P"), row.pick("S")
    limits = (
        (row.detection_probability, thresholds.detection),
        (math.nan if p is None else p.probability, thresholds.p),
        (math.nan if s is None else s.probability, thresholds.s),
    )
    checks = {
        "no_p": p is None,
        "no_s": s is None,
        "s_before_p": p is not None and s is not None and s.time <= p.time,
        "below_reference_threshold": any(value < limit for value, limit in limits),
        "no_window": weights is None,
        "noise_window": weights is not None and _noise(weights) > float(weights.max()),
        "weights_constant": weights is not None and is_constant,
    }
    return tuple(name for name, holds in checks.items() if holds) or ("confirmed",)


def locate_confirmed(
    confirmation: DoubleConfirmation,
    shapes: ClusterShapes | None,
    builder: EventBuilder,
    rng: np.random.Generator,
    *,
    is_legacy: bool = False,
    progress: Callable[[str], None] | None = None,
) -> list[LocatedDetection]:
    """Return every detection located, or with the reason why it could not be.

    Parameters
    ----------
    confirmation
        What ``confirm`` found.
    shapes
        The clusters that the regions are; None: the method keeps the prior it has.
    builder
        Makes events. Where shapes are given its method must be a dataclass with a field
        ``prior``, which is set anew for each event.
    is_legacy
        Take the weights of the table as they stand, constant or not, over no floor, as EQNeMix
        does.

    Raises
    ------
    DataError
        If there are more or fewer regions than clusters.
    """
    located = []
    for row in confirmation.rows:
        method = builder.method
        if shapes is not None:
            prior = _legacy_prior(row, shapes) if is_legacy else _prior(row, shapes)
            method = _with_prior(method, prior)
        try:
            event = replace(builder, method=method).build(row.picks, row.detection.event_id, rng)
        except MainshockError as error:
            located.append(LocatedDetection(row, None, str(error)))
        else:
            flags = [name for name in row.reasons if name != "confirmed"]
            event = replace(event, flags=tuple(dict.fromkeys((*event.flags, *flags))))
            located.append(LocatedDetection(row, event))
        if progress is not None:
            progress(row.detection.event_id)
    return located


def _prior(row: ConfirmedDetection, shapes: ClusterShapes) -> GaussianMixturePrior:
    return cluster_prior(shapes, row.weights, noise=row.noise)


def _legacy_prior(row: ConfirmedDetection, shapes: ClusterShapes) -> GaussianMixturePrior:
    has_weights = row.stated is not None and row.stated.any()
    return cluster_prior(shapes, row.stated if has_weights else None, background=0.0)


def _with_prior(method: LocationMethod, prior: GaussianMixturePrior) -> LocationMethod:
    changed = replace(cast(Any, method), prior=prior)  # a protocol is no dataclass to mypy
    return cast(LocationMethod, changed)


def located_picks(located: Sequence[LocatedDetection]) -> LocatedPicks:
    """Return the same as a result of the pipeline: events in order of time, and what is left."""
    events = sorted(
        (one.event for one in located if one.event is not None), key=lambda event: event.origin.time
    )
    picks = [pick for one in located for pick in one.confirmed.detection.picks]
    left = [
        NotUsed(f"detection {one.confirmed.detection.event_id}", one.error)
        for one in located
        if one.event is None
    ]
    return LocatedPicks(
        tuple(events), tuple(sorted(picks, key=lambda pick: pick.time)), tuple(left)
    )
