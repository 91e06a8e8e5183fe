"""A small model of shaking for tests of maps."""

import numpy as np

from mainshock.shaking.base import Motions
from mainshock.shaking.measures import place_of
from mainshock.shaking.training import ShakingModel

MEASURES = ("ln_pga", "ln_pgv", "ln_psa_0.3s", "ln_psa_1s", "ln_fas_5hz")
SD, SD_EPISTEMIC = 0.6, 0.3
FARTHEST_KM = 60.0


class PointSource:
    """Motion that grows with magnitude and falls with the logarithm of distance."""

    measures = MEASURES

    def predict(self, scenarios, measures=None):
        chosen, offsets = place_of(self.measures, measures)
        distance_km = scenarios.hypocentral_km()
        base = -2.0 + 1.5 * (scenarios.magnitude - 4.0) - 1.3 * np.log(distance_km)
        outside = distance_km > FARTHEST_KM
        epistemic = np.where(outside, 2.0 * SD_EPISTEMIC, SD_EPISTEMIC)[:, None]
        sd = np.sqrt(SD**2 - SD_EPISTEMIC**2 + epistemic**2)
        ones = np.ones(len(chosen))
        return Motions(
            chosen, base[:, None] - np.array(offsets), sd * ones, epistemic * ones, outside
        )

    def sample(self, scenarios, n, rng, measures=None):
        found = self.predict(scenarios, measures)
        event = rng.normal(size=(1, n, 1))  # one term for all sites
        return found.mean[:, None, :] + found.sd[:, None, :] * event


def small_model(name="point-source", *, is_synthetic=True):
    return ShakingModel(name, PointSource(), None, is_synthetic)
