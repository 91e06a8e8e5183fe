"""The card of a trained picker: what it is for, how well it does, and when not to trust it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mainshock.core.records import PHASES
from mainshock.detect.evaluate import TOLERANCES_S, WindowResult, score_windows
from mainshock.learn.models import ModelManifest

__all__ = ["ensemble_card", "picker_card"]

_REPEATS = 200
_TEMPLATE = """# {name} {version}

{description}. Weights: {licence}. Architecture: {architecture}.

## Purpose
{purpose}

## Data
{n_windows} training traces: {sets}. Phases without a label are masked in loss and score.
{data_notes}

Learning: {learning}

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

`probability` is the probability that a pick at a peak of this height is right within 0.5 s, on
records like the development windows. Stated against found, out of fold (blocks of neighbouring
windows), peaks stated at 0.05 and above:

{reliability}

The time bias is that of the sets {timing}, whose labels
agree with the onset. Sigma is fitted to the residuals of all sets, whose analysts differ by up to
0.1 s in what they call the onset: it covers {coverage} of the development residuals within one
sigma (68 % is right), and is wide for a sharp onset.

False picks an hour in the noise windows: {false_picks}.

## Beware
{beware}
* The network confuses P and S where only one of them is in the window, most of all on vertical
  components alone.
* Probabilities hold where earthquakes are as frequent as in the development windows, one in 30 s;
  in a quiet record fewer picks are right than they say.
* A window is scaled as a whole: in a dense swarm, an event much smaller than another one within
  30 s is usually missed.
* Records below 40 Hz carry less than the network expects; expect later and fewer picks.

## Repeat
`mainshock detect train RECIPE --data DATA{records} --out MODEL_DIR`, RECIPE being `recipe.yaml` of
this folder (seeds {seeds}, {steps} steps in all).

## Cite
Zhu and Beroza (2019), https://doi.org/10.1093/gji/ggy423; SeisBench: Woollam et al. (2022),
https://doi.org/10.1785/0220210324; and the networks that recorded the data.
"""


_ENSEMBLE_TEMPLATE = """# {name} {version}

{description}.

## Purpose
Archives and second looks, where a right pick matters more than speed: it runs every member.

## How it works
The curves of {members} are joined: their logits are added with the weights below, and P is moved
halfway to the onset beside it (Akaike criterion, at most 0.15 s away).

| phase | intercept | {members_header} |
|---|---|{rule}|
{weights}

## Scores on the development windows
Weights and thresholds were fitted on these same windows, so take the scores as optimistic; the
stations of the swarms among them were in the training of PhaseNet, though not their later events.
Intervals: 95 %, bootstrap over windows. Every surplus pick is false.

| phase | within | F1 | 95 % | precision | recall | n | mean abs. error |
|---|---|---|---|---|---|---|---|
{scores}

Noise windows with a pick: {n_alarms} of {n_noise}.

## Calibration
{calibration}

Stated probability against the share that is right within 0.5 s, at the peaks of the members' mean
curve; each block of neighbouring windows by weights fitted on the others:

{reliability}

False picks an hour in the noise windows: {false_picks}.

## Beware
{beware}

## Repeat
`mainshock detect ensemble recipes/picker/ensemble.yaml --data DATA --out MODEL_DIR`

