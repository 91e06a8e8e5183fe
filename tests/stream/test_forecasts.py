"""Forecasts on the live path: from events to messages, store and log."""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError, NothingFoundError
from mainshock.core.rate_forecast import RateForecast
from mainshock.core.records import Event, Magnitude, Origin
from mainshock.forecast.forecast_log import ForecastLog, verify
from mainshock.forecast.live import LiveForecast, LiveSettings
from mainshock.forecast.long_term import Circle
from mainshock.stream.bus import Message
from mainshock.stream.embedded_bus import EmbeddedBus
from mainshock.stream.forecast_board import ForecastBoard
from mainshock.stream.forecasts import ForecastSettings, ForecastStage, forecast_stage
from mainshock.stream.messages import (
    event_message,
    health_message,
    read_forecast_message,
)
from mainshock.stream.records import EventVersion, StationHealth
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.retention import Retention
from mainshock.stream.store_stage import StoreStage
from mainshock.stream.workers import StageWorker

sys.path.insert(0, str(Path(__file__).parents[1] / "forecast"))
from live_model import END, past, small_model

TIME = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=END + 5)


def open_small(now_days):
    return LiveForecast(small_model(), past(), now_days, LiveSettings(200))


def version_of(event_id="ev1", number=1, kind="new", magnitude=4.4, after_s=0.0, lon=-117.4):
    origin_time = TIME + timedelta(seconds=after_s)
    origin = Origin(origin_time, lon, 34.1, 8.0, 0.2, 2.0, 1.4, 3.0, np.diag([4.0, 2.0, 9.0]), "m")
    size = None if magnitude is None else Magnitude(magnitude, "ML", 0.2, 3)
    issued = origin_time + timedelta(seconds=10.0 * number)
    return EventVersion(
        event_id, number, kind, "settled", Event(event_id, origin, (), size), issued
    )


def message_of(*arguments, **words):
    return event_message(version_of(*arguments, **words), 0)


def health_at(after_s):
    time = TIME + timedelta(seconds=after_s)
    late = time - timedelta(seconds=5)
    return health_message(StationHealth("XX.A..HH", ("HHZ",), 100.0, late, time, 5.0))


@pytest.fixture
def stage():
    return ForecastStage(ForecastSettings(agency="the survey"), open_small)


def told(messages):
    return [RateForecast.from_document(read_forecast_message(one).document) for one in messages]


def run(stage, *batches):
    """The state after some steps, and the forecasts of each."""
    state, made = stage.start(), []
    for batch in batches:
        state, messages = stage.step(state, batch)
        made.append(told(messages))
    return state, made


def test_an_event_that_counts_leads_to_a_new_forecast(stage):
    _, ((before,), (after,)) = run(stage, [health_at(0)], [message_of(after_s=60)])
    assert before.event_id == after.event_id == ""
    assert after.rows[0].expected > before.rows[0].expected
    assert after.grid.expected.max() > before.grid.expected.max()
    assert after.issued == TIME + timedelta(seconds=70)
    assert after.cut_off == after.issued
    assert before.cut_off == TIME - timedelta(seconds=5)
    assert after.agency == "the survey"


def test_small_and_far_events_lead_to_none_before_the_hour_is_over(stage):
    quiet = [message_of("a", magnitude=2.0, after_s=60), message_of("b", lon=-80.0, after_s=61)]
    _, made = run(stage, [health_at(0)], quiet, [health_at(3000)], [health_at(3601)])
    assert [len(one) for one in made] == [1, 0, 0, 1]


def test_a_new_version_replaces_the_old_one_and_a_cancelled_event_leaves_nothing(stage):
    _, made = run(
        stage,
        [health_at(0)],
        [message_of(after_s=60)],
        [message_of(number=2, kind="update", magnitude=4.9, after_s=60)],
        [message_of(number=3, kind="cancel", after_s=60)],
    )
    numbers = [one[0].rows[0].expected for one in made]
    assert numbers[0] < numbers[1] < numbers[2]
    assert numbers[3] == pytest.approx(numbers[0], rel=0.02)  # a minute and a half later
    _, (_, (late,)) = run(stage, [health_at(0)], [health_at(3600 * 2)])
    assert late.rows[0].expected < numbers[0]


