"""Events in words: numbers with their uncertainty, flags and grades in plain sentences."""

import math
from collections.abc import Sequence

from mainshock.core.records import Event
from mainshock.core.times import to_posix_s, utc_from_posix

__all__ = [
    "FLAG_SENTENCES",
    "QUALITY_WORDS",
    "explain_flags",
    "format_depth",
    "format_magnitude",
    "format_origin_time",
    "format_plus_minus",
    "format_position",
    "headline",
    "is_located",
]

QUALITY_WORDS = {
    "A": "well constrained",
    "B": "constrained",
    "C": "roughly located",
    "D": "detected, hardly located",
}

FLAG_SENTENCES = {
    "single_station": (
        "Only one station recorded it: S minus P, where both are there, gives the distance, and "
        "the particle motion of P a rough direction. Read the region, not the point."
    ),
    "distance_from_prior": (
        "There are too few picks for a distance: it and the origin time come from where past "
        "earthquakes were."
    ),
    "distance_unconstrained": "There is no S and no prior: only the direction is known.",
    "duplicate_picks": (
        "A phase was picked more than once at a station; the most probable pick was used."
    ),
    "s_before_p": "S comes before P at a station; one of them is wrong.",
    "few_effective_draws": (
        "The sampler found too few independent draws; do not rely on the regions."
    ),
    "sampler_not_finished": "The sampler stopped early; do not use this location.",
    "multimodal": "The picks allow several separate places; the region has several parts.",
    "mode_reported": (
        "The mean of the posterior lies where the event hardly can be, so the most probable "
        "place is reported instead."
    ),
    "depth_unconstrained": (
        "The picks hardly constrain the depth; the depth stated is the middle of a wide range."
    ),
    "at_grid_edge": (
        "The posterior reaches the edge of the volume searched; the true place may lie beyond."
    ),
    "few_picks": "Few picks went into the location; one wrong pick would move it far.",
    "model_error_not_included": (
        "The velocity model was taken as exact; the true uncertainty is larger than stated."
    ),
    "outside_network": (
        "The epicentre lies outside the network (azimuthal gap above 180°), so distance from it "
        "trades off with origin time and depth."
    ),
    "large_azimuthal_gap": (
        "All stations lie within a quarter of the horizon as seen from the epicentre."
    ),
    "poor_fit": (
        "Residuals are larger than the picks' uncertainties explain: a pick may be wrong, or the "
        "velocity model does not fit."
    ),
    "weak_picks": "The picks themselves are uncertain; parts of this event may be noise.",
}


def explain_flags(event: Event) -> list[str]:
    """Return what limits the trust in an event, in sentences.

    One for each flag of the event and its origin, and one for each arrival that more probably
    does not belong to it.
    """
    flags = dict.fromkeys((*event.origin.flags, *event.flags))
    if "single_station" in flags:
        flags.pop("large_azimuthal_gap", None)  # one station cannot have any other
    told = [FLAG_SENTENCES.get(flag, f"Flag: {flag.replace('_', ' ')}.") for flag in flags]
    doubtful = [
        f"{arrival.pick.phase} at {arrival.pick.station} hardly fits (residual "
        f"{arrival.residual_s:+.2f} s) and counts little: it belongs to this event with "
        f"probability {arrival.inlier_probability:.2f}."
        for arrival in event.arrivals
        if arrival.inlier_probability < 0.5
    ]
    return told + doubtful


def is_located(event: Event) -> bool:
    """Return whether the event is graded better than detected."""
    return event.quality != "D"


def headline(events: Sequence[Event]) -> str:
    """Return what was found in one sentence.

    Examples
    --------
    >>> headline([])
    'No event was found.'
    """
    n_located = sum(is_located(event) for event in events)
    n_weak = len(events) - n_located
    parts = []
    if n_located:
        parts.append(f"{n_located} event{'s' * (n_located > 1)} located")
    if n_weak:
        parts.append(f"{n_weak} detected but hardly located")
    return f"{', '.join(parts)}." if parts else "No event was found."


def format_plus_minus(value: float, sd: float, unit: str = "") -> str:
    """Return a value and its standard deviation, both to the digits that the latter justifies.

    Parameters
    ----------
    value, sd
        In the same unit.
    unit
        Text after the numbers.

    Examples
    --------
    >>> format_plus_minus(4.5678, 0.234, "km")
    '4.6 ± 0.2 km'
    >>> format_plus_minus(4.5678, 0.134, "km")
    '4.57 ± 0.13 km'
    >>> format_plus_minus(123.4, 41.0)
    '123 ± 41'
    """
    decimals = _decimals(sd)
    text = f"{value:.{decimals}f} ± {sd:.{decimals}f}"
    return f"{text} {unit}" if unit else text


def _decimals(sd: float) -> int:
    """Return the decimals that show one digit of ``sd``, two where it starts with 1."""
    if not (math.isfinite(sd) and sd > 0.0):
        return 2
    exponent = math.floor(math.log10(sd))
    digits = 2 if sd / 10.0**exponent < 2.0 else 1
    return max(0, min(4, digits - 1 - exponent))


def format_origin_time(event: Event, *, with_date: bool = True) -> str:
    """Return the origin time, UTC, with its standard deviation."""
    origin = event.origin
    decimals = min(_decimals(origin.time_sd_s), 3)
    rounded = utc_from_posix(round(to_posix_s(origin.time), decimals))
    text = f"{rounded:%Y-%m-%d %H:%M:%S.%f}" if with_date else f"{rounded:%H:%M:%S.%f}"
    shown = text[: -6 + decimals] if decimals else text[:-7]
    return f"{shown} ± {origin.time_sd_s:.{decimals}f} s"


def format_position(event: Event) -> str:
    """Return latitude and longitude with hemisphere, and the standard deviations in km."""
    origin = event.origin
    north_south = "N" if origin.latitude >= 0.0 else "S"
    east_west = "E" if origin.longitude >= 0.0 else "W"
    decimals = 4 if max(origin.east_sd_km, origin.north_sd_km) < 2.0 else 3
    return (
        f"{abs(origin.latitude):.{decimals}f}° {north_south} "
        f"± {_short(origin.north_sd_km)} km, "
        f"{abs(origin.longitude):.{decimals}f}° {east_west} ± {_short(origin.east_sd_km)} km"
    )


def _short(sd: float) -> str:
    return f"{sd:.{_decimals(sd)}f}"


def format_depth(event: Event) -> str:
    """Return the depth below sea level with its standard deviation."""
    return format_plus_minus(event.origin.depth_km, event.origin.depth_sd_km, "km")


def format_magnitude(event: Event) -> str:
    """Return type, value and standard deviation of the magnitude, or ``"none"``."""
    magnitude = event.magnitude
    if magnitude is None:
        return "none"
    return f"{magnitude.magnitude_type} {magnitude.value:.1f} ± {magnitude.sd:.1f}"
