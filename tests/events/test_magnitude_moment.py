"""Moment magnitude on earthquakes simulated in the time domain, and on a real one.

The simulator shares nothing with the fitter: Brune pulses ``t exp(-2 pi fc t)`` in time, true
double-couple radiation, a causal constant-Q operator (Kjartansson 1979,
https://doi.org/10.1029/JB084iB09p04737), scattered coda, coloured noise, a sensor as a recursive
filter, an anti-alias filter and whole counts.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pytest
from obspy.core.inventory import Channel, Inventory, Network, Response, Site
from obspy.core.inventory import Station as InventoryStation
from scipy.signal import bilinear_zpk, butter, decimate, sosfilt, zpk2sos

from mainshock.core.geo import LocalFrame
from mainshock.core.records import Arrival, Pick, Station, Waveform
from mainshock.core.times import parse_utc
from mainshock.events.magnitude import estimate_magnitudes
from mainshock.events.magnitude_moment import moment_magnitude
from mainshock.events.magnitude_settings import MagnitudeSettings

RATE_HZ, FINE_HZ = 100.0, 400.0
BEFORE_S = 20.0
SPEED_M_S = {"P": 6000.0, "S": 3460.0}
DENSITY = 2700.0
COUNTS_PER_M_S = 4.0e8
ORIGIN_TIME = parse_utc("2020-01-01T00:00:00Z")
FRAME = LocalFrame(11.0, 48.0)
N_FINE = 2**15  # 82 s
TIME_S = np.arange(N_FINE) / FINE_HZ


@dataclass(frozen=True)
class Path:
    """One station seen from the source: unit vector of the ray (east, north, up) and length."""

    code: str
    ray: np.ndarray
    length_m: float
    quality: float
    kappa_s: float
    period_s: float  # of the sensor


def brune_pulse(corner_hz: float, onset_s: float) -> np.ndarray:
    """Far-field displacement of unit area from its onset on."""
    late = np.maximum(TIME_S - onset_s, 0.0)
    rate = 2.0 * np.pi * corner_hz
    # sampled pulses of a few samples lose area; the integral of each sample keeps it
    done = 1.0 - (1.0 + rate * late) * np.exp(-rate * late)
    return np.gradient(done, 1.0 / FINE_HZ)


def attenuated(pulse: np.ndarray, t_star_s: float) -> np.ndarray:
    """Causal attenuation of constant Q = 60 over as long a time as gives this t*."""
    n_padded = 2 * N_FINE
    frequency = np.fft.rfftfreq(n_padded, 1.0 / FINE_HZ)
    quality, reference_hz = 60.0, 10.0
    gamma = np.arctan(1.0 / quality) / np.pi
    ratio = 1j * np.maximum(frequency, 1e-6) / reference_hz
    exponent = -2j * np.pi * frequency * quality * t_star_s * (ratio**-gamma - 1.0)
    return np.fft.irfft(np.fft.rfft(pulse, n_padded) * np.exp(exponent), n_padded)[:N_FINE]


def with_coda(rng: np.random.Generator, motion: np.ndarray, energy: float) -> np.ndarray:
    """Add waves scattered within some seconds, of a share of the direct wave's energy."""
    length = int(6.0 * FINE_HZ)
    echo = rng.normal(size=length) * np.exp(-np.arange(length) / (1.5 * FINE_HZ))
    echo *= np.sqrt(energy / (echo**2).sum())
    echo[0] += 1.0
    n_padded = 2 * N_FINE
    spectrum = np.fft.rfft(motion, n_padded) * np.fft.rfft(echo, n_padded)
    return np.fft.irfft(spectrum, n_padded)[:N_FINE]


def ground_noise(rng: np.random.Generator, rms_m_s: float) -> np.ndarray:
    """Velocity noise: a microseism about 0.2 Hz, red below 2 Hz, flat above."""
    white = rng.normal(size=(3, N_FINE))
    microseism = butter(2, (0.12, 0.35), "bandpass", fs=FINE_HZ, output="sos")
    red = butter(1, 2.0, "lowpass", fs=FINE_HZ, output="sos")
    parts = [sosfilt(microseism, white[0]), sosfilt(red, white[1]), 0.3 * white[2]]
    scale = (2.0, 1.0, 0.3)
    return rms_m_s * sum(s * part / part.std() for s, part in zip(scale, parts, strict=True))