def test_an_event_that_loses_its_magnitude_is_taken_out(stage):
    _, made = run(
        stage,
        [health_at(0)],
        [message_of(after_s=60)],
        [message_of(number=2, kind="update", magnitude=None, after_s=60)],
    )
    assert made[2][0].rows[0].expected == pytest.approx(made[0][0].rows[0].expected, rel=0.02)


def test_how_messages_are_divided_does_not_change_the_last_forecast(stage):
    messages = [health_at(0), *(message_of(f"ev{i}", after_s=60 + 20 * i) for i in range(4))]
    _, apart = run(stage, *([one] for one in messages))
    _, (together,) = run(stage, messages)
    assert together[-1].rows == apart[-1][-1].rows
    assert together[-1].forecast_id == apart[-1][-1].forecast_id


def test_a_mainshock_gets_a_table_with_each_version_and_each_hour(stage):
    _, made = run(
        stage,
        [health_at(0)],
        [message_of("big", magnitude=5.6, after_s=60)],
        [message_of("big", 2, "update", magnitude=5.8, after_s=60)],
        [health_at(4000)],
        [message_of("big", 3, "cancel", magnitude=5.8, after_s=60)],
        [health_at(9000)],
    )
    tables = [[one for one in step if one.event_id] for step in made]
    assert [len(one) for one in tables] == [0, 1, 1, 1, 0, 0]
    assert [one[0].event_version for one in tables[1:4]] == [1, 2, 2]
    assert "magnitude 5.8" in tables[3][0].region
    assert not tables[1][0].rows[0].is_generic


def test_without_a_model_mainshocks_get_generic_tables_and_nothing_else_is_told():
    stage = forecast_stage()
    _, made = run(stage, [health_at(0)], [message_of("big", magnitude=5.6)], [message_of("small")])
    assert [[one.event_id for one in step] for step in made] == [[], ["big"], []]
    assert all(row.is_generic for row in made[1][0].rows)
    assert "no forecast model is set" in stage.board.problem
    assert not stage.board.has_model


def test_a_model_that_cannot_be_used_is_told_and_the_rest_goes_on(tmp_path, caplog):
    stage = forecast_stage(ForecastSettings(model=tmp_path / "none"))
    assert "being made" in stage.board.problem
    _, made = run(stage, [health_at(0)], [message_of("big", magnitude=5.6)])
    assert [len(one) for one in made] == [0, 1]
    assert "holds no forecast model" in stage.board.problem
    assert caplog.text.count("no forecast of the region") == 1
    with pytest.raises(NothingFoundError, match="holds no forecast model"):
        stage.board.ask(4.0, 1.0, None)


def test_a_model_that_gives_no_probability_is_told_and_the_rest_goes_on():
    model = small_model()
    model.parameters = replace(model.parameters, mu_per_day=np.nan)
    stage = ForecastStage(
        ForecastSettings(),
        lambda now_days: LiveForecast(model, past(), now_days, LiveSettings(200)),
    )
    _, made = run(stage, [health_at(0)], [message_of("big", magnitude=5.6)])
    assert [[one.event_id for one in step] for step in made] == [[], ["big"]]
    assert all(row.is_generic for row in made[1][0].rows)
    assert "nan" in stage.board.problem


def test_a_model_that_knows_what_happened_is_not_used():
    stage = ForecastStage(
        ForecastSettings(),
        lambda _: LiveForecast(small_model(), past(), END - 1.0, LiveSettings(200)),
    )
    _, made = run(stage, [health_at(0)])
    assert made == [[]]
    assert "it knows what happened" in stage.board.problem


def test_a_snapshot_goes_on_where_the_stage_stopped(stage):
    first, rest = (
        [health_at(0), message_of("big", magnitude=5.6, after_s=60)],
        [message_of("x", after_s=600), health_at(4000)],
    )
    state, _ = run(stage, first)
    other = ForecastStage(stage.settings, open_small)
    back = other.restore(stage.snapshot(state))
    assert back.now == state.now
    _, plain = stage.step(state, rest)
    _, resumed = other.step(back, rest)
    assert [one.event_id for one in told(resumed)] == ["", "big"]
    for one, same in zip(told(plain), told(resumed), strict=True):
        assert [row.expected for row in one.rows] == pytest.approx(
            [row.expected for row in same.rows], rel=1e-6
        )
    empty = other.restore(other.snapshot(other.start()))
    assert empty.live is None


