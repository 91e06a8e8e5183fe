"""``mainshock models``: what is packaged or added, its card, and whether it is whole."""

from typing import Annotated

import typer

from mainshock.cli.output import print_json, print_result

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="List models, read their cards, check their files.")
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_Name = Annotated[str, typer.Argument(metavar="MODEL", help="A name from `models list`.")]
_MaybeName = Annotated[
    str | None, typer.Argument(metavar="[MODEL]", help="A name from `models list`; default all.")
]


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
def verify(name: _MaybeName = None, as_json: _Json = False) -> None:
    """Check the files of one model, or of all, against the checksums in their manifests."""
    from mainshock.learn.models import find_model, list_models, verify_model

    names = [manifest.name for manifest in list_models()] if name is None else [name]
    checked = {one: verify_model(find_model(one)) for one in names}
    if as_json:
        print_json({"verified": True, "models": checked})
        return
    for one, files in checked.items():
        print_result(f"{one}: {len(files)} files match their checksums")
