import numpy as np
import pytest

from mainshock.core.errors import SettingsError
from mainshock.forecast.generic_aftershocks import (
    GENERIC_AFTERSHOCKS,
    SequenceCompleteness,
    generic_named,
)

GARCIA_REGIMES = 15


@pytest.mark.parametrize(
    ("regime", "a", "p", "spread_m6"),
    [
        ("ANSR-SHALCON", -2.42, 0.98, np.hypot(0.49, 0.570)),
        ("SZ-GENERIC", -2.47, 0.88, np.hypot(0.49, 0.570)),
        ("SCR-GENERIC", -2.85, 0.73, np.hypot(0.49, 0.870)),
        ("CAL-SCSN", -2.30, 0.83, 0.50),
        ("CALIFORNIA-1989", -1.67, 1.08, 0.49),
    ],
)
def test_published_values_stand_as_published(
    regime: str, a: float, p: float, spread_m6: float
) -> None:
    one = GENERIC_AFTERSHOCKS[regime]
    assert (one.a, one.p) == (a, p)
    assert one.spread(6.0) == one.spread(5.0) == pytest.approx(spread_m6)
    assert one.spread(8.0) <= one.spread(6.0)
    assert one.reference.startswith("https://doi.org/10.")


def test_every_garcia_regime_is_there() -> None:
    page = [one for one in GENERIC_AFTERSHOCKS.values() if one.reference.endswith("0120160073")]
    assert len(page) == GARCIA_REGIMES
    assert {(one.c_days, one.b, one.a_sd) for one in page} == {(0.018, 1.0, 0.49)}


def test_names_are_found_as_others_write_them() -> None:
    assert generic_named("sz_inlback").regime == "SZ-INLBACK"
    with pytest.raises(SettingsError, match="there are ANSR-ABSLDEC"):
        generic_named("california")


def test_completeness_falls_from_the_mainshock_to_that_of_quiet_times() -> None:
    one = SequenceCompleteness(3.0, share=1.0, offset=4.5, slope=0.75)
    times = np.geomspace(1e-9, 1e3, 200)
    found = one.at(7.0, times)
    assert found[0] == 7.0
    assert found[-1] == 3.0
    assert (np.diff(found) <= 0).all()
    assert float(one.at(7.0, 0.1)) == pytest.approx(7.0 - 4.5 + 0.75)
    begin, end = one.bends(7.0)
    assert float(one.at(7.0, begin)) == pytest.approx(7.0)
    assert float(one.at(7.0, end)) == pytest.approx(3.0)
