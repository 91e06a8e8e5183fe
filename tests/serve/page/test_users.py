"""Each kind of user does their day's work on the page of a monitor that replays real records."""

import importlib.util
import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import obspy
import pytest
from pictures import keep_picture
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from tools_at_hand import absent

from mainshock.forecast.issuing import IssueSettings, issue_forecast
from mainshock.forecast.live import LiveForecast, LiveSettings
from mainshock.serve.run import ServiceThread
from mainshock.serve.security.passwords import hash_password
from mainshock.sources.seismicity.catalogue import days_of
from mainshock.sources.seismicity.read import read_seismicity
from mainshock.stream.forecast_board import ForecastBoard
from mainshock.stream.records import ForecastVersion
from mainshock.stream.run_folder import RunFolder
from mainshock.stream.store.accounts import AccountStore
from mainshock.stream.store.audit_log import AuditQuery, AuditStore
from mainshock.stream.store.live_store import LiveStore

sys.path.insert(0, str(Path(__file__).parents[2] / "forecast"))
sys.path.insert(0, str(Path(__file__).parent))
from live_model import info_of, past, small_model
from whole_monitor import PASSWORD, WholeMonitor, fitted_model, running_monitor

expect = pytest.importorskip("playwright.sync_api").expect
expect.set_options(timeout=20_000)

pytestmark = pytest.mark.slow

ENDED = "the source has ended"
SIGNED_OUT = (
    "401 (Unauthorized)",
    "404 (Not Found)",
)  # said before the sign-in, which is asked for
REFUSED = (*SIGNED_OUT, "403 (Forbidden)")


ASK = """async ([path, body]) => {
  const json = {method: "POST", headers: {"content-type": "application/json"}};
  const answer = await fetch(path, body === null ? {} : {...json, body: JSON.stringify(body)});
  return [answer.status, await answer.text()];
}"""


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return fitted_model(tmp_path_factory.mktemp("forecast"), np.random.default_rng(3))


@pytest.fixture(scope="module")
def replayed(tmp_path_factory, model, page_folder) -> Iterator[WholeMonitor]:
    """A monitor that has worked on all records of the demonstration."""
    with running_monitor(tmp_path_factory.mktemp("monitor"), model, 0.0) as made:
        made.wait_until_said(ENDED)
        yield made


