"""What a selection on a table is told as: documents, tables, a card, figures."""

import json
import platform
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock import __version__
from mainshock.core.files import make_folder, replacing
from mainshock.forecast.selection.tabular import TabularSelection
from mainshock.forecast.selection.tabular_card import card_text
from mainshock.forecast.selection.tabular_folder import save_tabular
from mainshock.forecast.selection.tabular_scores import (
    calibration_error,
    curve_areas,
    fit_spread,
    row_scores,
    summary_of,
    time_blocks,
)
from mainshock.forecast.selection.user_table import CLASSIFY, TimedTable
from mainshock.sources.seismicity.catalogue import text_from_days

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["held_out_table", "save_selection", "selection_document"]

FloatArray = NDArray[np.float64]


def _everyone(selection: TabularSelection) -> dict[str, FloatArray]:
    """Return what models and baselines say of the judged rows."""
    found = {one.name: one.said for one in selection.outcomes}
    return found | {name: one.judged for name, one in selection.baselines.items()}


def held_out_table(selection: TabularSelection) -> "pd.DataFrame":
    """Return the judged rows with what every model and baseline said of them.

    Columns are time, series, ``observed`` (classes by name), and one of each model's and
    baseline's name: the probability of the second of two classes, of more a column
    ``NAME:CLASS`` each, or the expected value.
    """
    import pandas as pd  # noqa: PLC0415

    table, rows = selection.table, selection.split.judged
    told: dict[str, Any] = {table.names[1] or "row": _moments(table, rows)}
    if table.group is not None:
        told[table.names[2]] = np.array(table.group_names)[table.group[rows]]
    observed = table.target[rows]
    is_classes = table.task == CLASSIFY
    names = np.array(table.classes)
    told["observed"] = names[observed.astype(np.int64)] if is_classes else observed
    for name, said in _everyone(selection).items():
        if said.shape[1] > 2:
            told |= {f"{name}:{kind}": said[:, i] for i, kind in enumerate(table.classes)}
        else:
            told[name] = said[:, -1]
    return pd.DataFrame(told)


def _moments(table: TimedTable, rows: NDArray[np.int64]) -> Any:  # numbers or texts
    if not table.is_dated:
        return table.time[rows]
    return [text_from_days(float(one)) for one in table.time[rows]]


def _moment(table: TimedTable, row: int) -> Any:  # number or text
    return _moments(table, np.array([row]))[0]


def selection_document(selection: TabularSelection) -> dict[str, Any]:
    """Return all that was found, as JSON can hold it.

    ``models`` and ``baselines`` have scores of the judged rows with 95 % intervals, and gains over
    the dummy on the same rows: above 0 is better.
    """
    table, split, settings = selection.table, selection.split, selection.settings
    scored = _scores(selection)
    trained = {
        one.name: {
            "title": one.title,
            "validation": one.validation,
            "n_trials": len(one.trials),
            "options": dict(one.options),
            "calibration": one.model.calibrator.kind if table.task == CLASSIFY else None,
            "held_out": scored[one.name],
        }
        for one in selection.outcomes
    }
    baselines = {
        name: {"title": one.title, "held_out": scored[name]}
        for name, one in selection.baselines.items()
    }
    return {
        "kind": "table",
        "target": table.names[0],
        "task": table.task,
        "classes": list(table.classes),
        "chosen": selection.chosen.name,
        "headline": _headline(selection, scored),
        "models": trained,
        "baselines": baselines,
        "parts": {
            "learnt": _part(table, split.learnt),
            "gap_rows": split.n_gap,
            "held_out": _part(table, split.judged),
        },
        "gap": settings.gap,
        "time_unit": "days" if table.is_dated else "that of the time column, or rows",
        "n_splits": settings.n_splits,
        "features": [str(one) for one in table.features.columns],
        "left_out": dict(table.left_out),
        "leakage": dict(selection.leakage),
        "warnings": [*selection.warnings, *_doubts(selection, scored)],
        "is_refitted": settings.is_refitted,
        "seed": settings.seed,
        "seconds": round(selection.seconds, 2),
        "versions": _versions(),
    }


def _versions() -> dict[str, str]:
    """Return what the numbers were made with."""
    names = ("numpy", "scikit-learn", "pandas")
    found = {name: version(name) for name in names}
    return {"mainshock": __version__, "python": platform.python_version(), **found}


def _part(table: TimedTable, rows: NDArray[np.int64]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "n": len(rows),
        "from": _moment(table, int(rows[0])),
        "to": _moment(table, int(rows[-1])),
    }
    target = table.target[rows]
    if table.task == CLASSIFY:
        counts = np.bincount(target.astype(np.int64), minlength=len(table.classes))
        told["classes"] = {
            name: {"n": int(n), "share": n / len(rows)}
            for name, n in zip(table.classes, counts.tolist(), strict=True)
        }
    else:
        told |= {"mean": float(target.mean()), "sd": float(target.std())}
    return told


