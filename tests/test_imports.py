"""What `import mainshock` and `mainshock --help` load: nothing heavy, and nothing else happens."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import mainshock

HEAVY = {
    "torch", "lightning", "seisbench", "onnx", "onnxruntime", "obspy", "pandas", "pyarrow",
    "matplotlib", "cartopy", "scipy", "sklearn", "numba", "h5py", "shapely", "jinja2",
}  # fmt: skip
PACKAGES = sorted(
    f"mainshock.{path.parent.name}"
    for path in Path(mainshock.__file__).parent.glob("*/__init__.py")
)
REPORT = "import json, sys; sys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))"
HELP = """
import sys
sys.argv = {argv!r}
from mainshock.cli.app import main
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
"""


def modules_after(program: str, folder: Path) -> set[str]:
    """Top-level packages that a fresh interpreter has loaded after a program."""
    result = subprocess.run(
        [sys.executable, "-c", f"{program}\n{REPORT}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    names = json.loads(result.stderr.splitlines()[-1])
    return {name.partition(".")[0] for name in names}


def test_importing_the_package_loads_only_itself(tmp_path):
    extra = modules_after("import mainshock", tmp_path) - modules_after("", tmp_path)
    assert extra == {"mainshock"}


def test_importing_core_loads_numpy_and_the_standard_library(tmp_path):
    loaded = modules_after("import mainshock.core", tmp_path)
    outside = loaded - set(sys.stdlib_module_names) - modules_after("", tmp_path)
    # Cython-made numpy modules register a runtime module of their own
    assert {name for name in outside if not name.startswith("_cython")} == {"mainshock", "numpy"}


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_stage_loads_nothing_heavy(package, tmp_path):
    assert modules_after(f"import {package}", tmp_path) & HEAVY == set()


@pytest.mark.parametrize("verb", [[], ["pick"], ["locate"], ["detect"], ["models"], ["demo"]])
def test_help_loads_nothing_heavy(verb, tmp_path):
    program = HELP.format(argv=["mainshock", *verb, "--help"])
    assert modules_after(program, tmp_path) & HEAVY == set()


def test_importing_writes_nothing(tmp_path):
    modules_after("\n".join(f"import {package}" for package in PACKAGES), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_importing_adds_no_log_handler(tmp_path):
    program = "\n".join(f"import {package}" for package in PACKAGES)
    check = "import logging; assert not logging.getLogger().handlers"
    modules_after(f"{program}\n{check}", tmp_path)
