"""Alerts in the Common Alerting Protocol: exercises, unless an operator says otherwise."""

import xml.etree.ElementTree as ET  # writes only; nothing is parsed
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from mainshock.core.errors import SourceError, UnreachableError
from mainshock.core.files import make_folder, replacing
from mainshock.stream.alerts.base import NOTICE, AlertRequest, ChannelSettings, FormerMessage
from mainshock.stream.alerts.text import alert_body, alert_title
from mainshock.stream.alerts.webhook import WebhookChannel, WebhookSettings
from mainshock.stream.records import VersionStatus

__all__ = ["CapChannel", "CapSettings", "cap_status", "make_cap"]

_NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_LEAST_RADIUS_KM = 0.1
_NOTES = {
    "Actual": "",
    "Exercise": "Exercise message of an automatic system: no action is asked for.",
    "Test": "Test message made from synthetic records: there was no such earthquake.",
}
CapStatus = Literal["Actual", "Exercise", "Test"]
CapName = Annotated[str, StringConstraints(pattern=r"^[^\s,<&]{1,128}$")]


class CapSettings(ChannelSettings):
    """Who speaks, where the messages go, and whether they are meant.

    Parameters
    ----------
    sender
        Unique name of the sender, such as ``alerts@example.org``: no space, comma, ``<`` or ``&``.
    sender_name
        The same for people.
    out_folder, webhook
        Folder that each message is written to as a file, address that it is posted to; one of
        the two at least.
    enable_actual
        Whether messages may have the status ``Actual``. Those about synthetic or replayed
        records never have.
    least_stations_for_actual
        A preliminary version by fewer stations is an exercise in any case.
    expires_after_s
        From ``sent`` on.
    """

    kind: Literal["cap"] = "cap"
    sender: CapName
    sender_name: str = "mainshock automatic earthquake detection"
    out_folder: Path | None = None
    webhook: WebhookSettings | None = None
    enable_actual: bool = False
    least_stations_for_actual: Annotated[int, Field(ge=1)] = 6
    expires_after_s: Annotated[float, Field(ge=60.0, le=604_800.0)] = 3600.0

    @model_validator(mode="after")
    def _goes_somewhere(self) -> "CapSettings":
        if self.out_folder is None and self.webhook is None:
            raise ValueError("a cap channel needs out_folder, webhook or both")
        return self

    def target(self) -> str:
        """Return the folder and the host, as far as there are both."""
        folder = "" if self.out_folder is None else str(self.out_folder)
        host = "" if self.webhook is None else self.webhook.target()
        return " and ".join(one for one in (folder, host) if one)

    def problem(self) -> str:
        """Return why the webhook can never be reached, or an empty text."""
        return "" if self.webhook is None else self.webhook.problem()


def _may_be_actual(settings: CapSettings, status: VersionStatus, n_stations: int) -> bool:
    return status in ("settled", "reviewed") or n_stations >= settings.least_stations_for_actual


def cap_status(request: AlertRequest, settings: CapSettings) -> CapStatus:
    """Return how a message is meant.

    What followed a message that was meant is meant as well: it must be able to correct it.
    """
    if request.is_synthetic:
        return "Test"
    if request.is_replay or not settings.enable_actual:
        return "Exercise"
    now = _may_be_actual(settings, request.status, request.event["n_stations"])
    # a cancel alone means nothing: it follows what it withdraws
    is_actual = now and request.kind != "cancel"
    return "Actual" if is_actual or _actual_before(request, settings) else "Exercise"


def _actual_before(request: AlertRequest, settings: CapSettings) -> list[FormerMessage]:
    """Return the former messages from the first one on that was meant."""
    for number, one in enumerate(request.former):
        if _may_be_actual(settings, one.status, one.n_stations):
            return list(request.former[number:])
    return []


def make_cap(request: AlertRequest, settings: CapSettings) -> bytes:
    """Return the message as CAP 1.2, XML in UTF-8.

    References
    ----------
    OASIS (2010), Common Alerting Protocol Version 1.2,
    http://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html
    """
    status = cap_status(request, settings)
    before: Sequence[FormerMessage] = request.former
    if status == "Actual" and request.kind != "cancel":
        before = _actual_before(request, settings)  # an exercise cannot be updated in earnest
    kinds = {"new": "Alert", "update": "Update", "cancel": "Cancel"}
    alert = ET.Element("alert", xmlns=_NAMESPACE)
    _texts(
        alert,
        ("identifier", _identifier(request, request.version)),
        ("sender", settings.sender),
        ("sent", _time(request.issued)),
        ("status", status),
        ("msgType", kinds[request.kind] if before or request.kind == "cancel" else "Alert"),
        ("source", settings.sender_name),
        ("scope", "Public"),
        ("note", _NOTES[status]),
        ("references", _references(request, settings, before)),
    )
    info = ET.SubElement(alert, "info")
    _fill_info(info, request, settings)
    ET.indent(alert)
    text: bytes = ET.tostring(alert, encoding="utf-8", xml_declaration=True)
    return text


