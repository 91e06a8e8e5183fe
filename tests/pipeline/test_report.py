"""The report page and the terminal summary: complete, self-contained, readable, honest."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import obspy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError, SourceError
from mainshock.core.provenance import Provenance
from mainshock.core.records import (
    Arrival,
    CredibleRegion,
    Event,
    Magnitude,
    Origin,
    Pick,
    PosteriorSamples,
    Station,
    Waveform,
)
from mainshock.core.times import parse_utc
from mainshock.detect.base import ProbabilityCurves
from mainshock.pipeline.figures import FigureBudget, event_figures
from mainshock.pipeline.report import write_report
from mainshock.pipeline.results import CaseResult, NotUsed
from mainshock.pipeline.summary import summarise_case
from mainshock.pipeline.wording import (
    FLAG_SENTENCES,
    explain_flags,
    format_depth,
    format_origin_time,
    format_plus_minus,
    headline,
)

TIME = parse_utc("2009-08-24T00:20:06.3Z")
STATION = Station("BW", "RJOB", 12.795714, 47.737167, 860.0)
SHA256 = "0123456789abcdef" * 4


def make_event(event_id="one", *, quality="C", flags=(), sd_km=2.0, time=TIME, seed=1):
    rng = np.random.default_rng(seed)
    east, north = rng.normal(0.0, sd_km, (2, 400))
    longitude, latitude = 12.73 + east / 75.0, 47.77 + north / 111.0
    depth = np.abs(rng.normal(5.0, 2.0, 400))
    angle = np.linspace(0.0, 2.0 * np.pi, 37)
    regions = tuple(
        CredibleRegion(
            level,
            np.pi * (factor * sd_km) ** 2,
            (
                (
                    np.stack(
                        [
                            12.73 + factor * sd_km * np.cos(angle) / 75.0,
                            47.77 + factor * sd_km * np.sin(angle) / 111.0,
                        ],
                        axis=1,
                    ),
                ),
            ),
        )
        for level, factor in ((0.68, 1.51), (0.95, 2.45))
    )
    origin = Origin(
        time, 12.73, 47.77, 5.0, 0.3, sd_km, sd_km, 2.0, np.diag([sd_km**2, sd_km**2, 4.0]),
        "iasp91", regions, PosteriorSamples(longitude, latitude, depth, np.zeros(400)), flags,
    )  # fmt: skip
    picks = [
        Pick("BW", "RJOB", "", "P", time + timedelta(seconds=1.42), 0.97, 0.03, "test", event_id),
        Pick("BW", "RJOB", "", "S", time + timedelta(seconds=2.40), 0.91, 0.08, "test", event_id),
    ]
    arrivals = tuple(Arrival(pick, 6.0, 120.0, 0.01, 0.98) for pick in picks)
    return Event(event_id, origin, arrivals, Magnitude(1.4, "ML", 0.35, 1), quality, flags)


@pytest.fixture(scope="module")
def waveform() -> Waveform:
    stream = obspy.read()
    samples = np.stack([stream.select(component=c)[0].data for c in "ZNE"]).astype(np.float32)
    return Waveform("BW", "RJOB", "", "EH", parse_utc("2009-08-24T00:20:03Z"), 100.0, samples)


@pytest.fixture(scope="module")
def case(waveform) -> CaseResult:
    strong = make_event("strong", flags=("single_station",))
    weak = make_event(
        "weak", quality="D", flags=("depth_unconstrained",), time=TIME + timedelta(seconds=8)
    )
    curve = np.zeros((2, waveform.n_samples), dtype=np.float32)
    return CaseResult(
        title="One station <script>alert(1)</script>",
        description="Velocity model iasp91; its error is taken as 5 % of the travel time.",
        waveforms=(waveform,),
        curves={waveform.trace_id: ProbabilityCurves(waveform.start, 100.0, ("P", "S"), curve)},
        stations=(STATION,),
        picks=(*strong.picks, *weak.picks),
        events=(strong, weak),
        not_used=(NotUsed("broken.mseed", "not a waveform file"),),
        provenance=(
            Provenance(
                "demo rjob",
                {"picker": "test", "model_error": 0.05},
                {"rjob.mseed": SHA256},
                created=parse_utc("2026-01-02T03:04:05Z"),
            ),
        ),
    )


class Page(HTMLParser):
    """The elements of a page, with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def source(case, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("report") / "new" / "report.html"
    assert write_report([case], path) == path
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source) -> Page:
    return Page(source)


