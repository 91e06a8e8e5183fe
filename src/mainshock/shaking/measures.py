"""The measures of shaking that models give: their names, units and order."""

from collections.abc import Sequence

from mainshock.core.errors import DataError

__all__ = [
    "FAS_FREQUENCIES_HZ",
    "MEASURES",
    "PSA_PERIODS_S",
    "fas_name",
    "place_of",
    "psa_name",
    "unit_of",
]

FAS_FREQUENCIES_HZ = (1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0)
PSA_PERIODS_S = (0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0)


def fas_name(frequency_hz: float) -> str:
    """Return the column of a Fourier amplitude: ``ln_fas_5hz``."""
    return f"ln_fas_{frequency_hz:g}hz"


def psa_name(period_s: float) -> str:
    """Return the column of a spectral acceleration: ``ln_psa_0.3s``."""
    return f"ln_psa_{period_s:g}s"


# natural logarithms: Fourier amplitude of the east component in m/s, RotD50 of the horizontals
# in m/s^2 (PGA, PSA) and m/s (PGV)
MEASURES = (
    *(fas_name(one) for one in FAS_FREQUENCIES_HZ),
    "ln_pga",
    "ln_pgv",
    *(psa_name(one) for one in PSA_PERIODS_S),
)


def unit_of(measure: str) -> str:
    """Return the unit of a measure itself, not of its logarithm."""
    return "m/s" if measure == "ln_pgv" or measure.startswith("ln_fas") else "m/s^2"


def place_of(
    given: Sequence[str], asked: Sequence[str] | None
) -> tuple[tuple[str, ...], list[int]]:
    """Return the measures asked for, all by default, and where they stand in a model's own.

    Raises
    ------
    DataError
        If the model does not give one of them.
    """
    chosen = tuple(given) if asked is None else tuple(asked)
    unknown = [one for one in chosen if one not in given]
    if unknown:
        raise DataError(f"no measure {unknown[0]!r}; this model gives {', '.join(given)}")
    return chosen, [given.index(one) for one in chosen]
