"""The card of a model for a table, in Markdown: what it is for, what it was judged by."""

from collections.abc import Mapping
from typing import Any

from mainshock.forecast.selection.user_table import CLASSIFY

__all__ = ["card_text"]

_FIGURES = {
    CLASSIFY: (("reliability.png", "stated against observed shares"), ("curves.png", "ROC and PR")),
}


def card_text(document: Mapping[str, Any]) -> str:
    """Return the card of a selection that ``selection_document`` told of."""
    parts = [
        f"# Forecast of `{document['target']}`: {document['chosen']}",
        _purpose(document),
        "## Scores of rows that no choice saw",
        _scores(document),
        "## Rows",
        _rows(document),
        "## What was chosen",
        _choice(document),
    ]
    if document["warnings"]:
        parts += ["## Beware", "\n".join(f"- {one}" for one in document["warnings"])]
    parts += ["## Use", _use(document), "## Made with", _versions(document)]
    return "\n\n".join(parts) + "\n"


def _purpose(document: Mapping[str, Any]) -> str:
    kind = {
        "classify": "the probability of each class of",
        "count": "the expected count of",
        "regress": "the expected value of",
    }[document["task"]]
    return (
        f"It states {kind} `{document['target']}` from {len(document['features'])} features of a "
        "row. It was chosen, calibrated and judged in order of time. It is valid for rows like "
        "those it learnt from, and for no other region, period or magnitude. It is a statement "
        "of probability; earthquakes cannot be predicted."
    )


def _scores(document: Mapping[str, Any]) -> str:
    names = ["log_score", "brier" if document["task"] == CLASSIFY else "squared_error"]
    shown = {"log_score": "log score (nats)", "brier": "Brier", "squared_error": "squared error"}
    lines = [
        "| model | " + " | ".join(shown[name] for name in names) + " | gain in log score |",
        "|---|" + "---|" * (len(names) + 1),
    ]
    everyone = {**document["models"], **document["baselines"]}
    for name, one in everyone.items():
        found = one["held_out"]
        cells = [_with_interval(found, score) for score in names]
        gain = _with_interval(found, "gain_log_score", signed=True)
        label = f"**{name}**" if name == document["chosen"] else name
        lines.append(f"| {label} | {' | '.join(cells)} | {gain} |")
    lines += [
        "",
        "The lower a score the better; in brackets 95 % intervals from blocks of time drawn again. "
        "Gains are over the dummy, on the same rows. "
        + "; ".join(f"{name}: {one['title']}" for name, one in everyone.items())
        + ".",
    ]
    if document["task"] == CLASSIFY:
        lines += ["", _calibration(document)]
    else:
        found = document["models"][document["chosen"]]["held_out"]
        lines += ["", f"Its 90 % intervals hold {100 * found['covered90']:.0f} % of the rows."]
    return "\n".join(lines)


def _with_interval(found: Mapping[str, Any], name: str, *, signed: bool = False) -> str:
    low, high = found[f"{name}_interval95"]
    form = "{:+.4g} [{:+.3g}, {:+.3g}]" if signed else "{:.4g} [{:.3g}, {:.3g}]"
    return form.format(found[name], low, high)


def _calibration(document: Mapping[str, Any]) -> str:
    found = document["models"][document["chosen"]]["held_out"]["by_class"]
    told = [
        f"Class `{name}`: {one['expected_n']:.1f} expected, {one['observed_n']} observed, "
        f"calibration error {one['calibration_error']:.3f}."
        for name, one in found.items()
    ]
    pictures = [f"![{what}]({name})" for name, what in _FIGURES[CLASSIFY]]
    return " ".join(told) + "\n\n" + "\n".join(pictures)


def _rows(document: Mapping[str, Any]) -> str:
    parts, source = document["parts"], document.get("source")
    lines = [f"- of `{source['table']}`, sha256 {source['sha256'][:16]}"] if source else []
    for name, title in (("learnt", "learnt from"), ("held_out", "judged by")):
        one = parts[name]
        lines.append(f"- {title}: {one['n']} rows, {one['from']} to {one['to']}{_balance(one)}")
    lines.append(
        f"- left out between them: {parts['gap_rows']} rows, a gap of {document['gap']:g} "
        f"({document['time_unit']}), since their targets were not known when the judged rows began"
    )
    lines.append(
        f"- options, calibration and the model itself were chosen on {document['n_splits']} blocks "
        "of the first part, each forecast from the blocks before it"
    )
    return "\n".join(lines)


def _balance(part: Mapping[str, Any]) -> str:
    if "classes" not in part:
        return f"; mean {part['mean']:.4g}, sd {part['sd']:.4g}"
    told = [
        f"{name}: {one['n']} ({100 * one['share']:.2g} %)" for name, one in part["classes"].items()
    ]
    return "; " + ", ".join(told)


def _choice(document: Mapping[str, Any]) -> str:
    lines = ["| model | validation | trials | calibration | options |", "|---|---|---|---|---|"]
    for name, one in document["models"].items():
        options = ", ".join(f"{key} {_short(value)}" for key, value in one["options"].items())
        lines.append(
            f"| {name} | {one['validation']:.4g} | {one['n_trials']} | "
            f"{one['calibration'] or ''} | {options} |"
        )
    lines += ["", "All trials: `trials.csv`. Features: " + ", ".join(document["features"]) + "."]
    if document["left_out"]:
        told = "; ".join(f"{name} ({why})" for name, why in document["left_out"].items())
        lines.append(f"Not used: {told}.")
    return "\n".join(lines)


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _use(document: Mapping[str, Any]) -> str:
    column = "`probability`" if len(document["classes"]) == 2 else "what it says"
    return (
        "```sh\nmainshock forecast select --apply THIS_FOLDER --table NEW.csv --out FORECAST.csv\n"
        f"```\n\nThe table needs the features above. Read {column} beside the reference of the "
        "training; `n_outside` above 0 marks rows with features outside what it learnt from."
    )


def _versions(document: Mapping[str, Any]) -> str:
    told = ", ".join(f"{name} {number}" for name, number in document["versions"].items())
    return f"{told}; seed {document['seed']}, {document['seconds']:g} s."
