import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from mainshock.forecast.temporal_etas.parameters import (
    TemporalParameters,
    omori_integral,
    omori_integral_slopes,
)


@pytest.mark.parametrize("p", [0.7, 0.999, 1.0, 1.0000001, 1.005, 1.2, 2.0])
def test_the_integral_is_that_of_the_decay(p: float) -> None:
    expected, _ = quad(lambda u: np.exp((1.0 - p) * u), np.log(0.01), np.log(50.01))
    assert float(omori_integral(50.0, 0.01, p)) == pytest.approx(expected, rel=1e-9)


def test_without_end_the_integral_is_finite_only_above_p_of_1() -> None:
    assert float(omori_integral(np.inf, 0.1, 1.08)) == pytest.approx(0.1**-0.08 / 0.08)
    assert np.isinf(omori_integral([np.inf, np.inf], 0.1, 1.0)).all()


@given(
    st.floats(1e-4, 1e4),
    st.floats(1e-4, 1.0),
    st.one_of(st.floats(0.6, 2.5), st.floats(0.998, 1.002)),
)
def test_slopes_are_derivatives(t: float, c: float, p: float) -> None:
    whole, by_c, by_p = (float(one) for one in omori_integral_slopes(t, c, p))
    assert whole == pytest.approx(float(omori_integral(t, c, p)), rel=1e-9)
    step = 1e-5
    ahead, back = (float(omori_integral(t, c * (1 + s), p)) for s in (step, -step))
    # differences lose digits where the integral hardly depends on c
    assert by_c == pytest.approx((ahead - back) / (2 * step * c), rel=1e-4, abs=1e-8 * whole / c)
    ahead, back = (float(omori_integral(t, c, p + s)) for s in (step, -step))
    assert by_p == pytest.approx((ahead - back) / (2 * step), rel=1e-4, abs=1e-7 * whole)


@pytest.mark.parametrize("alpha", [0.2, 0.99, 1.0, 1.1])
def test_mean_productivity_is_that_over_magnitudes(alpha: float) -> None:
    one = TemporalParameters(1.0, 0.02, alpha, 0.01, 1.2, 3.0)
    beta, top = np.log(10.0), 7.0
    norm = -np.expm1(-beta * 4.0)
    expected, _ = quad(
        lambda m: float(one.productivity(m)) * beta * np.exp(-beta * (m - 3.0)) / norm, 3.0, top
    )
    assert one.mean_productivity(beta, top) == pytest.approx(expected, rel=1e-7)


def test_branching_ratio_grows_with_time_to_its_limit() -> None:
    one = TemporalParameters(1.0, 0.02, 0.8, 0.01, 1.2, 3.0)
    ratios = [one.branching_ratio(2.3, 7.5, days) for days in (1.0, 100.0, 1e8, np.inf)]
    assert ratios == sorted(ratios)
    assert ratios[2] == pytest.approx(ratios[3], rel=0.02)
    slow = TemporalParameters(1.0, 0.02, 0.8, 0.01, 0.98, 3.0)
    assert np.isinf(slow.branching_ratio(2.3, 7.5))
    assert np.isfinite(slow.branching_ratio(2.3, 7.5, 1e4))
