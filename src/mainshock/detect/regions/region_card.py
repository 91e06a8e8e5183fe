"""The card of a region classifier: what it is for, how well it does, when not to trust it."""

from typing import Any

from mainshock.detect.regions.cluster import RegionClusters
from mainshock.detect.regions.features import BANDS_HZ
from mainshock.learn.models import ModelManifest

__all__ = ["region_card"]

_TEMPLATE = """# {name} {version}

{description}. Weights: {licence}.{interim}

## Purpose
{purpose}

## Data
{events} events and {noise} noise windows.{attribution}

## Regions
{regions}

## How it works
{method}

## Scores
Cross-validation over {split}: regions, networks and calibration of each fold were
fitted on the other folds.{matching} Interval: 95 %, binomial (Wilson).

{scores}

## Beware
{beware}
* A record without an event of these regions (teleseism, quarry blast, an event elsewhere) still
  gets the region that fits best. No output says "none of these".
* The model belongs to one station and the orientation of its sensor.

## Repeat
`mainshock detect regions train --recipe RECIPE --data DATA --out MODEL_DIR`, RECIPE being
`recipe.yaml` of this folder (seed {seed}, {steps} steps).

## Cite
Perol, Gharbi and Denolle (2018), https://doi.org/10.1126/sciadv.1700578; and the data above.
"""
_IMPROVED = """A convolutional network at {rate:g} Hz draws curves of P and S over {length:g} s;
its trunk is ConvNetQuake's chain of strided convolutions. At the most probable P the S-P time,
the direction and steepness of the first motion ({bands}), and how sure P and S
are, are measured. Five small networks read the region from them. They were trained on the
measurements that {places} would give, with the
residuals of the training windows. Temperature: {temperature:.2f}, from the folds. Nothing depends
on where in the record P lies, so the time since the origin is not used."""
_ORIGINAL = """The network of Perol et al.: eight convolutions, {length:g} s at {rate:g} Hz,
cross-entropy with L2 on the convolutions, Adam. Departures from the reference: gradients are
clipped at norm 1{scaling}.
Temperature: {temperature:.2f}, from the folds."""
_MATCHING = """ Regions that a fold fitted anew bear the numbers of those above whose
centres lie nearest, one to one."""
_NAMES = {
    "regions": "this model",
    "polarisation": "polarisation alone",
    "majority": "majority region",
}


def region_card(manifest: ModelManifest, clusters: RegionClusters | None) -> str:
    """Return the card of a model as Markdown.

    Parameters
    ----------
    manifest
        Of the model; without metrics the card says that it is an interim one.
    clusters
        The regions by place, if they are.
    """
    training = manifest.training
    notes = "".join(f"\n* {text}" for text in training["attribution"])
    unfinished = " **Interim model: training was not finished, nothing is validated.**"
    return _TEMPLATE.format(
        name=manifest.name,
        version=manifest.version,
        description=manifest.description,
        licence=manifest.licence,
        interim=unfinished if training["interim"] else "",
        purpose=training["purpose"],
        events=training["events"],
        noise=training["noise_windows"],
        attribution=f"\n{notes}" if notes else "",
        regions=_regions(manifest, clusters),
        method=_method(manifest),
        split=training["split"],
        matching=_MATCHING if training.get("regions_refitted") else "",
        scores=_scores(manifest),
        beware="\n".join(f"* {text}" for text in training["beware"]) or "* Not validated.",
        seed=training["seed"],
        steps=training["steps"],
    )


def _regions(manifest: ModelManifest, clusters: RegionClusters | None) -> str:
    names, counts = manifest.settings["regions"], manifest.settings["region_counts"]
    if clusters is None:
        rows = [f"| {name} | {count} |" for name, count in zip(names, counts, strict=True)]
        return "\n".join(["| region | training events |", "|---|---|", *rows])
    rows = ["| region | training events | longitude | latitude | depth |", "|---|---|---|---|---|"]
    for index, count in enumerate(counts):
        east, north, depth = clusters.means_m[index]
        longitude, latitude = clusters.frame.to_geographic(east / 1e3, north / 1e3)
        rows.append(
            f"| {index} | {count} | {float(longitude):.2f} | {float(latitude):.2f} | "
            f"{depth / 1e3:.0f} km |"
        )
    return "\n".join([*rows, "", f"Centres of {clusters.model} (metres) over the training events."])


def _method(manifest: ModelManifest) -> str:
    settings: dict[str, Any] = dict(manifest.settings)
    rate = settings["sampling_rate_hz"]
    length = settings["window_samples"] / rate
    if settings["head"] == "original":
        legacy = settings["legacy_normalisation"]
        scaling = "" if legacy else "; each window is scaled alone"
        return _ORIGINAL.format(
            rate=rate, length=length, scaling=scaling, temperature=settings["temperature"]
        )
    count = settings.get("catalogue_places", 0)
    places = f"{count} events of the catalogue" if count else "places near the training events"
    return _IMPROVED.format(
        rate=rate,
        length=length,
        places=places,
        bands=" and ".join(f"{low:g}-{high:g} Hz" for low, high in BANDS_HZ),
        temperature=settings["temperature"]["regions"],
    )


def _scores(manifest: ModelManifest) -> str:
    metrics = manifest.metrics.get("cross_validation")
    if not metrics:
        return "None yet."
    rows = ["| answer by | accuracy | 95 % | macro accuracy | calibration error | n |",
            "|---|---|---|---|---|---|"]  # fmt: skip
    for key, name in _NAMES.items():
        if key not in metrics:
            continue
        score = metrics[key]
        low, high = score["interval95"]
        spread = score.get("accuracy_sd_over_folds")
        plus = "" if spread is None else f" (sd over folds {spread:.2f})"
        error = "-" if "ece" not in score else f"{score['ece']:.3f}"
        rows.append(
            f"| {name} | {score['accuracy']:.3f}{plus} | {low:.2f} to {high:.2f} | "
            f"{score['macro_accuracy']:.3f} | {error} | {score['n']} |"
        )
    told = metrics.get("detection")
    if told and told["noise"]["n"]:
        apart = (
            f"Told apart: {told['events']['accuracy']:.3f} of {told['events']['n']} events, "
            f"{told['noise']['accuracy']:.3f} of {told['noise']['n']} noise windows."
        )
        rows += ["", apart]
    return "\n".join(rows)
