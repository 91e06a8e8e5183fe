"""Generated accelerograms as miniSEED and as PEER AT2."""

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.core.files import replacing
from mainshock.core.times import format_utc, utc_from_posix
from mainshock.core.units import STANDARD_GRAVITY_M_S2
from mainshock.shaking.base import COMPONENTS, Waveforms
from mainshock.shaking.scenarios import Scenarios
from mainshock.sources.fragments import Fragment, FragmentHeader
from mainshock.sources.miniseed_records import encode_records

__all__ = ["SYNTHETIC_NETWORK", "write_at2", "write_miniseed"]

SYNTHETIC_NETWORK = "SY"  # the code that FDSN keeps for synthetic records
_FIRST_ORIGIN_S = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
_LEAST_STEP_S = 3600.0
_LONG_RECORD = 4096
_MOST_REALISATIONS = 100  # location codes 00 to 99
_PER_LINE = 5


def write_miniseed(
    waveforms: Waveforms, scenarios: Scenarios, path: Path, kind: str
) -> tuple[Path, ...]:
    """Write one miniSEED file and a CSV that tells which trace is which row.

    Raises
    ------
    DataError
        If there are more than 100 realisations a row.

    Notes
    -----
    Samples are float32 **in m/s^2**, not counts. Codes are ``SY.STATION.NN.?NE`` (N, Z): the
    station as it is called where that is a code, else ``S`` and a number; ``NN`` is the
    realisation. Origin times are made up: one an hour for each event, from 2000-01-01T00:00:00Z.
    Two rows of one event at one station get an hour of their own.
    """
    n_realisations = waveforms.acceleration.shape[1]
    if n_realisations > _MOST_REALISATIONS:
        raise DataError(
            f"miniSEED has room for {_MOST_REALISATIONS} realisations and there are "
            f"{n_realisations}; write HDF5"
        )
    codes, origins_s = _station_codes(scenarios), _origin_times_s(waveforms, scenarios)
    listing = path.with_suffix(".csv")
    with replacing(listing) as table_path, replacing(path) as temporary:
        with temporary.open("wb") as stream:
            for row in range(len(scenarios)):
                for payload in _encoded(waveforms, row, codes[row], origins_s[row]):
                    stream.write(payload)
        with table_path.open("w", encoding="utf-8", newline="") as stream_of_text:
            writer = csv.writer(stream_of_text)
            writer.writerow(["row", "event", "station", "code", "origin_time", "unit", "kind"])
            for row in range(len(scenarios)):
                origin = format_utc(utc_from_posix(origins_s[row]))
                event, station = scenarios.event[row], scenarios.station[row]
                code = f"{SYNTHETIC_NETWORK}.{codes[row]}"
                writer.writerow([row, event, station, code, origin, "m/s^2", kind])
    return path, listing


def write_at2(
    waveforms: Waveforms, scenarios: Scenarios, path: Path, kind: str
) -> tuple[Path, ...]:
    """Write a PEER AT2 file, in g, for each row, realisation and component."""
    written = []
    n_rows, n_realisations = waveforms.acceleration.shape[:2]
    for row, number in np.ndindex(n_rows, n_realisations):
        for place, component in enumerate(COMPONENTS):
            name = f"{path.stem}_r{row:05d}_n{number:03d}_{component}{path.suffix}"
            samples = waveforms.acceleration[row, number, place]
            title = (
                f"{kind}: M {scenarios.magnitude[row]:.2f}, event {scenarios.event[row]}, "
                f"{scenarios.station[row]}, {component}"
            )
            text = _at2_text(title, samples, waveforms.sampling_rate_hz)
            with replacing(path.with_name(name)) as temporary:
                temporary.write_text(text, encoding="ascii", errors="replace")
            written.append(path.with_name(name))
    return tuple(written)


def _at2_text(title: str, samples: NDArray[Any], rate_hz: float) -> str:
    in_g = samples.astype(np.float64) / STANDARD_GRAVITY_M_S2
    lines = [
        "SYNTHETIC ACCELEROGRAM IN THE FORMAT OF PEER, NOT RECORDED",
        title,
        "ACCELERATION TIME SERIES IN UNITS OF G",
        f"NPTS= {in_g.size:6d}, DT= {1.0 / rate_hz:.8f} SEC",
    ]
    cells = [f"{value:15.7E}" for value in in_g]
    lines += ["".join(cells[i : i + _PER_LINE]) for i in range(0, len(cells), _PER_LINE)]
    return "\n".join(lines) + "\n"


def _encoded(waveforms: Waveforms, row: int, code: str, origin_s: float) -> Iterator[bytes]:
    """Yield the miniSEED records of a row."""
    rate_hz = waveforms.sampling_rate_hz
    band = "H" if rate_hz >= 80.0 else "B" if rate_hz >= 10.0 else "M"
    start_ns = round((origin_s + waveforms.start_rel_origin_s) * 1e6) * 1000
    for number, realisation in enumerate(waveforms.acceleration[row]):
        for component, samples in zip(COMPONENTS, realisation, strict=True):
            header = FragmentHeader(
                SYNTHETIC_NETWORK, code, f"{number:02d}", f"{band}N{component}",
                start_ns, rate_hz, samples.size,
            )  # fmt: skip
            fragment = Fragment(header, np.ascontiguousarray(samples, dtype=np.float32))
            yield from encode_records(fragment, _LONG_RECORD)


def _station_codes(scenarios: Scenarios) -> list[str]:
    """Return a code of at most five characters for each row, one a station."""
    codes: dict[str, str] = {}
    for name in scenarios.station.tolist():
        is_code = re.fullmatch(r"[A-Z0-9]{1,5}", name) is not None
        codes.setdefault(name, name if is_code else "")
    taken = set(codes.values())
    free = (f"S{number:04d}" for number in range(10_000) if f"S{number:04d}" not in taken)
    for name, code in codes.items():
        if not code:
            codes[name] = next(free)
    return [codes[name] for name in scenarios.station.tolist()]


def _origin_times_s(waveforms: Waveforms, scenarios: Scenarios) -> list[float]:
    """Return an origin time for each row, so that no two traces of one station overlap."""
    length_s = waveforms.acceleration.shape[-1] / waveforms.sampling_rate_hz
    step_s = max(_LEAST_STEP_S, 60.0 * np.ceil((length_s + 60.0) / 60.0))
    slots: dict[tuple[str, int], int] = {}
    seen: dict[tuple[str, str], int] = {}
    times = []
    for event, station in zip(scenarios.event.tolist(), scenarios.station.tolist(), strict=True):
        repeat = seen[event, station] = seen.get((event, station), -1) + 1
        slot = slots.setdefault((event, repeat), len(slots))
        times.append(_FIRST_ORIGIN_S + slot * step_s)
    return times