def recorded(velocity: np.ndarray, period_s: float) -> np.ndarray:
    """Counts of a sensor of damping 0.7, through a bilinear transform and an anti-alias filter."""
    omega = 2.0 * np.pi / period_s
    poles = omega * np.array([-0.7 + 0.714j, -0.7 - 0.714j])
    sections = zpk2sos(*bilinear_zpk([0.0, 0.0], poles, 1.0, FINE_HZ))
    sensed = sosfilt(sections, velocity)
    return np.rint(COUNTS_PER_M_S * decimate(sensed, 4, ftype="fir"))


def random_double_couple(rng: np.random.Generator) -> np.ndarray:
    slip = rng.normal(size=3)
    slip /= np.linalg.norm(slip)
    normal = np.cross(slip, rng.normal(size=3))
    normal /= np.linalg.norm(normal)
    return np.outer(slip, normal) + np.outer(normal, slip)


def corner_frequency(moment: float, stress_drop_pa: float) -> float:
    radius_m = (7.0 * moment / (16.0 * stress_drop_pa)) ** (1.0 / 3.0)
    return 0.37 * SPEED_M_S["S"] / radius_m


def seismogram(rng, magnitude, stress_drop_pa, tensor, path, noise_m_s, coda) -> np.ndarray:
    """Counts of Z, N, E, float32, from 20 s before the origin time."""
    moment = 10.0 ** (1.5 * magnitude + 9.1)
    along = path.ray @ tensor @ path.ray
    motion = {"P": along * path.ray, "S": tensor @ path.ray - along * path.ray}
    velocity = np.stack([ground_noise(rng, noise_m_s) for _ in range(3)])
    for phase, polarisation in motion.items():
        speed = SPEED_M_S[phase]
        travel_s = path.length_m / speed
        relative = 1.0 if phase == "S" else 1.0 / 2.25
        corner_hz = corner_frequency(moment, stress_drop_pa) * (1.0 if phase == "S" else 1.3)
        pulse = brune_pulse(corner_hz, BEFORE_S + travel_s)
        pulse = attenuated(pulse, relative * (travel_s / path.quality + path.kappa_s))
        pulse *= 2.0 * moment / (4.0 * np.pi * DENSITY * speed**3 * path.length_m)
        # east, north, up to Z, N, E
        for row, axis in enumerate((2, 1, 0)):
            shown = with_coda(rng, pulse, coda) if coda else pulse
            velocity[row] += np.gradient(polarisation[axis] * shown, 1.0 / FINE_HZ)
    return np.stack([recorded(component, path.period_s) for component in velocity]).astype("f4")


def response(period_s: float) -> Response:
    omega = 2.0 * np.pi / period_s
    poles = [omega * (-0.7 + 0.714j), omega * (-0.7 - 0.714j)]
    s = 2j * np.pi * 20.0
    return Response.from_paz(
        [0j, 0j], poles, COUNTS_PER_M_S, stage_gain_frequency=20.0, normalization_frequency=20.0,
        normalization_factor=float(abs((s - poles[0]) * (s - poles[1]) / s**2)),
        pz_transfer_function_type="LAPLACE (RADIANS/SECOND)",
    )  # fmt: skip


def inventory_of(paths) -> Inventory:
    place = {"latitude": 48.0, "longitude": 11.0, "elevation": 0.0}
    stations = [
        InventoryStation(
            path.code, site=Site("test"), **place,
            channels=[
                Channel(f"HH{letter}", "", depth=0.0, sample_rate=RATE_HZ,
                        response=response(path.period_s), **place)
                for letter in "ZNE"
            ],
        )
        for path in paths
    ]  # fmt: skip
    return Inventory([Network("XX", stations=stations)], source="test")


@dataclass(frozen=True)
class Simulated:
    magnitude: float
    waveforms: list
    inventory: Inventory
    origin: object
    arrivals: list
    stations: list

    def estimate(self, **settings):
        chosen = MagnitudeSettings(kind="Mw", **settings)
        return estimate_magnitudes(
            self.waveforms, self.inventory, self.origin, self.arrivals, self.stations, chosen
        )


