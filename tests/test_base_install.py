"""The base install, without torch and all else that extras bring, runs the demonstration."""

import json
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TRAINING = {"torch", "lightning", "seisbench", "onnx", "onnxscript", "optuna", "tensorboard"}
PROGRAM = """
import json, sys
from importlib.abc import MetaPathFinder

HIDDEN = frozenset(json.loads(sys.argv.pop(1)))

class Hide(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None

sys.meta_path.insert(0, Hide())
from mainshock.cli.app import main
main()
"""


def base_distributions() -> set[str]:
    """All distributions that installing mainshock without any extra brings."""
    found: set[str] = set()
    waiting = ["mainshock"]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:  # for another platform or Python
            continue
        found.add(name)
        wanted = (Requirement(text) for text in requires)
        waiting.extend(
            one.name for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})
        )
    return found


def modules_outside_base() -> set[str]:
    """Importable names in this environment that the base install would not have."""
    base = base_distributions()
    return {
        module
        for module, owners in packages_distributions().items()
        if not {canonicalize_name(owner) for owner in owners} & base
    }


def run_without(hidden: set[str], *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in a fresh interpreter that cannot import the hidden modules."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(sorted(hidden)), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONWARNINGS": "default"},
    )


def test_the_environment_has_what_the_test_hides():
    assert modules_outside_base() >= TRAINING
    assert "numpy" not in modules_outside_base()
    assert "mainshock" not in modules_outside_base()


def test_training_without_its_extra_names_the_remedy(tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("{}", encoding="utf-8")
    result = run_without(
        modules_outside_base(), "detect", "train", recipe, "--data", tmp_path, "--out", tmp_path
    )
    assert result.returncode in {1, 2}
    assert "Traceback" not in result.stderr, result.stderr
    assert "mainshock[train]" in result.stderr


@pytest.mark.slow
def test_the_demo_finds_events_and_writes_its_report(tmp_path):
    result = run_without(modules_outside_base(), "demo", "--json", "--out", tmp_path / "report")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    minutes = {event["time"][:16] for event in document["events"]}
    assert minutes >= {"2010-05-27T16:24", "2010-05-27T16:27", "2009-08-24T00:20"}
    assert document["picks"]
    assert Path(document["report"]).stat().st_size > 100_000
