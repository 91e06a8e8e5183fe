"""What time it is, by what the stations agree on."""

from collections.abc import Iterable

from mainshock.stream.ingest.channel import Channel

__all__ = ["StreamClock"]

_ROUNDS = 20
_FEWEST_PACKETS = 200


class StreamClock:
    """The time that most stations have reached; no channel moves it alone.

    A channel votes with the end of its newest samples, or of the waiting records that came since
    and follow each other. The vote of a station is its second newest channel's; the clock is the
    middle one of the stations that still send, the earlier of two. There is no clock before half
    of them have a vote.
    """

    def __init__(self) -> None:
        self._stations: dict[str, list[Channel]] = {}
        self._n_channels = 0
        self.newest_ns: int | None = None

    def join(self, channel: Channel) -> None:
        """Let a channel vote."""
        self._stations.setdefault(channel.station, []).append(channel)
        self._n_channels += 1

    def leave(self, channel: Channel) -> None:
        """Forget a channel."""
        beside = self._stations[channel.station]
        beside.remove(channel)
        self._n_channels -= 1
        if not beside:
            del self._stations[channel.station]

    def update(self, number: int) -> int | None:
        """Return the time, nanoseconds since 1970, when so many packets came; None: not known."""
        oldest = number - max(_FEWEST_PACKETS, _ROUNDS * self._n_channels)
        votes: list[int] = []
        n_alive = 0
        for channels in self._stations.values():
            alive = [one for one in channels if one.last_number >= oldest]
            if not alive:
                continue
            n_alive += 1
            vote = _second_newest(one.vote_ns for one in alive)
            if vote is not None:
                votes.append(vote)
        if not votes or 2 * len(votes) < n_alive:
            self.newest_ns = None
        else:
            votes.sort()
            self.newest_ns = votes[(len(votes) - 1) // 2]
        return self.newest_ns


def _second_newest(votes: Iterable[int | None]) -> int | None:
    known = sorted((one for one in votes if one is not None), reverse=True)
    return None if not known else known[min(1, len(known) - 1)]
