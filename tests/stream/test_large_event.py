"""A large earthquake gives one event, and no swarm of false ones.

The sequences are synthetic: real records of small earthquakes, scaled and superposed.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Event
from mainshock.detect.network import NetworkPicker
from mainshock.events.association import GridAssociator
from mainshock.pipeline.from_waveforms import pick_records
from mainshock.pipeline.locating import EventBuilder, locate_picks
from mainshock.pipeline.location_setup import LocationSetup
from mainshock.sources.stations import read_stations
from mainshock.stream.events.settling import SettlingStage
from mainshock.stream.events.stage import EventStage
from mainshock.stream.messages import read_event_message
from mainshock.stream.picking.stage import PickingStage
from mainshock.stream.records import EventVersion

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "recipes" / "large_event"))
from compare import Comparison, compare
from large_event import Sequence, SequenceSettings, TrueEvent, make_sequence, read_small_records
from live_records import EventStages, waveform_messages

pytestmark = pytest.mark.timeout(900)  # two replays of minutes of records

CODA_S = (-5.0, 60.0)  # around the mainshock's origin
FOLDERS = {"ridgecrest": "ridgecrest_20190707_0750", "iceland": "iceland_dike_20140824"}
SETTINGS = {
    "ridgecrest": SequenceSettings(magnitude=6.4, lowest_hz=1.0),
    "iceland": SequenceSettings(magnitude=6.2, lowest_hz=2.0, before_s=60.0, after_s=420.0),
}
DETECTABLE_AT = {"ridgecrest": 3, "iceland": 5}  # stations
NEAR_KM = {"ridgecrest": 15.0, "iceland": 8.0}  # networks of 90 and 45 km


@dataclass(frozen=True)
class Replay:
    """What a replay of a sequence told, and what a batch run over the same records found."""

    network: str
    sequence: Sequence
    versions: list[EventVersion]
    batch: list[Event]

    @property
    def mainshock(self) -> TrueEvent:
        return next(one for one in self.sequence.truth if one.kind == "mainshock")

    @property
    def in_force(self) -> list[Event]:
        latest = {one.event_id: one for one in self.versions}
        assert {one.status for one in latest.values()} == {"settled"}
        return [one.event for one in latest.values() if one.kind != "cancel"]

    @property
    def settled(self) -> Comparison:
        return compare(self.in_force, self.sequence.truth)

    @property
    def first_told(self) -> list[EventVersion]:
        return [one for one in self.versions if one.version == 1 and one.status == "preliminary"]


def replay(network: str, data_dir: Path, folder: Path, **changes: float) -> Replay:
    """Replay a sequence through the stages of ``mainshock monitor``, and run it as a batch."""
    settings = replace(SETTINGS[network], **changes)
    continuous = data_dir / "continuous"
    small = read_small_records(continuous / FOLDERS[network], settings.lowest_hz)
    sequence = make_sequence(small, continuous / "sthelens_20220206", settings, seed=1)
    sequence.write(folder)
    stations = read_stations(folder / "stations.csv")
    setup = LocationSetup()
    travel_times = setup.travel_times()
    builder = EventBuilder(setup.method(travel_times, list(stations)), stations)
    associator = GridAssociator()
    picks = pick_records([folder / "sds"], NetworkPicker(), keep_waveforms=False).picks
    batch = locate_picks(picks, builder, associator, travel_times, np.random.default_rng(0)).events
    coarse = GridAssociator(n_horizontal=12)
    stages = EventStages(
        SettlingStage(builder, associator, travel_times),
        EventStage(builder, coarse, travel_times, is_synthetic=True),
    )
    told = run(stages, run(PickingStage(NetworkPicker()), waveform_messages(folder), 40), 20)
    return Replay(network, sequence, [read_event_message(one) for one in told], list(batch))


def run(stage, messages, size):
    state, told = stage.start(), []
    for first in range(0, len(messages), size):
        state, made = stage.step(state, messages[first : first + size])
        told += made
    _, made = stage.finish(state)
    return [*told, *made]


def assert_one_event_near_the_truth(replayed: Replay) -> None:
    (found,) = replayed.settled.mainshocks
    true, origin = replayed.mainshock, found.origin
    away_km = geodesic_distance_km(true.longitude, true.latitude, origin.longitude, origin.latitude)
    assert abs((origin.time - true.time).total_seconds()) < 2.0
    assert away_km < NEAR_KM[replayed.network]
    assert len({pick.station for pick in found.picks}) >= 4


@pytest.fixture(scope="module", params=sorted(FOLDERS))
def replayed(request, data_dir, tmp_path_factory) -> Replay:
    return replay(request.param, data_dir, tmp_path_factory.mktemp(request.param))


@pytest.mark.slow
def test_the_mainshock_is_clipped_and_gives_one_event(replayed):
    sequence = replayed.sequence
    limit = sequence.settings.clip_counts
    assert any((np.abs(samples) == limit).sum() > 5 for samples in sequence.counts.values())
    assert_one_event_near_the_truth(replayed)


@pytest.mark.slow
def test_no_false_event_comes_of_its_waves_and_few_of_the_rest(replayed):
    settled = replayed.settled
    assert settled.false_between(*CODA_S, replayed.mainshock) == []
    assert len(settled.false) <= 0.2 * len(settled.found)


@pytest.mark.slow
def test_few_early_events_are_false_and_none_swarm_after_the_mainshock(replayed):
    early = compare([one.event for one in replayed.first_told], replayed.sequence.truth)
    assert len(early.mainshocks) == 1
    assert len(early.false_between(*CODA_S, replayed.mainshock)) <= 2
    assert len(early.false) <= 0.25 * len(replayed.first_told)


@pytest.mark.slow
def test_aftershocks_that_stand_out_are_kept(replayed):
    least = DETECTABLE_AT[replayed.network]
    aftershocks = [one for one in replayed.sequence.truth if one.kind == "aftershock"]
    clear = [one for one in aftershocks if one.n_detectable >= least]
    assert len(clear) >= 10
    kept = [one for one in replayed.settled.found if one in clear]
    assert len(kept) >= 0.6 * len(clear)


@pytest.mark.slow
def test_live_is_batch_in_a_large_sequence(replayed):
    """Pairs of one station, of quality D, depend on picks minutes away and may differ."""
    live, batch = (
        sorted(one.origin.time for one in events if "single_station" not in one.flags)
        for events in (replayed.in_force, replayed.batch)
    )
    assert len(live) == len(batch)
    for one, other in zip(live, batch, strict=True):
        assert abs((one - other).total_seconds()) < 0.6


@pytest.mark.slow
def test_a_mainshock_alone_gives_one_event(data_dir, tmp_path):
    """The same in short: four stations, no aftershocks, a minute and a half of coda."""
    alone = replay("ridgecrest", data_dir, tmp_path, n_aftershocks=0, before_s=40.0, after_s=90.0)
    assert len(alone.sequence.truth) == 1
    assert_one_event_near_the_truth(alone)
    assert len(alone.in_force) == 1
