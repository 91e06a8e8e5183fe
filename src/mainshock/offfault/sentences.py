"""What must stand beside the efficiency of a fault, sentence by sentence."""

from mainshock.core.sentences import Sentence, sentences_of

__all__ = ["SENTENCES"]

FROM_SHAPE = Sentence(
    "fault.from_shape",
    "Estimated from the shape of mapped traces alone, by a model of experiments: not measured.",
)
STEADY_SLIP = Sentence(
    "fault.steady_slip",
    "It is the efficiency of steady slip, as in clay experiments; one earthquake may differ.",
)
MAPPING = Sentence(
    "fault.mapping",
    "Traces that are missing, or mapped in more detail than elsewhere, change it; so does scale.",
)
SHORT_TRACES = Sentence(
    "fault.short_traces", "{count} traces of fewer than two places were left out"
)
OTHER_KINDS = Sentence("fault.other_kinds", "{count} of type {kind} left out")
DOUBTFUL_STRIKE = Sentence(
    "fault.doubtful_strike",
    "the main traces are only {elongation:.1f} times as long as wide: their strike is doubtful; "
    "mark the main trace by the property `kind`",
)
EMPTY_WINDOWS = Sentence("fault.empty_windows", "{count} windows without any trace were left out")
NO_FAULT = Sentence(
    "fault.no_fault", "{count} windows hold no fault and have no efficiency: {which}"
)
LEFT_OUT_SCALES = Sentence(
    "fault.left_out_scales",
    "{count} of {all} scales were left out: the fault is only {length:.2g} windows long, so the "
    "band is too narrow",
)

NOT_GEOJSON = Sentence(
    "fault.not_geojson", "this is no GeoJSON object; give a FeatureCollection of LineStrings"
)
NO_TRACE = Sentence(
    "fault.no_trace",
    "no fault trace was found; give LineString or MultiLineString features",
)
ONLY_OTHER_KINDS = Sentence(
    "fault.only_other_kinds",
    "no fault trace was found ({notes}); give LineString or MultiLineString features",
)
NO_WINDOW = Sentence(
    "fault.no_window",
    "none of {count} windows along the main traces holds a trace; check the units",
)

SENTENCES = sentences_of(globals())
