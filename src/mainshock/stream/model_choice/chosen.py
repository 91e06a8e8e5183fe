"""Which picker was chosen, kept in the store so that it survives a restart."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, insert, select

from mainshock.core.errors import MainshockError
from mainshock.stream.model_choice.settings import PickerSpec
from mainshock.stream.store.database import Database
from mainshock.stream.store.rows import microseconds, utc_from_microseconds
from mainshock.stream.store.schema import settings

__all__ = ["ChoiceConflictError", "ChoiceStore", "ModelAction", "ModelChoice", "TakenOver"]

_CHOICE, _TAKEN_OVER = "models", "models-taken-over"
ModelAction = Literal["promote", "rollback"]


class ChoiceConflictError(MainshockError):
    """Somebody else chose a model in the meantime."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """What was chosen last.

    Parameters
    ----------
    number
        Grows by one with each choice.
    action
        How it was chosen.
    in_use, previous
        The picker chosen, and the one before it.
    configured
        What the settings named then: settings that name another one later count more.
    by, time
        Who chose it, and when, UTC.
    """

    number: int
    action: ModelAction
    in_use: PickerSpec
    previous: PickerSpec
    configured: PickerSpec
    by: str
    time: datetime


@dataclass(frozen=True, slots=True)
class TakenOver:
    """Which choice a live run works by.

    Parameters
    ----------
    number
        Of the choice.
    model
        Whose picks count since.
    in_use, configured, shadow
        How it was opened, what the settings name, and what runs beside it.
    problem
        Why it is not the one that was chosen; empty where it is.
    """

    number: int
    model: str
    in_use: PickerSpec
    configured: PickerSpec
    shadow: PickerSpec | None = None
    problem: str = ""


class ChoiceStore:
    """Keeps the choice in the table of settings of a store.

    Parameters
    ----------
    database
        Of an open store.
    clock
        Nanoseconds since 1970.
    """

    def __init__(self, database: Database, clock: Callable[[], int] = time.time_ns) -> None:
        self._database = database
        self._clock = clock

    def current(self) -> ModelChoice | None:
        """Return the last choice, or None where none was made.

        Raises
        ------
        SourceError
            If the database does not answer.
        """
        with self._database.reading() as connection:
            return _choice(connection)

    def choose(
        self,
        action: ModelAction,
        in_use: PickerSpec,
        previous: PickerSpec,
        configured: PickerSpec,
        by: str,
        after: int,
    ) -> ModelChoice:
        """Keep a choice that follows another one, and return it.

        Parameters
        ----------
        after
            Number of the choice that it follows; 0 for none.

        Raises
        ------
        ChoiceConflictError
            If another choice was made since.
        SourceError
            If the database cannot be written; then nothing is chosen.
        """
        now = utc_from_microseconds(self._clock() // 1000)
        made = ModelChoice(after + 1, action, in_use, previous, configured, by, now)
        with self._database.writing() as connection:
            there = _choice(connection)
            if there is not None and there.number != after:
                raise ChoiceConflictError(
                    f"{there.by} chose {there.in_use.model} at {there.time:%H:%M:%S}; look at it, "
                    "then choose again"
                )
            _put(connection, _CHOICE, _document(made))
        return made

    def taken_over(self) -> TakenOver | None:
        """Return which choice the live run works by, or None where none told."""
        with self._database.reading() as connection:
            stated = _value(connection, _TAKEN_OVER)
        if stated is None:
            return None
        specs = {
            name: None if stated[name] is None else PickerSpec.model_validate(stated[name])
            for name in ("in_use", "configured", "shadow")
        }
        return TakenOver(**{**stated, **specs})

    def note(self, told: TakenOver) -> None:
        """Tell which choice a live run works by."""
        stated = {
            "number": told.number,
            "model": told.model,
            "in_use": _spec(told.in_use),
            "configured": _spec(told.configured),
            "shadow": None if told.shadow is None else _spec(told.shadow),
            "problem": told.problem,
        }
        with self._database.writing() as connection:
            _put(connection, _TAKEN_OVER, stated)


def _value(connection: Connection, name: str) -> dict[str, Any] | None:  # a JSON document
    found = connection.execute(select(settings.c.value).where(settings.c.name == name)).scalar()
    return None if found is None else dict(json.loads(found))


def _put(connection: Connection, name: str, document: dict[str, Any]) -> None:  # the same
    connection.execute(delete(settings).where(settings.c.name == name))
    connection.execute(insert(settings), [{"name": name, "value": json.dumps(document)}])


def _choice(connection: Connection) -> ModelChoice | None:
    stated = _value(connection, _CHOICE)
    if stated is None:
        return None
    specs = {
        name: PickerSpec.model_validate(stated[name])
        for name in ("in_use", "previous", "configured")
    }
    time_us = int(stated["time_us"])
    return ModelChoice(
        number=int(stated["number"]),
        action=stated["action"],
        by=str(stated["by"]),
        time=utc_from_microseconds(time_us),
        **specs,
    )


def _spec(spec: PickerSpec) -> dict[str, Any]:  # the same
    return spec.model_dump(exclude_none=True)


def _document(choice: ModelChoice) -> dict[str, Any]:  # a JSON document
    return {
        "number": choice.number,
        "action": choice.action,
        "in_use": _spec(choice.in_use),
        "previous": _spec(choice.previous),
        "configured": _spec(choice.configured),
        "by": choice.by,
        "time_us": microseconds(choice.time),
    }
