"""Events as the standard's text and as QuakeML."""

import io
from collections.abc import Iterator, Sequence

from obspy import UTCDateTime
from obspy.core import event as quakeml

from mainshock.core.times import format_utc
from mainshock.events.quakeml import to_catalogue
from mainshock.serve.fdsn.event_selection import CONTRIBUTOR, catalogue_of
from mainshock.serve.fdsn.places import PlaceNames
from mainshock.stream.records import MANUAL, EventVersion, Review

__all__ = ["EVENT_TEXT_HEADER", "events_as_quakeml", "events_as_text"]

EVENT_TEXT_HEADER = (
    "#EventID|Time|Latitude|Longitude|Depth/km|Author|Catalog|Contributor|ContributorID|"
    "MagType|Magnitude|MagAuthor|EventLocationName"
)
_EVENTS_A_PIECE = 100
_EVENT_END = b"</event>\n"


def events_as_text(versions: Sequence[EventVersion], places: PlaceNames) -> str:
    """Return one line for each event; the columns of a magnitude are empty where there is none."""
    lines = [EVENT_TEXT_HEADER, *(_line(version, places) for version in versions)]
    return "\n".join(lines) + "\n"


def _line(version: EventVersion, places: PlaceNames) -> str:
    origin, magnitude = version.event.origin, version.event.magnitude
    columns = (
        version.event_id,
        format_utc(origin.time).removesuffix("Z"),
        f"{origin.latitude:.6f}",
        f"{origin.longitude:.6f}",
        f"{origin.depth_km:.3f}",
        CONTRIBUTOR,
        catalogue_of(version),
        CONTRIBUTOR,
        version.event_id,
        "" if magnitude is None else magnitude.magnitude_type,
        "" if magnitude is None else f"{magnitude.value:.2f}",
        "" if magnitude is None else CONTRIBUTOR,
        places.name(origin.longitude, origin.latitude),
    )
    return "|".join(column.replace("|", "/") for column in columns)


def events_as_quakeml(
    versions: Sequence[EventVersion], *, with_arrivals: bool, with_all_magnitudes: bool
) -> Iterator[bytes]:
    """Yield the pieces of a QuakeML 1.2 document, so that a long one needs little memory.

    Parameters
    ----------
    with_arrivals
        Whether picks and arrivals are told.
    with_all_magnitudes
        Whether the magnitudes of single stations are told.

    Notes
    -----
    Each event states its version; one from made-up records says so in a comment.
    """
    tail = b""
    for first in range(0, len(versions), _EVENTS_A_PIECE):
        some = versions[first : first + _EVENTS_A_PIECE]
        document = _document(some, with_arrivals, with_all_magnitudes)
        begin, end = document.index(b"<event "), document.rindex(_EVENT_END) + len(_EVENT_END)
        yield document[begin:end] if tail else document[:end]
        tail = tail or document[end:]
    yield tail


def _document(
    versions: Sequence[EventVersion], with_arrivals: bool, with_all_magnitudes: bool
) -> bytes:
    catalogue = to_catalogue([version.event for version in versions])
    for version, event in zip(versions, catalogue, strict=True):
        _label(version, event)
        if not with_arrivals:
            event.picks = []
            for origin in event.origins:
                origin.arrivals = []
        if not with_all_magnitudes:
            event.station_magnitudes = []
    buffer = io.BytesIO()
    catalogue.write(buffer, format="QUAKEML")
    return buffer.getvalue()


def _label(version: EventVersion, event: quakeml.Event) -> None:
    issued = UTCDateTime(version.issued.replace(tzinfo=None))
    event.creation_info = quakeml.CreationInfo(
        agency_id=CONTRIBUTOR,
        author=CONTRIBUTOR,
        creation_time=issued,
        version=str(version.version),
    )
    if version.status in ("preliminary", "reviewed", "rejected"):
        for origin in event.origins:
            origin.evaluation_status = version.status
    if version.review is not None:
        _label_review(version.review, event)
    if version.is_synthetic:
        event.comments.append(quakeml.Comment(text="synthetic: found in made-up records"))


def _label_review(review: Review, event: quakeml.Event) -> None:
    """State who made a version, and which picks are a person's."""
    event.creation_info.author = review.author
    if review.comment:
        event.comments.append(quakeml.Comment(text=f"{review.action}: {review.comment}"))
    for origin in event.origins:
        origin.evaluation_mode = "manual"
    for pick in event.picks:
        if str(pick.method_id).endswith(f"/{MANUAL}"):
            pick.evaluation_mode = "manual"
