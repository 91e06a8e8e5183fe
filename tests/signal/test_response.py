"""Wood-Anderson amplitudes agree with known motion and with ObsPy's own chain."""

from pathlib import Path

import numpy as np
import obspy
import pytest
from obspy.core.inventory import Channel, Inventory, Network, Response, Site, Station

from mainshock.core.errors import DataError
from mainshock.core.records import Waveform
from mainshock.core.times import parse_utc
from mainshock.signal.response import ground_velocity_m_s, wood_anderson_displacement_nm

START = parse_utc("2009-08-24T00:20:03Z")
POLES = (-5.49779 + 5.60886j, -5.49779 - 5.60886j)
SENSITIVITY = 6.0e8
GEOPHONE_POLES = [-4.44 + 4.44j, -4.44 - 4.44j]  # 1 Hz, damping 0.7


@pytest.fixture(scope="module")
def rjob() -> tuple[Waveform, Inventory]:
    """The record of ``obspy.read()``, a local earthquake, with its response."""
    stream = obspy.read()
    samples = np.stack([stream.select(component=c)[0].data for c in "ZNE"]).astype(np.float32)
    path = Path(obspy.__file__).parent / "core" / "data" / "BW_GR_misc.xml"
    return Waveform("BW", "RJOB", "", "EH", START, 100.0, samples), obspy.read_inventory(path)


def geophone(channels: str = "ZNE") -> Inventory:
    """An inventory of one velocity sensor, its response known by heart."""
    response = Response.from_paz(
        [0j, 0j], GEOPHONE_POLES, SENSITIVITY, stage_gain_frequency=20.0,
        normalization_frequency=20.0,
        normalization_factor=float(1.0 / abs(_geophone(20.0, 1.0))),
        pz_transfer_function_type="LAPLACE (RADIANS/SECOND)",
    )  # fmt: skip
    place = {"latitude": 48.0, "longitude": 11.0, "elevation": 0.0}
    made = [
        Channel(f"EH{code}", "", depth=0.0, sample_rate=100.0, response=response, **place)
        for code in channels
    ]
    station = Station("GEO", channels=made, site=Site("test"), **place)
    return Inventory([Network("XX", stations=[station])], source="test")


def _geophone(frequency_hz: float, factor: float) -> complex:
    s = 2j * np.pi * frequency_hz
    return factor * s**2 / ((s - GEOPHONE_POLES[0]) * (s - GEOPHONE_POLES[1]))


def counts_of_sine(amplitude_nm: float, frequency_hz: float) -> np.ndarray:
    """Counts that a sine of ground displacement gives, tapered, 40 s at 100 Hz."""
    time_s = np.arange(4000) / 100.0
    factor = 1.0 / abs(_geophone(20.0, 1.0))
    counts_per_m = _geophone(frequency_hz, factor) * SENSITIVITY * 2j * np.pi * frequency_hz
    phase = 2 * np.pi * frequency_hz * time_s + np.angle(counts_per_m)
    return amplitude_nm * 1e-9 * abs(counts_per_m) * np.sin(phase) * np.hanning(4000)


@pytest.mark.parametrize("frequency_hz", [1.0, 3.0, 8.0, 19.3])
def test_known_displacement_gives_known_amplitude(frequency_hz):
    samples = np.zeros((3, 4000), dtype=np.float32)
    samples[1] = counts_of_sine(500.0, frequency_hz)
    waveform = Waveform("XX", "GEO", "", "EH", START, 100.0, samples)
    north, east = wood_anderson_displacement_nm(waveform, geophone())
    s = 2j * np.pi * frequency_hz
    expected_nm = 500.0 * abs(s**2 / ((s - POLES[0]) * (s - POLES[1])))
    # 1 %: crests fall between samples (19.3 Hz, not 20: no whole number of samples a period)
    assert np.abs(north).max() == pytest.approx(expected_nm, rel=0.01)
    assert np.abs(east).max() == 0.0


def test_it_agrees_with_obspy_on_a_real_earthquake(rjob):
    waveform, inventory = rjob
    ours = wood_anderson_displacement_nm(waveform, inventory)
    stream = obspy.read().detrend("demean").taper(0.05)
    stream.remove_response(
        inventory, output="VEL", pre_filt=(0.25, 0.5, 45.0, 49.5), water_level=None, taper=False
    )
    wood_anderson = {"poles": list(POLES), "zeros": [0j], "gain": 1.0, "sensitivity": 1.0}
    stream.simulate(paz_simulate=wood_anderson, taper=False)
    for row, component in enumerate("NE"):
        reference = stream.select(component=component)[0].data * 1e9
        # 2 %: ObsPy tapers and pads in its own way, which shifts the longest periods
        assert np.abs(ours[row]).max() == pytest.approx(np.abs(reference).max(), rel=0.02)
        difference = np.abs(ours[row] - reference)[450:2700].max()
        assert difference < 0.04 * np.abs(reference).max()


@pytest.mark.parametrize("gain", [0.5, 10.0])
def test_amplitude_follows_the_gain(rjob, gain):
    waveform, inventory = rjob
    louder = Waveform("BW", "RJOB", "", "EH", START, 100.0, waveform.samples * np.float32(gain))
    np.testing.assert_allclose(
        wood_anderson_displacement_nm(louder, inventory),
        gain * wood_anderson_displacement_nm(waveform, inventory),
        rtol=1e-3,
        atol=1e-3,
    )


def test_horizontals_one_and_two_are_found():
    samples = np.zeros((3, 4000), dtype=np.float32)
    samples[1] = counts_of_sine(500.0, 5.0)
    waveform = Waveform("XX", "GEO", "", "EH", START, 100.0, samples)
    named = wood_anderson_displacement_nm(waveform, geophone("ZNE"))
    np.testing.assert_allclose(wood_anderson_displacement_nm(waveform, geophone("Z12")), named)


def test_a_vertical_called_three_is_found():
    samples = np.zeros((3, 4000), dtype=np.float32)
    samples[0] = counts_of_sine(500.0, 5.0)
    waveform = Waveform("XX", "GEO", "", "EH", START, 100.0, samples)
    named = ground_velocity_m_s(waveform, geophone("ZNE"))
    assert np.abs(named[0]).max() > 0.0
    np.testing.assert_allclose(ground_velocity_m_s(waveform, geophone("123")), named)


def test_a_component_that_was_not_recorded_is_nan(rjob):
    waveform, inventory = rjob
    one = Waveform(
        "BW", "RJOB", "", "EH", START, 100.0, waveform.samples, has_component=(True, True, False)
    )
    north, east = wood_anderson_displacement_nm(one, inventory)
    assert np.isfinite(north).all()
    assert np.isnan(east).all()


def test_a_missing_response_is_a_clear_error(rjob):
    with pytest.raises(DataError, match=r"no response .* BW\.RJOB\.\.EH"):
        wood_anderson_displacement_nm(rjob[0], geophone())
