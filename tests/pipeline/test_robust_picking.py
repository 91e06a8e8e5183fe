import json
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from mainshock.cli.app import app
from mainshock.core.errors import DataError
from mainshock.core.records import Pick, Waveform
from mainshock.core.times import parse_utc
from mainshock.detect.network import NetworkPicker
from mainshock.pipeline.picking import one_pick_per_arrival, pick_waveforms, record_warnings
from mainshock.sources.registry import open_source
from mainshock.sources.waveforms import read_waveforms

START = parse_utc("2020-01-01T00:00:00Z")
RATE_HZ = 10.0


class _NeedsContext:
    """Sees a spike as an arrival, but only with ten seconds of record on both sides."""

    name = "spikes"

    def annotate(self, waveform: Waveform):
        raise AssertionError("not asked for")

    def classify(self, waveform: Waveform) -> list[Pick]:
        margin = round(10.0 * waveform.sampling_rate_hz)
        spikes = np.flatnonzero(waveform.samples[0])
        seen = [one for one in spikes if margin <= one < waveform.n_samples - margin]
        return [
            Pick("XX", waveform.station, "", "S", waveform.time_at(one), 0.9, 0.05, self.name)
            for one in seen
        ]


def _record(spikes_s: list[int], duration_s: float = 600.0, **changes: object) -> Waveform:
    samples = np.zeros((3, round(duration_s * RATE_HZ)), dtype=np.float32)
    samples[0, [round(one * RATE_HZ) for one in spikes_s]] = 1.0
    fields: dict = {"network": "XX", "station": "ABC", "location": "", "instrument": "HH"}
    fields |= {"start": START, "sampling_rate_hz": RATE_HZ, "samples": samples} | changes
    return Waveform(**fields)


def _cut(record: Waveform, sample: int) -> list[Waveform]:
    def part(first: int, past_last: int) -> Waveform:
        gaps = [(max(a, first) - first, min(b, past_last) - first) for a, b in record.gaps]
        return Waveform(
            record.network,
            record.station,
            record.location,
            record.instrument,
            record.time_at(first),
            record.sampling_rate_hz,
            record.samples[:, first:past_last],
            record.has_component,
            tuple((a, b) for a, b in gaps if a < b),
            record.flags,
        )

    return [part(0, sample), part(sample, record.n_samples)]


@given(
    spikes_s=st.lists(st.integers(11, 588), max_size=12, unique=True),
    cut_s=st.floats(20.0, 580.0),
)
@settings(max_examples=80)
def test_no_arrival_is_lost_or_doubled_where_a_record_is_cut(spikes_s, cut_s):
    record = _record(spikes_s)
    cut = _cut(record, round(cut_s * RATE_HZ))
    found = list(pick_waveforms(cut, _NeedsContext()))
    assert len(found) == 2
    times = [one.time for item in found for one in item.picks]
    assert times == [START + timedelta(seconds=one) for one in sorted(spikes_s)]
    for item in found:
        assert all(item.waveform.start <= one.time <= item.waveform.end for one in item.picks)


def test_many_short_records_in_a_row_are_picked_as_one():
    record = _record([35, 71, 100, 155, 200])
    parts: list[Waveform] = []
    rest = record
    for _ in range(5):
        first, rest = _cut(rest, 400)
        parts.append(first)
    found = [one.time for x in pick_waveforms([*parts, rest], _NeedsContext()) for one in x.picks]
    assert found == [START + timedelta(seconds=one) for one in (35, 71, 100, 155, 200)]


@pytest.mark.parametrize(
    "changes",
    [
        {"station": "DEF"},
        {"instrument": "HN"},
        {"location": "10"},
        {"start": START + timedelta(seconds=660)},
    ],
)
def test_records_that_do_not_belong_together_are_not_sewn(changes):
    first = _record([597])
    second = _record([3], **({"start": START + timedelta(seconds=600)} | changes))
    found = list(pick_waveforms([first, second], _NeedsContext()))
    assert [len(item.picks) for item in found] == [0, 0]


def test_seam_that_cannot_be_picked_costs_nothing():
    class _FailsOnTwoMinutes(_NeedsContext):
        def classify(self, waveform: Waveform) -> list[Pick]:
            if waveform.n_samples == round(120.0 * RATE_HZ):
                raise DataError("too short")
            return super().classify(waveform)

    failures: list = []
    cut = _cut(_record([100, 300, 500]), 3000)
    found = list(pick_waveforms(cut, _FailsOnTwoMinutes(), failures=failures))
    assert [len(item.picks) for item in found] == [1, 1]
    assert not failures


