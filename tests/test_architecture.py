"""The shape of the code: sizes, layers, names, and nothing tied to one machine."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("src", "tests", "recipes", "benchmarks", "examples", "scripts")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
PACKAGES = sorted({path.parent for path in (ROOT / "src" / "mainshock").rglob("*.py")})
MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 800
MAX_CLASS_LINES = 300
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|home|Users)/\w+")
TEXT_SUFFIXES = {".py", ".md", ".toml", ".yml", ".yaml", ".txt", ".json", ".cfg", ""}


def definitions(path: Path, *kinds: type[ast.AST]) -> Iterator[tuple[str, int]]:
    """Name and number of lines, docstring included, of what a file defines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, kinds):
            yield f"{path.relative_to(ROOT)}: {node.name}", node.end_lineno - node.lineno + 1


def test_there_is_code_to_look_at():
    assert len(FILES) > 20


def test_no_function_is_longer_than_60_lines():
    functions = (
        item for path in FILES for item in definitions(path, ast.FunctionDef, ast.AsyncFunctionDef)
    )
    assert [item for item in functions if item[1] > MAX_FUNCTION_LINES] == []


def test_no_class_is_longer_than_300_lines():
    classes = (item for path in FILES for item in definitions(path, ast.ClassDef))
    assert [item for item in classes if item[1] > MAX_CLASS_LINES] == []


def test_no_file_is_longer_than_800_lines():
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in FILES}
    assert {name: n for name, n in lengths.items() if n > MAX_FILE_LINES} == {}


def test_every_package_says_that_it_is_one():
    assert [folder for folder in PACKAGES if not (folder / "__init__.py").exists()] == []


def test_modules_are_named_after_what_they_hold():
    vague = {"utils", "util", "helpers", "misc", "common", "tools"}
    assert [path for path in FILES if path.stem in vague] == []


def test_nothing_names_a_folder_of_one_machine():
    kept = (
        path
        for folder in (*FOLDERS, "docs", "news", ".ci")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in TEXT_SUFFIXES
    )
    top = (path for path in ROOT.iterdir() if path.is_file() and path.suffix in TEXT_SUFFIXES)
    found = {
        str(path.relative_to(ROOT)): MACHINE_PATH.findall(path.read_text(encoding="utf-8"))
        for path in (*kept, *top)
        if path != Path(__file__)
    }
    assert {name: paths for name, paths in found.items() if paths} == {}


def test_imports_point_down_the_layers():
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.fail("lint-imports is not installed beside this interpreter; run `make setup`")
    result = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
