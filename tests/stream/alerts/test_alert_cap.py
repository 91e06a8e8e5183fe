"""Alerts in CAP 1.2 and as lines of a file."""

import json
import re
import xml.etree.ElementTree as ET
from datetime import datetime
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mainshock.core.errors import UnreachableError
from mainshock.stream.alerts.cap import CapChannel, CapSettings, make_cap
from mainshock.stream.alerts.json_lines import FileChannel, FileSettings

SPACE = "{urn:oasis:names:tc:emergency:cap:1.2}"
# order of elements and their values, as the standard's section 3.2 and its schema prescribe
ALERT = [
    "identifier", "sender", "sent", "status", "msgType", "source", "scope", "restriction",
    "addresses", "code", "note", "references", "incidents", "info",
]  # fmt: skip
INFO = [
    "language", "category", "event", "responseType", "urgency", "severity", "certainty",
    "audience", "eventCode", "effective", "onset", "expires", "senderName", "headline",
    "description", "instruction", "web", "contact", "parameter", "resource", "area",
]  # fmt: skip
AREA = ["areaDesc", "polygon", "circle", "geocode", "altitude", "ceiling"]
NEEDED = {
    "alert": ["identifier", "sender", "sent", "status", "msgType", "scope"],
    "info": ["category", "event", "urgency", "severity", "certainty"],
    "area": ["areaDesc"],
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")
NAME = re.compile(r"[^\s,<&]+")
VALUES = {
    "status": {"Actual", "Exercise", "System", "Test", "Draft"},
    "msgType": {"Alert", "Update", "Cancel", "Ack", "Error"},
    "scope": {"Public", "Restricted", "Private"},
    "category": {"Geo"},
    "urgency": {"Immediate", "Expected", "Future", "Past", "Unknown"},
    "severity": {"Extreme", "Severe", "Moderate", "Minor", "Unknown"},
    "certainty": {"Observed", "Likely", "Possible", "Unlikely", "Unknown"},
}
REPEATED = {"parameter", "area", "category"}


def checked(element, order, needed):
    """Names and texts of an element's children, their order and number checked."""
    names = [child.tag.removeprefix(SPACE) for child in element]
    assert all(child.tag.startswith(SPACE) for child in element)
    assert [order.index(name) for name in names] == sorted(order.index(name) for name in names)
    assert set(needed) <= set(names)
    assert all(names.count(name) == 1 for name in set(names) - REPEATED)
    return {name: child.text for name, child in zip(names, element, strict=True)}


def read_cap(body):
    """The alert, info, area and parameters of a message that fits the standard."""
    root = ET.fromstring(body)
    assert root.tag == f"{SPACE}alert"
    alert = checked(root, ALERT, NEEDED["alert"])
    info = checked(root.find(f"{SPACE}info"), INFO, NEEDED["info"])
    area = checked(root.find(f".//{SPACE}area"), AREA, NEEDED["area"])
    for texts in (alert, info):
        for name, allowed in VALUES.items():
            assert name not in texts or texts[name] in allowed
        for name in ("sent", "expires", "onset"):
            assert name not in texts or TIME.fullmatch(texts[name])
            assert name not in texts or datetime.fromisoformat(texts[name])
    assert NAME.fullmatch(alert["identifier"])
    assert NAME.fullmatch(alert["sender"])
    assert alert["msgType"] == "Alert" or alert["references"]  # 3.2.1: what it follows
    assert alert["scope"] != "Restricted" or alert["restriction"]
    assert alert["scope"] != "Private" or alert["addresses"]
    assert re.fullmatch(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*", info["language"])
    assert "web" not in info or urlsplit(info["web"]).scheme in ("http", "https")
    latitude, longitude, radius_km = map(float, re.split("[, ]", area["circle"]))
    assert (abs(latitude) <= 90, abs(longitude) <= 180, radius_km >= 0) == (True, True, True)
    for reference in alert.get("references", "").split():
        sender, identifier, sent = reference.split(",")
        assert NAME.fullmatch(sender)
        assert NAME.fullmatch(identifier)
        assert TIME.fullmatch(sent)
    parameters = {
        one.findtext(f"{SPACE}valueName"): one.findtext(f"{SPACE}value")
        for one in root.iter(f"{SPACE}parameter")
    }
    return alert, info, area, parameters


def options(**more):
    return CapSettings(sender="quakes@example.org", out_folder="cap", **more)


def test_a_message_tells_all_that_the_standard_asks_for(make_request, make_version, square_region):
    request = make_request(make_version(regions=square_region))
    alert, info, area, parameters = read_cap(make_cap(request, options()))
    assert alert["identifier"] == "ms20240517.all.one.1"
    assert alert["sent"] == "2024-05-17T10:00:21-00:00"
    assert (alert["status"], alert["msgType"]) == ("Exercise", "Alert")
    assert "references" not in alert
    assert info["expires"] == "2024-05-17T11:00:21-00:00"
    assert info["certainty"] == "Observed"
    assert "not a prediction" in info["description"]
    assert area["circle"] == "35.1000,24.2000 11.09"
    assert (parameters["magnitude"], parameters["magnitude_sd"]) == ("4.5", "0.3")
    assert parameters["model_picker"] == "phasenet"


def test_updates_and_cancels_refer_to_what_was_sent(make_request, make_version):
    story = [make_version(1), make_version(2, "update"), make_version(3, "cancel")]
    first = "quakes@example.org,ms20240517.all.one.1,2024-05-17T10:00:21-00:00"
    second = "quakes@example.org,ms20240517.all.one.2,2024-05-17T10:00:22-00:00"
    alert, *_ = read_cap(make_cap(make_request(*story[:2]), options()))
    assert (alert["msgType"], alert["references"]) == ("Update", first)
    alert, *_ = read_cap(make_cap(make_request(*story), options()))
    assert (alert["msgType"], alert["references"]) == ("Cancel", f"{first} {second}")


@pytest.mark.parametrize(
    ("event", "is_replay", "enabled", "status"),
    [
        ({}, False, False, "Exercise"),
        ({}, False, True, "Actual"),
        ({"n_stations": 5}, False, True, "Exercise"),
        ({"n_stations": 5, "status": "settled"}, False, True, "Actual"),
        ({"status": "settled"}, True, True, "Exercise"),
        ({"is_synthetic": True}, False, True, "Test"),
        ({"is_synthetic": True}, True, True, "Test"),
        ({"is_synthetic": True, "status": "settled"}, False, False, "Test"),
    ],
)
def test_only_an_operator_makes_it_actual_and_never_for_records_of_no_event(
    event, is_replay, enabled, status, make_request, make_version
):
    request = make_request(make_version(**event), is_replay=is_replay)
    alert, *_ = read_cap(make_cap(request, options(enable_actual=enabled)))
    assert alert["status"] == status
    assert ("note" in alert) is (status != "Actual")


def test_an_exercise_that_comes_true_is_a_first_alert(make_request, make_version):
    story = [make_version(1, n_stations=4), make_version(2, "update", n_stations=7)]
    alert, *_ = read_cap(make_cap(make_request(*story), options(enable_actual=True)))
    assert (alert["status"], alert["msgType"]) == ("Actual", "Alert")
    assert "references" not in alert


def test_what_was_actual_is_corrected_and_cancelled_in_earnest(make_request, make_version):
    story = [
        make_version(1, n_stations=4),
        make_version(2, "update", n_stations=7),
        make_version(3, "update", n_stations=5),
        make_version(4, "cancel", n_stations=3),
    ]
    alert, *_ = read_cap(make_cap(make_request(*story[:3]), options(enable_actual=True)))
    assert (alert["status"], alert["msgType"]) == ("Actual", "Update")
    assert alert["references"].count("quakes@") == 1
    alert, *_ = read_cap(make_cap(make_request(*story), options(enable_actual=True)))
    assert (alert["status"], alert["msgType"]) == ("Actual", "Cancel")
    assert alert["references"].count("quakes@") == 3


def test_a_cancel_of_exercises_is_an_exercise(make_request, make_version):
    story = [make_version(1, n_stations=4), make_version(2, "cancel", n_stations=9)]
    alert, *_ = read_cap(make_cap(make_request(*story), options(enable_actual=True)))
    assert (alert["status"], alert["msgType"]) == ("Exercise", "Cancel")


@settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    event_id=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
    reason=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    kind=st.sampled_from(["new", "update", "cancel"]),
    status=st.sampled_from(["preliminary", "settled", "reviewed", "rejected"]),
    longitude=st.floats(-180, 180),
    latitude=st.floats(-90, 90),
    is_actual=st.booleans(),
)
def test_whatever_an_event_is_its_message_fits_the_standard(
    make_request, make_version, event_id, reason, kind, status, longitude, latitude, is_actual
):
    place = {"longitude": longitude, "latitude": latitude}
    first = make_version(event_id=event_id, status="settled", n_stations=8)
    then = make_version(
        2, kind, status, **place, event_id=event_id, reason=reason, magnitude=None, quality="D"
    )
    request = make_request(first) if kind == "new" else make_request(first, then)
    alert, *_ = read_cap(make_cap(request, options(enable_actual=is_actual)))
    assert alert["identifier"].endswith(f".{request.version}")
    assert alert["status"] == ("Actual" if is_actual else "Exercise")


def test_quality_and_odd_names_are_no_trouble(make_request, make_version):
    version = make_version(event_id="smi:a/b, <c>&\x07", quality="D", magnitude=None)
    alert, info, _, parameters = read_cap(make_cap(make_request(version), options()))
    assert info["certainty"] == "Likely"
    assert alert["identifier"] == "smi%3Aa%2Fb%2C%20%3Cc%3E%26%07.all.one.1"
    assert "magnitude" not in parameters
    assert parameters["event_id"] == "smi:a/b, <c>&"


def test_a_message_is_written_to_its_folder(make_request, make_version, tmp_path):
    channel = CapChannel(options(), tmp_path)
    request = make_request(make_version(event_id="../../out"))
    channel.send(request)
    channel.send(request)
    (path,) = (tmp_path / "cap").iterdir()
    assert path.name == "..%2F..%2Fout.all.one.1.xml"
    assert path.read_bytes() == make_cap(request, options())
    (tmp_path / "file").write_text("")
    with pytest.raises(UnreachableError, match="name another one"):
        CapChannel(CapSettings(sender="a", out_folder="file/x"), tmp_path).send(request)


def test_a_message_is_posted_as_xml(make_request, tmp_path, monkeypatch):
    posted = []
    monkeypatch.setattr(
        "mainshock.stream.alerts.webhook.post",
        lambda url, body, headers, *rest: posted.append((url.hostname, body, headers)),
    )
    settings = CapSettings(sender="a@b.org", webhook={"url": "https://cap.example.org/in"})
    CapChannel(settings, tmp_path).send(make_request())
    ((host, body, headers),) = posted
    assert host == "cap.example.org"
    assert headers["Content-Type"] == "application/cap+xml"
    read_cap(body)


def test_lines_of_a_file_hold_one_message_each(make_request, make_version, tmp_path):
    channel = FileChannel(FileSettings(path="alerts.jsonl"), tmp_path)
    channel.send(make_request())
    with (tmp_path / "alerts.jsonl").open("ab") as handle:
        handle.write(b'{"half a li')  # a crash while writing
    channel.send(make_request(make_version(1), make_version(2, "cancel")))
    first, half, second = (tmp_path / "alerts.jsonl").read_bytes().splitlines()
    assert half == b'{"half a li'
    assert json.loads(first)["kind"] == "new"
    assert json.loads(second)["kind"] == "cancel"


def test_a_file_that_cannot_be_written_is_told(make_request, tmp_path):
    with pytest.raises(UnreachableError, match="check its folder"):
        FileChannel(FileSettings(path="none/alerts.jsonl"), tmp_path).send(make_request())
