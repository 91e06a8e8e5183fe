"""The documentation says what the code does: names, commands, links and examples."""

import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import mainshock
from mainshock.core.registry import Registry

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:|mailto:)([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SNIPPET = re.compile(r'^--8<-- "([^":]+)', re.MULTILINE)


def registries() -> list[tuple[str, str]]:
    """Kind and name of everything that any ``registry.py`` registers."""
    found = []
    root = Path(mainshock.__file__).parent
    for path in sorted(root.rglob("*registry.py")):
        name = ".".join(path.relative_to(root.parent).with_suffix("").parts)
        if name == "mainshock.core.registry":
            continue
        module = importlib.import_module(name)
        for attribute, value in vars(module).items():
            if isinstance(value, Registry) and not attribute.startswith("_"):
                found.extend((value.kind, name) for name in value.names())
    return sorted(set(found))


def run_python(source: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "default", "-c", source],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("kind", "name"), registries())
def test_every_registered_name_has_its_line(kind, name):
    page = (DOCS / "reference" / "registered-names.md").read_text(encoding="utf-8")
    group = "mainshock." + kind.replace(" ", "_")
    section = next((part for part in page.split("\n## ") if f"`{group}`" in part), None)
    assert section is not None, f"no section names the entry points {group}"
    assert f"| `{name}` |" in section


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    targets = [target.partition("#")[0] for target in LINK.findall(text)]
    missing = [target for target in targets if target and not (path.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_included_files_exist(path):
    names = SNIPPET.findall(path.read_text(encoding="utf-8"))
    assert [name for name in names if not (ROOT / name).is_file()] == []


def test_every_page_is_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = set(re.findall(r"[\w./-]+\.md", str(yaml.safe_load(text)["nav"])))
    pages = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    assert listed == pages


def test_command_reference_is_what_the_code_says():
    program = ROOT / "scripts" / "write_command_reference.py"
    result = subprocess.run(
        [sys.executable, str(program), "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_every_make_task_that_the_texts_name_exists():
    tasks = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        task
        for path in PAGES
        for task in re.findall(r"\bmake ([a-z][a-z-]+)`", path.read_text(encoding="utf-8"))
    }
    assert named <= tasks
    assert {"setup", "demo", "test", "test-fast", "check", "ci-system"} <= tasks


def test_readme_first_screen_has_both_commands():
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8")[:2500]
    assert "make demo" in first_screen
    assert "make test" in first_screen


def test_news_fragments_are_of_a_known_kind():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    kinds = {kind["directory"] for kind in settings["tool"]["towncrier"]["type"]}
    fragments = [path for path in (ROOT / "news").glob("*.md") if path.name != "README.md"]
    assert [path.name for path in fragments if path.name.split(".")[1] not in kinds] == []


def test_changelog_can_be_written():
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "0"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_readme_example_runs_and_is_short(tmp_path):
    (code,) = PYTHON.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len([line for line in code.splitlines() if line.strip()]) <= 5
    result = run_python(code, tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_run(path, tmp_path):
    result = run_python(path.read_text(encoding="utf-8"), tmp_path)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_site_builds_without_warnings_and_loads_nothing_from_outside(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    result = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "WARNING" not in result.stderr
    outside = re.compile(
        r"""<(?:script|img|iframe)[^>]+src=["']?https?:|<link[^>]+href=["']?https?:"""
    )
    loads = {
        str(page.relative_to(tmp_path)): outside.findall(page.read_text(encoding="utf-8"))
        for page in tmp_path.rglob("*.html")
    }
    assert {name: found for name, found in loads.items() if found} == {}
