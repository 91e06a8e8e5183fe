"""Keeps the C library from holding memory that is free: for a process that runs for weeks."""

import ctypes
import sys

__all__ = ["return_free_memory", "spare_memory"]

# names of glibc's <malloc.h>
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE_BYTES = 2**20
_ARENAS = 2


def spare_memory() -> None:
    """Have all threads share two arenas, and large arrays go back to the system at once.

    Left alone, glibc gives each thread an arena of its own, and keeps ever larger pieces once a
    large one was freed. Does nothing where there is no glibc.
    """
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        if hasattr(library, "mallopt"):
            library.mallopt(_M_ARENA_MAX, _ARENAS)
            library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def return_free_memory() -> None:
    """Give pages that hold nothing back to the system; takes milliseconds."""
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        if hasattr(library, "malloc_trim"):
            library.malloc_trim(0)
