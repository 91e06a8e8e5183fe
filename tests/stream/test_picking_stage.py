"""The live picking stage: what it settles is what a batch run finds."""

import sys
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.records import Pick, Waveform
from mainshock.detect.base import ProbabilityCurves
from mainshock.detect.network import NetworkPicker
from mainshock.pipeline.from_waveforms import pick_records
from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader
from mainshock.sources.miniseed_records import decode_record, encode_records, record_header
from mainshock.sources.trace_files import read_fragments
from mainshock.stream.bus import Message
from mainshock.stream.messages import read_pick_message
from mainshock.stream.picking.stage import PickingStage
from mainshock.stream.records import LivePick

sys.path.insert(0, str(Path(__file__).parent))
from live_records import waveform_messages

STATIONS = ("DYJS", "FLUR")


@pytest.fixture(scope="module")
def picker() -> NetworkPicker:
    return NetworkPicker()


@pytest.fixture(scope="module")
def iceland(data_dir) -> Path:
    """Twelve stations; each channel has gaps of 6.9, 23.0 and 4.7 s."""
    return data_dir / "continuous" / "iceland_dike_20140824" / "sds"


@pytest.fixture(scope="module")
def records(iceland) -> list[Message]:
    return waveform_messages(iceland, STATIONS)


@pytest.fixture(scope="module")
def batch(iceland, picker) -> list[Pick]:
    picks = pick_records([iceland], picker, keep_waveforms=False).picks
    return [pick for pick in picks if pick.station in STATIONS]


def run(stage: PickingStage, records: list[Message], sizes, *, through_snapshots=False):
    """All versions of picks, with messages dealt in portions of the sizes given."""
    state, told, first = stage.start(), [], 0
    while first < len(records):
        size = int(next(sizes))
        state, made = stage.step(state, records[first : first + size])
        told += made
        first += size
        if through_snapshots:
            state = stage.restore(stage.snapshot(state))
    _, made = stage.finish(state)
    found = [read_pick_message(message) for message in [*told, *made]]
    return [one for one in found if isinstance(one, LivePick)]


def always(size: int):
    while True:
        yield size


def in_force(versions: list[LivePick]) -> list[Pick]:
    latest = {one.pick_id: one for one in versions}
    assert {one.status for one in latest.values()} == {"settled"}
    return sorted(
        (one.pick for one in latest.values() if one.kind != "cancel"),
        key=lambda pick: (pick.station, pick.time),
    )


def assert_same_picks(found: list[Pick], expected: list[Pick]) -> None:
    expected = sorted(expected, key=lambda pick: (pick.station, pick.time))
    assert [(one.station, one.phase) for one in found] == [
        (one.station, one.phase) for one in expected
    ]
    for one, other in zip(found, expected, strict=True):
        assert abs(one.time - other.time) < timedelta(seconds=0.005)
        assert one.probability == pytest.approx(other.probability, abs=0.01)
        assert one.back_azimuth_deg == pytest.approx(other.back_azimuth_deg, abs=0.5)


def test_settled_picks_are_those_of_a_batch_run(records, batch, picker):
    versions = run(PickingStage(picker), records, always(25))
    assert len(batch) > 80
    assert_same_picks(in_force(versions), batch)


def test_neither_portions_nor_restarts_matter(records, batch, picker, rng):
    sizes = iter(rng.integers(1, 200, 10_000))
    versions = run(PickingStage(picker), records, sizes, through_snapshots=True)
    assert_same_picks(in_force(versions), batch)


def test_early_picks_are_the_same_however_messages_are_divided(records, picker):
    """So a step that is done again after a crash tells nothing under another name."""

    def facts(size: int, *, through_snapshots: bool) -> set[tuple[str, int, str, str]]:
        versions = run(
            PickingStage(picker), records, always(size), through_snapshots=through_snapshots
        )
        return {(one.pick_id, one.version, one.kind, one.status) for one in versions}

    expected = facts(10, through_snapshots=False)
    assert any(status == "preliminary" for *_, status in expected)
    assert facts(170, through_snapshots=False) == expected
    assert facts(25, through_snapshots=True) == expected


def test_late_records_are_seen_when_picks_settle(records, batch, picker, rng):
    """Records up to 15 s late: early looks may miss them, settled ones do not."""
    lateness_ns = (rng.random(len(records)) < 0.1) * rng.uniform(0, 15e9, len(records))
    order = np.argsort([m.data_ns + late for m, late in zip(records, lateness_ns, strict=True)])
    shuffled = [records[number] for number in order]
    assert_same_picks(in_force(run(PickingStage(picker), shuffled, always(20))), batch)


def test_records_that_come_twice_change_nothing(records, batch, picker):
    twice = [message for record in records[:400] for message in (record, record)] + records[400:]
    assert_same_picks(in_force(run(PickingStage(picker), twice, always(30))), batch)


def test_versions_count_up_and_end_settled(records, picker):
    versions = run(PickingStage(picker), records, always(10))
    numbers = defaultdict(list)
    for one in versions:
        numbers[one.pick_id].append(one)
    for history in numbers.values():
        assert [one.version for one in history] == list(range(1, len(history) + 1))
        assert [one.kind for one in history[:1]] == ["new"]
        assert "new" not in [one.kind for one in history[1:]]
        assert [one.status for one in history].count("settled") == 1
    kinds = Counter((one.kind, one.status) for one in versions)
    assert kinds["new", "preliminary"] > 0.9 * kinds["update", "settled"]


