"""What a run tells readers of its state and of why events change, sentence by sentence."""

from mainshock.core.sentences import Sentence, sentences_of

__all__ = ["SENTENCES"]

PACKETS_WAIT = Sentence("feed.packets_wait", "packets wait: {error}")
PACKETS_REFUSED = Sentence(
    "feed.refused",
    "the last {count} packets were refused and none was used, for {kinds}; the reasons lie in the "
    "dead letters",
)
PACKETS_SHED = Sentence(
    "feed.shed",
    "{count} packets were dropped since the start, some of them just now: they come faster than "
    "they can be worked on",
)
STAGE_ENDED = Sentence("stage.ended", "stage {stage} has ended: {error}")
STAGE_WAITS = Sentence("stage.waits", "stage {stage} waits: {error}")
STAGE_FAILS = Sentence("stage.fails", "stage {stage} fails: {error}")
CATALOGUE_BEHIND = Sentence(
    "housekeeping.catalogue", "the catalogue is not kept up to date: {error}"
)
MODEL_UNUSABLE = Sentence("model.unusable", "{model} was chosen and cannot be used: {error}")

NO_FORECAST_MODEL = Sentence(
    "forecast.no_model", "no forecast model is set; name its folder by --forecast-model"
)
FORECAST_MADE_NOW = Sentence(
    "forecast.being_made", "the forecast is being made; ask again in a minute"
)

SETTLED = Sentence("change.settled", "settled")
LATE_RECORDS = Sentence("change.late_records", "late records")
ONE_PICK_MORE = Sentence("change.one_pick_more", "1 pick more")
PICKS_MORE = Sentence("change.picks_more", "{count} picks more")
ONE_PICK_FEWER = Sentence("change.one_pick_fewer", "1 pick fewer")
PICKS_FEWER = Sentence("change.picks_fewer", "{count} picks fewer")
MOVED = Sentence("change.moved", "moved {distance_km:.1f} km")
PICKS_TAKEN = Sentence("change.picks_taken", "late records give its picks to another")
NOT_SUPPORTED = Sentence("change.not_supported", "all picks together do not support it")
PICKS_WITHDRAWN = Sentence("change.picks_withdrawn", "most of its picks are withdrawn")

SENTENCES = sentences_of(globals())
