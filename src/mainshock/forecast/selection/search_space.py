"""Searches options of a model: by Optuna where it is installed, by a grid where it is not."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

import numpy as np

from mainshock.core.errors import MainshockError, SettingsError

__all__ = [
    "Choices",
    "Dimension",
    "Span",
    "Trial",
    "dimension_from_text",
    "search",
    "value_from_text",
]

_MOST_REPEATS = 50  # proposals that were tried before
_GRID = 3  # values of a span where there is no Optuna


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers from ``low`` to ``high``, evenly or evenly in their logarithm.

    Raises
    ------
    SettingsError
        If the ends are in the wrong order, or not positive for a logarithm.
    """

    low: float
    high: float
    is_log: bool = False
    is_whole: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.is_log and self.low <= 0):
            raise SettingsError(
                f"{self.low:g}..{self.high:g} is no range"
                + (" of positive numbers" if self.is_log else "; give the smaller end first")
            )

    def grid(self) -> list[float]:
        """Return a few values from end to end."""
        if self.is_log:
            found = np.geomspace(self.low, self.high, _GRID)
        else:
            found = np.linspace(self.low, self.high, _GRID)
        return [round(float(x)) if self.is_whole else float(x) for x in found]


@dataclass(frozen=True, slots=True)
class Choices:
    """One of several values: numbers, text, or True and False."""

    values: tuple[Any, ...]  # JSON

    def grid(self) -> list[Any]:
        """Return all values."""
        return list(self.values)


Dimension = Span | Choices


@dataclass(frozen=True, slots=True)
class Trial:
    """One set of options that was tried.

    Parameters
    ----------
    parameters
        By name.
    score
        The lower the better; NaN where it failed.
    seconds
        What it took.
    error
        Why it failed.
    """

    parameters: Mapping[str, Any]
    score: float
    seconds: float
    error: str = ""


def dimension_from_text(text: str) -> Dimension:
    """Return a dimension: ``5..20``, ``0.1..1.0``, ``1e-3..1:log``, or ``a|b|c``.

    Whole numbers at both ends mean whole numbers.

    Raises
    ------
    SettingsError
        If the text is none of these.

    Examples
    --------
    >>> dimension_from_text("5..20")
    Span(low=5.0, high=20.0, is_log=False, is_whole=True)
    >>> dimension_from_text("0.5|1.0").values
    (0.5, 1)
    """
    body, _, kind = text.partition(":")
    if ".." not in body:
        found = tuple(value_from_text(one) for one in body.split("|"))
        if len(set(found)) < 2 or kind:
            raise SettingsError(f"{text!r} is no range (5..20) and no choice (a|b|c)")
        return Choices(found)
    try:
        low, high = (float(one) for one in body.split(".."))
    except ValueError as error:
        raise SettingsError(f"{text!r} is no range of numbers; write 5..20") from error
    if kind not in ("", "log"):
        raise SettingsError(f"{text!r}: after the colon only 'log' is known")
    is_whole = not any(letter in body.replace("..", "") for letter in ".e")
    return Span(low, high, is_log=kind == "log", is_whole=is_whole)


def value_from_text(text: str) -> Any:  # number, truth or text
    """Return a number, True, False, or the text itself."""
    plain = text.strip()
    if plain.lower() in ("true", "false"):
        return plain.lower() == "true"
    try:
        number = float(plain)
    except ValueError:
        return plain
    return int(number) if number.is_integer() else number


def search(
    space: Mapping[str, Dimension],
    objective: Callable[[Mapping[str, Any]], float],
    *,
    n_trials: int,
    budget_s: float = math.inf,
    seed: int = 0,
    first: Mapping[str, Any] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> list[Trial]:
    """Return all trials, in order.

    Parameters
    ----------
    space
        What may be chosen, by name; an empty one has one trial.
    objective
        Score of a set of options, the lower the better. Errors of this package make a trial fail.
    n_trials
        At most so many different ones; a grid may end before.
    budget_s
        No trial begins later than this. The first always runs.
    first
        Options that are tried before all others.
    clock
        Seconds.
    """
    proposals = _proposals(space, seed, n_trials, first)
    started, trials = clock(), list[Trial]()
    known: dict[tuple[Any, ...], float] = {}
    n_again = 0
    while len(trials) < max(n_trials, 1) and n_again < _MOST_REPEATS:
        if trials and clock() - started >= budget_s:
            break
        parameters = proposals.ask()
        if parameters is None:
            break
        key = tuple(parameters[name] for name in sorted(parameters))
        if key in known:  # a few whole numbers are soon all tried
            proposals.tell(known[key])
            n_again += 1
            continue
        begun = clock()
        try:
            score, error = float(objective(parameters)), ""
        except MainshockError as failure:
            score, error = math.nan, str(failure)
        if not error and not math.isfinite(score):
            error = "its score is not finite"
        trials.append(Trial(parameters, score, clock() - begun, error))
        known[key] = score
        proposals.tell(score)
    return trials


class _Proposals(Protocol):
    def ask(self) -> Mapping[str, Any] | None: ...

    def tell(self, score: float) -> None: ...


class _Grid:
    """Points one after the other, for want of something better."""

    def __init__(self, points: list[Mapping[str, Any]]) -> None:
        self._left: Iterator[Mapping[str, Any]] = iter(points)

    def ask(self) -> Mapping[str, Any] | None:
        return next(self._left, None)

    def tell(self, score: float) -> None:
        """Nothing is learnt from a score."""


def _grid(
    space: Mapping[str, Dimension], seed: int, first: Mapping[str, Any] | None
) -> list[Mapping[str, Any]]:
    """Return all points of a grid in random order, ``first`` before them."""
    points: list[Mapping[str, Any]] = [
        dict(zip(space, values, strict=True))
        for values in product(*(one.grid() for one in space.values()))
    ]
    points = [points[i] for i in np.random.default_rng(seed).permutation(len(points))]
    return points if first is None else [first, *(one for one in points if one != first)]


class _Parzen:
    """Optuna's tree-structured Parzen estimator."""

    def __init__(
        self,
        optuna: Any,  # the module: an extra
        space: Mapping[str, Dimension],
        seed: int,
        first: Mapping[str, Any] | None,
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
        self._failed = optuna.trial.TrialState.FAIL
        self._space = {name: _distribution(optuna, one) for name, one in space.items()}
        if first is not None:
            self._study.enqueue_trial(dict(first))

    def ask(self) -> Mapping[str, Any] | None:
        self._asked = self._study.ask(self._space)
        return dict(self._asked.params)

    def tell(self, score: float) -> None:
        if math.isfinite(score):
            self._study.tell(self._asked, score)
        else:
            self._study.tell(self._asked, state=self._failed)


def _proposals(
    space: Mapping[str, Dimension], seed: int, n_trials: int, first: Mapping[str, Any] | None
) -> _Proposals:
    if not space or n_trials < 2:
        return _Grid([first or {name: one.grid()[0] for name, one in space.items()}])
    try:
        import optuna  # noqa: PLC0415 - the extra `train`
    except ImportError:
        return _Grid(_grid(space, seed, first))
    return _Parzen(optuna, space, seed, first)


def _distribution(optuna: Any, one: Dimension) -> Any:
    kinds = optuna.distributions
    if isinstance(one, Choices):
        return kinds.CategoricalDistribution(one.values)
    if one.is_whole:
        return kinds.IntDistribution(int(one.low), int(one.high), log=one.is_log)
    return kinds.FloatDistribution(one.low, one.high, log=one.is_log)
