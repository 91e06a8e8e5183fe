"""The vector of parameters."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from plain_etas import USUAL

from mainshock.forecast.etas.transform import NAMES, bounds_of, first_guess, from_vector, to_vector


def test_a_vector_makes_its_parameters_again():
    again = from_vector(to_vector(USUAL), USUAL.m_ref)
    assert again.as_dict() == pytest.approx(USUAL.as_dict())
    assert to_vector(USUAL)[NAMES.index("c_days")] == pytest.approx(np.log(0.01))
    assert to_vector(USUAL)[NAMES.index("omega")] == 0.05


@pytest.mark.parametrize("m_ref", [0.5, 3.0, 5.5])
def test_a_fit_begins_within_bounds_at_sequences_that_end(m_ref):
    guess = first_guess(5000, 3000.0, m_ref, 2.3)
    bounds = bounds_of(5000, 3000.0)
    assert (bounds.low < to_vector(guess)).all()
    assert (to_vector(guess) < bounds.high).all()
    assert guess.branching_ratio(2.3, m_ref + 4.0) == pytest.approx(0.6)
    assert guess.mu_per_day == pytest.approx(0.4 * 5000 / 3000)
