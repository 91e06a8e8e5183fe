"""Passes on what people said of events, from the store, where it is kept first, to the stages."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from mainshock.sources.fragments import ns_from_datetime
from mainshock.stream.bus import Message
from mainshock.stream.messages import review_message
from mainshock.stream.store.database import Database
from mainshock.stream.store.reviews import ReviewStore

__all__ = ["ReviewRelay"]


class ReviewRelay:
    """Publishes reviews that wait in a store, whichever process kept them there.

    A review that is published and, by a crash, not noted as such is published again: the events
    stage tells each once, by its version.

    Parameters
    ----------
    database
        Of an open store.
    publish
        Puts messages on the bus.
    is_live
        Whether records come as they are recorded: then a review arrives now, else at the time of
        its event.
    """

    def __init__(
        self,
        database: Database,
        publish: Callable[[Sequence[Message]], None],
        *,
        is_live: bool,
    ) -> None:
        self._store = ReviewStore(database)
        self._publish = publish
        self._is_live = is_live
        self._published: set[tuple[str, int]] = set()  # and not noted yet in the store

    def pass_on(self) -> None:
        """Publish what waits, if anything does.

        Raises
        ------
        SourceError
            If the store or the bus does not answer; what is not passed on then waits.
        """
        while found := self._store.waiting():
            for one in found:
                key = one.event_id, one.version
                if key not in self._published:
                    arrival = datetime.now(UTC) if self._is_live else one.event.origin.time
                    self._publish([review_message(one, ns_from_datetime(arrival))])
                    self._published.add(key)
            self._store.passed_on(found)
            self._published.clear()
