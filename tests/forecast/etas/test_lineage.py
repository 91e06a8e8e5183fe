"""Simulated events are as active as those of the catalogue, and trigger by it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mainshock.forecast.base import FitSettings
from mainshock.forecast.count_calibration import consistency
from mainshock.forecast.etas.kinds import ETAS
from mainshock.forecast.etas.lineage import LIFT_STEP, LOWEST_LIFT
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.live import LiveForecast, LiveSettings
from mainshock.forecast.region import Region
from mainshock.sources.seismicity.catalogue import Catalogue, days_from_text
from mainshock.sources.seismicity.read import read_seismicity

AFTER_LANDERS = days_from_text("1992-06-30")


@pytest.fixture(scope="module")
def california(data_dir: Path) -> Catalogue:
    file = data_dir / "catalogs" / "socal_scedc_m30_train.parquet"
    return read_seismicity(file).above(3.5).between(-np.inf, days_from_text("2000-01-01"))


@pytest.fixture(scope="module")
def fitted(california: Catalogue) -> SpaceTimeEtas:
    days = [days_from_text(text) for text in ("1985-01-01", "2000-01-01")]
    return ETAS.fit(california, FitSettings(*days, 3.5, Region.box(-122.1, 32.0, -114.0, 37.1)))


def ended(model: SpaceTimeEtas, end_days: float) -> SpaceTimeEtas:
    """The model as if its fit had ended at another time."""
    settings = replace(model.info.settings, end_days=end_days)
    return replace(model, info=replace(model.info, settings=settings))


def test_events_with_a_parent_that_lifts_more_are_more_active(fitted):
    lineage = fitted.lineage
    assert lineage is not None
    assert (np.diff(lineage.activity, axis=1) >= 0).all()
    mean = lineage.activity.mean(axis=1)
    assert (np.diff(mean[4:22]) > 0).all()
    # a parent alone is a lower limit, but for the steps of the table
    alone = np.log1p(np.exp(LOWEST_LIFT + LIFT_STEP * np.arange(len(mean))))
    assert (mean > np.minimum(alone, 8.0) - LIFT_STEP).all()
    assert mean.min() >= lineage.of_background.mean() - LIFT_STEP


def test_simulations_in_a_sequence_are_of_the_process_that_is_scored(fitted, california):
    apart, error = consistency(fitted, california, AFTER_LANDERS, 7.0, 40, seed=2)
    known = california.between(-np.inf, AFTER_LANDERS)
    expected = fitted.simulate(known, AFTER_LANDERS, 7.0, 2000, 2).counts().mean()
    assert expected > 30
    assert abs(apart) < 4 * error + 0.05 * expected


def test_without_their_activity_new_events_would_trigger_too_little(fitted, california):
    known = california.between(-np.inf, AFTER_LANDERS)
    by_mean = replace(fitted, lineage=None)
    counts = [
        one.simulate(known, AFTER_LANDERS, 7.0, 4000, 5).counts() for one in (fitted, by_mean)
    ]
    error = np.sqrt(sum(one.var() for one in counts) / 4000)
    assert counts[0].mean() - counts[1].mean() > 4 * error


def test_a_lineage_is_saved_with_its_model(fitted, tmp_path):
    fitted.save(tmp_path)
    back = SpaceTimeEtas.open(tmp_path, fitted.info).lineage
    assert back is not None
    for name in ("activity", "of_background", "density"):
        assert np.array_equal(getattr(back, name), getattr(fitted.lineage, name))


def test_the_background_of_simulations_is_that_of_the_intensity(fitted, california):
    start = days_from_text("1999-12-01")
    model = ended(fitted, AFTER_LANDERS)
    rows, bandwidth, weight = model.past(california).learnt_at(start)
    assert len(rows) == len(bandwidth) == len(weight) > 100
    assert california.time_days[rows].min() >= AFTER_LANDERS
    assert california.time_days[rows].max() < start
    assert len(fitted.past(california).learnt_at(start)[0]) == 0


@pytest.mark.parametrize(("start", "apart"), [("1999-09-01", 0.12), ("1992-06-30", 0.25)])
def test_a_live_forecast_expects_what_simulations_hold(fitted, california, start, apart):
    now = days_from_text(start)
    early = ended(fitted, now)
    known = california.between(-np.inf, now)
    live = LiveForecast(early, known, now, LiveSettings(500, 0.0))
    simulated = early.simulate(known, now, 7.0, 4000, 3).counts().mean()
    assert live.expected_number(3.5, days=7.0) == pytest.approx(simulated, rel=apart)