## Cite
Mousavi et al. (2020), https://doi.org/10.1038/s41467-020-17591-w; Zhu and Beroza (2019),
https://doi.org/10.1093/gji/ggy423; and the networks that recorded the data.
"""


def ensemble_card(manifest: ModelManifest, results: Sequence[WindowResult]) -> str:
    """Return the card of an ensemble as Markdown, with bootstrap intervals over windows."""
    members = [f"`{name}`" for name in manifest.training["members"]]
    weights = manifest.settings["weights"]
    noise = score_windows(results)["noise_windows"]
    return _ENSEMBLE_TEMPLATE.format(
        name=manifest.name,
        version=manifest.version,
        description=manifest.description,
        members=", ".join(members),
        members_header=" | ".join(members),
        rule="---|" * (len(members) - 1) + "---",
        weights="\n".join(
            f"| {phase} | {weights[phase]['intercept']:.2f} | "
            + " | ".join(f"{slope:.2f}" for slope in weights[phase]["slopes"])
            + " |"
            for phase in PHASES
        ),
        scores=_score_rows(results),
        n_alarms=noise["with_pick"],
        n_noise=noise["n"],
        calibration=_rule_lines(manifest),
        reliability=_reliability_rows(manifest),
        false_picks=_false_picks(manifest),
        beware="\n".join(f"* {warning}" for warning in manifest.training["beware"]),
    )


def picker_card(manifest: ModelManifest, results: Sequence[WindowResult]) -> str:
    """Return the card as Markdown, with bootstrap intervals over windows."""
    training = manifest.training
    sets = ", ".join(f"{name} {count}" for name, count in training["traces_by_dataset"].items())
    noise = score_windows(results)["noise_windows"]
    return _TEMPLATE.format(
        name=manifest.name,
        version=manifest.version,
        description=manifest.description,
        licence=manifest.licence,
        architecture=training["architecture"],
        n_windows=sum(training["traces_by_dataset"].values()),
        sets=sets,
        data_notes=training["data_notes"],
        rate_hz=manifest.settings["sampling_rate_hz"],
        n_samples=manifest.settings["window_samples"],
        purpose=training["purpose"],
        learning=_learning(training),
        reliability=_reliability_rows(manifest),
        false_picks=_false_picks(manifest),
        timing=", ".join(training["timing_datasets"]) or "of all windows",
        beware="\n".join(f"* {warning}" for warning in training["beware"]),
        scores=_score_rows(results),
        n_alarms=noise["with_pick"],
        n_noise=noise["n"],
        calibration=_rule_lines(manifest),
        coverage=_coverage(results),
        seeds=", ".join(map(str, training["seeds"])),
        steps=training["steps"],
        records=" --records SDS" if "records" in training["data"] else "",
    )


def _rule_lines(manifest: ModelManifest) -> str:
    return "\n".join(
        f"* {phase}: threshold {rule['threshold']:.2f}, bias removed {rule['bias_s']:+.3f} s, "
        f"sigma = hypot({rule['sigma_floor_s']:.3f} s, {rule['sigma_per_width']:.2f} x peak width)"
        for phase, rule in manifest.settings["rules"].items()
    )


def _learning(training: Mapping[str, Any]) -> str:
    parts = [f"weights averaged over {len(training['seeds'])} seeds"]
    if training["start"]:
        parts.append(
            f"each started from the weights of `{training['start']}`, which count "
            f"{training['start_share']:.0%} in the average"
        )
    if "records" in training["traces_by_dataset"]:
        parts.append("`records` are minutes of continuous record in which two teachers agree")
    if training["teachers"]:
        names = ", ".join(f"`{name}`" for name in training["teachers"])
        parts.append(f"phases that nobody labelled were labelled where two of {names} agree")
    if training["tutor"]:
        parts.append(f"soft labels of `{training['tutor']}` on each augmented window")
    return "; ".join(parts) + "."


def _reliability_rows(manifest: ModelManifest) -> str:
    rows = ["| phase | " + " | ".join(f"bin {n}" for n in range(1, 9)) + " | ECE |"]
    rows.append("|---" * 10 + "|")
    for phase in PHASES:
        found = manifest.metrics["reliability"][phase]
        cells = [f"{one['stated']:.2f} / {one['right']:.2f}" for one in found["bins"]]
        cells += ["-"] * (8 - len(cells))
        error = "-" if found["ece"] is None else f"{found['ece']:.3f}"
        rows.append(f"| {phase} (n {found['n']}) | " + " | ".join(cells) + f" | {error} |")
    return "\n".join(rows)


def _false_picks(manifest: ModelManifest) -> str:
    rates = manifest.metrics["false_picks_per_hour"]
    return "; ".join(
        f"{phase} {rates[phase]['rate']:.1f} (95 % {rates[phase]['low']:.1f} to "
        f"{rates[phase]['high']:.1f}, {rates[phase]['hours']:.2f} hours)"
        for phase in PHASES
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
