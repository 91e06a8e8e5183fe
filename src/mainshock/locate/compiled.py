"""The one way this package compiles numerical loops."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

__all__ = ["compiled"]

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Return the function compiled to machine code, kept on disk between runs.

    Arithmetic may be reordered (``fastmath``), but NaN and infinity keep their meaning. Other
    threads run meanwhile.
    """
    flags = {"reassoc", "contract", "arcp", "nsz", "afn"}
    options = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": flags}
    return cast(F, numba.njit(**options)(function))
