"""The ergodic regression: known coefficients come back, draws have the stated spread."""

import numpy as np
import pytest

from mainshock.core.errors import DataError, ModelError
from mainshock.shaking.base import MotionModel
from mainshock.shaking.ergodic import ErgodicMotion, design, fit_ergodic
from mainshock.shaking.scenarios import Scenarios

COEFFICIENTS = np.array([[-12.0, 2.0, -1.2, -0.01, 0.02], [-9.0, 1.5, -1.0, -0.02, 0.0]])
NAMES = ("ln_fas_5hz", "ln_pga")
TAU, PHI_S2S, PHI_SS = 0.4, 0.5, 0.6


def made_up(rng, n_events=120, n_stations=40, share=0.4):
    pairs = np.argwhere(rng.random((n_events, n_stations)) < share)
    event, station = pairs[:, 0], pairs[:, 1]
    place = rng.uniform(-0.4, 0.4, (2, n_events + n_stations))
    size, depth = rng.uniform(2.0, 4.0, n_events), rng.uniform(2.0, 18.0, n_events)
    return Scenarios(
        magnitude=size[event],
        depth_km=depth[event],
        source_longitude=-122.0 + place[0, event],
        source_latitude=37.7 + place[1, event],
        site_longitude=-122.0 + place[0, n_events + station],
        site_latitude=37.7 + place[1, n_events + station],
        vs30_m_s=rng.uniform(200.0, 1000.0, n_stations)[station],
        event=event.astype(str),
        station=station.astype(str),
    )


def shaken(scenarios, rng, correlation=0.8):
    """Values whose terms of two measures have one correlation."""
    root = np.linalg.cholesky([[1.0, correlation], [correlation, 1.0]])
    values = design(scenarios) @ COEFFICIENTS.T
    records = np.arange(len(scenarios))
    for sd, labels in zip(
        (TAU, PHI_S2S, PHI_SS), (scenarios.event, scenarios.station, records), strict=True
    ):
        code = np.unique(labels, return_inverse=True)[1]
        values += sd * (rng.standard_normal((code.max() + 1, 2)) @ root.T)[code]
    return values


@pytest.fixture
def fitted(rng):
    scenarios = made_up(rng)
    return scenarios, fit_ergodic(scenarios, shaken(scenarios, rng), NAMES)


def test_known_coefficients_and_parts_come_back(fitted):
    _, motion = fitted
    assert isinstance(motion, MotionModel)
    error = np.sqrt(np.diagonal(motion.coefficient_covariance, axis1=1, axis2=2))
    assert (np.abs(motion.coefficients - COEFFICIENTS) < 4.0 * error).all()
    np.testing.assert_allclose(motion.tau, TAU, atol=0.12)
    np.testing.assert_allclose(motion.phi_s2s, PHI_S2S, atol=0.2)
    np.testing.assert_allclose(motion.phi_ss, PHI_SS, atol=0.04)
    correlation = motion.covariance[2, 0, 1] / np.prod(motion.phi_ss)
    assert correlation == pytest.approx(0.8, abs=0.05)


def test_predicted_spread_is_that_of_new_events(fitted, rng):
    _, motion = fitted
    new = made_up(np.random.default_rng(5), 150, 200, 0.1)
    residual = shaken(new, rng) - motion.predict(new).mean
    ratio = residual.std(axis=0) / motion.predict(new).sd.mean(axis=0)
    np.testing.assert_allclose(ratio, 1.0, atol=0.15)


def test_draws_have_the_predicted_spread_and_share_their_event(fitted, rng):
    scenarios, motion = fitted
    rows = scenarios.take(np.arange(40))
    drawn = motion.sample(rows, 4000, rng)
    assert drawn.shape == (40, 4000, 2)
    motions = motion.predict(rows)
    np.testing.assert_allclose(drawn.mean(axis=1), motions.mean, atol=0.08)
    np.testing.assert_allclose(drawn.std(axis=1), motions.sd, rtol=0.06)
    spread = drawn - drawn.mean(axis=1, keepdims=True)

    def covariance(first, second):
        return float(np.mean(spread[first, :, 0] * spread[second, :, 0]))

    same = np.flatnonzero(rows.event == rows.event[0])[:2]
    other = int(np.flatnonzero(rows.event != rows.event[0])[0])
    assert rows.station[same[0]] != rows.station[other]
    assert covariance(*same) == pytest.approx(motion.tau[0] ** 2, abs=0.05)
    assert covariance(same[0], other) == pytest.approx(0.0, abs=0.05)


