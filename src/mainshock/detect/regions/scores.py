"""How good region probabilities are: accuracy, confusion, calibration, and whether they vary."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError

__all__ = [
    "CONSTANT_LIMIT",
    "constant_weights",
    "expected_calibration_error",
    "reliability",
    "score_events",
    "wilson_interval",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
CONSTANT_LIMIT = 0.02
_FEWEST = 10
_BINS = 10


def constant_weights(probabilities: ArrayLike) -> str | None:
    """Return a warning if the probabilities hardly change from window to window, else None.

    Parameters
    ----------
    probabilities
        Shape ``(n, K)``; rows need not sum to one. Rows that are not finite are left out.

    Raises
    ------
    DataError
        If the shape is another one.

    Notes
    -----
    After each row is scaled to sum 1, ``sum_k var(p_k) / sum_k m_k (1 - m_k)``, with m_k the mean
    of p_k, is the share of the greatest variance possible with these means: 1 where every window
    gets one region for certain, 0 where all windows get the same probabilities. Below 0.02 the
    classifier says the same whatever it is shown. Fewer than ten rows give no warning.

    Examples
    --------
    >>> import numpy as np
    >>> constant_weights(np.tile([0.2, 0.5, 0.3], (50, 1)))[:48]
    'the region probabilities hardly differ between t'
    >>> constant_weights(np.eye(3)[np.arange(60) % 3]) is None
    True
    """
    given = np.asarray(probabilities, dtype=np.float64)
    if given.ndim != 2 or given.shape[1] < 2:
        raise DataError(
            f"probabilities have shape {given.shape}; it must be (windows, regions), 2 or more"
        )
    total = given.sum(axis=1)
    rows = given[np.isfinite(total) & (total > 0.0)]
    if len(rows) < _FEWEST:
        return None
    scaled = rows / rows.sum(axis=1, keepdims=True)
    mean = scaled.mean(axis=0)
    possible = float((mean * (1.0 - mean)).sum())
    share = float(scaled.var(axis=0).sum()) / possible if possible > 1e-6 else 0.0
    if share >= CONSTANT_LIMIT:
        return None
    most = int(np.bincount(scaled.argmax(axis=1)).max())
    return (
        f"the region probabilities hardly differ between the {len(rows)} windows: their variance "
        f"is {share:.4f} of what it could be, the limit is {CONSTANT_LIMIT}; {most} windows get "
        "the same region. They say nothing about the source: do not use them as weights. Check the "
        "normalisation (one large shock in a whole-stream scaling does this) and train again"
    )


def expected_calibration_error(probabilities: FloatArray, truth: IntArray) -> float:
    """Return the mean gap between confidence and accuracy, over ten equal bins of confidence.

    Parameters
    ----------
    probabilities
        Shape ``(n, K)``.
    truth
        Shape ``(n,)``, 0 to K - 1.

    References
    ----------
    Guo et al. (2017), https://doi.org/10.48550/arXiv.1706.04599
    """
    rows = reliability(probabilities, truth)
    return float(sum(row["n"] * abs(row["confidence"] - row["accuracy"]) for row in rows)) / max(
        len(truth), 1
    )


def reliability(probabilities: FloatArray, truth: IntArray) -> list[dict[str, float]]:
    """Return confidence, accuracy and number of windows of each bin that holds any."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    place = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    return [
        {
            "confidence": float(confidence[place == one].mean()),
            "accuracy": float(right[place == one].mean()),
            "n": int((place == one).sum()),
        }
        for one in np.unique(place)
    ]


def wilson_interval(hits: int, n: int) -> tuple[float, float] | None:
    """Return the 95 % interval of a share, hits of n (Wilson 1927), or None for n = 0.

    Examples
    --------
    >>> [round(end, 3) for end in wilson_interval(90, 100)]
    [0.826, 0.945]
    """
    if n == 0:
        return None
    z = 1.959964
    share = hits / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return float(centre - half), float(centre + half)


def score_events(answers: IntArray, truth: IntArray) -> dict[str, Any]:
    """Return accuracy with its interval, and macro accuracy (mean recall of the regions present).

    Parameters
    ----------
    answers, truth
        Shape ``(n,)``; an answer of -1 (noise) is wrong.
    """
    hits = answers == truth
    recalls: Sequence[float] = [float(hits[truth == one].mean()) for one in np.unique(truth)]
    return {
        "accuracy": float(hits.mean()) if len(truth) else None,
        "interval95": wilson_interval(int(hits.sum()), len(truth)),
        "macro_accuracy": float(np.mean(recalls)) if recalls else None,
        "n": len(truth),
    }
