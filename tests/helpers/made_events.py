"""An event that a test makes up where any will do."""

from datetime import UTC, datetime

import numpy as np

from mainshock.core.records import Arrival, Event, Origin, Pick
from mainshock.stream.records import EventVersion, VersionStatus

__all__ = ["NOW", "event_version"]

NOW = datetime(2026, 5, 27, 12, tzinfo=UTC)


def event_version(event_id: str = "e", status: VersionStatus = "preliminary") -> EventVersion:
    """Return the first version of an event of one pick."""
    origin = Origin(
        *(NOW, 10.0, 50.0, 8.0),
        time_sd_s=0.1,
        east_sd_km=1.0,
        north_sd_km=1.5,
        depth_sd_km=2.0,
        covariance_km2=np.diag([1.0, 2.25, 4.0]),
        velocity_model="iasp91",
    )
    pick = Pick("XX", "AAA", "", "P", NOW, 0.9, 0.1, "model")
    found = Event(event_id, origin, (Arrival(pick, 20.0, 45.0, -0.05),), None, "B")
    return EventVersion(event_id, 1, "new", status, found, NOW)
