"""Accelerograms that a flow makes."""

import numpy as np
import pytest
from tests.shaking.flow.flow_model import small_flow
from tests.shaking.small_records import N_SAMPLES, RATE_HZ, START_S, write_records

from mainshock.core.errors import SettingsError
from mainshock.shaking.base import WaveformModel
from mainshock.shaking.records import open_records

N = 3


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    return open_records(write_records(tmp_path_factory.mktemp("records") / "made.h5", seed=1))


@pytest.fixture(scope="module")
def flow(records, tmp_path_factory):
    return small_flow(records, tmp_path_factory.mktemp("flow"))


@pytest.fixture(scope="module")
def made(records, flow):
    return flow.simulate(records.scenarios, N, np.random.default_rng(0))


def test_records_are_cut_as_those_it_learned_from(records, flow, made):
    assert isinstance(flow, WaveformModel)
    assert made.acceleration.shape == (len(records), N, 3, N_SAMPLES)
    assert made.acceleration.dtype == np.float32
    assert np.isfinite(made.acceleration).all()
    assert (made.sampling_rate_hz, made.start_rel_origin_s) == (RATE_HZ, START_S)


def test_a_seed_makes_the_same_records_again(records, flow):
    few = records.scenarios.take(np.arange(4))
    first, second, other = (
        flow.simulate(few, 2, np.random.default_rng(seed)).acceleration for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, other)


def test_amplitudes_are_not_biased(records, flow, made):
    bands = flow.parts.bands
    observed = bands.ln_fas(np.stack([one.acceleration for one in records]))
    generated = bands.ln_fas(made.acceleration).mean(axis=1)
    above = bands.centres_hz >= 1.0
    bias = (observed - generated).mean(axis=0)[:, above]
    assert np.abs(bias).max() < 0.2  # 150 records of 30 events: a standard error of 0.06
    spread = (bands.ln_fas(made.acceleration[:, :, 0])).std(axis=1, ddof=1)[:, above].mean()
    assert spread == pytest.approx(flow.motions.sd[above].mean(), rel=0.3)


def test_motion_begins_at_the_predicted_p(records, flow, made):
    times = flow.parts.layout.sample_times_s()
    p_s = flow.parts.arrivals.p_s(records.scenarios)
    power = (made.acceleration.astype(np.float64) ** 2).sum(axis=(1, 2))
    earlier = [power[row, times < one - 0.15].mean() for row, one in enumerate(p_s)]
    later = [power[row, (times > one) & (times < one + 0.5)].mean() for row, one in enumerate(p_s)]
    assert np.median(np.log10(np.array(later) / np.array(earlier))) > 2.0


def test_rows_of_one_event_share_its_term(records, flow):
    one = records.scenarios.take(np.zeros(2, dtype=np.int64))
    made = flow.simulate(one, 60, np.random.default_rng(3)).acceleration
    level = flow.parts.bands.ln_fas(made[:, :, 0]).mean(axis=-1)
    assert np.corrcoef(level)[0, 1] > 0.2


def test_no_realisation_is_refused(records, flow):
    with pytest.raises(SettingsError, match="least is 1"):
        flow.simulate(records.scenarios, 0, np.random.default_rng(0))