@pytest.fixture
def signed_in(visit) -> Callable:
    """Opens a page, and signs in as one of the roles."""

    def go(service, role, path="/", **how):
        watched = visit(service, path, **how)
        page = watched.page
        page.locator("input[name=name]").fill(role)
        page.locator("input[name=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator(".account")).to_contain_text(role)
        return watched

    return go


def store_of(monitor):
    return closing(LiveStore.open(RunFolder(monitor.folder).store))


def audit_of(monitor, **wanted):
    with store_of(monitor) as store:
        return AuditStore(store.database).rows(AuditQuery(**wanted))


def ask(page, path, body=None):
    """Return the status and the text of an answer to what the page's own sign-in asks for."""
    return page.evaluate(ASK, [path, body])


def data_of(page, path):
    status, text = ask(page, path)
    assert status == 200, text
    return json.loads(text)["data"]


def look(page, name, least_width=300):
    """See that a picture of the page shows something, and keep it where one is asked for."""
    keep_picture(page, name)
    image = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    assert image.width >= least_width
    assert image.height >= 600
    counts = np.unique(np.asarray(image).reshape(-1, 3), axis=0, return_counts=True)[1]
    assert counts.size > 50  # more than one ground and its ink
    assert counts.max() < 0.97 * counts.sum()


def saved(page, link):
    with page.expect_download() as told:
        link.click()
    return Path(told.value.path()).read_bytes()


def go(page, hash_, heading=None):
    page.evaluate("hash => { location.hash = hash }", hash_)
    if heading is not None:
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()


def observed_catalogue():
    """Return real events of Ridgecrest, 2019, as CSV, and how many they are."""
    found = importlib.util.find_spec("csep")
    if found is None or found.origin is None:
        absent("pyCSEP is missing; install the extra dev")
        raise AssertionError
    folder = Path(found.origin).parent / "artifacts" / "ObservedCatalogs"
    rows = (folder / "sample_comcat_catalog.csv").read_text().splitlines()[1:]
    lines = ["time,magnitude,longitude,latitude,depth_km,event_id"]
    for number, row in enumerate(rows):
        longitude, latitude, magnitude, time, depth, *_ = row.split(",")
        lines.append(f"{time}Z,{magnitude},{longitude},{latitude},{depth},r{number}")
    return "\n".join(lines) + "\n", len(rows)


def test_a_researcher_explores_a_catalogue_reads_the_archive_and_replays_an_hour(
    replayed, signed_in, tmp_path
):
    watched = signed_in(replayed, "seismologist", "/#/explore")
    page = watched.page
    text, count = observed_catalogue()
    file = {"name": "ridgecrest.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("Add a file").set_input_files(file)
    expect(page.locator(f'[data-count="{count}"]')).to_be_visible()
    law = page.locator("[data-law]")
    expect(law).to_have_text(re.compile(r"Mc \d\.\d.*, b \d\.\d+ ± 0\.\d+ from \d+ magnitudes"))
    assert 0.7 < float(re.search(r"b (\d\.\d+)", law.inner_text())[1]) < 1.3
    whole_law = law.inner_text()
    page.get_by_label("Magnitude from").fill("3")
    page.get_by_label("Magnitude from").press("Enter")
    expect(page.locator(f'[data-count="{count}"]')).to_be_hidden()
    expect(law).not_to_have_text(whole_law)
    expect(law).to_have_text(re.compile("Mc"))
    look(page, "researcher-explore", 1360)
    content = saved(page, page.get_by_role("button", name="Save as QuakeML"))
    (tmp_path / "chosen.xml").write_bytes(content)
    chosen = read_seismicity(tmp_path / "chosen.xml")
    assert len(chosen) == int(page.locator("[data-count]").get_attribute("data-count"))
    assert chosen.magnitude.min() >= 3.0
    read_archive(page)
    before = stored_events(replayed)
    replay_past_minutes(page)
    assert stored_events(replayed) == before  # nothing of a replay enters the live catalogue
    actions = {(row.action, row.result) for row in audit_of(replayed, actor="seismologist")}
    assert {("POST /api/v1/catalogues", "done"), ("POST /api/v1/replays", "done")} <= actions
    watched.assert_clean(SIGNED_OUT)


def stored_events(monitor):
    with store_of(monitor) as store:
        return [(one.event.event_id, one.version) for one in store.events()]


def read_archive(page):
    go(page, "#/archive", "Archive of records")
    page.get_by_role("button", name="Open the record of BW.UH3..SHZ").click()
    expect(page.locator('[data-record="BW.UH3..SHZ"] canvas')).to_be_visible()
    content = saved(page, page.get_by_role("link", name="Save as miniSEED"))
    (trace, *_) = obspy.read(io.BytesIO(content))
    assert trace.id == "BW.UH3..SHZ"
    assert trace.data.std() > 10.0
    look(page, "researcher-archive", 1360)


def replay_past_minutes(page):
    go(page, "#/replay", "Replay a past hour")
    expect(page.get_by_label("From (UTC)")).not_to_have_value("")
    page.get_by_label("From (UTC)").fill("2010-05-27T16:24:00")
    page.get_by_label("Minutes").fill("5")
    page.get_by_label("Speed").select_option("0")
    page.get_by_role("button", name="Start the replay").click()
    run = page.locator(".replay-run")
    expect(run).to_have_attribute("data-state", "ended", timeout=50_000)
    expect(page.locator('[data-pair="both"]').first).to_contain_text("km apart")
    look(page, "researcher-replay", 1360)


def test_an_ml_engineer_reads_cards_compares_models_and_asks_them(replayed, signed_in):
    watched = signed_in(replayed, "ml-engineer", "/#/models")
    page = watched.page
    expect(page.locator('tr[data-model="phasenet"]')).to_contain_text("picker of the name default")
    expect(page.get_by_text("In use: phasenet 2.0")).to_be_visible()
    page.get_by_role("link", name="Card of phasenet", exact=True).click()
    expect(page.get_by_role("heading", name="Purpose")).to_be_visible()
    expect(page.locator(".model-card table").first).to_be_visible()
    page.get_by_label("Only scores that both have").uncheck()
    expect(page.locator("[data-score]").first).to_be_visible()
    look(page, "ml-models", 1360)
    ask_the_network(page)
    go(page, f"#/events/{best_event(replayed).event_id}")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".explanation svg")).to_be_visible(timeout=50_000)
    assert page.locator(".explanation [data-component]").count() == 3
    assert page.locator(".explanation .speaks-for").first.get_attribute("d") != ""
    expect(page.locator(".explanation")).to_contain_text("Network phasenet")
    expect(page.locator("[data-refused=analyse]")).to_be_visible()
    look(page, "ml-explanation", 1360)
    watched.assert_clean(SIGNED_OUT)


