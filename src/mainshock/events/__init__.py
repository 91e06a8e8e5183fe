"""From picks to events: association, local magnitude, quality and the files that tell of them.

Implementations are imported from their own modules, so that this package stays light.
"""

from mainshock.events.base import AssociationResult, Associator, TravelTimes
from mainshock.events.registry import ASSOCIATORS

__all__ = ["ASSOCIATORS", "AssociationResult", "Associator", "TravelTimes"]
