"""Published ground-motion models: BSSA14 for peaks and response spectra, BA19 for Fourier spectra.

Both were made for earthquakes of magnitude 3 and more with finite ruptures. A scenario here is a
point: its epicentral distance stands for the Joyner-Boore distance and its hypocentral distance
for the rupture distance, which is right for small events and too long near large ones. Sites of
unknown Vs30 stand at 760 m/s, mechanisms are unspecified, basins average.

References
----------
Boore, Stewart, Seyhan & Atkinson (2014), https://doi.org/10.1193/070113EQS184M;
Bayless & Abrahamson (2019), https://doi.org/10.1785/0120190077.
"""

import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import MissingDependencyError
from mainshock.core.units import STANDARD_GRAVITY_M_S2
from mainshock.shaking.base import Motions
from mainshock.shaking.ergodic import outside
from mainshock.shaking.measures import FAS_FREQUENCIES_HZ, fas_name, place_of, psa_name
from mainshock.shaking.scenarios import Scenarios

__all__ = ["BA19Motion", "BSSA14Motion"]

FloatArray = NDArray[np.float64]
_REFERENCE_VS30_M_S = 760.0

# revised coefficients of 15 July 2014: of event (unspecified mechanism), path, site, deviations
_BSSA14_COLUMNS = (
    "e0", "e4", "e5", "e6", "mh", "c1", "c2", "c3", "h", "c", "vc", "f4", "f5", "r1", "r2",
    "dphi_r", "dphi_v", "phi1", "phi2", "tau1", "tau2",
)  # fmt: skip
_BSSA14 = {
    "ln_pgv": "5.037 1.073 -0.1536 0.2252 6.2 -1.243 0.1489 -0.00344 5.3 -0.84 1300 -0.1 -0.00844 "
    "105 272 0.082 0.08 0.644 0.552 0.401 0.346",
    "ln_pga": "0.4473 1.431 0.05053 -0.1662 5.5 -1.134 0.1917 -0.008088 4.5 -0.6 1500 -0.15 "
    "-0.00701 110 270 0.1 0.07 0.695 0.495 0.398 0.348",
    psa_name(0.1): "1.1268 1.4293 0.055231 -0.19838 5.54 -1.0652 0.17203 -0.0102 4.13 -0.48724 "
    "1479.12 -0.24916 -0.0056 79.59 270.09 0.087 0.014 0.728 0.541 0.415 0.458",
    psa_name(0.2): "1.3255 1.1349 -0.11096 -0.15852 5.92 -1.0607 0.14489 -0.007717 4.61 -0.68762 "
    "1392.61 -0.24658 -0.00614 90.91 270 0.136 0.045 0.711 0.539 0.344 0.309",
    psa_name(0.3): "1.2217 0.95676 -0.1959 -0.092855 6.14 -1.0948 0.13388 -0.005475 4.93 -0.84165 "
    "1308.47 -0.21912 -0.0067 103.15 268.59 0.138 0.05 0.675 0.561 0.363 0.229",
    psa_name(0.5): "0.96991 1.0384 -0.23522 0.029119 6.2 -1.1459 0.12015 -0.00322 5.34 -0.9693 "
    "1203.91 -0.175 -0.00744 105.54 265 0.109 0.06 0.615 0.599 0.41 0.224",
    psa_name(1.0): "0.3932 1.5004 -0.18983 0.17895 6.2 -1.193 0.10248 -0.00121 5.74 -1.05 1109.95 "
    "-0.10521 -0.00844 116.39 270 0.098 0.02 0.553 0.625 0.498 0.298",
    psa_name(2.0): "-0.58669 1.9152 -0.11237 0.44788 6.2 -1.2159 0.096361 0 6.54 -1.0392 1009.49 "
    "-0.036136 -0.00479 130.37 240.14 0.105 0.008 0.526 0.618 0.532 0.329",
    psa_name(3.0): "-1.1898 2.1323 -0.04332 0.62694 6.2 -1.2179 0.097638 0 6.93 -1.0112 922.43 "
    "-0.013577 -0.00183 130.36 195 0.088 0 0.534 0.619 0.537 0.344",
}
_COEFFICIENTS = {
    name: dict(zip(_BSSA14_COLUMNS, map(float, row.split()), strict=True))
    for name, row in _BSSA14.items()
}
_M_REFERENCE, _F3 = 4.5, 0.1
_V1, _V2 = 225.0, 300.0


