"""Parts of the last answers, for who asks again and again about mostly the same."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["KeptAnswers", "digest"]

_BYTES = 16
Answer = TypeVar("Answer")


def digest(*parts: NDArray[Any] | bytes | float) -> bytes:
    """Return what stands for some arrays, bytes and numbers: the same for the same ones."""
    made = blake2b(digest_size=_BYTES)
    for part in parts:
        if isinstance(part, bytes):
            made.update(part)
        else:
            array = np.ascontiguousarray(part)
            made.update(f"{array.dtype.str}{array.shape}".encode())
            made.update(array.tobytes())
    return made.digest()


class KeptAnswers:
    """Keeps what was asked for in this round or the last one; used by one thread at a time."""

    def __init__(self) -> None:
        self._last: dict[bytes, Any] = {}  # answers of any kind
        self._now: dict[bytes, Any] = {}

    def __len__(self) -> int:
        return len(self._last.keys() | self._now.keys())

    def begin(self) -> None:
        """Begin a round: what nobody asked for in the last one is forgotten."""
        self._last, self._now = self._now, {}

    def answer(self, question: bytes, find: Callable[[], Answer]) -> Answer:
        """Return the answer to a question, found anew where it is not known."""
        last, now = self._last, self._now
        if question in now:
            found: Answer = now[question]
        else:
            found = last[question] if question in last else find()
            now[question] = found
        return found
