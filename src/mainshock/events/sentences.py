"""What is said of events without a magnitude, sentence by sentence."""

from mainshock.core.sentences import Sentence, sentences_of

__all__ = ["SENTENCES"]

RESPONSE_UNKNOWN = Sentence(
    "magnitude.response_unknown",
    "none: no instrument response is known, and counts alone give no magnitude",
)
RESPONSE_AT_NO_STATION = Sentence(
    "magnitude.response_at_none", "none: no instrument response at any of {count} stations"
)
NO_STATION_GAVE_ONE = Sentence(
    "magnitude.no_station", "none: no station of {count} gave a magnitude"
)
PLACE_UNKNOWN = Sentence(
    "magnitude.place_unknown",
    "{station}: its coordinates are not known, so neither is its distance",
)

SENTENCES = sentences_of(globals())
