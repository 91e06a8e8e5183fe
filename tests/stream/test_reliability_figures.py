"""What the benchmark of kills calls lost, told twice, and back after."""

import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from bench_reliability import Found, compared
from live_programs import Seen, Watch
from replayed_records import fragments_of, replayed

from mainshock.sources.fragments import NANOSECONDS
from mainshock.sources.miniseed_records import record_header


def found(*times: float, station: str = "A") -> list[Found]:
    return [Found((station, "P"), at, 0.0) for at in times]


@pytest.mark.parametrize(
    ("own", "counts"),
    [
        (found(1.0, 9.0), (0, 0, 0)),
        (found(9.1, 1.2), (0, 0, 0)),
        (found(1.0), (1, 0, 0)),
        (found(1.0, 1.1, 9.0), (0, 1, 0)),
        (found(1.0, 5.0, 9.0), (0, 0, 1)),
        (found(1.0) + found(9.0, station="B"), (1, 0, 1)),
        ([], (2, 0, 0)),
    ],
)
def test_each_pick_stands_for_one_of_the_undisturbed_run(own, counts):
    made = compared(own, found(1.0, 9.0), 0.5)
    assert (made["lost"], made["twice"], made["beside"]) == counts
    assert made["wanted"] == 2


def test_records_are_played_again_without_overlap_and_end_today():
    fragments, sites = fragments_of(None)
    records = replayed(fragments, 600.0, 1.8e9)
    assert {record_header(one).station for _, one in records} == {one.station for one in sites}
    spans: dict[str, list[tuple[int, int]]] = {}
    for _, one in records:
        header = record_header(one)
        spans.setdefault(header.trace_id, []).append((header.start_ns, header.end_ns))
    for channel in map(sorted, spans.values()):
        pairs = pairwise(channel)
        assert all(later[0] >= earlier[1] - 1000 for earlier, later in pairs)
    ends = [end_ns / NANOSECONDS for end_ns, _ in records]
    assert ends == sorted(ends)
    assert 1.8e9 - 60.0 < ends[-1] < 1.8e9 + 60.0
    assert ends[-1] - ends[0] == pytest.approx(600.0, abs=60.0)
    assert Counter(record_header(one).start_ns for _, one in records).total() == len(records)


def test_a_run_is_back_with_the_first_pick_in_records_sent_later(tmp_path):
    watch = Watch(tmp_path / "none.sqlite")
    looks = [(0.0, 10, 10), (5.0, 20, 10), (6.0, 31, 10), (9.0, 31, 40)]
    watch.seen = [Seen(at_s, {"A": a, "B": b}, {}) for at_s, a, b in looks]
    killed_s, sent_ns = 2.0, 30_000
    assert watch.first_new(killed_s).at_s == 5.0
    assert watch.first_after(killed_s, sent_ns, of_all=False).at_s == 6.0
    assert watch.first_after(killed_s, sent_ns, of_all=True).at_s == 9.0
    assert watch.first_after(9.5, sent_ns, of_all=True) is None
    assert watch.newest() == {}
