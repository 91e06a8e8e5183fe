"""Scores of generated accelerograms against recorded ones of the same scenarios.

References
----------
Anderson (2004), 13th World Conference on Earthquake Engineering, paper 243 (ten criteria);
Olsen & Mayhew (2010), https://doi.org/10.1785/gssrl.81.5.715 (goodness of fit by erfc);
Heusel et al. (2017), https://doi.org/10.48550/arXiv.1706.08500 (Frechet distance).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from mainshock.core.errors import DataError
from mainshock.shaking.base import COMPONENTS
from mainshock.shaking.measures import MEASURES
from mainshock.shaking.record_measures import carried_eas, carried_rotd
from mainshock.shaking.records import Accelerogram
from mainshock.signal.fourier_amplitude import band_amplitude
from mainshock.signal.intensity import (
    arias_intensity,
    cumulative_absolute_velocity,
    husid,
    significant_duration,
)
from mainshock.signal.response_spectrum import response_spectra

__all__ = [
    "ANDERSON_CRITERIA",
    "FURTHER_MEASURES",
    "anderson_scores",
    "discriminative_score",
    "fit_pairs",
    "frechet_distance",
    "log_spectrum",
    "measure_further",
    "olsen_mayhew",
    "onset_s",
    "score_samples",
    "texture",
    "tsne_coordinates",
]

FloatArray = NDArray[np.float64]

_EAS_HZ = (2.0, 5.0, 10.0, 15.0)
_ROTD100_S = (0.1, 0.3, 1.0)
FURTHER_MEASURES = (
    *(f"ln_eas_{one:g}hz" for one in _EAS_HZ),
    *(f"ln_psa_rotd100_{one:g}s" for one in _ROTD100_S),
    "ln_arias",
    "ln_cav",
    "ln_d5_75",
    "ln_d5_95",
    "onset_s",
)
"""Beside ``MEASURES``: Konno-Ohmachi EAS and RotD100 PSA, Arias intensity and CAV (sum and
geometric mean of the horizontals), significant durations, and the time after origin when 5 % of the
energy came."""

ANDERSON_CRITERIA = (
    "arias_duration",
    "energy_duration",
    "arias_intensity",
    "energy_integral",
    "peak_acceleration",
    "peak_velocity",
    "peak_displacement",
    "response_spectrum",
    "fourier_spectrum",
    "cross_correlation",
)
_ANDERSON_BAND_EDGES_HZ = (0.5, 1.0, 2.0, 5.0, 10.0)
_ANDERSON_HZ = np.geomspace(0.5, 20.0, 20)
_HIGHEST = 0.45  # of the sampling rate
_ONSET_SHARE = 0.05
_SPECTRUM_HZ = np.geomspace(1.0, 20.0, 20)
_TEXTURE_BANDS_HZ = ((0.5, 1.5), (1.5, 3.0), (3.0, 6.0), (6.0, 10.0), (10.0, 15.0), (15.0, 22.0))
_TEXTURE_STEPS = 12


def measure_further(record: Accelerogram) -> FloatArray:
    """Return :data:`FURTHER_MEASURES` of a record; NaN where it cannot carry one."""
    rate_hz = record.sampling_rate_hz
    horizontals = record.acceleration[:2].astype(np.float64)
    if not np.isfinite(record.acceleration).all() or not horizontals.any():
        return np.full(len(FURTHER_MEASURES), np.nan)
    values = [
        *carried_eas(horizontals, rate_hz, _EAS_HZ),
        *carried_rotd(horizontals, rate_hz, _ROTD100_S, 100.0),
        arias_intensity(horizontals, rate_hz).sum(),
        np.sqrt(np.prod(cumulative_absolute_velocity(horizontals, rate_hz))),
        significant_duration(horizontals, rate_hz, 0.05, 0.75),
        significant_duration(horizontals, rate_hz, 0.05, 0.95),
    ]
    positive = np.where(np.array(values) > 0.0, values, np.nan)
    return np.append(np.log(positive), onset_s(record))


def onset_s(record: Accelerogram) -> float:
    """Return the time after origin when 5 % of the energy of three components has come.

    NaN for a record of zeros or of unknown start.
    """
    curve = husid(record.acceleration.astype(np.float64))
    if np.isnan(curve[0]):
        return np.nan
    first = int(np.searchsorted(curve, _ONSET_SHARE))
    return record.start_rel_origin_s + first / record.sampling_rate_hz


def score_samples(
    observed: FloatArray,
    sampled: FloatArray,
    event: NDArray[Any],
    n_draws: int = 500,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the scores of sampled values of one measure.

    Parameters
    ----------
    observed
        ``(n_rows,)``.
    sampled
        Realisations, ``(n_rows, n)``.
    event
        Names of the events, ``(n_rows,)``.
    n_draws, seed
        Draws of events with replacement for intervals, and their randomness.

    Returns
    -------
    dict
        ``bias`` (observed minus mean of realisations) with ``bias95``, ``median_absolute``,
        ``residual_sd``, ``sampled_sd`` (root mean square over rows of the deviation between
        realisations) and ``sampled_over_residual`` (1 where calibrated).

    Notes
    -----
    The mean of few realisations scatters itself and makes residuals larger; ``residual_sd`` has
    that part, ``sampled_sd^2 / n``, taken away.
    """
    kept = np.isfinite(observed) & np.isfinite(sampled).all(axis=1)
    names = ("bias", "median_absolute", "residual_sd", "sampled_sd", "sampled_over_residual")
    if kept.sum() < 3:
        nothing: dict[str, Any] = dict.fromkeys(names, np.nan)
        return nothing | {"n": int(kept.sum()), "bias95": (np.nan, np.nan)}
    residual = (observed - sampled.mean(axis=1))[kept]
    n = sampled.shape[1]
    own = float(np.mean(sampled[kept].var(axis=1, ddof=1))) if n > 1 else np.nan
    spread = float(residual.var(ddof=1)) - (own / n if n > 1 else 0.0)
    residual_sd = float(np.sqrt(max(spread, 0.0)))
    group, which = np.unique(event[kept], return_inverse=True)
    sums = np.stack([np.bincount(which), np.bincount(which, residual)], axis=1)
    share = np.full(group.size, 1.0 / group.size)
    drawn = np.random.default_rng(seed).multinomial(group.size, share, size=n_draws) @ sums
    low, high = np.quantile(drawn[:, 1] / drawn[:, 0], (0.025, 0.975)).tolist()
    values = (
        float(residual.mean()),
        float(np.median(np.abs(residual))),
        residual_sd,
        float(np.sqrt(own)),
        float(np.sqrt(own)) / residual_sd if residual_sd > 0.0 else np.nan,
    )
    return dict(zip(names, values, strict=True)) | {"n": int(kept.sum()), "bias95": (low, high)}


