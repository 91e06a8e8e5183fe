"""Picks of records that are sent, and tensors by the Open Inference Protocol."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest

from mainshock.core.times import format_utc
from mainshock.detect.network import NetworkPicker
from mainshock.serve.batching import MicroBatcher
from mainshock.serve.envelope import ApiError
from mainshock.serve.run import ServiceThread

RECORD = {
    "network": "BW",
    "station": "UH3",
    "start": "2010-05-27T16:24:00Z",
    "sampling_rate_hz": 100.0,
    "samples": [[0.0, 1.0, 0.5] * 100] * 3,
}
INFER = "/v2/models/default/infer"


@pytest.fixture(scope="module")
def picker():
    return NetworkPicker()


@pytest.fixture(scope="module")
def windows():
    rng = np.random.default_rng(3)
    return rng.normal(size=(2, 3, 3001)).astype(np.float32)


@pytest.fixture(scope="module")
def length(client):
    return client.get("/v2/models/default").json()["inputs"][0]["shape"][2]


def tensor(windows: np.ndarray, **others) -> dict:
    one = {
        "name": "waveform",
        "shape": list(windows.shape),
        "datatype": "FP32",
        "data": windows.ravel().tolist(),
    }
    return {"inputs": [{**one, **others}]}


def test_a_record_shorter_than_the_window_is_noted(client, picker):
    short = {**RECORD, "samples": [one[:50] for one in RECORD["samples"]]}
    (note,) = client.post("/api/v1/infer", json=short).json()["meta"]["notes"]
    assert f"lasts 0.5 s and was filled up with zeros to the {picker.window_s:g} s" in note
    n_samples = round(picker.window_s * RECORD["sampling_rate_hz"])
    whole = {**RECORD, "samples": [(one * 99)[:n_samples] for one in RECORD["samples"]]}
    assert client.post("/api/v1/infer", json=whole).json()["meta"] == {"notes": []}


def test_a_record_is_picked_as_the_picker_does(client, found, picker):
    waveform = next(one for one in found.waveforms if one.station == "UH3")
    body = {
        "network": waveform.network,
        "station": waveform.station,
        "instrument": waveform.instrument,
        "start": format_utc(waveform.start),
        "sampling_rate_hz": waveform.sampling_rate_hz,
        "samples": waveform.samples.tolist(),
    }
    answer = client.post("/api/v1/infer", json=body, params={"curves": True})
    assert answer.status_code == 200, answer.text
    told = answer.json()["data"]
    expected = picker.classify(waveform)
    assert expected
    assert [(one["phase"], one["time"]) for one in told["picks"]] == [
        (one.phase, format_utc(one.time)) for one in expected
    ]
    curves = picker.annotate(waveform)
    assert told["curves"]["sampling_rate_hz"] == curves.sampling_rate_hz
    p_curve = np.array(told["curves"]["probability"]["P"], dtype=float)
    assert np.allclose(p_curve, curves.probability[0], atol=1e-6, equal_nan=True)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"samples": [[1.0], [1.0]]}, 400),
        ({"samples": [[1.0], [1.0], [1.0, 2.0]]}, 400),
        ({"samples": [[], [], []]}, 400),
        ({"samples": [[0.0], [0.0], [0.0]]}, 400),
        ({"samples": [[1e300], [1.0], [1.0]]}, 400),
        ({"samples": [["x"], [1.0], [1.0]]}, 400),
        ({"start": 5}, 400),
        ({"start": "now"}, 400),
        ({"sampling_rate_hz": 0}, 400),
        ({"station": "../x"}, 400),
        ({"model": "nobody"}, 404),
        ({"model": "/etc"}, 404),
        ({"model": "../phasenet"}, 404),
        ({"more": 1}, 400),
        ({"samples": [[1.0]] * 3}, 200),
        ({"samples": [[1.0, 2.0] * 500, [0.0] * 1000, [0.0] * 1000]}, 200),
    ],
)
def test_a_record_that_makes_no_sense_is_refused(client, change, status):
    answer = client.post("/api/v1/infer", json={**RECORD, **change})
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == ({"data", "meta"} if status == 200 else {"error"})


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"samples": [[NaN], [1], [1]]}', "\x00"])
def test_a_body_that_is_no_record_is_refused(client, body):
    kind = {"Content-Type": "application/json"}
    answer = client.post("/api/v1/infer", content=body, headers=kind)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_request"


def test_the_server_and_its_model_describe_themselves(client, picker, length):
    assert client.get("/v2").json()["extensions"] == ["binary_tensor_data"]
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2/models/default/ready").json() == {"name": "default", "ready": True}
    told = client.get("/v2/models/phasenet").json()
    assert told["name"] == "phasenet"
    assert told["outputs"] == [
        {"name": "probability", "datatype": "FP32", "shape": [-1, 2, length]}
    ]
    assert length == round(picker.window_s * picker.sampling_rate_hz)


def test_tensors_as_json(client, picker, windows, length):
    given = windows[:, :, :length]
    answer = client.post(INFER, json={**tensor(given), "id": "seven"})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["model_name"], told["id"]) == ("default", "seven")
    output = told["outputs"][0]
    assert output["shape"] == [2, 2, length]
    got = np.array(output["data"], dtype=np.float32).reshape(output["shape"])
    assert np.allclose(got, picker.window_curves(given), atol=1e-6)
    nested = client.post(INFER, json=tensor(given, data=given.tolist()))
    assert nested.json()["outputs"] == told["outputs"]


def test_tensors_as_bytes(client, picker, windows, length):
    given = np.ascontiguousarray(windows[:1, :, :length])
    binary = given.astype("<f4").tobytes()
    head = tensor(given, parameters={"binary_data_size": len(binary)})
    del head["inputs"][0]["data"]
    head["outputs"] = [{"name": "probability", "parameters": {"binary_data": True}}]
    header = json.dumps(head).encode()
    answer = client.post(
        INFER,
        content=header + binary,
        headers={"Inference-Header-Content-Length": str(len(header))},
    )
    assert answer.status_code == 200, answer.text
    n_header = int(answer.headers["inference-header-content-length"])
    output = json.loads(answer.content[:n_header])["outputs"][0]
    assert output["parameters"] == {"binary_data_size": 2 * length * 4}
    got = np.frombuffer(answer.content[n_header:], dtype="<f4").reshape(output["shape"])
    assert np.allclose(got, picker.window_curves(given), atol=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"datatype": "FP64"},
        {"datatype": None},
        {"shape": [1, 3]},
        {"shape": [1, 3, 5]},
        {"shape": [0, 3, 0]},
        {"shape": [-1, 3, 2]},
        {"shape": "x"},
        {"shape": [True, 3, 2]},
        {"data": None},
        {"data": "x"},
        {"data": [[1], [1, 2]]},
        {"data": [1, "x"]},
        {"data": [float("1e300")] * 6},
        {"data": [10**400]},
        {"parameters": {"binary_data_size": 8}},
        {"parameters": {"binary_data_size": "x"}},
    ],
)
def test_tensors_that_make_no_sense_are_refused_as_the_protocol_says(client, change):
    answer = client.post(INFER, json=tensor(np.zeros((1, 3, 2)), **change))
    assert answer.status_code == 400, answer.text
    assert set(answer.json()) == {"error"}
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "headers", "path", "status"),
    [
        (b"", {}, INFER, 400),
        (b"[]", {}, INFER, 400),
        (b'{"inputs": []}', {}, INFER, 400),
        (b"{}", {"Inference-Header-Content-Length": "99"}, INFER, 400),
        (b"{}", {"Inference-Header-Content-Length": "-1"}, INFER, 400),
        (b"{}", {}, "/v2/models/Nobody/infer", 400),
        (json.dumps(tensor(np.zeros((1, 3, 2)))).encode(), {}, "/v2/models/nobody/infer", 404),
        (json.dumps(tensor(np.zeros((1, 3, 2)))).encode(), {}, "/v2/models/stalta/infer", 404),
    ],
)
def test_requests_that_make_no_sense_are_refused(client, body, headers, path, status):
    answer = client.post(path, content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}


def test_too_large_a_batch_is_refused(client, length):
    binary = bytes(65 * 3 * length * 4)
    head = tensor(np.zeros((0,)), shape=[65, 3, length])
    head["inputs"][0] = {
        **head["inputs"][0],
        "parameters": {"binary_data_size": len(binary)},
        "data": None,
    }
    header = json.dumps(head).encode()
    answer = client.post(
        INFER,
        content=header + binary,
        headers={"Inference-Header-Content-Length": str(len(header))},
    )
    assert answer.status_code == 400
    assert "batch of 1 to 64" in answer.json()["error"]


def test_one_client_may_not_send_without_end(make_context):
    with ServiceThread(make_context()) as running, httpx.Client(base_url=running.url) as client:
        codes = [client.post(INFER, content=b"{}").status_code for _ in range(260)]
    assert codes[0] == 400
    assert 429 in codes
    assert set(codes) == {400, 429}


@pytest.mark.parametrize(
    ("path", "held", "most"),
    [("/api/v1/infer", "classify", 2 + 16), (INFER, "window_curves", 16 + 32)],
)
def test_too_much_inference_is_refused_and_keeps_nothing_else_waiting(
    make_context, monkeypatch, length, path, held, most
):
    go = threading.Event()
    whole = getattr(NetworkPicker, held)

    def slow(self, given):
        go.wait(60)
        return whole(self, given)

    monkeypatch.setattr(NetworkPicker, held, slow)
    body = RECORD if path != INFER else tensor(np.zeros((1, 3, length)))
    with (
        ServiceThread(make_context()) as running,
        httpx.Client(base_url=running.url, timeout=60.0) as client,
        ThreadPoolExecutor(most + 12) as callers,
    ):
        try:
            sent = [callers.submit(client.post, path, json=body) for _ in range(most + 12)]
            while sum(one.done() for one in sent) < 12:  # all others wait or are at work
                assert client.get("/healthz").status_code == 200
            for other in ("/readyz", "/api/v1/events", "/v2/health/live"):
                assert client.get(other, timeout=5.0).status_code == 200
        finally:
            go.set()
        answers = [one.result() for one in sent]
    refused = [one.json()["error"] for one in answers if one.status_code == 503]
    assert len(refused) == 12
    told = {one if path == INFER else one["message"] for one in refused}
    assert told == {f"{most} requests are worked on or wait already; try later"}
    assert sum(one.status_code == 200 for one in answers) == most


def test_a_version_of_a_model_is_the_model(client, windows, length):
    model = "/v2/models/phasenet"
    for path in ("", "/ready"):
        answer = client.get(f"{model}/versions/1{path}")
        assert answer.status_code == 200
        assert answer.json() == client.get(f"{model}{path}").json()
        other = client.get(f"{model}/versions/2{path}")
        assert other.status_code == 404
        assert "version '2'" in other.json()["error"]
    body = tensor(windows[:, :, :length])
    answer = client.post(f"{model}/versions/1/infer", json=body)
    assert answer.status_code == 200
    assert answer.json() == client.post(f"{model}/infer", json=body).json()
    assert client.post(f"{model}/versions/2/infer", json=body).status_code == 404
    assert client.get("/v2/models/nobody/versions/1").status_code == 404


def test_requests_share_a_batch_and_get_their_own_answers():
    sizes, is_open = [], threading.Event()

    def network(given):
        is_open.wait(10)
        sizes.append(len(given))
        return given[:, :2] * 2.0

    batcher = MicroBatcher(network, wait_s=0.2)
    inputs = [np.full((1 + n % 3, 3, 4), n, dtype=np.float32) for n in range(12)]
    with ThreadPoolExecutor(12) as callers:
        answers = [callers.submit(batcher.run, one) for one in inputs]
        is_open.set()
        for one, answer in zip(inputs, answers, strict=True):
            assert np.array_equal(answer.result(), one[:, :2] * 2.0)
    batcher.close()
    assert len(sizes) < 12
    assert sum(sizes) == sum(len(one) for one in inputs)


def test_a_network_that_fails_fails_only_who_asked():
    def network(given):
        if given.max() > 5:
            raise ValueError("too large")
        return given

    batcher = MicroBatcher(network, wait_s=0.0)
    with pytest.raises(ValueError, match="too large"):
        batcher.run(np.full((1, 3, 4), 9, dtype=np.float32))
    assert batcher.run(np.zeros((1, 3, 4), dtype=np.float32)).shape == (1, 3, 4)
    batcher.close()


def test_a_full_queue_refuses_at_once():
    go = threading.Event()
    began = threading.Event()

    def network(given):
        began.set()
        go.wait(10)
        return given

    one = np.zeros((1, 3, 4), dtype=np.float32)
    batcher = MicroBatcher(network, most_windows=1, most_waiting=1)
    with ThreadPoolExecutor(2) as callers:
        first = callers.submit(batcher.run, one)
        assert began.wait(10)
        second = callers.submit(batcher.run, one)
        while not batcher.n_waiting:
            pass
        with pytest.raises(ApiError, match="too many") as refused:
            batcher.run(one)
        assert refused.value.status == 503
        go.set()
        assert first.result().shape == second.result().shape == (1, 3, 4)
    batcher.close()
