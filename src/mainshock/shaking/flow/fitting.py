"""Everything of the model that is fitted without the network: median, arrivals, code, spectra."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mainshock.shaking.base import MotionModel
from mainshock.shaking.flow.arrivals import fit_arrivals
from mainshock.shaking.flow.components import fit_components
from mainshock.shaking.flow.conditions import condition_columns, fit_scale
from mainshock.shaking.flow.latent import fit_latent
from mainshock.shaking.flow.spectra import bands_of
from mainshock.shaking.flow.spectrograms import ln_shapes
from mainshock.shaking.flow.stored import FlowParts, band_measures
from mainshock.shaking.flow.uniform import UniformRecords
from mainshock.shaking.measures import MEASURES
from mainshock.shaking.median import fit_median
from mainshock.shaking.motion import NonErgodicMotion
from mainshock.shaking.record_measures import measure_records
from mainshock.shaking.records import GroundMotionRecords

__all__ = ["fit_motions", "fit_parts"]

FloatArray = NDArray[np.float64]

_LEAST_KNOWN = 0.2  # share of the records that must have a measure for it to be learned
_BLOCK = 256  # records whose spectrograms are held at once


def fit_motions(
    records: GroundMotionRecords, uniform: UniformRecords, say: Callable[[str], None]
) -> NonErgodicMotion:
    """Return the median model of all measures, and of the amplitudes that the flow needs.

    Raises
    ------
    DataError
        If there are too few records.
    """
    layout = uniform.layout
    bands = bands_of(layout.sampling_rate_hz, layout.n_samples)
    names = band_measures(bands)
    in_bands = np.full((len(records), len(names)), np.nan)
    in_bands[uniform.rows] = bands.ln_fas(uniform.acceleration[:, 0])
    say("measuring records")
    measured = measure_records(records)
    kept = [
        column
        for column, name in enumerate(MEASURES)
        if name not in names and np.isfinite(measured[:, column]).mean() >= _LEAST_KNOWN
    ]
    values = np.concatenate([in_bands, measured[:, kept]], axis=1)
    say("fitting the median model")
    return fit_median(
        records.scenarios, values, (*names, *(MEASURES[one] for one in kept)), say=say
    )


def fit_parts(
    records: GroundMotionRecords,
    uniform: UniformRecords,
    motions: MotionModel,
    n_latent: int,
    seed: int,
) -> tuple[FlowParts, NDArray[np.float32], NDArray[np.float32]]:
    """Return the parts of a flow beside its network, and codes and conditions to train it on.

    Raises
    ------
    DataError
        If there are fewer records than components of the code.
    """
    layout = uniform.layout
    bands = bands_of(layout.sampling_rate_hz, layout.n_samples)
    scenarios = records.scenarios.take(uniform.rows)
    arrivals = fit_arrivals(scenarios, records.table.iloc[uniform.rows])
    p_s, s_s = arrivals.p_s(scenarios), arrivals.s_s(scenarios)
    starts = range(0, len(uniform.rows), _BLOCK)
    blocks = [slice(one, one + _BLOCK) for one in starts]
    shapes = np.concatenate(
        [ln_shapes(uniform.acceleration[one], p_s[one], s_s[one], layout) for one in blocks]
    )
    code = fit_latent(shapes, n_latent, seed)
    ln_fas = bands.ln_fas(uniform.acceleration)
    median = motions.predict(scenarios, band_measures(bands)).mean
    columns = condition_columns(scenarios, p_s, s_s, ln_fas[:, (0, 2)])
    scale = fit_scale(columns)
    components = fit_components(scenarios, ln_fas, median)
    parts = FlowParts(layout, code, scale, arrivals, components)
    return parts, code.encode(shapes), scale(columns)
