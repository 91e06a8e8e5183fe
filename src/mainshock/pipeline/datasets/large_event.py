"""A large earthquake and its aftershocks, made of real records of small ones: synthetic, for tests.

A network that runs for years sees few large earthquakes, and a detector that makes a swarm of one
must be found out before. The mainshock is many scaled copies of a small earthquake within its
duration, each of which slips for a while; a random train after them makes its coda. Aftershocks are
scaled copies at random times, after Omori and after Gutenberg and Richter. Copies keep their times
at all stations, so that all moveouts are real. The digitiser clips the sum.

References
----------
Irikura (1986), empirical Green's functions: Proc. 7th Japan Earthq. Eng. Symp., 151-156
Utsu et al. (1995), https://doi.org/10.4294/jpe1952.43.1
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, sosfilt

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Station
from mainshock.core.times import format_utc, parse_utc
from mainshock.detect.base import Picker
from mainshock.pipeline.from_waveforms import pick_records
from mainshock.sources.stations import read_stations, write_stations

__all__ = [
    "LargeEventSettings",
    "Network",
    "SmallEvent",
    "SyntheticSequence",
    "TrueEvent",
    "make_sequence",
    "read_network",
    "write_sequence",
]

FloatArray = NDArray[np.float64]
_P_KM_S, _S_KM_S = 6.8, 3.0  # nothing arrives before the one, or lasts much beyond the other
_LEAD_S, _TAPER_S, _P_TOLERANCE_S = 0.15, 0.1, 1.5
_AFTER_S_S = 12.0
_QUIET_WINDOW_S, _QUIET_WINDOWS = 10.0, 12
_OMORI_C_S = 20.0
_LARGEST_BELOW = 1.2  # Bath's law
_CLEAR = 5.0  # peak of a usable small event in peaks of the noise before it
_BEFORE_S = 5.0


@dataclass(frozen=True, slots=True)
class LargeEventSettings:
    """What the sequence is like.

    Parameters
    ----------
    magnitude
        Of the mainshock.
    duration_s
        How long it ruptures.
    n_subevents
        Copies of a small event that it is made of.
    n_sources
        Small events, the nearest to each other, that the copies are of.
    rise_time_s
        How long each of them slips; 0: they are short, as in plain superposition.
    gain_exponent
        Amplitudes at high frequencies grow by ten to this power for each magnitude: 0.5 where
        stress drop is constant, 1 in plain scaling.
    coda_share, coda_s
        Strength of the coda as a share of the direct waves, and the time in which it falls to a
        third.
    clip_counts
        Largest count of the digitiser; None: none.
    before_s, after_s
        Length of the record before and after the mainshock's origin.
    n_aftershocks
        How many there are.
    smallest, b_value
        Their least magnitude, and the slope of their numbers.
    lowest_hz
        Below this the small events are noise, and cut.
    background
        ``"noise"``: noise with the spectrum of the quietest times; ``"record"``: the record as it
        is, with all its own earthquakes.

    Raises
    ------
    SettingsError
        If a length or a number is not positive.
    """

    magnitude: float = 6.4
    duration_s: float = 10.0
    n_subevents: int = 400
    n_sources: int = 2
    rise_time_s: float = 0.6
    gain_exponent: float = 0.75
    coda_share: float = 0.5
    coda_s: float = 30.0
    clip_counts: int | None = 2**23 - 1
    before_s: float = 120.0
    after_s: float = 360.0
    n_aftershocks: int = 60
    smallest: float = 1.5
    b_value: float = 1.0
    lowest_hz: float = 0.5
    background: Literal["noise", "record"] = "noise"

    def __post_init__(self) -> None:
        for name in ("duration_s", "n_subevents", "n_sources", "before_s", "after_s", "coda_s"):
            if not getattr(self, name) > 0:
                raise SettingsError(f"{name} is {getattr(self, name)}; it must be above 0")


@dataclass(frozen=True, slots=True)
class SmallEvent:
    """A catalogued earthquake in the record: where, when (seconds from its start) and how large."""

    origin_s: float
    longitude: float
    latitude: float
    depth_km: float
    magnitude: float


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """An earthquake of the sequence: a small event moved in time and scaled."""

    kind: Literal["mainshock", "aftershock"]
    event: SmallEvent


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Records of all channels over one span, their stations, and the small events in them.

    Parameters
    ----------
    start
        Time of sample 0, UTC.
    rate_hz
        Samples a second.
    counts
        By channel id ``NET.STA.LOC.CHA``, shape ``(n_samples,)``; gaps are bridged.
    stations
        With coordinates, by ``NET.STA``.
    events
        Small events that can be copied.
    p_times_s
        Times of P picks by ``NET.STA``, in seconds from the start: a copy begins with its P, since
        the noise before it would make an onset of its own once it is scaled.
    """

    start: datetime
    rate_hz: float
    counts: dict[str, FloatArray]
    stations: dict[str, Station]
    events: list[SmallEvent] = field(default_factory=list)
    p_times_s: dict[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticSequence:
    """Synthetic counts by channel, from ``start`` on, and the truth behind them."""

    start: datetime
    rate_hz: float
    counts: dict[str, NDArray[np.int32]]
    stations: dict[str, Station]
    truth: list[TrueEvent]
    settings: LargeEventSettings
    seed: int


def read_network(folder: Path, picker: Picker) -> Network:
    """Return the records of a folder with ``sds``, ``stations.csv`` and ``events.csv``.

    Raises
    ------
    SourceError
        If there are no records.
    """
    from obspy import Stream, read

    stream = Stream()
    for path in sorted((folder / "sds").rglob("*.D.*")):
        if path.is_file():
            stream += read(path)
    if not stream:
        raise SourceError(f"{folder} holds no records; it needs an SDS tree in {folder / 'sds'}")
    stream.merge(fill_value="interpolate")
    start, end = max(t.stats.starttime for t in stream), min(t.stats.endtime for t in stream)
    stream.trim(start, end)
    n_samples = min(len(trace) for trace in stream)
    counts = {
        trace.id: trace.data[:n_samples].astype(np.float64) - float(np.median(trace.data))
        for trace in stream
    }
    network = Network(
        start=start.datetime.replace(tzinfo=parse_utc("2000-01-01").tzinfo),
        rate_hz=float(stream[0].stats.sampling_rate),
        counts=counts,
        stations={one.code: one for one in read_stations(folder / "stations.csv")},
    )
    p_times_s: dict[str, list[float]] = {}
    for pick in pick_records([folder / "sds"], picker, keep_waveforms=False).picks:
        if pick.phase == "P":
            time_s = (pick.time - network.start).total_seconds()
            p_times_s.setdefault(pick.station_code, []).append(time_s)
    return replace(
        network,
        events=_catalogue(folder / "events.csv", network.start),
        p_times_s={code: np.sort(times) for code, times in p_times_s.items()},
    )


def make_sequence(
    network: Network, settings: LargeEventSettings, seed: int, first_source: int = 0
) -> SyntheticSequence:
    """Return the sequence.

    Parameters
    ----------
    network
        Records with small events.
    settings
        What the sequence is like.
    seed
        Of all that is random.
    first_source
        Which of the small events, the largest first, the mainshock is made of.

    Raises
    ------
    DataError
        If too few catalogued events stand out of the noise, or the record is too short.
    """
    rng = np.random.default_rng(seed)
    network = replace(network, events=_clear_events(network, settings.lowest_hz))
    if len(network.events) <= first_source:
        raise DataError(
            f"{len(network.events)} small events stand out of the noise at half of the stations, "
            f"number {first_source} is wanted; raise lowest_hz or take a record with more"
        )
    n_samples = round((settings.before_s + settings.after_s) * network.rate_hz)
    counts = {
        code: _background(samples, n_samples, network.rate_hz, settings, rng)
        for code, samples in network.counts.items()
    }
    source = sorted(network.events, key=lambda one: -one.magnitude)[first_source]
    _add_mainshock(counts, network, source, settings, rng)
    truth = [_moved("mainshock", source, settings.before_s, settings.magnitude)]
    for origin_s, magnitude in _aftershocks(settings, rng):
        copied = network.events[int(rng.integers(len(network.events)))]
        truth.append(_moved("aftershock", copied, origin_s, magnitude))
        gain = 10.0 ** (magnitude - copied.magnitude)
        for code, samples in counts.items():
            first, piece = _piece(network, code, copied, settings.lowest_hz)
            _add(samples, gain * piece, first + origin_s * network.rate_hz)
    limit = settings.clip_counts or 2**30
    return SyntheticSequence(
        start=network.start,
        rate_hz=network.rate_hz,
        counts={
            code: np.clip(np.round(one), -limit, limit).astype(np.int32)
            for code, one in counts.items()
        },
        stations=network.stations,
        truth=sorted(truth, key=lambda one: one.event.origin_s),
        settings=settings,
        seed=seed,
    )


def write_sequence(sequence: SyntheticSequence, folder: Path) -> None:
    """Write ``sds``, ``stations.csv``, ``truth.csv`` and ``synthetic.json`` to a folder."""
    from obspy import Trace, UTCDateTime

    start = UTCDateTime(sequence.start)
    for code, samples in sequence.counts.items():
        network, station, location, channel = code.split(".")
        header = {"network": network, "station": station, "location": location}
        header |= {"channel": channel, "starttime": start, "sampling_rate": sequence.rate_hz}
        place = folder / "sds" / f"{start.year}" / network / station / f"{channel}.D"
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{code}.D.{start.year}.{start.julday:03d}"
        Trace(samples, header).write(str(path), format="MSEED", encoding="STEIM2", reclen=512)
    write_stations(folder / "stations.csv", sequence.stations.values())
    _write_table(
        folder / "truth.csv",
        [_row(number, one, sequence) for number, one in enumerate(sequence.truth)],
    )
    about = {
        "synthetic": True,
        "made_of": "scaled and superposed real records of small earthquakes",
        "seed": sequence.seed,
        "settings": asdict(sequence.settings),
    }
    (folder / "synthetic.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def _row(number: int, one: TrueEvent, sequence: SyntheticSequence) -> dict[str, object]:
    event = one.event
    return {
        "event_id": f"synthetic-{number:03d}",
        "time": format_utc(sequence.start + timedelta(seconds=event.origin_s)),
        "longitude": event.longitude,
        "latitude": event.latitude,
        "depth_km": event.depth_km,
        "magnitude": round(event.magnitude, 2),
        "kind": one.kind,
    }


def _write_table(path: Path, rows: Sequence[dict[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _catalogue(path: Path, start: datetime) -> list[SmallEvent]:
    with path.open(newline="", encoding="utf-8") as file:
        return [
            SmallEvent(
                (parse_utc(row.get("origin_time") or row["time"]) - start).total_seconds(),
                float(row["longitude"]),
                float(row["latitude"]),
                float(row["depth_km"]),
                float(row["magnitude"]),
            )
            for row in csv.DictReader(file)
            if row["magnitude"]
        ]


def _window(network: Network, code: str, event: SmallEvent) -> tuple[int, int]:
    """Return the samples from before P to well after S of an event at a station."""
    station = network.stations[".".join(code.split(".")[:2])]
    away_km = float(
        geodesic_distance_km(event.longitude, event.latitude, station.longitude, station.latitude)
    )
    distance_km = float(np.hypot(away_km, event.depth_km))
    first_s = event.origin_s + distance_km / _P_KM_S
    picked_s = network.p_times_s.get(station.code, np.empty(0))
    near_s = picked_s[np.abs(picked_s - first_s - 0.5 * _P_TOLERANCE_S) <= _P_TOLERANCE_S]
    if near_s.size:
        first_s = float(near_s[np.argmin(np.abs(near_s - first_s))])
    first_s -= _LEAD_S
    last_s = event.origin_s + distance_km / _S_KM_S + _AFTER_S_S
    return round(first_s * network.rate_hz), round(last_s * network.rate_hz)


def _clear_events(network: Network, lowest_hz: float) -> list[SmallEvent]:
    """Return the events that stand out of the noise at half of the vertical channels."""
    lead = round(_BEFORE_S * network.rate_hz)
    clear = []
    for event in network.events:
        windows = {code: _window(network, code, event) for code in network.counts}
        n_samples = min(one.size for one in network.counts.values())
        if any(first < lead or last > n_samples for first, last in windows.values()):
            continue
        ratio, rest = [], []
        for code in (one for one in network.counts if one.endswith("Z")):
            before, piece = np.split(_filtered(network, code, windows[code], lowest_hz), [lead])
            own, later = np.split(np.abs(piece), [-round(_AFTER_S_S / 2 * network.rate_hz)])
            ratio.append(own.max() / np.abs(before[lead // 2 :]).max())
            rest.append(later.max() / own.max())
        if np.median(ratio) >= _CLEAR and max(rest) < 1.0:
            clear.append(event)
    return clear


def _filtered(network: Network, code: str, window: tuple[int, int], lowest_hz: float) -> FloatArray:
    """Return the samples of a window, and those before it, without low frequencies."""
    lead = round(_BEFORE_S * network.rate_hz)
    samples = network.counts[code][window[0] - lead : window[1]]
    sections = butter(2, lowest_hz, "high", fs=network.rate_hz, output="sos")
    return np.asarray(sosfilt(sections, samples - samples[0]), dtype=np.float64)


def _piece(
    network: Network, code: str, event: SmallEvent, lowest_hz: float
) -> tuple[float, FloatArray]:
    """Return an event's record at a channel, tapered, and where it starts after its origin."""
    window = _window(network, code, event)
    lead = round(_BEFORE_S * network.rate_hz)
    piece = _filtered(network, code, window, lowest_hz)[lead:].copy()
    for seconds, part in ((_TAPER_S, piece), (0.5 * _AFTER_S_S, piece[::-1])):
        n_taper = round(seconds * network.rate_hz)
        part[:n_taper] *= np.sin(0.5 * np.pi * np.arange(n_taper) / n_taper) ** 2
    return window[0] - event.origin_s * network.rate_hz, piece


def _background(
    samples: FloatArray,
    n_samples: int,
    rate_hz: float,
    settings: LargeEventSettings,
    rng: np.random.Generator,
) -> FloatArray:
    if settings.background == "record":
        if samples.size < n_samples:
            raise DataError(
                f"the record has {samples.size} samples, the sequence {n_samples}; make it shorter"
            )
        return samples[:n_samples].copy()
    n_window = round(_QUIET_WINDOW_S * rate_hz)
    windows = samples[: samples.size // n_window * n_window].reshape(-1, n_window)
    windows = windows - windows.mean(axis=1, keepdims=True)
    quiet = windows[np.argsort(np.ptp(windows, axis=1))[:_QUIET_WINDOWS]] * np.hanning(n_window)
    amplitude = np.sqrt(np.mean(np.abs(np.fft.rfft(quiet, axis=1)) ** 2, axis=0))
    amplitude[0] = 0.0
    shape = np.interp(np.fft.rfftfreq(n_samples), np.fft.rfftfreq(n_window), amplitude)
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(n_samples)) * shape, n_samples)
    return np.asarray(noise * np.sqrt(np.mean(quiet**2) / 0.375 / np.mean(noise**2)))


def _add(samples: FloatArray, piece: FloatArray, at: float) -> None:
    first = round(at)
    begin, end = max(first, 0), min(first + piece.size, samples.size)
    if begin < end:
        samples[begin:end] += piece[begin - first : end - first]


def _add_mainshock(
    counts: dict[str, FloatArray],
    network: Network,
    source: SmallEvent,
    settings: LargeEventSettings,
    rng: np.random.Generator,
) -> None:
    near = sorted(
        network.events,
        key=lambda one: float(
            geodesic_distance_km(one.longitude, one.latitude, source.longitude, source.latitude)
        ),
    )[: settings.n_sources]
    for number, small in enumerate(near):
        share = len(range(number, settings.n_subevents, len(near)))
        slip = _slip_rate(share, number == 0, network.rate_hz, settings, rng)
        slip *= 10.0 ** (settings.gain_exponent * (settings.magnitude - small.magnitude))
        slip /= np.sqrt(len(near))
        for code, samples in counts.items():
            first, piece = _piece(network, code, small, settings.lowest_hz)
            whole = fftconvolve(piece, slip)
            _add(whole, fftconvolve(piece, _coda(slip, network.rate_hz, settings, rng)), 0.0)
            _add(samples, whole[: samples.size], first + settings.before_s * network.rate_hz)


def _slip_rate(
    n_subevents: int,
    is_first: bool,
    rate_hz: float,
    settings: LargeEventSettings,
    rng: np.random.Generator,
) -> FloatArray:
    """Return the train of subevents with their slip, and room for the coda; unit energy."""
    n_coda = round(3.0 * settings.coda_s * rate_hz)
    train = np.zeros(round(settings.duration_s * rate_hz) + n_coda)
    time_s = settings.duration_s * rng.beta(1.5, 2.0, n_subevents)  # grows fast, ends slowly
    if is_first:
        time_s[0] = 0.0
    np.add.at(train, (time_s * rate_hz).astype(np.int64), rng.lognormal(0.0, 0.5, n_subevents))
    train /= np.sqrt(np.sum(train**2))
    if settings.rise_time_s > 0.0:
        decay = np.exp(
            -np.arange(round(4.0 * settings.rise_time_s * rate_hz))
            / (settings.rise_time_s * rate_hz)
        )
        train = train + 0.1 * fftconvolve(train, decay)[: train.size]
    return train


def _coda(
    slip: FloatArray, rate_hz: float, settings: LargeEventSettings, rng: np.random.Generator
) -> FloatArray:
    """Return the random train that makes the coda, from the slip's middle on."""
    n_coda = round(3.0 * settings.coda_s * rate_hz)
    train = rng.standard_normal(n_coda) * np.exp(-np.arange(n_coda) / (settings.coda_s * rate_hz))
    train *= settings.coda_share * np.sqrt(np.sum(slip**2) / np.sum(train**2))
    delay = np.zeros(round(0.5 * settings.duration_s * rate_hz))
    return np.concatenate([delay, train])


def _aftershocks(
    settings: LargeEventSettings, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Return origin times, in seconds, and magnitudes."""
    longest = np.log1p(settings.after_s / _OMORI_C_S)
    after_s = _OMORI_C_S * np.expm1(longest * rng.uniform(size=settings.n_aftershocks))
    magnitude = settings.smallest + rng.exponential(
        np.log10(np.e) / settings.b_value, settings.n_aftershocks
    )
    largest = settings.magnitude - _LARGEST_BELOW
    time_s = settings.before_s + after_s
    return [
        (float(t), float(m)) for t, m in zip(time_s, np.minimum(magnitude, largest), strict=True)
    ]


def _moved(
    kind: Literal["mainshock", "aftershock"], event: SmallEvent, origin_s: float, magnitude: float
) -> TrueEvent:
    return TrueEvent(kind, replace(event, origin_s=origin_s, magnitude=magnitude))
