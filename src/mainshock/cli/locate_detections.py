"""``mainshock locate`` on tables of EQTransformer and EQNeMix."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mainshock.cli.locate_report import report_located
from mainshock.cli.output import progress, say
from mainshock.core.errors import SettingsError
from mainshock.core.files import make_folder

if TYPE_CHECKING:
    from mainshock.pipeline.location_setup import LocationSetup

__all__ = ["locate_detection_table", "refuse_unused"]

_OF_RECORDS = ("one_event_per_file", "max_depth", "magnitude", "distance_correction", "jobs")
_OF_OUR_MODEL = ("velocity", "model_error", "terms", "catalogue", "sampler")


def refuse_unused(context: typer.Context, *, is_legacy: bool, has_clusters: bool) -> None:
    """Raise where an option was given that a run on a detection table would not heed.

    Raises
    ------
    SettingsError
        If there is one; the message names it and the remedy.
    """
    reasons = dict.fromkeys(
        _OF_RECORDS,
        "does not go with a table of detections, each row of which is one event without records",
    )
    if is_legacy:
        told = "does not go with --legacy: EQNeMix's own model has no such setting"
        reasons |= dict.fromkeys(_OF_OUR_MODEL, told)
    elif has_clusters:
        reasons["catalogue"] = "does not go with --clusters: an event has one prior, and both are"
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in reasons and context.params.get(name) != parameter.default:
            raise SettingsError(f"{parameter.opts[0]} {reasons[name]}; leave it out")


def locate_detection_table(
    files: tuple[Path, Path | None, Path | None, Path | None],
    setup: "LocationSetup",
    out: Path,
    seed: int,
    *,
    figures: int,
    is_legacy: bool,
    as_json: bool,
) -> None:
    """Locate every detection; beside the usual results write eqnemix.csv with its own columns."""
    import numpy as np

    from mainshock.locate.legacy import LegacyLocation
    from mainshock.pipeline.double_confirmation import located_picks
    from mainshock.pipeline.eqnemix_run import DetectionFiles, locate_detections, stations_of
    from mainshock.pipeline.eqnemix_table import write_eqnemix

    detections = DetectionFiles(*files)
    if is_legacy and detections.clusters is None:
        raise SettingsError("--legacy needs --clusters FILE: EQNeMix knows no place without them")
    make_folder(out)
    sites = list(stations_of(detections))
    method = LegacyLocation() if is_legacy else setup.method(setup.travel_times(), sites)
    with progress("locating") as advance:
        run = locate_detections(
            detections, method, np.random.default_rng(seed), is_legacy=is_legacy, progress=advance
        )
    for warning in run.warnings:
        say(f"warning: {warning}")
    write_eqnemix(out / "eqnemix.csv", run.located)
    located = located_picks(run.located)
    left_out = [(item.what, item.reason) for item in (*run.not_used, *located.not_used)]
    drawn = (figures, sites) if figures else None
    report_located(located, left_out, out, figures=drawn, as_json=as_json)
