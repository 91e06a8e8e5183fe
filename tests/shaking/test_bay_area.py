"""The Bay Area model: against its table, in acceleration."""

import math

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.shaking.base import MotionModel
from mainshock.shaking.registry import MOTION_MODELS
from mainshock.shaking.scenarios import Scenarios


def one_row(magnitude=3.0, depth_km=8.0, east_deg=0.15):
    return Scenarios(
        magnitude=np.array([magnitude]),
        depth_km=np.array([depth_km]),
        source_longitude=np.array([-122.2]),
        source_latitude=np.array([37.8]),
        site_longitude=np.array([-122.2 + east_deg]),
        site_latitude=np.array([37.8]),
        vs30_m_s=np.array([np.nan]),
        event=np.array(["a"]),
        station=np.array(["b"]),
    )


@pytest.fixture
def model():
    return MOTION_MODELS.load("bay-area")()


def test_it_is_the_published_formula_times_2_pi_f(model):
    assert isinstance(model, MotionModel)
    row = one_row()
    motions = model.predict(row)
    ln_r = math.log(float(row.hypocentral_km()[0]))
    velocity = {
        2.0: -16.2739 + 3.0407 * 3.0 - 1.4842 * ln_r + 0.0060 * 8.0,
        15.0: -14.4238 + 2.1082 * 3.0 - 2.0292 * ln_r + 0.0461 * 8.0,
    }
    for frequency_hz, value in velocity.items():
        column = motions.column(f"ln_fas_{frequency_hz:g}hz")
        expected = value + math.log(2.0 * math.pi * frequency_hz)
        assert motions.mean[0, column] == pytest.approx(expected)
    assert motions.sd[0].tolist() == pytest.approx([0.72, 0.77, 0.81, 0.87])


def test_it_gives_four_frequencies_and_nothing_else(model):
    assert model.measures == ("ln_fas_2hz", "ln_fas_5hz", "ln_fas_10hz", "ln_fas_15hz")
    with pytest.raises(DataError, match="no measure 'ln_pga'"):
        model.predict(one_row(), ["ln_pga"])


def test_large_magnitudes_are_flagged_and_wider(model):
    near, far = model.predict(one_row()), model.predict(one_row(magnitude=6.0))
    assert not near.is_extrapolated[0]
    assert far.is_extrapolated[0]
    assert (far.sd > near.sd).all()
    assert near.sd_epistemic.max() == 0.0


def test_draws_have_its_spread(model, rng):
    drawn = model.sample(one_row(), 20000, rng, ["ln_fas_10hz"])
    assert drawn.shape == (1, 20000, 1)
    assert drawn.std() == pytest.approx(0.81, abs=0.02)
