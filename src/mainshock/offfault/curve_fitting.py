"""Fine-tunes the packaged model on real windows by a curve, and tells honestly what that gains."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mainshock.offfault.base import EfficiencyModel
from mainshock.offfault.estimate_curve import fit_curve, left_out, write_curved
from mainshock.offfault.fine_tuning import FineTuned, groups_to_leave_out
from mainshock.offfault.network_efficiency import Calibration
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
    groups = groups_to_leave_out(windows)
    plain = model.predict(windows.maps)
    curved = np.empty(len(windows))
    for is_out in left_out(groups):
        curve = fit_curve(plain.ke[~is_out], windows.ke[~is_out], groups[~is_out])
        curved[is_out] = curve(plain.ke[is_out])
    output = np.stack([curved, np.log(plain.sd)], axis=1)
    result = FineTuned.of(folder, windows, output, plain)
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
