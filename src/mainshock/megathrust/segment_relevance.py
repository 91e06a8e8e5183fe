"""What speaks for and against M 8.0 at each packaged segment: relevance of features, with spread.

Networks that differ in their seed alone were trained without the segment and all within 100 km of
it, and explained by relevance (LRP) that counts what biases take. The tables that ship were
computed before by ``recipes/megathrust/explain.py``; nothing here loads pandas or torch.

Relevance is in units of the score: the logit of M 8.0 or more less that of less. Positive speaks
for M 8.0 or more.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SourceError
from mainshock.core.files import replacing
from mainshock.megathrust import sentences

__all__ = [
    "NOTES",
    "FeatureRelevance",
    "RelevanceTable",
    "SegmentRelevance",
    "packaged_relevance",
    "read_relevance",
    "relevance_caveats",
    "write_relevance",
]

FloatArray = NDArray[np.float64]
_FORMAT = 1
_NOISE = 0.05  # of synthetic features that do as well
_ARRAYS, _ABOUT = "relevance.npz", "relevance.json"
NOTES = (
    sentences.NOT_CAUSES.tell(),
    sentences.CORRELATED.tell(),
    sentences.SHARED_TRAINING.tell(),
)


@dataclass(frozen=True, slots=True)
class FeatureRelevance:
    """What a feature adds to the score of a segment.

    Parameters
    ----------
    name, group, kind, description
        As in the segment tables; ``kind`` is the published type I, II or III.
    value
        Of the feature, in the unit that the description begins with; None where it is missing.
    relevance, low, high
        Mean, least and largest over the networks, in units of the score.
    share
        Of the absolute relevance of all features, 0 to 1.
    sign_agreement
        Share of networks that agree with the sign of the mean.
    synthetic_share
        How often a synthetic feature was as important to the networks: above 0.05 the feature is
        not told from noise that knows the place. Over all segments; None where not computed.
    """

    name: str
    group: str
    kind: str
    description: str
    value: float | None
    relevance: float
    low: float
    high: float
    share: float
    sign_agreement: float
    synthetic_share: float | None


@dataclass(frozen=True, slots=True)
class SegmentRelevance:
    """What speaks for and against M 8.0 at a segment.

    Parameters
    ----------
    region, index
        Which segment.
    score, score_low, score_high
        Mean, least and largest over the networks.
    bias
        The part of the mean score that no feature gets.
    n_networks, n_for
        How many there are, and how many of them lean towards M 8.0 or more.
    rank_correlation, rank_correlation_low, rank_correlation_high
        Mean, least and largest agreement (Spearman) of two networks' relevance of all features: 1
        the same order, 0 by chance. None with one network.
    sum_error
        Distance of features and bias together from the score.
    features
        By falling absolute relevance.
    """

    region: str
    index: int
    score: float
    score_low: float
    score_high: float
    bias: float
    n_networks: int
    n_for: int
    rank_correlation: float | None
    rank_correlation_low: float | None
    rank_correlation_high: float | None
    sum_error: float
    features: tuple[FeatureRelevance, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RelevanceTable:
    """Relevance of all segments.

    Parameters
    ----------
    region, index
        Segments, shape ``(n_segments,)``.
    values
        Features, NaN where missing, shape ``(n_segments, n_features)``.
    relevance
        Shape ``(n_networks, n_segments, n_features)``, towards M 8.0 or more.
    bias, score
        Shape ``(n_networks, n_segments)``.
    about
        ``features`` (``name, group, kind, description, synthetic_share`` of each), ``model``,
        ``method``, ``rule``, ``exclusion_km``, ``macro_f1`` and ``stability`` of the ranking.

    Raises
    ------
    DataError
        If shapes do not fit each other.
    """

    region: NDArray[np.str_]
    index: NDArray[np.int64]
    values: FloatArray
    relevance: FloatArray
    bias: FloatArray
    score: FloatArray
    about: Mapping[str, Any]

    def __post_init__(self) -> None:
        n_networks, n_segments, n_features = self.relevance.shape
        fits = (
            self.region.shape == self.index.shape == (n_segments,)
            and self.values.shape == (n_segments, n_features)
            and self.bias.shape == self.score.shape == (n_networks, n_segments)
            and len(self.about["features"]) == n_features
        )
        if not fits:
            raise DataError(
                f"relevance of shape {self.relevance.shape} does not fit the rest of the table; "
                "make it anew by recipes/megathrust/explain.py"
            )

    def of(self, region: str, index: int) -> SegmentRelevance | None:
        """Return what is known of a segment, or None where the table does not hold it."""
        found = np.flatnonzero((self.region == region) & (self.index == index))
        if not found.size:
            return None
        row = int(found[0])
        relevance, score = self.relevance[:, row], self.score[:, row]
        mean, bias = relevance.mean(axis=0), float(self.bias[:, row].mean())
        agreed = _rank_correlations(relevance)
        return SegmentRelevance(
            region=region,
            index=index,
            score=float(score.mean()),
            score_low=float(score.min()),
            score_high=float(score.max()),
            bias=bias,
            n_networks=score.size,
            n_for=int((score > 0.0).sum()),
            rank_correlation=float(agreed.mean()) if agreed.size else None,
            rank_correlation_low=float(agreed.min()) if agreed.size else None,
            rank_correlation_high=float(agreed.max()) if agreed.size else None,
            sum_error=abs(float(mean.sum()) + bias - float(score.mean())),
            features=self._features(row, relevance, mean),
        )

    def _features(
        self, row: int, relevance: FloatArray, mean: FloatArray
    ) -> tuple[FeatureRelevance, ...]:
        """Return the features of a segment by falling absolute relevance."""
        total = max(float(np.abs(mean).sum()), np.finfo(np.float64).tiny)
        made = []
        for column in np.argsort(-np.abs(mean), kind="stable").tolist():
            known, value = self.about["features"][column], float(self.values[row, column])
            own = relevance[:, column]
            made.append(
                FeatureRelevance(
                    name=known["name"],
                    group=known["group"],
                    kind=known["kind"],
                    description=known["description"],
                    value=None if np.isnan(value) else value,
                    relevance=float(mean[column]),
                    low=float(own.min()),
                    high=float(own.max()),
                    share=abs(float(mean[column])) / total,
                    sign_agreement=float((np.sign(own) == np.sign(mean[column])).mean()),
                    synthetic_share=known["synthetic_share"],
                )
            )
        return tuple(made)


def _rank_correlations(relevance: FloatArray) -> FloatArray:
    """Return the rank correlation of each pair of networks, shape ``(n_pairs,)``."""
    ranks = relevance.argsort(axis=1).argsort(axis=1)
    pairs = combinations(range(len(ranks)), 2)
    return np.array([np.corrcoef(ranks[one], ranks[other])[0, 1] for one, other in pairs])


def relevance_caveats(about: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what must stand beside relevance, with the scores of what is explained.

    Parameters
    ----------
    about
        As :class:`RelevanceTable` has it.
    """
    shares = [one["synthetic_share"] for one in about["features"]]
    n_told = sum(share is not None and share <= _NOISE for share in shares)
    return (
        sentences.OTHER_NETWORKS.tell(),
        sentences.TAUGHT_NOTHING_NEAR.tell(exclusion_km=about["exclusion_km"]),
        _score_words(about["model"], about["macro_f1"]),
        sentences.STABILITY.tell(
            correlation=about["stability"]["folds"]["spearman"],
            told=n_told,
            features=len(shares),
        ),
        *NOTES,
    )