def _texts(parent: ET.Element, *items: tuple[str, str]) -> None:
    """Add elements in this order, which the standard prescribes; empty ones are left out."""
    for name, text in items:
        if text:
            ET.SubElement(parent, name).text = _xml_text(text)


def _xml_text(text: str) -> str:
    """Leave out the control characters that XML cannot hold."""
    return "".join(one for one in text if one in "\t\n" or one >= " ")


def _identifier(request: AlertRequest, version: int) -> str:
    return f"{request.safe_id}.{version}"


def _time(value: datetime) -> str:
    # the standard wants whole seconds, and -00:00 in place of Z
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S-00:00")


def _references(
    request: AlertRequest, settings: CapSettings, before: Sequence[FormerMessage]
) -> str:
    return " ".join(
        f"{settings.sender},{_identifier(request, one.version)},{_time(one.issued)}"
        for one in before
    )


def _fill_info(info: ET.Element, request: AlertRequest, settings: CapSettings) -> None:
    event = request.event
    expires = request.issued + timedelta(seconds=settings.expires_after_s)
    _texts(
        info,
        ("language", "en-GB"),
        ("category", "Geo"),
        ("event", "Earthquake"),
        ("urgency", "Past"),  # it has happened: nothing here foretells shaking
        ("severity", "Unknown"),  # magnitude alone does not tell the damage
        ("certainty", "Observed" if event["quality"] in "AB" else "Likely"),
        ("onset", _time(datetime.fromisoformat(event["time"]))),
        ("expires", _time(expires)),
        ("senderName", settings.sender_name),
        ("headline", alert_title(request)),
        ("description", alert_body(request)),
        ("instruction", NOTICE),
        ("web", request.link),
    )
    for name, value in _parameters(request):
        if value is not None:
            _texts(ET.SubElement(info, "parameter"), ("valueName", name), ("value", str(value)))
    radius_km = max(event["region95_radius_km"], _LEAST_RADIUS_KM)
    place = f"{event['latitude']:.4f},{event['longitude']:.4f}"
    area = ET.SubElement(info, "area")
    _texts(
        area,
        ("areaDesc", f"Where the epicentre lies with 95 % probability: {radius_km:.1f} km around"),
        ("circle", f"{place} {radius_km:.2f}"),
    )


def _parameters(request: AlertRequest) -> list[tuple[str, object]]:
    names = (
        *("magnitude", "magnitude_type", "magnitude_sd", "time", "longitude", "latitude"),
        *("depth_km", "time_sd_s", "east_sd_km", "north_sd_km", "depth_sd_km", "quality"),
        *("region95_km2", "n_picks", "n_stations"),
    )
    values: list[tuple[str, object]] = [(name, request.event[name]) for name in names]
    values += [("event_id", request.event_id), ("event_version", request.version)]
    values += [(f"model_{key}", name) for key, name in request.event["models"].items()]
    return [*values, ("stations", " ".join(request.event["stations"]) or None)]


class CapChannel:
    """Writes each message to a folder, posts it, or both."""

    settings_kind: type[ChannelSettings] = CapSettings

    def __init__(self, settings: CapSettings, folder: Path) -> None:
        self.settings = settings
        self.out = None if settings.out_folder is None else folder / settings.out_folder
        self._webhook = None
        if settings.webhook is not None:
            self._webhook = WebhookChannel(settings.webhook, folder)

    def send(self, request: AlertRequest) -> str:
        """Write and post the message; the file is written first, and again if posting fails."""
        body = make_cap(request, self.settings)
        if self.out is not None:
            name = f"{_identifier(request, request.version)}.xml"
            try:
                with replacing(make_folder(self.out) / name) as path:
                    path.write_bytes(body)
            except SourceError as error:
                raise UnreachableError(str(error)) from error
        if self._webhook is not None:
            self._webhook.send_body(request, body, "application/cap+xml")
        return ""
