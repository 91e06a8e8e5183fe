"""One self-contained HTML page, and a JSON document, of a report on forecast models."""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, StrictUndefined

from mainshock import __version__
from mainshock.core.errors import DataError
from mainshock.core.files import make_folder, replacing
from mainshock.forecast import plots
from mainshock.forecast.portrait_plots import portrait
from mainshock.forecast.reliability import reliability_diagram
from mainshock.forecast.report import ForecastReport, ModelReport
from mainshock.forecast.residual_analysis import gain_curve
from mainshock.forecast.wording import LANGUAGES
from mainshock.sources.seismicity.catalogue import text_from_days

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["write_report"]

_NOTHING = "–"
_TOO_FEW_TO_MARK = 20  # windows


def write_report(folder: Path, report: ForecastReport) -> Path:
    """Write ``report.html`` and ``report.json`` into a folder, and return the page's path.

    Raises
    ------
    SourceError
        If they cannot be written.
    """
    make_folder(folder)
    document = _strict(report.as_dict())
    with replacing(folder / "report.json") as partial:
        partial.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("mainshock") / "forecast" / "templates" / "report.html.j2"
    page = environment.from_string(source.read_text(encoding="utf-8")).render(**_told(report))
    path = folder / "report.html"
    with replacing(path) as partial:
        partial.write_text(page, encoding="utf-8")
    return path


def _strict(value: object) -> object:
    """Return the value with NaN and infinity as None, since JSON knows neither."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    return value


def _told(report: ForecastReport) -> dict[str, Any]:
    """Return what the template is filled with."""
    texts = LANGUAGES["en"]
    first = report.models[0].evaluation
    info = first.info
    return {
        "version": __version__,
        "texts": [
            texts["research"],
            texts["caution"],
            texts["agency"].format(agency=report.settings.agency),
        ],
        "is_synthetic": report.is_synthetic,
        "is_in_sample": any(one.evaluation.rows.is_in_sample for one in report.models),
        "names": [one.name for one in report.models],
        "baseline": report.models[-1].name,
        "window": [_day(first.rows.start_days), _day(first.rows.end_days)],
        "n": first.n,
        "mc": f"{info.mc:g}",
        "unit": "a day and km²" if report.grid is not None else "a day",
        "days": f"{report.settings.days:g}",
        "n_simulations": report.settings.n_simulations,
        "warnings": _warnings(report),
        "data_rows": _data_rows(report),
        "parameter_tables": [_parameters(one) for one in report.models],
        "score_rows": _score_rows(report),
        "comparison_rows": _comparison_rows(report),
        "block_note": _block_note(report),
        "sequence_rows": _sequence_rows(report),
        "csep_rows": _csep_rows(report),
        "pooled_rows": _pooled_rows(report),
        "count_rows": _count_rows(report.models),
        "worst": [(one.name, _worst_rows(one)) for one in report.models[:-1]],
        "probability_rows": _probability_rows(report.models),
        "residual_rows": _residual_rows(report.models),
        "figures": _figures(report),
    }


def _warnings(report: ForecastReport) -> list[str]:
    found: list[str] = []
    for one in report.models[:-1]:
        told = one.evaluation.as_dict()["warnings"]
        found.extend(f"{one.name}: {text}" for text in told)
    return list(dict.fromkeys(found))


def _data_rows(report: ForecastReport) -> list[tuple[str, str]]:
    times = report.catalogue.time_days
    rows = [
        ("catalogue tested on", report.catalogue_name or _NOTHING),
        ("its SHA-256", report.catalogue_sha256 or _NOTHING),
        ("its events", f"{len(times):,}, {_day(float(times[0]))} to {_day(float(times[-1]))}"),
        ("made", report.created.strftime("%Y-%m-%d %H:%M UTC")),
        ("program", f"mainshock {__version__}, seed {report.settings.seed}"),
    ]
    for one in report.models[:-1]:
        info = one.candidate.model.info
        fitted = f"{_day(info.settings.start_days)} to {_day(info.settings.end_days)}"
        text = f"{info.kind}, fitted to {info.n_events:,} events of {fitted}"
        if info.catalogue:
            text += f" of {info.catalogue} (SHA-256 {info.catalogue_sha256[:16]}…)"
        rows.append((f"model {one.name}", text))
        for name, checksum in one.candidate.checksums.items():
            rows.append((f"{one.name}/{name}", checksum))
    return rows


def _parameters(one: ModelReport) -> dict[str, Any]:
    info = one.candidate.model.info
    rows = [
        (name, f"{value:.5g}", _number(info.standard_errors.get(name, math.nan), ".2g"))
        for name, value in info.parameters.items()
    ]
    rows.append(
        ("beta", f"{info.beta:.4g}", _number(info.standard_errors.get("beta", math.nan), ".2g"))
    )
    return {"name": one.name, "rows": rows, "warnings": list(info.warnings)}


def _score_rows(report: ForecastReport) -> list[list[str]]:
    rows = []
    for one in report.models:
        found = one.evaluation
        low, high = found.interval95
        gain = f"{found.igpe:+.3f} [{low:+.3f}, {high:+.3f}]"
        rows.append(
            [
                one.name,
                f"{found.model.ll_per_event:.3f}",
                f"{found.expected_n:.1f}",
                f"{found.n}",
                _NOTHING if one is report.models[-1] else gain,
            ]
        )
    return rows


def _comparison_rows(report: ForecastReport) -> list[list[str]]:
    rows = []
    for told in report.comparisons():
        t, w = told.get("t_interval95"), told.get("w_probability")
        rows.append(
            [
                f"{told['model']} over {told['over']}",
                f"{told['gain']:+.3f}",
                _interval(told["interval95"]),
                _NOTHING if t is None else _interval(t),
                _NOTHING if w is None else f"{w:.2g}",
            ]
        )
    return rows


def _block_note(report: ForecastReport) -> str:
    blocks = report.models[0].evaluation.rows.blocks
    kept = "whole sequences in one block" if blocks.keeps_sequences else "sequences are cut"
    return f"{len(blocks)} blocks of {blocks.block_days:.3g} days or more, {kept}"


def _sequence_rows(report: ForecastReport) -> list[list[str]]:
    """Return the largest sequences with the mean difference of ln intensity of each model."""
    tested = report.models[:-1]
    told = [one.evaluation.as_dict()["sequences"] for one in tested]
    return [
        [row["name"], str(row["n"]), *(f"{one[k]['log_ratio_per_event']:+.2f}" for one in told)]
        for k, row in enumerate(told[0][:8])
    ]


def _csep_rows(report: ForecastReport) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return for each test over windows a cell of each model."""
    rows = []
    for number, test in enumerate(report.models[0].tests):
        cells = []
        for one in report.models:
            told = one.tests[number].as_dict()
            n, passed = told["windows"], told["passed_95"]
            if not n:
                cells.append({"text": _NOTHING, "mark": ""})
                continue
            even = told["calibration"]["probability"]
            # a right model passes 95 % of the windows, give or take what n windows allow
            least = 0.95 - 2.5 * math.sqrt(0.95 * 0.05 / n)
            cells.append(
                {
                    "text": f"{passed:.1%} of {n} windows; evenness p = {even:.2g}",
                    "mark": _mark(n < _TOO_FEW_TO_MARK or (passed >= least and even >= 0.01)),
                }
            )
        rows.append((test.name, cells))
    return rows


