"""The trained flow as stored: samples codes by ONNX Runtime and makes accelerograms, no torch."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import ModelError, SettingsError
from mainshock.learn.models import load_manifest
from mainshock.learn.onnx_session import open_session
from mainshock.shaking.base import MotionModel, Waveforms
from mainshock.shaking.flow.arrivals import Arrivals
from mainshock.shaking.flow.components import OtherComponents
from mainshock.shaking.flow.conditions import ConditionScale, condition_columns
from mainshock.shaking.flow.latent import LatentCode
from mainshock.shaking.flow.spectra import SpectralBands, bands_of
from mainshock.shaking.flow.spectrograms import FrameLayout
from mainshock.shaking.flow.synthesis import accelerograms
from mainshock.shaking.measures import fas_name
from mainshock.shaking.scenarios import Scenarios

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["INPUT", "OUTPUT", "FlowParts", "FlowWaveforms", "band_measures", "open_flow"]

FloatArray = NDArray[np.float64]

INPUT, OUTPUT = "state", "velocity"
NETWORK, PARTS = "flow.onnx", "flow.npz"
_STEPS = 12  # Heun steps from noise to code
_BATCH = 128  # records made at once: 30 MB


def band_measures(bands: SpectralBands) -> tuple[str, ...]:
    """Return the measures that a median model must give: Fourier amplitudes of E in bands."""
    return tuple(fas_name(one) for one in bands.centres_hz)


@dataclass(frozen=True, slots=True, eq=False)
class FlowParts:
    """What is known of records beside the network.

    Parameters
    ----------
    layout
        How records are cut into frames.
    code
        Code of shapes.
    scale
        Of the conditions.
    arrivals
        When P and S come.
    components
        Spectra of N and Z given that of E.
    """

    layout: FrameLayout
    code: LatentCode
    scale: ConditionScale
    arrivals: Arrivals
    components: OtherComponents

    @property
    def bands(self) -> SpectralBands:
        """Bands in which spectra are matched."""
        return bands_of(self.layout.sampling_rate_hz, self.layout.n_samples)

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the arrays into a folder, and return what its manifest's settings must hold."""
        arrays = {
            f"{name}_{key}": value
            for name in ("code", "scale", "components")
            for key, value in asdict(getattr(self, name)).items()
        }
        np.savez_compressed(folder / PARTS, **arrays)
        return {**asdict(self.layout), "arrivals": asdict(self.arrivals)}


@dataclass(frozen=True, slots=True, eq=False)
class FlowWaveforms:
    """Makes accelerograms by flow matching; a :class:`~mainshock.shaking.base.WaveformModel`.

    Parameters
    ----------
    session
        Velocity of a code at a moment under conditions.
    parts
        What is known of records beside it.
    motions
        Median model that gives :func:`band_measures`.
    """

    session: "InferenceSession"
    parts: FlowParts
    motions: MotionModel

    def simulate(self, scenarios: Scenarios, n: int, rng: np.random.Generator) -> Waveforms:
        """Return ``n`` realisations a row.

        In one realisation spectra of all rows come from one draw of the median model, so rows of
        one event share its term. Shapes and phases are each record's own.

        Raises
        ------
        SettingsError
            If ``n`` is below 1.
        """
        if n < 1:
            raise SettingsError(f"{n} realisations asked for; the least is 1")
        layout = self.parts.layout
        ln_fas = self._spectra(scenarios, n, rng)
        rows = np.repeat(np.arange(len(scenarios)), n)
        made = np.empty((rows.size, 3, layout.n_samples), dtype=np.float32)
        for start in range(0, rows.size, _BATCH):
            some = slice(start, start + _BATCH)
            made[some] = self._records(scenarios.take(rows[some]), ln_fas[some], rng)
        arrivals = self.parts.arrivals
        return Waveforms(
            made.reshape(len(scenarios), n, 3, layout.n_samples),
            layout.sampling_rate_hz,
            layout.start_rel_origin_s,
            np.column_stack([arrivals.p_s(scenarios), arrivals.s_s(scenarios)]),
        )

    def _spectra(self, scenarios: Scenarios, n: int, rng: np.random.Generator) -> FloatArray:
        """Return sampled ln amplitudes in bands, ``(n_rows * n, 3, n_bands)``."""
        names = band_measures(self.parts.bands)
        east = self.motions.sample(scenarios, n, rng, names)
        median = self.motions.predict(scenarios, names).mean
        drawn = self.parts.components.sample(scenarios, east, median, rng)
        return drawn.reshape(-1, 3, len(names))

    def _records(
        self, scenarios: Scenarios, ln_fas: FloatArray, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        p_s = self.parts.arrivals.p_s(scenarios)
        s_s = self.parts.arrivals.s_s(scenarios)
        columns = condition_columns(scenarios, p_s, s_s, ln_fas[:, (0, 2)])
        ln_shape = self.parts.code.decode(self._codes(self.parts.scale(columns), rng))
        return accelerograms(ln_shape, p_s, s_s, ln_fas, self.parts.layout, self.parts.bands, rng)

    def _codes(
        self, conditions: NDArray[np.float32], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Return codes: noise carried along by the flow, by Heun's method."""
        size = (len(conditions), self.parts.code.sd.size)
        code = rng.standard_normal(size, dtype=np.float32)
        step = 1.0 / _STEPS
        for number in range(_STEPS):
            first = self._velocity(code, number * step, conditions)
            second = self._velocity(code + step * first, (number + 1) * step, conditions)
            code += 0.5 * step * (first + second)
        return code

    def _velocity(
        self, code: NDArray[np.float32], moment: float, conditions: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        moments = np.full((len(code), 1), moment, dtype=np.float32)
        state = np.concatenate([code, moments, conditions], axis=1)
        velocity: NDArray[np.float32] = self.session.run([OUTPUT], {INPUT: state})[0]
        return velocity


def open_flow(folder: Path, motions: MotionModel) -> FlowWaveforms:
    """Return the flow in a model folder.

    Raises
    ------
    ModelError
        If the folder holds none.
    """
    settings = load_manifest(folder).settings
    try:
        layout = FrameLayout(
            float(settings["sampling_rate_hz"]),
            int(settings["n_samples"]),
            float(settings["start_rel_origin_s"]),
        )
        lines = settings["arrivals"]
        arrivals = Arrivals(tuple(lines["p"]), tuple(lines["s"]), is_fitted=lines["is_fitted"])
        with np.load(folder / PARTS, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        parts = FlowParts(
            layout=layout,
            code=LatentCode(**_of("code_", arrays)),
            scale=ConditionScale(**_of("scale_", arrays)),
            arrivals=arrivals,
            components=OtherComponents(**_of("components_", arrays)),
        )
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise ModelError(f"{folder} holds no usable flow: {error!r}; train it again") from error
    return FlowWaveforms(open_session(folder / NETWORK), parts, motions)


def _of(start: str, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(start): one for name, one in arrays.items() if name.startswith(start)}