def test_the_page_needs_nothing_from_outside(source, page):
    assert "http:" not in source.replace("http-equiv", "")
    assert "https:" not in source
    assert "@import" not in source
    assert page.all("script") == page.all("link") == page.all("iframe") == []
    assert all(image["src"].startswith("data:image/") for image in page.all("img"))
    assert all(link["href"].startswith("#") for link in page.all("a"))
    assert len(source) < 6_000_000


def test_links_lead_to_places_on_the_page(page):
    places = {attributes.get("id") for _, attributes in page.elements}
    assert {link["href"][1:] for link in page.all("a")} <= places


def test_every_event_has_record_map_and_sections(page):
    alternatives = [image["alt"] for image in page.all("img")]
    assert len(alternatives) == 2 + 2 * 3  # overview of records and of places; three per event
    assert all(len(text) > 30 for text in alternatives)
    assert sum(text.startswith("Two depth sections") for text in alternatives) == 2


@pytest.mark.parametrize(
    "words",
    [
        "1 event located, 1 detected but hardly located.",
        "Velocity model iasp91; its error is taken as 5 % of the travel time.",
        "2009-08-24 00:20:06.3 ± 0.3 s",
        "47.770° N ± 2 km",
        "12.730° E ± 2 km",
        "5 ± 2 km",
        "ML 1.4 ± 0.3",
        "28.7 km²",  # area of the 68 % region
        "75.4 km²",
        "broken.mseed",
        "not a waveform file",
        FLAG_SENTENCES["single_station"],
        FLAG_SENTENCES["depth_unconstrained"],
        "00:20:07.720",
        "+0.010",
        SHA256,
        "model_error",
        "2026-01-02 03:04 UTC",
        "no analyst has reviewed it",
    ],
)
def test_the_page_tells(page, words):
    assert words in page.text


def test_nobody_is_promised_a_prediction(page):
    assert "predict" not in page.text.lower()


def test_text_from_outside_is_escaped(source):
    assert "<script>" not in source
    assert "&lt;script&gt;" in source


def test_tables_tell_what_their_cells_mean(page):
    assert page.all("html")[0]["lang"] == "en"
    headers = page.all("th")
    assert headers
    assert all(header.get("scope") in {"col", "row"} for header in headers)


