"""Sentences for readers: written in English, named by a code, so that others can translate them.

What writes a sentence fills in its values; whoever tells the sentence in another language finds
code and values again in the English text, also where that text was stored or sent long before.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from string import Formatter

from mainshock.core.errors import SettingsError

__all__ = ["Sentence", "Sentences", "Told", "sentences_of"]

_CODE = re.compile(r"[a-z]+(\.[a-z0-9_]+)+")
_LONGEST = 2000  # characters; nothing that is longer is looked at
_MOST_KEPT = 2000
_MOST_PIECES = 41
_SEPARATOR = re.compile(r"(; |, )")
Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence as it was told, with what a translation needs.

    Parameters
    ----------
    text
        In English.
    code
        Of the sentence; None where the text is no known one.
    values
        Numbers and names in it, as they stand in the text.
    """

    text: str
    code: str | None = None
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sentence:
    """A sentence with places for values.

    Parameters
    ----------
    code
        What never changes while the sentence means the same, such as ``feed.shed``.
    text
        In English, with places as of :meth:`str.format`, such as ``{count} packets``.

    Raises
    ------
    SettingsError
        If the code is no two or more lower-case words with a point between them.

    Examples
    --------
    >>> late = Sentence("data.late", "no data of {station!r} for {age_s:g} s")
    >>> late.tell(station="CX.PB01", age_s=40.0)
    "no data of 'CX.PB01' for 40 s"
    >>> late.values_in("no data of 'CX.PB01' for 40 s")
    {'station': 'CX.PB01', 'age_s': '40'}
    """

    code: str
    text: str

    def __post_init__(self) -> None:
        """Check the code."""
        if not _CODE.fullmatch(self.code):
            raise SettingsError(f"code is {self.code!r}; it must be words with points between them")

    def tell(self, **values: object) -> str:
        """Return the sentence in English."""
        return self.text.format(**values)

    @cached_property
    def places(self) -> Mapping[str, bool]:
        """Names of the values, and whether each stands in quotes."""
        parts = Formatter().parse(self.text)
        return {name: how == "r" for _, name, _, how in parts if name is not None}

    @property
    def plain_text(self) -> str:
        """The text with its places as ``{name}`` alone."""
        parts = ((one, name) for one, name, _, _ in Formatter().parse(self.text))
        return "".join(one + ("" if name is None else f"{{{name}}}") for one, name in parts)

    def values_in(self, text: str) -> dict[str, str] | None:
        """Return the values in a text that is this sentence, None of any other text."""
        found = self._pattern.fullmatch(text)
        if found is None:
            return None
        places = self.places.items()
        return {name: _unquoted(found[name]) if how else found[name] for name, how in places}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        written, seen = "", set()
        for one, name, _, _ in Formatter().parse(self.text):
            written += re.escape(one)
            if name is not None:  # a value that is told twice is the same twice
                written += f"(?P={name})" if name in seen else f"(?P<{name}>.+?)"
                seen.add(name)
        return re.compile(written, re.DOTALL)


def _unquoted(text: str) -> str:
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text


def sentences_of(names: Mapping[str, object]) -> tuple[Sentence, ...]:
    """Return the sentences of a module, in its order, from its ``globals()``."""
    return tuple(one for one in names.values() if isinstance(one, Sentence))


class Sentences:
    """Finds sentences again in English texts.

    Parameters
    ----------
    known
        All that may be told; where two fit, the first one counts.

    Raises
    ------
    SettingsError
        If two have the same code.
    """

    def __init__(self, known: Iterable[Sentence]) -> None:
        self.known = tuple(known)
        codes = [one.code for one in self.known]
        twice = {one for one in codes if codes.count(one) > 1}
        if twice:
            raise SettingsError(f"two sentences are called {', '.join(sorted(twice))}; rename one")
        self._kept: dict[str, Told] = {}

    def told(self, text: str) -> Told:
        """Return a text with its code and values, or without a code where it is not known."""
        if len(text) > _LONGEST:
            return Told(text)
        kept = self._kept.get(text)
        if kept is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            kept = self._kept[text] = self._found(text)
        return kept

    def all_told(self, texts: Iterable[str]) -> list[Told]:
        """Return the same of several texts, in their order."""
        return [self.told(one) for one in texts]

    def told_parts(self, text: str) -> list[Told]:
        """Return the same of a text of several sentences with semicolons or commas between them.

        What is not known stays together; after a sentence that ends with a value it belongs to
        that value.
        """
        if not text:
            return []
        whole = self.told(text)
        pieces = _SEPARATOR.split(text)
        is_one = whole.code is not None and not whole.values
        if is_one or not 1 < len(pieces) <= _MOST_PIECES:
            return [whole]
        return self._split(pieces)

    def _split(self, pieces: list[str]) -> list[Told]:
        """Return the sentences of pieces that take turns with separators."""
        said: list[Told] = []
        first = 0
        while first < len(pieces):
            end = self._end(pieces, first)
            told = self.told("".join(pieces[first:end]))
            before = said[-1] if said else None
            gap = pieces[first - 1] if first else ""
            if told.code is None and before is not None:
                joined = self.told(before.text + gap + told.text)
                if before.code is None or joined.code == before.code:
                    said[-1] = joined
                    first = end + 1
                    continue
            said.append(told)
            first = end + 1
        return said

    def _end(self, pieces: list[str], first: int) -> int:
        """Return where the shortest known sentence that begins at a piece ends; else the next."""
        for end in range(first + 1, len(pieces) + 1, 2):
            if self.told("".join(pieces[first:end])).code is not None:
                return end
        return first + 1

    def _found(self, text: str) -> Told:
        for one in self.known:
            values = one.values_in(text)
            if values is not None:
                return Told(text, one.code, values)
        return Told(text)