def ask_the_network(page):
    """Read of the endpoints in the description of the service, and send records to one."""
    paths = json.loads(ask(page, "/api/v1/openapi.json")[1])["paths"]
    assert {"/api/v1/infer", "/v2/models/{model}/infer"} <= set(paths)
    (wanted,) = json.loads(ask(page, "/v2/models/default")[1])["inputs"]
    shape = [1, *wanted["shape"][1:]]
    trace = obspy.read()  # a local earthquake, three components
    n = min(shape[2], trace[0].stats.npts)
    samples = np.zeros(shape, np.float32)
    samples[0, :, :n] = [one.detrend("demean").data[:n] for one in trace]
    sent = {"name": wanted["name"], "shape": shape, "datatype": "FP32"}
    one = {**sent, "data": samples.ravel().tolist()}
    status, text = ask(page, "/v2/models/default/infer", {"inputs": [one]})
    assert status == 200, text
    (output, *_) = json.loads(text)["outputs"]
    probability = np.reshape(output["data"], output["shape"])
    assert probability.max() > 0.5
    assert probability.min() >= 0.0


def test_an_operator_watches_records_come_and_finds_what_ails_a_station(tmp_path, model, signed_in):
    with running_monitor(tmp_path, model, 20.0) as monitor:
        watched = signed_in(monitor, "operator")
        page = watched.page
        watch_live(page)
        monitor.wait_until_said(ENDED)
        look(page, "operator-live", 1360)
        go(page, "#/stations", "Stations")
        row = page.locator('tr[data-instrument="BW.UH1..EH"]')
        expect(row).to_contain_text("1 gap")
        expect(row).to_contain_text("packets are lost on the way")
        expect(page.locator("[data-backlog]")).to_contain_text("None wait.")
        look(page, "operator-stations", 1360)
        go(page, f"#/events/{best_event(monitor).event_id}")
        expect(page.locator("[data-refused=analyse]")).to_contain_text("Your role (operator)")
        watched.assert_clean(SIGNED_OUT)


def best_event(monitor):
    with store_of(monitor) as store:
        return max((one.event for one in store.events()), key=lambda one: len(one.arrivals))


def test_an_analyst_moves_a_pick_relocates_and_accepts_the_event(replayed, signed_in):
    found = best_event(replayed)
    watched = signed_in(replayed, "seismologist", f"/#/events/{found.event_id}", height=1200)
    review(watched.page, len(found.arrivals))
    check_review(replayed, found)
    watched.assert_clean(SIGNED_OUT)


def watch_live(page):
    """See records come and events appear, without doing anything."""
    expect(page.locator(".trace-row")).to_have_count(5)  # one a vertical channel
    clock = page.locator(".status time")
    first = clock.inner_text()
    expect(clock).not_to_have_text(first)
    expect(page.locator(".status")).to_contain_text("Replay of past records")
    expect(page.locator("[data-event]").first).to_be_visible()


def review(page, n_arrivals):
    expect(page.locator(".record path").first).to_be_visible()
    expect(page.get_by_label("Your name")).to_have_count(0)  # it bears that of the account
    page.get_by_label("Comment", exact=True).fill("P moved to the onset")
    page.get_by_role("button", name="Edit picks").click()
    slider = page.locator("[role=slider]").first
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Relocate").click()
    expect(page.locator(".comparison")).to_contain_text("Epicentre")
    look(page, "analyst-review", 1360)
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.locator("h2 .badge")).to_have_text("reviewed")
    page.get_by_label("Comment", exact=True).fill("clear onsets")
    page.get_by_role("button", name="Accept").click()
    expect(page.locator("[data-table=reviews] tbody tr")).to_have_count(2)
    expect(page.locator("[data-table=reviews]")).to_contain_text("clear onsets")
    expect(page.locator(".pick-mark")).to_have_count(n_arrivals)


