"""Saves picks of its own, and versions of one that all writers share: a process of its own.

Called with the address of a store, a name, and how many.
"""

import sys
from datetime import UTC, datetime, timedelta

from mainshock.core.records import Pick
from mainshock.stream.records import LivePick
from mainshock.stream.store.live_store import LiveStore

BEGIN = datetime(2026, 5, 27, 12, tzinfo=UTC)


def main() -> None:
    place, name, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with LiveStore.open(place) as store:
        for one in range(number):
            time = BEGIN + timedelta(seconds=one)
            pick = Pick("XX", name, "", "P", time, 0.9, 0.1, "model")
            own = LivePick(f"{name}-{one}", 1, "new", "settled", pick, "HH", BEGIN)
            shared = LivePick("shared", one + 1, "update", "settled", pick, "HH", BEGIN)
            store.save_picks([own, shared])


main()
