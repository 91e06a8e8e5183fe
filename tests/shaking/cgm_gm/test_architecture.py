"""Training writes a model that opens without torch; scales see training records alone."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError, ModelError
from mainshock.learn.models import load_manifest, verify_model
from mainshock.shaking.base import MotionModel, WaveformModel
from mainshock.shaking.cgm_gm.architecture import CGM_GM
from mainshock.shaking.cgm_gm.model import CgmModel
from mainshock.shaking.measures import MEASURES
from mainshock.shaking.records import GroundMotionRecords, open_records
from mainshock.shaking.splits import split_by_event
from mainshock.shaking.training import TrainingSettings, open_model

WriteRecords = Callable[..., GroundMotionRecords]


@pytest.fixture
def trained(small_records: GroundMotionRecords, tmp_path: Path) -> Path:
    """A model folder of two epochs."""
    CGM_GM.train(small_records, tmp_path / "model", TrainingSettings(epochs=2))
    return tmp_path / "model"


@pytest.mark.parametrize("condition", range(6))
@pytest.mark.parametrize("is_legacy", [False, True])
def test_training_lowers_the_loss(
    small_records: GroundMotionRecords, tmp_path: Path, condition: int, *, is_legacy: bool
) -> None:
    said: list[str] = []
    settings = TrainingSettings(epochs=3, condition=condition, is_legacy=is_legacy, say=said.append)
    CGM_GM.train(small_records, tmp_path / "model", settings)
    assert [one.split(":")[0] for one in said[1:]] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    losses = [float(one.split("spectrogram ")[1].split(",")[0]) for one in said[1:]]
    assert losses[2] < losses[0]
    manifest = load_manifest(tmp_path / "model")
    assert manifest.settings["condition"] == condition
    assert manifest.settings["is_legacy"] is is_legacy
    assert manifest.settings["is_synthetic"] is True
    assert manifest.name.startswith("cgm-baseline" if condition == 4 else "cgm-gm")
    assert manifest.name.endswith("-legacy") is is_legacy
    card = (tmp_path / "model" / "card.md").read_text(encoding="utf-8")
    assert "Not for design use" in card
    assert "synthetic" in card


def test_the_folder_opens_by_the_registry(
    trained: Path, small_records: GroundMotionRecords
) -> None:
    assert verify_model(trained) == ["network.npz"]
    model = open_model(trained)
    assert model.is_synthetic
    assert isinstance(model.motions, MotionModel)
    assert isinstance(model.waveforms, WaveformModel)
    few = small_records.scenarios.take(np.arange(3))
    found = model.waveforms.simulate(few, 2, np.random.default_rng(0))
    assert found.acceleration.shape == (3, 2, 3, 400)
    assert found.acceleration.dtype == np.float32
    assert (found.sampling_rate_hz, found.start_rel_origin_s) == (50.0, -2.0)
    assert np.isfinite(found.acceleration).all()
    assert (np.abs(found.acceleration[:, :, :2]).max(axis=3) > 0.0).all()
    assert not found.acceleration[:, :, 2].any()
    again = model.waveforms.simulate(few, 2, np.random.default_rng(0))
    np.testing.assert_array_equal(found.acceleration, again.acceleration)
    assert not np.array_equal(found.acceleration[:, 0], found.acceleration[:, 1])


def test_measures_are_those_of_waveforms(trained: Path, small_records: GroundMotionRecords) -> None:
    model = CGM_GM.open(trained).motions
    few = small_records.scenarios.take(np.arange(4))
    all_of_them = model.predict(few)
    assert all_of_them.measures == MEASURES
    assert np.isfinite(all_of_them.mean).all()
    assert (all_of_them.sd > 0.0).all()
    assert not all_of_them.sd_epistemic.any()
    assert not all_of_them.is_extrapolated.any()
    one = model.predict(few, ["ln_fas_5hz"])
    column = all_of_them.column("ln_fas_5hz")
    # other draws of the same distribution: means differ by less than 4 standard errors
    limit = 4.0 * np.hypot(one.sd[:, 0], all_of_them.sd[:, column]) / np.sqrt(24.0)
    assert (np.abs(one.mean[:, 0] - all_of_them.mean[:, column]) < limit).all()
    drawn = model.sample(few, 3, np.random.default_rng(1), ["ln_pga", "ln_fas_2hz"])
    assert drawn.shape == (4, 3, 2)
    with pytest.raises(DataError, match="no measure 'pga'"):
        model.predict(few, ["pga"])


def test_rows_beyond_training_are_flagged(
    trained: Path, small_records: GroundMotionRecords
) -> None:
    few = small_records.scenarios.take(np.arange(2))
    few.magnitude[1] = 6.0
    found = CGM_GM.open(trained).motions.predict(few, ["ln_fas_5hz"])
    np.testing.assert_array_equal(found.is_extrapolated, [False, True])


def test_scales_see_no_event_that_is_kept_apart_but_the_released_ones_do(
    write_small_records: WriteRecords, tmp_path: Path
) -> None:
    plain = write_small_records()
    _, apart = split_by_event(plain.scenarios, 0, (0.9, 0.1))
    loud_events = tuple(np.unique(plain.scenarios.event[apart]))
    loud = write_small_records("loud", loud_events)
    high = {}
    for is_legacy in (False, True):
        for name, records in (("plain", plain), ("loud", loud)):
            folder = tmp_path / f"{name}-{is_legacy}"
            CGM_GM.train(records, folder, TrainingSettings(epochs=1, is_legacy=is_legacy))
            high[name, is_legacy] = load_manifest(folder).settings["log10_high"]
    assert high["plain", False] == high["loud", False]
    assert high["plain", True] < high["loud", True]


def test_recorded_phase_keeps_the_timing_of_the_record(
    trained: Path, small_records: GroundMotionRecords
) -> None:
    model = CGM_GM.open(trained).waveforms
    assert isinstance(model, CgmModel)
    few = small_records.take(np.arange(8))
    recorded = np.stack([one.acceleration[0] for one in few])
    rng = np.random.default_rng(0)
    with_phase = model.component_with_phase(few.scenarios, recorded, rng)
    without = model.component(few.scenarios, rng)
    correlated = [
        np.mean([np.corrcoef(*pair)[0, 1] for pair in zip(made, recorded, strict=True)])
        for made in (with_phase, without)
    ]
    assert correlated[0] > 0.4 > correlated[1]


def test_prediction_needs_no_torch(trained: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from mainshock.shaking.scenarios import Scenarios\n"
        "from mainshock.shaking.training import open_model\n"
        "one = [np.array([v]) for v in (2.0, 5.0, -122.0, 37.8, -122.0, 37.9, 400.0, 'e', 's')]\n"
        f"model = open_model(Path({str(trained)!r}))\n"
        "print(model.waveforms.simulate(Scenarios(*one), 1, np.random.default_rng(0))"
        ".acceleration.shape)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "(1, 1, 3, 400)", done.stderr


def test_records_of_several_lengths_are_refused(tmp_path: Path, data_dir: Path) -> None:
    records = open_records(data_dir / "groundmotion" / "real_waveforms.h5").take(np.arange(3))
    with pytest.raises(DataError, match="one of each"):
        CGM_GM.train(records, tmp_path / "model", TrainingSettings(epochs=1))


def test_a_damaged_network_is_told(trained: Path) -> None:
    (trained / "network.npz").write_bytes(b"no zip file")
    with pytest.raises(ModelError, match="no usable cgm-gm"):
        CGM_GM.open(trained)
