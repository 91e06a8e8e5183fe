"""What an answer tells of the reasons for a segment's class: relevance, with its spread."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, Field

from mainshock.core.sentences import Told
from mainshock.megathrust import sentences
from mainshock.megathrust.assessment import SegmentAssessment
from mainshock.megathrust.segment_relevance import RelevanceTable, relevance_caveats
from mainshock.serve import sentences as told_here
from mainshock.serve.envelope import ApiError, Meta

__all__ = [
    "FeatureRelevanceData",
    "RankingStabilityData",
    "SegmentExplanationAnswer",
    "SegmentExplanationData",
    "SegmentExplanationMeta",
    "segment_explanation",
]


class FeatureRelevanceData(BaseModel):
    """What a feature adds to the score; positive speaks for M 8.0 or more."""

    name: str
    group: str = Field(description="What it measures")
    kind: str = Field(description="I: physical state, II: forces, III: kinematics")
    description: str = Field(description="The unit first")
    value: float | None = Field(description="Of this segment; null where it is missing")
    relevance: float = Field(description="Mean over the networks, in units of the score")
    low: float = Field(description="The least of the networks")
    high: float
    share: float = Field(description="Of the absolute relevance of all features, 0 to 1")
    sign_agreement: float = Field(description="Share of networks with the sign of the mean")
    synthetic_share: float | None = Field(
        description="How often made-up features did as well, over all segments; above 0.05 this "
        "one is not told from noise that knows the place"
    )


class SegmentExplanationData(BaseModel):
    """Why networks give a segment its class; of another classifier than the probability is."""

    region: str
    index: int
    probability: float = Field(description="As assessed, by the packaged classifier")
    conformal_set: list[int]
    applicability: float
    is_applicable: bool
    score: float = Field(description="Logit of M 8.0 or more less that of less, mean of networks")
    score_low: float = Field(description="The least of the networks")
    score_high: float
    bias: float = Field(description="The part of the score that no feature gets")
    n_networks: int
    n_for: int = Field(description="Networks that lean towards M 8.0 or more")
    rank_correlation: float | None = Field(
        description="Of two networks' relevance of all features, mean: 1 the same order, 0 chance"
    )
    rank_correlation_low: float | None = Field(description="The least of all pairs")
    rank_correlation_high: float | None
    sum_error: float = Field(description="Of relevance and bias together from the score")
    features: list[FeatureRelevanceData] = Field(description="By falling absolute relevance")


class RankingStabilityData(BaseModel):
    """How well rankings of features over all segments agree."""

    spearman: float = Field(description="Mean rank correlation; 0 by chance")
    spearman_interval95: tuple[float, float]
    jaccard: float = Field(description="Mean overlap of the first features")
    jaccard_by_chance: float
    n_top: int = Field(description="How many are first")


class SegmentExplanationMeta(Meta):
    """How it was explained, and what limits that."""

    model: str
    method: str
    rule: str
    n_seeds: int
    exclusion_km: float = Field(description="Nearer than this nothing was learned from")
    macro_f1: dict[str, dict[str, float]] = Field(
        description="Of the networks and of what knows only the place: mean and sd over folds"
    )
    stability: dict[str, RankingStabilityData] = Field(
        description="Between folds, between seeds, and of made-up features between folds"
    )
    reason: str = Field(description="Why there are no reasons; empty where there are")
    reason_told: list[Told] = Field(description="Its sentences, each by its code and values")
    caveats: list[str]
    caveats_told: list[Told] = Field(description="The caveats, each by its code and values")


class SegmentExplanationAnswer(BaseModel):
    """The reasons for one segment; null where it was not explained."""

    data: SegmentExplanationData | None
    meta: SegmentExplanationMeta


def segment_explanation(
    segment: SegmentAssessment, table: RelevanceTable | None, caveats: Sequence[str]
) -> SegmentExplanationAnswer:
    """Return what speaks for and against M 8.0 at a segment.

    Parameters
    ----------
    segment
        As assessed.
    table
        Relevance of all segments; None where none ships.
    caveats
        What must stand beside an assessment.

    Raises
    ------
    ApiError
        503 where no relevance ships.
    """
    if table is None:
        raise ApiError(
            503,
            told_here.NO_RELEVANCE.tell(),
        )
    found = table.of(segment.region, segment.index)
    reason = "" if found else sentences.NOT_EXPLAINED.tell(segment=segment.name)
    said = [*relevance_caveats(table.about), *caveats]
    meta: dict[str, Any] = {
        **table.about,
        "reason": reason,
        "reason_told": told_here.KNOWN.told_parts(reason),
        "caveats": said,
        "caveats_told": told_here.KNOWN.all_told(said),
    }
    told = None
    if found is not None:
        assessed = {
            "probability": segment.probability,
            "conformal_set": list(segment.conformal_set),
            "applicability": segment.applicability,
            "is_applicable": segment.is_applicable,
        }
        told = SegmentExplanationData.model_validate({**asdict(found), **assessed})
    return SegmentExplanationAnswer(data=told, meta=SegmentExplanationMeta.model_validate(meta))
