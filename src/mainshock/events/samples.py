"""Posterior draws of all events in one NPZ file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mainshock.core.errors import DataError
from mainshock.core.files import replacing
from mainshock.core.records import Event

__all__ = ["write_samples"]

_NAMES = ("longitude", "latitude", "depth_km", "time_s")


def write_samples(path: Path, events: Sequence[Event]) -> None:
    """Write ``event_id (n_events,)`` and four arrays of shape ``(n_events, n_samples)``.

    ``longitude``, ``latitude`` in degrees, ``depth_km`` positive down, ``time_s`` relative to the
    event's time; all draws have equal weight. Events without draws are left out.

    Raises
    ------
    DataError
        If events carry different numbers of draws.
    SourceError
        If the file cannot be written.
    """
    drawn = [(event.event_id, event.origin.samples) for event in events]
    kept = [(name, samples) for name, samples in drawn if samples is not None]
    counts = {samples.longitude.size for _, samples in kept}
    if len(counts) > 1:
        raise DataError(f"events have {sorted(counts)} draws; all need the same number")
    n_samples = counts.pop() if counts else 0
    arrays = {
        name: np.stack([getattr(samples, name) for _, samples in kept])
        if kept
        else np.empty((0, n_samples))
        for name in _NAMES
    }
    ids = np.array([name for name, _ in kept], dtype=np.str_)
    with replacing(path) as temporary:
        np.savez_compressed(
            temporary,
            event_id=ids,
            longitude=arrays["longitude"],
            latitude=arrays["latitude"],
            depth_km=arrays["depth_km"],
            time_s=arrays["time_s"],
        )