def _scores(selection: TabularSelection) -> dict[str, dict[str, Any]]:
    """Return scores of the judged rows by model and baseline."""
    table, split = selection.table, selection.split
    target, task = table.target[split.judged], table.task
    block = time_blocks(table.time[split.judged], selection.settings.gap)
    spreads = {one.name: one.model.spread for one in selection.outcomes}
    if task != CLASSIFY:
        learnt = table.target[split.learnt]
        spreads |= {
            name: fit_spread(one.learnt[:, 0], learnt, task)
            for name, one in selection.baselines.items()
        }
    everyone = _everyone(selection)
    rows = {
        name: row_scores(said, target, task, spreads.get(name)) for name, said in everyone.items()
    }
    found = {}
    for name, said in everyone.items():
        told = summary_of(rows[name], rows["dummy"], block, selection.settings.seed)
        if task == CLASSIFY:
            told |= _of_probabilities(said, target, table.classes)
        else:
            low, high = spreads[name].interval(said[:, 0], task)
            told["covered90"] = float(((target >= low) & (target <= high)).mean())
            told["bias"] = float((said[:, 0] - target).mean())
        told["n_blocks"] = len(np.unique(block))
        found[name] = told
    return found


def _of_probabilities(
    said: FloatArray, target: FloatArray, classes: tuple[str, ...]
) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for i, name in enumerate(classes):
        if len(classes) == 2 and i == 0:
            continue
        happened = target == i
        told[name] = {
            "expected_n": float(said[:, i].sum()),
            "observed_n": int(happened.sum()),
            "calibration_error": calibration_error(said[:, i], happened),
            **curve_areas(said[:, i], happened),
        }
    return {"by_class": told}


def _headline(
    selection: TabularSelection, scored: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the score that counts, of the chosen model and what it must beat."""
    best = scored[selection.chosen.name]
    rivals = {name: one["log_score"] for name, one in scored.items() if name != "dummy"}
    return {
        "score": "log_score, nats a row, the lower the better",
        "model": selection.chosen.name,
        "log_score": best["log_score"],
        "log_score_interval95": best["log_score_interval95"],
        "dummy_log_score": scored["dummy"]["log_score"],
        "gain_over_dummy": best["gain_log_score"],
        "gain_over_dummy_interval95": best["gain_log_score_interval95"],
        "baseline_log_scores": {name: rivals[name] for name in selection.baselines},
    }


def _doubts(selection: TabularSelection, scored: Mapping[str, Mapping[str, Any]]) -> list[str]:
    told = []
    chosen = selection.chosen.name
    best = scored[chosen]
    if chosen != "dummy" and not best["gain_log_score_interval95"][0] > 0:
        told.append(
            f"{chosen} is not shown to be better than the mean of the training: the 95 % interval "
            "of its gain on the judged rows reaches 0"
        )
    for name in selection.baselines:
        if scored[name]["log_score"] < best["log_score"]:
            told.append(f"on the judged rows the baseline {name!r} is better than {chosen}")
    if selection.settings.is_refitted:
        told.append(
            "the saved model was fitted once more to all rows; scores are those of the same "
            "choice fitted to the earlier rows"
        )
    return told


def save_selection(
    folder: Path, selection: TabularSelection, source: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Write the chosen model with its card, trials, judged rows and figures; return the document.

    Parameters
    ----------
    folder
        Made where it is missing.
    selection
        What was found.
    source
        Name and checksum of the table's file.

    Raises
    ------
    SourceError
        If the folder cannot be written.
    """
    import pandas as pd  # noqa: PLC0415

    from mainshock.forecast.selection.tabular_plots import write_plots  # noqa: PLC0415

    document = {**selection_document(selection), "source": dict(source or {})}
    make_folder(folder)
    held_out = held_out_table(selection)
    trials = pd.DataFrame(
        [
            {"model": one.name, "trial": i, "score": trial.score, "seconds": trial.seconds,
             "error": trial.error, "options": json.dumps(dict(trial.parameters))}
            for one in selection.outcomes
            for i, trial in enumerate(one.trials)
        ]
    )  # fmt: skip
    for name, frame in (("held_out.csv", held_out), ("trials.csv", trials)):
        with replacing(folder / name) as written:
            frame.to_csv(written, index=False)
    write_plots(folder, selection)
    about = {
        name: document[name]
        for name in ("chosen", "headline", "parts", "source", "seed", "versions")
    } | {"options": dict(selection.chosen.options)}
    save_tabular(folder, replace(selection.model, about=about))
    with replacing(folder / "card.json") as written:
        written.write_text(json.dumps(_plain(document), indent=1) + "\n")
    with replacing(folder / "card.md") as written:
        written.write_text(card_text(document))
    return document


def _plain(value: Any) -> Any:  # any document
    """Return a document with NaN as None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
