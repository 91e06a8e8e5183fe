"""The generator makes records whose spectra are those it states, and only it knows them."""

import ast
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

import mainshock.shaking
from mainshock.core.errors import RegistryError, SettingsError
from mainshock.shaking.measures import FAS_FREQUENCIES_HZ
from mainshock.shaking.point_source.generator import KIND, draw_network, write_region
from mainshock.shaking.point_source.hidden_fields import FIELD_NAMES, GaussianField, open_fields
from mainshock.shaking.point_source.settings import PointSourceSettings
from mainshock.shaking.point_source.spectra import Rays, median_spectrum, true_ln_fas, true_map
from mainshock.shaking.point_source.waveforms import arrival_times_s, simulate
from mainshock.shaking.record_measures import measure_records
from mainshock.shaking.records import open_records

N_FAS = len(FAS_FREQUENCIES_HZ)
SETTINGS = PointSourceSettings()
# a region without hidden fields and scatter
EVEN = replace(
    SETTINGS,
    stress_field_ln_sd=0.0,
    path_field_ln_sd=0.0,
    site_field_ln_sd=0.0,
    kappa_field_ln_sd=0.0,
    record_ln_sd=0.0,
    noise_m_s2=0.0,
)


def rays_to(distance_km: list[float], magnitude: float = 3.0, depth_km: float = 8.0) -> Rays:
    """Rays from the centre of the region eastwards."""
    n = len(distance_km)
    site = np.stack([np.array(distance_km, dtype=float), np.zeros(n)], axis=1)
    return Rays(
        np.full(n, magnitude), np.full(n, depth_km), np.zeros(n), np.zeros((n, 2)), site
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("made") / "records.h5"
    write_region(path, SETTINGS, n_events=40, n_stations=20, seed=3)
    return path


def test_a_field_has_its_sd_and_correlation_length():
    places = np.zeros(400), np.zeros(400)
    apart_km = np.array([0.0, 5.0, 10.0, 30.0])
    values = np.array(
        [
            GaussianField.drawn(0.5, 10.0, np.random.default_rng(seed)).at(apart_km, np.zeros(4))
            for seed in range(len(places[0]))
        ]
    )
    correlation = np.corrcoef(values.T)[0]
    # 400 draws: 0.05 is one standard error
    np.testing.assert_allclose(values.std(axis=0), 0.5, atol=0.06)
    np.testing.assert_allclose(correlation, np.exp(-apart_km / 10.0), atol=0.15)


def test_fields_belong_to_a_seed_and_a_name():
    places = np.linspace(-20.0, 20.0, 9), np.zeros(9)
    one, two, other = (open_fields(SETTINGS, seed) for seed in (1, 1, 2))
    values = {name: one[name].at(*places) for name in FIELD_NAMES}
    for name in FIELD_NAMES:
        np.testing.assert_array_equal(values[name], two[name].at(*places))
        assert not np.allclose(values[name], other[name].at(*places))
    assert not np.allclose(values["site_low"], values["site_high"])
    with pytest.raises(RegistryError, match="site_low"):
        one["site"]


def test_the_path_factor_is_the_mean_along_the_ray():
    field = open_fields(SETTINGS, 1)["path_attenuation"]
    source, site = np.array([[-10.0, 3.0]]), np.array([[12.0, -7.0]])
    share = np.linspace(0.0, 1.0, 2001)[:, None]
    line = source + share * (site - source)
    fine = np.exp(field.at(line[:, 0], line[:, 1])).mean()
    # 5 %: 16 points of a rough field
    assert field.along(source, site)[0] == pytest.approx(fine, rel=0.05)


def test_moment_corner_and_spreading_are_those_of_the_textbook():
    fields = open_fields(EVEN, 0)
    rays = rays_to([10.0, 20.0])
    low = median_spectrum(EVEN, fields, rays, np.array([0.05]))[:, 0]
    distance_m = 1000.0 * np.hypot([10.0, 20.0], 8.0)
    moment = 10.0 ** (1.5 * 3.0 + 9.05)
    expected = 0.55 * 2.0 * 0.7071 * moment * (0.1 * np.pi) ** 2
    expected /= 4.0 * np.pi * 2750.0 * 3500.0**3 * distance_m
    # 5 %: little is damped at 0.05 Hz
    np.testing.assert_allclose(low, expected, rtol=0.05)
    larger = replace(EVEN, stress_drop_mpa=8.0 * EVEN.stress_drop_mpa)
    high = np.array([60.0])
    ratio = median_spectrum(larger, fields, rays, high) / median_spectrum(EVEN, fields, rays, high)
    # far above the corner amplitude grows with the stress drop to the power of 2/3
    np.testing.assert_allclose(ratio, 4.0, rtol=0.15)


def test_beyond_the_crossover_amplitude_falls_with_the_root_of_distance():
    fields = open_fields(EVEN, 0)
    clear = replace(EVEN, quality_1hz=1e9, kappa_s=1e-9)
    near, far = median_spectrum(clear, fields, rays_to([50.0, 200.0], depth_km=0.1), np.ones(1))
    assert near / far == pytest.approx(2.0, rel=1e-3)


def test_records_have_the_stated_spectrum_on_each_component(rng):
    fields = open_fields(EVEN, 0)
    rays = rays_to([15.0] * 400)
    motion = simulate(EVEN, fields, rays, rng)
    frequency = np.fft.rfftfreq(EVEN.n_samples, 0.02)
    power = np.mean(np.abs(np.fft.rfft(motion, axis=-1) * 0.02) ** 2, axis=0)
    s_power, p_power = (
        median_spectrum(EVEN, fields, rays.take(slice(1)), frequency, phase)[0] ** 2
        for phase in ("S", "P")
    )
    band = (frequency > 1.0) & (frequency < 20.0)
    shares = [(1.0, 0.5), (1.0, 0.5), (0.6, 1.0)]
    for component, (s_share, p_share) in enumerate(shares):
        expected = s_share**2 * s_power + p_share**2 * p_power
        ratio = power[component][band] / expected[band]
        # one value of 400 draws scatters by 5 %; the band holds hundreds
        assert np.mean(ratio) == pytest.approx(1.0, abs=0.03)


def test_p_and_s_begin_when_they_arrive(rng):
    rays = rays_to([12.0, 25.0])
    motion = np.mean(
        [simulate(EVEN, open_fields(EVEN, 0), rays, rng) ** 2 for _ in range(30)], axis=0
    )
    time_s = EVEN.start_rel_origin_s + np.arange(EVEN.n_samples) / EVEN.sampling_rate_hz
    for row, (p_s, s_s) in enumerate(zip(*arrival_times_s(EVEN, rays), strict=True)):
        vertical, east = motion[row, 2], motion[row, 0]
        assert vertical[time_s < p_s - 0.3].max() < 1e-2 * vertical.max()
        p_energy = vertical[(time_s > p_s) & (time_s < p_s + 0.8)].mean()
        assert p_energy > 20.0 * vertical[time_s < p_s - 0.3].mean()
        before, after = (east[(time_s > s_s + low) & (time_s < s_s + low + 1.0)].mean()
                         for low in (-1.2, 0.1))  # fmt: skip
        assert after > 4.0 * before


def test_files_are_records_that_say_they_are_made_up(made):
    records = open_records(made)
    assert records.is_synthetic
    table = records.table
    assert len(records) == len(table) > 150
    first = next(iter(records))
    assert first.acceleration.shape == (3, SETTINGS.n_samples)
    assert first.sampling_rate_hz == pytest.approx(50.0)
    assert first.start_rel_origin_s == -2.0
    np.testing.assert_allclose(records.scenarios.hypocentral_km(), table.rhyp_km, rtol=1e-3)
    assert (table.tp_s < table.ts_s).all()
    assert table.groupby("event").station.apply(lambda one: one.is_unique).all()
    with h5py.File(made) as file:
        assert file.attrs["kind"] == KIND
        assert file.attrs["seed"] == 3
        assert file.attrs["setting_stress_drop_mpa"] == SETTINGS.stress_drop_mpa


def test_records_scatter_about_the_hidden_truth(made):
    records = open_records(made)
    truth = records.table.filter(like="true_ln_fas").to_numpy()
    residual = measure_records(records)[:, :N_FAS] - truth
    # few independent values within a band: the logarithm lies a little below
    assert (np.abs(residual.mean(axis=0)) < 0.2).all()
    assert (residual.std(axis=0) > 0.3).all()
    assert (residual.std(axis=0) < 0.65).all()
    between = np.corrcoef(residual.T)
    assert between[4, 5] > 0.5 > between[2, 7]  # 7 and 10 Hz go together, 3 and 20 Hz hardly


def test_maps_of_the_truth_pass_through_the_records(made):
    table = open_records(made).table
    row = table.iloc[7]
    at_station = true_map(
        SETTINGS, 3, (row.mag, row.ev_lon, row.ev_lat, row.depth_km),
        np.array([row.sta_lon]), np.array([row.sta_lat]), FAS_FREQUENCIES_HZ,
    )  # fmt: skip
    columns = [f"true_ln_fas_{one:g}hz" for one in FAS_FREQUENCIES_HZ]
    # eight digits of a longitude are 1 m
    np.testing.assert_allclose(at_station[0], row[columns].astype(float), atol=1e-3)


def test_the_truth_is_even_without_fields_and_knows_no_event_term():
    rays = rays_to([10.0, 10.0])
    rays.stress_ln[1] = 2.0
    truth = true_ln_fas(EVEN, open_fields(EVEN, 0), rays, [5.0])
    assert truth[0, 0] == truth[1, 0]


def test_the_same_seed_gives_the_same_files(made, tmp_path):
    again = tmp_path / "again.h5"
    write_region(again, SETTINGS, n_events=40, n_stations=20, seed=3)
    assert again.with_suffix(".csv").read_text() == made.with_suffix(".csv").read_text()
    with h5py.File(made) as one, h5py.File(again) as two:
        np.testing.assert_array_equal(one["waveforms"][:], two["waveforms"][:])
    write_region(again, SETTINGS, n_events=40, n_stations=20, seed=4)
    assert again.with_suffix(".csv").read_text() != made.with_suffix(".csv").read_text()


def test_magnitudes_follow_gutenberg_and_richter(rng):
    settings = replace(SETTINGS, least_magnitude=1.0, greatest_magnitude=6.0, b_value=1.0)
    network = draw_network(settings, 3000, 5, rng)
    _, first = np.unique(network.event, return_index=True)
    magnitude = network.rays.magnitude[first]
    share = np.mean(magnitude >= 2.0)
    assert share == pytest.approx(0.1, abs=0.02)
    assert 1.0 <= magnitude.min() <= magnitude.max() <= 6.0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"least_magnitude": 5.0}, "magnitude from 5"),
        ({"quality_1hz": 0.0}, "above 0"),
        ({"half_width_km": 100.0}, "before S comes"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changed, said):
    with pytest.raises(SettingsError, match=said):
        replace(SETTINGS, **changed)


def test_a_network_needs_stations(rng):
    with pytest.raises(SettingsError, match="3 stations"):
        draw_network(SETTINGS, 5, 2, rng)


def imported_names(path: Path) -> set[str]:
    """Modules that a file imports, and names that it takes from them."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{one.name}" for one in node.names}
    return names


def test_no_model_knows_the_generator():
    package = Path(mainshock.shaking.__file__).parent
    own = package / "point_source"
    files = [one for one in package.parent.rglob("*.py") if own not in one.parents]
    knowing = {
        str(one.relative_to(package.parent))
        for one in files
        if any("point_source" in name for name in imported_names(one))
    }
    assert {one for one in knowing if not one.startswith("cli/")} == set()
