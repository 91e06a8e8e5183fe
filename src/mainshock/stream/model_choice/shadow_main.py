"""What runs in the process of a shadow: ``python -m mainshock.stream.model_choice.shadow_main``."""

import contextlib
import os
import sys

from mainshock.stream.model_choice.opened import open_spec
from mainshock.stream.model_choice.shadow_process import Answer, receive, send
from mainshock.stream.picking.stage import PickingStage

__all__: list[str] = []

_NICENESS = 10  # it waits for those whose picks count


def _main() -> None:
    """Open the picker that standard input names, then pick batch after batch."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)
    spec, is_synthetic = receive(sys.stdin.buffer)
    try:
        picker = open_spec(spec).picker
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        send(answers, Answer(problem=str(error) or type(error).__name__))
        return
    send(answers, Answer(name=picker.name))
    stage = PickingStage(picker, is_synthetic=is_synthetic)
    state = stage.start()
    while True:
        try:
            messages = receive(sys.stdin.buffer)
        except EOFError:
            return
        try:
            state, told = stage.step(state, messages)
        except Exception as error:  # noqa: BLE001 - the same; a state that failed is of no use
            state = stage.start()
            send(answers, Answer(problem=f"{type(error).__name__}: {error}"))
        else:
            send(answers, Answer(tuple(told)))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):  # told to the parent too
        _main()
