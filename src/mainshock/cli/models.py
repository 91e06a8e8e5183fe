"""``mainshock models``: what is packaged or added, its card, and whether it is whole."""

from typing import Annotated

import typer

from mainshock.cli.output import print_json, print_result

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="List models, read their cards, check their files.")
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_Name = Annotated[str, typer.Argument(metavar="MODEL", help="A name from `models list`.")]


@app.command("list")
def list_all(as_json: _Json = False) -> None:
    """List the packaged models and those in the user's store."""
    from mainshock.learn.models import list_models

    found = list_models()
    if as_json:
        print_json({"models": [manifest.as_dict() for manifest in found]})
        return
    for manifest in found:
        print_result(f"{manifest.name:24s} {manifest.task:12s} {manifest.description}")


@app.command()
def card(name: _Name, as_json: _Json = False) -> None:
    """Print a model's card: purpose, data, scores, and when not to trust it."""
    from mainshock.learn.models import find_model, load_manifest

    folder = find_model(name)
    text = (folder / "card.md").read_text(encoding="utf-8")
    if as_json:
        print_json({"manifest": load_manifest(folder).as_dict(), "card": text})
    else:
        print_result(text)


@app.command()
def verify(name: _Name, as_json: _Json = False) -> None:
    """Check a model's files against the checksums in its manifest."""
    from mainshock.learn.models import find_model, verify_model

    folder = find_model(name)
    checked = verify_model(folder)
    if as_json:
        print_json({"model": name, "verified": True, "files": checked})
    else:
        print_result(f"{name}: {len(checked)} files match their checksums")
