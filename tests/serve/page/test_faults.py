"""The view of faults: traces are sent from a file, and their efficiency is drawn with its band."""

import json
import re

import numpy as np
import pytest

from mainshock.offfault.base import Efficiency
from mainshock.offfault.registry import EFFICIENCY_MODELS
from mainshock.serve.run import ServiceThread

expect = pytest.importorskip("playwright.sync_api").expect
expect.set_options(timeout=20_000)

TRACE = [[11.4, 48.0], [11.6, 48.05], [11.8, 48.06]]


class CoveredColumns:
    """A stand-in: the share of columns that hold a fault."""

    def predict(self, maps):
        ke = np.asarray(maps.any(axis=1).mean(axis=1))
        none = np.zeros(len(ke))
        return Efficiency(ke, none + 0.05, ke - 0.1, ke + 0.1, none)


@pytest.fixture
def service(context, monkeypatch):
    monkeypatch.setattr(EFFICIENCY_MODELS, "load", lambda _: CoveredColumns)
    with ServiceThread(context) as running:
        yield running


def file_of(coordinates, **members):
    document = {"type": "LineString", "coordinates": coordinates, **members}
    content = json.dumps(document).encode()
    return {"name": "fault.geojson", "mimeType": "application/geo+json", "buffer": content}


def test_a_file_of_traces_becomes_a_profile(service, visit):
    watched = visit(service, "/#/faults")
    page = watched.page
    expect(page).to_have_title("Faults – mainshock")
    button = page.get_by_role("button", name="Estimate")
    expect(button).to_be_disabled()
    page.get_by_label("Traces (GeoJSON)").set_input_files(file_of(TRACE))
    page.get_by_label("Pixel (m)").fill("100")
    button.click()
    chart = page.get_by_role("img", name="windows along the fault")
    expect(chart).to_be_visible()
    assert chart.locator("circle").count() == chart.locator(".band").count() == 9
    expect(page.locator(".fault-profile")).to_contain_text("one earthquake may differ")
    expect(page.locator(".fault-profile")).to_contain_text("model: default")
    page.get_by_text("As a table").click()
    rows = page.get_by_role("region", name="kinematic efficiency").locator("tbody tr")
    expect(rows).to_have_count(9)
    expect(rows.first).to_contain_text(re.compile(r"\d\.\d\d – \d\.\d\d"))
    watched.assert_clean()


def test_a_local_frame_has_a_chart_and_no_place(service, visit):
    watched = visit(service, "/#/faults")
    page = watched.page
    page.get_by_label("Traces (GeoJSON)").set_input_files(
        file_of([[0.0, 0.0], [20.0, 2.0]], units="km")
    )
    page.get_by_role("button", name="Estimate").click()
    expect(page.locator(".fault-profile")).to_contain_text("local frame")
    watched.assert_clean()


def test_what_is_no_geojson_is_told(service, visit):
    watched = visit(service, "/#/faults")
    page = watched.page
    page.get_by_label("Traces (GeoJSON)").set_input_files(
        {"name": "notes.json", "mimeType": "application/json", "buffer": b"no"}
    )
    page.get_by_role("button", name="Estimate").click()
    expect(page.get_by_role("alert")).to_contain_text("notes.json is no GeoJSON")
    expect(page.locator(".fault-profile")).to_have_count(0)
    watched.assert_clean()
