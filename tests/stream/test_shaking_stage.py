"""Maps of events on the live path: on the bus, in the store, beside the alerts."""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.core.records import Event, Magnitude, Origin
from mainshock.core.shaking_field import ShakingField
from mainshock.stream.bus import Message
from mainshock.stream.embedded_bus import EmbeddedBus
from mainshock.stream.messages import event_message, read_shaking_message
from mainshock.stream.records import EventVersion
from mainshock.stream.shaking import ShakingStage, shaking_stage
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.retention import Retention
from mainshock.stream.store_stage import StoreStage
from mainshock.stream.workers import StageWorker

sys.path.insert(0, str(Path(__file__).parents[1] / "shaking"))
from point_source_model import small_model

TIME = datetime(2026, 5, 27, 12, 0, 0, tzinfo=UTC)


def version_of(event_id="ev1", number=1, kind="new", magnitude=3.4, latitude=50.0):
    origin = Origin(TIME, 10.0, latitude, 8.0, 0.2, 2.0, 1.4, 3.0, np.diag([4.0, 2.0, 9.0]), "m")
    size = None if magnitude is None else Magnitude(magnitude, "ML", 0.2, 3)
    issued = TIME + timedelta(seconds=number)
    return EventVersion(
        event_id, number, kind, "settled", Event(event_id, origin, (), size), issued
    )


def message_of(*arguments, **words):
    return event_message(version_of(*arguments, **words), 0)


@pytest.fixture
def stage():
    made = ShakingStage(small_model)
    made.start()
    return made


def maps_of(stage, *messages):
    return [read_shaking_message(one) for one in stage.step(None, messages)[1]]


def test_an_event_with_a_magnitude_gets_a_map(stage):
    (told,) = maps_of(stage, message_of())
    assert (told.event_id, told.version, told.issued) == ("ev1", 1, TIME + timedelta(seconds=1))
    field = ShakingField.from_document(told.document)
    assert field.shape == (41, 41)
    assert field.time == TIME
    assert field.n_draws == 32
    assert field.is_extrapolated.any()
    assert any("lie outside" in one for one in field.cautions())


def test_the_same_messages_give_the_same_map_however_they_are_divided(stage):
    first, second = message_of(number=1), message_of(number=2, magnitude=4.0)
    together = stage.step(None, [first, second])[1]
    apart = stage.step(None, [first])[1] + stage.step(None, [second])[1]
    assert [one.value for one in together] == [apart[-1].value]
    assert together[0].identity == second.identity


def test_nothing_is_mapped_that_is_cancelled_or_has_no_magnitude(stage):
    assert maps_of(stage, message_of(), message_of(number=2, kind="cancel")) == []
    assert maps_of(stage, message_of(magnitude=None)) == []
    assert maps_of(stage, message_of(latitude=89.9)) == []  # no map reaches a pole


def test_of_too_many_events_the_newest_are_mapped_and_the_rest_is_told(caplog):
    stage = ShakingStage(small_model, most_at_once=2)
    stage.start()
    told = maps_of(stage, *(message_of(f"ev{i}") for i in range(5)))
    assert [one.event_id for one in told] == ["ev4", "ev3"]
    assert stage.n_dropped == 3
    assert "3 events get no map" in caplog.text


def test_without_a_model_the_stage_is_silent():
    stage = ShakingStage(lambda: None)
    stage.restore(stage.snapshot(None))
    assert stage.step(None, [message_of()]) == (None, [])
    assert stage.finish(None) == (None, [])
    assert shaking_stage().name == "shaking"  # opens nothing yet


def test_a_worker_brings_maps_from_the_bus_into_the_store(tmp_path):
    bus = EmbeddedBus(tmp_path / "bus.sqlite")
    with LiveStore.open(tmp_path / "store.sqlite") as store:
        workers = [StageWorker(bus, ShakingStage(small_model)), StageWorker(bus, StoreStage(store))]
        bus.publish([message_of(), message_of(number=2, magnitude=4.0), message_of("ev2")])
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.finish()
        assert store.shaking("ev1").version == 2
        assert ShakingField.from_document(store.shaking("ev1").document).magnitude == 4.0
        assert store.shaking("ev2").version == 1
        assert store.shaking("ev3") is None
        assert [worker.problem for worker in workers] == ["", ""]
    bus.close()


def test_an_older_map_replaces_no_newer_one_and_old_maps_go(tmp_path, stage):
    new, old = (maps_of(stage, message_of(number=n))[0] for n in (5, 3))
    with LiveStore.open(tmp_path / "store.sqlite") as store:
        store.save_shaking([new])
        store.save_shaking([old, replace(old, event_id="ev2")])
        assert store.shaking("ev1").version == 5
        removed = store.retain(Retention(maps_before=TIME + timedelta(seconds=4)))
        assert removed == {"maps": 1}
        assert store.shaking("ev1").document == new.document
        assert store.shaking("ev2") is None


def test_a_message_of_another_kind_is_refused():
    wrong = Message("shaking.v1", "k", "i", b'{"event_id": "x"}', 0, 0)
    with pytest.raises(DataError, match="no map"):
        read_shaking_message(wrong)
