"""Memory that is free goes back to the system."""

import subprocess
import sys

import pytest

from mainshock.stream.memory import _unchanged_mappings

PROGRAM = """
import threading
import numpy as np
from mainshock.stream.memory import return_free_memory, spare_memory

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20

def work():
    kept = [bytearray(1000) for _ in range(50_000)]
    del kept

spare_memory()
before = resident_mb()
threads = [threading.Thread(target=work) for _ in range(8)]
for one in threads: one.start()
for one in threads: one.join()
return_free_memory()
print(resident_mb() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc alone")
def test_little_is_left_of_what_threads_freed():
    """Eight threads took 50 MB each in small pieces."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert float(result.stdout) < 60.0


LIBRARIES = """
import numpy as np
import scipy.stats
from mainshock.stream.memory import LibraryPages

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20

samples = np.random.default_rng(0).normal(size=(200, 200))
expected = np.linalg.eigvalsh(samples @ samples.T)
before = resident_mb()
LibraryPages().give_back()
after = resident_mb()
assert np.array_equal(np.linalg.eigvalsh(samples @ samples.T), expected)
assert scipy.stats.norm.cdf(0.0) == 0.5
print(before - after)
"""


GARBAGE = """
import sys
from collections import deque
from mainshock.stream.memory import keep_for_good

class InItself:
    alive = 0

    def __init__(self):
        self.itself = self
        InItself.alive += 1

    def __del__(self):
        InItself.alive -= 1

kept = [[number] for number in range(2_000_000)]
if sys.argv[1:]:
    keep_for_good()
waiting, most = deque(), 0
for _ in range(300_000):
    waiting.append(InItself())
    if len(waiting) > 10_000:
        waiting.popleft()
    most = max(most, InItself.alive)
print(most)
"""


def test_garbage_does_not_wait_for_as_much_as_there_was_at_the_start():
    def most_alive(*arguments):
        command = [sys.executable, "-c", GARBAGE, *arguments]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert 2 * most_alive("keep for good") < most_alive()


@pytest.mark.skipif(sys.platform != "linux", reason="by the proc file system of Linux")
def test_pages_of_libraries_go_and_come_back():
    result = subprocess.run(
        [sys.executable, "-c", LIBRARIES], capture_output=True, text=True, check=True
    )
    assert float(result.stdout) > 15.0


def test_only_unchanged_pages_of_files_that_none_can_write_are_taken():
    smaps = """\
1000-2000 r-xp 00000000 fe:00 11   /usr/lib/a library.so
Rss:                   4 kB
Anonymous:             0 kB
2000-3000 r--p 00001000 fe:00 11   /usr/lib/a library.so
Anonymous:             4 kB
3000-4000 rw-p 00002000 fe:00 11   /usr/lib/a library.so
Anonymous:             0 kB
4000-5000 r--s 00000000 fe:00 12   /var/shared
Anonymous:             0 kB
5000-6000 r--p 00000000 00:00 0
Anonymous:             0 kB
6000-7000 r-xp 00000000 00:00 0    [vdso]
Anonymous:             0 kB
7000-8000 r--p 00000000 fe:00 13   /usr/lib/other.so
Anonymous:             0 kB
"""
    assert list(_unchanged_mappings(smaps)) == [(0x1000, 0x2000), (0x7000, 0x8000)]
