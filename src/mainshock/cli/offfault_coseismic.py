"""``mainshock offfault coseismic``: whether geometry predicts the efficiency of earthquakes."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.offfault_ke_pairs import CAVEAT
from mainshock.cli.output import print_json, print_result, progress, say

if TYPE_CHECKING:
    import pandas as pd

    from mainshock.offfault.coseismic import CoseismicTest
    from mainshock.offfault.coseismic_features import NetworkProfile
    from mainshock.offfault.fault_map import FaultMap

__all__ = ["coseismic"]

_Rows = list[dict[Any, Any]]  # rows of mixed columns
_Windows = Annotated[
    Path,
    typer.Option(help="Windows with their efficiency as ke-pairs writes them, CSV or Parquet."),
]
_Lines = Annotated[
    Path, typer.Option(help="GeoJSON of lines with eq_name: where distance is counted.")
]
_Traces = Annotated[
    list[Path] | None,
    typer.Option(help="Fault map named EVENT_traces.geojson (or .gz, .shp); repeatable."),
]
_Predict = Annotated[
    Path | None,
    typer.Option(help="Also predict these windows (eq_name, s0_km, s1_km) from the others."),
]


def coseismic(
    windows: _Windows,
    reference_lines: _Lines,
    pairs: Annotated[Path | None, typer.Option(help="Pairs with geology, CSV or Parquet.")] = None,
    traces: _Traces = None,
    model: Annotated[
        str | None, typer.Option(help="Also what this model of efficiency sees in the traces.")
    ] = None,
    predict: _Predict = None,
    predictor: Annotated[
        str, typer.Option(help="For --predict: constant, event, geology, geometry or network.")
    ] = "event",
    buffer_km: Annotated[
        float, typer.Option(min=0.0, help="Windows nearer than this are left out as well.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for report, figure and tables; made where missing.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Test whether geometry predicts the efficiency of earthquakes better than their mean does.

    With --out: predictions.csv, features.csv, predictions.png and report.html.
    """
    from mainshock.offfault.coseismic import score_coseismic
    from mainshock.offfault.slip_tables import read_table

    with progress("testing") as step:
        step("features")
        with_features = _features(reference_lines, pairs, traces or [], model)
        table = with_features(read_table(windows))
        step("predictions")
        found = score_coseismic(table, buffer_km=buffer_km, seed=seed)
        asked = None if predict is None else with_features(read_table(predict))
        predicted = [] if asked is None else _predicted(table, asked, predictor)
    paths = {} if out is None else _write(out, table, found)
    if as_json:
        tables = {"predictions": found.predictions.to_dict("records"), "predicted": predicted}
        print_json(
            {
                "n_windows": len(table),
                "scores": [asdict(one) for one in found.scores],
                "correlations": found.correlations,
                "network_as_is": found.network_as_is,
                "geometry_adds": found.geometry_adds,
                "sentence": found.sentence,
                "predictor": predictor,
                **tables,
                "paths": paths,
                "caveat": CAVEAT,
            }
        )
        return
    _print(found, predicted)


def _features(
    lines: Path, pairs: Path | None, traces: list[Path], model: str | None
) -> "Callable[[pd.DataFrame], pd.DataFrame]":
    """Return what adds to windows all that is known of them."""
    from mainshock.offfault.coseismic_features import window_features
    from mainshock.offfault.fault_map_files import read_fault_map
    from mainshock.offfault.slip_tables import read_ke_pairs, read_reference_lines

    return partial(
        window_features,
        lines=read_reference_lines(lines),
        pairs=None if pairs is None else read_ke_pairs(pairs),
        traces={
            path.name.split(".")[0].removesuffix("_traces"): read_fault_map(path) for path in traces
        },
        network=None if model is None else _network(model),
    )


def _network(model: str) -> "NetworkProfile":
    """Return what takes a fault map to places and efficiencies along it."""
    from mainshock.offfault.comparison import open_model
    from mainshock.offfault.profile import efficiency_profile

    efficiency = open_model(model)

    def profile(fault_map: "FaultMap") -> "tuple[Any, Any, Any]":  # three arrays of floats
        found = efficiency_profile(fault_map, efficiency)
        return found.longitude, found.latitude, found.efficiency.ke

    return profile


def _predicted(table: "pd.DataFrame", asked: "pd.DataFrame", predictor: str) -> _Rows:
    """Return predictions of windows by a model of all windows that were measured."""
    from mainshock.offfault.coseismic import CoseismicModel

    found = CoseismicModel(predictor).fit(table).predict(asked)
    rows = asked[["eq_name", "s0_km", "s1_km"]].assign(
        ke=found.ke, lo90=found.lo90, hi90=found.hi90
    )
    return rows.to_dict("records")


def _write(out: Path, table: "pd.DataFrame", found: "CoseismicTest") -> dict[str, str]:
    """Write tables, figure and report of a test and return their paths."""
    from mainshock.core.files import make_folder, replacing
    from mainshock.offfault.coseismic_report import write_coseismic_report

    make_folder(out)
    paths = {}
    for name, one in {"predictions": found.predictions, "features": table}.items():
        with replacing(out / f"{name}.csv") as temporary:
            one.round(4).to_csv(temporary, index=False)
        paths[name] = str(out / f"{name}.csv")
    report = write_coseismic_report(out / "report.html", found)
    return {**paths, "report": str(report), "figure": str(out / "predictions.png")}


def _print(found: "CoseismicTest", predicted: _Rows) -> None:
    print_result("left out  predictor   error  cover 90 %  width")
    for one in found.scores:
        print_result(
            f"{one.scheme:9s} {one.predictor:10s} {one.mae:6.3f}  {one.coverage90:10.2f}  "
            f"{one.width90:5.2f}"
        )
    if found.network_as_is is not None:
        print_result(
            f"the network by itself: error {found.network_as_is['mae']:.3f}, on average "
            f"{found.network_as_is['bias']:+.3f} off"
        )
    print_result(found.sentence)
    for row in predicted:
        print_result(
            f"{row['eq_name']} {row['s0_km']:g} to {row['s1_km']:g} km: {row['ke']:.2f} "
            f"({row['lo90']:.2f} to {row['hi90']:.2f})"
        )
    say(CAVEAT)
