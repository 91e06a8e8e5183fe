"""Gives back memory that is free or was needed at the start alone: for a process of weeks."""

import ctypes
import gc
import re
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["LibraryPages", "keep_for_good", "return_free_memory", "spare_memory"]

# names of glibc's <malloc.h>
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
# records of a minute and more: among small pieces that stay they would leave holes for good
_LARGE_BYTES = 2**17
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


def keep_for_good() -> None:
    """Leave the Python objects that are there now out of the search for garbage.

    The search over all objects waits until those that came since its last time are a quarter as
    many as all before. With the hundreds of thousands of the libraries among them, garbage in
    cycles would pile up for hours, and each search would look at all of them.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # this one counts what is left


class LibraryPages:
    """The pages of the libraries that are loaded when it is made.

    Most are needed at the start alone. They lie on disk, so they can be taken away once all has
    started; what is still in use comes back at the next touch.
    """

    def __init__(self) -> None:
        self._known = frozenset(_own_mappings())

    def give_back(self) -> None:
        """Take the pages away that no one can write and no one has changed.

        Libraries that came later stay as they are: one that is just being loaded must not lose
        what the loader has written. Takes some ten milliseconds.
        """
        library = ctypes.CDLL(None)
        for begin, end in self._known.intersection(_own_mappings()):
            library.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), _MADV_DONTNEED)


def _own_mappings() -> list[tuple[int, int]]:
    if sys.platform != "linux":
        return []
    return list(_unchanged_mappings(Path("/proc/self/smaps").read_text(encoding="utf-8")))


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
