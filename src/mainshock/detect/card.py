"""The card of a trained picker: what it is for, how well it does, and when not to trust it."""

from collections.abc import Sequence

import numpy as np

from mainshock.core.records import PHASES
from mainshock.detect.evaluate import TOLERANCES_S, WindowResult, score_windows
from mainshock.learn.models import ModelManifest

__all__ = ["picker_card"]

_REPEATS = 200
_TEMPLATE = """# {name} {version}

{description}. Weights: {licence}. Architecture: {architecture}.

## Purpose
{purpose}

## Data
{n_windows} training windows: {sets}. Real records only; phases
without a label are masked in loss and score. Split: {split}.

## Preprocessing
Resampled to {rate_hz:g} Hz; windows of
{n_samples} samples; each component to zero mean and unit standard
deviation; a missing component is zero.

## Scores on the development windows
Thresholds and calibration were chosen on these same windows, so take the scores as optimistic.
Intervals: 95 %, bootstrap over windows. Every surplus pick is false.

| phase | within | F1 | 95 % | precision | recall | n | mean abs. error |
|---|---|---|---|---|---|---|---|
{scores}

Noise windows with a pick: {n_alarms} of {n_noise}.

## Calibration
{calibration}

The fitted sigma covers {coverage} of the development residuals within one sigma
(68 % is right).

## Beware
{beware}
* The network confuses P and S where only one of them is in the window, most of all on vertical
  components alone.
* Sigma describes the timing of a right pick; a wrong pick is what `probability` is about, and
  that probability is not calibrated yet.
* A window is scaled as a whole: in a dense swarm, an event much smaller than another one within
  30 s is usually missed.
* Records below 40 Hz carry less than the network expects; expect later and fewer picks.

## Repeat
`mainshock detect train recipes/picker/phasenet.yaml --data DATA --out MODEL_DIR`
(seeds {seeds}, {steps} steps in all).

## Cite
Zhu and Beroza (2019), https://doi.org/10.1093/gji/ggy423; SeisBench: Woollam et al. (2022),
https://doi.org/10.1785/0220210324; and the networks that recorded the data.
"""


def picker_card(manifest: ModelManifest, results: Sequence[WindowResult]) -> str:
    """Return the card as Markdown, with bootstrap intervals over windows."""
    training = manifest.training
    sets = ", ".join(f"{name} {count}" for name, count in training["traces_by_dataset"].items())
    rules = manifest.settings["rules"]
    calibration = "\n".join(
        f"* {phase}: threshold {rule['threshold']:.2f}, bias removed {rule['bias_s']:+.3f} s, "
        f"sigma = hypot({rule['sigma_floor_s']:.3f} s, {rule['sigma_per_width']:.2f} x peak width)"
        for phase, rule in rules.items()
    )
    noise = score_windows(results)["noise_windows"]
    return _TEMPLATE.format(
        name=manifest.name,
        version=manifest.version,
        description=manifest.description,
        licence=manifest.licence,
        architecture=training["architecture"],
        n_windows=sum(training["traces_by_dataset"].values()),
        sets=sets,
        split=training["split"],
        rate_hz=manifest.settings["sampling_rate_hz"],
        n_samples=manifest.settings["window_samples"],
        purpose=training["purpose"],
        beware="\n".join(f"* {warning}" for warning in training["beware"]),
        scores=_score_rows(results),
        n_alarms=noise["with_pick"],
        n_noise=noise["n"],
        calibration=calibration,
        coverage=_coverage(results),
        seeds=", ".join(map(str, training["seeds"])),
        steps=training["steps"],
    )


def _score_rows(results: Sequence[WindowResult]) -> str:
    rng = np.random.default_rng(0)
    draws = [rng.integers(0, len(results), len(results)) for _ in range(_REPEATS)]
    resampled = [score_windows([results[index] for index in draw])["phases"] for draw in draws]
    phases = score_windows(results)["phases"]
    rows = []
    for phase in PHASES:
        for tolerance in map(str, TOLERANCES_S):
            score = phases[phase][tolerance]
            spread = [sample[phase][tolerance]["f1"] for sample in resampled]
            low, high = np.percentile(spread, [2.5, 97.5])
            error = score["mae_s"]
            rows.append(
                f"| {phase} | {tolerance} s | {score['f1']:.3f} | {low:.3f} to {high:.3f} | "
                f"{score['precision']:.3f} | {score['recall']:.3f} | {score['n']} | "
                f"{'-' if error is None else f'{error:.3f} s'} |"
            )
    return "\n".join(rows)


def _coverage(results: Sequence[WindowResult]) -> str:
    inside: list[bool] = []
    for result in results:
        for phase, label in result.arrivals_s.items():
            pairs = zip(result.picked_s[phase], result.sigma_s[phase], strict=True)
            inside.extend(
                abs(time - label) <= sigma for time, sigma in pairs if abs(time - label) <= 0.5
            )
    return f"{np.mean(inside):.0%} (n {len(inside)})" if inside else "none"
