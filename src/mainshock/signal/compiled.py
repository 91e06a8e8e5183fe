"""The one way this package compiles numerical loops."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

__all__ = ["compiled", "compiled_in_order", "is_kept"]

_FLAGS = {"reassoc", "contract", "arcp", "nsz", "afn"}
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Return the function compiled to machine code, kept on disk between runs.

    Arithmetic may be reordered (``fastmath``), but NaN and infinity keep their meaning. Other
    threads run meanwhile.
    """
    return cast(F, numba.njit(**_OPTIONS, fastmath=_FLAGS)(function))


def compiled_in_order(function: F) -> F:
    """Return the function compiled like :func:`compiled`, but with sums in the order written.

    Where each call must give the same number to the last digit: the order of a reordered sum may
    depend on where its terms lie in memory. Sums take up to four times as long.
    """
    return cast(F, numba.njit(**_OPTIONS, fastmath=_FLAGS - {"reassoc"})(function))


def is_kept(function: Callable[..., object]) -> bool:
    """Return whether machine code of a compiled function, newer than its source, lies on disk."""
    dispatcher: Any = function  # numba states no type
    changed_s = Path(dispatcher.py_func.__code__.co_filename).stat().st_mtime
    kept = Path(dispatcher.stats.cache_path).glob(f"*.{dispatcher.__name__}-*.nbi")
    return any(path.stat().st_mtime >= changed_s for path in kept)
