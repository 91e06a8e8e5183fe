"""The report: all models on the same events, nothing from outside, failures shown."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.forecast import report_page
from mainshock.forecast.report import Candidate, ReportSettings, candidates_from, make_report
from mainshock.forecast.report_page import write_report
from mainshock.sources.seismicity.catalogue import Catalogue, days_from_text

sys.path.insert(0, str(Path(__file__).parent))
from stand_ins import Raised, info_of, one_catalogue

START = days_from_text("2010-01-01")
END = START + 280.0


@pytest.fixture
def undrawn(monkeypatch):
    """Figures take most of the time; one page has them all."""
    monkeypatch.setattr(report_page, "_png", lambda _: "")


@pytest.fixture(scope="module")
def right():
    model = Raised(info_of(end_days=START), mu=1.0, n=0.5)
    return Candidate("right", model, one_catalogue(model, START - 1000.0, 1000.0, 1), {"a": "ff"})


@pytest.fixture(scope="module")
def low(right):
    return replace(right, name="low", model=replace(right.model, mu=0.3, wrong=0.5))


@pytest.fixture(scope="module")
def later(right):
    return one_catalogue(right.model, START, 300.0, 2)


@pytest.fixture(scope="module")
def found(right, low, later):
    settings = ReportSettings(days=14.0, n_simulations=40, n_boot=100, agency="A & B")
    return make_report(
        [right, low], later, START, END, settings,
        catalogue_name="later.csv", catalogue_sha256="ab" * 32,
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(found, tmp_path_factory):
    return write_report(tmp_path_factory.mktemp("report") / "deep", found)


def test_all_models_are_tested_on_the_same_events(found):
    assert [one.name for one in found.models] == ["right", "low", "poisson-adaptive"]
    times = [one.evaluation.rows.targets.time_days for one in found.models]
    assert all(np.array_equal(one, times[0]) for one in times)
    edges = [one.evaluation.rows.blocks.edges_days for one in found.models]
    assert all(np.array_equal(one, edges[0]) for one in edges)


def test_the_baseline_gains_nothing_over_itself(found):
    assert found.models[-1].evaluation.igpe == 0.0
    assert found.models[0].evaluation.igpe > 0.0


def test_comparisons_are_with_the_baseline_and_the_first_model(found):
    pairs = {(one["model"], one["over"]): one for one in found.comparisons()}
    assert set(pairs) == {
        ("right", "poisson-adaptive"), ("low", "poisson-adaptive"),
        ("low", "right"),
    }  # fmt: skip
    assert pairs["low", "right"]["gain"] < 0
    for one in pairs.values():
        assert one["interval95"][0] <= one["gain"] <= one["interval95"][1]


def test_events_after_the_end_change_nothing(found, right, low, later):
    kept = later.between(-np.inf, END)
    extra = Catalogue([END, END + 1], [6.0, 7.0], [-117.0] * 2, [34.0] * 2)
    again = make_report(
        [right, low], Catalogue.joined([kept, extra]), START, END, found.settings,
        catalogue_name="later.csv", catalogue_sha256="ab" * 32,
    )  # fmt: skip
    first, second = (
        re.sub(r'"(created|seconds|cpu_s)": [^,]*,', "", json.dumps(one.as_dict()))
        for one in (found, again)
    )
    assert second == first


def test_the_wrong_model_fails_and_the_right_one_passes(found, page):
    right, low = found.models[:2]
    assert right.counts.share_inside() > low.counts.share_inside()
    assert low.counts.as_dict()["pit_above_0.975"] > 0.2
    text = page.read_text(encoding="utf-8")
    assert 'class="wraps failed"' in text


def test_the_page_loads_nothing_from_outside_and_escapes_what_it_is_given(page):
    text = page.read_text(encoding="utf-8")
    assert re.findall(r'(?:src|href)="(?!data:)', text) == []
    assert "url(" not in text
    assert "<script" not in text
    assert "Source of official advice: A &amp; B." in text
    assert text.count("<figure>") == text.count("data:image/png;base64,") >= 12


def test_the_page_says_what_it_is(page):
    text = page.read_text(encoding="utf-8")
    for words in (
        "not an official forecast", "Retrospective", "cannot be predicted", "later.csv",
        "ab" * 32, "right/a", "bootstrap over", "standard error",
    ):  # fmt: skip
        assert words in text
    assert "SYNTHETIC" not in text
    assert "IN-SAMPLE" not in text


def test_the_document_beside_it_is_strict_json(page, found):
    document = json.loads((page.parent / "report.json").read_text(encoding="utf-8"))
    assert document["n"] == found.models[0].evaluation.n
    assert document["issued"] == "retrospective"
    assert set(document["models"]) == {"right", "low", "poisson-adaptive"}
    right = document["models"]["right"]
    assert right["scores"]["ll_per_event"] == found.models[0].evaluation.model.ll_per_event
    assert right["fitted"]["parameters"] == {"mu": 1.0}
    assert {row["test"] for row in right["csep_windows"]} == {"N", "S", "M resampled", "PL"}
    assert len(right["reliability"]) == 2


def test_synthetic_and_in_sample_reports_are_marked(right, later, tmp_path, undrawn):
    made = replace(right.model, info=replace(right.model.info, is_synthetic=True))
    settings = ReportSettings(days=30.0, n_simulations=20, n_boot=20, allow_overlap=True)
    end = START - 700.0
    found = make_report([replace(right, model=made)], right.events, START - 900.0, end, settings)
    text = write_report(tmp_path, found).read_text(encoding="utf-8")
    assert "SYNTHETIC: the events" in text
    assert "IN-SAMPLE" in text
    assert later.time_days[0] > end


def test_models_of_times_alone_have_a_report_without_maps(tmp_path, undrawn):
    model = Raised(info_of(None, end_days=START), mu=1.0, n=0.5)
    past, later = (one_catalogue(model, *one) for one in ((START - 500.0, 500.0), (START, 150.0)))
    settings = ReportSettings(n_simulations=30, n_boot=30)
    found = make_report([Candidate("timed", model, past)], later, START, START + 140.0, settings)
    assert [one.name for one in found.models] == ["timed", "poisson"]
    text = write_report(tmp_path, found).read_text(encoding="utf-8")
    assert "Where events were expected" not in text
    assert "intensity a day;" in text


def test_a_baseline_among_the_models_keeps_its_name(right, later):
    one = replace(right, name="poisson-adaptive")
    settings = ReportSettings(days=30.0, n_simulations=20, n_boot=20)
    found = make_report([one], later, START, START + 30.0, settings)
    assert [one.name for one in found.models][-1] == "poisson-adaptive (baseline)"


@pytest.mark.parametrize("change", ["mc", "region"])
def test_models_that_forecast_other_events_are_refused(right, later, change):
    info = right.model.info
    values = {"mc": 3.5, "region": None}
    other = replace(info, settings=replace(info.settings, **{change: values[change]}))
    with pytest.raises(DataError, match="report on them apart"):
        make_report([right, Candidate("b", replace(right.model, info=other), right.events)],
                    later, START, END)  # fmt: skip


def test_no_model_is_refused(later):
    with pytest.raises(DataError, match="--model"):
        make_report([], later, START, END)


def test_folders_that_are_called_alike_get_numbers(tmp_path, right):
    from mainshock.forecast.base import FitSettings
    from mainshock.forecast.model_folder import save_model
    from mainshock.forecast.registry import RATE_MODELS

    settings = FitSettings(START - 1000.0, START, 3.0, right.model.info.region)
    model = RATE_MODELS.load("poisson").fit(right.events, settings)
    folders = [tmp_path / part / "model" for part in "ab"]
    for folder in folders:
        save_model(folder, model, right.events)
    found = candidates_from(folders)
    assert [one.name for one in found] == ["model", "model 2"]
    assert set(found[0].checksums) == {"model.json", "events.parquet"}
