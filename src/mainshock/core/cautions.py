"""What must stand beside forecasts and maps of shaking, sentence by sentence."""

from mainshock.core.sentences import Sentence, sentences_of

__all__ = ["SENTENCES"]

RESEARCH = Sentence("forecast.research", "Research result, not an official forecast.")
NO_PREDICTION = Sentence(
    "forecast.chances_alone",
    "Earthquakes cannot be predicted; these numbers are chances, and they change as new data "
    "arrive.",
)
AGENCY = Sentence("forecast.agency", "Source of official advice: {agency}.")
GENERIC = Sentence(
    "forecast.generic", "Numbers marked generic come from parameters of other regions."
)
NOT_VALIDATED = Sentence(
    "forecast.not_validated", "The model was not validated for all windows shown."
)
SYNTHETIC = Sentence("forecast.synthetic", "Model or data are synthetic.")
RETROSPECTIVE = Sentence(
    "forecast.retrospective", "Retrospective: made after its window had opened."
)

NOT_FOR_DESIGN_USE = Sentence("shaking.not_for_design", "Not for design use.")
TRAINED_ON_SYNTHETIC = Sentence(
    "shaking.synthetic_model",
    "The model {model} was trained on synthetic records, not on real ones.",
)
EXTRAPOLATED = Sentence(
    "shaking.extrapolated",
    "{share} % of the sites lie outside what the model was trained on; their spread is widened.",
)
NO_SHAKING_MODEL = Sentence(
    "shaking.no_model",
    "no model of shaking is installed; train one with `mainshock shake train`",
)

SENTENCES = sentences_of(globals())
