"""The kinds of space-time ETAS models: how each is fitted."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast import sentences
from mainshock.forecast.base import FitSettings, ModelInfo, as_history, targets_of
from mainshock.forecast.completeness import ShortTermCompleteness
from mainshock.forecast.etas.background import BackgroundKernels, KernelSettings
from mainshock.forecast.etas.coverage import Coverage, levels_of
from mainshock.forecast.etas.elongated import ElongatedEtas, elongation_of
from mainshock.forecast.etas.elongation import Elongation
from mainshock.forecast.etas.events import Places, Sources, inside_of
from mainshock.forecast.etas.fitting import FitData, FitPlan, Fitted, fit_plain, fit_refined
from mainshock.forecast.etas.law import LAW_NAMES, VARIATION_NAMES, TriggeringLaw, law_bounds
from mainshock.forecast.etas.lineage import lineage_of
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.etas.transform import IS_LOG, NAMES, first_guess
from mainshock.forecast.etas.warm import warm_up
from mainshock.forecast.fit_options import fit_options
from mainshock.forecast.magnitudes import MagnitudeLaw, levelled_magnitudes, magnitude_law
from mainshock.forecast.model_folder import open_model
from mainshock.forecast.region import region_around
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["ETAS", "HOMOGENEOUS_ETAS"]

FloatArray = NDArray[np.float64]
_FEWEST = 30
_COMMON = {"m_max": None, "pairs": 200, "start_from": "", "exact_to": 150_000, "anisotropy": "off"}
_WAKE = {"short_term": "off", "offset": 4.5, "slope": 0.75, "min_magnitude": None}
_BACKGROUND = {
    "neighbour": 3,
    "min_bandwidth_km": 0.2,
    "floor": 0.01,
    "apart_days": 100.0,
    "rounds": 3,
}
_REFINED = {"refined": "on"}


@dataclass(frozen=True, slots=True)
class _SpaceTimeKind:
    """A kind of model.

    Parameters
    ----------
    name
        In the registry.
    is_adaptive
        Whether the background varies, and the law between events.
    """

    name: str
    is_adaptive: bool

    def fit(self, catalogue: Catalogue, settings: FitSettings) -> SpaceTimeEtas:
        """Return the most likely model.

        Raises
        ------
        DataError
            If there are fewer than 30 targets, or the events have no places.
        SettingsError
            If an option is not known.
        """
        options = self._options(settings)
        settings = _with_region(catalogue, settings)
        targets = targets_of(catalogue, settings)
        if len(targets) < _FEWEST:
            raise DataError(
                f"{len(targets)} events of magnitude {settings.mc:g} or more in the region and "
                f"the window; a space-time ETAS model needs {_FEWEST}: lower --mc, or take a "
                "longer window or a larger region"
            )
        warm_up()
        begun, cpu = time.perf_counter(), time.process_time()
        magnitudes = magnitude_law(
            levelled_magnitudes(targets, settings.mc), settings.mc, options["m_max"]
        )
        history = as_history(catalogue, settings, settings.end_days)
        coverage = _coverage(catalogue, settings, magnitudes, options)
        data = _data(history, targets, settings, coverage)
        plain, best = self._fitted(history, data, settings, options, magnitudes.beta)
        info = ModelInfo(
            kind=self.name,
            settings=settings,
            beta=magnitudes.beta,
            m_max=magnitudes.m_max,
            n_events=data.n_targets,
            log_likelihood=best.evaluation.value,
            parameters=_values(best),
            standard_errors=_errors(best),
            warnings=_warnings(plain, best, magnitudes, settings),
            seconds=time.perf_counter() - begun,
            cpu_s=time.process_time() - cpu,
            is_synthetic=catalogue.is_synthetic,
        )
        return _model(info, history, data, plain, best, coverage, options)

    def open(self, folder: Path, info: ModelInfo) -> SpaceTimeEtas:
        """Return the model of a folder."""
        kind = SpaceTimeEtas if elongation_of(info.settings) is None else ElongatedEtas
        return kind.open(folder, info)

    def _options(self, settings: FitSettings) -> dict[str, Any]:
        known: dict[str, Any] = {**_COMMON, **_WAKE}
        if self.is_adaptive:
            known |= {**_BACKGROUND, **_REFINED}
        found = fit_options(self.name, settings, known)
        for name in ("short_term", "refined", "anisotropy"):
            if found.get(name, "on") not in ("on", "off"):
                raise SettingsError(f"option {name} is on or off, not {found[name]!r}")
        return found

    def _fitted(
        self,
        history: Catalogue,
        data: FitData,
        settings: FitSettings,
        options: Mapping[str, Any],
        beta: float,
    ) -> tuple[Fitted, Fitted]:
        """Return the plain law and the one that is the model's."""
        days = settings.end_days - settings.start_days
        since = settings.end_days - float(history.time_days[0])
        plan = FitPlan(
            law_bounds(data.n_targets, days, since),
            int(options["pairs"]),
            int(options.get("rounds", 1)),
            int(options["exact_to"]),
            settings.threads,
        )
        start = _start(options["start_from"], data.n_targets, days, settings.mc, beta)
        kernels = None
        if self.is_adaptive:
            kernels = BackgroundKernels.at(
                data.region,
                history,
                data.sources.place,
                data.crossings,
                _kernel_settings(options, days),
                settings.threads,
            )
        plain = fit_plain(data, start, kernels, plan)
        if options.get("refined", "off") == "off":
            return plain, plain
        return plain, fit_refined(data, plain, np.zeros(len(LAW_NAMES), dtype=bool), plan)


