"""Records made up for tests: a noise floor, then a decaying burst from P on."""

from collections.abc import Iterator

import numpy as np

from mainshock.shaking.labelled_records import LabelledRecord
from mainshock.shaking.records import Accelerogram
from mainshock.shaking.scenarios import Scenarios

RATE_HZ = 100.0


def samples(seed: int = 0, n: int = 4000, p_s: float = 8.0, noise: float = 1e-5) -> np.ndarray:
    """Return three components in m/s^2 with an onset at ``p_s``."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(n) / RATE_HZ - p_s
    envelope = np.where(time_s >= 0.0, np.exp(-np.maximum(time_s, 0.0) / 5.0), 0.0)
    burst = 0.05 * envelope * rng.normal(size=(3, n))
    return (burst + noise * rng.normal(size=(3, n))).astype(np.float32)


def labelled(number: int = 0, **changes: object) -> LabelledRecord:
    """Return a record of event ``number`` with its row."""
    row = {
        "source": "test",
        "event_id": str(number + 1),
        "magnitude": 4.0 + 0.1 * number,
        "ev_lat": 37.5,
        "ev_lon": -122.0 + 0.01 * number,
        "depth_km": 8.0,
        "network": "XX",
        "station": f"ST{number % 3}",
        "sta_lat": 37.6,
        "sta_lon": -122.1,
        "vs30": 500.0,
        "p_pick_s": 8.0,
        "s_pick_s": 10.0,
    }
    record = Accelerogram(samples(number), RATE_HZ, -5.0)
    return LabelledRecord(f"record {number}", record, row | changes)


def several(n: int = 4) -> Iterator[LabelledRecord]:
    """Yield ``n`` records."""
    yield from (labelled(number) for number in range(n))


def scenarios(n: int = 3) -> Scenarios:
    """Return ``n`` scenarios, two stations an event."""
    return Scenarios(
        magnitude=np.linspace(3.0, 4.0, n),
        depth_km=np.full(n, 8.0),
        source_longitude=np.full(n, -122.0),
        source_latitude=np.full(n, 37.5),
        site_longitude=np.full(n, -122.1),
        site_latitude=np.full(n, 37.6),
        vs30_m_s=np.array([np.nan, 500.0, 760.0] * n)[:n],
        event=np.array([f"event{one // 2}" for one in range(n)]),
        station=np.array(["ABC" if one % 2 else "long name" for one in range(n)]),
    )
