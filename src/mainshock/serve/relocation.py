"""Locates an event anew from picks that a person set, by what located it before."""

import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from mainshock.core.errors import MainshockError
from mainshock.core.records import Event, Pick
from mainshock.serve import sentences
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import ApiError
from mainshock.stream.amplitudes import ArchiveAmplitudes, has_responses
from mainshock.stream.records import EventVersion

if TYPE_CHECKING:
    from mainshock.locate.base import TravelTimeModel
    from mainshock.pipeline.locating import EventBuilder

__all__ = ["event_builder", "relocated", "travel_times_of"]

# names and numbers alone: a file is not opened for whoever asks
_MODEL = re.compile(r"(iasp91|ak135)|(constant|gradient):[0-9.,eE+-]{1,80}")
_MODEL_ERROR = 0.03
_MOST_AT_ALL = 4  # at work and waiting: each holds one of the threads that answer requests
_WAIT_S = 5.0
_places = threading.BoundedSemaphore(_MOST_AT_ALL)
_one_at_a_time = threading.Lock()


def relocated(context: ServiceContext, told: EventVersion, picks: Sequence[Pick]) -> Event:
    """Return an event as some picks locate it; the same picks give the same draws.

    Where no record with a response is at hand, the magnitude stays, with a note.

    Raises
    ------
    ApiError
        400 if the picks fix no origin, 404 if the velocity model is not at hand, 503 if four others
        are at work or wait already.
    """
    if not _places.acquire(blocking=False):
        raise ApiError(503, sentences.TOO_BUSY.tell(count=_MOST_AT_ALL), retry_s=_WAIT_S)
    try:
        return _relocated(context, told, picks)
    finally:
        _places.release()


def _relocated(context: ServiceContext, told: EventVersion, picks: Sequence[Pick]) -> Event:
    ordered = sorted(picks, key=lambda pick: (pick.time, pick.station_code, pick.phase))
    builder = event_builder(context, told)
    inventory = context.inventory
    if inventory is not None and has_responses(inventory):
        reader = ArchiveAmplitudes(context.archive, inventory, lambda: None)
        builder = replace(builder, amplitudes=reader(ordered))
    rng = np.random.default_rng(_seed(ordered))
    with _one_at_a_time:
        try:
            event = builder.build(ordered, told.event_id, rng)
        except (MainshockError, np.linalg.LinAlgError) as error:
            raise ApiError(400, f"these {len(ordered)} picks cannot be located: {error}") from error
    return _with_magnitude(event, told)


def event_builder(context: ServiceContext, told: EventVersion) -> "EventBuilder":
    """Return what locates an event: that of the monitor, else one by the event's velocity model.

    Raises
    ------
    ApiError
        404 if the velocity model is a file.
    """
    if context.builder is not None:
        return context.builder
    from mainshock.locate.grid_method import GridLocation  # noqa: PLC0415 - loads compiled code
    from mainshock.pipeline.locating import EventBuilder  # noqa: PLC0415 - the same

    times = travel_times_of(context, told)
    if times is None:
        name = told.event.origin.velocity_model
        raise ApiError(404, f"the velocity model {name!r} is a file; ask the monitor that located")
    error = _MODEL_ERROR if times.name in ("iasp91", "ak135") else 0.0
    return EventBuilder(GridLocation(travel_times=times, model_error=error), context.stations)


def travel_times_of(context: ServiceContext, told: EventVersion) -> "TravelTimeModel | None":
    """Return the velocity model of an event, or None where it is a file."""
    own: TravelTimeModel | None = getattr(
        None if context.builder is None else context.builder.method, "travel_times", None
    )
    names = (told.event.origin.velocity_model, told.models.get("velocity", ""))
    if own is not None and own.name in names:
        return own
    known = next((name for name in names if _MODEL.fullmatch(name)), None)
    if known is None:
        return own
    from mainshock.locate.registry import open_velocity_model  # noqa: PLC0415 - rarely needed

    try:
        return open_velocity_model(known)
    except MainshockError:
        return own


def _seed(picks: Sequence[Pick]) -> int:
    return crc32(" ".join(f"{one.station_code}.{one.phase}.{one.time}" for one in picks).encode())


def _with_magnitude(event: Event, told: EventVersion) -> Event:
    """Return the event with the magnitude of before where none could be measured."""
    if event.magnitude is not None or told.event.magnitude is None:
        return event
    note = f"of version {told.version}: no records with responses were at hand"
    return replace(
        event,
        magnitude=told.event.magnitude,
        station_magnitudes=told.event.station_magnitudes,
        notes={**event.notes, "magnitude": note},
    )
