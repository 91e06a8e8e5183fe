"""Gives back memory that is free or was needed at the start alone: for a process of weeks."""

import ctypes
import re
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["return_free_memory", "return_library_pages", "spare_memory"]

# names of glibc's <malloc.h>
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE_BYTES = 2**20
_ARENAS = 2
_MADV_DONTNEED = 4
# start, end, rights and file of a mapping, as proc(5) describes them under "smaps"
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+ +(/.*)?")


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


def return_library_pages() -> None:
    """Take away the pages of libraries, most of which were needed at the start alone.

    What is still in use comes back from the system's own copy at the next touch. Only pages that
    no one can write and no one has changed are taken away. Takes some ten milliseconds.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    for begin, end in _unchanged_mappings(Path("/proc/self/smaps").read_text(encoding="utf-8")):
        library.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), _MADV_DONTNEED)


def _unchanged_mappings(smaps: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of the private mappings of files that hold nothing but the files."""
    begin = end = 0
    for line in smaps.splitlines():
        if mapping := _MAPPING.match(line):
            low, high, rights, file = mapping.groups()
            is_kind = file is not None and rights[1] == "-" and rights[3] == "p"
            begin, end = (int(low, 16), int(high, 16)) if is_kind else (0, 0)
        elif line.startswith("Anonymous:") and line.split()[1] == "0" and end:
            yield begin, end
