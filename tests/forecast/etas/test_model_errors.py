"""Models that cannot be made or read are refused with what to do."""

import json
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from plain_etas import BOX, USUAL
from plain_simulation import drawn

from mainshock.core.errors import DataError, ModelError, SettingsError
from mainshock.forecast.base import FitSettings
from mainshock.forecast.etas.kinds import HOMOGENEOUS_ETAS
from mainshock.forecast.model_folder import open_model, save_model
from mainshock.forecast.poisson import HOMOGENEOUS
from mainshock.sources.seismicity.catalogue import Catalogue

END = 400.0
SETTINGS = FitSettings(20.0, END, 3.0, BOX)


@cache
def catalogue():
    return drawn(replace(USUAL, mu_per_day=0.6, k0=0.002), END, 2, BOX)


@cache
def fitted():
    return HOMOGENEOUS_ETAS.fit(catalogue(), SETTINGS)


@pytest.fixture
def folder(tmp_path):
    save_model(tmp_path / "model", fitted(), catalogue())
    return tmp_path / "model"


def test_a_model_without_a_region_is_refused():
    info = replace(fitted().info, settings=replace(SETTINGS, region=None))
    with pytest.raises(DataError, match="needs a region; give --region"):
        replace(fitted(), info=info)


def test_a_model_is_what_it_was_when_it_is_opened(folder):
    again = open_model(folder)
    assert again.parameters == fitted().parameters
    assert np.array_equal(again.covariance, fitted().covariance, equal_nan=True)
    assert again.integral(catalogue(), 50.0, END) == fitted().integral(catalogue(), 50.0, END)


@pytest.mark.parametrize("missing", ["etas.json", "etas.npz"])
def test_a_folder_that_lacks_a_file_is_refused(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(ModelError, match="fit it again"):
        open_model(folder)


@pytest.mark.parametrize("lost", ["parameters", "law", "kernel_settings", "levels"])
def test_a_document_that_lacks_a_part_is_refused(folder, lost):
    path = folder / "etas.json"
    document = json.loads(path.read_text())
    del document[lost]
    path.write_text(json.dumps(document))
    with pytest.raises(ModelError, match=lost):
        open_model(folder)


def test_a_file_of_something_else_is_refused(folder):
    (folder / "etas.npz").write_text("no arrays here")
    with pytest.raises(ModelError, match="fit it again"):
        open_model(folder)


def test_a_start_from_a_model_of_another_kind_is_refused(tmp_path):
    settings = replace(SETTINGS, options={"start_from": str(tmp_path / "poisson")})
    save_model(tmp_path / "poisson", HOMOGENEOUS.fit(catalogue(), SETTINGS), catalogue())
    with pytest.raises(SettingsError, match="start from an etas model"):
        HOMOGENEOUS_ETAS.fit(catalogue(), settings)


def test_a_fit_of_events_below_completeness_leaves_them_out():
    small = np.full(50, 2.0)
    time = np.linspace(30.0, 300.0, 50)
    both = catalogue()
    order = np.argsort(np.append(both.time_days, time), kind="stable")
    more = Catalogue(
        np.append(both.time_days, time)[order],
        np.append(both.magnitude, small)[order],
        np.append(both.longitude, np.full(50, -117.0))[order],
        np.append(both.latitude, np.full(50, 34.0))[order],
    )
    assert HOMOGENEOUS_ETAS.fit(more, SETTINGS).parameters == fitted().parameters
