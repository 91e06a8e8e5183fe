"""``mainshock forecast select``: compare models in order of time, on a catalogue or a table."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, say

if TYPE_CHECKING:
    import pandas as pd

    from mainshock.forecast.selection.tabular import TabularSettings
    from mainshock.forecast.selection.user_table import TimedTable

__all__ = ["select"]

_OfTable = "Tables"
_OfCatalogue = "Catalogues"
_Catalogue = Annotated[
    Path | None, typer.Argument(help="Catalogue of earthquakes: CSV or Parquet; or give --table.")
]
_Out = Annotated[
    Path | None, typer.Option(help="Folder of the chosen model; with --apply the table to write.")
]
_Table = Annotated[
    Path | None,
    typer.Option(help="A table of your own: CSV or Parquet.", rich_help_panel=_OfTable),
]
_Target = Annotated[str | None, typer.Option(help="Column to forecast.", rich_help_panel=_OfTable)]
_Time = Annotated[
    str | None,
    typer.Option(help="Column of times, ISO 8601 or numbers.", rich_help_panel=_OfTable),
]
_Task = Annotated[str, typer.Option(help="auto, classify or regress.", rich_help_panel=_OfTable)]
_Features = Annotated[
    str | None,
    typer.Option(help="Columns to learn from, by commas.", rich_help_panel=_OfTable),
]
_Drop = Annotated[
    str | None, typer.Option(help="Columns not to learn from.", rich_help_panel=_OfTable)
]
_Group = Annotated[
    str | None,
    typer.Option(help="Column that names series, such as cells.", rich_help_panel=_OfTable),
]
_Splits = Annotated[
    int,
    typer.Option(min=2, help="Blocks of time that choose options.", rich_help_panel=_OfTable),
]
_Gap = Annotated[
    str | None,
    typer.Option(
        help="How far ahead the target looks: 7d, 12h, or a number in the unit of the times. By "
        "default what its name says, else 0.",
        rich_help_panel=_OfTable,
    ),
]
_TestShare = Annotated[
    float,
    typer.Option(help="Last part of the rows, kept from all choices.", rich_help_panel=_OfTable),
]
_TestFrom = Annotated[
    str | None, typer.Option(help="Instead, the time it begins.", rich_help_panel=_OfTable)
]
_Refit = Annotated[
    bool,
    typer.Option("--refit", help="Fit once more to all rows.", rich_help_panel=_OfTable),
]
_Apply = Annotated[
    Path | None,
    typer.Option(help="Folder of a chosen model: say what it says of --table.",
                 rich_help_panel=_OfTable),
]  # fmt: skip
_Models = Annotated[
    str | None,
    typer.Option(help="Names by commas. Tables: dummy, linear, forest, boosting (all)."),
]
_Trials = Annotated[int, typer.Option(min=1, help="Sets of options tried for each model.")]
_Budget = Annotated[float, typer.Option("--budget-s", help="Seconds for all searches.")]
_Mc = Annotated[
    float | None, typer.Option(help="Magnitude of completeness.", rich_help_panel=_OfCatalogue)
]
_Region = Annotated[
    str | None,
    typer.Option(
        help="W,S,E,N, corners lon,lat;..., a GeoJSON file, or globe.", rich_help_panel=_OfCatalogue
    ),
]
_From = Annotated[
    str | None, typer.Option("--from", help="Start of the targets.", rich_help_panel=_OfCatalogue)
]
_To = Annotated[
    str | None,
    typer.Option("--to", help="End: later events are not read.", rich_help_panel=_OfCatalogue),
]
_History = Annotated[
    str | None, typer.Option(help="Sources since then count.", rich_help_panel=_OfCatalogue)
]
_Folds = Annotated[
    int, typer.Option(min=1, help="Windows forecast in turn.", rich_help_panel=_OfCatalogue)
]
_Search = Annotated[
    list[str] | None,
    typer.Option(
        help="Options of a model to search: 'etas:neighbour=5..20', 'etas:name=1e-3..1:log', "
        "'etas:name=a|b'. Repeatable.",
        rich_help_panel=_OfCatalogue,
    ),
]
_Option = Annotated[
    list[str] | None,
    typer.Option(help="One fixed: 'etas:name=value'. Repeatable.", rich_help_panel=_OfCatalogue),
]
_Incomplete = Annotated[
    bool,
    typer.Option(
        "--allow-incomplete", help="Go on below completeness.", rich_help_panel=_OfCatalogue
    ),
]
_Seed = Annotated[int, typer.Option(help="Of everything drawn.")]
_Threads = Annotated[int | None, typer.Option(help="Processor threads; by default all.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def select(
    catalogue: _Catalogue = None,
    out: _Out = None,
    table: _Table = None,
    target: _Target = None,
    time: _Time = None,
    task: _Task = "auto",
    features: _Features = None,
    drop: _Drop = None,
    group: _Group = None,
    n_splits: _Splits = 5,
    gap: _Gap = None,
    test_share: _TestShare = 0.2,
    test_from: _TestFrom = None,
    refit: _Refit = False,
    apply: _Apply = None,
    models: _Models = None,
    trials: _Trials = 20,
    budget_s: _Budget = 300.0,
    mc: _Mc = None,
    region: _Region = None,
    from_: _From = None,
    to: _To = None,
    history_from: _History = None,
    folds: _Folds = 4,
    search: _Search = None,
    option: _Option = None,
    allow_incomplete: _Incomplete = False,
    seed: _Seed = 0,
    threads: _Threads = None,
    as_json: _Json = False,
) -> None:
    """Compare models in order of time and keep the best: of a catalogue, or of your own table.

    What is judged is always later than what was learnt, and no choice sees it. Scores stand
    beside those of baselines, with 95 % intervals. Every trial is written down.
    """
    given = dict(locals())
    if apply is not None:
        document = _apply(apply, _needed(table, "--table"), _needed(out, "--out"))
    elif table is not None:
        document = _select_on_table(given)
    else:
        from mainshock.cli.forecast_select_catalogue import select_on_catalogue

        document = select_on_catalogue(given)
    if as_json:
        print_json(document)
        return
    _tell(document)


def _needed(value: Path | None, name: str) -> Path:
    from mainshock.core.errors import SettingsError

    if value is None:
        raise SettingsError(f"{name} is missing; `mainshock forecast select --help` lists options")
    return value


def _apply(folder: Path, table: Path, out: Path) -> dict[str, Any]:
    """Write what a saved model says of the rows of a table."""
    from mainshock.core.errors import SettingsError
    from mainshock.core.files import replacing
    from mainshock.forecast.selection.tabular_folder import open_tabular
    from mainshock.forecast.selection.user_table import read_frame

    if out.suffix.lower() not in (".csv", ".parquet"):
        raise SettingsError(f"--out {out} must end in .csv or .parquet when --apply is given")
    model = open_tabular(folder)
    frame = read_frame(table)
    told = model.apply(frame)
    with replacing(out) as written:
        if out.suffix.lower() == ".parquet":
            told.to_parquet(written, index=False)
        else:
            told.to_csv(written, index=False)
    warnings = []
    if n_known := model.n_known(frame):
        warnings.append(
            f"{n_known} rows are no later than the training; what is said of them is no forecast"
        )
    if n_outside := int((told["n_outside"] > 0).sum()):
        warnings.append(f"{n_outside} rows have features outside what the model learnt from")
    return {
        "kind": "applied",
        "model": str(folder),
        "chosen": model.about.get("chosen"),
        "target": model.target,
        "n": len(told),
        "columns": list(map(str, told.columns)),
        "warnings": warnings,
        "out": str(out),
    }


def _select_on_table(given: Mapping[str, Any]) -> dict[str, Any]:
    from mainshock.core.provenance import file_sha256
    from mainshock.forecast.selection.tabular import select_on_table
    from mainshock.forecast.selection.tabular_report import save_selection
    from mainshock.forecast.selection.user_table import prepare_table, read_frame

    if not given["target"]:
        _needed(None, "--target")
    out = _needed(given["out"], "--out")
    frame = _without(read_frame(given["table"]), _listed(given["drop"]))
    table = prepare_table(
        frame,
        given["target"],
        time=given["time"],
        group=given["group"],
        features=_listed(given["features"]) or None,
        task=given["task"],
    )
    selection = select_on_table(table, _settings(given, table), say)
    document = save_selection(
        out, selection, {"table": given["table"].name, "sha256": file_sha256(given["table"])}
    )
    return {**document, "out": str(out)}


def _listed(text: str | None) -> list[str]:
    return [one.strip() for one in (text or "").split(",") if one.strip()]


def _without(frame: "pd.DataFrame", dropped: list[str]) -> "pd.DataFrame":
    from mainshock.core.errors import DataError

    unknown = [name for name in dropped if name not in frame]
    if unknown:
        raise DataError(f"the table has no column {', '.join(unknown)} that --drop could leave out")
    return frame.drop(columns=dropped)


def _settings(given: Mapping[str, Any], table: "TimedTable") -> "TabularSettings":
    from mainshock.cli.forecast_fit import n_threads
    from mainshock.forecast.selection.tabular import TabularSettings
    from mainshock.sources.seismicity.catalogue import days_from_text

    start = given["test_from"]
    return TabularSettings(
        gap=_gap(given, table),
        n_splits=given["n_splits"],
        test_share=given["test_share"],
        test_start=None if start is None else days_from_text(start),
        models=tuple(_listed(given["models"])) or None,
        n_trials=given["trials"],
        budget_s=given["budget_s"],
        seed=given["seed"],
        threads=n_threads(given["threads"]),
        is_refitted=given["refit"],
    )


def _gap(given: Mapping[str, Any], table: "TimedTable") -> float:
    """Return how far ahead the target looks, in the unit of the table's times."""
    from mainshock.core.errors import SettingsError
    from mainshock.forecast.selection.user_table import days_in, horizon_in_name, target_days_of

    text, target = given["gap"], given["target"]
    if text is not None:
        if not table.is_dated and any(letter.isalpha() for letter in text.replace("e", "")):
            raise SettingsError(f"--gap {text}: the table's times are no dates; give a number")
        return days_in(text)
    if not table.is_dated:
        return 0.0
    stated = target_days_of(given["table"]) if target.startswith("target_") else None
    gap = stated or horizon_in_name(target) or 0.0
    if gap:
        say(f"gap: {gap:g} days, as the {'table' if stated else 'name of the target'} says")
    return gap


