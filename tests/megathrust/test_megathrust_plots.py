"""Maps, interactive map, report and the command that writes them, on made-up assessments."""

import copy
import json
import re
import sys
from dataclasses import replace

import cartopy
import numpy as np
import pandas as pd
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from mainshock.cli.megathrust_map import map_segments
from mainshock.core.errors import DataError, MissingDependencyError
from mainshock.megathrust.assessment import SegmentAssessment, caveats, read_assessments
from mainshock.megathrust.colours import RUPTURE
from mainshock.megathrust.interactive import write_interactive
from mainshock.megathrust.plots import plot_segments, plot_zone
from mainshock.megathrust.report import check_evaluation, write_report
from mainshock.megathrust.stored import save_model
from mainshock.megathrust.zones import zone_name

SCORE = {
    "exclusion_km": None,
    "macro_f1": 0.5,
    "macro_f1_sd": 0.2,
    "macro_f1_pooled": 0.41,
    "auc": 0.55,
    "brier": 0.24,
    "ece": 0.1,
    "n_test": 30,
    "n_ruptures": 9,
    "n_great_ruptures": 2,
    "coverage90": None,
    "interval95": [0.3, 0.52],
}
# made up
BASELINES = ("majority", "region-prior", "nearest-1", "nearest-5")
EVALUATION = [
    {
        "scheme": "exclusion",
        "classes": 2,
        "model": "extra-trees",
        "results": [SCORE | {"exclusion_km": 100.0, "macro_f1_pooled": 0.83}],
        "baselines": {
            name: [SCORE | {"exclusion_km": 100.0, "macro_f1_pooled": 0.88}] for name in BASELINES
        },
    },
    {
        "scheme": "region",
        "classes": 2,
        "model": "extra-trees",
        "results": [SCORE],
        "baselines": {name: [SCORE | {"macro_f1_pooled": 0.18}] for name in BASELINES},
    },
]


@pytest.fixture(scope="module")
def segments() -> list[SegmentAssessment]:
    """Made-up assessments of Tonga, across the 180th meridian, and of a part of Chile."""
    tonga = [
        SegmentAssessment("ker", n, n / 9, int(n > 4), (0, 1) if n in (4, 5) else (int(n > 4),),
                          0.0 if n < 3 else 0.9, (183.0 - 0.4 * n + 180.0) % 360.0 - 180.0,
                          -20.0 - 0.4 * n, 220.0, 8.2 if 4 <= n <= 7 else 1.0)
        for n in range(10)
    ]  # fmt: skip
    chile = [
        SegmentAssessment("sam", n, 0.9, 1, (1,), 0.8, -71.5, -20.0 - 0.45 * n, 180.0, 8.8)
        for n in range(6)
    ]
    return tonga + chile


@pytest.fixture(autouse=True)
def nothing_to_download(monkeypatch, tmp_path):
    """Cartopy has no files of its own, and a warning of a download is an error."""
    monkeypatch.setitem(cartopy.config, "data_dir", tmp_path / "none")
    monkeypatch.setitem(cartopy.config, "pre_existing_data_dir", tmp_path / "none")


def test_map_shows_the_world_and_each_zone(segments, tmp_path):
    figure = plot_segments(segments, title="made up")
    axes = [one for one in figure.get_axes() if hasattr(one, "projection")]
    assert [one.get_title(loc="left") for one in axes[1:]] == [zone_name("ker"), zone_name("sam")]
    assert "not a forecast" in figure.get_supxlabel()
    figure.savefig(tmp_path / "map.png", dpi=50)
    pixels = np.asarray(Image.open(tmp_path / "map.png").convert("RGB")).reshape(-1, 3).astype(int)
    for colour in (RUPTURE, "#3f0a6b", "#f4f1ea", "#dce8ef"):  # rupture, great, land, sea
        wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        assert (np.abs(pixels - wanted).max(axis=1) < 30).any(), colour


def test_zone_draws_prediction_seaward_and_observation_landward(segments):
    axes = plot_zone(segments[10:])
    predicted, observed = _bands(axes)
    assert predicted[:, 0].mean() < observed[:, 0].mean()  # Chile's sea is to the west


@pytest.mark.mpl_image_compare(
    baseline_dir="../baseline", filename="megathrust_zone.png", style="default", tolerance=8
)
def test_a_zone_looks_as_it_did(segments):
    return plot_zone(segments[:10]).figure


def _bands(axes):
    found = [one for one in axes.collections if type(one).__name__ == "PolyCollection"]
    return [np.concatenate([path.vertices for path in one.get_paths()]) for one in found[:2]]


def test_less_applicable_segments_are_fainter(segments):
    axes = plot_zone(segments[:10])
    predicted = next(one for one in axes.collections if type(one).__name__ == "PolyCollection")
    opacity = predicted.get_facecolor()[:, 3]
    assert opacity[0] == pytest.approx(0.2)
    assert opacity[-1] == pytest.approx(0.92)


def test_maps_without_any_place_are_refused(segments):
    nowhere = [replace(one, longitude=None, latitude=None) for one in segments]
    with pytest.raises(DataError, match="none of 16 segments has a place"):
        plot_segments(nowhere)


