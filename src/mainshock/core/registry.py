"""A registry maps a name to ``"module:Class"`` text and imports it on first use."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from mainshock.core.errors import RegistryError

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """The implementations of one capability, by name.

    Parameters
    ----------
    kind
        What the names stand for, in the singular, as users read it in errors: ``"picker"``.
    entries
        Name to ``"module:attribute"``. Nothing is imported before a name is asked for.

    Notes
    -----
    Other packages add names through the entry-point group ``mainshock.<kind>`` (spaces in the
    kind become underscores). A name in ``entries`` wins over one from outside.

    Examples
    --------
    >>> squares = Registry("number", {"pi": "math:pi"})
    >>> squares.names()
    ['pi']
    >>> round(squares.load("pi"), 2)
    3.14
    """

    def __init__(self, kind: str, entries: Mapping[str, str]) -> None:
        self.kind = kind
        self._entries = dict(entries)

    def _targets(self) -> dict[str, str]:
        group = "mainshock." + self.kind.replace(" ", "_")
        outside = {point.name: point.value for point in entry_points(group=group)}
        return outside | self._entries

    def names(self) -> list[str]:
        """Return all registered names in alphabetical order."""
        return sorted(self._targets())

    def __contains__(self, name: object) -> bool:
        return name in self._targets()

    def load(self, name: str) -> T:
        """Return the registered object, importing its module now.

        Raises
        ------
        RegistryError
            If nobody registered ``name``, or its entry cannot be imported.
        """
        targets = self._targets()
        if name not in targets:
            known = ", ".join(sorted(targets)) or "none"
            raise RegistryError(f"no {self.kind} is called {name!r}; known names: {known}")
        module, _, attribute = targets[name].partition(":")
        try:
            loaded: T = getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise RegistryError(
                f"{self.kind} {name!r} is registered as {targets[name]!r}, which does not import: "
                f"{error}"
            ) from error
        return loaded