def test_one_seed_gives_one_draw_and_measures_can_be_chosen(fitted):
    scenarios, motion = fitted
    rows = scenarios.take(np.arange(5))
    one = motion.sample(rows, 2, np.random.default_rng(1), ["ln_pga"])
    assert np.array_equal(one, motion.sample(rows, 2, np.random.default_rng(1), ["ln_pga"]))
    assert motion.predict(rows, ["ln_pga"]).mean[:, 0] == pytest.approx(
        motion.predict(rows).mean[:, 1]
    )
    with pytest.raises(DataError, match="no measure 'ln_pgv'"):
        motion.predict(rows, ["ln_pgv"])


def test_outside_its_range_a_row_is_flagged_and_wider(fitted):
    scenarios, motion = fitted
    inside = scenarios.take(np.array([0]))
    values = {name: getattr(inside, name) for name in inside.__slots__}
    outside = Scenarios(**values | {"magnitude": np.array([7.0])})
    near, far = motion.predict(inside), motion.predict(outside)
    assert not near.is_extrapolated[0]
    assert far.is_extrapolated[0]
    assert (far.sd_epistemic > 3.0 * near.sd_epistemic).all()
    assert (far.sd > near.sd).all()


def test_a_file_keeps_all(fitted, tmp_path):
    scenarios, motion = fitted
    back = ErgodicMotion.load(motion.save(tmp_path / "ergodic.npz"))
    assert back.measures == motion.measures
    assert np.array_equal(back.predict(scenarios).sd, motion.predict(scenarios).sd)
    (tmp_path / "ergodic.npz").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="no ergodic regression"):
        ErgodicMotion.load(tmp_path / "ergodic.npz")


def test_vs30_is_used_where_asked_and_unknown_stands_at_760(rng):
    scenarios = made_up(rng)
    slow = -0.7 * np.log(scenarios.vs30_m_s / 760.0)
    motion = fit_ergodic(scenarios, shaken(scenarios, rng) + slow[:, None], NAMES, with_vs30=True)
    assert motion.coefficients[0, 5] == pytest.approx(-0.7, abs=0.4)
    values = {name: getattr(scenarios, name) for name in scenarios.__slots__}
    n = len(scenarios)
    unknown = Scenarios(**values | {"vs30_m_s": np.full(n, np.nan)})
    reference = Scenarios(**values | {"vs30_m_s": np.full(n, 760.0)})
    assert np.array_equal(motion.predict(unknown).mean, motion.predict(reference).mean)


def test_a_measure_that_hardly_any_record_gives_is_left_out(rng):
    scenarios = made_up(rng)
    values = shaken(scenarios, rng)
    values[5:, 1] = np.nan
    assert fit_ergodic(scenarios, values, NAMES).measures == ("ln_fas_5hz",)
    with pytest.raises(DataError, match="too few"):
        fit_ergodic(scenarios.take(np.arange(8)), values[:8], NAMES)
    with pytest.raises(DataError, match="one row each"):
        fit_ergodic(scenarios, values[:5], NAMES)


def test_a_depth_that_nobody_knows_takes_no_part(rng):
    n = 200
    same = np.ones(n)
    magnitude, north = rng.uniform(3.0, 6.0, n), rng.uniform(0.1, 1.5, n)
    scenarios = Scenarios(
        *(magnitude, 15.0 * same, 10.0 * same, 45.0 * same, 10.0 * same, 45.0 + north),
        *(np.nan * same, np.array([f"e{i // 10}" for i in range(n)]), np.arange(n).astype(str)),
    )
    values = magnitude - 1.5 * np.log(scenarios.hypocentral_km()) + 0.3 * rng.normal(size=n)
    motion = fit_ergodic(scenarios, values[:, None], ["ln_pga"])
    assert motion.coefficients[0, 4] == 0.0
    found = motion.predict(scenarios)
    assert np.std(found.mean[:, 0] - values) < 0.35
    assert np.isfinite(found.sd).all()
    assert not found.is_extrapolated.any()
