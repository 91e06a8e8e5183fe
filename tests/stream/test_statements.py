"""However many things are saved at once, a connection sees few different statements."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from mainshock.core.records import Pick
from mainshock.stream.records import LivePick
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.queries import identity_parts

START = datetime(2026, 1, 1, tzinfo=UTC)


def live_pick(number: int) -> LivePick:
    time = START + timedelta(seconds=number)
    pick = Pick("XX", "A", "", "P", time, 0.9, 0.1, "test")
    return LivePick(f"p{number}", 1, "new", "preliminary", pick, "HH", time)


def test_picks_saved_in_any_number_lead_to_few_statements(tmp_path):
    seen: set[str] = set()
    with LiveStore.open(tmp_path / "store.sqlite") as store:

        @event.listens_for(store.database.engine, "before_cursor_execute")
        def note(_connection, _cursor, statement, *_):
            seen.add(statement)

        n_saved = 0
        for n in range(1, 70):
            store.save_picks([live_pick(n_saved + one) for one in range(n)])
            n_saved += n
        n_statements = len(seen)
        assert len(store.picks(limit=None)) == n_saved
    assert n_statements < 20, sorted(seen)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 64, 65, 511, 512, 513, 1500])
def test_parts_hold_each_identity_and_have_lengths_of_powers_of_two(n):
    identities = [f"e{number}" for number in range(n)]
    parts = list(identity_parts(identities))
    assert list(dict.fromkeys(one for part in parts for one in part)) == identities
    assert all(len(part) & (len(part) - 1) == 0 and len(part) <= 512 for part in parts)
    assert sum(map(len, parts)) < max(1, 2 * n)
