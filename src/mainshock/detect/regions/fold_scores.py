"""Scores over blocks of time, the calibration of each block taken from the other blocks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.detect.regions.classifier import tempered
from mainshock.detect.regions.heads import fit_temperature
from mainshock.detect.regions.scores import expected_calibration_error, score_events

__all__ = ["calibrated_blocks", "score_blocks"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def calibrated_blocks(
    logits: list[FloatArray], truth: list[IntArray]
) -> tuple[list[FloatArray], float]:
    """Return the probabilities of each block, and the temperature that fits all of them.

    Parameters
    ----------
    logits, truth
        Of each block, shapes ``(n, K)`` and ``(n,)``, by networks that did not see it.

    Notes
    -----
    The temperature of a block's probabilities comes from the other blocks; that of all blocks is
    for the finished model and scores nothing.
    """
    probabilities = []
    for one, given in enumerate(logits):
        others = [row for row in range(len(logits)) if row != one]
        value = fit_temperature(
            np.concatenate([logits[row] for row in others]),
            np.concatenate([truth[row] for row in others]),
        )
        probabilities.append(tempered(given, value))
    return probabilities, fit_temperature(np.concatenate(logits), np.concatenate(truth))


def score_blocks(
    answers: list[IntArray], regions: list[FloatArray], truth: list[IntArray]
) -> dict[str, Any]:
    """Return the scores of all blocks together, and how the accuracy varies between them.

    Parameters
    ----------
    answers
        Of each block, shape ``(n,)``; -1 (noise) is wrong.
    regions
        Calibrated probabilities, shape ``(n, K)``, rows of sum 1.
    truth
        Shape ``(n,)``, 0 to K - 1, numbered alike in all blocks.
    """
    every = np.concatenate(truth)
    by_block = [
        float((found == right).mean())
        for found, right in zip(answers, truth, strict=True)
        if len(right)
    ]
    return {
        **score_events(np.concatenate(answers), every),
        "accuracy_by_fold": by_block,
        "accuracy_sd_over_folds": float(np.std(by_block, ddof=1)),
        "ece": expected_calibration_error(np.concatenate(regions), every),
    }
