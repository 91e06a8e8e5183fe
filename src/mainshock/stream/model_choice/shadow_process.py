"""The process in which a shadow picks: batches of records in, what its stage tells out.

It runs apart so that nothing it does, be it slow, large or deadly, touches the picks that count.
"""

import pickle
import select
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from mainshock.core.errors import ModelError
from mainshock.stream.bus import Message
from mainshock.stream.model_choice.settings import PickerSpec

__all__ = ["Answer", "ShadowProcess", "receive", "send"]

_MODULE = "mainshock.stream.model_choice.shadow_main"
_LENGTH_BYTES = 4
_LOOK_S = 0.2
_OPENS_S = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a batch led to: messages of ``pick.v1``, or why it failed; at first the name."""

    told: tuple[Message, ...] = ()
    problem: str = ""
    name: str = ""


def send(stream: IO[bytes], what: object) -> None:
    """Write an object with its length before it."""
    content = pickle.dumps(what)
    stream.write(len(content).to_bytes(_LENGTH_BYTES, "big") + content)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:  # whatever was sent
    """Return an object that ``send`` wrote.

    Raises
    ------
    EOFError
        If the other side has ended.
    """
    head = stream.read(_LENGTH_BYTES)
    if len(head) < _LENGTH_BYTES:
        raise EOFError("the other side has ended")
    return pickle.loads(stream.read(int.from_bytes(head, "big")))  # noqa: S301 - our own process


class ShadowProcess:
    """A running process with a picker.

    Parameters
    ----------
    spec
        The picker.
    is_synthetic
        Whether the records are made up.
    longest_s
        How long a step may take.
    is_over
        Whether nobody waits for answers any more.

    Attributes
    ----------
    name
        What its picks state as their model.

    Raises
    ------
    ModelError
        If it does not start, or cannot open the picker.
    """

    def __init__(
        self,
        spec: PickerSpec,
        *,
        is_synthetic: bool,
        longest_s: float,
        is_over: Callable[[], bool],
    ) -> None:
        self._longest_s = longest_s
        self._is_over = is_over
        command = [sys.executable, "-P", "-m", _MODULE]  # no modules of the working folder
        try:
            self._process = subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as error:
            raise ModelError(f"no process for the shadow can be started: {error}") from error
        try:
            self._send((spec, is_synthetic))
            first = self._answer(_OPENS_S)
            if first.problem:
                raise ModelError(first.problem)
        except BaseException:
            self.kill()
            raise
        self.name = first.name

    def step(self, messages: Sequence[Message]) -> Answer:
        """Return what some records lead to.

        Raises
        ------
        ModelError
            If the process has ended, or takes too long.
        """
        self._send(tuple(messages))
        return self._answer(self._longest_s)

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):  # what was not sent
                    stream.close()

    def _send(self, what: object) -> None:
        stream = self._process.stdin
        try:
            if stream is not None:
                send(stream, what)
        except OSError as error:
            raise self._ended() from error

    def _answer(self, longest_s: float) -> Answer:
        stream = self._process.stdout
        if stream is None:
            raise self._ended()
        for _ in range(round(longest_s / _LOOK_S)):
            if select.select([stream], [], [], _LOOK_S)[0]:
                try:
                    answer: Answer = receive(stream)
                except EOFError as error:
                    raise self._ended() from error
                return answer
            if self._is_over():
                raise ModelError("the shadow is ended")
        raise ModelError(f"it took more than {longest_s:g} s over a batch of records")

    def _ended(self) -> ModelError:
        code = self._process.poll()
        return ModelError(f"its process has ended{'' if code is None else f' with {code}'}")
