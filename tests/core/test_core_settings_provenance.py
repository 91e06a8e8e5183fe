"""Settings come from the environment; provenance says what made a result."""

import hashlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mainshock import __version__
from mainshock.core.errors import SettingsError, SourceError
from mainshock.core.provenance import Provenance, file_sha256
from mainshock.core.settings import Settings


def test_settings_without_any_variable_use_the_home_folder():
    settings = Settings.from_environment({})
    assert settings.model_store == Path.home() / ".local" / "share" / "mainshock" / "models"
    assert settings.data_dir is None
    assert settings.environment_store is not None
    assert settings.environment_store.is_relative_to(sys.prefix)


def test_settings_follow_the_variables(tmp_path):
    settings = Settings.from_environment(
        {"MAINSHOCK_MODELS": "/models", "MAINSHOCK_DATA": str(tmp_path), "XDG_DATA_HOME": "/x"}
    )
    assert settings.model_store == Path("/models")
    assert settings.data_dir == tmp_path
    assert settings.environment_store is None  # one folder holds all
    assert Settings.from_environment({"XDG_DATA_HOME": "/x"}).model_store == Path(
        "/x/mainshock/models"
    )


def test_settings_read_the_real_environment_when_asked(monkeypatch):
    monkeypatch.setenv("MAINSHOCK_MODELS", "/elsewhere")
    assert Settings.from_environment().model_store == Path("/elsewhere")


def test_a_data_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"MAINSHOCK_DATA is .*name an existing one"):
        Settings.from_environment({"MAINSHOCK_DATA": str(tmp_path / "absent")})


def test_checksum_is_sha_256_of_the_bytes(tmp_path):
    path = tmp_path / "record.bin"
    path.write_bytes(b"P and S")
    assert file_sha256(path) == hashlib.sha256(b"P and S").hexdigest()


def test_checksum_of_what_cannot_be_read_names_it(tmp_path):
    with pytest.raises(SourceError, match=r"absent\.bin"):
        file_sha256(tmp_path / "absent.bin")
    with pytest.raises(SourceError):
        file_sha256(tmp_path)


def test_provenance_is_json_with_version_and_time():
    made = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    provenance = Provenance("pick", {"model": "stalta"}, {"a.mseed": "00"}, created=made)
    document = json.loads(json.dumps(provenance.as_dict()))
    assert document == {
        "step": "pick",
        "parameters": {"model": "stalta"},
        "inputs": {"a.mseed": "00"},
        "software": f"mainshock {__version__}",
        "created": "2026-01-02T03:04:05.000000Z",
    }


def test_provenance_is_made_now_unless_told():
    before = datetime.now(UTC)
    assert before <= Provenance("pick").created <= datetime.now(UTC)
