"""ESM's ASC and PEER's AT2: a header, then samples of one channel.

References
----------
Luzi et al. (2020), Engineering Strong-Motion Database, https://doi.org/10.13127/ESM.2 (DYNA 1.2);
Ancheta et al. (2014), NGA-West2 database, https://doi.org/10.1193/070913EQS197M (AT2).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.core.times import format_utc
from mainshock.core.units import STANDARD_GRAVITY_M_S2
from mainshock.shaking.labelled_records import Channel

__all__ = ["read_esm_asc", "read_peer_at2", "samples_of"]

_NPTS = re.compile(r"NPTS\s*=?\s*(\d+)", re.IGNORECASE)
_DT = re.compile(r"DT\s*=?\s*(\d*\.?\d+(?:[Ee][-+]?\d+)?)", re.IGNORECASE)
_DIRECTIONS = {"E": "E", "N": "N", "Z": "Z", "V": "Z", "UP": "Z", "1": "1", "2": "2", "3": "2"}
_NAME_ENDS = re.compile(r"[._-]?(UP|VER|\d{3}|[ENZVW12])$")


def read_esm_asc(path: Path) -> list[Channel]:
    """Return the channel of an ESM file, its header lines ``KEY: VALUE``.

    Raises
    ------
    DataError
        If its samples are not accelerations in cm/s^2, or not as many as it says.
    """
    lines = path.read_text(encoding="latin-1").splitlines()
    first = next((i for i, line in enumerate(lines) if line and ":" not in line), len(lines))
    header = {
        key.strip(): value.strip()
        for key, _, value in (line.partition(":") for line in lines[:first])
    }
    if header.get("UNITS", "cm/s^2").lower() not in ("cm/s^2", "cm/s2"):
        raise DataError(f"{path} is in {header['UNITS']}; give the file of acceleration in cm/s^2")
    samples = samples_of(path, " ".join(lines[first:]), int(header["NDATA"]))
    date, time = header.get("EVENT_DATE_YYYYMMDD", ""), header.get("EVENT_TIME_HHMMSS", "")
    origin_time = _esm_time(f"{date}_{time}")
    row = _without_blanks(
        {
            "source": "esm",
            "event_id": header.get("EVENT_ID"),
            "origin_time": None if origin_time is None else format_utc(origin_time),
            "magnitude": header.get("MAGNITUDE_W") or header.get("MAGNITUDE_L"),
            "ev_lat": header.get("EVENT_LATITUDE_DEGREE"),
            "ev_lon": header.get("EVENT_LONGITUDE_DEGREE"),
            "depth_km": header.get("EVENT_DEPTH_KM"),
            "network": header.get("NETWORK"),
            "station": header["STATION_CODE"],
            "location": header.get("LOCATION"),
            "sta_lat": header.get("STATION_LATITUDE_DEGREE"),
            "sta_lon": header.get("STATION_LONGITUDE_DEGREE"),
            "vs30": header.get("VS30_M/S"),
        }
    )
    stream = header.get("STREAM", "")
    return [
        Channel(
            name=str(path),
            direction=_DIRECTIONS.get(stream[-1:].upper(), stream[-1:] or "?"),
            azimuth_deg=float("nan"),
            acceleration_m_s2=0.01 * samples,
            sampling_rate_hz=1.0 / float(header["SAMPLING_INTERVAL_S"]),
            start=_esm_time(header.get("DATE_TIME_FIRST_SAMPLE_YYYYMMDD_HHMMSS", "")),
            origin_time=origin_time,
            row=row,
        )
    ]


def read_peer_at2(path: Path) -> list[Channel]:
    """Return the channel of a PEER file, in units of g.

    It tells neither source nor site: ``event_id`` is the earthquake's name, ``station`` the
    record's name without the component, and a table must give the rest.

    Raises
    ------
    DataError
        If there are not as many samples as it says.
    """
    lines = path.read_text(encoding="latin-1").splitlines()
    at = next(i for i, line in enumerate(lines) if _NPTS.search(line))
    n, step = _NPTS.search(lines[at]), _DT.search(lines[at])
    if n is None or step is None:
        raise DataError(f"{path}, line {at + 1}: no NPTS= and DT=; its step is not known")
    samples = samples_of(path, " ".join(lines[at + 1 :]), int(n[1]))
    described = [part.strip() for part in lines[1].split(",")] if at > 1 else []
    direction, azimuth_deg = _at2_direction(described[-1] if described else "", path.stem)
    station = _NAME_ENDS.sub("", path.stem.upper())
    return [
        Channel(
            name=str(path),
            direction=direction,
            azimuth_deg=azimuth_deg,
            acceleration_m_s2=STANDARD_GRAVITY_M_S2 * samples,
            sampling_rate_hz=1.0 / float(step[1]),
            start=None,
            origin_time=None,
            row=_without_blanks(
                {
                    "source": "peer",
                    "event_id": described[0] if described else None,
                    "station": station,
                }
            ),
        )
    ]


def samples_of(path: Path, text: str, n_samples: int) -> NDArray[np.float64]:
    """Return the numbers in a text, as many as the header says.

    Raises
    ------
    DataError
        If there are fewer or more.
    """
    samples = np.array(text.split(), dtype=np.float64)
    if samples.size != n_samples:
        raise DataError(
            f"{path} holds {samples.size} samples and its header says {n_samples}; fetch it again"
        )
    return samples


def _at2_direction(described: str, stem: str) -> tuple[str, float]:
    """Return the direction and azimuth, from the header's last word or the file's name."""
    for text in (described.upper(), stem.upper()):
        found = _NAME_ENDS.search(text)
        if found is None:
            continue
        word = found[1]
        if word.isdigit() and len(word) == 3:
            return "H", float(word)
        if word in ("UP", "VER", "Z", "V"):
            return "Z", float("nan")
        if word in ("E", "N", "1", "2"):
            return word, float("nan")
        if word == "W":
            return "H", 270.0
    return "?", float("nan")


def _esm_time(text: str) -> datetime | None:
    digits = re.sub(r"[^\d.]", "", text)
    if len(digits.partition(".")[0]) != 14:
        return None
    form = "%Y%m%d%H%M%S.%f" if "." in digits else "%Y%m%d%H%M%S"
    return datetime.strptime(digits[:21], form).replace(tzinfo=UTC)


_NUMBERS = ("magnitude", "ev_lat", "ev_lon", "depth_km", "sta_lat", "sta_lon", "vs30")


def _without_blanks(row: Mapping[str, str | None]) -> dict[str, Any]:  # text and numbers
    """Return the cells that hold something, numbers as such."""
    filled = {name: text for name, text in row.items() if text not in (None, "")}
    return {name: float(str(text)) if name in _NUMBERS else text for name, text in filled.items()}