def anderson_scores(observed: Accelerogram, generated: Accelerogram) -> FloatArray:
    """Return Anderson's ten criteria, 0 to 10, means over components and bands that both carry.

    Records are compared over the time that both cover after origin; where an origin time is
    unknown, the times of 5 % of the energy are laid upon each other. Bands: 0.5-1, 1-2, 2-5,
    5-10 Hz, 10 Hz to 0.45 of the sampling rate, and all of them. 4 to 6 is fair, 6 to 8 good,
    above 8 excellent; the last criterion, correlation sample by sample, is near 0 for any model
    with random phases.

    Raises
    ------
    DataError
        If the records share less than 1 s.
    """
    first, second, rate_hz = _aligned(observed, generated)
    highest = _HIGHEST * rate_hz
    frequencies = _ANDERSON_HZ[highest > _ANDERSON_HZ]
    spectra = [
        function(one, rate_hz, values)
        for function, values in (
            (response_spectra, 1.0 / frequencies),
            (band_amplitude, frequencies),
        )
        for one in (first, second)
    ]
    by_frequency = np.stack([_similar(*spectra[:2]), _similar(*spectra[2:])]).mean(axis=1)
    edges = [one for one in _ANDERSON_BAND_EDGES_HZ if one < 0.8 * highest] + [highest]
    bands = [*pairwise(edges), (edges[0], edges[-1])]
    scores = []
    for low, high in bands:
        inside = (frequencies >= low) & (frequencies <= high)
        time_domain = _anderson_band(first, second, rate_hz, (low, high))
        scores.append(np.insert(time_domain, 7, np.nanmean(by_frequency[:, inside], axis=1)))
    return np.asarray(np.mean(scores, axis=0))


