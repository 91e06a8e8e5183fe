"""A trained CGM-GM: waveforms drawn from it, and measures counted on such draws."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.shaking.base import Motions, Waveforms
from mainshock.shaking.cgm_gm.preparation import Scaling
from mainshock.shaking.cgm_gm.sampler import Sampler
from mainshock.shaking.cgm_gm.spectrogram import Transform
from mainshock.shaking.measures import FAS_FREQUENCIES_HZ, MEASURES, fas_name
from mainshock.shaking.record_measures import measure_waveforms
from mainshock.shaking.scenarios import Scenarios
from mainshock.signal.fourier_amplitude import band_amplitude

__all__ = ["CgmModel"]

Array = NDArray[np.float32]
FloatArray = NDArray[np.float64]

_AT_ONCE = 128  # waveforms: more leave the processor's cache and take longer
_COUNTED = 50_000  # waveforms that are measured for one prediction, if rows are not too many
_FAS = {fas_name(one): one for one in FAS_FREQUENCIES_HZ}


@dataclass(frozen=True, slots=True, eq=False)
class CgmModel:
    """Ground motions of component E by CGM-GM.

    Parameters
    ----------
    sampler
        Draws scaled spectrograms.
    transform
        Between spectrograms and waveforms.
    scaling
        Of conditions and spectrograms.
    sampling_rate_hz, start_rel_origin_s
        Of waveforms.
    n_iterations
        Griffin and Lim's rounds of a waveform.
    n_counted, n_counted_iterations
        Realisations of which :meth:`predict` takes mean and standard deviation, down to a third
        where there are thousands of rows, and the rounds that are enough for measures.

    Notes
    -----
    The network knows component E alone. N is a second realisation of it, since horizontals have
    like statistics; Z is zero. Realisations of neighbouring rows, and of one event, are
    independent: a map of one is speckled. The model knows no epistemic part of its spread, and
    beyond the range of training it flags a row but does not widen it.
    """

    sampler: Sampler
    transform: Transform
    scaling: Scaling
    sampling_rate_hz: float
    start_rel_origin_s: float
    n_iterations: int = 100
    n_counted: int = 24
    n_counted_iterations: int = 16

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures it gives."""
        return MEASURES

    def spectrograms(self, scenarios: Scenarios, rng: np.random.Generator) -> Array:
        """Return logarithms (base 10) of amplitude, one draw a row, ``(n, n_frames, n_bins)``."""
        scaled = self.sampler.draw(self.scaling.scaled_conditions(scenarios), rng)
        if not self.transform.is_legacy:
            scaled = np.clip(scaled, 0.0, 1.0)  # no amplitude beyond those of training
        return self.scaling.logarithms(scaled)

    def component(
        self, scenarios: Scenarios, rng: np.random.Generator, n_iterations: int | None = None
    ) -> Array:
        """Return one realisation of component E a row, m/s^2, shape ``(n_rows, n_samples)``."""
        rounds = self.n_iterations if n_iterations is None else n_iterations
        return self.transform.without_phase(self.spectrograms(scenarios, rng), rng, rounds)

    def component_with_phase(
        self, scenarios: Scenarios, recorded: Array, rng: np.random.Generator
    ) -> Array:
        """Return realisations with the phase of records, as CGM-GM's own score took them.

        A score of these does not see what is wrong with made-up phase.

        Parameters
        ----------
        recorded
            Component E, one record a row, shape ``(n_rows, n_samples)``.
        """
        phase = self.transform.analyse(recorded)[1]
        return self.transform.with_phase(self.spectrograms(scenarios, rng), phase)

    def simulate(self, scenarios: Scenarios, n: int, rng: np.random.Generator) -> Waveforms:
        """Return ``n`` independent realisations a row; Z is zero, N a second draw of E."""
        shape = (len(scenarios), n, 3, self.transform.n_samples)
        acceleration = np.zeros(shape, dtype=np.float32)
        for rows, part in self._parts(scenarios, n):
            acceleration[rows] = self._horizontals(part, n, rng, self.n_iterations)
        return Waveforms(acceleration, self.sampling_rate_hz, self.start_rel_origin_s)

    def sample(
        self,
        scenarios: Scenarios,
        n: int,
        rng: np.random.Generator,
        measures: Sequence[str] | None = None,
    ) -> FloatArray:
        """Return realisations, ``(n_rows, n, n_measures)``, natural logarithms.

        They are measured on waveforms. NaN where a record of this rate and length cannot carry
        a measure.

        Raises
        ------
        DataError
            If a measure is not known.
        """
        wanted = tuple(MEASURES if measures is None else measures)
        unknown = [one for one in wanted if one not in MEASURES]
        if unknown:
            raise DataError(f"no measure {unknown[0]!r}; this model gives {', '.join(MEASURES)}")
        drawn = np.empty((len(scenarios), n, len(wanted)))
        for rows, part in self._parts(scenarios, n):
            drawn[rows] = self._measured(part, n, rng, wanted)
        return drawn

    def predict(self, scenarios: Scenarios, measures: Sequence[str] | None = None) -> Motions:
        """Return mean and standard deviation of realisations; the same draws at each call."""
        wanted = tuple(MEASURES if measures is None else measures)
        fewest = max(2, self.n_counted // 3)
        n = int(np.clip(_COUNTED // max(1, len(scenarios)), fewest, self.n_counted))
        drawn = self.sample(scenarios, n, np.random.default_rng(0), wanted)
        mean, sd = drawn.mean(axis=1), drawn.std(axis=1, ddof=1)
        is_outside = self.scaling.is_outside(scenarios)
        return Motions(wanted, mean, sd, np.zeros_like(sd), is_outside)

    def _parts(self, scenarios: Scenarios, n: int) -> Iterator[tuple[slice, Scenarios]]:
        """Yield rows that fit into memory, each ``n`` times."""
        n_rows = max(1, _AT_ONCE // n)
        for first in range(0, len(scenarios), n_rows):
            rows = np.arange(first, min(first + n_rows, len(scenarios)))
            yield slice(first, first + n_rows), scenarios.take(np.repeat(rows, n))

    def _horizontals(
        self, repeated: Scenarios, n: int, rng: np.random.Generator, n_iterations: int
    ) -> Array:
        """Return three components of rows that stand ``n`` times, ``(n_rows, n, 3, n_samples)``."""
        found = np.zeros((len(repeated), 3, self.transform.n_samples), dtype=np.float32)
        for horizontal in (0, 1):
            found[:, horizontal] = self.component(repeated, rng, n_iterations)
        return found.reshape(-1, n, 3, self.transform.n_samples)

    def _measured(
        self, repeated: Scenarios, n: int, rng: np.random.Generator, wanted: tuple[str, ...]
    ) -> FloatArray:
        if set(wanted) <= set(_FAS):  # of one component: no need for another
            made = self.component(repeated, rng, self.n_counted_iterations)
            frequencies = [_FAS[one] for one in wanted]
            amplitudes = band_amplitude(made, self.sampling_rate_hz, frequencies)
            return np.log(amplitudes).reshape(-1, n, len(wanted))
        both = self._horizontals(repeated, n, rng, self.n_counted_iterations)
        flat = both.reshape(-1, 3, self.transform.n_samples)
        found = measure_waveforms(flat, self.sampling_rate_hz)
        columns = [MEASURES.index(one) for one in wanted]
        return found[:, columns].reshape(-1, n, len(wanted))
