"""Opens networks of efficiency exported to ONNX; needs no torch."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import ModelError
from mainshock.learn.onnx_session import open_session
from mainshock.offfault.network_efficiency import Calibration, NetworkEfficiency

__all__ = ["INPUT", "OUTPUT", "open_exported"]

INPUT, OUTPUT = "fault_map", "efficiency"


def open_exported(path: Path) -> NetworkEfficiency:
    """Return an exported network as a model of efficiency.

    Parameters
    ----------
    path
        ``.onnx``; beside it lies the ``.json`` that was written with it.

    Raises
    ------
    ModelError
        If either file is missing or damaged.
    """
    session = open_session(path)

    def run(maps: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(session.run([OUTPUT], {INPUT: maps})[0])

    beside = path.with_suffix(".json")
    try:
        stored = json.loads(beside.read_text(encoding="utf-8"))
        calibration = Calibration(float(stored["sd_scale"]), float(stored["quantile90"]))
        return NetworkEfficiency(run, calibration, stored["line_px"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{beside} does not say what the network's intervals rest on ({error!r}); "
            "export the network again"
        ) from error