def check_review(monitor, found):
    with store_of(monitor) as store:
        told = store.event(found.event_id)
    assert (told.status, told.review.author) == ("reviewed", "seismologist")
    moved = [one for one in told.event.arrivals if one.pick not in {a.pick for a in found.arrivals}]
    assert len(moved) == 1
    rows = audit_of(monitor, target=found.event_id)
    assert [(row.actor, row.action, row.result) for row in rows] == [
        ("seismologist", "event.accept", "done"),
        ("seismologist", "event.relocate", "done"),
    ]


def test_a_web_user_sees_the_map_and_the_event_and_is_refused_what_is_not_theirs(
    replayed, signed_in
):
    watched = signed_in(replayed, "viewer", "/#/map", width=390, height=844)
    page = watched.page
    count = len(stored_events(replayed))
    expect(page.locator(".map-canvas[data-idle]")).to_be_visible()
    expect(page.locator(".map-count")).to_have_attribute("data-shown", str(count))
    look(page, "viewer-map", 390)
    page.locator(".newest button").first.click()
    page.locator("[data-selected] a").click()
    expect(page.locator(".record path").first).to_be_visible()
    expect(page.locator("[data-refused=analyse]")).to_contain_text("Your role (viewer)")
    expect(page.locator("[data-refused=infer]")).to_be_visible()
    take_along(page, signed_in, replayed)
    read_the_forecast(page)
    refused = ("/metrics", "/api/v1/audit"), ("/api/v1/replays", "/api/v1/catalogues")
    assert [ask(page, path)[0] for path in refused[0]] == [403, 403]
    assert [ask(page, path, {})[0] for path in refused[1]] == [403, 403]
    go(page, "#/users")
    expect(page.locator("[data-refused=users]")).to_be_visible()
    choose_language_and_colours(page)
    watched.assert_clean(REFUSED)


def take_along(page, signed_in, monitor):
    """Save the event and its records, and hand its address to somebody else."""
    event_id = page.url.split("#/events/")[1].split("/")[0]
    read = obspy.read_events(
        io.BytesIO(saved(page, page.get_by_role("link", name="QuakeML", exact=True)))
    )
    assert len(read) == 1
    assert read[0].origins[0].origin_uncertainty is not None
    records = saved(page, page.get_by_role("link", name="Records (miniSEED)", exact=True))
    stations = {trace.stats.station for trace in obspy.read(io.BytesIO(records))}
    assert {pick.waveform_id.station_code for pick in read[0].picks} == stations
    look(page, "viewer-event", 390)
    shared = page.get_by_label("Address of this version").input_value()
    assert shared.startswith(f"{monitor.url.rstrip('/')}/#/events/{event_id}/")
    other = signed_in(monitor, "viewer", shared.removeprefix(monitor.url.rstrip("/")))
    expect(other.page.locator("h2")).to_contain_text(page.locator("h2").inner_text().split("\n")[0])
    other.assert_clean(SIGNED_OUT)


def read_the_forecast(page):
    """A forecast of a replay is called what it is, and gives no chances of now."""
    go(page, "#/forecast")
    view = page.locator(".forecast-view")
    expect(view).to_contain_text("Research result, not an official forecast")
    expect(view).to_contain_text("Retrospective: made for a time that is past")
    expect(view.locator(".forecast-words").first).to_contain_text("in Upper Bavaria")
    expect(page.locator("#place-title")).to_have_count(0)
    look(page, "viewer-forecast", 390)


def choose_language_and_colours(page):
    go(page, "#/events")
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("link", name="Karte", exact=True)).to_be_visible()
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator(".choices select").select_option("dark")
    page.wait_for_function(
        "light => getComputedStyle(document.body).backgroundColor !== light", arg=light
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator(".map-canvas[data-idle]")).to_be_visible()
    look(page, "viewer-german-dark", 390)


