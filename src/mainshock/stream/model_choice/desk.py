"""Where the model in use is changed while records come in: promote, roll back, follow the store."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from mainshock.core.errors import MainshockError, NothingFoundError, SettingsError
from mainshock.detect.base import Picker
from mainshock.stream import sentences
from mainshock.stream.model_choice.chosen import (
    ChoiceConflictError,
    ChoiceStore,
    ModelAction,
    ModelChoice,
    TakenOver,
)
from mainshock.stream.model_choice.opened import OpenedPicker, open_spec, require_fit
from mainshock.stream.model_choice.settings import ModelSettings, PickerSpec

__all__ = ["ModelDesk", "ModelState", "same_model"]

_log = logging.getLogger(__name__)
_FOLLOW_S = 2.0
BetweenSteps = Callable[[Callable[[], None]], None]


@dataclass(frozen=True, slots=True)
class ModelState:
    """Which model counts.

    Parameters
    ----------
    in_use, version
        Name that its picks state, and its version.
    spec, configured
        How it was opened, and what the settings name.
    previous
        What a roll back returns to; None where nothing was promoted.
    choice
        The last choice; None where none was made.
    problem
        Why the choice is not what is in use; empty where it is.
    """

    in_use: str
    version: str
    spec: PickerSpec
    configured: PickerSpec
    previous: PickerSpec | None
    choice: ModelChoice | None
    problem: str


@dataclass(slots=True, eq=False)
class ModelDesk:
    """Changes the picker of a live run, one change at a time.

    Parameters
    ----------
    choices
        Where the choice is kept.
    settings
        What is in use without a choice, and the shadow.
    first
        The picker that the settings name, open.
    tells
        Whether the store is told which model is in use; a process that picks nothing that counts
        only follows.

    Attributes
    ----------
    in_use
        The picker in use.
    problem
        Why the model that was chosen is not in use; empty where it is.

    Notes
    -----
    A choice is written after all records before it are committed, and the picker is changed before
    the next one is read: after a crash at any moment each record is picked by one model alone.
    A choice that another process wrote, such as the command line, is taken over within seconds.
    """

    choices: ChoiceStore
    settings: ModelSettings
    first: OpenedPicker
    tells: bool = True
    in_use: OpenedPicker = field(init=False)
    problem: str = ""
    _previous: OpenedPicker | None = None
    _choice: ModelChoice | None = None
    _between: BetweenSteps = field(init=False, default=lambda action: action())
    _use: Callable[[Picker], None] = field(init=False, default=lambda _: None)
    _listeners: list[Callable[[str, OpenedPicker, OpenedPicker], None]] = field(
        default_factory=list
    )
    _changing: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.in_use = self.first
        choice = self.choices.current()
        if choice is None or choice.configured != self.settings.in_use:
            # the settings were changed since, and name what is wanted now
            self._choice = choice
            return
        try:
            self._adopt(choice)
        except MainshockError as error:
            self._choice = choice
            self.problem = sentences.MODEL_UNUSABLE.tell(model=choice.in_use.model, error=error)
            _log.error("%s; %s is in use", self.problem, self.first.name)

    def _adopt(self, choice: ModelChoice) -> None:
        chosen = self._opened_again(choice.in_use)
        self._choice, self.in_use = choice, chosen

    @property
    def state(self) -> ModelState:
        """Which model counts now."""
        choice = self._choice
        previous = None
        if choice is not None and self.in_use.spec == choice.in_use:
            previous = choice.previous
        return ModelState(
            self.in_use.name,
            self.in_use.version,
            self.in_use.spec,
            self.settings.in_use,
            previous,
            choice,
            self.problem,
        )

    @property
    def shadow_spec(self) -> PickerSpec | None:
        """What shall run beside the picker in use.

        The shadow of the settings; once that was promoted, the model that it took the place of.
        """
        shadow = self.settings.shadow
        if shadow is None:
            return None
        if not same_model(shadow.picker, self.in_use.spec, self.in_use.name):
            return shadow.picker
        previous = self.state.previous
        return self.settings.in_use if previous is None else previous

    def serve(self, between: BetweenSteps, use: Callable[[Picker], None]) -> None:
        """Say how an action is done between two steps of picking, and how a picker is used."""
        self._between, self._use = between, use

    def tell(self, listener: Callable[[str, OpenedPicker, OpenedPicker], None]) -> None:
        """Tell somebody of each change: the action, and the models before and after."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Follow choices that others write to the store."""
        self._note()
        self._thread = threading.Thread(target=self._follow, name="models", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Follow no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def promote(self, name: str, by: str) -> ModelState:
        """Make a model the one in use, between two steps, and return the state after it.

        The shadow's model comes with the thresholds of the shadow.

        Raises
        ------
        ChoiceConflictError
            If another change is under way, or was made meanwhile.
        SettingsError
            If it is in use already.
        MainshockError
            If there is none of that name, it does not fit, or the store or the stage is busy; then
            nothing is changed.
        """
        return self._one_at_a_time(lambda: self._promote(name, by))

    def roll_back(self, by: str) -> ModelState:
        """Return to the model before the one in use.

        Raises
        ------
        NothingFoundError
            If nothing was promoted.
        ChoiceConflictError, MainshockError
            As for ``promote``.
        """
        return self._one_at_a_time(lambda: self._roll_back(by))

    def _one_at_a_time(self, change: Callable[[], None]) -> ModelState:
        if not self._changing.acquire(blocking=False):
            raise ChoiceConflictError("another model is being put to use; try again in a moment")
        try:
            change()
            return self.state
        finally:
            self._changing.release()

    def _promote(self, name: str, by: str) -> None:
        self._change("promote", open_spec(self._spec_of(name)), by)

    def _roll_back(self, by: str) -> None:
        previous = self.state.previous
        if previous is None:
            raise NothingFoundError("no model was promoted; there is none to return to")
        self._change("rollback", self._opened_again(previous), by)

    def _spec_of(self, name: str) -> PickerSpec:
        shadow = self.shadow_spec
        if shadow is not None and shadow.model == name:
            return shadow
        return PickerSpec(model=name)

    def _opened_again(self, spec: PickerSpec) -> OpenedPicker:
        """Return a picker that was in use before: as it was then, where it is still open."""
        for known in (self._previous, self.first):
            if known is not None and known.spec == spec:
                return known
        return open_spec(spec)

    def _change(self, action: ModelAction, new: OpenedPicker, by: str) -> None:
        """Check a model, and put it to use between two steps, right after it was written down."""
        old = self.in_use
        if new.is_same(old):
            raise SettingsError(f"{new.name} {new.version} is in use already; nothing was changed")
        require_fit(new.picker, old.picker)
        there = self._choice
        number = 0 if there is None else there.number

        def put_to_use() -> None:
            configured = self.settings.in_use
            self._choice = self.choices.choose(
                action, new.spec, old.spec, configured, by, after=number
            )
            self._use(new.picker)
            self._previous, self.in_use, self.problem = old, new, ""

        self._between(put_to_use)
        self._after(action, old, new)

    def _after(self, action: str, old: OpenedPicker, new: OpenedPicker) -> None:
        _log.info("%s: picks are of %s %s from now on", action, new.name, new.version)
        for listener in self._listeners:
            try:
                listener(action, old, new)
            except Exception:  # noqa: BLE001 - the model is in use, whoever hears of it
                _log.exception("a change of the model was not told to all")
        self._note()

    def _note(self) -> None:
        if not self.tells:
            return
        number = 0 if self._choice is None else self._choice.number
        try:
            self.choices.note(
                TakenOver(
                    number,
                    self.in_use.name,
                    self.in_use.spec,
                    self.settings.in_use,
                    self.shadow_spec,
                    self.problem,
                )
            )
        except MainshockError as error:
            _log.warning("which model is in use is not in the store: %s", error)

    def _follow(self) -> None:
        while not self._stop.wait(_FOLLOW_S):
            try:
                self.take_over()
            except Exception:  # noqa: BLE001 - tried again, a store may be away for a while
                _log.warning("the choice of the model cannot be followed", exc_info=True)

    def take_over(self) -> None:
        """Take over a choice that another process wrote, if there is one.

        A model that does not fit is told in ``problem``, and the one in use stays.
        """
        if not self._changing.acquire(blocking=False):
            return
        try:
            choice = self.choices.current()
            known = 0 if self._choice is None else self._choice.number
            if choice is None or choice.number <= known:
                return
            self._take_over(choice)
        finally:
            self._changing.release()

    def _take_over(self, choice: ModelChoice) -> None:
        old = self.in_use
        try:
            is_new = choice.action == "promote"
            new = open_spec(choice.in_use) if is_new else self._opened_again(choice.in_use)
            if not new.is_same(old):
                require_fit(new.picker, old.picker)
        except MainshockError as error:
            self._choice = choice
            self.problem = sentences.MODEL_UNUSABLE.tell(model=choice.in_use.model, error=error)
            _log.error("%s; %s stays in use", self.problem, old.name)
            self._note()
            return

        def put_to_use() -> None:
            self._use(new.picker)
            self._choice = choice
            self._previous, self.in_use, self.problem = old, new, ""

        self._between(put_to_use)
        self._after(choice.action, old, new)


def same_model(spec: PickerSpec, other: PickerSpec, other_name: str) -> bool:
    """Return whether settings name a model that is open under a name."""
    return spec.model in (other.model, other_name) and (spec.p_threshold, spec.s_threshold) == (
        other.p_threshold,
        other.s_threshold,
    )
