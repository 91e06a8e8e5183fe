"""Scores of a model of efficiency, never without those of the baselines beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.offfault.base import Efficiency, EfficiencyModel
from mainshock.offfault.registry import EFFICIENCY_BASELINES, EFFICIENCY_MODELS
from mainshock.offfault.scores import Scores, score
from mainshock.offfault.windows import LabelledWindows

__all__ = ["Comparison", "compare", "open_model"]

_FOLDS = 5
_KERAS = (".hdf5", ".h5", ".keras")


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What a model and the baselines make of the same windows.

    Parameters
    ----------
    efficiency
        Of the model.
    scores
        Of the model.
    baselines
        Of all baselines, by name: ``descriptors``, ``mean``, ``ridge`` and registered ones.
    """

    efficiency: Efficiency
    scores: Scores
    baselines: Mapping[str, Scores]


def compare(
    windows: LabelledWindows,
    model: EfficiencyModel,
    fit_on: LabelledWindows | None = None,
    progress: Callable[[str], None] | None = None,
) -> Comparison:
    """Return the scores of a model and of the baselines.

    Parameters
    ----------
    windows
        Labelled windows that the model was not trained on.
    fit_on
        Windows that the baselines are fitted to, best those of the model's training; None fits
        them to the other runs of ``windows``, fold by fold.
    progress
        Called with a text before each baseline.

    Raises
    ------
    DataError
        If there are too few runs to fit the baselines.
    """
    efficiency = model.predict(windows.maps)
    asked = _Described.of(windows)
    known = None if fit_on is None else _Described.of(fit_on)
    baselines = {}
    for name in EFFICIENCY_BASELINES.names():
        if progress is not None:
            progress(name)
        baselines[name] = score(windows, _of_baseline(name, asked, known))
    return Comparison(efficiency, score(windows, efficiency), baselines)


@dataclass(frozen=True, slots=True, eq=False)
class _Described:
    """Windows with what baselines see of them: computed once, since it takes the longest."""

    windows: LabelledWindows
    inputs: NDArray[np.float64]

    @classmethod
    def of(cls, windows: LabelledWindows) -> "_Described":
        from mainshock.offfault.baselines import baseline_inputs  # noqa: PLC0415 - loads skimage

        return cls(windows, baseline_inputs(windows.maps))

    def take(self, rows: NDArray[np.bool_]) -> "_Described":
        return _Described(self.windows.take(rows), self.inputs[rows])


def _of_baseline(name: str, asked: _Described, known: _Described | None) -> Efficiency:
    """Return what a baseline says, fitted to other windows or to the other runs of these."""
    from mainshock.offfault.baselines import fit_baseline  # noqa: PLC0415 - loads scikit-learn

    if known is not None:
        return fit_baseline(name, known.windows, inputs=known.inputs).estimate(asked.inputs)
    names, run = np.unique(asked.windows.run, return_inverse=True)
    if names.size < 3:
        raise DataError(
            f"windows of {names.size} runs leave too few to fit baselines to; give the windows of "
            "the training by --fit-on"
        )
    parts = np.zeros((len(asked.inputs), len(fields(Efficiency))))
    for fold in range(min(_FOLDS, names.size)):
        is_out = run % _FOLDS == fold
        others = asked.take(~is_out)
        fitted = fit_baseline(name, others.windows, inputs=others.inputs)
        found = fitted.estimate(asked.inputs[is_out])
        parts[is_out] = np.column_stack([getattr(found, one.name) for one in fields(found)])
    return Efficiency(*parts.T)


def open_model(named: str, calibrate_on: LabelledWindows | None = None) -> EfficiencyModel:
    """Return a model: a name, a run folder, an ``.onnx`` file, or weights of Keras (``.hdf5``).

    Parameters
    ----------
    calibrate_on
        Labelled windows that the intervals of Keras weights rest on, which bring none of their own;
        without, their SD and interval are NaN.

    Raises
    ------
    RegistryError
        If there is no model of that name.
    ModelError, SourceError, DataError
        If a folder or file is none.
    """
    path = Path(named)
    if path.suffix.lower() in _KERAS:
        return _reference(path, calibrate_on)
    if path.suffix.lower() == ".onnx":
        from mainshock.offfault.exported_network import open_exported  # noqa: PLC0415 - on use

        return open_exported(path)
    if path.is_dir():
        from mainshock.offfault.estimate_curve import has_curve, open_curved  # noqa: PLC0415

        if has_curve(path):
            return open_curved(path)
        from mainshock.offfault.run_folder import open_network  # noqa: PLC0415 - loads torch

        return open_network(path)
    return EFFICIENCY_MODELS.load(named)()


def _reference(path: Path, calibrate_on: LabelledWindows | None) -> EfficiencyModel:
    from mainshock.offfault.epochs import run_network  # noqa: PLC0415 - loads torch
    from mainshock.offfault.network_efficiency import (  # noqa: PLC0415 - the same
        Calibration,
        NetworkEfficiency,
    )
    from mainshock.offfault.reference_weights import read_reference_network  # noqa: PLC0415

    model = NetworkEfficiency(run_network(read_reference_network(path)), Calibration.unknown())
    if calibrate_on is None:
        return model
    return model.calibrated(calibrate_on.maps, calibrate_on.ke)
