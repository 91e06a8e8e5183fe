"""Alerts as recorded read them: plain sentences with their uncertainty."""

import math

from mainshock.stream.alerts.base import NOTICE, AlertRequest

__all__ = ["alert_body", "alert_title", "magnitude_text", "place_text"]

_KINDS = {"new": "Earthquake", "update": "Update: earthquake", "cancel": "CANCELLED: earthquake"}


def magnitude_text(request: AlertRequest) -> str:
    """Return such as ``ML 4.2 ± 0.3``, or that there is no magnitude yet."""
    event = request.event
    if event["magnitude"] is None:
        return "magnitude not known yet"
    return f"{event['magnitude_type']} {event['magnitude']:.1f} ± {event['magnitude_sd']:.1f}"


def _degrees(value: float, positive: str, negative: str) -> str:
    return f"{abs(value):.3f}°{positive if value >= 0 else negative}"


def place_text(request: AlertRequest) -> str:
    """Return such as ``35.100°N 24.200°E``."""
    event = request.event
    north = _degrees(event["latitude"], "N", "S")
    return f"{north} {_degrees(event['longitude'], 'E', 'W')}"


def _label(request: AlertRequest) -> str:
    if request.is_synthetic:
        return "[SYNTHETIC] "
    return "[REPLAY] " if request.is_replay else ""


def alert_title(request: AlertRequest) -> str:
    """Return one line: what it is, how large, where and when."""
    time = request.event["time"][:19].replace("T", " ")
    return (
        f"{_label(request)}{_KINDS[request.kind]}, {magnitude_text(request)}, "
        f"{place_text(request)}, {time} UTC"
    )


def alert_body(request: AlertRequest) -> str:
    """Return the message in full, line by line."""
    event = request.event
    recorded = f"{event['n_picks']} arrivals at {event['n_stations']} stations"
    horizontal_km = math.hypot(event["east_sd_km"], event["north_sd_km"])
    lines = [alert_title(request), "", *_opening(request)]
    region = f"with 95 % probability within {event['region95_radius_km']:.1f} km"
    lines += [
        f"Magnitude: {magnitude_text(request)}",
        f"Place: {place_text(request)} ± {horizontal_km:.1f} km; {region}",
        f"Depth: {event['depth_km']:.1f} ± {event['depth_sd_km']:.1f} km",
        f"Origin time: {event['time']} ± {event['time_sd_s']:.2f} s",
        f"Quality: {event['quality']} (A best, D hardly located)",
        f"Recorded: {recorded}: {', '.join(event['stations'])}",
        f"Made by: {', '.join(f'{key} {name}' for key, name in event['models'].items())}",
        f"Event {request.event_id}, version {request.version}, {request.status}",
    ]
    if event["flags"]:
        lines.append(f"Remarks: {', '.join(event['flags'])}")
    if request.link:
        lines.append(request.link)
    return "\n".join([*lines, "", "± is one standard deviation.", NOTICE, ""])


def _opening(request: AlertRequest) -> list[str]:
    lines = []
    if request.is_synthetic:
        lines.append("MADE-UP RECORDS: there was no such earthquake.")
    elif request.is_replay:
        lines.append("REPLAY of old records: this is not happening now.")
    if request.kind == "cancel":
        lines.append("The earlier message about this event is withdrawn. It told:")
    elif request.status == "preliminary":
        lines.append("Preliminary: numbers may still change.")
    if request.reason:
        lines.append(f"Reason: {request.reason}")
    if not request.matches_rule and request.kind == "update":
        lines.append("By what is known now, the rule would not have told of it.")
    return [*lines, ""] if lines else []
