"""The gaps of a channel are counted as its records come, whatever their order."""

from itertools import pairwise

import numpy as np
import pytest

from mainshock.sources.fragments import NANOSECONDS
from mainshock.stream.ingest.timeline import Timeline

RATE_HZ, PERIOD_NS = 100.0, NANOSECONDS // 100


def gaps_between(segments):
    lengths = [after.start_ns - before.end_ns for before, after in pairwise(segments)]
    long = [one for one in lengths if one >= 0.5 * PERIOD_NS]
    return len(long), sum(long) / NANOSECONDS


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("most", [5, 1000])
def test_totals_are_those_of_the_segments(seed, most):
    rng = np.random.default_rng(seed)
    timeline = Timeline(most)
    seconds = rng.permutation(60)[: rng.integers(5, 60)]
    for second in seconds:
        jitter_ns = int(rng.choice([0, 0, 2_000_000, 80_000_000]))
        start_ns = int(second) * NANOSECONDS + jitter_ns
        timeline.add(start_ns, (int(second) + 1) * NANOSECONDS, 100, RATE_HZ)
        assert timeline.gaps() == pytest.approx(gaps_between(timeline.segments))
