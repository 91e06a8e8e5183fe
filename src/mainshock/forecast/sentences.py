"""What live forecasts say to readers beside their numbers, sentence by sentence."""

from mainshock.core.sentences import Sentence, sentences_of

__all__ = ["SENTENCES"]

WORLD_AVERAGE = Sentence(
    "forecast.world_average", "Long-term numbers are those of an average place on Earth."
)
UNKNOWN_STRETCH = Sentence(
    "forecast.unknown_stretch",
    "It knows of no event between {first} and {last}; aftershocks of what happened then are "
    "missing in it.",
)
AT_BOUND = Sentence(
    "forecast.at_bound",
    "{name} stopped at a bound of the search ({value:.4g}); it is not determined",
)
NOT_CONVERGED = Sentence(
    "forecast.not_converged",
    "the ascent did not converge; parameters and errors are not to be trusted",
)
CHOSEN_PAIRS = Sentence(
    "forecast.chosen_pairs",
    "the log-likelihood is from chosen pairs, which stand for all of them",
)
ENDLESS = Sentence(
    "forecast.endless",
    "branching ratio {ratio:.3f}: sequences never end, simulations are refused",
)
ELONGATED = Sentence(
    "forecast.elongated",
    "intensities follow the ruptures of large events; simulated catalogues and live grids place "
    "their aftershocks around the epicentres",
)

BELOW_COMPLETENESS = Sentence(
    "forecast.below_completeness",
    "magnitude {magnitude:g} is below {mc:g}, from which on the model's catalogue is complete; "
    "ask for {mc:g} or more, or fit a model with a lower --mc",
)
ABOVE_LARGEST = Sentence(
    "forecast.above_largest",
    "magnitude {magnitude:g} is not below {m_max:g}, the largest one of the model; ask for a "
    "smaller one",
)
TOO_LONG_TESTED = Sentence(
    "forecast.too_long",
    "a window of {days:g} days is longer than {limit:g} days, which is as far as this model was "
    "validated; ask for a shorter one, or test the model by `forecast evaluate --tests --days "
    "{days:g} --record`",
)
TOO_LONG_UNTESTED = Sentence(
    "forecast.too_long_untested",
    "a window of {days:g} days is longer than {limit:g} days, which is as far as this model may "
    "be used without validation; ask for a shorter one, or test the model by `forecast evaluate "
    "--tests --days {days:g} --record`",
)

REGION_BOX = Sentence(
    "region.box",
    "the area of longitude {west:g} to {east:g} and latitude {south:g} to {north:g}",
)
REGION_CIRCLE = Sentence(
    "region.circle",
    "the area within {radius_km:g} km of longitude {longitude:g}, latitude {latitude:g}",
)
REGION_MAINSHOCK = Sentence(
    "region.mainshock",
    "the area within {radius_km:g} km of the magnitude {magnitude:.1f} earthquake at {latitude}, "
    "{longitude}",
)

SENTENCES = sentences_of(globals())
