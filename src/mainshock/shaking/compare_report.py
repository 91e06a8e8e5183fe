"""Compares any models of shaking on the same records, and writes one self-contained HTML page."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, StrictUndefined
from numpy.typing import NDArray

from mainshock import __version__
from mainshock.core.errors import DataError
from mainshock.core.files import make_folder, replacing
from mainshock.core.geo import LocalFrame
from mainshock.shaking import plots
from mainshock.shaking.evaluate import (
    ALL_MEASURES,
    Baseline,
    Evaluation,
    EvaluationSettings,
    Measured,
    evaluate_measured,
)
from mainshock.shaking.scenarios import Scenarios
from mainshock.shaking.training import ShakingModel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Attenuation", "Comparison", "ModelMap", "compare_models", "write_comparison"]

FloatArray = NDArray[np.float64]

MAP_MEASURES = ("ln_fas_5hz", "ln_fas_10hz")
_LIKE_MAGNITUDE = 0.3
_AZIMUTHS_DEG = np.arange(0.0, 360.0, 45.0)
_SHOWN = (
    "ln_fas_2hz", "ln_fas_5hz", "ln_fas_10hz", "ln_fas_15hz",
    "ln_pga", "ln_pgv", "ln_psa_0.1s", "ln_psa_0.3s", "ln_psa_1s",
)  # fmt: skip
_SHOWN_WAVEFORM = (*_SHOWN, "ln_arias", "ln_cav", "ln_d5_75", "ln_d5_95", "onset_s")


@dataclass(frozen=True, slots=True, eq=False)
class Attenuation:
    """Medians against distance: means over eight azimuths from one epicentre.

    Parameters
    ----------
    measure
        Its name.
    magnitude
        Of the event.
    distance_km
        Hypocentral.
    medians
        By model; only those that give the measure.
    observed_km, observed
        Records of events of like magnitude.
    """

    measure: str
    magnitude: float
    distance_km: FloatArray
    medians: dict[str, FloatArray]
    observed_km: FloatArray
    observed: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ModelMap:
    """What one model says of one earthquake on a grid; fields of shape ``(n_rows, n_columns)``."""

    name: str
    measure: str
    longitude: FloatArray
    latitude: FloatArray
    median: FloatArray
    realisation: FloatArray
    epicentre: tuple[float, float]
    stations: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Models evaluated on the same records, with curves and maps of one earthquake.

    Parameters
    ----------
    evaluations
        One a model, the ergodic regression first.
    baseline_told
        What the regression was fitted to, and what the tested records share with that.
    curves, maps
        By measure.
    """

    evaluations: list[Evaluation]
    baseline_told: dict[str, Any]
    curves: list[Attenuation]
    maps: dict[str, list[ModelMap]]

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return {
            "baseline": self.baseline_told,
            "models": {one.name: one.as_dict() for one in self.evaluations},
        }


