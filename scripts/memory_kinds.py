"""Tells what the memory of this process is made of, on Linux with glibc."""

import ctypes
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MemoryKinds", "Resident", "memory_kinds", "resident"]

_MEBIBYTE = 2**20
_ARENA_BYTES = 64 * _MEBIBYTE  # glibc begins each further arena at a multiple of this
# start, end and file of a mapping, as proc(5) describes them under "smaps"
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) \S{4} \S+ \S+ \S+ *(.*)")


@dataclass(frozen=True, slots=True)
class Resident:
    """Memory in use, in MiB.

    Parameters
    ----------
    own_mb
        What the process made itself, and nobody can take away without a swap.
    files_mb
        Pages of files, such as libraries: they lie on disk, so the system takes them away when
        it needs room, and reads them again.
    """

    own_mb: float
    files_mb: float

    @property
    def all_mb(self) -> float:
        """What most tools show as RSS."""
        return self.own_mb + self.files_mb


@dataclass(frozen=True, slots=True)
class MemoryKinds:
    """What the process's own memory is made of, in MiB.

    Parameters
    ----------
    heap_mb
        Heaps of ``malloc`` as far as they are in memory: small arrays, SQLite, libraries.
    arrays_mb
        Large arrays, which have mappings of their own.
    objects_mb
        All the rest: arenas of Python objects, and the stacks of threads.
    in_use_mb
        Of heaps and large arrays, what was asked for and not given back.
    objects
        Number of Python objects' blocks of memory.
    """

    heap_mb: float
    arrays_mb: float
    objects_mb: float
    in_use_mb: float
    objects: int


class _Mallinfo(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


def resident() -> Resident:
    """Return the memory of this process that is in use now."""
    found = dict(re.findall(r"^(Rss\w+):\s+(\d+) kB", _status(), re.MULTILINE))
    own_kb = int(found["RssAnon"]) + int(found["RssShmem"])
    return Resident(own_kb / 1024.0, int(found["RssFile"]) / 1024.0)


def memory_kinds() -> MemoryKinds:
    """Return what the process's own memory is made of now; takes some ten milliseconds.

    Raises
    ------
    RuntimeError
        If the C library does not tell.
    """
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallinfo2"):
        raise RuntimeError("kinds of memory are told by glibc 2.33 or later alone")
    library.mallinfo2.restype = _Mallinfo
    told = library.mallinfo2()
    own_mb, heap_mb = resident().own_mb, sum(_heaps_mb())
    arrays_mb = told.hblkhd / _MEBIBYTE
    return MemoryKinds(
        heap_mb,
        arrays_mb,
        own_mb - heap_mb - arrays_mb,
        told.uordblks / _MEBIBYTE + arrays_mb,
        sys.getallocatedblocks(),
    )


def _status() -> str:
    return Path("/proc/self/status").read_text(encoding="utf-8")


def _heaps_mb() -> Iterator[float]:
    """Yield what is in memory of each heap."""
    is_heap = False
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
        if mapping := _MAPPING.match(line):
            begin, _, file = mapping.groups()
            is_heap = file == "[heap]" or (not file and int(begin, 16) % _ARENA_BYTES == 0)
        elif is_heap and line.startswith("Rss:"):
            yield int(line.split()[1]) / 1024.0
