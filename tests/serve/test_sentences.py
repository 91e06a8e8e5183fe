"""Every sentence that the service may tell stands in each catalogue of the page."""

import ast
import json
import re
from pathlib import Path
from string import Formatter

import pytest

from mainshock.core import cautions
from mainshock.core.shaking_field import NOT_FOR_DESIGN
from mainshock.forecast import sentences as of_forecasts
from mainshock.megathrust.assessment import packaged_caveats
from mainshock.megathrust.segment_relevance import packaged_relevance, relevance_caveats
from mainshock.offfault.profile import CAVEATS
from mainshock.serve.envelope import ERROR_CODES, STORE_AWAY
from mainshock.serve.sentences import KNOWN
from mainshock.stream.store.reviews import VersionConflictError

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "mainshock"
LANGUAGES = ("en", "es", "de")
ENTRY = re.compile(r'^ {4}"?([\w.]+)"?:\s*("(?:[^"\\]|\\.)*"),$', re.MULTILINE)
FORBIDDEN = re.compile(
    r"wird (ein|das) (Erd)?beben|will occur|ocurrirá un|safe|sicher ist|seguro que", re.IGNORECASE
)


def catalogue(language):
    """The sentences and the general texts of a language, as its TypeScript file has them."""
    path = ROOT / "web" / "src" / "messages" / language / "service.ts"
    general, _, sentences = path.read_text(encoding="utf-8").partition("  sentences: {")
    return {code: json.loads(text) for code, text in ENTRY.findall(sentences)}, {
        code: json.loads(text) for code, text in ENTRY.findall(general)
    }


def places(text):
    return sorted({name for _, name, _, _ in Formatter().parse(text) if name is not None})


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_code_has_its_sentence_in_each_language(language):
    sentences, _ = catalogue(language)
    assert sorted(sentences) == sorted(one.code for one in KNOWN.known)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_names_every_value_of_a_sentence(language):
    sentences, _ = catalogue(language)
    told = {one.code: places(sentences[one.code]) for one in KNOWN.known}
    assert told == {one.code: sorted(one.places) for one in KNOWN.known}


def test_the_english_catalogue_says_what_the_service_says():
    assert catalogue("en")[0] == {one.code: one.plain_text for one in KNOWN.known}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_error_code_has_general_words(language):
    codes = {*ERROR_CODES.values(), "conflict", "http_error"}
    assert codes == set(catalogue(language)[1])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_promises_anything(language):
    told = [*catalogue(language)[0].values(), *catalogue(language)[1].values()]
    assert [one for one in told if FORBIDDEN.search(one)] == []


@pytest.mark.parametrize("sentence", KNOWN.known, ids=lambda one: one.code)
def test_each_sentence_is_found_as_itself(sentence):
    values = dict.fromkeys(sentence.places, "7")
    text = re.sub(r"\{(\w+)(!r)?(:[^}]*)?\}", "7", sentence.text)
    told = KNOWN.told(text)
    assert (told.code, told.values) == (sentence.code, values)


def test_whatever_stands_beside_segments_and_faults_is_known():
    table = packaged_relevance()
    assert table is not None
    told = [*packaged_caveats(), *relevance_caveats(table.about), *CAVEATS, NOT_FOR_DESIGN]
    assert [one for one in told if KNOWN.told(one).code is None] == []


def test_sentences_of_stages_that_the_service_repeats_are_known():
    assert KNOWN.told(str(VersionConflictError(1, 2))).code == "event.newer_version"
    assert KNOWN.told(STORE_AWAY).code == "service.store_away"


def test_every_module_of_sentences_is_among_the_known():
    written = set()
    for path in [*SOURCE.rglob("sentences.py"), Path(cautions.__file__)]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_sentence = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Sentence"
            if is_sentence and isinstance(node.args[0], ast.Constant):
                written.add(node.args[0].value)
    assert written - {"data.late"} == {one.code for one in KNOWN.known}
    assert len(of_forecasts.SENTENCES) > 10
