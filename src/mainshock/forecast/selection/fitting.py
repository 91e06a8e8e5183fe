"""From a catalogue and a user's words to a fitted model: window, region, completeness."""

import math
import warnings as python_warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import numpy as np

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.base import FitSettings, RateModel
from mainshock.forecast.completeness import (
    mc_b_stability,
    mc_maximum_curvature,
    refuse_below_completeness,
)
from mainshock.forecast.model_folder import info_document, kind_named
from mainshock.forecast.moments import days_asked
from mainshock.forecast.region import Region, region_around, region_from_text
from mainshock.forecast.registry import RATE_MODELS
from mainshock.forecast.repeats import each_event_once, repeats_note
from mainshock.sources.seismicity.catalogue import Catalogue, text_from_days

__all__ = [
    "FitRequest",
    "PreparedFit",
    "fit_document",
    "fit_prepared",
    "moment_text",
    "prepare_fit",
    "with_info",
]

Model = TypeVar("Model", bound=RateModel)
_TEMPORAL = "etas-temporal or poisson"
_BELOW_MODE = 0.2  # a file that was cut at its completeness may have its mode a little above


@dataclass(frozen=True, slots=True)
class FitRequest:
    """What a user asks for, in the user's words.

    Parameters
    ----------
    start, end
        ISO 8601, or days where the catalogue is synthetic; None: the catalogue's first event, or
        just after its last one.
    history
        Sources since then count; None: all before.
    mc
        Magnitude of completeness; None: the smallest magnitude of the file, or what is measured
        where the file is not complete to it.
    region
        As :func:`~mainshock.forecast.region.region_from_text` reads it; None: a box around the
        events, of times alone where there are no places.
    seed, threads
        Of all that is drawn; processor threads that may be used.
    allow_incomplete
        Whether a fit below completeness is wanted; it is then warned of.
    options
        Of the kind of model.
    """

    start: str | None = None
    end: str | None = None
    history: str | None = None
    mc: float | None = None
    region: str | None = None
    seed: int = 0
    threads: int = 1
    allow_incomplete: bool = False
    options: Mapping[str, Any] | None = None  # numbers or text


@dataclass(frozen=True, slots=True, eq=False)
class PreparedFit:
    """What a fit needs.

    Parameters
    ----------
    catalogue
        Events before the end of the window; later ones are gone.
    settings
        Of the fit.
    warnings
        What the user must know.
    """

    catalogue: Catalogue
    settings: FitSettings
    warnings: tuple[str, ...]


def prepare_fit(catalogue: Catalogue, request: FitRequest) -> PreparedFit:
    """Return what a fit needs, or refuse it.

    Events at or after the end of the window decide nothing, neither region nor completeness. Each
    event counts once: see :func:`~mainshock.forecast.repeats.each_event_once`.

    Raises
    ------
    SettingsError
        If the window is empty, or the region is none.
    DataError
        If there are no events before the end, the catalogue is not complete, or it has no places
        and a region is given.
    """
    if len(catalogue) == 0:
        raise DataError("the catalogue has no events")
    after_last = float(np.nextafter(catalogue.time_days[-1], np.inf))
    start = _days("--from", request.start, float(catalogue.time_days[0]), catalogue)
    end = _days("--to", request.end, after_last, catalogue)
    if not start < end:
        raise SettingsError(
            f"--from {text_from_days(start)} is not before --to {text_from_days(end)}; exchange "
            "them, or widen the window"
        )
    history = _days("--history-from", request.history, -math.inf, catalogue)
    if history > start:
        raise SettingsError(
            f"--history-from {text_from_days(history)} is after --from {text_from_days(start)}; "
            "sources are needed from the start of the window on"
        )
    known = catalogue.between(-math.inf, end)
    if len(known) == 0:
        raise DataError(
            f"no event before {text_from_days(end)}; the catalogue begins at "
            f"{text_from_days(float(catalogue.time_days[0]))}"
        )
    known, left_out = each_event_once(known)
    mc, warnings = _completeness(known.between(history, end), request)
    warnings = left_out + warnings
    settings = FitSettings(
        start_days=start,
        end_days=end,
        mc=mc,
        region=_region(known.between(history, end), request.region, mc),
        history_start_days=history,
        seed=request.seed,
        threads=request.threads,
        options=dict(request.options or {}),
    )
    warnings += repeats_note(known.between(history, end).above(mc))
    return PreparedFit(known, settings, tuple(warnings))


def _days(name: str, text: str | None, otherwise: float, catalogue: Catalogue) -> float:
    if text is None:
        return otherwise
    return days_asked(name, text, is_synthetic=catalogue.is_synthetic)


def _region(catalogue: Catalogue, text: str | None, mc: float) -> Region | None:
    if not catalogue.has_places:
        if text is None:
            return None
        raise DataError(
            "events of the catalogue have no longitude or latitude, so that --region cannot be "
            f"used; leave it out and fit a model of times alone, such as {_TEMPORAL}"
        )
    if text is not None:
        return region_from_text(text)
    chosen = catalogue.above(mc)
    if len(chosen) == 0:
        raise DataError(
            f"no event of magnitude {mc:g} or more in the window; the largest has "
            f"{catalogue.magnitude.max():g}: check --mc, --from and --to"
        )
    return region_around(chosen.longitude, chosen.latitude)


