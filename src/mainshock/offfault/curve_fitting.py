"""Fine-tunes the packaged model on real windows by a curve, and tells honestly what that gains."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.core.files import make_folder
from mainshock.offfault.base import EfficiencyModel
from mainshock.offfault.estimate_curve import fit_curve, left_out, write_curved
from mainshock.offfault.fine_tuning import (
    RECALIBRATIONS,
    FineTuned,
    frame_groups,
    left_out_estimates,
    recalibrate,
)
from mainshock.offfault.network_efficiency import Calibration
from mainshock.offfault.scores import score
from mainshock.offfault.training import described
from mainshock.offfault.windows import LabelledWindows

__all__ = ["fine_tune_by_curve"]

FloatArray = NDArray[np.float64]


def fine_tune_by_curve(model: EfficiencyModel, windows: LabelledWindows, folder: Path) -> FineTuned:
    """Fit a curve to all windows, and score each frame by a curve that never saw it.

    Parameters
    ----------
    model
        The packaged one.
    windows
        Labelled windows of two or more frames.
    folder
        Written: the curve, and intervals that rest on the frames left out.

    Raises
    ------
    DataError
        If all windows are of one frame.
    """
    groups = frame_groups(windows)
    if np.unique(groups).size < 2:
        raise DataError(
            f"{len(windows)} windows are of 1 frame; give two frames or more, since one is left "
            "out to score the others"
        )
    plain = model.predict(windows.maps)
    curved = np.empty(len(windows))
    for is_out in left_out(groups):
        curve = fit_curve(plain.ke[~is_out], windows.ke[~is_out], groups[~is_out])
        curved[is_out] = curve(plain.ke[is_out])
    output = np.stack([curved, np.log(plain.sd)], axis=1)
    efficiency = left_out_estimates(output, windows.ke, groups)
    result = FineTuned(
        folder=make_folder(folder),
        efficiency=efficiency,
        scores=score(windows, efficiency),
        before=score(windows, plain),
        recalibrated={
            kind: score(windows, recalibrate(kind, plain.ke, windows.ke, groups))
            for kind in RECALIBRATIONS
        },
    )
    write_curved(
        result.folder,
        fit_curve(plain.ke, windows.ke, groups),
        Calibration.of(output, windows.ke),
        {
            "data": described(windows),
            "before": asdict(result.before),
            "left_out": asdict(result.scores),
            "recalibrated": {kind: asdict(one) for kind, one in result.recalibrated.items()},
        },
    )
    return result