def simulate(
    rng,
    make_event,
    magnitude,
    n_stations=6,
    noise_m_s=(2e-8, 2e-7),
    phases="PS",
    stress_drop_mpa=3.0,
    coda=0.2,
) -> Simulated:
    """An event 3 to 12 km deep and stations 5 to 100 km away, picks good to 0.05 s."""
    depth_km = rng.uniform(3.0, 12.0)
    tensor = random_double_couple(rng)
    stress_drop_pa = 1e6 * stress_drop_mpa * 10.0 ** rng.normal(0.0, 0.4)
    waveforms, arrivals, stations, paths = [], [], [], []
    for number in range(n_stations):
        distance_km, azimuth = np.exp(rng.uniform(np.log(5.0), np.log(100.0))), rng.uniform(0, 360)
        east, north = (distance_km * f(np.radians(azimuth)) for f in (np.sin, np.cos))
        vector_km = np.array([east, north, depth_km])
        length_km = float(np.linalg.norm(vector_km))
        path = Path(
            f"S{number:02d}", vector_km / length_km, 1e3 * length_km,
            300.0 * 2.0 ** rng.uniform(-1.0, 1.0), rng.uniform(0.01, 0.04),
            float(rng.choice([1.0, 30.0])),
        )  # fmt: skip
        noise = np.exp(rng.uniform(*np.log(noise_m_s)))
        samples = seismogram(rng, magnitude, stress_drop_pa, tensor, path, noise, coda)
        start = ORIGIN_TIME - timedelta(seconds=BEFORE_S)
        waveforms.append(Waveform("XX", path.code, "", "HH", start, RATE_HZ, samples))
        for phase in phases:
            arrival_s = path.length_m / SPEED_M_S[phase] + rng.normal(0.0, 0.05)
            time = ORIGIN_TIME + timedelta(seconds=arrival_s)
            pick = Pick("XX", path.code, "", phase, time, 0.9, 0.05, "test")
            arrivals.append(Arrival(pick, distance_km, azimuth, 0.0))
        longitude, latitude = FRAME.to_geographic(np.array([east]), np.array([north]))
        stations.append(Station("XX", path.code, float(longitude[0]), float(latitude[0]), 0.0))
        paths.append(path)
    origin = make_event(time=ORIGIN_TIME, depth_km=depth_km).origin
    return Simulated(magnitude, waveforms, inventory_of(paths), origin, arrivals, stations)


@pytest.fixture(scope="module")
def earthquakes(make_event) -> list[Simulated]:
    rng = np.random.default_rng(20200101)
    return [simulate(rng, make_event, float(value)) for value in np.linspace(1.5, 4.5, 20)]


