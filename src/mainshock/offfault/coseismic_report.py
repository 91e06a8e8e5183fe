"""Page and figure of the coseismic test: predicted beside observed, and what it means."""

import base64
import io
from importlib.resources import files
from pathlib import Path

import pandas as pd
from jinja2 import Environment, StrictUndefined
from matplotlib.figure import Figure

from mainshock import __version__
from mainshock.core.errors import DataError
from mainshock.core.files import make_folder, replacing
from mainshock.offfault.coseismic import CoseismicTest

__all__ = ["plot_predictions", "write_coseismic_report"]

_TITLES = {
    "window": "Each window without it and its neighbours; other windows of its event are known",
    "event": "Each event without it: what to expect of an earthquake without measurements",
}
_REFERENCES = {"window": "the mean of the event", "event": "the constant"}
_COLOURS = {
    "constant": "#999999", "event": "#0072b2", "geology": "#e69f00", "geometry": "#d55e00",
    "network": "#009e73",
}  # fmt: skip


def plot_predictions(
    predictions: pd.DataFrame,
    predictors: tuple[str, ...] = ("constant", "event", "geometry", "network"),
) -> Figure:
    """Return one panel an event: observed efficiency of each window beside predicted intervals.

    Parameters
    ----------
    predictions
        Of a :class:`~mainshock.offfault.coseismic.CoseismicTest`; windows left out one by one.
    predictors
        Which to draw, those that are there.

    Raises
    ------
    DataError
        If there is nothing to draw.
    """
    table = predictions[predictions["scheme"] == "window"]
    drawn = [name for name in predictors if (table["predictor"] == name).any()]
    events = list(dict.fromkeys(table["eq_name"]))
    if not drawn:
        raise DataError(f"none of {', '.join(predictors)} is among the predictions")
    figure = Figure(figsize=(9.0, 2.9 * len(events)), layout="constrained")
    for axes, event in zip(
        figure.subplots(len(events), 1, squeeze=False)[:, 0], events, strict=True
    ):
        of_event = table[table["eq_name"] == event]
        for number, name in enumerate(drawn):
            one = of_event[of_event["predictor"] == name]
            middle, width = 0.5 * (one["s0_km"] + one["s1_km"]), one["s1_km"] - one["s0_km"]
            place = middle + 0.16 * width * (number - 0.5 * (len(drawn) - 1))
            error = [(one["ke"] - one["lo90"]).clip(0), (one["hi90"] - one["ke"]).clip(0)]
            axes.errorbar(
                place, one["ke"], yerr=error, fmt="o", markersize=3, linewidth=1.1,
                color=_COLOURS.get(name, "#444444"), label=name,
            )  # fmt: skip
        axes.hlines(
            one["observed"],
            one["s0_km"],
            one["s1_km"],
            color="black",
            linewidth=2,
            label="observed",
        )
        axes.set_title(str(event), fontsize=10, loc="left")
        axes.set_ylabel("coseismic KE")
        axes.set_ylim(bottom=0.0)
        axes.set_xlabel("distance along the rupture (km)")
    axes.legend(fontsize=8, ncols=len(drawn) + 1, loc="lower right")
    return figure


def write_coseismic_report(path: Path, found: CoseismicTest) -> Path:
    """Write the page, and the figure as ``predictions.png`` beside it; return the page's path."""
    png = io.BytesIO()
    plot_predictions(found.predictions).savefig(png, dpi=130, format="png")
    make_folder(path.parent)
    with replacing(path.parent / "predictions.png") as partial:
        partial.write_bytes(png.getvalue())
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("mainshock") / "offfault" / "templates" / "coseismic.html.j2"
    page = environment.from_string(source.read_text(encoding="utf-8")).render(
        sentence=found.sentence,
        scores=found.scores,
        correlations=found.correlations,
        network=found.network_as_is,
        titles=_TITLES,
        references=_REFERENCES,
        figure_uri=f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}",
        version=__version__,
    )
    with replacing(path) as partial:
        partial.write_text(page, encoding="utf-8")
    return path