def compare_models(
    models: Sequence[ShakingModel],
    tested: Measured,
    baseline: Baseline,
    settings: EvaluationSettings | None = None,
    *,
    grid_points: int = 40,
    say: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Return the evaluation of models on the same records, the ergodic regression among them.

    Parameters
    ----------
    models
        At least one; names must differ.
    tested
        Records that none of them was trained on.
    baseline
        The regression.
    settings
        How each is evaluated.
    grid_points
        Points along each side of the maps.
    say
        Called with a line of progress.

    Raises
    ------
    DataError
        If there is no model, two have one name, or records of training are tested.
    """
    settings = settings or EvaluationSettings()
    regression = ShakingModel("ergodic", baseline.motion, None, is_synthetic=False)
    everyone = [regression, *models]
    names = [one.name for one in everyone]
    if len(everyone) < 2 or len(set(names)) < len(names):
        raise DataError(
            f"models to compare are called {', '.join(names)}; give one or more, of names that "
            "differ from each other and from 'ergodic'"
        )
    evaluations = []
    for one in models:
        say(f"evaluating {one.name}")
        evaluations.append(evaluate_measured(one, tested, baseline, settings))
    first = evaluations[0]
    if first.baseline is None or first.baseline_told is None:  # cannot be: a baseline was given
        raise DataError("the ergodic regression was not evaluated")
    say("drawing maps")
    event = _most_recorded(tested.scenarios)
    return Comparison(
        evaluations=[first.baseline, *evaluations],
        baseline_told=first.baseline_told,
        curves=[_attenuation(one, everyone, tested, event) for one in MAP_MEASURES],
        maps={
            measure: _maps(measure, everyone, tested.scenarios, event, grid_points, settings.seed)
            for measure in MAP_MEASURES
        },
    )


def write_comparison(path: Path, comparison: Comparison) -> Path:
    """Write one self-contained HTML page and return its path.

    Raises
    ------
    SourceError
        If the page cannot be written.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("mainshock") / "shaking" / "templates" / "compare.html.j2"
    known = [one for one in comparison.evaluations if one.waveforms is not None]
    first = comparison.evaluations[0]
    page = environment.from_string(source.read_text(encoding="utf-8")).render(
        version=__version__,
        is_synthetic=any(one.is_synthetic for one in comparison.evaluations),
        synthetic=plots.SYNTHETIC,
        data=first.measured.records.path.name,
        n_records=len(first.measured.scenarios),
        n_events=int(np.unique(first.measured.scenarios.event).size),
        n_stations=int(np.unique(first.measured.scenarios.station).size),
        baseline=comparison.baseline_told,
        names=[one.name for one in comparison.evaluations],
        residual_rows=_residual_rows(comparison.evaluations),
        waveform_names=[one.name for one in known],
        waveform_rows=_waveform_rows(known),
        overall_rows=_overall_rows(known),
        figures=_figures(comparison, has_waveforms=bool(known)),
    )
    make_folder(path.parent)
    with replacing(path) as partial:
        partial.write_text(page, encoding="utf-8")
    return path


def _figures(comparison: Comparison, *, has_waveforms: bool) -> list[dict[str, str]]:
    """Return titles, pictures and captions in the order of the page."""
    shown = comparison.evaluations
    given = [one for one in shown if "ln_fas_5hz" in one.scores]
    drawn: list[tuple[str, Figure, str]] = [
        (
            "Bias and spread by frequency",
            plots.plot_bias_and_sd(shown),
            "Bars: 95 % over events drawn anew.",
        ),
        (
            "Where the spread comes from",
            plots.plot_split(shown),
            "Parts by restricted maximum likelihood.",
        ),
        (
            "Attenuation",
            plots.plot_attenuation(comparison.curves, shown),
            "Means over eight azimuths from one epicentre; grey: records of like magnitude.",
        ),
        (
            "Quantiles",
            plots.plot_quantiles(given, "ln_fas_5hz"),
            "Steeper than the grey line: the model is too sure; below or above it: bias.",
        ),
        ("PIT", plots.plot_pit(given, "ln_fas_5hz"), "Flat where the model knows its own error."),
        (
            "Correlation between frequencies",
            plots.plot_correlation(given),
            "Above the diagonal: residuals. Below it: what the model samples. Alike is right.",
        ),
    ]
    if has_waveforms:
        drawn += _waveform_figures(shown)
    for measure, maps in comparison.maps.items():
        if maps:
            caption = "Star: epicentre; dots: stations of the tested records."
            drawn.append((f"Maps: {measure}", plots.plot_maps(maps, shown), caption))
    return [
        {"title": title, "png": _png(figure), "caption": caption}
        for title, figure, caption in drawn
    ]


def _waveform_figures(shown: Sequence[Evaluation]) -> "list[tuple[str, Figure, str]]":
    return [
        ("Waveforms", plots.plot_waveforms(shown), "The record of median magnitude."),
        ("Duration and onset", plots.plot_duration(shown), "Boxes: quartiles; zero is right."),
        (
            "Goodness of fit",
            plots.plot_fit(shown),
            "One realisation against the record; full marks are out of reach, see the table.",
        ),
        ("Likeness", plots.plot_tsne(shown), "t-SNE: mixed clouds are alike."),
    ]


def _png(figure: "Figure") -> str:
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _residual_rows(evaluations: Sequence[Evaluation]) -> list[tuple[str, list[str]]]:
    """Return for each measure the cells ``bias, sd, sd / predicted`` of each model."""
    rows = []
    for measure in _SHOWN:
        cells = []
        for one in evaluations:
            score = one.scores.get(measure)
            cells.append(
                "–"
                if score is None
                else f"{score.bias:+.2f}, {score.sd:.2f} [{score.sd95[0]:.2f}, "
                f"{score.sd95[1]:.2f}], {score.calibration:.2f}"
            )
        rows.append((measure, cells))
    return rows


def _waveform_rows(known: Sequence[Evaluation]) -> list[tuple[str, list[str]]]:
    """Return for each measure the cells ``bias, residual sd, sampled / residual`` of each model."""
    rows = []
    for measure in _SHOWN_WAVEFORM:
        cells = []
        for one in known:
            found: Any = one.waveforms
            score = found.measures[measure]
            ratio = score["sampled_over_residual"]
            cells.append(f"{score['bias']:+.2f}, {score['residual_sd']:.2f}, {ratio:.2f}")
        rows.append((measure, cells))
    return rows


def _overall_rows(known: Sequence[Evaluation]) -> list[tuple[str, list[str]]]:
    """Return scores of waveforms as a whole, each with what a perfect model would reach."""
    rows: dict[str, list[str]] = {
        "Anderson, mean of ten (if it were true)": [],
        "Olsen & Mayhew, mean (if it were true)": [],
        "Fréchet distance of ln spectra (if it were true)": [],
        "discriminative score, 0 best, 0.5 worst": [],
        "correlation error, mean (largest)": [],
        "picks: rate P / S": [],
        "picks: median error P / S, s": [],
    }
    for one in known:
        found: Any = one.waveforms
        cells = [
            f"{part['mean']:.2f} ({part['if_model_were_true']:.2f})"
            for part in (found.anderson, found.olsen_mayhew)
        ]
        told = found.frechet
        cells.append(f"{told['generated']:.2f} ({told['if_model_were_true']:.2f})")
        told = found.discriminative
        cells.append("–" if told is None else f"{told['score']:.2f} ± {told['score_sd']:.2f}")
        told = found.correlation
        cells.append(f"{told['mean_absolute']:.2f} ({told['largest']:.2f})")
        for key in ("rate", "median_absolute_s"):
            picks = found.picks
            cells.append(
                "–" if picks is None else " / ".join(f"{picks[phase][key]:.2f}" for phase in "PS")
            )
        for row, cell in zip(rows.values(), cells, strict=True):
            row.append(cell)
    return list(rows.items())


def _most_recorded(scenarios: Scenarios) -> int:
    """Return a row of the event with most records."""
    names, first, counts = np.unique(scenarios.event, return_index=True, return_counts=True)
    return int(first[np.argmax(counts)]) if names.size else 0


def _at_sites(
    scenarios: Scenarios, row: int, longitude: FloatArray, latitude: FloatArray
) -> Scenarios:
    """Return the event of a row seen at sites, each of its own name."""
    n = longitude.size
    known = np.isfinite(scenarios.vs30_m_s)
    vs30_m_s = float(np.median(scenarios.vs30_m_s[known])) if known.any() else np.nan
    return Scenarios(
        magnitude=np.full(n, scenarios.magnitude[row]),
        depth_km=np.full(n, scenarios.depth_km[row]),
        source_longitude=np.full(n, scenarios.source_longitude[row]),
        source_latitude=np.full(n, scenarios.source_latitude[row]),
        site_longitude=longitude,
        site_latitude=latitude,
        vs30_m_s=np.full(n, vs30_m_s),
        event=np.full(n, scenarios.event[row]),
        station=np.array([f"site{one}" for one in range(n)], dtype=np.str_),
    )


def _attenuation(
    measure: str, models: Sequence[ShakingModel], tested: Measured, row: int
) -> Attenuation:
    scenarios = tested.scenarios
    nearest_km, farthest_km = np.quantile(scenarios.epicentral_km(), (0.01, 0.99)).tolist()
    epicentral_km = np.geomspace(max(nearest_km, 1.0), max(farthest_km, 2.0), 30)
    distance_km, azimuth_deg = np.meshgrid(epicentral_km, _AZIMUTHS_DEG)
    north_km = (distance_km * np.cos(np.radians(azimuth_deg))).ravel()
    east_km = (distance_km * np.sin(np.radians(azimuth_deg))).ravel()
    epicentre = float(scenarios.source_longitude[row]), float(scenarios.source_latitude[row])
    along = _at_sites(scenarios, row, *LocalFrame(*epicentre).to_geographic(east_km, north_km))
    medians = {
        one.name: one.motions.predict(along, [measure]).mean.reshape(distance_km.shape).mean(axis=0)
        for one in models
        if measure in one.motions.measures
    }
    magnitude = float(scenarios.magnitude[row])
    alike = np.abs(scenarios.magnitude - magnitude) <= _LIKE_MAGNITUDE
    return Attenuation(
        measure=measure,
        magnitude=magnitude,
        distance_km=np.hypot(epicentral_km, scenarios.depth_km[row]),
        medians=medians,
        observed_km=scenarios.hypocentral_km()[alike],
        observed=tested.values[alike, ALL_MEASURES.index(measure)],
    )


def _maps(
    measure: str,
    models: Sequence[ShakingModel],
    scenarios: Scenarios,
    row: int,
    points: int,
    seed: int,
) -> list[ModelMap]:
    """Return maps of one earthquake over the tested sites, one a model that gives the measure."""
    edges = [
        np.linspace(values.min(), values.max(), points)
        for values in (scenarios.site_longitude, scenarios.site_latitude)
    ]
    longitude, latitude = np.meshgrid(*edges)
    sites = _at_sites(scenarios, row, longitude.ravel(), latitude.ravel())
    stations = np.unique(
        np.column_stack([scenarios.site_longitude, scenarios.site_latitude]), axis=0
    )
    maps = []
    for one in models:
        if measure not in one.motions.measures:
            continue
        median = one.motions.predict(sites, [measure]).mean[:, 0]
        drawn = one.motions.sample(sites, 1, np.random.default_rng(seed), [measure])[:, 0, 0]
        maps.append(
            ModelMap(
                name=one.name,
                measure=measure,
                longitude=longitude,
                latitude=latitude,
                median=median.reshape(longitude.shape),
                realisation=drawn.reshape(longitude.shape),
                epicentre=(
                    float(scenarios.source_longitude[row]),
                    float(scenarios.source_latitude[row]),
                ),
                stations=stations,
            )
        )
    return maps
