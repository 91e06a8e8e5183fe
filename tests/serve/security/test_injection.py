"""Values that are commands to a database, or lead out of a folder, are values and nothing else."""

import pytest

DATASELECT = {"starttime": "2010-05-27T23:59:00", "endtime": "2010-05-28T00:01:00"}
ODD = [
    "' OR 1=1 --",
    "x'; DROP TABLE events; --",
    '" UNION SELECT password_hash FROM users --',
    "../../../../etc/passwd",
    "..%2f..%2fstate%2fsigning-keys.json",
    "....//....//",
    "/etc/passwd",
    "\x00",
    "%00",
    "*/../..",
    "BW/../../state",
    "$(id)",
    "%s%s%n",
    "\u202e",
]


@pytest.fixture
def known(house):
    with house.client(house.token("admin")) as client:
        yield client


@pytest.mark.parametrize("value", ODD)
def test_no_parameter_of_the_fdsn_services_is_a_command(known, value):
    for service, names in {
        "event": ("eventid", "catalog", "contributor", "orderby", "magnitudetype", "format"),
        "station": ("network", "station", "location", "channel", "level", "format"),
        "dataselect": ("network", "station", "location", "channel", "quality"),
    }.items():
        for name in names:
            query = {**(DATASELECT if service == "dataselect" else {}), name: value}
            answer = known.get(f"/fdsnws/{service}/1/query", params=query)
            assert answer.status_code in (204, 400, 404), (service, name, answer.status_code)
            assert b"root:" not in answer.content
            assert b"jwk" not in answer.content


@pytest.mark.parametrize("value", ODD)
def test_no_line_of_a_posted_request_leads_out_of_the_archive(known, value):
    for line in (f"BW {value} -- EHZ", f"{value} UH1 -- EHZ", f"BW UH1 {value} EHZ"):
        body = f"{line} 2010-05-27T23:59:00 2010-05-28T00:01:00\n"
        answer = known.post("/fdsnws/dataselect/1/query", content=body.encode())
        assert answer.status_code in (204, 400, 404), line
        assert b"root:" not in answer.content


@pytest.mark.parametrize("value", ODD)
def test_no_path_and_no_trace_leads_out_of_a_folder(known, value):
    query = {"trace": value, "start": "2010-05-27T23:59:00Z", "end": "2010-05-28T00:01:00Z"}
    assert known.get("/api/v1/waveforms", params=query).status_code == 400
    escaped = "".join(f"%{one:02X}" for one in value.encode())
    for path in ("events", "models", "megathrust/segments/some"):
        status = known.get(f"/api/v1/{path}/{escaped}").status_code
        assert status in (400, 404, 405), (path, status)
    assert known.get(f"/assets/{escaped}").status_code == 404
    assert known.get(f"/v2/models/{escaped}").status_code in (400, 404)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1//events",
        "/api/v1/events/../audit",
        "/API/v1/events",
        "/api/v1/events/",
        "/api/v1/events;x",
        "//api/v1/audit",
        "/healthz/../api/v1/audit",
        "/assets/../api/v1/audit",
        "/healthz/",
    ],
)
def test_no_spelling_of_a_path_avoids_the_table(house, path):
    with house.client() as client:
        # a URL object would put the path right before it is sent
        request = client.build_request("GET", "/")
        request.url = request.url.copy_with(raw_path=path.encode())
        assert client.send(request).status_code in (401, 404)
        answer = client.get("/healthz", headers={"X-Original-URL": path, "X-Forwarded-Uri": path})
        assert answer.json()["data"] == {"status": "alive"}


def test_a_stated_method_is_not_another_one(house):
    with house.client() as client:
        for name in ("X-HTTP-Method-Override", "X-Method-Override"):
            assert client.get("/api/v1/audit", headers={name: "POST"}).status_code == 401
            assert client.post("/healthz", headers={name: "GET"}).status_code == 401


def test_nothing_was_lost_on_the_way(house):
    assert {one.name for one in house.users.users()} >= {"admin", "viewer"}
