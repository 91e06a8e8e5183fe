"""Made-up segments: smooth labels and smooth features along seven trenches."""

import numpy as np
import pandas as pd

from mainshock.megathrust.evaluate import LabelledSegments
from mainshock.megathrust.labels import classes_of, runs_of

N_REGIONS, N_SEGMENTS = 7, 60


def smooth(rng: np.random.Generator, length: float) -> np.ndarray:
    """Return a field along all trenches with a correlation length in segments."""
    s = np.arange(N_SEGMENTS)
    root = np.linalg.cholesky(
        np.exp(-((s[:, None] - s) ** 2) / (2 * length**2)) + 1e-6 * np.eye(N_SEGMENTS)
    )
    return np.concatenate([root @ rng.normal(size=N_SEGMENTS) for _ in range(N_REGIONS)])


def table(seed: int, planted: float = 0.0, n_features: int = 12) -> pd.DataFrame:
    """Return segments whose features are smooth noise, one with ``planted`` of what drives them."""
    rng = np.random.default_rng(seed)
    region = np.repeat([f"r{number}" for number in range(N_REGIONS)], N_SEGMENTS)
    driver = smooth(rng, 4.0) + np.repeat(rng.normal(size=N_REGIONS), N_SEGMENTS)
    columns = {
        f"NOISE_{number}": smooth(rng, 6.0) + np.repeat(rng.normal(size=N_REGIONS), N_SEGMENTS)
        for number in range(n_features)
    }
    columns["NOISE_0"] = planted * driver + (1.0 - planted) * columns["NOISE_0"]
    index = np.tile(np.arange(N_SEGMENTS), N_REGIONS)
    found = pd.DataFrame({"region": region, "index": index, "s_km": 50.0 * index + 25.0, **columns})
    found["m_max"] = np.round(7.8 + 0.5 * driver, 1)
    return found


def data(seed: int, planted: float = 0.0, n_classes: int = 2) -> LabelledSegments:
    """Return them with classes and ruptures."""
    made = table(seed, planted)
    return LabelledSegments(made, classes_of(made["m_max"].to_numpy(), n_classes), runs_of(made))