def _tell(document: Mapping[str, Any]) -> None:
    """Print what was found, for people."""
    for one in document["warnings"]:
        say(f"note: {one}")
    if document["kind"] == "applied":
        print_result(f"{document['n']} rows by {document['chosen']} -> {document['out']}")
        return
    if document["kind"] == "catalogue":
        from mainshock.cli.forecast_select_catalogue import lines_of

        for line in lines_of(document):
            print_result(line)
        return
    for line in _table_lines(document):
        print_result(line)


def _table_lines(document: Mapping[str, Any]) -> list[str]:
    parts = document["parts"]
    second = "brier" if document["task"] == "classify" else "squared_error"
    lines = [
        (
            f"{document['target']}: {parts['learnt']['n']} rows learnt from, "
            f"{parts['held_out']['n']} later ones judged, gap {document['gap']:g}"
        ),
        (
            f"{'model':<12} {'validation':>10} {'log score':>10} {'95 %':>18} {second:>14} "
            f"{'gain':>8} {'95 %':>18}"
        ),
    ]
    for name, one in {**document["models"], **document["baselines"]}.items():
        found = one["held_out"]
        low, high = found["log_score_interval95"]
        gain = found["gain_log_score_interval95"]
        validation = f"{one['validation']:.4f}" if "validation" in one else ""
        mark = "*" if name == document["chosen"] else " "
        lines.append(
            f"{mark}{name:<11} {validation:>10} {found['log_score']:>10.4f} "
            f"{f'{low:.3f} to {high:.3f}':>18} {found[second]:>14.4g} "
            f"{found['gain_log_score']:>+8.4f} {f'{gain[0]:+.3f} to {gain[1]:+.3f}':>18}"
        )
    lines.append(f"* chosen -> {document['out']} (card.md, held_out.csv, trials.csv)")
    return lines
