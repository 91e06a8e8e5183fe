"""Changed copies of training windows: what each change does, and what it leaves alone."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from mainshock.cli.app import app
from mainshock.core.errors import DataError, NothingFoundError, SettingsError
from mainshock.detect.regions.augmented import (
    Augmentation,
    add_gaussian_noise,
    augment_dataset,
    rescale_time,
    shift_time,
)
from mainshock.sources.seisbench_format import open_seisbench
from mainshock.sources.seisbench_writer import SeisBenchWriter

RATE_HZ = 100.0
N = 1001


def tone(frequency_hz, offset=0.0):
    time_s = np.arange(N) / RATE_HZ
    one = 1000.0 * np.sin(2 * np.pi * frequency_hz * time_s) + offset
    return np.stack([one, 2 * one, 3 * one]).astype(np.float32)


def peak_frequency_hz(samples):
    spectrum = np.abs(np.fft.rfft((samples - samples.mean()) * np.hanning(samples.size), 2**16))
    return float(np.fft.rfftfreq(2**16, 1 / RATE_HZ)[spectrum.argmax()])


def test_noise_has_the_mean_and_spread_of_each_component(rng):
    samples = np.stack([rng.normal(mean, sd, 40_000) for mean, sd in ((5, 1), (0, 30), (-9, 4))])
    added = add_gaussian_noise(samples.astype(np.float32), 1.2, rng) - samples
    np.testing.assert_allclose(added.mean(axis=1), [5, 0, -9], atol=1.0)  # 5 sd of the mean: 0.9
    np.testing.assert_allclose(added.std(axis=1), [1.2, 36, 4.8], rtol=0.02)
    assert np.abs(np.corrcoef(added)[0, 1:]).max() < 0.03


@pytest.mark.parametrize("factor", [0.77, 0.9, 1.05, 1.3])
def test_time_is_rescaled_and_frequencies_with_it(factor):
    changed = rescale_time(tone(5.0, offset=1e5), factor)
    assert changed.shape == (3, N)
    n_known = int(min(N, N * factor))
    assert peak_frequency_hz(changed[1, :n_known]) == pytest.approx(5.0 / factor, abs=0.02)
    # sample by sample: what lay at t lies at factor * t
    time_s = np.arange(50, n_known - 50) / RATE_HZ / factor
    expected = 1000.0 * np.sin(2 * np.pi * 5.0 * time_s) + 1e5
    np.testing.assert_allclose(changed[0, 50 : n_known - 50], expected, atol=10.0)


def test_compressing_does_not_alias():
    # 45 Hz would come out at 58 Hz and fold to 42: it has to vanish instead
    kept = rescale_time(tone(45.0), 0.77)[0, 100:650]
    assert kept.std() < 0.02 * tone(45.0)[0].std()


def test_shift_moves_whole_samples_and_wraps_nothing(rng):
    samples = rng.normal(size=(3, N)).astype(np.float32)
    later, earlier = shift_time(samples, 150), shift_time(samples, -150)
    np.testing.assert_array_equal(later[:, 150:], samples[:, :-150])
    np.testing.assert_array_equal(earlier[:, :-150], samples[:, 150:])
    np.testing.assert_array_equal(later[:, :150], samples[:, 150:0:-1])
    np.testing.assert_array_equal(earlier[:, -150:], samples[:, -2:-152:-1])
    np.testing.assert_array_equal(shift_time(samples, 0), samples)


@pytest.fixture
def folder(tmp_path, rng):
    parts = ["train", "train", "dev", "test", "train"]
    with SeisBenchWriter(tmp_path / "data", RATE_HZ) as writer:
        for index, part in enumerate(parts):
            is_noise = index == 4
            row = {
                "trace_category": "noise" if is_noise else "earthquake_local",
                "trace_cluster_id": -1 if is_noise else index,
                "split": part,
                "trace_start_time": "2021-03-01T00:00:10.000000Z",
                "trace_p_arrival_sample": None if is_noise else 400,
                "source_id": None if is_noise else f"00{index}",
            }
            writer.add(rng.normal(0, 100, (3, N)).astype(np.float32), row)
    return tmp_path


def test_only_training_rows_are_changed_and_labels_stay(folder):
    settings = Augmentation(1.0, stretch=True, compress=True, shift=True, copies=2)
    counts = augment_dataset(folder / "data", folder / "more", settings)
    assert counts == {
        "n_windows": 5,
        "n_train": 3,
        "n_added": 24,
        "added": {"noise": 6, "stretch": 6, "compress": 6, "shift": 6},
    }
    before, after = open_seisbench(folder / "data"), open_seisbench(folder / "more")
    table = after.metadata
    added = table[table["trace_augmentation"].notna()]
    assert set(added["split"]) == {"train"}
    assert added["trace_cluster_id"].value_counts().to_dict() == {0: 8, 1: 8, -1: 8}
    originals = table[table["trace_augmentation"].isna()]
    pairs = zip(before.metadata["trace_name"], originals["trace_name"], strict=True)
    for old, new in pairs:
        np.testing.assert_array_equal(before.waveform(old), after.waveform(new))


def test_arrivals_move_with_the_record(folder):
    settings = Augmentation(0.0, stretch=True, compress=True, shift=True)
    augment_dataset(folder / "data", folder / "more", settings)
    table = open_seisbench(folder / "more").metadata
    first = table[table["trace_cluster_id"] == 0].set_index("trace_augmentation")
    for kind in ("stretch", "compress"):
        factor = first.loc[kind, "trace_augmentation_value"]
        assert (factor > 1.0) == (kind == "stretch")
        assert first.loc[kind, "trace_p_arrival_sample"] == pytest.approx(400 * factor)
    shift_s = first.loc["shift", "trace_augmentation_value"]
    assert first.loc["shift", "trace_p_arrival_sample"] == pytest.approx(400 + 100 * shift_s)
    start_s = float(first.loc["shift", "trace_start_time"][17:-1])
    assert start_s == pytest.approx(10.0 - shift_s)


def test_seed_repeats_the_copies(folder):
    made = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        augment_dataset(folder / "data", folder / name, Augmentation(1.0, shift=True, seed=seed))
        dataset = open_seisbench(folder / name)
        made.append(np.stack(list(dataset.waveforms(dataset.metadata["trace_name"].tolist()))))
    np.testing.assert_array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


def test_what_cannot_be_augmented_is_told(folder, rng):
    with pytest.raises(SettingsError, match="another folder"):
        augment_dataset(folder / "data", folder / "data", Augmentation())
    augment_dataset(folder / "data", folder / "more", Augmentation())
    with pytest.raises(SettingsError, match="already"):
        augment_dataset(folder / "more", folder / "most", Augmentation())
    for options in ({"std_factor": 0.0}, {"std_factor": -1.0}, {"copies": 0}, {"max_shift_s": 0}):
        with pytest.raises(SettingsError):
            Augmentation(**options)
    with SeisBenchWriter(folder / "foreign", RATE_HZ) as writer:
        writer.add(rng.normal(size=(3, N)).astype(np.float32), {"split": "train"})
    with pytest.raises(DataError, match="trace_category"):
        augment_dataset(folder / "foreign", folder / "x", Augmentation())
    row = {"split": "test", "trace_category": "noise", "trace_cluster_id": -1}
    with SeisBenchWriter(folder / "no_train", RATE_HZ) as writer:
        writer.add(rng.normal(size=(3, N)).astype(np.float32), row)
    with pytest.raises(NothingFoundError, match="train"):
        augment_dataset(folder / "no_train", folder / "x", Augmentation())


def test_command_writes_pictures_and_counts(folder):
    arguments = ["detect", "dataset", "augment", folder / "data", "--output-dir", folder / "more"]
    options = ["--std-factor", "0.5", "--shift", "--stretch", "--plot", "--max-plots", 2, "--json"]
    result = CliRunner().invoke(app, [str(one) for one in (*arguments, *options)])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["added"] == {"noise": 3, "stretch": 3, "shift": 3}
    assert len(list((folder / "more" / "plots").glob("*.png"))) == 2