def _score_words(model: str, scores: Mapping[str, Mapping[str, float]]) -> str:
    """Return how good the explained classifier is beside those that know only the place."""
    told = {name: f"{name} {one['mean']:.2f} ± {one['sd']:.2f}" for name, one in scores.items()}
    own = told.pop(model)
    best = max(one["mean"] for name, one in scores.items() if name != model)
    is_better = scores[model]["mean"] > best
    said = sentences.BETTER_THAN_PLACE if is_better else sentences.NO_BETTER_THAN_PLACE
    return said.tell(own=own, others=", ".join(told.values()))


def write_relevance(folder: Path, table: RelevanceTable) -> None:
    """Write the two files that :func:`read_relevance` reads.

    Raises
    ------
    SourceError
        If they cannot be written.
    """
    stored = io.BytesIO()
    np.savez_compressed(
        stored,
        region=table.region.astype("U"),
        index=table.index.astype(np.int32),
        **{
            name: getattr(table, name).astype(np.float32)
            for name in ("values", "relevance", "bias", "score")
        },
    )
    content = stored.getvalue()
    about = {**table.about, "format": _FORMAT, "sha256": sha256(content).hexdigest()}
    with replacing(folder / _ARRAYS) as temporary:
        temporary.write_bytes(content)
    with replacing(folder / _ABOUT) as temporary:
        temporary.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def read_relevance(folder: Path) -> RelevanceTable:
    """Return the relevance that a folder holds.

    Raises
    ------
    SourceError
        If there is none.
    DataError
        If it is damaged.
    """
    try:
        content = (folder / _ARRAYS).read_bytes()
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(
            f"{folder} holds no relevance of segments ({error.strerror}); make it by "
            "recipes/megathrust/explain.py"
        ) from error
    except ValueError as error:
        raise DataError(f"{folder / _ABOUT} is damaged: {error}") from error
    if about.get("format") != _FORMAT or about.get("sha256") != sha256(content).hexdigest():
        raise DataError(
            f"{folder / _ARRAYS} is damaged or of another version; make it anew by "
            "recipes/megathrust/explain.py"
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return RelevanceTable(
            region=stored["region"],
            index=stored["index"].astype(np.int64),
            **{
                name: stored[name].astype(np.float64)
                for name in ("values", "relevance", "bias", "score")
            },
            about=about,
        )


@cache
def packaged_relevance() -> RelevanceTable | None:
    """Return the relevance of the packaged segments; None where none ships."""
    folder = Path(str(files("mainshock"))) / "megathrust" / "data"
    return read_relevance(folder) if (folder / _ARRAYS).is_file() else None
