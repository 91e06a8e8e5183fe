"""A small flow, trained for a moment on made-up records, with a regression in place of medians."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mainshock.learn.onnx_export import export_onnx
from mainshock.learn.onnx_session import open_session
from mainshock.shaking.base import Motions
from mainshock.shaking.flow.fitting import fit_parts
from mainshock.shaking.flow.spectra import bands_of
from mainshock.shaking.flow.stored import INPUT, NETWORK, OUTPUT, FlowWaveforms, band_measures
from mainshock.shaking.flow.training import FlowProfile, train_flow
from mainshock.shaking.flow.uniform import read_uniform


@dataclass
class Regression:
    """Linear in 1, M, ln R; one standard deviation, half of its variance between events."""

    measures: tuple
    found: np.ndarray
    sd: np.ndarray

    def predict(self, scenarios, measures=None):
        mean = _columns(scenarios) @ self.found
        sd = np.broadcast_to(self.sd, mean.shape)
        return Motions(self.measures, mean, sd, 0.1 * sd, np.zeros(len(mean), dtype=bool))

    def sample(self, scenarios, n, rng, measures=None):
        names, event = np.unique(scenarios.event, return_inverse=True)
        between = rng.standard_normal((len(names), n, 1))[event]
        within = rng.standard_normal((len(scenarios), n, 1))
        mean = self.predict(scenarios).mean[:, None]
        return mean + self.sd * np.sqrt(0.5) * (between + within)


def _columns(scenarios):
    distance = scenarios.hypocentral_km()
    return np.column_stack([np.ones(len(distance)), scenarios.magnitude, np.log(distance)])


def small_flow(records, folder: Path, *, epochs: int = 3):
    """Return a flow trained on records; its network lies in the folder."""
    uniform = read_uniform(records)
    layout = uniform.layout
    bands = bands_of(layout.sampling_rate_hz, layout.n_samples)
    ln_fas = bands.ln_fas(uniform.acceleration[:, 0])
    columns = _columns(records.scenarios)
    found = np.linalg.lstsq(columns, ln_fas, rcond=None)[0]
    sd = (ln_fas - columns @ found).std(axis=0)
    motions = Regression(band_measures(bands), found, sd)
    parts, codes, conditions = fit_parts(records, uniform, motions, 24, 0)
    profile = FlowProfile(n_latent=24, width=32, hidden=32, n_blocks=1, batch_size=64)
    network = train_flow(codes, conditions, profile, epochs, 0, folder / "logs")
    moment = np.zeros((len(codes), 1), dtype=np.float32)
    example = np.concatenate([codes, moment, conditions], axis=1)[:4]
    export_onnx(network, folder / NETWORK, example, input_name=INPUT, output_name=OUTPUT)
    return FlowWaveforms(open_session(folder / NETWORK), parts, motions)