def _with_region(catalogue: Catalogue, settings: FitSettings) -> FitSettings:
    if settings.region is not None:
        return settings
    if not catalogue.has_places:
        raise DataError(
            "events of the catalogue have no longitude or latitude; fit a temporal model, "
            "such as etas-temporal"
        )
    chosen = catalogue.between(settings.start_days, settings.end_days).above(settings.mc)
    return replace(settings, region=region_around(chosen.longitude, chosen.latitude))


def _kernel_settings(options: Mapping[str, Any], days: float) -> KernelSettings:
    if "neighbour" not in options:
        return KernelSettings()
    return KernelSettings(
        int(options["neighbour"]),
        float(options["min_bandwidth_km"]),
        float(options["floor"]),
        min(float(options["apart_days"]), days / 4),  # a short window has few other times
    )


def _coverage(
    catalogue: Catalogue,
    settings: FitSettings,
    magnitudes: MagnitudeLaw,
    options: Mapping[str, Any],
) -> Coverage:
    wake = None
    if options["short_term"] == "on":
        wake = ShortTermCompleteness(
            settings.mc, options["min_magnitude"], options["offset"], options["slope"]
        )
    known = catalogue.between(settings.history_start_days, settings.end_days)
    return Coverage(settings.mc, magnitudes.beta, wake, *levels_of(known, settings.mc))


def _data(
    history: Catalogue, targets: Catalogue, settings: FitSettings, coverage: Coverage
) -> FitData:
    region = settings.region
    assert region is not None  # it was set before
    sources = Sources.of(history, region, settings.mc)
    drawn_out = elongation_of(settings)
    if drawn_out is not None:
        sources = replace(sources, elongation=Elongation.of(history, region, drawn_out))
    is_target = (history.time_days >= settings.start_days) & region.contains(
        history.longitude, history.latitude
    )
    log_share = coverage.log_share(targets.time_days, history).sum()
    return FitData(
        region,
        sources,
        Places(region).of(history),
        inside_of(region, history),
        np.flatnonzero(is_target),
        coverage.window(history, settings.start_days, settings.end_days, history.time_days),
        float(log_share),
    )


def _start(path: str, n: int, days: float, mc: float, beta: float) -> TriggeringLaw:
    """Return where the fit begins: usual values, or another model's."""
    if not path:
        return TriggeringLaw(first_guess(n, days, mc, beta))
    model = open_model(path)
    if not isinstance(model, SpaceTimeEtas):
        raise SettingsError(f"{path} holds a {model.info.kind} model; start from an etas model")
    if abs(model.info.mc - mc) > 1e-6:
        raise SettingsError(
            f"the model in {path} has an mc of {model.info.mc:g}, the fit one of {mc:g}; start "
            "from a model of the same mc"
        )
    return TriggeringLaw(model.parameters)


