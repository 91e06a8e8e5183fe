"""Changed copies of maps: still 0 and 1, seeded, never far."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import SettingsError
from mainshock.offfault.augment import Augmentation, augment

NOTHING = Augmentation(zoom=0.0, shift=0.0, flip_rows=False, flip_columns=False)


def maps(count: int = 6) -> np.ndarray:
    made = np.zeros((count, 128, 64), dtype=np.uint8)
    made[:, 40:44] = 1
    made[:, 40:80, 10:13] = 1
    return made


@given(
    seed=st.integers(0, 1000),
    zoom=st.floats(0, 0.5),
    shift=st.floats(0, 0.9),
)
def test_maps_stay_maps(seed: int, zoom: float, shift: float) -> None:
    changed = augment(maps(3), np.random.default_rng(seed), Augmentation(zoom, shift))
    assert changed.dtype == np.uint8
    assert changed.shape == (3, 128, 64)
    assert np.isin(changed, (0, 1)).all()


def test_the_same_seed_gives_the_same_copies_and_each_map_its_own() -> None:
    first, again = (augment(maps(), np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert len({one.tobytes() for one in first}) == len(first)
    assert (augment(maps(), np.random.default_rng(8)) != first).any()


def test_no_change_is_no_change(rng: np.random.Generator) -> None:
    np.testing.assert_array_equal(augment(maps(), rng, NOTHING), maps())
    assert augment(maps(0), rng).shape == (0, 128, 64)


def test_flips_mirror_half_of_the_maps(rng: np.random.Generator) -> None:
    flips = Augmentation(zoom=0.0, shift=0.0, flip_rows=True, flip_columns=False)
    changed = augment(maps(200), rng, flips)
    mirrored = (changed == maps(1)[:, ::-1]).all(axis=(1, 2))
    kept = (changed == maps(1)).all(axis=(1, 2))
    assert (mirrored ^ kept).all()
    assert 60 < mirrored.sum() < 140
    flips = Augmentation(zoom=0.0, shift=0.0, flip_rows=False, flip_columns=True)
    changed = augment(maps(20), rng, flips)
    assert ((changed == maps(1)[:, :, ::-1]).all(axis=(1, 2))).any()


def test_shifts_and_zooms_keep_to_their_limits(rng: np.random.Generator) -> None:
    shifted = augment(maps(200), rng, Augmentation(0.0, 0.1, flip_rows=False, flip_columns=False))
    first_rows = shifted[:, :, 40].argmax(axis=1)  # the line alone, 40 without a shift
    assert 26 <= first_rows.min() < 30
    assert 50 < first_rows.max() <= 53
    zoomed = augment(maps(200), rng, Augmentation(0.05, 0.0, flip_rows=False, flip_columns=False))
    lines = zoomed[:, :, 40].sum(axis=1)
    assert lines.min() >= 3
    assert lines.max() <= 5


def test_edges_are_repeated(rng: np.random.Generator) -> None:
    edge = np.zeros((50, 128, 64), dtype=np.uint8)
    edge[:, 0] = 1
    changed = augment(edge, rng, Augmentation(0.0, 0.1, flip_rows=False, flip_columns=False))
    filled = changed.any(axis=2).sum(axis=1)
    assert filled.max() > 8
    assert (changed.min(axis=2) == changed.max(axis=2)).all()


@pytest.mark.parametrize("name", ["zoom", "shift"])
@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan")])
def test_settings_out_of_range_are_an_error(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=name):
        Augmentation(**{name: value})
