"""``mainshock models``: what is packaged or added, its card, whether it is whole; what serves."""

from pathlib import Path
from typing import Annotated

import typer

from mainshock.cli import models_in_use
from mainshock.cli.output import print_json, print_result, say

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="List models, read their cards, add others, choose which one serves.",
)
app.command("promote")(models_in_use.promote)
app.command("rollback")(models_in_use.rollback)
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_Name = Annotated[str, typer.Argument(metavar="MODEL", help="A name from `models list`.")]
_MaybeName = Annotated[
    str | None, typer.Argument(metavar="[MODEL]", help="A name from `models list`; default all.")
]


@app.command("list")
def list_all(as_json: _Json = False) -> None:
    """List the packaged models and those in the user's store."""
    from mainshock.learn.models import find_model, is_packaged, list_models

    found = list_models()
    origins = {
        manifest.name: "packaged" if is_packaged(find_model(manifest.name)) else "added"
        for manifest in found
    }
    if as_json:
        models = [{**manifest.as_dict(), "origin": origins[manifest.name]} for manifest in found]
        print_json({"models": models})
        return
    for manifest in found:
        print_result(
            f"{manifest.task:12s} {manifest.name:24s} {manifest.version:8s} "
            f"{origins[manifest.name]:9s} {manifest.description}"
        )


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
    from mainshock.core.errors import ModelError
    from mainshock.learn.models import find_model, list_models, verify_model

    names = [manifest.name for manifest in list_models()] if name is None else [name]
    checked: dict[str, list[str]] = {}
    faults: dict[str, str] = {}
    for one in names:
        try:
            checked[one] = verify_model(find_model(one))
        except ModelError as error:
            faults[one] = str(error)
    if as_json:
        print_json({"verified": not faults, "models": checked, "faults": faults})
    else:
        for one, files in checked.items():
            print_result(f"{one}: {len(files)} files match their checksums")
    if faults:
        raise ModelError("; ".join(f"{one}: {fault}" for one, fault in faults.items()))


@app.command()
def add(
    source: Annotated[
        str,
        typer.Argument(help="eqtransformer, phasenet, or seisbench:CLASS/WEIGHTS[@VERSION]."),
    ],
    path: Annotated[
        Path | None,
        typer.Option("--from", help="Weights: a wheel, a checkpoint, an NPZ, or their folder."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call the model.")] = None,
    remote: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Root of a SeisBench repository, such as a mirror."),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(help="NPZ of inputs and outputs that the network must repeat."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a model of that name with other weights.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Convert weights that others trained and put them into the user's model store.

    Needs the extra `train`; running the converted model does not. The store is the folder that
    MAINSHOCK_MODELS names. Adding the same again changes nothing.
    """
    from mainshock.detect.converted import AddOptions, add_model

    options = AddOptions(
        path=path, name=name, remote=remote, reference=reference, replace=replace, say=say
    )
    added = add_model(source, options)
    if as_json:
        print_json({"added": [model.as_dict() for model in added]})
        return
    for model in added:
        state = "added" if model.is_new else "was there already, unchanged"
        print_result(f"{model.name} {model.version}: {state} ({model.folder})")
        for what, value in (
            ("ONNX from torch", model.onnx_difference),
            ("torch from the reference", model.reference_difference),
            ("ONNX from the reference", model.onnx_reference_difference),
        ):
            if value is not None:
                print_result(f"  largest difference of {what}: {value:.1e}")
