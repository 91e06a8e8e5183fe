"""What is taken from a file: which events, and which of the magnitudes of each."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = [
    "SCORDILIS_2006",
    "LinearRelation",
    "ReadChoices",
    "converted",
    "count_types",
    "is_earthquake",
    "magnitude_family",
    "preferred_index",
    "require_one_type",
]

FloatArray = NDArray[np.float64]
_EARTHQUAKES = frozenset(
    (
        *("", "earthquake", "eq", "local", "regional", "teleseism", "tectonic earthquake"),
        *("induced earthquake", "induced or triggered event", "not reported", "unknown"),
        *("null", "none", "other event"),
        # letters of the International Seismological Centre: known, suspected, felt, damaging
        *("ke", "se", "fe", "de", "ki", "si", "fi", "di", "uk", "ls"),
    )
)
_FAMILIES = (
    ("mw", re.compile(r"mw.*")),
    ("ms", re.compile(r"ms(_?\d+|z|_?bb)?")),
    ("mblg", re.compile(r"mb_?lg|mn|mlg")),
    ("mb", re.compile(r"mb(_?bb)?")),
    ("ml", re.compile(r"ml[a-z]?|mlv|m_l")),
    ("md", re.compile(r"md[a-z]?|mc|mcd")),
)


@dataclass(frozen=True, slots=True)
class ReadChoices:
    """What a reader takes where a file holds more than a catalogue needs.

    Parameters
    ----------
    earthquakes_only
        Whether explosions, quarry blasts and whatever else a file does not call an earthquake
        are left out (and told). Induced earthquakes stay.
    by_preference
        Whether the magnitude that the agency prefers comes before ``magnitude_order``.
    magnitude_order
        Families of magnitude (``mw``, ``ms``, ``mb``, ``ml``, ``md``, ``mblg``), the best first,
        for events with several magnitudes. A family that is not named comes last.
    """

    earthquakes_only: bool = True
    by_preference: bool = True
    magnitude_order: tuple[str, ...] = ("mw", "ms", "mb", "ml", "md")


def is_earthquake(event_type: str) -> bool:
    """Return whether a file's word for the type of an event means an earthquake.

    No word at all does, ``not reported`` and ``unknown`` too.

    Examples
    --------
    >>> is_earthquake("earthquake"), is_earthquake("quarry blast")
    (True, False)
    """
    return event_type.strip().lower() in _EARTHQUAKES


def magnitude_family(magnitude_type: str) -> str:
    """Return the family of a type of magnitude in lower case: ``mw`` for ``Mwc``, ``Mww``, ...

    Types of no known family are a family of their own; ``""`` stays.

    Examples
    --------
    >>> magnitude_family("Mwc"), magnitude_family("mb_Lg"), magnitude_family("MLv")
    ('mw', 'mblg', 'ml')
    """
    text = magnitude_type.strip().lower()
    return next((name for name, form in _FAMILIES if form.fullmatch(text)), text)


def preferred_index(
    types: Sequence[str], preferred: int | None, choices: ReadChoices
) -> int | None:
    """Return which of the magnitudes of one event is taken, None if there are none.

    Parameters
    ----------
    types
        Of each magnitude.
    preferred
        Which one the agency prefers, None where it does not say.
    """
    if not types:
        return None
    if choices.by_preference and preferred is not None:
        return preferred
    rank = {name: place for place, name in enumerate(choices.magnitude_order)}
    last = len(rank)
    ranks = [rank.get(magnitude_family(one), last) for one in types]
    best = min(ranks)
    if best == last and preferred is not None:
        return preferred
    return ranks.index(best)


def count_types(catalogue: Catalogue) -> dict[str, int]:
    """Return how many events have each family of magnitude, the most frequent first."""
    found: dict[str, int] = {}
    for one in catalogue.magnitude_type:
        family = magnitude_family(str(one))
        found[family] = found.get(family, 0) + 1
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def require_one_type(catalogue: Catalogue, allowed: Iterable[str] = ()) -> None:
    """Refuse a mixture of magnitude types.

    Parameters
    ----------
    allowed
        Families that may stand beside one another; by default one alone.

    Raises
    ------
    DataError
        If there are several, or one that is not allowed.
    """
    counts = count_types(catalogue)
    permitted = {magnitude_family(one) for one in allowed}
    mixed = not set(counts) <= permitted if permitted else len(counts) > 1
    if mixed:
        stated = ", ".join(f"{name or 'unknown'} {n}" for name, n in counts.items())
        wanted = " and ".join(sorted(permitted)) or "one type"
        raise DataError(
            f"magnitudes are of several types ({stated}) where {wanted} is wanted; convert them "
            "with stated relations, or choose the events of one type"
        )


@dataclass(frozen=True, slots=True)
class LinearRelation:
    """``target = slope * magnitude + intercept`` for magnitudes of ``low`` to ``high``.

    Parameters
    ----------
    family
        Of the magnitudes that it converts.
    source
        Where it is published.

    Raises
    ------
    SettingsError
        If the slope is not positive or the range is empty.
    """

    family: str
    slope: float
    intercept: float
    low: float = -np.inf
    high: float = np.inf
    source: str = ""

    def __post_init__(self) -> None:
        if not (self.slope > 0 and self.low < self.high):
            raise SettingsError(
                f"a relation of slope {self.slope:g} from {self.low:g} to {self.high:g} converts "
                "nothing; the slope must be positive and the range not empty"
            )


_SCORDILIS = "Scordilis (2006), https://doi.org/10.1007/s10950-006-9012-4"
SCORDILIS_2006 = (
    LinearRelation("ms", 0.67, 2.07, 3.0, 6.15, _SCORDILIS),
    LinearRelation("ms", 0.99, 0.08, 6.15, 8.25, _SCORDILIS),
    LinearRelation("mb", 0.85, 1.03, 3.5, 6.25, _SCORDILIS),
)
"""Global relations of mb and Ms to Mw; to be given to :func:`converted`."""


def converted(
    catalogue: Catalogue,
    relations: Sequence[LinearRelation],
    target: str = "Mw",
    aliases: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Catalogue, Catalogue]:
    """Return a catalogue of one magnitude type, and the events that could not be converted.

    Parameters
    ----------
    relations
        The first one that fits the family and magnitude of an event counts.
    target
        Type that the relations lead to; events that have it already stay as they are.
    aliases
        Types taken as another one: ``{"": "Ml"}`` where a file states none.

    Notes
    -----
    Magnitudes are rounded to 0.01. A regression carries its own scatter of 0.2 to 0.3 units into
    the magnitudes, which raises rates and lowers b; see the documentation on completeness.
    """
    stated = [aliases.get(str(one), str(one)) for one in catalogue.magnitude_type]
    family = np.array([magnitude_family(one) for one in stated], dtype=object)
    done = family == magnitude_family(target)
    magnitude = catalogue.magnitude.copy()
    for one in relations:
        fits = ~done & (family == magnitude_family(one.family))
        fits &= (catalogue.magnitude >= one.low) & (catalogue.magnitude < one.high)
        magnitude[fits] = np.round(one.slope * catalogue.magnitude[fits] + one.intercept, 2)
        done |= fits
    types = np.full(len(catalogue), target, dtype=object)
    whole = replace(catalogue, magnitude=magnitude, magnitude_type=types)
    return whole.take(done), catalogue.take(~done)