def olsen_mayhew(observed: FloatArray, generated: FloatArray) -> FloatArray:
    """Return goodness of fit, ``100 erfc(2 |x - y| / (x + y))`` of amounts given as logarithms.

    100 is equality; above 80 excellent, 65 very good, 45 fair.
    """
    # (x - y) / (x + y) is the hyperbolic tangent of half the difference of logarithms
    return np.asarray(100.0 * special.erfc(2.0 * np.abs(np.tanh(0.5 * (observed - generated)))))


def frechet_distance(first: FloatArray, second: FloatArray) -> float:
    """Return the squared Frechet distance of two clouds taken as normal, ``(n, n_features)``.

    Raises
    ------
    DataError
        If a cloud has fewer than 3 points.
    """
    if min(len(first), len(second)) < 3:
        raise DataError(f"clouds of {len(first)} and {len(second)} points; give 3 or more each")
    shift = first.mean(axis=0) - second.mean(axis=0)
    one, other = np.cov(first.T), np.cov(second.T)
    values, vectors = np.linalg.eigh(one)
    root = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    middle = np.sqrt(np.maximum(linalg.eigvalsh(root @ other @ root), 0.0)).sum()
    return max(float(shift @ shift + np.trace(one + other) - 2.0 * middle), 0.0)


def log_spectrum(record: Accelerogram) -> FloatArray:
    """Return ln Fourier amplitudes of E, N, Z at 20 frequencies from 1 to 20 Hz, ``(60,)``."""
    samples = record.acceleration.astype(np.float64)
    amplitude = band_amplitude(samples, record.sampling_rate_hz, _SPECTRUM_HZ)
    return np.log(np.where(amplitude > 0.0, amplitude, np.nan)).ravel()


def texture(record: Accelerogram, start_s: float, end_s: float) -> FloatArray:
    """Return what tells one kind of accelerogram from another, phases included.

    Parameters
    ----------
    record
        Three components.
    start_s, end_s
        Span after origin that is looked at.

    Returns
    -------
    ndarray
        Twelve windows along the span: ln energy in six bands, crest factor of each component and
        correlation between components, in this order; ``(12 * (18 + 3 + 3),)``.
    """
    rate_hz = record.sampling_rate_hz
    edges = np.linspace(start_s, end_s, _TEXTURE_STEPS + 1) - record.start_rel_origin_s
    parts = []
    for low, high in pairwise(edges):
        piece = record.acceleration[:, round(low * rate_hz) : round(high * rate_hz)]
        parts.append(_texture_of_piece(piece.astype(np.float64), rate_hz))
    return np.concatenate(parts)