def test_the_last_forecast_that_waits_is_told_at_the_end(stage):
    state, made = run(
        stage,
        [message_of("a", after_s=0)],
        [message_of("b", after_s=1), message_of("c", after_s=2)],
    )
    assert [len(one) for one in made] == [1, 0]  # too soon after the first
    state, last = stage.finish(state)
    assert len(last) == 1
    assert stage.finish(state)[1] == []


def test_the_service_may_ask_of_any_place_while_events_come(stage):
    run(stage, [health_at(0), message_of(after_s=60)])
    made = stage.board.ask(4.0, 2.0, Circle(-117.4, 34.1, 20.0))
    assert made.rows[0].probability > 0.01
    assert made.cut_off == TIME + timedelta(seconds=70)
    with pytest.raises(DataError, match="below 3"):
        stage.board.ask(1.0, 2.0, None)
    with pytest.raises(NothingFoundError, match="no forecast model"):
        ForecastBoard().ask(4.0, 1.0, None)


def test_a_replay_and_made_up_records_are_labelled():
    settings = ForecastSettings(is_replay=True, is_synthetic=True)
    _, ((made,),) = run(ForecastStage(settings, open_small), [health_at(0)])
    assert made.is_retrospective
    assert made.is_synthetic


def test_a_worker_brings_forecasts_from_the_bus_into_log_and_store(tmp_path, stage):
    bus = EmbeddedBus(tmp_path / "bus.sqlite")
    log = ForecastLog(tmp_path / "forecasts.jsonl")
    with LiveStore.open(tmp_path / "store.sqlite") as store:
        workers = [StageWorker(bus, stage), StageWorker(bus, StoreStage(store, log))]
        bus.publish([health_at(0), message_of("big", magnitude=5.6, after_s=60)])
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.finish()
        assert [worker.problem for worker in workers] == ["", ""]
        region, table = store.forecast(), store.forecast("big")
        assert store.forecast("nobody") is None
        entries = {entry.digest: entry for entry in log.entries()}
        assert verify(log.path).is_whole
        for found in (region, table):
            entry = entries[found.log_digest]
            assert entry.number == found.log_number
            logged, kept = entry.forecast["rows"], found.document["rows"]
            assert [row["probability"] for row in logged] == [row["probability"] for row in kept]
            assert entry.kind == "retrospective"  # by the clock of this machine
        assert "reference" not in entries[region.log_digest].forecast["grid"]
        assert RateForecast.from_document(region.document).is_retrospective
        assert RateForecast.from_document(region.document).grid is not None
        removed = store.retain(Retention(forecasts_before=TIME + timedelta(days=1)))
        assert removed == {"forecasts": 2}
        assert store.forecast() is None
    bus.close()


def test_the_same_forecast_saved_again_is_logged_once(tmp_path, stage):
    log = ForecastLog(tmp_path / "forecasts.jsonl")
    _, messages = stage.step(stage.start(), [health_at(0)])
    with LiveStore.open(tmp_path / "store.sqlite") as store:
        sink = StoreStage(store, log)
        for _ in range(2):
            sink.step(None, messages)
        assert store.forecast().log_number == 0
    assert verify(log.path).n == 1


def test_of_two_forecasts_the_one_issued_last_is_told(tmp_path, stage):
    state, early = stage.step(stage.start(), [health_at(0)])
    _, late = stage.step(state, [health_at(4000)])
    with LiveStore.open(tmp_path / "store.sqlite") as store:
        StoreStage(store).step(None, [*late, *early])
        assert store.forecast().issued == TIME + timedelta(seconds=4000)
        assert store.forecast().log_number is None


def test_a_message_of_another_kind_is_refused():
    wrong = Message("forecast.v1", "k", "i", b'{"event_id": "x"}', 0, 0)
    with pytest.raises(DataError, match="no forecast"):
        read_forecast_message(wrong)


def test_the_settings_name_region_and_agency():
    settings = replace(ForecastSettings(), region_name="here", agency="us")
    assert (settings.issue().region_name, settings.issue().agency) == ("here", "us")
    assert "national agency" in ForecastSettings().issue().agency