class BSSA14Motion:
    """Boore, Stewart, Seyhan & Atkinson (2014): PGA, PGV and PSA, global attenuation.

    Notes
    -----
    RotD50 of the horizontals, given in g and cm/s by its authors, here in m/s^2 and m/s. Meant for
    M 3 to 8.5, to 400 km, Vs30 of 150 to 1500 m/s; outside it is flagged and widened.
    """

    @property
    def measures(self) -> tuple[str, ...]:
        """PGV, PGA and PSA at the periods of this package."""
        return tuple(_COEFFICIENTS)

    def predict(self, scenarios: Scenarios, measures: Sequence[str] | None = None) -> Motions:
        """Return the distribution of measures (all by default) for each row."""
        chosen, _ = place_of(self.measures, measures)
        distance_km = scenarios.epicentral_km()
        vs30_m_s = _vs30(scenarios)
        rock_pga_g = np.exp(_bssa14_rock(_COEFFICIENTS["ln_pga"], scenarios.magnitude, distance_km))
        mean, parts = [], []
        for name in chosen:
            row = _COEFFICIENTS[name]
            ln_rock = _bssa14_rock(row, scenarios.magnitude, distance_km)
            unit = 0.01 if name == "ln_pgv" else STANDARD_GRAVITY_M_S2
            mean.append(ln_rock + _bssa14_site(row, vs30_m_s, rock_pga_g) + np.log(unit))
            parts.append(_bssa14_deviations(row, scenarios.magnitude, distance_km, vs30_m_s))
        sd = np.hypot(*np.array(parts).transpose(1, 2, 0))
        values = np.column_stack([scenarios.magnitude, distance_km, vs30_m_s])
        excess = outside(values, np.array([3.0, 0.0, 150.0]), np.array([8.5, 400.0, 1500.0]))
        return _motions(chosen, np.column_stack(mean), sd, excess)

    def sample(
        self,
        scenarios: Scenarios,
        n: int,
        rng: np.random.Generator,
        measures: Sequence[str] | None = None,
    ) -> FloatArray:
        """Return realisations, ``(n_rows, n, n_measures)``; one event has one event term."""
        motions = self.predict(scenarios, measures)
        deviations = [
            _bssa14_deviations(
                _COEFFICIENTS[name],
                scenarios.magnitude,
                scenarios.epicentral_km(),
                _vs30(scenarios),
            )
            for name in motions.measures
        ]
        tau = np.array([one[0] for one in deviations]).T
        return _drawn(motions, tau, scenarios, n, rng)


class BA19Motion:
    """Bayless & Abrahamson (2019): Fourier amplitudes, by way of pygmm.

    Notes
    -----
    Effective amplitude of the horizontals, given in g s by its authors, here in m/s. Meant for
    M 3 to 8, to 300 km, Vs30 of 180 to 1500 m/s, a top of rupture down to 20 km; outside, inputs
    are held at the limit of depth and Vs30, and the row is flagged and widened.

    Raises
    ------
    MissingDependencyError
        If pygmm is not installed.
    """

    def __init__(self) -> None:
        try:
            with warnings.catch_warnings():  # it leaves files open
                warnings.simplefilter("ignore", ResourceWarning)
                self._pygmm: Any = import_module("pygmm")  # ships no types
        except ImportError as error:
            raise MissingDependencyError(
                "BA19 needs pygmm, which is not installed: pip install pygmm"
            ) from error

    @property
    def measures(self) -> tuple[str, ...]:
        """Fourier amplitudes at the frequencies of this package."""
        return tuple(fas_name(one) for one in FAS_FREQUENCIES_HZ)

    def predict(self, scenarios: Scenarios, measures: Sequence[str] | None = None) -> Motions:
        """Return the distribution of measures (all by default) for each row, 1 ms a row."""
        chosen, place = place_of(self.measures, measures)
        magnitude, distance_km = scenarios.magnitude, scenarios.hypocentral_km()
        vs30_m_s = _vs30(scenarios)
        values = np.column_stack([magnitude, distance_km, vs30_m_s, scenarios.depth_km])
        lowest, highest = np.array([3.0, 0.0, 180.0, 0.0]), np.array([8.0, 300.0, 1500.0, 20.0])
        held = values.copy()
        held[:, 2:] = np.clip(values[:, 2:], lowest[2:], highest[2:])
        mean = np.stack([self._ln_amplitude(one) for one in held])[:, place]
        sd = np.sqrt(sum(one**2 for one in self._deviations(magnitude)))[:, place]
        return _motions(chosen, mean, sd, outside(values, lowest, highest))

    def sample(
        self,
        scenarios: Scenarios,
        n: int,
        rng: np.random.Generator,
        measures: Sequence[str] | None = None,
    ) -> FloatArray:
        """Return realisations, ``(n_rows, n, n_measures)``; one event has one event term."""
        motions = self.predict(scenarios, measures)
        _, place = place_of(self.measures, measures)
        tau = self._deviations(scenarios.magnitude)[0][:, place]
        return _drawn(motions, tau, scenarios, n, rng)

    def _ln_amplitude(self, row: FloatArray) -> FloatArray:
        magnitude, distance_km, vs30_m_s, depth_km = row.tolist()
        scenario = self._pygmm.model.Scenario(
            mag=magnitude,
            dist_rup=distance_km,
            v_s30=vs30_m_s,
            depth_tor=depth_km,
            mechanism="SS",
        )
        with warnings.catch_warnings():  # of its limits, which rows outside are flagged for
            warnings.simplefilter("ignore", UserWarning)
            model = self._pygmm.BaylessAbrahamson2019(scenario)
        ln_g_s = np.interp(np.log(FAS_FREQUENCIES_HZ), np.log(model.freqs), model.ln_eas)
        return np.asarray(ln_g_s + np.log(STANDARD_GRAVITY_M_S2))

    def _deviations(self, magnitude: FloatArray) -> list[FloatArray]:
        """Return deviations of events, stations, records and of a constant, ``(n_rows, 8)`` each.

        They go linearly from M 4 to M 6. pygmm 0.8.0 clips them between the values at the two ends,
        which where deviations fall with magnitude gives that of M 6 to all: not used.
        """
        table = self._pygmm.BaylessAbrahamson2019.COEFF
        at = np.log(FAS_FREQUENCIES_HZ)
        column = {
            name: np.interp(at, np.log(table["freq_hz"]), table[name])
            for name in ("s1", "s2", "s3", "s4", "s5", "s6", "c1a")
        }
        share = np.clip((magnitude - 4.0) / 2.0, 0.0, 1.0)[:, None]
        pairs = (("s1", "s2"), ("s3", "s4"), ("s5", "s6"), ("c1a", "c1a"))
        return [column[low] + share * (column[high] - column[low]) for low, high in pairs]