def _completeness(known: Catalogue, request: FitRequest) -> tuple[float, list[str]]:
    """Return the magnitude of completeness, and what must be said of it."""
    if request.mc is not None:
        if not math.isfinite(request.mc):
            raise SettingsError(f"--mc {request.mc:g} is no magnitude; give a finite number")
        return request.mc, _tolerated(known, request.mc, request.allow_incomplete)
    counted = known.above(-math.inf)  # without what lies below a completeness that is stated
    smallest = (counted if len(counted) else known).magnitude.min()
    least = math.floor(float(smallest) * 10 + 1e-6) / 10
    if _is_complete(known, least):
        return least, []
    measured = _measured(known)
    told = f"mc {measured:g} was measured; the catalogue is not complete to its least, {least:g}"
    return measured, [told, *_tolerated(known, measured, request.allow_incomplete)]


def _is_complete(known: Catalogue, mc: float) -> bool:
    """Return whether the smallest magnitudes are about the most frequent ones."""
    chosen = known.above(mc)
    own = np.where(np.isfinite(chosen.completeness), chosen.completeness, mc)
    excess = chosen.magnitude - np.maximum(own, mc)
    return mc_maximum_curvature(excess, correction=0.0) <= _BELOW_MODE + 1e-6


def _measured(known: Catalogue) -> float:
    """Return the larger of two estimates: each alone is often too low."""
    found = [mc_maximum_curvature(known.magnitude), mc_b_stability(known.magnitude).mc]
    return round(float(np.nanmax(found)), 1)


def _tolerated(known: Catalogue, mc: float, is_allowed: bool) -> list[str]:
    try:
        refuse_below_completeness(known, mc)
    except DataError as error:
        if not is_allowed:
            raise DataError(f"{error}; or go on all the same with --allow-incomplete") from error
        return [f"fitted below completeness: {error}"]
    return []


def fit_prepared(
    name: str,
    prepared: PreparedFit,
    *,
    catalogue_name: str = "",
    catalogue_sha256: str = "",
) -> RateModel:
    """Return a fitted model that knows its catalogue's name and checksum.

    Parameters
    ----------
    name
        Of the kind; ``default`` is decided by whether there are places.

    Raises
    ------
    RegistryError
        If there is no such kind.
    DataError
        If it cannot be fitted to this catalogue.
    """
    kind = RATE_MODELS.load(kind_named(name, prepared.catalogue))
    with python_warnings.catch_warnings(record=True) as caught:
        python_warnings.simplefilter("always", category=RuntimeWarning)
        model = kind.fit(prepared.catalogue, prepared.settings)
    numeric = {f"in the fit: {one.message}" for one in caught}
    return with_info(
        model,
        catalogue=catalogue_name,
        catalogue_sha256=catalogue_sha256,
        warnings=(*prepared.warnings, *model.info.warnings, *sorted(numeric)),
    )


def with_info(model: Model, **changes: Any) -> Model:  # fields of ModelInfo
    """Return a fitted model whose ``info`` is changed in some fields."""
    record = cast(Any, model)  # each model is a dataclass, which the protocol cannot say
    return cast(Model, replace(record, info=replace(model.info, **changes)))


def fit_document(model: RateModel) -> dict[str, Any]:
    """Return what a fit found, as JSON can hold it.

    ``b`` is the b-value of its magnitudes, ``branching_ratio`` None where the model has none.
    """
    info = model.info
    document = info_document(info)
    per_event = info.log_likelihood / info.n_events if info.n_events else math.nan
    return {
        "model": info.kind,
        "parameters": document["parameters"],
        "standard_errors": document["standard_errors"],
        "log_likelihood": info.log_likelihood,
        "log_likelihood_per_event": per_event,
        "unit": "nats; intensity per day" + (" and km^2" if model.is_spatial else ""),
        "n": info.n_events,
        "from": moment_text(info.settings.start_days, info.is_synthetic),
        "to": moment_text(info.settings.end_days, info.is_synthetic),
        "mc": info.mc,
        "b": info.beta / math.log(10.0),
        "m_max": info.m_max,
        "branching_ratio": _branching_ratio(model),
        "region": None if info.region is None else info.region.to_document(),
        "area_km2": None if info.region is None else info.region.area_km2,
        "seconds": info.seconds,
        "cpu_s": info.cpu_s,
        "options": document["settings"]["options"],
        "seed": info.settings.seed,
        "is_synthetic": info.is_synthetic,
        "catalogue": info.catalogue,
        "catalogue_sha256": info.catalogue_sha256,
        "warnings": list(info.warnings),
    }


def moment_text(days: float, is_synthetic: bool) -> str:
    """Return ISO 8601 text of days after 1970; of synthetic catalogues the days themselves.

    Examples
    --------
    >>> moment_text(365.0, False), moment_text(365.0, True)
    ('1971-01-01T00:00:00.000000Z', '365')
    """
    return f"{days:.12g}" if is_synthetic else text_from_days(days)


def _branching_ratio(model: RateModel) -> float | None:
    """Return the mean number of direct aftershocks of an event, None where there are none."""
    info = model.info
    stated = info.parameters.get("branching_ratio")
    if stated is not None:
        return float(stated)
    parameters = getattr(model, "parameters", None)
    found = getattr(parameters, "branching_ratio", None)
    if found is None:
        found = getattr(model, "branching_ratio", None)
        if found is None:
            return None
        return float(found() if callable(found) else found)
    return float(found(info.beta, info.m_max) if callable(found) else found)