def discriminative_score(
    real: FloatArray, generated: FloatArray, event: NDArray[Any], seed: int = 0, repeats: int = 3
) -> dict[str, float]:
    """Return how well a forest of trees tells generated from recorded, 0 (not at all) to 0.5.

    Parameters
    ----------
    real, generated
        Features of pairs of one scenario, ``(n, n_features)``, see :func:`texture`.
    event
        Names of the events, ``(n,)``: no event is on both sides of a fold.
    seed, repeats
        Forests of other seeds, whose mean and spread are given.

    Returns
    -------
    dict
        ``score`` = mean of ``|0.5 - accuracy|``, ``score_sd`` over repeats, and ``auc``.

    Notes
    -----
    As published the generated waveforms get the recorded phases and records are split at random:
    what the phases do wrong stays unseen, and a record's neighbours teach the classifier. Here the
    phases are the model's own and folds keep events apart.

    Raises
    ------
    DataError
        If there are fewer than 5 events.
    """
    from sklearn.ensemble import ExtraTreesClassifier  # noqa: PLC0415 - slow to load
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415
    from sklearn.model_selection import GroupKFold, cross_val_predict  # noqa: PLC0415

    n_events = np.unique(event).size
    if n_events < 5:
        raise DataError(f"{n_events} events cannot be divided into 5 folds; give 5 or more")
    features = np.vstack([real, generated])
    label = np.repeat([0, 1], [len(real), len(generated)])
    scores, areas = [], []
    for repeat in range(repeats):
        forest = ExtraTreesClassifier(100, min_samples_leaf=2, random_state=seed + repeat)
        probability = cross_val_predict(
            forest, features, label, groups=np.tile(event, 2), cv=GroupKFold(5),
            method="predict_proba",
        )[:, 1]  # fmt: skip
        scores.append(abs(0.5 - float(np.mean((probability > 0.5) == label))))
        areas.append(float(roc_auc_score(label, probability)))
    return {
        "score": float(np.mean(scores)),
        "score_sd": float(np.std(scores)),
        "auc": float(np.mean(areas)),
    }


def tsne_coordinates(real: FloatArray, generated: FloatArray, seed: int = 0) -> FloatArray:
    """Return places in the plane where like features lie close, ``(n_real + n_generated, 2)``."""
    from sklearn.manifold import TSNE  # noqa: PLC0415 - slow to load

    features = np.vstack([real, generated])
    scaled = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-9)
    perplexity = min(40.0, (len(features) - 1) / 3.0)
    found = TSNE(perplexity=perplexity, max_iter=500, random_state=seed, init="pca")
    return np.asarray(found.fit_transform(scaled), dtype=np.float64)


def fit_pairs(observed: FloatArray, generated: FloatArray, names: Sequence[str]) -> dict[str, Any]:
    """Return the mean goodness of fit of Olsen and Mayhew by kind of measure, and over kinds.

    Parameters
    ----------
    observed, generated
        Natural logarithms of pairs, ``(n_rows, n_measures)``.
    names
        Of the measures.
    """
    kinds = {
        "pga": ["ln_pga"],
        "pgv": ["ln_pgv"],
        "psa": [one for one in MEASURES if one.startswith("ln_psa")],
        "fas": [one for one in MEASURES if one.startswith("ln_fas")],
        "arias": ["ln_arias"],
        "duration": ["ln_d5_95"],
    }
    found = {}
    for kind, chosen in kinds.items():
        place = [names.index(one) for one in chosen if one in names]
        fit = olsen_mayhew(observed[:, place], generated[:, place])
        fit = fit[np.isfinite(fit)]
        found[kind] = float(fit.mean()) if fit.size else np.nan
    known = [one for one in found.values() if np.isfinite(one)]
    return found | {"mean": float(np.mean(known)) if known else np.nan}


def _aligned(
    observed: Accelerogram, generated: Accelerogram
) -> tuple[FloatArray, FloatArray, float]:
    """Return two records on one time base, ``(3, n)`` each, at the lower of the two rates."""
    rate_hz = min(observed.sampling_rate_hz, generated.sampling_rate_hz)
    starts = [observed.start_rel_origin_s, generated.start_rel_origin_s]
    if not np.isfinite(starts).all():
        bare = [
            Accelerogram(one.acceleration, one.sampling_rate_hz, 0.0)
            for one in (observed, generated)
        ]
        starts = [-onset_s(one) for one in bare]
    ends = [
        start + (one.acceleration.shape[1] - 1) / one.sampling_rate_hz
        for start, one in zip(starts, (observed, generated), strict=True)
    ]
    span_s = min(ends) - max(starts)
    if not span_s >= 1.0:
        raise DataError(f"two records share {span_s:.2f} s; they must share 1 s or more")
    times = max(starts) + np.arange(int(span_s * rate_hz) + 1) / rate_hz
    first, second = (
        _at(times - start, one)
        for start, one in zip(starts, (observed, generated), strict=True)
    )  # fmt: skip
    return first, second, rate_hz