def contrast(first, second):
    def luminance(colour):
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
        linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_letters_stand_out_from_their_ground(source, scheme):
    # WCAG 2.2, success criterion 1.4.3 (AA): 4.5 to 1
    block = re.findall(r":root \{(.*?)\}", source, re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    for ground in ("page", "card"):
        for ink in ("ink", "quiet", "accent"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    assert contrast(colours["warn-ink"], colours["warn-page"]) >= 4.5
    assert all(contrast("#ffffff", colours[letter]) >= 4.5 for letter in "abcd")


def test_the_same_run_gives_the_same_page(case, source, tmp_path):
    again = write_report([case], tmp_path / "again.html").read_text(encoding="utf-8")
    assert again == source


def test_a_case_without_events_or_records_is_still_a_page(case, tmp_path):
    empty = replace(case, waveforms=(), curves={}, picks=(), events=(), not_used=(), provenance=())
    page = Page(write_report([empty], tmp_path / "empty.html").read_text(encoding="utf-8"))
    assert "No event was found." in page.text
    assert "Everything that was read was used." in page.text
    assert page.all("img") == []


def test_a_figure_that_cannot_be_drawn_says_why_and_the_rest_stays(case):
    event = case.events[0]
    bare = replace(event, origin=replace(event.origin, samples=None))
    record, chart, section = event_figures(case, bare, FigureBudget())
    assert record.uri
    assert chart.uri
    assert section.uri == ""
    assert "no posterior samples" in section.caption


def test_a_full_page_leaves_figures_out_and_says_so(case):
    figures = event_figures(case, case.events[0], FigureBudget(limit_bytes=1000))
    assert all(figure.uri == "" for figure in figures)
    assert all("keep this page small" in figure.caption for figure in figures)


def test_of_many_events_the_best_get_figures(case, tmp_path, monkeypatch):
    monkeypatch.setattr("mainshock.pipeline.report._MOST_EVENTS_WITH_FIGURES", 1)
    without_records = replace(case, waveforms=(), curves={})
    page = Page(write_report([without_records], tmp_path / "few.html").read_text(encoding="utf-8"))
    assert len(page.all("img")) == 1 + 2  # the map of all, and two of the better event
    assert "1 others have tables only" in page.text


def test_a_page_that_cannot_be_written_is_an_error(case, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    empty = replace(case, waveforms=(), events=())
    with pytest.raises(SourceError, match="cannot write"):
        write_report([empty], tmp_path / "file" / "report.html")


def test_the_summary_tells_each_event_with_its_uncertainty(case):
    text = summarise_case(case)
    assert "1 event located, 1 detected but hardly located." in text
    assert "2009-08-24 00:20:06.3 ± 0.3 s (UTC), quality C: roughly located" in text
    assert "depth 5 ± 2 km" in text
    assert "2 picks at 1 station, azimuthal gap 360°" in text
    assert "68% region 28.7 km²" in text
    assert "broken.mseed: not a waveform file" in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_summary_of_much_left_out_is_short(case):
    many = replace(case, not_used=tuple(NotUsed(f"file {i}", "broken") for i in range(500)))
    assert "and 488 more" in summarise_case(many)


@pytest.mark.parametrize(
    ("qualities", "expected"),
    [
        ("", "No event was found."),
        ("A", "1 event located."),
        ("ABD", "2 events located, 1 detected but hardly located."),
        ("DD", "2 detected but hardly located."),
    ],
)
def test_headlines(qualities, expected):
    assert headline([make_event(quality=letter) for letter in qualities]) == expected


def test_flags_are_told_once_and_unknown_ones_in_their_own_words():
    event = make_event(flags=("few_picks", "odd_new_thing"))
    assert explain_flags(event) == [FLAG_SENTENCES["few_picks"], "Flag: odd new thing."]


def test_one_station_is_not_also_told_to_have_a_gap():
    event = make_event(flags=("single_station", "large_azimuthal_gap"))
    assert explain_flags(event) == [FLAG_SENTENCES["single_station"]]


def test_an_arrival_that_hardly_belongs_is_named():
    event = make_event()
    first, second = event.arrivals
    doubtful = replace(second, inlier_probability=0.21, residual_s=-0.83)
    (sentence,) = explain_flags(replace(event, arrivals=(first, doubtful)))
    assert "S at RJOB hardly fits (residual -0.83 s)" in sentence
    assert "probability 0.21" in sentence


@pytest.mark.parametrize(
    ("value", "sd", "expected"),
    [
        (4.5678, 0.234, "4.6 ± 0.2"),
        (4.5678, 0.134, "4.57 ± 0.13"),
        (123.4, 41.0, "123 ± 41"),
        (5.0, 0.0, "5.00 ± 0.00"),
        (-0.4, 1.26, "-0.4 ± 1.3"),
    ],
)
def test_values_have_the_digits_their_uncertainty_justifies(value, sd, expected):
    assert format_plus_minus(value, sd) == expected


@given(st.floats(-1000.0, 1000.0), st.floats(1e-3, 1e3))
def test_rounding_hides_less_than_the_uncertainty(value, sd):
    shown, shown_sd = (float(part) for part in format_plus_minus(value, sd).split(" ± "))
    assert abs(shown - value) <= 0.51 * sd
    assert shown_sd == pytest.approx(sd, rel=0.34)


@given(st.integers(0, 86_399_999_999), st.floats(0.001, 30.0))
def test_origin_times_round_over_the_minute(microseconds, sd):
    midnight = parse_utc("2009-08-24T00:00:00Z")
    event = make_event()
    time = midnight + timedelta(microseconds=microseconds)
    event = replace(event, origin=replace(event.origin, time=time, time_sd_s=sd))
    shown = parse_utc(format_origin_time(event).split(" ±")[0])
    assert abs((shown - time).total_seconds()) <= 0.51 * max(sd, 1.0 / 256)


def test_depths_are_given_below_sea_level():
    assert format_depth(make_event()) == "5 ± 2 km"


def test_an_unexpected_error_is_not_swallowed():
    def broken():
        raise RuntimeError("a defect, not bad data")

    with pytest.raises(RuntimeError):
        FigureBudget().embed("map", broken, "", "")

    def refused():
        raise DataError("bad data")

    assert FigureBudget().embed("map", refused, "", "").caption == "No figure: bad data"


def test_the_template_is_packaged():
    template = files("mainshock") / "pipeline" / "templates" / "report.html.j2"
    assert template.is_file()
