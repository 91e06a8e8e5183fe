"""Trains the part that reads the region from the measurements, and calibrates it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

from mainshock.core.geo import LocalFrame
from mainshock.detect.regions.classifier import tempered
from mainshock.detect.regions.features import DIRECTION, FEATURES
from mainshock.detect.regions.labels import RegionScheme
from mainshock.detect.regions.network import RegionHead
from mainshock.detect.regions.region_recipe import RegionRecipe
from mainshock.detect.regions.synthetic import fit_measurement_model, nearby_places
from mainshock.detect.regions.windows import RegionWindows

__all__ = ["HEADS", "TrainedHeads", "fit_event_coefficients", "fit_heads", "fit_temperature"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
HEADS = {"regions": FEATURES, "polarisation": DIRECTION}
"""The measurements that each head may use; the second one is the baseline."""
_BATCH = 256
_RIDGE = 0.05
_FEATURE_JITTER = 0.15


@dataclass(frozen=True, eq=False)
class TrainedHeads:
    """A head for the regions and one that sees the direction alone, and how many places."""

    networks: dict[str, RegionHead]
    n_places: int

    def logits(self, name: str, measured: FloatArray) -> FloatArray:
        """Return logits of shape ``(n, K)``."""
        with torch.no_grad():
            found = self.networks[name](torch.from_numpy(measured.astype(np.float32)))
        return np.asarray(found.numpy(), dtype=np.float64)


def fit_heads(
    windows: RegionWindows,
    measured: FloatArray,
    scheme: RegionScheme,
    catalogue: pd.DataFrame | None,
    recipe: RegionRecipe,
) -> TrainedHeads:
    """Return heads trained on synthetic measurements of these events, or on the events alone.

    Parameters
    ----------
    windows
        Training events.
    measured
        Their measurements, shape ``(n, n_features)``.
    catalogue
        Places that stand for where events happen; None to stay near the training events.
    """
    rng = np.random.default_rng(recipe.seed)
    truth = scheme.truth(windows.table)
    kept = truth >= 0
    windows, measured, truth = windows.take(kept), measured[kept], truth[kept]
    model = fit_measurement_model(windows, measured)
    count = recipe.synthetic_events
    if model is None:
        chosen = rng.integers(0, len(measured), count)
        spread = _FEATURE_JITTER * measured.std(axis=0)
        values = measured[chosen] + rng.normal(size=(count, len(FEATURES))) * spread
        labels, n_places = truth[chosen], 0
    else:
        places = nearby_places(windows, count, rng)
        n_places = 0 if catalogue is None else len(catalogue)
        if catalogue is not None:
            rows = rng.integers(0, len(catalogue), count)
            places = catalogue.iloc[rows].reset_index(drop=True)
        values = model.draw(places, rng)
        labels = _regions_of(places, scheme, windows, truth)
        values, labels = values[labels >= 0], labels[labels >= 0]
    networks = {
        name: _fit_head(values, labels, len(scheme), seen, recipe) for name, seen in HEADS.items()
    }
    return TrainedHeads(networks, n_places)


def _regions_of(
    places: pd.DataFrame, scheme: RegionScheme, windows: RegionWindows, truth: IntArray
) -> IntArray:
    """Return the region of each place; where places have no label, that of the nearest event."""
    if scheme.clusters is not None or scheme.column in places:
        return scheme.truth(places)
    from scipy.spatial import cKDTree  # noqa: PLC0415 - only for regions that have no shape

    frame = LocalFrame(*(float(windows.column(name)[0]) for name in ("longitude", "latitude")))
    tree = cKDTree(_km(frame, windows.table))
    return np.asarray(truth[tree.query(_km(frame, places))[1]], dtype=np.int64)


def _km(frame: LocalFrame, table: pd.DataFrame) -> FloatArray:
    east, north = frame.to_local(table["longitude"].to_numpy(), table["latitude"].to_numpy())
    return np.column_stack([east, north, table["depth_km"].fillna(0.0).to_numpy(float)])


def _fit_head(
    values: FloatArray,
    labels: IntArray,
    n_regions: int,
    seen: tuple[str, ...],
    recipe: RegionRecipe,
) -> RegionHead:
    torch.manual_seed(recipe.seed)
    mask = torch.tensor([float(name in seen) for name in FEATURES])
    centre = torch.from_numpy(values.mean(axis=0).astype(np.float32))
    scale = torch.from_numpy((values.std(axis=0) + 1e-3).astype(np.float32))
    network = RegionHead(centre, scale, mask, n_regions)
    optimiser = torch.optim.AdamW(network.parameters(), lr=5e-3, weight_decay=1e-3)
    steps = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.head_steps)
    inputs, wanted = torch.from_numpy(values.astype(np.float32)), torch.from_numpy(labels)
    rng = np.random.default_rng(recipe.seed)
    for _ in range(recipe.head_steps):
        rows = torch.from_numpy(rng.integers(0, len(labels), (len(network.members), _BATCH)))
        loss = network.member_loss(inputs[rows], wanted[rows])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        steps.step()
    return network.eval()


def fit_temperature(logits: FloatArray, truth: IntArray) -> float:
    """Return the temperature, 0.5 to 5, with the least mean log-loss.

    Parameters
    ----------
    logits
        Shape ``(n, K)``, of windows that the head was not trained on.

    References
    ----------
    Guo et al. (2017), https://doi.org/10.48550/arXiv.1706.04599
    """
    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        right = tempered(logits, float(np.exp(log_temperature)))[rows, truth]
        return float(-np.log(np.maximum(right, 1e-12)).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.5), np.log(5.0)), method="bounded")
    return float(np.exp(found.x))


def fit_event_coefficients(events: FloatArray, noise: FloatArray) -> FloatArray:
    """Return intercept and two slopes of the logistic function that tells events from noise.

    Parameters
    ----------
    events, noise
        Measurements of shape ``(n, n_features)``; the logits of P and S are used. Both kinds
        count the same; a small ridge keeps the slopes finite where they never overlap.
    """
    if not len(noise):
        return np.array([0.0, 1.0, 0.0])  # the curve of P as it is: 0.5 is the limit
    inputs = np.concatenate([events[:, :2], noise[:, :2]])
    wanted = np.r_[np.ones(len(events)), -np.ones(len(noise))]
    weight = np.where(wanted > 0, 0.5 / len(events), 0.5 / len(noise))

    def loss(coefficients: FloatArray) -> float:
        score = coefficients[0] + inputs @ coefficients[1:]
        ridge = _RIDGE * float((coefficients[1:] ** 2).sum())
        return float((weight * np.logaddexp(0.0, -wanted * score)).sum()) + ridge

    return np.asarray(minimize(loss, np.zeros(3), method="L-BFGS-B").x, dtype=np.float64)