@pytest.fixture
def forecasting(context, tmp_path) -> Iterator[ServiceThread]:
    """A service with accounts and with a forecast of now."""
    now = days_of(datetime.now(UTC))
    fitted = replace(info_of().settings, start_days=now - 1001.0, end_days=now - 1.0)
    live = LiveForecast(small_model(settings=fitted), past(until=now), now, LiveSettings(200))
    board, settings = ForecastBoard(), IssueSettings("the test region", "the survey")
    board.open(settings, "")
    board.put(live, live.now_days)
    made = issue_forecast(live, settings)
    context.store.save_forecasts(
        [ForecastVersion(made.forecast_id, "", made.issued, made.as_document(), 3, "ab")]
    )
    AccountStore(context.store.database).add_user("viewer", "viewer", hash_password(PASSWORD, 4))
    kept = replace(context.settings, accounts=True, key_file=tmp_path / "keys.json")
    with ServiceThread(replace(context, settings=kept, forecasts=board, is_live=True)) as running:
        yield running


def test_a_web_user_asks_for_the_chance_at_a_place(forecasting, signed_in):
    watched = signed_in(forecasting, "viewer", "/#/forecast", width=390, height=844)
    page = watched.page
    page.get_by_label("Longitude (°)").fill("-117.4")
    page.get_by_label("Latitude (°)").fill("34.1")
    with page.expect_response(lambda one: "/forecast/probability" in one.url) as told:
        page.get_by_role("button", name="Tell").click()
    row = told.value.json()["data"]["rows"][0]
    assert 0.0 < row["probability_low"] <= row["probability"] <= row["probability_high"] < 1.0
    words = page.locator(".forecast-words").last
    expect(words).to_contain_text("within 50 km of longitude -117.4")
    expect(words).to_contain_text("%")
    look(page, "viewer-chance", 390)
    watched.assert_clean(SIGNED_OUT)


def test_those_who_run_the_service_see_its_health_its_alerts_its_accounts_and_its_audit_log(
    replayed, signed_in
):
    watched = signed_in(replayed, "operator", "/#/stations")
    page = watched.page
    assert data_of(page, "/healthz") == {"status": "alive"}
    assert data_of(page, "/readyz") == {"status": "ready"}
    check_figures(ask(page, "/metrics")[1])
    alerts = data_of(page, "/api/v1/alerts")
    told = [json.loads(line) for line in replayed.alerts.read_text().splitlines()]
    assert {(one["event_id"], one["version"]) for one in alerts} == {
        (one["event_id"], one["version"]) for one in told
    }
    assert all("not a prediction" in one["notice"] for one in told)
    go(page, f"#/events/{alerts[0]['event_id']}")
    sent = page.locator("[data-table=alerts]")
    expect(sent.locator("tbody tr").first).to_contain_text("log")
    keep_picture(sent, "alerts")
    page.get_by_role("button", name="Sign out").click()
    watched.assert_clean(SIGNED_OUT)
    admin = signed_in(replayed, "admin", "/#/users")
    look_after_accounts(admin.page, replayed, signed_in)
    admin.assert_clean(SIGNED_OUT)


def check_figures(text):
    figures = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    names = {name for name, *_ in figures}
    assert any(name.startswith("mainshock_") for name in names)
    assert sum(value for (name, *_), value in figures.items() if "packets" in name) > 100
    assert not [name for (name, *_), value in figures.items() if np.isnan(value)]


def look_after_accounts(page, monitor, signed_in):
    """Close an account at the console; the page tells of it, and its owner is out."""
    expect(page.locator("tr[data-user]")).to_have_count(5)
    look(page, "admin-accounts", 1360)
    monitor.command("users", "role", "viewer", "operator")
    page.reload()
    expect(page.locator("tr[data-user=viewer]")).to_contain_text("operator")
    monitor.command("users", "role", "viewer", "viewer")
    page.get_by_role("link", name="Audit").click()
    page.get_by_label("Action").fill("login")
    page.get_by_label("On what").fill("operator")
    page.get_by_role("button", name="Show").click()
    lines = page.locator("tr[data-line]")
    expect(lines.first).to_contain_text("operator")
    assert lines.count() == len(audit_of(monitor, target="operator", action="login"))
    look(page, "admin-audit", 1360)