def _values(fitted: Fitted) -> dict[str, float]:
    """Return what was fitted, by name."""
    values = {name: getattr(fitted.law.parameters, name) for name in NAMES}
    varied = fitted.law.variation
    if not varied.is_none:
        values |= varied.as_dict()
    return values


def _errors(fitted: Fitted) -> dict[str, float]:
    """Return standard errors by name; NaN where a parameter stands at a bound."""
    sd = np.sqrt(np.maximum(np.diag(fitted.covariance), 0.0))
    parameters = fitted.law.parameters
    n = len(NAMES)
    scale = [getattr(parameters, name) if IS_LOG[k] else 1.0 for k, name in enumerate(NAMES)]
    errors = dict(zip(NAMES, map(float, sd[:n] * scale), strict=True))
    if not fitted.law.variation.is_none:
        errors |= dict(zip(VARIATION_NAMES, map(float, sd[n:]), strict=True))
        errors["mean_activity"] = float("nan")
    return errors


def _warnings(
    plain: Fitted, best: Fitted, magnitudes: MagnitudeLaw, settings: FitSettings
) -> tuple[str, ...]:
    """Return what the user of a fit must know."""
    told = []
    for name in sorted({*plain.at_bounds, *best.at_bounds}):
        value = best.law.vector[LAW_NAMES.index(name)]
        if name in NAMES and IS_LOG[NAMES.index(name)]:
            value = np.exp(value)
        told.append(sentences.AT_BOUND.tell(name=name, value=value))
    if not (plain.has_converged and best.has_converged):
        told.append(sentences.NOT_CONVERGED.tell())
    if not best.is_exact:
        told.append(sentences.CHOSEN_PAIRS.tell())
    ratio = plain.law.parameters.branching_ratio(magnitudes.beta, magnitudes.m_max)
    if not ratio < 1.0:
        told.append(sentences.ENDLESS.tell(ratio=ratio))
    if elongation_of(settings) is not None:
        told.append(sentences.ELONGATED.tell())
    return tuple(told)


def _model(
    info: ModelInfo,
    history: Catalogue,
    data: FitData,
    plain: Fitted,
    best: Fitted,
    coverage: Coverage,
    options: Mapping[str, Any],
) -> SpaceTimeEtas:
    background, days = None, np.zeros(0)
    if best.kernels is not None:
        background = best.kernels.smoothed_places(_region(info), history)
        days = history.time_days
    n = len(NAMES)
    lineage = None
    if best.law.variation.needs_activity:
        lineage = lineage_of(
            best.law, plain.law, data.sources, data.events, best.density, info.settings.threads
        )
    kind = SpaceTimeEtas if elongation_of(info.settings) is None else ElongatedEtas
    return kind(
        info=info,
        parameters=plain.law.parameters,
        background=background,
        completeness=coverage.wake,
        covariance=plain.covariance[:n, :n],
        law=best.law,
        background_days=days,
        kernel_settings=_kernel_settings(
            options, info.settings.end_days - info.settings.start_days
        ),
        levels=(coverage.since_days, coverage.level),
        lineage=lineage,
    )


def _region(info: ModelInfo) -> Any:  # checked by the model
    return info.region


ETAS = _SpaceTimeKind("etas", is_adaptive=True)
"""Registered as ``etas``: adaptive background, and a law that varies between events.

Options: ``neighbour``, ``min_bandwidth_km``, ``floor`` and ``rounds`` of the background;
``refined=off`` for one law; ``short_term=on`` with ``offset``, ``slope`` and ``min_magnitude``
for short-term completeness; ``anisotropy=on`` for kernels of large events along their ruptures;
``start_from``, folder of an earlier model; ``pairs``, ``exact_to``; ``m_max``.
"""

HOMOGENEOUS_ETAS = _SpaceTimeKind("etas-homogeneous", is_adaptive=False)
"""Registered as ``etas-homogeneous``: uniform background, one law for all events."""
