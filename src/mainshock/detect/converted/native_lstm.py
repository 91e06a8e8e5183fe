"""Exports networks with SeisBench's hand-written LSTM through the LSTM of ONNX.

Traced as it is, each step of that LSTM becomes a dozen nodes: the graph of EQTransformer then
has several thousand, which ONNX Runtime takes half a minute to open. Here one node does the
same: torch's own LSTM is exported with the weights, and its gates get the hard sigmoid of Keras
in the ONNX file. The result is compared with the network as it was.
"""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mainshock.core.errors import ModelError
from mainshock.learn.onnx_export import PARITY, export_onnx
from mainshock.learn.onnx_session import open_session

__all__ = ["export_picker"]

_HARD_SIGMOID = (0.2, 0.5)  # clip(0.2 x + 0.5, 0, 1)


def export_picker(network: torch.nn.Module, path: Path, example: NDArray[np.float32]) -> float:
    """Write a picker as ONNX and return its largest difference from the torch network.

    Parameters
    ----------
    network
        In the interface of ``PickerNetwork``.
    example
        Windows of shape ``(batch, 3, n)`` on which both must agree.

    Raises
    ------
    ModelError
        If the outputs differ by more than 1e-5, or an activation cannot be exported.
    """
    exported, has_hard_gates = _with_torch_lstm(network)
    names = {"input_name": "waveform", "output_name": "probability"}
    difference = export_onnx(exported, path, example, **names)
    if exported is network:
        return difference
    if has_hard_gates:
        _harden_gates(path)
    return _checked_difference(network, path, example)


def _with_torch_lstm(network: torch.nn.Module) -> tuple[torch.nn.Module, bool]:
    """Return a copy with torch's LSTM, and whether its gates ought to have the hard sigmoid."""
    from seisbench.models.base import CustomLSTM  # noqa: PLC0415 - slow to import

    replaced = copy.deepcopy(network)
    have_torch_lstm = any(isinstance(module, torch.nn.LSTM) for module in network.modules())
    are_hard = set()
    for parent in list(replaced.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, CustomLSTM):
                are_hard.add(_is_hard(child.cell_f))
                setattr(parent, name, _torch_lstm(child))
    if not are_hard:
        return network, False
    if len(are_hard) > 1 or (True in are_hard and have_torch_lstm):
        raise ModelError("the LSTMs of this network have different gates; it cannot be exported")
    return replaced.eval(), are_hard.pop()


def _is_hard(cell: Any) -> bool:  # SeisBench has no types
    values = torch.linspace(-4.0, 4.0, 17)
    alpha, beta = _HARD_SIGMOID
    if torch.allclose(cell.gate_activation(values), torch.sigmoid(values), atol=1e-6):
        return False
    if torch.allclose(cell.gate_activation(values), (alpha * values + beta).clip(0.0, 1.0)):
        return True
    raise ModelError("the gates of an LSTM have an activation that cannot be exported")


def _torch_lstm(lstm: Any) -> torch.nn.LSTM:
    """Return torch's LSTM with the weights of a hand-written one; the gates have one order."""
    cells = {"": lstm.cell_f, "_reverse": lstm.cell_b} if lstm.bidirectional else {"": lstm.cell_f}
    native = torch.nn.LSTM(
        lstm.cell_f.input_size, lstm.cell_f.hidden_size, bidirectional=lstm.bidirectional
    )
    native.load_state_dict(
        {
            f"{name}_l0{ending}": tensor
            for ending, cell in cells.items()
            for name, tensor in cell.state_dict().items()
        }
    )
    return native


def _harden_gates(path: Path) -> None:
    """Give the gates of all LSTMs in an ONNX file the hard sigmoid."""
    import onnx  # noqa: PLC0415 - only in the extra `train`

    model = onnx.load(path)
    alpha, beta = _HARD_SIGMOID
    for node in model.graph.node:
        if node.op_type == "LSTM":
            n_directions = 1
            for attribute in node.attribute:
                if attribute.name == "direction" and attribute.s == b"bidirectional":
                    n_directions = 2
            activations = {
                "activations": ["HardSigmoid", "Tanh", "Tanh"] * n_directions,
                "activation_alpha": [alpha] * n_directions,
                "activation_beta": [beta] * n_directions,
            }
            node.attribute.extend(
                onnx.helper.make_attribute(name, value) for name, value in activations.items()
            )
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _checked_difference(
    network: torch.nn.Module, path: Path, example: NDArray[np.float32]
) -> float:
    with torch.no_grad():
        expected = network(torch.from_numpy(example)).numpy()
    session = open_session(path)
    found = session.run(["probability"], {"waveform": example})[0]
    difference = float(np.abs(found - expected).max())
    if not difference <= PARITY:
        raise ModelError(
            f"ONNX and torch differ by {difference:.2e}, the limit is {PARITY:.0e}; "
            "do not use these weights"
        )
    return difference
