"""Chooses a model in the store of a live run, which takes it over within seconds."""

import time
from collections.abc import Callable

from mainshock.core.errors import NothingFoundError, SettingsError
from mainshock.stream.model_choice.chosen import ChoiceStore, ModelChoice, TakenOver
from mainshock.stream.model_choice.opened import OpenedPicker, open_spec, require_fit
from mainshock.stream.model_choice.settings import PickerSpec

__all__ = ["promote_in_store", "roll_back_in_store", "wait_for_run"]

_LOOK_S = 0.2


def promote_in_store(choices: ChoiceStore, name: str, by: str) -> ModelChoice:
    """Choose a model, checked as the live run would, and return the choice.

    Raises
    ------
    SettingsError
        If it is chosen already, or no live run has told which model it uses.
    ChoiceConflictError
        If somebody else chose one at the same time.
    MainshockError
        If there is none of that name here, or it does not fit.
    """
    told, choice = _present(choices)
    is_waiting = choice is not None and choice.number > told.number
    present = choice.in_use if choice is not None and is_waiting else told.in_use
    spec = PickerSpec(model=name)
    if told.shadow is not None and told.shadow.model == name:
        spec = told.shadow
    candidate, in_use = open_spec(spec), open_spec(present)
    _require_change(candidate, in_use)
    number = 0 if choice is None else choice.number
    return choices.choose("promote", spec, present, told.configured, by, number)


def roll_back_in_store(choices: ChoiceStore, by: str) -> ModelChoice:
    """Choose the model before the last one, and return the choice.

    Raises
    ------
    NothingFoundError
        If none was promoted.
    SettingsError, ChoiceConflictError, MainshockError
        As for ``promote_in_store``.
    """
    told, choice = _present(choices)
    if choice is None or choice.configured != told.configured:
        raise NothingFoundError("no model was promoted; there is none to return to")
    _require_change(open_spec(choice.previous), open_spec(choice.in_use))
    return choices.choose(
        "rollback", choice.previous, choice.in_use, told.configured, by, choice.number
    )


def wait_for_run(
    choices: ChoiceStore,
    choice: ModelChoice,
    wait_s: float,
    sleep: Callable[[float], None] = time.sleep,
) -> TakenOver | None:
    """Return what a live run says of a choice; None where none said so in time."""
    for _ in range(max(1, round(wait_s / _LOOK_S))):
        told = choices.taken_over()
        if told is not None and told.number >= choice.number:
            return told
        sleep(_LOOK_S)
    return None


def _present(choices: ChoiceStore) -> tuple[TakenOver, ModelChoice | None]:
    told = choices.taken_over()
    if told is None:
        raise SettingsError(
            "no live run has told yet which model it uses; start `mainshock monitor` with this "
            "store, or name the model by --model"
        )
    return told, choices.current()


def _require_change(candidate: OpenedPicker, in_use: OpenedPicker) -> None:
    if candidate.is_same(in_use):
        raise SettingsError(f"{candidate.name} is in use already; nothing was changed")
    require_fit(candidate.picker, in_use.picker)