def test_interactive_map_needs_no_network(segments, tmp_path):
    pytest.importorskip("plotly")
    path = write_interactive(tmp_path / "map.html", segments, caveats(EVALUATION), "made up")
    page = path.read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=.?http", page)
    assert "ker 4" in page
    assert "not ruled out: M < 8.0 or M" in page.replace("\\u003c", "<")
    assert "not a forecast" in page
    assert "unlike the training data" in page


def test_interactive_map_without_plotly_names_the_remedy(segments, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(MissingDependencyError, match="pip install plotly"):
        write_interactive(tmp_path / "map.html", segments, caveats())


def test_report_shows_every_score_beside_its_baselines(segments, tmp_path):
    path = write_report(tmp_path / "report.html", segments, EVALUATION, b"png", "made up")
    page = path.read_text(encoding="utf-8")
    assert page.index("Leave one region out") < page.index("A distance kept free")
    for told in (
        "0.83",
        "0.88",
        "0.41 [0.30, 0.52]",
        "0.18",
        "0.50 ± 0.20",
        "region-prior",
        "nearest-5",
    ):
        assert told in page
    assert "33 independent great ruptures; not a forecast" in page
    assert "30 segments of 9 ruptures, 2 of them great" in page
    assert "90 % sets" not in page  # not measured here
    assert not re.search(r"(src|href)=.?https?:", page)
    assert zone_name("ker") in page


@pytest.mark.parametrize(
    "spoiled", ["none", "no baselines", "one baseline", "no region", "other distance", "scheme"]
)
def test_scores_without_baselines_or_regions_left_out_are_refused(segments, tmp_path, spoiled):
    evaluation = copy.deepcopy(EVALUATION)
    match spoiled:
        case "none":
            evaluation = []
        case "no baselines":
            evaluation[1]["baselines"] = {}
        case "one baseline":
            evaluation[0]["baselines"].pop("region-prior")
        case "no region":
            evaluation = evaluation[:1]
        case "other distance":
            evaluation[0]["baselines"]["nearest-5"][0]["exclusion_km"] = 50.0
        case "scheme":
            evaluation[0]["scheme"] = "guess"
    with pytest.raises(DataError, match="evaluate --scheme region"):
        check_evaluation(evaluation)
    with pytest.raises(DataError):
        write_report(tmp_path / "report.html", segments, evaluation, b"png")
    assert not (tmp_path / "report.html").exists()


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folders of classifiers of two and three classes, trained on a made-up region ``mad``."""
    folder = tmp_path_factory.mktemp("models")
    rng = np.random.default_rng(0)
    for n_classes in (2, 3):
        y = np.tile(np.arange(n_classes), 8)
        known = {"region": "mad", "index": np.arange(y.size), "s_km": 50.0 * np.arange(y.size)}
        table = pd.DataFrame(known | {"AGE": rng.normal(y, 0.1)})
        save_model(folder / str(n_classes), table, y, model="logistic", n_classes=n_classes, seed=0)
    return folder


@pytest.fixture
def command(models, tmp_path):
    """The command over a table of one made-up region, far from all that was taught."""
    app = typer.Typer()
    app.command()(map_segments)
    rows = {"": range(3), "LON": [179.5, 179.9, -179.7], "LAT": [-20.0] * 3, "MR_GCMT": [1.0] * 3}
    pd.DataFrame(rows | {"AGE": [50.0] * 3}).to_csv(tmp_path / "mad.csv", index=False)
    (tmp_path / "evaluation.json").write_text(json.dumps(EVALUATION))

    def run(*options: str, n_classes: int = 2):
        where = ["--model", str(models / str(n_classes)), "--segments", str(tmp_path / "mad.csv")]
        return CliRunner().invoke(app, [*where, "--out", str(tmp_path / "out"), *options])

    return run


def test_command_writes_all_files(command, tmp_path):
    done = command("--evaluation", str(tmp_path / "evaluation.json"), "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert (document["n_segments"], document["n_two_class"]) == (3, 3)
    assert "macro-F1 0.41" in document["caveats"][-2]
    assert "taught the regions mad: there the map repeats" in document["caveats"][-1]
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["assessment.csv", "map.png", "report.html", "segments.geojson"]
    told = read_assessments(tmp_path / "out" / "assessment.csv")
    assert [one.longitude for one in told] == [179.5, 179.9, -179.7]
    assert told[0].azimuth_deg == pytest.approx(90.0, abs=0.1)
    assert "there the map repeats" in (tmp_path / "out" / "report.html").read_text()


def test_command_refuses_a_model_of_three_classes(command):
    done = command(n_classes=3)
    assert isinstance(done.exception, DataError)
    assert "3 classes" in str(done.exception)


def test_command_without_evaluation_writes_no_report_and_says_why(command, tmp_path):
    done = command()
    assert done.exit_code == 0, done.output
    assert "no report" in done.stderr
    assert "neither class can be ruled out" in done.stdout
    assert not (tmp_path / "out" / "report.html").exists()


def test_command_refuses_an_evaluation_without_baselines_before_it_works(command, tmp_path):
    spoiled = [one | {"baselines": {}} for one in EVALUATION]
    (tmp_path / "evaluation.json").write_text(json.dumps(spoiled))
    done = command("--evaluation", str(tmp_path / "evaluation.json"))
    assert isinstance(done.exception, DataError)
    assert not (tmp_path / "out").exists()
