"""``mainshock forecast``: probabilities of earthquakes, and how good they are."""

import typer

from mainshock.cli import (
    forecast_evaluate,
    forecast_features,
    forecast_fit,
    forecast_live,
    forecast_report,
    forecast_select,
    forecast_simulate,
)

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Probabilities of earthquakes in a region, a window and a range of magnitudes, beside "
        "their long-term values. Earthquakes cannot be predicted; these are research forecasts."
    ),
)
app.command("fit")(forecast_fit.fit)
app.command("simulate")(forecast_simulate.simulate)
app.command("evaluate")(forecast_evaluate.evaluate)
app.command("report")(forecast_report.report)
app.command("features")(forecast_features.features)
app.command("select")(forecast_select.select)
app.command("live")(forecast_live.live)
