"""Catalogues in QuakeML 1.2, read event by event, so that a large file needs little memory."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mainshock.core.errors import SourceError
from mainshock.sources.base import SkippedInput
from mainshock.sources.seismicity.base import CatalogueFormat
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.choices import ReadChoices, preferred_index
from mainshock.sources.seismicity.rows import catalogue_from_rows

__all__ = ["QUAKEML", "StatedMagnitude", "read_all_magnitudes"]

Element = Any  # of lxml, which has no types
_EVENT_ID_IN_QUERY = re.compile(r"event_?id=([^&]+)", re.IGNORECASE)
_REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class StatedMagnitude:
    """One of the magnitudes that a file states for an event.

    Parameters
    ----------
    magnitude_type
        ``""`` where the file states none.
    uncertainty
        As the file states it, NaN where it does not.
    agency
        Who determined it.
    is_preferred
        Whether the file's author prefers it.
    """

    event_id: str
    magnitude: float
    magnitude_type: str
    uncertainty: float
    agency: str
    is_preferred: bool


def read_all_magnitudes(path: str | Path) -> list[StatedMagnitude]:
    """Return every magnitude of every event of a QuakeML file; those without a value are no one's.

    Raises
    ------
    SourceError
        If the file cannot be read.
    """
    events = list(_events(Path(path)))
    ids = _event_ids([str(one.get("publicID", "")) for one in events])
    found = []
    for event, event_id in zip(events, ids, strict=True):
        preferred = _text(event, "preferredMagnitudeID")
        for one in _children(event, "magnitude"):
            value = _number(_text(one, "mag", "value"))
            if not math.isnan(value):
                found.append(
                    StatedMagnitude(
                        event_id,
                        value,
                        _text(one, "type"),
                        _number(_text(one, "mag", "uncertainty")),
                        _text(one, "creationInfo", "agencyID"),
                        one.get("publicID") == preferred,
                    )
                )
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _children(element: Element, name: str) -> list[Element]:
    return list(element.findall(f"{{*}}{name}"))


def _text(element: Element | None, *names: str) -> str:
    """Return the text of a descendant, ``""`` where there is none."""
    for name in names:
        element = None if element is None else element.find(f"{{*}}{name}")
    return "" if element is None else (element.text or "").strip()


def _events(path: Path) -> Iterator[Element]:
    """Yield the event elements, whose other descendants than origins and magnitudes are freed."""
    from lxml import etree  # noqa: PLC0415

    kept = ("{*}event", "{*}pick", "{*}arrival", "{*}amplitude", "{*}stationMagnitude")
    try:
        walk = etree.iterparse(
            str(path), tag=kept, resolve_entities=False, no_network=True, load_dtd=False
        )
        for _, element in walk:
            if etree.QName(element).localname == "event":
                yield element
            else:
                element.clear()
    except (OSError, etree.XMLSyntaxError) as error:
        raise SourceError(f"{path} cannot be read as QuakeML: {error}") from error


def _event_ids(whole: list[str]) -> list[str]:
    """Return the last parts of the resource ids, or the whole ids where those would repeat."""
    short = [_short_id(text) for text in whole]
    return short if len(set(short)) == len(short) else whole


def _short_id(resource_id: str) -> str:
    query = _EVENT_ID_IN_QUERY.search(resource_id)
    return query[1] if query else resource_id.rstrip("/").rsplit("/", 1)[-1]


def _chosen(event: Element, name: str, preferred: str) -> Element | None:
    """Return the preferred origin, else the first that is not rejected."""
    there = _children(event, name)
    wanted = _text(event, preferred)
    for one in there:
        if one.get("publicID") == wanted:
            return one
    usable = (one for one in there if _text(one, "evaluationStatus") != _REJECTED)
    return next(usable, None)


def _magnitude(event: Element, choices: ReadChoices) -> Element | None:
    there = [
        one
        for one in _children(event, "magnitude")
        if _text(one, "mag", "value") and _text(one, "evaluationStatus") != _REJECTED
    ]
    wanted = _text(event, "preferredMagnitudeID")
    preferred = next((i for i, one in enumerate(there) if one.get("publicID") == wanted), None)
    index = preferred_index([_text(one, "type") for one in there], preferred, choices)
    return None if index is None else there[index]


def _row(event: Element, choices: ReadChoices) -> dict[str, str]:
    origin = _chosen(event, "origin", "preferredOriginID")
    magnitude = _magnitude(event, choices)
    depth_m = _text(origin, "depth", "value")
    known = [_text(one, "creationInfo", "creationTime") for one in (origin, magnitude)]
    return {
        "time": _text(origin, "time", "value"),
        "longitude": _text(origin, "longitude", "value"),
        "latitude": _text(origin, "latitude", "value"),
        "depth_km": repr(_number(depth_m) / 1000.0) if depth_m else "",
        "magnitude": _text(magnitude, "mag", "value"),
        "magnitude_type": _text(magnitude, "type"),
        "event_type": _text(event, "type"),
        "status": _text(origin, "evaluationStatus"),
        # a version is known once both its parts are
        "known": max(known) if all(known) else "",
    }


def _read(path: Path, choices: ReadChoices, skipped: list[SkippedInput]) -> Catalogue:
    lines: list[int] = []
    ids: list[str] = []
    columns: dict[str, list[str]] = {}
    for event in _events(path):
        for name, cell in _row(event, choices).items():
            columns.setdefault(name, []).append(cell)
        ids.append(str(event.get("publicID", "")))
        lines.append(int(event.sourceline or 0))
        event.clear()
        while event.getprevious() is not None:  # siblings that are done with hold memory
            del event.getparent()[0]
    columns = columns or {"time": [], "magnitude": []}
    columns["event_id"] = _event_ids(ids)
    return catalogue_from_rows(path, lines, columns, choices, skipped)


def _recognises(head: bytes) -> bool:
    return b"quakeml" in head.lower() and b"<" in head[:64]


QUAKEML = CatalogueFormat("QuakeML", _recognises, _read)
