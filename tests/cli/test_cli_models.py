"""``mainshock models``: aliases, origins, and the errors of `models add`."""

import json

import pytest


@pytest.fixture(autouse=True)
def _own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("MAINSHOCK_MODELS", str(tmp_path / "store"))


def test_list_tells_where_a_model_comes_from(command):
    found = {
        model["name"]: model for model in command("models", "list", "--json").document["models"]
    }
    assert found["phasenet"]["origin"] == "packaged"
    line = next(
        line for line in command("models", "list").stdout.splitlines() if " phasenet " in line
    )
    assert line.startswith("pick ")
    assert "packaged" in line
    assert found["phasenet"]["version"] in line


def test_default_has_a_card_and_can_be_verified(command):
    card = command("models", "card", "default")
    assert card.exit_code == 0
    assert card.stdout == command("models", "card", "phasenet").stdout
    assert (
        "model.onnx"
        in command("models", "verify", "default", "--json").document["models"]["default"]
    )


def test_unknown_source_lists_the_known_ones(command):
    result = command("models", "add", "nosuch")
    assert result.exit_code == 2
    assert "eqtransformer" in result.stderr


def test_missing_extra_is_named(command, monkeypatch):
    from mainshock.detect.converted import registry

    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    result = command("models", "add", "eqtransformer")
    assert result.exit_code == 1
    assert "mainshock[train]" in result.stderr


def test_source_that_does_not_answer_ends_with_4(command, monkeypatch):
    pytest.importorskip("seisbench", reason="the extra `train` is not installed")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    source = ("seisbench:PhaseNet/instance", "--remote", "http://127.0.0.1:9/")
    result = command("models", "add", *source)
    assert result.exit_code == 4
    assert "MAINSHOCK_SEISBENCH_REMOTE" in result.stderr
    assert result.stdout == ""


def test_verify_tells_every_fault_and_keeps_stdout_json(tmp_path, command):
    folder = tmp_path / "store" / "damaged"
    folder.mkdir(parents=True)
    (folder / "weights").write_text("changed")
    manifest = {
        "name": "damaged",
        "version": "1",
        "task": "pick",
        "description": "synthetic",
        "licence": "none",
        "files": {"weights": "0" * 64},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    result = command("models", "verify", "--json")
    assert result.exit_code == 1
    assert result.document["verified"] is False
    assert list(result.document["faults"]) == ["damaged"]
    assert "phasenet" in result.document["models"]
