"""``mainshock detect explain``: which pick is meant, what is written, and what is refused."""

import json
import sys

import numpy as np
import obspy
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("seisbench", reason="the extra `train` is not installed")

from PIL import Image  # noqa: E402

from mainshock.cli.app import main  # noqa: E402
from mainshock.detect.converted.interface import Architecture  # noqa: E402
from mainshock.detect.converted.package import ConvertedPicker, add_picker  # noqa: E402
from mainshock.detect.converted.registry import AddOptions  # noqa: E402


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A PhaseNet that learned nothing but to see S now and then, in a store of its own."""
    architecture = Architecture(
        "PhaseNet", {"component_order": "ENZ", "phases": "NPS"}, "ENZ", ("N", "P", "S")
    )
    torch.manual_seed(11)
    store = tmp_path_factory.mktemp("store")
    picker = ConvertedPicker(
        *("untrained", "1", "random", "GPL-3.0-or-later", architecture.build(), architecture),
        *(100.0, 3001, {"P": 0.3, "S": 0.3}, {}, {}, "# Random\n"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAINSHOCK_MODELS", str(store))
        add_picker(picker, AddOptions())
    return store / "untrained"


@pytest.fixture
def record(tmp_path):
    path = tmp_path / "BW.RJOB.mseed"
    obspy.read().write(str(path), format="MSEED")
    return path


@pytest.fixture
def command(monkeypatch, capsys):
    """Run ``mainshock ARGUMENTS...`` and return exit code, stdout and stderr."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["mainshock", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def picks(command, record, model):
    code, out, _ = command("pick", record, "--model", model, "--json")
    assert code == 0
    return json.loads(out)["picks"]


def test_a_pick_by_number_gives_figure_and_document(command, record, model, picks, tmp_path):
    figure = tmp_path / "why.png"
    chosen = len(picks) - 1
    code, out, err = command(
        *("detect", "explain", record, "--pick-index", chosen, "--model", model),
        *("--out", figure, "--steps", 20, "--json"),
    )
    assert code == 0, err
    document = json.loads(out)
    assert document["pick"] == picks[chosen]
    assert document["n_steps"] == 20
    assert document["completeness_error"] < 0.05
    shares = [line["share"] for line in document["attribution"]["components"].values()]
    assert np.sum(shares) == pytest.approx(1.0)
    with Image.open(figure) as image:
        assert image.size[0] > 1000


def test_a_pick_by_time_is_the_same_one(command, record, model, picks, tmp_path):
    figure = tmp_path / "why.svg"
    code, out, err = command(
        *("detect", "explain", record, "--time", picks[0]["time"], "--phase", picks[0]["phase"]),
        *("--model", model, "--out", figure, "--steps", 5, "--station", "RJOB"),
    )
    assert code == 0, err
    assert f"{picks[0]['phase']} at BW.RJOB, {picks[0]['time']}" in out
    assert "before the pick" in out
    assert figure.read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ((), 2, "either --pick-index"),
        (("--time", "2009-08-24T00:20:07Z"), 2, "either --pick-index"),
        (("--pick-index", 0, "--time", "2009-08-24", "--phase", "P"), 2, "either --pick-index"),
        (("--pick-index", 9999), 3, "counted from 0"),
        (("--time", "1999-01-01", "--phase", "S"), 3, "no S pick within 1 s"),
        (("--pick-index", 0, "--station", "NONE"), 3, "only 0 picks"),
        (("--pick-index", 0, "--model", "stalta"), 2, "no network"),
        (("--pick-index", 0, "--out", "why.txt"), 2, "suffix must be"),
    ],
)
def test_what_cannot_be_explained_is_told(command, record, model, tmp_path, options, code, message):
    found, _, err = command(
        *("detect", "explain", record, "--model", model, "--out", tmp_path / "why.png", *options)
    )
    assert found == code
    assert message in err
    assert not (tmp_path / "why.png").exists()
