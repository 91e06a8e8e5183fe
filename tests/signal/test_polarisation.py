"""Back azimuths from particle motion, on made and on real records."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.core.errors import RecordError
from mainshock.core.records import Waveform
from mainshock.core.times import parse_utc
from mainshock.signal.polarisation import polarisation_back_azimuth

START = parse_utc("2020-01-01T00:00:00Z")
P_S = 12.0
P_TIME = START + timedelta(seconds=P_S)


def record(back_azimuth_deg, *, incidence_deg=30.0, noise=0.02, rate_hz=100.0, sign=1.0, **more):
    """A P wave from below: up and away from the source, or both reversed."""
    rng = np.random.default_rng(7)
    time = np.arange(int(25 * rate_hz)) / rate_hz - P_S
    pulse = sign * np.where(
        time > 0, np.sin(2 * np.pi * 2.5 * time) * np.exp(-1.5 * np.maximum(time, 0)), 0
    )
    azimuth, incidence = np.radians(back_azimuth_deg), np.radians(incidence_deg)
    direction = [np.cos(incidence), -np.sin(incidence) * np.cos(azimuth)]
    direction.append(-np.sin(incidence) * np.sin(azimuth))
    samples = np.outer(direction, pulse) + noise * rng.standard_normal((3, time.size))
    return Waveform("XX", "A", "", "HH", START, rate_hz, samples.astype(np.float32), **more)


@given(st.floats(0.0, 359.9), st.floats(15.0, 60.0), st.sampled_from([-1.0, 1.0]))
@settings(max_examples=30)
def test_rotated_motion_gives_its_direction_back(azimuth_deg, incidence_deg, sign):
    found = polarisation_back_azimuth(
        record(azimuth_deg, incidence_deg=incidence_deg, sign=sign), P_TIME
    )
    assert found is not None
    error = (found.back_azimuth_deg - azimuth_deg + 180) % 360 - 180
    assert abs(error) < 5.0
    assert 15.0 <= found.sigma_deg < 25.0
    assert found.rectilinearity > 0.9


def test_gain_does_not_matter():
    one = record(70.0)
    loud = Waveform("XX", "A", "", "HH", START, 100.0, one.samples * np.float32(1e6))
    first, second = (polarisation_back_azimuth(w, P_TIME) for w in (one, loud))
    assert first.back_azimuth_deg == pytest.approx(second.back_azimuth_deg, abs=0.01)


def test_noise_widens_the_stated_deviation():
    clean = polarisation_back_azimuth(record(70.0), P_TIME)
    noisy = polarisation_back_azimuth(record(70.0, noise=0.25), P_TIME, min_signal_to_noise=0.5)
    assert noisy is None or noisy.sigma_deg > clean.sigma_deg


@pytest.mark.parametrize(
    "waveform",
    [
        record(70.0, has_component=(True, False, True)),
        record(70.0, flags=("horizontals_not_geographic",)),
        record(70.0, gaps=((1250, 1260),)),
        record(70.0, noise=10.0),
        record(70.0, rate_hz=2.0),
        Waveform("XX", "A", "", "HH", START, 100.0, np.zeros((3, 2500), np.float32)),
    ],
    ids=["missing", "turned", "gap", "weak", "slow", "dead"],
)
def test_records_that_show_nothing_give_none(waveform):
    assert polarisation_back_azimuth(waveform, P_TIME) is None


@pytest.mark.parametrize("seconds", [-5.0, 0.2, 24.9, 100.0])
def test_p_at_or_beyond_the_edge_gives_none(seconds):
    assert polarisation_back_azimuth(record(70.0), START + timedelta(seconds=seconds)) is None


def test_gap_elsewhere_does_not_matter():
    assert polarisation_back_azimuth(record(70.0, gaps=((2400, 2450),)), P_TIME) is not None


@pytest.mark.parametrize("fields", [{"windows_s": (0.0,)}, {"bands_hz": ((4.0, 1.0),)}])
def test_senseless_settings_are_refused(fields):
    with pytest.raises(RecordError):
        polarisation_back_azimuth(record(70.0), P_TIME, **fields)


def test_real_events_in_chile(data_dir):
    folder = data_dir / "location" / "ipoc_pb01"
    table = pd.read_csv(folder / "metadata.csv")
    errors, sigmas = [], []
    for row, samples in zip(
        table.itertuples(), np.load(folder / "waveforms.npz")["data"], strict=True
    ):
        if not np.isfinite(row.phasenet_p_s):
            continue
        centred = (samples - samples.mean(axis=1, keepdims=True)).astype(np.float32)
        waveform = Waveform("CX", "PB01", "", "HH", START, 20.0, centred)
        time = START + timedelta(seconds=row.phasenet_p_s)
        found = polarisation_back_azimuth(waveform, time)
        if found is not None:
            error = found.back_azimuth_deg - row.back_azimuth_deg
            errors.append((error + 180.0) % 360.0 - 180.0)
            sigmas.append(found.sigma_deg)
    scaled = np.abs(np.array(errors) / np.array(sigmas))
    assert len(errors) > 85
    assert np.median(np.abs(errors)) < 18.0
    assert 0.60 < np.mean(scaled < 1.0) < 0.9  # stated deviations are honest
    assert np.mean(scaled < 2.0) > 0.88
