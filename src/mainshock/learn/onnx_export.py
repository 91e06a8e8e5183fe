"""Exports a torch network to ONNX and proves that both give the same numbers."""

import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mainshock.core.errors import ModelError
from mainshock.learn.onnx_session import open_session

__all__ = ["export_onnx"]

PARITY = 1e-5


def export_onnx(
    network: torch.nn.Module,
    path: Path,
    example: NDArray[np.float32],
    *,
    input_name: str,
    output_name: str,
) -> float:
    """Write a network as ONNX with a free batch dimension and return the largest difference.

    Parameters
    ----------
    example
        Input of shape ``(batch, ...)`` on which ONNX Runtime must agree with torch.

    Raises
    ------
    ModelError
        If the outputs differ by more than 1e-5.
    """
    network = network.eval()
    tensor = torch.from_numpy(example)
    with warnings.catch_warnings(), torch.no_grad():
        # the tracing exporter is deprecated; the new one writes a fixed batch for this network
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (tensor,),
            str(path),
            input_names=[input_name],
            output_names=[output_name],
            dynamic_axes={input_name: {0: "batch"}, output_name: {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
        expected = network.eval()(tensor).numpy()
    session = open_session(path)
    difference = float(np.abs(session.run(None, {input_name: example})[0] - expected).max())
    if not difference <= PARITY:
        raise ModelError(
            f"ONNX and torch differ by {difference:.2e}, the limit is {PARITY:.0e}; "
            "do not use these weights"
        )
    return difference
