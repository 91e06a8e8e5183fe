"""The one way this package compiles numerical loops."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

__all__ = ["compiled", "is_kept"]

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Return the function compiled to machine code, kept on disk between runs.

    Arithmetic may be reordered (``fastmath``), but NaN and infinity keep their meaning. Other
    threads run meanwhile.
    """
    flags = {"reassoc", "contract", "arcp", "nsz", "afn"}
    options = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": flags}
    return cast(F, numba.njit(**options)(function))


def is_kept(function: Callable[..., object]) -> bool:
    """Return whether machine code of a compiled function, newer than its source, lies on disk."""
    dispatcher: Any = function  # numba states no type
    changed_s = Path(dispatcher.py_func.__code__.co_filename).stat().st_mtime
    kept = Path(dispatcher.stats.cache_path).glob(f"*.{dispatcher.__name__}-*.nbi")
    return any(path.stat().st_mtime >= changed_s for path in kept)
