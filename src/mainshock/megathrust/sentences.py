"""What must stand beside assessed segments, sentence by sentence."""

from mainshock.core.sentences import Sentence, sentences_of

__all__ = ["SENTENCES"]

POTENTIAL = Sentence(
    "segment.potential",
    "Potential classification from about 33 independent great ruptures; not a forecast.",
)
NOT_WHEN = Sentence(
    "segment.not_when",
    "It says nothing of when a segment will break, and little of whether it will.",
)
CENTURY = Sentence(
    "segment.century",
    'The catalogue covers little more than a century: "no great earthquake" means none seen yet.',
)
LOCATION = Sentence(
    "segment.location",
    "Skill near known ruptures is mostly location: neighbours share a rupture and a region.",
)
HELD_OUT = Sentence(
    "segment.held_out",
    "Each segment was assessed by a classifier that was taught neither its rupture nor anything "
    "within 100 km of it.",
)
NO_LEFT_OUT = Sentence(
    "segment.no_left_out",
    "Leave-one-region-out skill of this model is not stated. On the published tables nothing tried "
    "was better than chance there: macro-F1 0.40 (95 % interval 0.31 to 0.51).",
)
LEFT_OUT_BOTH = Sentence(
    "segment.left_out_both",
    "Leave-one-region-out skill of {model}, {classes} classes: macro-F1 {score}, AUC within "
    "regions {auc}, against macro-F1 {prior} of the region prior.",
)
LEFT_OUT_AUC = Sentence(
    "segment.left_out_auc",
    "Leave-one-region-out skill of {model}, {classes} classes: macro-F1 {score}, AUC within "
    "regions {auc}.",
)
LEFT_OUT_PRIOR = Sentence(
    "segment.left_out_prior",
    "Leave-one-region-out skill of {model}, {classes} classes: macro-F1 {score}, against macro-F1 "
    "{prior} of the region prior.",
)
LEFT_OUT = Sentence(
    "segment.left_out",
    "Leave-one-region-out skill of {model}, {classes} classes: macro-F1 {score}.",
)
OTHER_NETWORKS = Sentence(
    "segment.other_networks",
    "The networks that are explained are not the classifier that gives the probability, which "
    "also goes by neighbours along the trench; they see the same features and no place.",
)
TAUGHT_NOTHING_NEAR = Sentence(
    "segment.taught_nothing_near",
    "They were taught nothing within {exclusion_km:.0f} km of the segment; longer ruptures may "
    "have taught them.",
)
NO_BETTER_THAN_PLACE = Sentence(
    "segment.no_better_than_place",
    "Macro-F1 on segments held out: {own}; knowing only the place {others}. The networks are no "
    "better than the place alone, and their reasons no better than they.",
)
BETTER_THAN_PLACE = Sentence(
    "segment.better_than_place",
    "Macro-F1 on segments held out: {own}; knowing only the place {others}. The networks are "
    "better than the place alone.",
)
STABILITY = Sentence(
    "segment.stability",
    "The ranking over all segments agrees between folds with a rank correlation of "
    "{correlation:.2f}; {told} of {features} features are told from made-up ones that are as "
    "smooth along the trench.",
)
NOT_CAUSES = Sentence(
    "segment.not_causes",
    "Attributions say what the classifier goes by, not what makes earthquakes great.",
)
CORRELATED = Sentence(
    "segment.correlated",
    "Features rise and fall together and are smooth along the trench: read a ranking with its "
    "stability, its synthetic features and the sets of correlated features.",
)
SHARED_TRAINING = Sentence(
    "segment.shared_training",
    "Intervals and stability are over folds that share most of their training: independent data "
    "would agree less.",
)
NOT_EXPLAINED = Sentence(
    "segment.not_explained", "{segment} is not among the segments that were explained"
)
NEAR_IS_NOT_ON = Sentence(
    "segment.near_is_not_on",
    "Nearness does not say that the event lies on the plate interface.",
)

SENTENCES = sentences_of(globals())
