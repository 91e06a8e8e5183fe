"""``mainshock models promote`` and ``rollback``: the model in use of a live run, from outside."""

from typing import TYPE_CHECKING, Annotated

import typer

from mainshock.cli import store_options
from mainshock.cli.output import print_json, print_result

if TYPE_CHECKING:
    from mainshock.stream.model_choice.chosen import ModelChoice
    from mainshock.stream.store.live_store import LiveStore

__all__ = ["promote", "rollback"]

_Wait = Annotated[
    float,
    typer.Option(min=0.0, max=600.0, metavar="S", help="How long a live run is waited for."),
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def promote(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="A name from `models list`.")],
    data_dir: store_options.Folder = None,
    store: store_options.Store = None,
    store_password: store_options.StorePassword = None,
    wait: _Wait = 30.0,
    as_json: _Json = False,
) -> None:
    """Make a model the one in use of a live run, while packets come in.

    The run takes it over between two packets, within seconds; without one it is used from the next
    start on. Exit code 1 where the run refuses it and goes on with the model it has.
    """
    from mainshock.stream.model_choice.chosen import ChoiceStore
    from mainshock.stream.model_choice.from_outside import promote_in_store

    with store_options.opened_store(data_dir, store, store_password) as opened:
        choice = promote_in_store(ChoiceStore(opened.database), name, "console")
        _finish(opened, choice, "models.promote", wait, as_json=as_json)


def rollback(
    data_dir: store_options.Folder = None,
    store: store_options.Store = None,
    store_password: store_options.StorePassword = None,
    wait: _Wait = 30.0,
    as_json: _Json = False,
) -> None:
    """Return to the model that a live run used before the last change."""
    from mainshock.stream.model_choice.chosen import ChoiceStore
    from mainshock.stream.model_choice.from_outside import roll_back_in_store

    with store_options.opened_store(data_dir, store, store_password) as opened:
        choice = roll_back_in_store(ChoiceStore(opened.database), "console")
        _finish(opened, choice, "models.rollback", wait, as_json=as_json)


def _finish(
    store: "LiveStore", choice: "ModelChoice", action: str, wait_s: float, *, as_json: bool
) -> None:
    """Note a choice, and say whether a live run took it over."""
    from mainshock.core.errors import ModelError
    from mainshock.stream.model_choice.chosen import ChoiceStore
    from mainshock.stream.model_choice.from_outside import wait_for_run

    new, old = choice.in_use.model, choice.previous.model
    store_options.note_by_console(store, action, new, f"from {old} to {new}")
    told = wait_for_run(ChoiceStore(store.database), choice, wait_s)
    if told is not None and told.problem:
        raise ModelError(f"the live run goes on with {told.model}: {told.problem}")
    if as_json:
        document = {"in_use": new, "previous": old, "by": choice.by, "taken_over": told is not None}
        print_json(document)
    elif told is None:
        print_result(f"{new} is chosen; no live run took it over yet, the next one starts with it")
    else:
        print_result(f"{told.model} is in use, in place of {old}")
