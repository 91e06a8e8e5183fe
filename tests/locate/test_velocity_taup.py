"""Models of TauP, and their times against TauP's own."""

import numpy as np
import pytest

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.locate.velocity.radial import iasp91
from mainshock.locate.velocity.taup import read_taup_file, taup_from_text

PHASES = {"P": ["p", "P", "Pn", "Pg"], "S": ["s", "S", "Sn", "Sg"]}
KM_PER_DEG = np.pi * 6371.0 / 180.0
CRUST = """0.0 5.0 2.9 2.6
12.0 6.0 3.4 2.7
30.0 6.6 3.8 2.9
mantle
30.0 8.0 4.5 3.3
400.0 9.0 4.9 3.6
2891.0 13.5 7.2 5.5
outer-core
2891.0 8.0 0.0 9.9
5150.0 10.3 0.0 12.1
inner-core
5150.0 11.0 3.5 12.7
6371.0 11.2 3.6 13.0
"""


@pytest.mark.parametrize("name", ["prem", "ak135f_no_mud", "jb"])
def test_agrees_with_taup_at_random_places(name, rng):
    from obspy.taup import TauPyModel

    reference, model = TauPyModel(name), taup_from_text(name)
    errors_s = []
    for number in range(30):
        depth, distance = rng.uniform(0.0, 60.0), rng.uniform(1.0, 500.0)
        phase = "PS"[number % 2]
        arrivals = reference.get_travel_times(depth, distance / KM_PER_DEG, PHASES[phase])
        found = float(model.travel_time_s(phase, distance, depth, 0.0))
        errors_s.append(found - min(arrival.time for arrival in arrivals))
    assert np.abs(errors_s).max() < 1e-3


def test_deep_and_far_agree_with_taup_too(rng):
    from obspy.taup import TauPyModel

    reference, model = TauPyModel("prem"), taup_from_text("prem")
    for number in range(12):
        depth, distance = rng.uniform(60.0, 600.0), rng.uniform(500.0, 8500.0)
        phase = "PS"[number % 2]
        arrivals = reference.get_travel_times(depth, distance / KM_PER_DEG, PHASES[phase])
        found = float(model.travel_time_s(phase, distance, depth, 0.0))
        # flattening in thin layers errs by 1e-5 of the time
        assert found == pytest.approx(min(a.time for a in arrivals), abs=5e-3)


def test_a_model_built_by_taup_and_its_text_agree(tmp_path, rng):
    from obspy.taup.taup_create import build_taup_model

    text = tmp_path / "crust.nd"
    text.write_text(CRUST)
    build_taup_model(str(text), output_folder=str(tmp_path), verbose=False)
    from_text, built = read_taup_file(text), read_taup_file(tmp_path / "crust.npz")
    assert from_text.name == built.name == "crust"
    paths = rng.uniform(0, 400, 20), rng.uniform(0, 50, 20), -0.3
    np.testing.assert_allclose(
        from_text.travel_time_s("S", *paths), built.travel_time_s("S", *paths), atol=1e-9
    )


def test_tvel_file_is_the_built_in_model(rng):
    paths = rng.uniform(0, 400, 20), rng.uniform(0, 50, 20), 0.0
    np.testing.assert_allclose(
        taup_from_text("iasp91").travel_time_s("P", *paths),
        iasp91().travel_time_s("P", *paths),
        atol=1e-9,
    )


def test_unknown_names_are_wrong_usage_and_known_ones_are_told():
    for text in ("", "nosuch"):
        with pytest.raises(SettingsError, match="prem"):
            taup_from_text(text)


def test_oceans_and_damaged_files_are_refused(tmp_path):
    ocean = tmp_path / "ocean.nd"
    ocean.write_text("0.0 1.5 0.0 1.0\n3.0 1.5 0.0 1.0\n" + CRUST.replace("0.0 5.0", "3.0 5.0", 1))
    with pytest.raises(DataError, match="fluid"):
        read_taup_file(ocean)
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(SourceError, match="damaged"):
        read_taup_file(damaged)
