"""Makes a large earthquake and its aftershocks of records of small ones: synthetic, for tests.

    python recipes/large_event/large_event.py FOLDER QUIET OUTPUT --magnitude 6.4 --seed 1

FOLDER holds ``sds``, ``stations.csv`` and ``events.csv`` (origins of small earthquakes in the
record), QUIET an ``sds`` with hours of noise, of any station. OUTPUT gets ``sds``,
``stations.csv``, ``truth.csv`` and ``synthetic.json``.

A small earthquake's record becomes that of a larger one by the ratio of their source spectra
(omega-square, one stress drop). The mainshock is that, superposed at random strengths for as long
as the rupture lasts and, weaker and weaker, for its coda. Aftershocks follow Omori in time and
Gutenberg-Richter in size. All is added to real noise, and the digitiser clips the sum. Copies keep
their times at the stations, so that moveouts are real; a rupture in space is not modelled.

References
----------
Irikura (1986), empirical Green's functions: Proc. 7th Japan Earthq. Eng. Symp., 151-156
Brune (1970), https://doi.org/10.1029/JB075i026p04997
Utsu et al. (1995), https://doi.org/10.4294/jpe1952.43.1
"""

import argparse
import csv
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from obspy import Stream, Trace, UTCDateTime, read
from scipy.signal import bilinear, butter, fftconvolve, lfilter, sosfilt

from mainshock.core.errors import DataError
from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Pick
from mainshock.core.times import format_utc, parse_utc
from mainshock.detect.network import NetworkPicker
from mainshock.pipeline.from_waveforms import pick_records
from mainshock.sources.stations import StationList, read_stations, write_stations

__all__ = ["Sequence", "SequenceSettings", "TrueEvent", "make_sequence", "read_small_records"]

FloatArray = NDArray[np.float64]
P_KM_S, S_KM_S = 6.2, 3.4
P_TOLERANCE_S, P_TOLERANCE_SHARE = 0.5, 0.1
LEAD_S, AFTER_S_S, TAPER_S = 0.15, 10.0, 5.0
CLEAR = 5.0  # peak of a small event that can be copied, in peaks of what comes before it
DETECTABLE = 2.0  # peak of a P in peaks of all else around it
STRESS_DROP_PA, S_M_S, HIGHEST_CORNER_HZ = 3e6, 3500.0, 15.0
NOISE_WINDOW_S = 10.0
OMORI_C_S = 30.0
BATH = 1.2  # the largest aftershock is this much smaller than the mainshock


@dataclass(frozen=True, slots=True)
class SequenceSettings:
    """What the sequence is like; below ``lowest_hz`` the small events are noise, and cut."""

    magnitude: float = 6.4
    duration_s: float = 10.0
    coda_s: float = 30.0
    coda_share: float = 0.15
    before_s: float = 180.0
    after_s: float = 600.0
    n_aftershocks: int = 60
    smallest: float = 2.5
    b_value: float = 1.0
    lowest_hz: float = 1.0
    clip_counts: int = 2**23 - 1


@dataclass(frozen=True, slots=True, eq=False)
class SmallEvent:
    """A catalogued earthquake, and its record at each channel: samples from the origin, counts."""

    longitude: float
    latitude: float
    depth_km: float
    magnitude: float
    pieces: Mapping[str, tuple[int, FloatArray]]


@dataclass(frozen=True, slots=True, eq=False)
class SmallRecords:
    """What a sequence is made of: noise by channel, stations, and small events."""

    start: datetime
    rate_hz: float
    counts: dict[str, FloatArray]
    stations: StationList
    events: list[SmallEvent]


