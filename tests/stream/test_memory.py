"""Memory that is free goes back to the system."""

import subprocess
import sys

import pytest

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