def _pooled_rows(report: ForecastReport) -> list[tuple[str, list[dict[str, Any]]]]:
    names = list(dict.fromkeys(row["test"] for one in report.models for row in one.pooled_rows))
    rows = []
    for name in names:
        cells = []
        for one in report.models:
            told = next((row for row in one.pooled_rows if row["test"] == name), None)
            if told is None:
                cells.append({"text": _NOTHING, "mark": ""})
                continue
            quantile = told["quantile"]
            if isinstance(quantile, list):
                text = f"{told['observed']} of {told['expected']:.1f}; "
                text += f"{quantile[0]:.3f}, {quantile[1]:.3f}"
            else:
                text = _number(quantile, ".3f")
            cells.append({"text": text, "mark": _mark(told["passed_95"])})
        rows.append((name, cells))
    return rows


def _count_rows(models: Sequence[ModelReport]) -> list[list[str]]:
    rows = []
    for one in models:
        told = one.counts.as_dict()
        cover = told["interval_coverage"]
        rows.append(
            [
                one.name,
                f"{told['observed_n']} of {told['expected_n']:.0f}",
                f"{told['pit_inside_95']:.1%} ± {told['pit_inside_95_standard_error']:.1%}",
                f"{told['pit_below_0.025']:.1%} / {told['pit_above_0.975']:.1%}",
                f"{cover['0.8']:.1%} / {cover['0.95']:.1%}",
                f"{told['n_test_passed_95']:.1%}",
                f"{told['pit_kolmogorov']['probability']:.2g}",
                f"{told['crps_mean']:.3f}",
            ]
        )
    return rows


def _probability_rows(models: Sequence[ModelReport]) -> list[list[str]]:
    rows = []
    for one in models:
        for told in one.as_dict()["reliability"]:
            area = told["roc_area"]
            rows.append(
                [
                    one.name,
                    told["what"],
                    f"{told['happened']} of {told['expected']:.1f} ({told['n']:,} forecasts)",
                    _brier(told),
                    f"{told['log_score']:.4g}",
                    f"{told['share_of_bins_consistent']:.0%}",
                    _NOTHING if area is None else f"{area['area']:.3f}",
                ]
            )
    return rows


def _brier(told: Mapping[str, Any]) -> str:
    parts = [told[f"brier_{name}"] for name in ("miscalibration", "discrimination", "uncertainty")]
    return "{:.4g} = {:.2g} − {:.2g} + {:.2g}".format(told["brier"], *parts)


def _worst_rows(one: ModelReport) -> list[list[str]]:
    return [
        [
            told["from"][:16].replace("T", " "),
            str(told["observed"]),
            f"{told['expected']:.1f}",
            "{} to {}".format(*told["interval95"]),
            _number(told["largest_magnitude"], ".1f"),
        ]
        for told in one.counts.worst(6)
    ]


