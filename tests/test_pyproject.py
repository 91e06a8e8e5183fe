"""What is installed: no framework in the base, no CUDA anywhere, every version pinned."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mainshock import __version__

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
INSTALLED_EXTRAS = ("train", "dev", "docs", "bench")  # what `make setup` installs
ONLY_FOR_TRAINING = {"torch", "lightning", "seisbench", "onnx", "onnxscript", "tensorboard"}


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def pinned() -> dict[str, str]:
    """Name to version of every line of the constraints."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = (line.partition("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, _, version in pins}


def is_unwanted(name: str) -> bool:
    return name == "torchvision" or name.startswith(("nvidia-", "cuda", "triton"))


def test_base_install_has_no_training_framework():
    assert names(PROJECT["dependencies"]) & ONLY_FOR_TRAINING == set()


@pytest.mark.parametrize("extra", ["base", *EXTRAS])
def test_nothing_asks_for_torchvision_or_cuda(extra):
    requirements = PROJECT["dependencies"] if extra == "base" else EXTRAS[extra]
    assert [name for name in names(requirements) if is_unwanted(name)] == []


def test_constraints_hold_no_torchvision_or_cuda():
    assert [name for name in pinned() if is_unwanted(name)] == []


def test_constraints_are_exact_and_name_no_place():
    versions = pinned()
    assert all(re.fullmatch(r"\d[\w.]*", version) for version in versions.values()), versions
    assert versions["torch"] == "2.13.0"
    assert "torch==2.13.0" in EXTRAS["train"]


@pytest.mark.parametrize("extra", ["base", *INSTALLED_EXTRAS])
def test_every_requirement_is_pinned_within_its_limits(extra):
    versions = pinned()
    for text in PROJECT["dependencies"] if extra == "base" else EXTRAS[extra]:
        requirement = Requirement(text)
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in constraints.txt"
        assert requirement.specifier.contains(version, prereleases=True), text


def test_the_extra_all_holds_every_other_one():
    (everything,) = (Requirement(text) for text in EXTRAS["all"])
    assert everything.extras == set(EXTRAS) - {"all"}


def test_the_version_is_stated_twice_and_equal():
    assert PROJECT["version"] == __version__