def _at(times_s: FloatArray, record: Accelerogram) -> FloatArray:
    grid = np.arange(record.acceleration.shape[1]) / record.sampling_rate_hz
    return np.stack([np.interp(times_s, grid, one) for one in record.acceleration])


def _anderson_band(
    first: FloatArray, second: FloatArray, rate_hz: float, band_hz: tuple[float, float]
) -> FloatArray:
    """Return the criteria but those of spectra, in a band, means over components."""
    pairs = [_band_limited(one, rate_hz, band_hz) for one in (first, second)]
    rows = []
    for component in range(len(COMPONENTS)):
        # acceleration, velocity, displacement of both
        (a1, v1, d1), (a2, v2, d2) = ([one[component] for one in pair] for pair in pairs)
        rows.append(
            [
                10.0 * (1.0 - np.abs(husid(a1) - husid(a2)).max()),
                10.0 * (1.0 - np.abs(husid(v1) - husid(v2)).max()),
                _similar(np.sum(a1**2), np.sum(a2**2)),
                _similar(np.sum(v1**2), np.sum(v2**2)),
                *(
                    _similar(np.abs(one).max(), np.abs(other).max())
                    for one, other in ((a1, a2), (v1, v2), (d1, d2))
                ),
                10.0 * max(float(a1 @ a2) / np.sqrt(np.sum(a1**2) * np.sum(a2**2)), 0.0),
            ]
        )
    return np.asarray(np.mean(rows, axis=0))


def _similar(first: Any, second: Any) -> Any:
    """Return Anderson's ``S``: 10 for equal amounts, 10 / e where one is twice the other."""
    return 10.0 * np.exp(-(((first - second) / np.minimum(first, second)) ** 2))


def _band_limited(
    samples: FloatArray, rate_hz: float, band_hz: tuple[float, float]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return acceleration, velocity and displacement in a band, without shift in time."""
    n = samples.shape[-1]
    frequency = np.fft.rfftfreq(2 * n, 1.0 / rate_hz)
    frequency[0] = np.inf
    low, high = band_hz
    gain = 1.0 / np.sqrt((1.0 + (low / frequency) ** 8) * (1.0 + (frequency / high) ** 8))
    gain[0], frequency[0] = 0.0, 1.0
    spectrum = np.fft.rfft(samples, 2 * n) * gain
    steps = 1.0 / (2j * np.pi * frequency)
    one, two, three = (np.fft.irfft(spectrum * steps**power, 2 * n)[:, :n] for power in range(3))
    return one, two, three


def _texture_of_piece(piece: FloatArray, rate_hz: float) -> FloatArray:
    smallest = np.finfo(np.float64).tiny
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(piece.shape[1]), axis=1)) ** 2 / rate_hz
    frequency = np.fft.rfftfreq(piece.shape[1], 1.0 / rate_hz)
    energy = []
    for low, high in _TEXTURE_BANDS_HZ:
        inside = (frequency >= low) & (frequency < min(high, _HIGHEST * rate_hz))
        energy.append(np.log(spectrum[:, inside].sum(axis=1) + smallest))
    level = np.sqrt(np.mean(piece**2, axis=1)) + smallest
    crest = np.abs(piece).max(axis=1) / level
    scaled = piece / level[:, None]
    alike = [float(np.mean(scaled[i] * scaled[j])) for i, j in ((0, 1), (0, 2), (1, 2))]
    return np.concatenate([np.ravel(energy), crest, alike])
