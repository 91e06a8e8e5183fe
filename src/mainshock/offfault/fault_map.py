"""Mapped fault traces as lines in a metric frame."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, NothingFoundError
from mainshock.core.geo import LocalFrame
from mainshock.offfault import sentences

__all__ = ["KINDS", "UNITS", "FaultMap", "TracedLine", "build_fault_map", "kind_of"]

FloatArray = NDArray[np.float64]

KINDS = ("main", "secondary")
UNITS = ("auto", "lonlat", "km", "m")

_MAIN = frozenset({"", "main", "primary", "principal"})
_LARGEST_M = 5.0e6  # farther from each other, traces are no map of one fault


@dataclass(frozen=True, slots=True, eq=False)
class TracedLine:
    """A line as a file holds it: ``places`` of shape ``(n, 2)`` in the file's coordinates."""

    places: FloatArray
    kind: str


@dataclass(frozen=True, slots=True, eq=False)
class FaultMap:
    """Fault traces in a metric frame.

    Parameters
    ----------
    lines
        Each of shape ``(n, 2)``: metres east (or right) and north (or up).
    kinds
        ``main`` or ``secondary``, one for each line.
    frame
        Where the metres are counted from; None: the map has no place on Earth.
    crs_note
        Which coordinates the file had, in words.
    notes
        What was left out of the file, in words.
    """

    lines: tuple[FloatArray, ...]
    kinds: tuple[str, ...]
    frame: LocalFrame | None
    crs_note: str
    notes: tuple[str, ...] = ()

    def of_kinds(self, kinds: Sequence[str]) -> "FaultMap":
        """Return a map of the lines of some kinds.

        Raises
        ------
        NothingFoundError
            If there is no such line.
        """
        kept = [i for i, kind in enumerate(self.kinds) if kind in kinds]
        if not kept:
            raise NothingFoundError(
                f"none of {len(self.lines)} traces is of the kind {' or '.join(kinds)}; "
                f"this map holds {', '.join(sorted(set(self.kinds)))}"
            )
        return replace(
            self,
            lines=tuple(self.lines[i] for i in kept),
            kinds=tuple(self.kinds[i] for i in kept),
        )

    def main_lines(self) -> tuple[FloatArray, ...]:
        """Return the main traces, or all where none is marked as main."""
        main = tuple(
            line for line, kind in zip(self.lines, self.kinds, strict=True) if kind == "main"
        )
        return main or self.lines

    def to_geographic(self, places: FloatArray) -> FloatArray | None:
        """Return longitude and latitude of places in the frame, shape ``(n, 2)``, where known."""
        if self.frame is None:
            return None
        longitude, latitude = self.frame.to_geographic(*(places.T / 1000.0))
        return np.stack([longitude, latitude], axis=1)


def kind_of(properties: dict[str, Any]) -> str:
    """Return ``main`` or ``secondary`` from the properties ``kind`` or ``rank`` of a trace.

    Examples
    --------
    >>> kind_of({"Rank": "Principal"}), kind_of({}), kind_of({"kind": "secondary"})
    ('main', 'main', 'secondary')
    """
    told = {str(key).lower(): value for key, value in properties.items()}
    text = str(told.get("kind") or told.get("rank") or "").strip().lower()
    return "main" if text in _MAIN else "secondary"


def build_fault_map(
    lines: Sequence[TracedLine], units: str, crs_note: str, notes: Sequence[str] = ()
) -> FaultMap:
    """Return a fault map in metres from lines in a file's coordinates.

    Parameters
    ----------
    lines
        At least one of two or more places.
    units
        ``lonlat`` (WGS84 degrees), ``km`` or ``m``.
    crs_note, notes
        As in :class:`FaultMap`.

    Raises
    ------
    NothingFoundError
        If there is no line.
    DataError
        If coordinates are not finite, no line has a length, or they do not fit the units.
    """
    told = list(notes)
    if not lines:
        raise NothingFoundError(_without_lines(told))
    if not all(np.isfinite(one.places).all() for one in lines):
        raise DataError("some trace has a coordinate that is no finite number; mend or remove it")
    kept = [one for one in lines if len(one.places) > 1 and np.ptp(one.places, axis=0).any()]
    if len(kept) < len(lines):
        told.append(sentences.SHORT_TRACES.tell(count=len(lines) - len(kept)))
    if not kept:
        raise DataError(f"none of {len(lines)} traces has two different places; nothing to draw")
    if units == "lonlat":
        frame, metric = _in_metres([one.places for one in kept])
    else:
        scale = {"km": 1000.0, "m": 1.0}[units]
        frame, metric = None, [one.places * scale for one in kept]
    _check_extent(metric, units)
    return FaultMap(
        lines=tuple(metric),
        kinds=tuple(one.kind for one in kept),
        frame=frame,
        crs_note=crs_note,
        notes=tuple(told),
    )


def _without_lines(notes: Sequence[str]) -> str:
    if notes:
        return sentences.ONLY_OTHER_KINDS.tell(notes="; ".join(notes))
    return sentences.NO_TRACE.tell()


def _in_metres(places: list[FloatArray]) -> tuple[LocalFrame, list[FloatArray]]:
    """Return a frame around the middle of places on Earth, and the places in it."""
    together = np.concatenate(places)
    if (np.abs(together) > (180.0 + 180.0, 90.0)).any():
        raise DataError(
            f"coordinates reach {np.abs(together).max():g}, which is no longitude or latitude; "
            "say `km` or `m` for the units of a local frame"
        )
    angle = np.radians(together[:, 0])  # a mean that also holds across 180 degrees
    longitude = float(np.degrees(np.arctan2(np.sin(angle).mean(), np.cos(angle).mean())))
    frame = LocalFrame(longitude, float(together[:, 1].mean()))
    return frame, [1000.0 * np.stack(frame.to_local(*one.T), axis=1) for one in places]


def _check_extent(lines: Sequence[FloatArray], units: str) -> None:
    extent_m = float(np.ptp(np.concatenate(lines), axis=0).max())
    if not 1.0 <= extent_m <= _LARGEST_M:
        raise DataError(
            f"the traces span {extent_m:g} m when read as {units}; 1 m to {_LARGEST_M / 1e3:g} km "
            "are possible, so check the units"
        )