def _residual_rows(models: Sequence[ModelReport]) -> list[list[str]]:
    rows = []
    for one in models:
        if one.times is None or one.residuals is None:
            continue
        left, number = one.residuals, one.residuals.number_probability
        rows.append(
            [
                one.name,
                f"{one.times.distance:.3f} (p = {one.times.probability:.2g})",
                f"{one.times.correlation:+.2f}",
                f"{len(left.time_days)} of {left.expected_n:.0f} (p = {number:.2g})",
                _number(left.time_probability, ".2g"),
                _number(left.place_probability, ".2g"),
            ]
        )
    return rows


def _figures(report: ForecastReport) -> dict[str, list[dict[str, str]]]:
    """Return pictures with captions by section of the page."""
    tested, rows = report.models[:-1], report.models[0].evaluation.rows
    curves = {one.name: gain_curve(one.evaluation) for one in tested}
    found: dict[str, list[dict[str, str]]] = {name: [] for name in ("portrait", "residuals")}
    try:
        info = report.models[0].evaluation.info
        drawn = portrait(report.catalogue, info.region, info.mc)
        caption = "Events up to the end of the test."
        found["portrait"].append({"png": _png(drawn), "caption": caption})
    except DataError:  # too few events to draw: the tables say so
        pass
    beside = report.models[-1].name
    axes = plots.plot_information_gain(curves, rows.targets, rows.sequences, beside, _wide())
    text = "Dotted: mainshocks of the largest sequences. Steps up: events that were expected there."
    found["gain"] = [_figure(axes, text)]
    found["counts"] = [part for one in report.models for part in _count_figures(one, report)]
    found["reliability"] = _reliability_figures(report)
    times = {one.name: one.times for one in report.models if one.times is not None}
    if times:
        text = "Within the dashed lines in 95 of 100 cases if the first model is right."
        found["residuals"].append(_figure(plots.plot_transformed_times(times), text))
    for one in tested:
        if one.residuals is not None and report.grid is not None:
            edge = report.grid.region.outline()
            axes = plots.plot_residual_points(one.residuals, edge)
            text = f"{one.name}: super-thinned residuals, even in space if the model is right."
            found["residuals"].append(_figure(axes, text))
    maps = (_rate_map(one, report) for one in report.models)
    found["maps"] = [one for one in maps if one is not None]
    return found


def _count_figures(one: ModelReport, report: ForecastReport) -> list[dict[str, str]]:
    days = f"{report.settings.days:g}"
    counts = plots.plot_counts(one.counts, report.catalogue.is_synthetic)
    return [
        _figure(counts, f"{one.name}: each {days}-day window simulated from the events before it."),
        _figure(plots.plot_pit(one.counts.pit), f"{one.name}: even if the model is right; high at "
                "both ends where forecasts are too narrow."),
    ]  # fmt: skip


def _reliability_figures(report: ForecastReport) -> list[dict[str, str]]:
    found = []
    for number, what in enumerate(report.models[0].probabilities):
        diagrams = {
            one.name: reliability_diagram(
                one.probabilities[number].probability, one.probabilities[number].happened
            )
            for one in report.models
        }
        text = f"Probability of {what.what}, windows of {report.settings.days:g} days."
        found.append(_figure(plots.plot_reliability(diagrams), text))
    alarms = {one.name: one.alarms for one in report.models if one.alarms is not None}
    if alarms:
        axes = plots.plot_error_diagram(alarms, "area and time")
        text = "Molchan's diagram: blind to rates being too high or low, so no headline."
        found.append(_figure(axes, text))
    return found


def _rate_map(one: ModelReport, report: ForecastReport) -> dict[str, str] | None:
    rates = one.pooled.rates.sum(axis=1)
    grid, targets = report.grid, one.evaluation.rows.targets
    if grid is None or not rates.any():
        return None
    axes = plots.plot_rate_map(grid, rates, targets, "expected number, all windows together")
    return _figure(
        axes, f"{one.name}: expected numbers of all windows; circles: the largest events that came."
    )


def _figure(axes: "Axes", caption: str) -> dict[str, str]:
    return {"png": _png(axes.figure), "caption": caption}


def _wide() -> "Axes":
    from matplotlib.figure import Figure  # noqa: PLC0415

    return Figure(figsize=(10.0, 4.2), layout="constrained").subplots()


def _png(figure: "Figure | Any") -> str:  # an axes' figure may be one inside another
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _day(days: float) -> str:
    text = text_from_days(days)
    return text[:16].replace("T", " ") + " UTC" if "T" in text else f"day {days:.2f}"


def _mark(is_passed: bool) -> str:
    return "passed" if is_passed else "failed"


def _number(value: float, form: str) -> str:
    return format(value, form) if np.isfinite(value) else _NOTHING


def _interval(ends: Sequence[float]) -> str:
    return f"[{ends[0]:+.3f}, {ends[1]:+.3f}]"
