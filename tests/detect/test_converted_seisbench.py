"""Weights from a SeisBench repository: here one on this machine, in SeisBench's own format."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
seisbench = pytest.importorskip("seisbench", reason="the extra `train` is not installed")

import seisbench.models  # noqa: E402, F811 - needs torch

from mainshock.core.errors import ModelError, SettingsError, UnreachableError  # noqa: E402
from mainshock.detect.converted import AddOptions, add_model  # noqa: E402
from mainshock.detect.registry import open_picker  # noqa: E402
from mainshock.learn.models import find_model, load_manifest  # noqa: E402

PEAK = {"component_order": "ENZ", "phases": "NPS", "norm": "peak"}


@pytest.fixture(autouse=True)
def _own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("MAINSHOCK_MODELS", str(tmp_path / "store"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("MAINSHOCK_SEISBENCH_REMOTE", raising=False)


def save(network, folder, name, version, **more) -> None:
    """Save as SeisBench does, with the fields that its repository has beside."""
    folder.mkdir(parents=True, exist_ok=True)
    network.save(folder / name, weights_docstring="Made up for a test", version_str=version)
    path = folder / f"{name}.json.v{version}"
    content = json.loads(path.read_text()) | {"version": version} | more
    path.write_text(json.dumps(content))


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    root = tmp_path_factory.mktemp("repository")
    torch.manual_seed(7)
    folder = root / "models" / "v3" / "phasenet"
    save(seisbench.models.PhaseNet(phases="PSN"), folder, "instance", "1")
    save(
        seisbench.models.PhaseNet(**PEAK),
        folder,
        "instance",
        "10",
        default_args={"P_threshold": 0.21, "S_threshold": 0.32},
    )
    save(seisbench.models.PhaseNet(), folder, "instance", "2")
    save(seisbench.models.PhaseNet(), folder, "future", "1", seisbench_requirement="99.0")
    save(seisbench.models.PhaseNet(in_channels=1, component_order="Z"), folder, "short", "1")
    folder = root / "models" / "v3" / "eqtransformer"
    save(seisbench.models.EQTransformer(norm="peak"), folder, "stead", "1")
    return root


@pytest.fixture(scope="module")
def remote(repository):
    """The repository by HTTP, with the listing of WebDAV that SeisBench asks for."""

    class Handler(BaseHTTPRequestHandler):
        def reply(self, status: int, content: bytes = b"", *, with_body: bool = True) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if with_body:
                self.wfile.write(content)

        def do_HEAD(self) -> None:
            self.reply(200 if (repository / self.path[1:]).exists() else 404, with_body=False)

        def do_GET(self) -> None:
            path = repository / self.path[1:]
            self.reply(200, path.read_bytes()) if path.is_file() else self.reply(404)

        def do_PROPFIND(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            folder = repository / self.path[1:]
            if not folder.is_dir():
                self.reply(404)
                return
            names = ["", *sorted(path.name for path in folder.iterdir())]
            hrefs = "".join(
                f"<d:response><d:href>{self.path}/{name}</d:href></d:response>" for name in names
            )
            text = f'<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">{hrefs}</d:multistatus>'
            self.reply(207, text.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def output(name: str, windows: np.ndarray) -> np.ndarray:
    from onnxruntime import InferenceSession

    path = str(find_model(name) / "model.onnx")
    session = InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["probability"], {"waveform": windows})[0]


def scaled(rng, n_samples: int) -> np.ndarray:
    windows = rng.standard_normal((2, 3, n_samples))
    windows -= windows.mean(axis=-1, keepdims=True)
    return (windows / windows.std(axis=-1, keepdims=True)).astype(np.float32)


def test_newest_version_is_taken_with_its_order_scaling_and_thresholds(remote, repository, rng):
    (added,) = add_model("seisbench:PhaseNet/instance", AddOptions(remote=remote))
    assert (added.name, added.version) == ("phasenet-instance", "10")
    settings = load_manifest(find_model("phasenet-instance")).settings
    assert settings["rules"] == {"P": {"threshold": 0.21}, "S": {"threshold": 0.32}}
    path = repository / "models" / "v3" / "phasenet" / "instance"
    network = seisbench.models.PhaseNet.load(path, version_str="10").eval()
    windows = scaled(rng, 3001)
    enz = windows[:, ::-1] / np.abs(windows[:, ::-1]).max(axis=-1, keepdims=True)  # "peak"
    with torch.no_grad():
        noise_p_s = network(torch.from_numpy(enz)).numpy()
    found = output("phasenet-instance", windows)
    np.testing.assert_allclose(found, noise_p_s[:, [1, 2, 0]], atol=1e-5)  # float32


def test_version_can_be_chosen(remote):
    options = AddOptions(remote=remote + "/", name="first")
    (added,) = add_model("seisbench:PhaseNet/instance@1", options)
    assert (added.name, added.version) == ("first", "1")
    with pytest.raises(ModelError, match=r"no version 7; there are 1, 10, 2"):
        add_model("seisbench:PhaseNet/instance@7", AddOptions(remote=remote))


def test_eqtransformer_has_the_same_interface(remote, repository, rng, monkeypatch):
    monkeypatch.setenv("MAINSHOCK_SEISBENCH_REMOTE", remote)
    (added,) = add_model("seisbench:EQTransformer/stead", AddOptions())
    path = repository / "models" / "v3" / "eqtransformer" / "stead"
    network = seisbench.models.EQTransformer.load(path, version_str="1").eval()
    windows = scaled(rng, 6000)
    with torch.no_grad():
        ready = network.annotate_batch_pre(torch.from_numpy(windows), {})
        detection, p, s = (curve.numpy() for curve in network(ready))
    expected = np.stack([p, s, detection], axis=1)
    np.testing.assert_allclose(output(added.name, windows), expected, atol=1e-5)  # float32
    assert open_picker(find_model(added.name)) is not None


def test_cache_and_settings_of_seisbench_are_left_alone(remote, tmp_path, monkeypatch):
    monkeypatch.setattr(seisbench, "cache_model_root", tmp_path / "cache")
    before = (seisbench.remote_root, seisbench.remote_model_root, seisbench.cache_model_root)
    add_model("seisbench:PhaseNet/instance", AddOptions(remote=remote))
    assert before == (
        seisbench.remote_root, seisbench.remote_model_root, seisbench.cache_model_root,
    )  # fmt: skip
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("PhaseNet/nosuch", "there are future, instance, short"),
        ("PhaseNet/future", "99.0"),
        ("PhaseNet/short", "components 'Z'"),
    ],
)
def test_weights_that_cannot_be_used_are_told(remote, source, message):
    with pytest.raises(ModelError, match=message):
        add_model(f"seisbench:{source}", AddOptions(remote=remote))


@pytest.mark.parametrize("source", ["GPD/original", "PhaseNet", "PhaseNet/../x", ""])
def test_misspelt_source_is_wrong_usage(source):
    with pytest.raises(SettingsError, match="CLASS/WEIGHTS"):
        add_model(f"seisbench:{source}", AddOptions())


def test_repository_that_does_not_answer_is_unreachable(remote):
    options = AddOptions(remote="http://127.0.0.1:9/")  # discard: nobody listens there
    with pytest.raises(UnreachableError, match="--remote") as caught:
        add_model("seisbench:PhaseNet/instance", options)
    assert caught.value.exit_code == 4
    with pytest.raises(UnreachableError, match="404"):
        add_model("seisbench:PhaseNet/instance", AddOptions(remote=remote + "/elsewhere"))


def test_weights_that_are_no_tensors_are_never_run(repository, remote, tmp_path):
    """A pickle may call any function when it is loaded; torch's restricted loader refuses."""

    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    folder = repository / "models" / "v3" / "phasenet"
    save(seisbench.models.PhaseNet(), folder, "trap", "1")
    torch.save({"inc.weight": Trap()}, folder / "trap.pt.v1")
    try:
        with pytest.raises(ModelError, match="more than tensors"):
            add_model("seisbench:PhaseNet/trap", AddOptions(remote=remote))
    finally:
        for path in folder.glob("trap.*"):
            path.unlink()
    assert not (tmp_path / "sprung").exists()
