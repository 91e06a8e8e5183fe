"""The ergodic model of Fourier amplitudes in the San Francisco Bay Area that CGM-GM compares with.

Published for the Fourier amplitude of ground **velocity** (m, that is m/s times s) at 2, 5, 10 and
15 Hz; nothing else is given. A factor of ``2 pi f`` makes it acceleration (m/s), as all measures
here are.

References
----------
Ren et al. (2024), https://doi.org/10.48550/arXiv.2407.15089, and its code, paulpuren/cgm-gm.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mainshock.shaking.base import Motions
from mainshock.shaking.ergodic import outside
from mainshock.shaking.measures import fas_name, place_of
from mainshock.shaking.scenarios import Scenarios

__all__ = ["BayAreaMotion"]

FloatArray = NDArray[np.float64]

# Hz; constant, factors of M, ln R and depth in km; standard deviation
_TABLE = np.array(
    [
        (2.0, -16.2739, 3.0407, -1.4842, 0.0060, 0.72),
        (5.0, -13.5466, 2.6166, -1.7052, 0.0178, 0.77),
        (10.0, -13.4538, 2.2958, -1.9021, 0.0339, 0.81),
        (15.0, -14.4238, 2.1082, -2.0292, 0.0461, 0.87),
    ]
)
# of magnitude, depth, source longitude and latitude, site longitude and latitude of its records
_LOWEST = np.array([1.09, -0.21, -123.0027, 36.7865, -122.616, 37.259])
_HIGHEST = np.array([3.99, 21.49, -121.388, 38.5575, -121.641, 38.247])


class BayAreaMotion:
    """Medians and standard deviations of that model, turned into acceleration.

    Notes
    -----
    Its amplitudes are those of ``|FFT| dt`` smoothed after Konno and Ohmachi (b = 20) over 60 s;
    ours are the root mean square over ``f / 1.12`` to ``1.12 f``, which for noise-like records is
    about 0.12 ln units more (the mean of Rayleigh amplitudes against their root mean square). That
    difference is not corrected: it is small beside the standard deviation. How the deviation
    divides between events and records is not published: :meth:`sample` draws all of it by record
    and independent between measures. Epistemic deviations are zero inside the region of its
    records, for none are published; outside, one region's width away is worth one deviation more.
    """

    @property
    def measures(self) -> tuple[str, ...]:
        """Fourier amplitudes at 2, 5, 10 and 15 Hz."""
        return tuple(fas_name(float(one)) for one in _TABLE[:, 0])

    def predict(self, scenarios: Scenarios, measures: Sequence[str] | None = None) -> Motions:
        """Return the distribution of measures (all four by default) for each row."""
        chosen, place = place_of(self.measures, measures)
        table = _TABLE[place]
        distance_km = np.maximum(scenarios.hypocentral_km(), 1.0)
        columns = np.column_stack(
            [
                np.ones(len(scenarios)),
                scenarios.magnitude,
                np.log(distance_km),
                scenarios.depth_km,
            ]
        )
        excess = outside(_place_and_size(scenarios), _LOWEST, _HIGHEST)
        sd = table[:, 5] * np.ones((len(scenarios), 1))
        epistemic = sd * excess[:, None]
        return Motions(
            measures=chosen,
            mean=columns @ table[:, 1:5].T + np.log(2.0 * np.pi * table[:, 0]),
            sd=np.hypot(sd, epistemic),
            sd_epistemic=epistemic,
            is_extrapolated=excess > 0.0,
        )

    def sample(
        self,
        scenarios: Scenarios,
        n: int,
        rng: np.random.Generator,
        measures: Sequence[str] | None = None,
    ) -> FloatArray:
        """Return realisations, ``(n_rows, n, n_measures)``, independent between rows."""
        motions = self.predict(scenarios, measures)
        normal = rng.standard_normal((len(motions), n, len(motions.measures)))
        return np.asarray(motions.mean[:, None] + motions.sd[:, None] * normal)


def _place_and_size(scenarios: Scenarios) -> FloatArray:
    return np.column_stack(
        [
            scenarios.magnitude,
            scenarios.depth_km,
            scenarios.source_longitude,
            scenarios.source_latitude,
            scenarios.site_longitude,
            scenarios.site_latitude,
        ]
    )