def test_early_picks_come_within_seconds_of_the_arrival(records, picker):
    versions = run(PickingStage(picker), records, always(10))
    confirmed = {one.pick_id for one in versions if (one.kind, one.status) == ("update", "settled")}
    delays = [
        (one.issued - one.pick.time).total_seconds()
        for one in versions
        if one.kind == "new" and one.pick_id in confirmed
    ]
    # a full record holds three to four seconds at 100 Hz, and the next look is up to 1 s later
    assert np.median(delays) < 6.0
    assert min(delays) > 0.0


def test_damaged_messages_are_passed_over(records, batch, picker):
    damaged = replace(records[0], value=b"no record at all")
    mixed = [damaged, *records[:300], damaged, *records[300:]]
    assert_same_picks(in_force(run(PickingStage(picker), mixed, always(25))), batch)


def test_silence_ends_a_record_and_settles_it(records, picker):
    """After the longest gap and the patience, by the clock of the other station's packets."""
    stage = PickingStage(picker)
    begin = records[0].data_ns
    silent = [m for m in records if m.key != "Z7.FLUR" or m.data_ns < begin + 120 * NANOSECONDS]
    state = stage.start()
    told = []
    for first in range(0, len(silent), 20):
        state, made = stage.step(state, silent[first : first + 20])
        told += made
    assert list(state.instruments) == ["Z7.DYJS..HH"]
    marks = [one for one in map(read_pick_message, told) if not isinstance(one, LivePick)]
    last = max(until for trace_id, until, _ in marks if trace_id == "Z7.FLUR..HH")
    assert abs(last - begin - 120 * NANOSECONDS) < 5 * NANOSECONDS


class Spikes:
    """A picker without early looks: a P at each sample of a thousand counts."""

    name = "spikes"

    def annotate(self, waveform: Waveform) -> ProbabilityCurves:
        raise NotImplementedError

    def classify(self, waveform: Waveform) -> list[Pick]:
        return [
            Pick(
                waveform.network, waveform.station, waveform.location, "P",
                waveform.time_at(int(number)), 0.9, 0.1, self.name,
            )
            for number in np.flatnonzero(waveform.samples[0] == 1000.0)
        ]  # fmt: skip


def spiky_messages(rate_hz: float, length_s: int, spikes_s, without=()) -> list[Message]:
    """Three components of noise, spikes on the vertical; spans of seconds are left out."""
    rng = np.random.default_rng(5)
    messages = []
    for letter in "ZNE":
        samples = rng.integers(-50, 50, round(length_s * rate_hz)).astype(np.int32)
        if letter == "Z":
            samples[np.round(np.array(spikes_s) * rate_hz).astype(int)] = 1000
        for second in range(length_s):
            if any(begin <= second < end for begin, end in without):
                continue
            part = samples[round(second * rate_hz) : round((second + 1) * rate_hz)]
            start_ns = 1_600_000_000 * NANOSECONDS + second * NANOSECONDS
            header = FragmentHeader("XX", "ABC", "", f"HH{letter}", start_ns, rate_hz, part.size)
            end = header.end_ns
            for record in encode_records(Fragment(header, part)):
                messages.append(Message("waveform.v1", "XX.ABC", letter, record, end, end))
    return sorted(messages, key=lambda message: message.data_ns)


@pytest.mark.parametrize("rate_hz", [20.0, 50.0, 100.0, 200.0])
@pytest.mark.parametrize("without", [(), ((100, 107),), ((100, 190),)])
def test_each_arrival_settles_once_at_any_rate_and_over_gaps(rate_hz, without):
    """A picker that sees each sample by itself: wherever it is cut, nothing is lost or doubled."""
    spikes_s = [s for s in np.arange(1.0, 299.0, 3.7) if not any(a <= s < b for a, b in without)]
    messages = spiky_messages(rate_hz, 300, spikes_s, without)
    versions = run(PickingStage(Spikes()), messages, always(17))
    assert Counter(one.kind for one in versions) == {"new": len(spikes_s)}
    start = decode_record(messages[0].value).header.start_ns / NANOSECONDS
    found = sorted(one.pick.time.timestamp() - start for one in versions)
    assert np.abs(np.array(found) - spikes_s).max() < 0.6 / rate_hz


def test_a_component_that_dies_does_not_end_picking():
    spikes_s = np.arange(2.0, 298.0, 3.0)
    messages = [
        m
        for m in spiky_messages(100.0, 300, spikes_s)
        if m.identity != "E" or m.data_ns < (1_600_000_000 + 150) * NANOSECONDS
    ]
    versions = run(PickingStage(Spikes()), messages, always(17))
    assert Counter(one.kind for one in versions) == {"new": len(spikes_s)}


@pytest.mark.parametrize("record_length", [128, 512, 4096])
def test_the_length_of_packets_does_not_matter(iceland, batch, picker, record_length):
    """Packets of 4096 bytes hold half a minute; those of three components never end together."""
    messages = []
    for path in sorted(iceland.rglob("*.D.*")):
        if not path.is_file() or path.name.split(".")[1] not in STATIONS:
            continue
        for fragment in read_fragments(path)[0]:
            for number, record in enumerate(encode_records(fragment, record_length)):
                header = record_header(record)
                identity = f"{header.trace_id}@{header.start_ns}+{header.n_samples}"
                key = f"{header.network}.{header.station}"
                end_ns = header.end_ns + number  # any order of ends that are the same
                messages.append(Message("waveform.v1", key, identity, record, end_ns, end_ns))
    messages.sort(key=lambda message: message.data_ns)
    longest_s = max(m.data_ns - int(m.identity.split("@")[1].split("+")[0]) for m in messages) / 1e9
    assert (longest_s > 15.0) == (record_length == 4096)
    assert_same_picks(in_force(run(PickingStage(picker), messages, always(5))), batch)
