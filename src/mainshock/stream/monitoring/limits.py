"""Control limits that a few odd values do not move: median and median deviation."""

import base64
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

import numpy as np

__all__ = ["Change", "Figure", "Limits", "pack_numbers", "unpack_numbers"]

_MAD_TO_SIGMA = 1.4826
_BACK = 0.7  # share of the limit within which a figure counts as back
Change = Literal["", "opens", "stays", "closes", "adopted"]


def pack_numbers(values: "Sequence[float] | array[float] | np.ndarray[Any, Any]") -> str:
    """Return numbers as text, eight bytes each."""
    return base64.b64encode(np.asarray(values, dtype="<f8").tobytes()).decode()


def unpack_numbers(text: str) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return the numbers that ``pack_numbers`` wrote."""
    return np.frombuffer(base64.b64decode(text), dtype="<f8").astype(np.float64)


@dataclass(frozen=True, slots=True)
class Limits:
    """How a figure is judged.

    Parameters
    ----------
    floor
        Least distance from the median that is told, in the figure's unit.
    sigmas
        And at least so many robust standard deviations of the reference.
    fewest, most
        Values of the reference that are needed, and that are kept.
    every
        Once there are enough, each so manieth value is taken into the reference.
    opens_after, closes_after
        Values in a row that are out, and back.
    adopts_after
        Values in a row that are out after which they are the usual ones.
    """

    floor: float
    sigmas: float = 6.0
    fewest: int = 30
    most: int = 144
    every: int = 10
    opens_after: int = 2
    closes_after: int = 3
    adopts_after: int = 1440


@dataclass(slots=True, eq=False)
class Figure:
    """One number that is watched over time.

    Parameters
    ----------
    limits
        How it is judged.

    Attributes
    ----------
    is_open
        Whether it is out of its limits.
    usual, limit
        Median of the reference, and how far from it a value may be, at the last judgement.
    """

    limits: Limits
    is_open: bool = False
    usual: float = float("nan")
    limit: float = float("nan")
    _values: "array[float]" = field(default_factory=lambda: array("d"))
    _since: "array[float]" = field(default_factory=lambda: array("d"))
    _out: int = 0
    _back: int = 0
    _seen: int = 0

    @property
    def is_ready(self) -> bool:
        """Whether the reference suffices."""
        return len(self._values) >= self.limits.fewest

    def see(self, value: float, floor: float | None = None) -> Change:
        """Judge a value, and say what that changes; nothing out of limits joins the reference.

        Parameters
        ----------
        value
            The value.
        floor
            In place of that of the limits.
        """
        self._seen += 1
        if not self.is_ready:
            self._take(value)
            return ""
        away = abs(value - self._judge(self.limits.floor if floor is None else floor))
        if away > self.limit:
            return self._is_out(value)
        self._out = 0
        if not self.is_open:
            del self._since[:]
            if self._seen % self.limits.every == 0:
                self._take(value)
            return ""
        self._back = self._back + 1 if away < _BACK * self.limit else 0
        if self._back < self.limits.closes_after:
            return "stays"
        self._close()
        return "closes"

    def _judge(self, floor: float) -> float:
        """Set and return the median, and set the limit."""
        self.usual = median(self._values)  # of a hundred numbers quicker than by NumPy
        sigma = _MAD_TO_SIGMA * median([abs(one - self.usual) for one in self._values])
        self.limit = max(floor, self.limits.sigmas * sigma)
        return self.usual

    def _is_out(self, value: float) -> Change:
        self._back = 0
        self._out += 1
        self._since.append(value)
        while len(self._since) > self.limits.fewest:
            del self._since[0]
        if self._out >= self.limits.adopts_after:
            self._values = self._since[:]
            self._close()
            return "adopted"
        if not self.is_open and self._out >= self.limits.opens_after:
            self.is_open = True
            return "opens"
        return "stays" if self.is_open else ""

    def _close(self) -> None:
        self.is_open = False
        self._out = self._back = 0
        del self._since[:]

    def _take(self, value: float) -> None:
        self._values.append(value)
        while len(self._values) > self.limits.most:
            del self._values[0]

    def pack(self) -> dict[str, Any]:  # a JSON document
        """Return the state as a document."""
        counts = [self.is_open, self._out, self._back, self._seen]
        return {
            "counts": counts,
            "usual": pack_numbers([self.usual, self.limit]),
            "values": pack_numbers(self._values),
            "since": pack_numbers(self._since),
        }

    @classmethod
    def unpack(cls, limits: Limits, document: Mapping[str, Any]) -> "Figure":
        """Return the figure that a document holds; the limits are those of now."""
        is_open, out, back, seen = document["counts"]
        usual, limit = unpack_numbers(document["usual"]).tolist()
        values = array("d", unpack_numbers(document["values"]).tolist())
        since = array("d", unpack_numbers(document["since"]).tolist())
        return cls(limits, is_open, usual, limit, values, since, out, back, seen)
