"""Builds each event once: association runs again and again over mostly the same picks."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from mainshock.core.errors import MainshockError
from mainshock.core.records import Event, Pick
from mainshock.pipeline.locating import AmplitudeInput, EventBuilder
from mainshock.sources.stations import StationList

__all__ = ["AmplitudeReader", "RememberingBuilder"]

AmplitudeReader = Callable[[Sequence[Pick]], AmplitudeInput | None]
"""Returns records around some picks with their responses, or None where there are none."""

_Key = tuple[tuple[Pick, ...], bool]
_KEPT = timedelta(minutes=20)  # only late records have associations look back farther


@dataclass(slots=True, eq=False)
class RememberingBuilder:
    """An event builder that answers the same picks with the same event.

    Parameters
    ----------
    builder
        What builds events, without amplitudes.
    read_amplitudes
        Reads records for a magnitude, or None.
    mature
        How long after its first pick an event's records suffice for a magnitude.
    clock
        Data time that maturity is judged by; set before each association.
    most
        Events remembered; fewer where the last pick is twenty minutes old.
    """

    builder: EventBuilder
    read_amplitudes: AmplitudeReader | None
    mature: timedelta
    clock: datetime
    most: int = 100
    _known: "OrderedDict[_Key, Event | MainshockError]" = field(default_factory=OrderedDict)

    @property
    def stations(self) -> StationList:
        """Stations with coordinates."""
        return self.builder.stations

    def build(self, picks: Sequence[Pick], event_id: str, rng: np.random.Generator) -> Event:
        """Return the located event.

        Raises
        ------
        DataError, GeometryError
            If the picks cannot fix an origin.
        """
        key = (tuple(picks), self._is_mature(picks))
        if key not in self._known:
            self._forget()
            self._known[key] = self._built(picks, event_id, rng, is_mature=key[1])
        self._known.move_to_end(key)
        known = self._known[key]
        if isinstance(known, MainshockError):
            raise known.with_traceback(None)  # which would grow each time
        return known

    def _is_mature(self, picks: Sequence[Pick]) -> bool:
        return self.read_amplitudes is not None and self.clock - picks[0].time >= self.mature

    def _forget(self) -> None:
        """Make room for one more, and drop what hardly any association asks for again."""
        while len(self._known) >= self.most:
            self._known.popitem(last=False)
        for key in [key for key in self._known if key[0][-1].time < self.clock - _KEPT]:
            del self._known[key]

    def _built(
        self, picks: Sequence[Pick], event_id: str, rng: np.random.Generator, *, is_mature: bool
    ) -> Event | MainshockError:
        builder = self.builder
        if is_mature and self.read_amplitudes is not None:
            builder = replace(builder, amplitudes=self.read_amplitudes(picks))
        try:
            return builder.build(picks, event_id, rng)
        except MainshockError as error:
            return _without_frames(error)


def _without_frames(error: MainshockError) -> MainshockError:
    """Return an error without the frames behind it, which hold all arrays of a location."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
