"""``mainshock forecast fit``: fit a model of earthquake rates to a catalogue."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, say

__all__ = ["fit", "n_threads", "options_from"]


_Catalogue = Annotated[Path, typer.Argument(help="Earthquakes: CSV, Parquet, QuakeML, ...")]
_Out = Annotated[Path, typer.Option(help="Folder of the model.")]
_Model = Annotated[
    str, typer.Option(help="Name of a model, or default: etas, without places etas-temporal.")
]
_Mc = Annotated[
    float | None,
    typer.Option(help="Magnitude of completeness; by default the file's least, or measured."),
]
_Region = Annotated[
    str | None,
    typer.Option(
        help="W,S,E,N, corners lon,lat;..., a GeoJSON file, or globe; by default a box around the "
        "events."
    ),
]
_From = Annotated[
    str | None,
    typer.Option("--from", help="Start of the targets, ISO 8601 or days; by default the first."),
]
_To = Annotated[
    str | None,
    typer.Option("--to", help="End of the targets; later events change nothing."),
]
_History = Annotated[str | None, typer.Option(help="Sources since then count; by default all.")]
_Option = Annotated[
    list[str] | None, typer.Option(help="An option of the model, name=value. Repeatable.")
]
_Incomplete = Annotated[
    bool, typer.Option("--allow-incomplete", help="Go on below completeness, with a warning.")
]
_Seed = Annotated[int, typer.Option(help="Of everything drawn.")]
_Threads = Annotated[int | None, typer.Option(min=1, help="Processor threads; by default all.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def fit(
    catalogue: _Catalogue,
    out: _Out,
    model: _Model = "default",
    mc: _Mc = None,
    region: _Region = None,
    from_: _From = None,
    to: _To = None,
    history_from: _History = None,
    option: _Option = None,
    allow_incomplete: _Incomplete = False,
    seed: _Seed = 0,
    threads: _Threads = None,
    as_json: _Json = False,
) -> None:
    """Fit a model of earthquake rates and keep it with its events and its card.

    Rates are of events of at least --mc, in the region, between --from and --to; earlier ones and
    those around the region are sources.
    """
    from mainshock.core.provenance import file_sha256
    from mainshock.forecast.base import as_history
    from mainshock.forecast.model_folder import save_model
    from mainshock.forecast.registry import RATE_MODELS
    from mainshock.forecast.selection.fitting import (
        FitRequest,
        fit_document,
        fit_prepared,
        prepare_fit,
    )
    from mainshock.forecast.selection.model_card import write_card
    from mainshock.sources.seismicity.read import read_seismicity

    if model != "default":
        RATE_MODELS.load(model)  # a wrong name is told before a long catalogue is read
    options = options_from(option or [])
    request = FitRequest(
        from_, to, history_from, mc, region, seed, n_threads(threads), allow_incomplete, options
    )
    prepared = prepare_fit(read_seismicity(catalogue), request)
    found = fit_prepared(
        model, prepared, catalogue_name=catalogue.name, catalogue_sha256=file_sha256(catalogue)
    )
    end = prepared.settings.end_days
    save_model(out, found, as_history(prepared.catalogue, prepared.settings, end))
    write_card(out, found)
    document = {**fit_document(found), "out": str(out)}
    for one in document["warnings"]:
        say(f"note: {one}")
    if as_json:
        print_json(document)
        return
    for line in _lines(document):
        print_result(line)


def n_threads(threads: int | None) -> int:
    """Return the number of threads asked for, or that of the processors of this process."""
    import os

    return threads or len(os.sched_getaffinity(0))


def options_from(texts: list[str]) -> dict[str, Any]:
    """Return options from ``name=value`` texts; numbers become numbers.

    Raises
    ------
    SettingsError
        If a text is of another form, or a name comes twice.
    """
    from mainshock.core.errors import SettingsError
    from mainshock.forecast.selection.search_space import value_from_text

    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name.strip() or not equals or name.strip() in found:
            raise SettingsError(f"--option {text!r} is not name=value, or its name comes twice")
        found[name.strip()] = value_from_text(value)
    return found


def _lines(document: Mapping[str, Any]) -> list[str]:
    """Return what was found, for people."""
    lines = [
        (
            f"{document['model']}: {document['n']} events of magnitude {document['mc']:g} or more, "
            f"b {document['b']:.3f}"
        )
    ]
    for name, value in document["parameters"].items():
        error = document["standard_errors"].get(name)
        shown = "?" if value is None else f"{value:.6g}"
        lines.append(f"  {name:<24} {shown:>12}" + (f" +- {error:.2g}" if error else ""))
    if document["branching_ratio"] is not None and "branching_ratio" not in document["parameters"]:
        lines.append(f"  {'branching ratio':<24} {document['branching_ratio']:>12.4f}")
    lines.append(
        f"log-likelihood {document['log_likelihood']:.2f} nats "
        f"({document['log_likelihood_per_event']:.4f} an event), {document['seconds']:.2f} s"
    )
    lines.append(f"-> {document['out']}")
    return lines