Added = tuple[float, float, SmallEvent, dict[str, tuple[int, FloatArray]]]
"""An event put into the sequence: origin in seconds, magnitude, its source, its samples."""


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """An earthquake of the sequence; P is clear of all else at ``n_detectable`` stations."""

    kind: str
    time: datetime
    longitude: float
    latitude: float
    depth_km: float
    magnitude: float
    n_detectable: int


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """Synthetic counts by channel from ``start`` on, and the truth behind them."""

    start: datetime
    rate_hz: float
    counts: dict[str, NDArray[np.int32]]
    stations: StationList
    truth: list[TrueEvent]
    settings: SequenceSettings
    seed: int

    def write(self, folder: Path) -> None:
        """Write ``sds``, ``stations.csv``, ``truth.csv`` and ``synthetic.json``."""
        start = UTCDateTime(self.start)
        for code, samples in self.counts.items():
            network, station, location, channel = code.split(".")
            header: dict[str, object] = {
                "network": network,
                "station": station,
                "location": location,
            }
            header |= {"channel": channel, "starttime": start, "sampling_rate": self.rate_hz}
            place = folder / "sds" / f"{start.year}" / network / station / f"{channel}.D"
            place.mkdir(parents=True, exist_ok=True)
            path = place / f"{code}.D.{start.year}.{start.julday:03d}"
            Trace(samples, header).write(str(path), format="MSEED", encoding="STEIM2", reclen=512)
        write_stations(folder / "stations.csv", self.stations)
        rows = [asdict(one) | {"time": format_utc(one.time)} for one in self.truth]
        with (folder / "truth.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        about = {"synthetic": True, "seed": self.seed, "settings": asdict(self.settings)}
        (folder / "synthetic.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def read_small_records(folder: Path, lowest_hz: float) -> SmallRecords:
    """Return the records of a folder and the small events in them that can be copied."""
    stream = _merged(folder)
    rate_hz = float(stream[0].stats.sampling_rate)
    begin = parse_utc(str(stream[0].stats.starttime))
    counts = {one.id: _samples(one) for one in stream}
    counts = {code: one - float(np.nanmedian(one)) for code, one in counts.items()}
    picks = pick_records([folder / "sds"], NetworkPicker(), keep_waveforms=False).picks
    records = SmallRecords(begin, rate_hz, counts, read_stations(folder / "stations.csv"), [])
    with (folder / "events.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["magnitude"] and (event := _small_event(records, row, picks, lowest_hz)):
                records.events.append(event)
    if not records.events:
        raise DataError(f"no event of {folder} stands out of the noise; raise lowest_hz")
    return records


def make_sequence(
    records: SmallRecords, quiet: Path, settings: SequenceSettings, seed: int
) -> Sequence:
    """Return a mainshock at the place of one of the small events, drawn at random, and the rest.

    ``quiet`` is a folder with ``sds``: records of noise.
    """
    rng = np.random.default_rng(seed)
    n_samples = round((settings.before_s + settings.after_s) * records.rate_hz)
    counts = _noise(records, quiet, n_samples, settings.lowest_hz, rng)
    added: list[Added] = []
    for origin_s, magnitude in _origins(settings, rng):
        small = records.events[int(rng.integers(len(records.events)))]
        ratio = _source_ratio(small.magnitude, magnitude, records.rate_hz)
        rupture = np.ones(1) if added else _rupture(settings, records.rate_hz, rng)
        own = {}
        for code, (first, piece) in small.pieces.items():
            place = first + round(origin_s * records.rate_hz)
            own[code] = place, fftconvolve(lfilter(*ratio, piece), rupture)[: n_samples - place]
            counts[code][place : place + own[code][1].size] += own[code][1]
        added.append((origin_s, magnitude, small, own))
    truth = _truth(added, counts, records)
    limit = settings.clip_counts
    clipped = {c: np.clip(np.round(x), -limit, limit).astype(np.int32) for c, x in counts.items()}
    return Sequence(
        records.start,
        records.rate_hz,
        clipped,
        records.stations,
        sorted(truth, key=lambda one: one.time),
        settings,
        seed,
    )


def _merged(folder: Path) -> Stream:
    stream = read(str(folder / "sds" / "*" / "*" / "*" / "*.D" / "*"))
    stream.merge()
    start, end = max(t.stats.starttime for t in stream), min(t.stats.endtime for t in stream)
    return stream.trim(start, end).sort()


def _samples(trace: Trace) -> FloatArray:
    """Return samples, NaN in gaps."""
    return np.asarray(np.ma.filled(np.ma.asarray(trace.data, dtype=np.float64), np.nan))


def _truth(
    added: list[Added], counts: dict[str, FloatArray], records: SmallRecords
) -> list[TrueEvent]:
    return [
        TrueEvent(
            "aftershock" if number else "mainshock",
            records.start + timedelta(seconds=origin_s),
            small.longitude,
            small.latitude,
            small.depth_km,
            round(magnitude, 2),
            sum(_is_detectable(counts[c], *own[c], records.rate_hz) for c in own if c[-1] == "Z"),
        )
        for number, (origin_s, magnitude, small, own) in enumerate(added)
    ]


def _small_event(
    records: SmallRecords, row: dict[str, str], picks: tuple[Pick, ...], lowest_hz: float
) -> SmallEvent | None:
    """Return the event of a catalogue's row, or None where it does not stand out."""
    place = float(row["longitude"]), float(row["latitude"]), float(row["depth_km"])
    time = parse_utc(row["origin_time"])
    origin = round((time - records.start).total_seconds() * records.rate_hz)
    sections = butter(4, lowest_hz, "high", fs=records.rate_hz, output="sos")
    lead = round(3.0 * records.rate_hz)
    arrivals_s = _arrivals_s(records.stations, place, time, picks)
    pieces, over_noise, over_end = {}, [], []
    for code, samples in records.counts.items():
        p_s, s_s = arrivals_s[".".join(code.split(".")[:2])]
        first = origin + round((p_s - LEAD_S) * records.rate_hz)
        last = origin + round((s_s + AFTER_S_S) * records.rate_hz)
        window = samples[max(first - 2 * lead, 0) : last]
        if first < 2 * lead or last > samples.size or np.isnan(window).any():
            return None
        filtered = sosfilt(sections, window - window[0])[lead:]
        before, piece = filtered[:lead], filtered[lead:]
        taper = round(TAPER_S * records.rate_hz)
        peak = np.abs(piece[:-taper]).max()
        over_noise.append(peak / np.abs(before).max())
        over_end.append(peak / np.abs(piece[-taper:]).max())
        piece[-taper:] *= np.cos(0.5 * np.pi * np.arange(taper) / taper) ** 2
        pieces[code] = first - origin, piece
    if np.median(over_noise) < CLEAR or min(over_end) < 1.0:  # the next event may lie at the end
        return None
    return SmallEvent(*place, float(row["magnitude"]), pieces)


def _arrivals_s(
    stations: StationList,
    place: tuple[float, float, float],
    time: datetime,
    picks: Iterable[Pick],
) -> dict[str, tuple[float, float]]:
    """Return P and S after the origin by station: P as picked, or as the picked ones suggest."""
    distance_km = {
        one.code: math.hypot(
            float(geodesic_distance_km(*place[:2], one.longitude, one.latitude)), place[2]
        )
        for one in stations
    }
    picked_s: dict[str, float] = {}
    for pick in (one for one in picks if one.phase == "P"):
        after_s, code = (pick.time - time).total_seconds(), pick.station_code
        expected_s = distance_km[code] / P_KM_S
        off_s = abs(after_s - expected_s)
        if off_s <= min(
            P_TOLERANCE_S + P_TOLERANCE_SHARE * expected_s,
            abs(picked_s.get(code, math.inf) - expected_s),
        ):
            picked_s[code] = after_s
    speed = [distance_km[code] / one for code, one in picked_s.items()]
    p_km_s = float(np.median(speed)) if speed else P_KM_S
    return {
        code: (picked_s.get(code, one / p_km_s), one / S_KM_S) for code, one in distance_km.items()
    }


def _noise(
    records: SmallRecords, quiet: Path, n_samples: int, lowest_hz: float, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Return records of a quiet place, for each station another time, as loud as its own noise."""
    pieces = []
    stream = _merged(quiet)
    for station in sorted({one.id[:-1] for one in stream}):
        channels = [_samples(one) for one in stream.select(id=station + "?")]
        for first in range(0, min(one.size for one in channels) - n_samples, n_samples):
            pieces.append([one[first : first + n_samples] for one in channels])
    pieces = [one for one in pieces if np.isfinite(one).all()]
    stations = sorted({code[:-1] for code in records.counts})
    if len(pieces) < len(stations):
        raise DataError(
            f"{quiet} holds {len(pieces)} pieces of noise for {len(stations)} stations; "
            "give more of it, or make the sequence shorter"
        )
    noise = {}
    for station, number in zip(stations, rng.permutation(len(pieces)), strict=False):
        codes = sorted(code for code in records.counts if code[:-1] == station)
        for code, piece in zip(codes, pieces[number], strict=False):
            loudness = [
                _quiet_sd(one, records.rate_hz, lowest_hz) for one in (records.counts[code], piece)
            ]
            noise[code] = (piece - piece.mean()) * loudness[0] / loudness[1]
    return noise


def _quiet_sd(samples: FloatArray, rate_hz: float, lowest_hz: float) -> float:
    """Return the standard deviation of the quietest tenth of a record above a frequency."""
    sections = butter(4, lowest_hz, "high", fs=rate_hz, output="sos")
    filtered = sosfilt(sections, np.nan_to_num(samples - np.nanmedian(samples)))
    n_window = round(NOISE_WINDOW_S * rate_hz)
    windows = filtered[: filtered.size // n_window * n_window].reshape(-1, n_window)
    deviation = windows.std(axis=1)
    return float(np.quantile(deviation[deviation > 0.0], 0.1))


def _corner_hz(magnitude: float) -> float:
    moment_nm = math.pow(10.0, 1.5 * magnitude + 9.05)
    return min(0.49 * S_M_S * math.cbrt(STRESS_DROP_PA / moment_nm), HIGHEST_CORNER_HZ)


def _source_ratio(small: float, large: float, rate_hz: float) -> tuple[FloatArray, FloatArray]:
    """Return the causal filter that turns an omega-square source into a larger one."""
    own, wanted = (2.0 * np.pi * _corner_hz(one) for one in (small, large))
    above, below = (np.polymul([1.0 / w, 1.0], [1.0 / w, 1.0]) for w in (own, wanted))
    numerator, denominator = bilinear(10.0 ** (1.5 * (large - small)) * above, below, rate_hz)
    return np.asarray(numerator), np.asarray(denominator)


def _rupture(settings: SequenceSettings, rate_hz: float, rng: np.random.Generator) -> FloatArray:
    """Return a random train that grows and ends with the rupture, then decays with the coda.

    Its energy is 1 during the rupture, so that it keeps the source spectrum.
    """
    time_s = np.arange(round((settings.duration_s + 4.0 * settings.coda_s) * rate_hz)) / rate_hz
    share = np.clip(time_s / settings.duration_s, 0.0, 1.0)
    direct = np.sqrt((share + 0.02) * (1.0 - share))  # a first break, then growth
    direct /= math.sqrt(float(np.sum(direct**2)))
    coda = direct.max() * np.exp(-time_s / settings.coda_s)
    strength = np.hypot(direct, settings.coda_share * np.minimum(2.0 * share, 1.0) * coda)
    return np.asarray(strength * rng.standard_normal(time_s.size))


def _origins(settings: SequenceSettings, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Return origin times in seconds and magnitudes, the mainshock first."""
    longest = math.log1p((settings.after_s - settings.duration_s - 30.0) / OMORI_C_S)
    after_s = np.sort(OMORI_C_S * np.expm1(longest * rng.uniform(size=settings.n_aftershocks)))
    size = settings.smallest + rng.exponential(
        math.log10(math.e) / settings.b_value, settings.n_aftershocks
    )
    size = np.minimum(size, settings.magnitude - BATH)
    times_s = settings.before_s + settings.duration_s + after_s
    aftershocks = [(float(t), float(m)) for t, m in zip(times_s, size, strict=True)]
    return [(settings.before_s, settings.magnitude), *aftershocks]


def _is_detectable(total: FloatArray, first: int, own: FloatArray, rate_hz: float) -> bool:
    """Return whether the first 2 s of an event rise above all else, from 3 s before."""
    before, after = round(3.0 * rate_hz), round((LEAD_S + 2.0) * rate_hz)
    rest = total[first - before : first + after].copy()
    rest[before:] -= own[: rest.size - before]
    return float(np.abs(own[:after]).max()) >= DETECTABLE * float(np.abs(rest).max())


def main() -> None:
    """Make a sequence from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    usual = SequenceSettings()
    parser.add_argument("folder", type=Path)
    parser.add_argument("quiet", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--magnitude", type=float, default=usual.magnitude)
    parser.add_argument("--lowest-hz", type=float, default=usual.lowest_hz)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    settings = SequenceSettings(magnitude=given.magnitude, lowest_hz=given.lowest_hz)
    records = read_small_records(given.folder, settings.lowest_hz)
    make_sequence(records, given.quiet, settings, given.seed).write(given.output)


if __name__ == "__main__":
    main()