def errors_of(simulated, **settings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimate minus truth of events and of stations, and the former over its stated sd."""
    events, stations, scaled = [], [], []
    for one in simulated:
        estimate = one.estimate(**settings)
        if estimate.preferred is None:
            continue
        assert estimate.preferred.magnitude_type == "Mw"
        events.append(estimate.preferred.value - one.magnitude)
        scaled.append(events[-1] / estimate.preferred.sd)
        stations.extend(station.value - one.magnitude for station in estimate.stations)
    return np.array(events), np.array(stations), np.array(scaled)


def test_moment_magnitude_of_20_simulated_earthquakes_is_unbiased(earthquakes):
    events, stations, scaled = errors_of(earthquakes)
    assert events.size >= 19
    assert stations.size >= 100
    assert abs(events.mean()) <= 0.05  # the bar is 0.1
    assert events.std(ddof=1) <= 0.12
    assert np.abs(events).max() <= 0.3
    assert abs(stations.mean()) <= 0.1
    assert np.abs(scaled).max() < 3.0


@pytest.mark.parametrize("s_quality", [150.0, 600.0])
def test_a_quality_factor_wrong_by_two_does_little(earthquakes, s_quality):
    events, _, _ = errors_of(earthquakes, s_quality=s_quality)
    assert abs(events.mean()) <= 0.1
    assert np.abs(events).max() <= 0.35


def test_noise_near_the_signal_takes_stations_away_rather_than_biasing(make_event):
    rng = np.random.default_rng(7)
    noisy = [
        simulate(rng, make_event, float(value), n_stations=5, noise_m_s=(3e-7, 3e-6))
        for value in np.linspace(2.0, 3.5, 8)
    ]
    events, stations, _ = errors_of(noisy)
    assert stations.size < 0.9 * 8 * 5
    assert abs(events.mean()) <= 0.1
    assert np.abs(stations).max() < 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "bias"),
    [
        ({"stress_drop_mpa": 0.1}, 0.1),
        ({"stress_drop_mpa": 50.0}, 0.1),
        ({"coda": 1.0}, 0.1),
        ({"coda": 0.0}, 0.1),
        # nodal planes of P pull the median down
        ({"phases": "P"}, 0.15),
        ({"phases": "S"}, 0.1),
    ],
)
def test_unusual_sources_paths_and_picks(make_event, change, bias):
    rng = np.random.default_rng(11)
    simulated = [simulate(rng, make_event, float(m), **change) for m in np.linspace(1.5, 4.5, 24)]
    events, _, _ = errors_of(simulated)
    assert events.size >= 18
    assert abs(events.mean()) <= bias


def test_local_and_moment_magnitude_agree_where_they_should(earthquakes):
    chosen = [one for one in earthquakes if 3.0 <= one.magnitude <= 4.0]
    local = [
        estimate_magnitudes(one.waveforms, one.inventory, one.origin, one.arrivals, one.stations)
        for one in chosen
    ]
    difference = [ml.preferred.value - one.magnitude for ml, one in zip(local, chosen, strict=True)]
    # 0.3: they agree on average there, each event by what its stress drop and radiation allow
    assert abs(np.mean(difference)) < 0.3


def test_what_was_measured_is_kept(earthquakes):
    (station, *_) = earthquakes[15].estimate().stations
    assert station.phase == "S"
    assert moment_magnitude(station.measured["moment_n_m"]) == pytest.approx(station.value)
    assert set(station.measured) == {
        *("moment_n_m", "corner_frequency_hz", "corner_sd_octaves", "attenuation_time_s")
    }


def test_p_stands_in_where_s_was_not_picked(earthquakes):
    one = earthquakes[15]
    only_p = replace(one, arrivals=[a for a in one.arrivals if a.pick.phase == "P"])
    stations = only_p.estimate().stations
    assert {station.phase for station in stations} == {"P"}
    assert np.median([s.value for s in stations]) == pytest.approx(one.magnitude, abs=0.5)


def test_the_speed_at_the_source_counts_by_its_cube(earthquakes, travel_times):
    one = earthquakes[15]
    settings = MagnitudeSettings(kind="Mw").at_source(travel_times, 5.0)
    assert settings.p_speed_km_s == pytest.approx(6.0)
    assert settings.s_speed_km_s == pytest.approx(3.45)
    slow, fast = (one.estimate(s_speed_km_s=speed).preferred.value for speed in (3.0, 3.46))
    assert fast - slow == pytest.approx(2.0 * np.log10(3.46 / 3.0), abs=0.02)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"flags": ("clipped",)}, "clipped"),
        ({"has_component": (True, True, False)}, "horizontal"),
        ({"gaps": ((2500, 4000),)}, "gap"),
        ({"instrument": "XX"}, "no response"),
    ],
)
def test_no_moment_magnitude_has_its_reason(earthquakes, change, reason):
    one = earthquakes[-1]
    arrivals = [a for a in one.arrivals if a.pick.phase == "S"]
    changed = [replace(waveform, **change) for waveform in one.waveforms]
    estimate = replace(one, waveforms=changed, arrivals=arrivals).estimate()
    assert estimate.preferred is None
    assert estimate.reasons[0].startswith("none: ")
    assert len(estimate.reasons) == 7
    assert all(reason in text for text in estimate.reasons[1:])


def test_noise_alone_has_no_moment_magnitude(earthquakes):
    one = earthquakes[0]
    rng = np.random.default_rng(5)
    noise = [
        replace(w, samples=rng.normal(0.0, 1e3, w.samples.shape).astype(np.float32))
        for w in one.waveforms
    ]
    estimate = replace(one, waveforms=noise).estimate()
    assert estimate.preferred is None
    assert "noise" in estimate.reasons[1]
