"""``mainshock offfault predict``: every kind of input, and the document that is fixed."""

import json
from contextlib import suppress

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from mainshock.cli.offfault_predict import predict
from mainshock.core.errors import DataError, NothingFoundError, RegistryError, SettingsError
from mainshock.offfault.base import Efficiency
from mainshock.offfault.registry import EFFICIENCY_MODELS
from mainshock.offfault.windows import LabelledWindows, read_windows, write_windows

app = typer.Typer()
app.command()(predict)


class CoveredColumns:
    """A stand-in: the share of columns that hold a fault."""

    def predict(self, maps):
        ke = np.asarray(maps.any(axis=1).mean(axis=1))
        none = np.zeros(len(ke))
        return Efficiency(ke, none + 0.05, ke - 0.1, ke + 0.1, none)


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch):
    load = EFFICIENCY_MODELS.load
    monkeypatch.setattr(
        EFFICIENCY_MODELS, "load", lambda name: CoveredColumns if name == "default" else load(name)
    )


def run(*arguments):
    result = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def document(*arguments):
    return json.loads(run(*arguments, "--json").stdout)


def half_covered():
    maps = np.zeros((128, 64), dtype=np.uint8)
    maps[60:63, :32] = 1
    return maps


@pytest.fixture
def traces(tmp_path):
    path = tmp_path / "fault.geojson"
    line = {"type": "LineString", "coordinates": [[10.0, 50.0], [10.3, 50.1]]}
    path.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": line}))
    return path


@pytest.mark.parametrize("kind", [np.uint8, bool, np.float64])
def test_one_window_and_a_stack(tmp_path, kind):
    maps = half_covered().astype(kind)
    np.save(tmp_path / "one.npy", maps)
    np.save(tmp_path / "stack.npy", np.stack([maps, np.flip(maps), 0 * maps]))
    one = document(tmp_path / "one.npy")
    assert len(one["windows"]) == 1
    assert one["model"] == "default"
    found = one["windows"][0]
    assert {"index", "ke", "lo90", "hi90", "sd"} <= set(found)
    assert (found["index"], found["ke"]) == (0, 0.5)
    assert (found["lo90"], found["hi90"]) == pytest.approx((0.4, 0.6))
    stack = document(tmp_path / "stack.npy")
    assert [one["ke"] for one in stack["windows"]] == [0.5, 0.5, None]
    assert stack["windows"][2] == dict.fromkeys(stack["windows"][0]) | {"index": 2}
    assert stack["warnings"] == ["1 windows hold no fault and have no efficiency: 2"]
    assert "no fault" in run(tmp_path / "stack.npy").stdout.splitlines()[2]


def test_a_longer_map_is_slid_over(tmp_path):
    band = np.zeros((84, 296), dtype=np.uint8)
    band[40] = 1
    np.savez(tmp_path / "band.npz", mask=band, px_per_km=np.array(16))
    found = document(tmp_path / "band.npz", "--stride", 50)["windows"]
    assert len(found) == 6
    assert found[0]["distance_along_km"] == pytest.approx(2.0)
    assert found[-1]["first_column"] == 232
    np.save(tmp_path / "band.npy", band)
    found = document(tmp_path / "band.npy", "--pixel-m", 100)["windows"]
    assert found[0]["distance_along_km"] == pytest.approx(3.2)


def test_labelled_windows_are_read(tmp_path):
    n = 3
    windows = LabelledWindows(
        maps=np.stack([half_covered()] * n),
        ke=np.full(n, 0.5),
        sd=np.full(n, 0.1),
        run=np.array(["A"] * n),
        frame=np.arange(n),
        first_column=np.zeros(n, dtype=np.int64),
        source="synthetic",
    )
    write_windows(tmp_path / "windows.npz", windows)
    assert [one["ke"] for one in document(tmp_path / "windows.npz")["windows"]] == [0.5] * n


def test_traces_give_a_profile_and_files(traces, tmp_path):
    out = [tmp_path / f"profile{suffix}" for suffix in (".csv", ".geojson", ".png", ".html")]
    options = [part for path in out for part in ("--out", path)]
    told = document(traces, "--pixel-m", 100, *options)
    first, last = told["windows"][0], told["windows"][-1]
    assert first["distance_along_km"] == pytest.approx(3.2, abs=0.01)
    assert 0.0 <= first["lo90"] <= first["ke"] <= first["hi90"] <= 1.0
    assert 10.0 < first["longitude"] < last["longitude"] < 10.3
    assert told["pixel_m"] == 100.0
    kes = [one["ke"] for one in told["windows"]]
    assert told["summary"]["ke"] == pytest.approx(np.mean(kes))
    assert told["warnings"] == []
    assert all(path.is_file() for path in out)
    assert told["files"] == [str(path) for path in out]


def test_a_pixel_that_was_not_given_is_told(traces):
    assert "75 m" in document(traces)["warnings"][0]


def test_people_get_a_line_a_window(traces):
    result = run(traces, "--pixel-m", 100, "--scale", 1, "--thickness-px", 3)
    assert result.stdout.splitlines()[0].split()[:4] == ["0", "3.20", "km", "KE"]


