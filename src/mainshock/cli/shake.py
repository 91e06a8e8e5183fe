"""``mainshock shake``: ground motions with their uncertainty, from records to maps."""

import typer

from mainshock.cli import (
    shake_data,
    shake_evaluate,
    shake_generate,
    shake_map,
    shake_median,
    shake_train,
    shake_tune,
)

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "How the ground shakes for a magnitude, a source and a site: medians with their spread, "
        "accelerograms, maps. The packaged model was trained on made-up records: not for design."
    ),
)
app.command("map")(shake_map.map_)
app.command("median")(shake_median.median)
app.command("simulate")(shake_train.simulate)
app.command("train")(shake_train.train)
app.command("tune")(shake_tune.tune)
app.command("evaluate")(shake_evaluate.evaluate)
app.command("compare")(shake_evaluate.compare)
app.command("residuals")(shake_median.residuals)
app.command("records")(shake_data.records)
app.command("flatfile")(shake_data.flatfile)
app.command("split")(shake_data.split)
app.command("generate")(shake_generate.generate)
