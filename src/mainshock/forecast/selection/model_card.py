"""The card of a fitted forecast model, in Markdown: what it is for and what it was fitted to."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mainshock import __version__
from mainshock.core.files import replacing
from mainshock.forecast.base import RateModel
from mainshock.forecast.selection.fitting import fit_document

__all__ = ["model_card", "write_card"]


def write_card(folder: Path, model: RateModel, sections: Sequence[tuple[str, str]] = ()) -> None:
    """Write ``card.md`` beside a saved model.

    Parameters
    ----------
    folder
        Of the model.
    model
        Fitted.
    sections
        Further headings with their text.

    Raises
    ------
    SourceError
        If it cannot be written.
    """
    with replacing(folder / "card.md") as written:
        written.write_text(model_card(model, sections), encoding="utf-8")


def model_card(model: RateModel, sections: Sequence[tuple[str, str]] = ()) -> str:
    """Return the card of a fitted model; ``sections`` are put in after the parameters."""
    document = fit_document(model)
    info = model.info
    parts = [
        f"# Forecast model `{info.kind}`",
        _purpose(model, document),
        "## Data",
        _data(document),
        "## Parameters",
        _parameters(document),
        (
            f"Log-likelihood {document['log_likelihood']:.2f} nats, "
            f"{document['log_likelihood_per_event']:.4f} an event ({document['unit']}); in-sample."
        ),
    ]
    for title, text in sections:
        parts += [f"## {title}", text]
    if not info.validated:
        parts += ["## Not validated", "Nothing was measured on later events: see `evaluate`."]
    if document["warnings"]:
        parts += ["## Beware", "\n".join(f"- {one}" for one in document["warnings"])]
    parts += ["## Use", _use(), f"Made with mainshock {__version__}, seed {document['seed']}."]
    return "\n\n".join(parts) + "\n"


def _purpose(model: RateModel, document: Mapping[str, Any]) -> str:
    where = "its region" if model.is_spatial else "time alone, without places"
    synthetic = " It was fitted to a SYNTHETIC catalogue." if document["is_synthetic"] else ""
    return (
        f"The expected rate of earthquakes of magnitude {document['mc']:g} or more in {where}, "
        "given those before. It states probabilities; earthquakes cannot be predicted. It holds "
        f"for its own region and magnitudes alone.{synthetic}"
    )


def _data(document: Mapping[str, Any]) -> str:
    lines = [f"- {document['n']} events from {document['from']} to {document['to']}"]
    if document["catalogue"]:
        lines.append(f"- `{document['catalogue']}`, sha256 {document['catalogue_sha256'][:16]}")
    if document["region"] is not None:
        corners = document["region"]["coordinates"][0]
        shown = "; ".join(f"{x:g},{y:g}" for x, y in corners[:-1][:12])
        lines.append(f"- region of {document['area_km2']:.0f} km²: {shown}")
    lines.append(f"- b {document['b']:.3f}, magnitudes up to {document['m_max']:g}")
    return "\n".join(lines)


def _parameters(document: Mapping[str, Any]) -> str:
    lines = ["| parameter | value | standard error |", "|---|---|---|"]
    for name, value in document["parameters"].items():
        error = document["standard_errors"].get(name)
        shown = "" if error is None or not math.isfinite(error) else f"{error:.2g}"
        lines.append(f"| {name} | {'' if value is None else format(value, '.6g')} | {shown} |")
    if document["branching_ratio"] is not None and "branching_ratio" not in document["parameters"]:
        lines.append(f"| branching ratio | {document['branching_ratio']:.4f} | |")
    return "\n".join(lines)


def _use() -> str:
    return (
        "```sh\nmainshock forecast evaluate --model THIS_FOLDER --catalogue LATER --from T --to T\n"
        "mainshock forecast simulate --model THIS_FOLDER --catalogue NOW --start T --days D "
        "--n 10000 --out FILE\n```"
    )
