"""What a selection on a catalogue is told as: a document, a table of trials, a card, a figure."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mainshock.core.files import replacing
from mainshock.forecast.base import as_history
from mainshock.forecast.model_folder import save_model
from mainshock.forecast.selection.fitting import (
    PreparedFit,
    fit_document,
    moment_text,
    with_info,
)
from mainshock.forecast.selection.model_card import write_card
from mainshock.forecast.selection.rolling import RollingSelection, RollingTrial

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_rolling", "rolling_document", "save_rolling"]

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999")


def rolling_document(selection: RollingSelection) -> dict[str, Any]:
    """Return all that was found, as JSON can hold it."""
    apart = selection.kept_apart
    return {
        "kind": "catalogue",
        "chosen": {"model": selection.chosen.name, "options": dict(selection.chosen.options)},
        "reference": selection.reference.name,
        "unit": "nats an event",
        "trials": [_trial_document(selection, one) for one in selection.trials],
        "choice": _comparison(selection, selection.of_choice),
        "kept_apart": None if apart is None else _comparison(selection, apart),
        "windows": [
            {
                "from": _text(selection, one.start_days),
                "to": _text(selection, one.end_days),
            }
            for one in selection.windows
        ],
        "fit": fit_document(selection.model),
        "seed": selection.settings.seed,
        "seconds": round(selection.seconds, 2),
        "warnings": [*selection.model.info.warnings, *_doubts(selection)],
    }


def _text(selection: RollingSelection, days: float) -> str:
    return moment_text(days, selection.model.info.is_synthetic)


def _trial_document(selection: RollingSelection, trial: RollingTrial) -> dict[str, Any]:
    told: dict[str, Any] = {
        "model": trial.name,
        "options": dict(trial.options),
        "is_reference": trial is selection.reference,
        "is_chosen": trial is selection.chosen,
        "seconds": round(trial.seconds, 3),
        "error": trial.error,
    }
    if trial.error:
        return told
    return {
        **told,
        **selection.gain(trial, selection.of_choice),
        "folds": [
            {
                "n": len(one.rows.targets),
                "n_fitted": one.n_fitted,
                "expected_n": float(one.scored.expected.sum()),
                "ll_per_event": one.scored.ll_per_event,
                "igpe": one.scored.gains_over(other.scored, one.rows).per_event,
            }
            for one, other in zip(trial.folds, selection.reference.folds, strict=True)
        ],
    }


def _comparison(selection: RollingSelection, folds: slice) -> dict[str, Any]:
    """Return what the chosen model gained on some windows."""
    windows = selection.windows[folds]
    chosen = selection.chosen.folds[folds]
    return {
        "from": _text(selection, windows[0].start_days),
        "to": _text(selection, windows[-1].end_days),
        "expected_n": sum(float(one.scored.expected.sum()) for one in chosen),
        **selection.gain(selection.chosen, folds),
    }


def _doubts(selection: RollingSelection) -> list[str]:
    told = []
    if selection.kept_apart is None:
        told.append(
            "one window decided and none was kept apart: the score of the chosen model is too good"
        )
    else:
        found = selection.gain(selection.chosen, selection.kept_apart)
        low = found["interval95"][0]
        if selection.chosen is not selection.reference and not low > 0:
            options = ", ".join(f"{key}={one}" for key, one in selection.chosen.options.items())
            told.append(
                "on the window that no choice saw the chosen "
                f"{f'{selection.chosen.name} {options}'.strip()} is not shown to be better than "
                f"{selection.reference.name} as it stands: the 95 % interval of its gain reaches 0"
            )
    if selection.chosen is selection.reference:
        told.append(f"no model was better than {selection.reference.name}, the reference")
    told += [f"{one.name} failed: {one.error}" for one in selection.trials if one.error]
    return told


def save_rolling(
    folder: Path,
    selection: RollingSelection,
    prepared: PreparedFit,
    source: tuple[str, str] = ("", ""),
) -> dict[str, Any]:
    """Write the chosen model with its card, all trials and a figure; return the document.

    Parameters
    ----------
    folder
        Made where it is missing.
    selection
        What was found.
    prepared
        Whose events are kept beside the model.
    source
        Name and checksum of the catalogue's file.

    Raises
    ------
    SourceError
        If it cannot be written.
    """
    document = rolling_document(selection)
    measured = document["kept_apart"] or document["choice"]
    model = with_info(
        selection.model,
        catalogue=source[0],
        catalogue_sha256=source[1],
        warnings=(*prepared.warnings, *selection.model.info.warnings),
        validated={"rolling_origin": {"reference": document["reference"], **measured}},
    )
    document["fit"] = fit_document(model)
    end = prepared.settings.end_days
    save_model(folder, model, as_history(prepared.catalogue, prepared.settings, end))
    write_card(folder, model, _sections(document))
    _write_trials(folder / "trials.csv", document["trials"])
    with replacing(folder / "selection.json") as written:
        written.write_text(json.dumps(_finite(document), indent=1) + "\n")
    with replacing(folder / "gains.png") as written:
        plot_rolling(selection).savefig(written, dpi=120)
    return document


def _write_trials(path: Path, trials: list[dict[str, Any]]) -> None:
    import pandas as pd  # noqa: PLC0415

    rows = [
        {
            **{name: one.get(name) for name in ("model", "is_reference", "is_chosen", "error")},
            "options": json.dumps(one["options"]),
            **{name: one.get(name) for name in ("n", "ll_per_event", "igpe", "seconds")},
            "igpe_low95": one.get("interval95", [None, None])[0],
            "igpe_high95": one.get("interval95", [None, None])[1],
        }
        for one in trials
    ]
    with replacing(path) as written:
        pd.DataFrame(rows).to_csv(written, index=False)


def _sections(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    lines = [
        (
            f"Each model was fitted before each of {len(document['windows'])} windows and scored "
            f"in it. Gains are in nats an event over `{document['reference']}`, with 95 % "
            "intervals from blocks of time drawn again."
        ),
        "",
        "| model | options | log-likelihood an event | gain |",
        "|---|---|---|---|",
    ]
    for one in document["trials"]:
        options = ", ".join(f"{name} {value}" for name, value in one["options"].items())
        scores = "failed | " if one["error"] else f"{one['ll_per_event']:.4f} | {_gain(one)}"
        lines.append(f"| {one['model']} | {options} | {scores} |")
    apart = document["kept_apart"]
    if apart is not None:
        lines += [
            "",
            (
                f"The last window, {apart['from'][:10]} to {apart['to'][:10]}, was kept from the "
                f"choice: {apart['n']} events, {apart['expected_n']:.1f} expected, gain "
                f"{_gain(apart)}. The saved model was then fitted to everything."
            ),
        ]
    lines += ["", "![gain of each model in each window](gains.png)"]
    return [("How it was chosen", "\n".join(lines))]


def _gain(found: Mapping[str, Any]) -> str:
    low, high = found["interval95"]
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{found['igpe']:+.3f}"
    return f"{found['igpe']:+.3f} [{low:+.3f}, {high:+.3f}]"


def _finite(value: Any) -> Any:  # any document
    if isinstance(value, Mapping):
        return {str(key): _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def plot_rolling(selection: RollingSelection) -> "Figure":
    """Return a figure of the gain of each model in each window; of many trials of one the best."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    best: dict[str, RollingTrial] = {}
    for one in selection.trials:
        if one.error or one is selection.reference:
            continue
        of_choice = selection.of_choice
        if one.name not in best or (
            one.ll_per_event(of_choice) > best[one.name].ll_per_event(of_choice)
        ):
            best[one.name] = one
    figure = Figure(figsize=(7.6, 4.2), layout="constrained")
    axes = figure.add_subplot()
    at = np.arange(len(selection.windows))
    for i, (name, trial) in enumerate(best.items()):
        gains = [selection.gain(trial, slice(j, j + 1)) for j in at]
        igpe = np.array([one["igpe"] for one in gains])
        ends = np.array([one["interval95"] for one in gains])
        shift = at + 0.12 * (i - (len(best) - 1) / 2)
        colour = _COLOURS[i % len(_COLOURS)]
        axes.vlines(shift, ends[:, 0], ends[:, 1], color=colour, lw=1.4)
        label = f"{name} (chosen)" if trial is selection.chosen else name
        axes.plot(shift, igpe, "o", ms=6, color=colour, label=label)
    axes.axhline(0.0, color="#767676", lw=1.0)
    labels = [
        f"{_text(selection, one.start_days)[:10]}\nto {_text(selection, one.end_days)[:10]}\n"
        f"{len(fold.rows.targets)} events"
        for one, fold in zip(selection.windows, selection.reference.folds, strict=True)
    ]
    if selection.kept_apart is not None:
        axes.axvspan(at[-1] - 0.5, at[-1] + 0.5, color="#eeeeee", zorder=0)
        labels[-1] += "\nkept from the choice"
    axes.set_xticks(at, labels, fontsize=8)
    axes.set_ylabel(f"gain over {selection.reference.name}\n(nats an event, bars 95 %)")
    if best:
        axes.legend(
            frameon=False, fontsize=8, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0)
        )
    axes.spines[["top", "right"]].set_visible(False)
    return figure
