"""What an associator is, what it returns, and what it asks of a travel-time model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError
from mainshock.core.records import Pick, Station

__all__ = ["AssociationResult", "Associator", "TravelTimes"]


class TravelTimes(Protocol):
    """The part of a travel-time model that association needs; any model of this shape fits."""

    def travel_time_s(
        self,
        phase: str,
        distance_km: ArrayLike,
        source_depth_km: ArrayLike,
        receiver_depth_km: ArrayLike,
    ) -> NDArray[np.float64]:
        """Return the travel time of the first ``P`` or ``S`` in seconds; all arrays broadcast."""
        ...


@dataclass(frozen=True, slots=True)
class AssociationResult:
    """Picks grouped into candidate events.

    Parameters
    ----------
    groups
        One list of picks for each event, picks in order of time, events in order of origin time.
        A pick is in one group at most; a group has at most one pick of each station and phase.
    unassociated
        The picks in no group, in order of time.
    flags
        One tuple for each group: what a reader must know, such as ``"single_station"``.
    """

    groups: list[list[Pick]]
    unassociated: list[Pick]
    flags: list[tuple[str, ...]]

    def __post_init__(self) -> None:
        if len(self.flags) != len(self.groups):
            raise DataError(
                f"{len(self.groups)} groups have {len(self.flags)} sets of flags; "
                "each group needs one, an empty tuple where there is nothing to say"
            )


@runtime_checkable
class Associator(Protocol):
    """Finds which picks belong to the same earthquake. Configured by its fields, stateless."""

    @property
    def name(self) -> str:
        """The name it is registered under."""
        ...

    def associate(
        self, picks: Sequence[Pick], stations: Sequence[Station], travel_times: TravelTimes
    ) -> AssociationResult:
        """Return the groups of picks that one hypocentre and origin time explain.

        Picks of stations without coordinates are returned as unassociated.
        """
        ...
