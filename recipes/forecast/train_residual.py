"""Trains the learned factor on Southern California and scores it against plain ETAS.

Run ``python recipes/forecast/train_residual.py --data FOLDER`` with a folder of catalogues. ETAS
and networks are fitted to 1985-2000, the number of steps is chosen on 2000-2005, and both models
are scored on 2005-2014; later years are not looked at. A second line is for the model as
``forecast fit`` makes it from 1985-2005. The last line compares simulated with expected counts of a
day in an active sequence, given the events of one year.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from mainshock.forecast.base import FitSettings, as_history
from mainshock.forecast.count_calibration import consistency
from mainshock.forecast.evaluate import evaluate_model
from mainshock.forecast.region import Region
from mainshock.forecast.registry import RATE_MODELS
from mainshock.forecast.residual.model import RESIDUAL, ResidualEtas
from mainshock.sources.seismicity.catalogue import Catalogue, days_from_text
from mainshock.sources.seismicity.read import read_seismicity

FILE = "socal_scedc_m30_train.parquet"
REGION = Region.box(-122.0, 32.0, -114.0, 37.0)
START, CUT, MIDDLE, END = map(
    days_from_text, ("1985-01-01", "2000-01-01", "2005-01-01", "2014-01-01")
)
ACTIVE = days_from_text("2010-04-06")  # two days after the El Mayor-Cucapah earthquake, M 7.2


def main() -> None:
    """Fit, score, print a line of JSON each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the catalogues")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bound", type=float, default=1.0)
    parser.add_argument("--n-sim", type=int, default=200, help="catalogues of the last check")
    parser.add_argument("--chosen-only", action="store_true", help="only what 2000-2005 says")
    given = parser.parse_args()
    catalogue = read_seismicity(given.data / FILE).between(-float("inf"), END)
    settings = FitSettings(START, CUT, 3.0, REGION, seed=given.seed, options={"bound": given.bound})
    begun = time.process_time()
    chosen = RESIDUAL.fit_until(catalogue, settings, MIDDLE)
    say("fitted to 1985-2000, steps chosen on 2000-2005", chosen, begun)
    if given.chosen_only:
        return
    print(json.dumps(scored(catalogue, chosen)), flush=True)
    begun = time.process_time()
    usual = RESIDUAL.fit(catalogue, replace(settings, end_days=MIDDLE))
    say("fitted to 1985-2005 as `forecast fit` does", usual, begun)
    print(json.dumps(scored(catalogue, usual)), flush=True)
    known = as_history(catalogue, usual.info.settings, ACTIVE).between(ACTIVE - 365.0, ACTIVE)
    apart, error = consistency(usual, known, ACTIVE, 1.0, given.n_sim, given.seed)
    expected = usual.integral(known, ACTIVE, ACTIVE + 1.0)
    print(json.dumps({"simulated_less_expected": apart, "error": error, "direct": expected}))


def say(title: str, model: ResidualEtas, begun: float) -> None:
    """Print what a fit gave."""
    learnt = {
        name: value
        for name, value in model.info.parameters.items()
        if name.startswith("correction")
    }
    cpu_s = round(time.process_time() - begun, 1)
    print(json.dumps({"model": title, **learnt, "cpu_s": cpu_s}), flush=True)


def scored(catalogue: Catalogue, model: ResidualEtas) -> dict[str, Any]:
    """Return the gain over the ETAS model inside, and over ETAS fitted to the same window."""
    settings = replace(model.info.settings, options={})
    known = as_history(catalogue, settings, MIDDLE)
    etas = RATE_MODELS.load("etas").fit(catalogue, settings)
    found = evaluate_model(model, known, catalogue, MIDDLE, END, baseline=etas, n_boot=2000)
    low, high = found.interval95
    return {
        "n": found.n,
        "blocks": len(found.rows.blocks),
        "ll_per_event": found.model.ll_per_event,
        "etas_ll_per_event": found.baseline.ll_per_event,
        "gain_over_etas": found.igpe,
        "interval95": [low, high],
        "expected_n": found.expected_n,
        "etas_expected_n": float(found.baseline.expected.sum()),
    }


if __name__ == "__main__":
    main()