def test_gaps_on_both_sides_of_a_seam_stay_gaps():
    seen: list[Waveform] = []

    class _Keeps(_NeedsContext):
        def classify(self, waveform: Waveform) -> list[Pick]:
            seen.append(waveform)
            return []

    record = _record([], gaps=((2000, 2010), (2500, 2900), (2980, 3020), (3500, 5000)))
    list(pick_waveforms(_cut(record, 3000), _Keeps()))
    seam = seen[-1]
    assert seam.start == record.time_at(2400)
    assert seam.gaps == ((100, 500), (580, 600), (600, 620), (1100, 1200))


def test_real_arrivals_at_midnight_are_picked_as_in_one_record(data_dir):
    """Real record of four hours, cut at the most probable P: both parts hold half of it."""
    folder = data_dir / "continuous" / "sthelens_20220206" / "sds" / "2022" / "PB"
    (record,), _ = read_waveforms(folder)
    picker = NetworkPicker()
    whole = picker.classify(record)
    best = max((one for one in whole if one.phase == "P"), key=lambda one: one.probability)
    sample = round((best.time - record.start).total_seconds() * record.sampling_rate_hz)
    found = [x for item in pick_waveforms(_cut(record, sample), picker) for x in item.picks]
    near = [one for one in whole if abs((one.time - best.time).total_seconds()) < 25.0]
    assert len(near) >= 1
    for one in near:
        # windows start at other samples, so curves differ a little
        same = [
            x
            for x in found
            if x.phase == one.phase and abs(x.time - one.time).total_seconds() < 0.1
        ]
        assert same, one
        assert abs(same[0].probability - one.probability) < 0.25


def test_most_probable_pick_of_seismometer_and_accelerometer_stays():
    def pick(probability: float, model: str, second: float) -> Pick:
        time = START + timedelta(seconds=second)
        return Pick("XX", "ABC", "", "P", time, probability, 0.05, model)

    kept, dropped = one_pick_per_arrival([pick(0.6, "HH", 5.0), pick(0.8, "HN", 5.1)])
    assert [one.model for one in kept] == ["HN"]
    assert "another instrument" in dropped[0].reason


def test_clipped_record_has_a_warning_and_a_sound_one_has_none():
    assert record_warnings(_record([], sampling_rate_hz=100.0)) == []
    flags = ("clipped", "horizontals_not_geographic")
    texts = record_warnings(_record([], sampling_rate_hz=100.0, flags=flags))
    assert "clipped" in texts[0]
    assert "not N and E" in texts[1]


def test_rates_and_lengths_beyond_the_pickers_are_told():
    samples = np.ones((3, 40), dtype=np.float32)
    record = Waveform("XX", "ABC", "", "LH", parse_utc("2020-01-01"), 1.0, samples)
    assert record_warnings(record) == ["1 samples a second; pickers expect 20 to 250"]
    record = Waveform("XX", "ABC", "", "HH", parse_utc("2020-01-01"), 100.0, samples)
    assert record_warnings(record) == ["0.4 s long; pickers want 5 s or more"]


def test_missing_path_beside_a_good_one_is_told_and_picking_goes_on(tmp_path, data_dir):
    folder = data_dir / "continuous" / "sthelens_20220206" / "sds" / "2022" / "UW" / "SHW"
    arguments = ["pick", "--json", "--model", "stalta", str(tmp_path / "absent.mseed"), str(folder)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["picks"]
    assert "absent.mseed: path does not exist" in result.stderr


def test_record_shorter_than_a_window_is_picked_not_lost(data_dir):
    folder = data_dir / "continuous" / "sthelens_20220206" / "sds" / "2022" / "PB"
    (record,) = open_source([folder])
    picker = NetworkPicker()
    best = max(picker.classify(record), key=lambda one: one.probability)
    sample = round((best.time - record.start).total_seconds() * record.sampling_rate_hz)
    short = _cut(_cut(record, sample - 800)[1], 1500)[0]
    assert short.n_samples == 1500
    found = picker.classify(short)
    assert any(abs((one.time - best.time).total_seconds()) < 0.2 for one in found)