@pytest.mark.parametrize(
    ("content", "error", "told"),
    [
        (np.zeros((128, 64)), NothingFoundError, "all pixels are 0"),
        (np.full((128, 64), 255), DataError, "other values"),
        (np.full((128, 64), np.nan), DataError, "other values"),
        (np.ones((128, 63)), DataError, "64 columns"),
        (np.ones((2, 64, 64)), DataError, "shape"),
        (np.ones(5), DataError, "shape"),
        (np.full((128, 64), "a"), DataError, "other values"),
    ],
)
def test_arrays_that_hold_no_windows_are_refused(tmp_path, content, error, told):
    np.save(tmp_path / "bad.npy", content)
    with pytest.raises(error, match=told):
        run(tmp_path / "bad.npy")


def test_files_that_cannot_be_read_are_refused(tmp_path, traces):
    for name, content in (("a.npy", b"x"), ("a.npz", b"x"), ("a.txt", b"x"), ("a.geojson", b"x")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=name):
            run(tmp_path / name)
    np.savez(tmp_path / "other.npz", something=np.ones(3))
    with pytest.raises(DataError, match="something"):
        run(tmp_path / "other.npz")
    with pytest.raises(DataError, match=r"absent\.npy"):
        run(tmp_path / "absent.npy")
    with pytest.raises(DataError, match="at most"):
        run(traces, "--pixel-m", 5000)


def test_options_that_do_not_fit_are_refused(tmp_path, traces):
    np.save(tmp_path / "one.npy", half_covered())
    with pytest.raises(SettingsError, match="for traces"):
        run(tmp_path / "one.npy", "--thickness-px", 3)
    with pytest.raises(SettingsError, match="needs traces"):
        run(tmp_path / "one.npy", "--out", tmp_path / "a.png")
    with pytest.raises(SettingsError, match="pixel_m"):
        run(traces, "--pixel-m", 0)
    with pytest.raises(RegistryError, match="nobody"):
        run(traces, "--model", "nobody")
    with pytest.raises(NothingFoundError, match="secondary"):
        run(traces, "--kind", "secondary")
    np.save(tmp_path / "none.npy", np.zeros((0, 128, 64)))
    with pytest.raises(NothingFoundError, match="0 windows"):
        run(tmp_path / "none.npy")


def test_files_to_write_are_checked_before_anything_is_estimated(traces, tmp_path, monkeypatch):
    monkeypatch.setattr(EFFICIENCY_MODELS, "load", lambda _: pytest.fail("a model was opened"))
    with pytest.raises(SettingsError, match=r"b\.txt"):
        run(traces, "--out", tmp_path / "a.csv", "--out", tmp_path / "b.txt")
    np.save(tmp_path / "one.npy", half_covered())
    with pytest.raises(SettingsError, match=r"b\.txt"):
        run(tmp_path / "one.npy", "--out", tmp_path / "b.txt")


def test_two_files_of_one_kind_are_both_written_and_told(traces, tmp_path):
    with (tmp_path / "STACK.NPY").open("wb") as file:
        np.save(file, np.stack([half_covered(), 0 * half_covered()]))
    out = [tmp_path / "a.csv", tmp_path / "b.CSV"]
    for source in (traces, tmp_path / "STACK.NPY"):
        told = document(source, "--pixel-m", 100, "--out", out[0], "--out", out[1])
        assert told["files"] == [str(path) for path in out]
        assert out[0].read_bytes() == out[1].read_bytes()
    assert out[0].read_text().splitlines()[2] == "1,,,,,"


def test_damaged_archives_are_refused(tmp_path):
    """Cut at any place, or with any byte changed, a file is an error or what it was."""
    windows = LabelledWindows(
        maps=np.stack([half_covered()] * 2),
        ke=np.full(2, 0.5),
        sd=np.full(2, 0.1),
        run=np.array(["A", "A"]),
        frame=np.arange(2),
        first_column=np.zeros(2, dtype=np.int64),
        source="synthetic",
    )
    path = tmp_path / "windows.npz"
    write_windows(path, windows)
    whole = path.read_bytes()
    for end in range(0, len(whole), len(whole) // 60):
        path.write_bytes(whole[:end])
        with pytest.raises(DataError, match=r"windows\.npz"):
            run(path)
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with suppress(DataError):
            read_windows(path)


def test_weights_without_intervals_give_null(traces, tmp_path, monkeypatch):
    class Bare(CoveredColumns):
        def predict(self, maps):
            found = super().predict(maps)
            nowhere = np.full(len(found), np.nan)
            return Efficiency(found.ke, nowhere, nowhere, nowhere, found.epistemic_sd)

    monkeypatch.setattr(EFFICIENCY_MODELS, "load", lambda _: Bare)
    out = tmp_path / "profile.geojson"
    told = document(traces, "--pixel-m", 100, "--out", out)
    assert told["windows"][0]["lo90"] is None
    assert json.loads(out.read_text())["features"][0]["properties"]["hi90"] is None
    assert "no interval" in run(traces, "--pixel-m", 100).stdout