def _vs30(scenarios: Scenarios) -> FloatArray:
    vs30 = scenarios.vs30_m_s
    return np.where(np.isfinite(vs30), vs30, _REFERENCE_VS30_M_S)


def _bssa14_rock(row: dict[str, float], magnitude: FloatArray, distance_km: FloatArray) -> Any:
    """Return the median on rock of 760 m/s, ln g or ln cm/s."""
    above = magnitude - row["mh"]
    event = row["e0"] + np.where(
        above <= 0.0, row["e4"] * above + row["e5"] * above**2, row["e6"] * above
    )
    effective_km = np.hypot(distance_km, row["h"])
    spreading = row["c1"] + row["c2"] * (magnitude - _M_REFERENCE)
    return event + spreading * np.log(effective_km) + row["c3"] * (effective_km - 1.0)


def _bssa14_site(row: dict[str, float], vs30_m_s: FloatArray, rock_pga_g: FloatArray) -> Any:
    """Return the amplification of a site, linear and not."""
    linear = row["c"] * np.log(np.minimum(vs30_m_s, row["vc"]) / _REFERENCE_VS30_M_S)
    softness = np.exp(row["f5"] * (np.minimum(vs30_m_s, _REFERENCE_VS30_M_S) - 360.0))
    strength = row["f4"] * (softness - np.exp(row["f5"] * (_REFERENCE_VS30_M_S - 360.0)))
    return linear + strength * np.log((rock_pga_g + _F3) / _F3)


def _bssa14_deviations(
    row: dict[str, float], magnitude: FloatArray, distance_km: FloatArray, vs30_m_s: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the standard deviations between events and within one."""
    share = np.clip(magnitude - 4.5, 0.0, 1.0)
    tau = row["tau1"] + (row["tau2"] - row["tau1"]) * share
    far = np.log(np.maximum(distance_km, 1.0) / row["r1"]) / np.log(row["r2"] / row["r1"])
    soft = np.log(_V2 / vs30_m_s) / np.log(_V2 / _V1)
    phi = row["phi1"] + (row["phi2"] - row["phi1"]) * share
    phi = phi + row["dphi_r"] * np.clip(far, 0.0, 1.0) - row["dphi_v"] * np.clip(soft, 0.0, 1.0)
    return tau, phi


def _motions(
    measures: tuple[str, ...], mean: FloatArray, sd: FloatArray, excess: FloatArray
) -> Motions:
    """Return motions whose deviation grows outside what the model was made for."""
    epistemic = sd * excess[:, None]
    return Motions(measures, mean, np.hypot(sd, epistemic), epistemic, excess > 0.0)


def _drawn(
    motions: Motions, tau: FloatArray, scenarios: Scenarios, n: int, rng: np.random.Generator
) -> FloatArray:
    """Return realisations: event terms shared, one normal number for all measures of an event."""
    _, event = np.unique(scenarios.event, return_inverse=True)
    shared = rng.standard_normal((int(event.max()) + 1, n, 1))[event]
    within = np.sqrt(np.maximum(motions.sd**2 - tau**2, 0.0))
    own = rng.standard_normal((len(motions), n, len(motions.measures)))
    return np.asarray(motions.mean[:, None] + tau[:, None] * shared + within[:, None] * own)
