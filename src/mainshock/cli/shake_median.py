"""``mainshock shake median`` and ``shake residuals``: median motions, and residuals split."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, say
from mainshock.core.errors import DataError, NothingFoundError, SettingsError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["median", "residuals"]


def median(
    scenarios: Annotated[Path, typer.Option(help="Table of scenarios (.csv or .parquet).")],
    out: Annotated[Path, typer.Option(help="Table to write (.csv or .parquet).")],
    model: Annotated[str, typer.Option(help="Name or folder of a trained model.")] = "default",
    measure: Annotated[
        list[str] | None, typer.Option(help="Measure to give; repeatable. Without: all.")
    ] = None,
) -> None:
    """Give the median motion of scenarios with its spread: Fourier amplitudes, peaks, spectra.

    Natural logarithms, SI units. ``_sd`` is the whole spread of one record, ``_sd_epistemic`` the
    part that more data would take away; ``extrapolation`` marks rows outside the training data,
    ``is_synthetic`` a model that was trained on made-up records.
    """
    from mainshock.shaking.measures import MEASURES
    from mainshock.shaking.scenarios import scenarios_from_table
    from mainshock.shaking.training import open_model
    from mainshock.sources.table_files import write_table

    table = _read(scenarios)
    opened = open_model(model)
    if opened.is_synthetic:
        say(f"{opened.name} was trained on made-up records: not for design use")
    public = [one for one in MEASURES if one in opened.motions.measures]
    asked = scenarios_from_table(table, opened.origin)
    motions = opened.motions.predict(asked, measure or public)
    columns: dict[str, Any] = {}
    for i, name in enumerate(motions.measures):
        columns[name] = motions.mean[:, i]
        columns[f"{name}_sd"] = motions.sd[:, i]
        columns[f"{name}_sd_epistemic"] = motions.sd_epistemic[:, i]
    columns |= {"extrapolation": motions.is_extrapolated, "is_synthetic": opened.is_synthetic}
    write_table(out, table.drop(columns=[one for one in columns if one in table]).assign(**columns))
    outside = int(motions.is_extrapolated.sum())
    told = f"{len(motions.measures)} measures of {len(table)} scenarios -> {out}"
    if outside:
        told += f"; {outside} lie beyond the training data, their spread is widened"
    print_result(told)


def _read(path: Path) -> "pd.DataFrame":
    """Return a table as it stands.

    Raises
    ------
    DataError
        If it cannot be read, or has no rows.
    """
    import pandas as pd

    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a table: {error}") from error
    if table.empty:
        raise NothingFoundError(f"{path} has no rows; give one scenario or record a row")
    return table


def residuals(
    train: Annotated[Path, typer.Option(help="Table of records to learn from.")],
    test: Annotated[Path, typer.Option(help="Table of records to judge on.")],
    targets: Annotated[str, typer.Option(help="Columns, with commas between.")],
    event: Annotated[
        str | None, typer.Option(help="Column of the event; eqid, event_id or event.")
    ] = None,
    station: Annotated[
        str | None, typer.Option(help="Column of the station; sta_id or station.")
    ] = None,
    terms: Annotated[
        str | None,
        typer.Option(
            help="Only station, pairs or fields; without: all, weighed on training events."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Split residuals into what stations, paths and places repeat, and judge it on other records.

    Terms are fitted to the training table alone; an event of the test table has no term. A station
    is known where the training table has a value of the target there.
    """
    from mainshock.shaking.observations import scenarios_of_observations
    from mainshock.shaking.residuals import CANDIDATES, score
    from mainshock.shaking.scenarios import numbers_of

    if terms is not None and terms not in CANDIDATES:
        raise SettingsError(f"no terms {terms!r}; give one of {', '.join(CANDIDATES)}")
    tables = [_read(train), _read(test)]
    places = [scenarios_of_observations(one, event=event, station=station) for one in tables]
    found = {}
    for name in [one.strip() for one in targets.split(",") if one.strip()]:
        missing = [path for path, one in zip((train, test), tables, strict=True) if name not in one]
        if missing:
            raise DataError(f"{missing[0]} has no column {name!r}; name one that both tables have")
        here, there = (numbers_of(one, name) for one in tables)
        found[name] = score(places[0], here, places[1], there, terms=terms)
    if as_json:
        print_json({"targets": {name: asdict(one) for name, one in found.items()}})
        return
    for name, one in found.items():
        print_result(
            f"{name}: sd {one.sd_ergodic_known:.3f} ergodic, {one.sd_nonergodic_known:.3f} "
            f"non-ergodic at {one.n_known} records of known stations; "
            f"{one.sd_nonergodic:.3f} at all {one.n}"
        )
