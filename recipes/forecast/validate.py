"""Fits models to the earlier part of catalogues and scores them on the later part.

Run ``python recipes/forecast/validate.py --data FOLDER`` with a folder of catalogues; prints the
table of the card. The windows end where the years begin that are kept for tests.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from mainshock.forecast.base import FitSettings, RateModel, as_history
from mainshock.forecast.evaluate import Evaluation, evaluate_model
from mainshock.forecast.region import Region, region_around
from mainshock.forecast.registry import RATE_MODELS
from mainshock.sources.seismicity.catalogue import Catalogue, days_from_text
from mainshock.sources.seismicity.read import read_seismicity


@dataclass(frozen=True, slots=True)
class Trial:
    """A catalogue and its windows."""

    title: str
    file: str
    mc: float
    start: str
    middle: str
    end: str
    region: Region | None = None


SOUTHERN_CALIFORNIA = Region.box(-122.0, 32.0, -114.0, 37.0)
TRIALS = (
    Trial("Southern California (SCEDC)", "socal_scedc_m30_train.parquet", 3.0,
          "1985-01-01", "2005-01-01", "2014-01-01", SOUTHERN_CALIFORNIA),
    Trial("the same, other years", "socal_scedc_m30_train.parquet", 3.0,
          "1985-01-01", "1995-01-01", "2005-01-01", SOUTHERN_CALIFORNIA),
    Trial("Italy (INGV)", "italy_ingv_m21_train.parquet", 2.5,
          "2005-04-17", "2012-01-01", "2016-01-01"),
    Trial("San Jacinto (QTM)", "sanjacinto_qtm_m10_train.parquet", 1.0,
          "2008-01-01", "2014-01-01", "2016-01-01"),
    Trial("New Zealand (GeoNet)", "nz_geonet_m30_train.parquet", 3.0,
          "2014-11-14", "2016-04-01", "2016-10-31"),
    Trial("world (ComCat)", "global_usgs_m50_2013_2023_train.parquet", 5.0,
          "2013-01-01", "2015-01-01", "2016-01-01", Region.globe()),
    Trial("world (Global CMT)", "global_gcmt_train.parquet", 5.5,
          "1976-01-01", "2006-01-01", "2016-01-01", Region.globe()),
)  # fmt: skip
KINDS = ("poisson-adaptive", "etas-homogeneous", "etas")


def main() -> None:
    """Fit, score, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the catalogues")
    parser.add_argument("--kind", action="append", help="kind of model; repeatable")
    chosen = parser.parse_args()
    print("| catalogue | model | events | LL/event | expected | gain over Poisson (95 %) | CPU s |")
    print("|---|---|---|---|---|---|---|")
    for trial in TRIALS:
        catalogue = read_seismicity(chosen.data / trial.file)
        for kind in chosen.kind or KINDS:
            model = fitted(catalogue, trial, kind)
            print(row(trial, kind, model, score(catalogue, trial, model)), flush=True)


def fitted(catalogue: Catalogue, trial: Trial, kind: str) -> RateModel:
    """Return the model of the earlier window."""
    region = trial.region or region_around(catalogue.longitude, catalogue.latitude)
    settings = FitSettings(
        days_from_text(trial.start), days_from_text(trial.middle), trial.mc, region
    )
    return RATE_MODELS.load(kind).fit(catalogue, settings)


def score(catalogue: Catalogue, trial: Trial, model: RateModel) -> Evaluation:
    """Return the scores in the later window."""
    start, end = days_from_text(trial.middle), days_from_text(trial.end)
    known = as_history(catalogue, model.info.settings, start)
    return evaluate_model(model, known, catalogue, start, end)


def row(trial: Trial, kind: str, model: RateModel, found: Evaluation) -> str:
    """Return the line of a table."""
    said = found.as_dict()
    low, high = said["interval95"]
    return (
        f"| {trial.title}, M {trial.mc:g}, {trial.middle[:4]}-{trial.end[:4]} | `{kind}` "
        f"| {said['n']} | {said['ll_per_event']:.3f} | {said['expected_n']:.0f} "
        f"| {said['igpe_vs_poisson_adaptive']:.2f} ({low:.2f} to {high:.2f}) "
        f"| {model.info.cpu_s:.1f} |"
    )


if __name__ == "__main__":
    main()
