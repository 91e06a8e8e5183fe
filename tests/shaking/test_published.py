"""BSSA14 and BA19: against pygmm's values."""

import sys

import numpy as np
import pytest

from mainshock.core.errors import MissingDependencyError
from mainshock.shaking.base import MotionModel
from mainshock.shaking.measures import FAS_FREQUENCIES_HZ, PSA_PERIODS_S, psa_name
from mainshock.shaking.published import BA19Motion, BSSA14Motion
from mainshock.shaking.scenarios import Scenarios

GRAVITY = 9.80665


def rows_of(magnitude, depth_km, east_deg, vs30_m_s):
    n = len(magnitude)
    return Scenarios(
        magnitude=np.array(magnitude, dtype=np.float64),
        depth_km=np.array(depth_km, dtype=np.float64),
        source_longitude=np.zeros(n),
        source_latitude=np.zeros(n),
        site_longitude=np.array(east_deg, dtype=np.float64),
        site_latitude=np.zeros(n),
        vs30_m_s=np.array(vs30_m_s, dtype=np.float64),
        event=np.full(n, "a"),
        station=np.arange(n).astype(str),
    )


ROWS = rows_of([3.5, 5.0, 6.0, 7.5], [5, 10, 10, 15], [0.1, 0.5, 0.2, 2.0], [250, 400, 760, 1400])


@pytest.mark.parametrize("row", range(len(ROWS)))
def test_bssa14_is_pygmms(row):
    pygmm = pytest.importorskip("pygmm")
    given = pygmm.model.Scenario(
        mag=ROWS.magnitude[row],
        dist_jb=ROWS.epicentral_km()[row],
        v_s30=ROWS.vs30_m_s[row],
        mechanism="U",
    )
    theirs = pygmm.BooreStewartSeyhanAtkinson2014(given)
    ours = BSSA14Motion().predict(ROWS)

    def at(name):
        return ours.mean[row, ours.column(name)], ours.sd[row, ours.column(name)]

    expected = {"ln_pga": (np.log(theirs.pga * GRAVITY), theirs.ln_std_pga)}
    expected["ln_pgv"] = (np.log(theirs.pgv / 100.0), theirs.ln_std_pgv)
    for period_s in PSA_PERIODS_S:
        place = int(np.argmin(np.abs(theirs.periods - period_s)))
        amount = np.log(theirs.spec_accels[place] * GRAVITY)
        expected[psa_name(period_s)] = (amount, theirs.ln_stds[place])
    for name, values in expected.items():
        assert at(name) == pytest.approx(values, abs=1e-9), name


def test_ba19_is_pygmms_in_metres_a_second():
    pygmm = pytest.importorskip("pygmm")
    ours = BA19Motion().predict(ROWS)
    given = pygmm.model.Scenario(
        mag=5.0,
        dist_rup=ROWS.hypocentral_km()[1],
        v_s30=400.0,
        depth_tor=10.0,
        mechanism="SS",
    )
    theirs = pygmm.BaylessAbrahamson2019(given)
    expected = np.interp(FAS_FREQUENCIES_HZ, theirs.freqs, theirs.eas * GRAVITY)
    np.testing.assert_allclose(np.exp(ours.mean[1]), expected, rtol=2e-3)  # between its frequencies


def test_ba19_at_the_published_anchor():
    pytest.importorskip("pygmm")
    depth_km = 8.0
    east_deg = np.degrees(np.sqrt(20.0**2 - depth_km**2) / 6378.137)
    row = rows_of([3.5], [depth_km], [east_deg], [760.0])
    frequencies = ["ln_fas_2hz", "ln_fas_5hz", "ln_fas_10hz", "ln_fas_15hz"]
    motions = BA19Motion().predict(row, frequencies)
    anchor = np.array([1.61e-4, 2.80e-4, 1.82e-4, 9.2e-5]) * GRAVITY
    # of unstated Vs30 and depth: within a factor of two
    assert np.abs(motions.mean[0] - np.log(anchor)).max() < np.log(2.0)


def test_deviations_of_ba19_fall_with_magnitude():
    pytest.importorskip("pygmm")
    rows = rows_of([3.5, 6.5], [8, 8], [0.2, 0.2], [760, 760])
    sd = BA19Motion().predict(rows).sd
    assert (sd[0] > sd[1]).all()


@pytest.mark.parametrize("model", [BSSA14Motion, BA19Motion])
def test_both_flag_small_events_and_share_event_terms(model, rng):
    if model is BA19Motion:
        pytest.importorskip("pygmm")
    small = rows_of([2.0, 2.0], [8, 8], [0.1, 0.2], [np.nan, np.nan])
    found = model()
    assert isinstance(found, MotionModel)
    motions = found.predict(small)
    assert motions.is_extrapolated.all()
    assert (motions.sd_epistemic > 0.0).all()
    drawn = found.sample(small, 4000, rng)
    np.testing.assert_allclose(drawn.std(axis=1), motions.sd, rtol=0.08)
    both = np.corrcoef(drawn[:, :, 0])
    assert both[0, 1] > 0.05


def test_without_pygmm_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygmm", None)
    with pytest.raises(MissingDependencyError, match="pip install"):
        BA19Motion()
