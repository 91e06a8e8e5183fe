"""Options of a model's fit: those it knows, with what stands where none is given."""

from collections.abc import Mapping
from typing import Any

from mainshock.core.errors import SettingsError
from mainshock.forecast.base import FitSettings

__all__ = ["fit_options"]


def fit_options(kind: str, settings: FitSettings, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return every option of a kind of model, as given or by default.

    Parameters
    ----------
    kind
        Name of the model, for messages.
    settings
        Whose ``options`` are taken; text that reads as a number is one.
    defaults
        All options that the model knows.

    Raises
    ------
    SettingsError
        If an option is not known, or is no number where its default is one.

    Examples
    --------
    >>> given = FitSettings(0.0, 1.0, 3.0, options={"neighbour": "5"})
    >>> fit_options("poisson-adaptive", given, {"neighbour": 2, "m_max": None})
    {'neighbour': 5.0, 'm_max': None}
    """
    unknown = sorted(set(settings.options) - set(defaults))
    if unknown:
        raise SettingsError(
            f"{kind} has no option {', '.join(unknown)}; it has {', '.join(sorted(defaults))}"
        )
    found = dict(defaults)
    for name, value in settings.options.items():
        found[name] = _number(value) if isinstance(value, str) else value
        is_number = isinstance(defaults[name], int | float) or defaults[name] is None
        if is_number and value is not None and not isinstance(found[name], int | float):
            raise SettingsError(f"option {name} of {kind} is a number, not {value!r}")
    return found


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
