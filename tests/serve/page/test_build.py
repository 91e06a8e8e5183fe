"""What the page is built from, and what comes out."""

import gzip
import json
import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest
from tools_at_hand import absent

from mainshock.pipeline.wording import FLAG_SENTENCES, QUALITY_WORDS
from mainshock.serve import page as page_module
from mainshock.serve.openapi import main as write_openapi
from mainshock.serve.page import built_page

ROOT = Path(__file__).resolve().parents[3]
WEB = ROOT / "web"
BUILD = runpy.run_path(str(ROOT / "scripts" / "build_page.py"))
FIRST_LOAD_BYTES = 600_000
PREDICTION = re.compile(r"predi[ck]|predec|vorhersag|vorhergesag|voraussag|vorausgesag")
NO_PREDICTIONS = (
    "earthquakes cannot be predicted",
    "los sismos no se pueden predecir",
    "erdbeben lassen sich nicht vorhersagen",
)


@pytest.fixture
def npm():
    """Run npm in the page's folder; without its packages a test skips, but fails under CI."""
    program = shutil.which("npm")
    if program is None or not (WEB / "node_modules").is_dir():
        absent("no Node.js, or web/node_modules is missing; run `make web`")

    def run(*arguments):
        return subprocess.run(
            [program, *arguments], cwd=WEB, capture_output=True, text=True, check=False, timeout=200
        )

    return run


def told_in(language, name):
    """Return a catalogue with its long texts on one line."""
    path = WEB / "src" / "messages" / language / f"{name}.ts"
    return re.sub(r'" \+\s+"', "", path.read_text(encoding="utf-8"))


def test_flags_and_grades_read_as_in_the_report():
    flags, grades = told_in("en", "flags"), told_in("en", "qualities")
    for flag, sentence in FLAG_SENTENCES.items():
        assert re.search(rf'\b{flag}:\s+"{re.escape(sentence)}"', flags), flag
    for grade, words in QUALITY_WORDS.items():
        assert f'{grade}: "{words}"' in grades


def test_page_never_speaks_of_predictions_but_to_say_that_there_are_none():
    told = {}
    for path in (WEB / "src").rglob("*.ts*"):
        if path.name != "schema.d.ts":
            text = re.sub(r'" \+\s+"', "", path.read_text(encoding="utf-8")).lower()
            for sentence in NO_PREDICTIONS:
                told[sentence] = told.get(sentence, 0) + text.count(sentence)
                text = text.replace(sentence, "")
            assert not PREDICTION.search(text), path
    assert all(told.values()), told


@pytest.mark.parametrize(
    "word", ["prediction", "predicen", "predecir", "predicción", "Vorhersage", "vorhergesagt"]
)
def test_words_for_predictions_are_known_in_each_language(word):
    assert PREDICTION.search(word.lower())


def test_lock_file_names_no_other_host():
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    resolved = [one.get("resolved", "") for one in lock["packages"].values()]
    hosts = {one.split("/")[2] for one in resolved if one.startswith("http")}
    assert hosts <= {"registry.npmjs.org"}
    assert all("integrity" in one for name, one in lock["packages"].items() if name)


def test_built_page_is_found_only_where_it_lies(tmp_path, monkeypatch):
    monkeypatch.setattr(page_module, "_ASSETS", tmp_path)
    assert built_page() is None
    (tmp_path / "index.html").write_text("<!doctype html>", encoding="utf-8")
    assert built_page() == tmp_path


def test_first_load_is_small_and_asks_nobody_else(page_folder):
    index = (page_folder / "index.html").read_text(encoding="utf-8")
    assert "<style" not in index
    assert not re.search(r"<script(?![^>]*\bsrc=)", index)  # no script inside the page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', index)
    assets = list((page_folder / "assets").iterdir())
    later = ("countries-10m", "worker", "View-", "MapPage")
    with_page = [one for one in assets if not any(part in one.name for part in later)]
    size = sum(len(gzip.compress(one.read_bytes())) for one in with_page)
    assert size < FIRST_LOAD_BYTES  # the fine base map and rarer views come later


def test_licences_of_what_is_built_in_come_along(page_folder):
    told = (page_folder / "licenses.md").read_text(encoding="utf-8")
    for name in ("react", "maplibre-gl", "uplot", "topojson-client"):
        assert f"## {name}" in told


def test_without_node_the_build_says_so_and_succeeds(monkeypatch, capsys, tmp_path):
    namespace = BUILD["build"].__globals__
    monkeypatch.setitem(namespace, "STAMP", tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert BUILD["build"]() == 0
    assert "Node.js" in capsys.readouterr().err


def test_nothing_is_built_twice(monkeypatch, tmp_path):
    namespace = BUILD["build"].__globals__
    stamp = tmp_path / "sources.sha256"
    stamp.write_text(BUILD["sources_sha256"](), encoding="utf-8")
    monkeypatch.setitem(namespace, "STAMP", stamp)
    monkeypatch.setitem(namespace, "npm", lambda *_: pytest.fail("it was built again"))
    assert BUILD["build"]() == 0


@pytest.mark.slow
def test_types_of_the_api_are_those_of_the_service(npm, tmp_path):
    write_openapi([str(tmp_path / "openapi.json")])
    made = tmp_path / "schema.d.ts"
    result = npm(
        "exec", "--", "openapi-typescript", str(tmp_path / "openapi.json"), "-o", str(made)
    )
    assert result.returncode == 0, result.stderr
    committed = (WEB / "src" / "api" / "schema.d.ts").read_text(encoding="utf-8")
    assert made.read_text(encoding="utf-8") == committed, (
        "the API has changed; run `python scripts/build_page.py --schema`"
    )


@pytest.mark.slow
def test_types_and_modules_of_the_page_pass_their_tests(npm):
    types = npm("run", "types")
    assert types.returncode == 0, types.stdout
    tests = npm("test")
    assert tests.returncode == 0, tests.stdout
