"""Opens exported networks for inference: one thread each, on the processor, without torch."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mainshock.core.errors import ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["open_session"]


def open_session(path: Path) -> "InferenceSession":
    """Return a session of ONNX Runtime that keeps to one thread.

    The runtime would tell its maker what is run, and keep an identity of the machine on disk. It
    must not, unless the environment variable ``ORT_DISABLE_TELEMETRY`` already says otherwise.

    Raises
    ------
    ModelError
        If the file is missing or is no network.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read once, when the runtime is imported
    from onnxruntime import InferenceSession, SessionOptions  # noqa: PLC0415 - slow to import

    if not path.is_file():
        raise ModelError(
            f"{path} is missing; run `mainshock models verify`, then add or train the model again"
        )
    options = SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        return InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's own errors share no other base
        raise ModelError(f"{path} is no usable network: {error}") from error
