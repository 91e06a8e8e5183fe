"""A mixture of models: intensities weighed by how well they told later events."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, ModelError, SettingsError
from mainshock.core.files import make_folder
from mainshock.forecast.base import FitSettings, ModelInfo, RateModel, as_history, targets_of
from mainshock.forecast.fit_options import fit_options
from mainshock.forecast.model_folder import info_document, open_model
from mainshock.forecast.registry import RATE_MODELS
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["POOLED", "PooledModel", "mixture_weights"]

FloatArray = NDArray[np.float64]
_SPATIAL, _TEMPORAL = "etas,boosted", "etas-temporal,reasenberg-jones"
_OPTIONS = {"members": "", "learning_share": 0.75}


def mixture_weights(log_intensity: FloatArray, integral: FloatArray) -> FloatArray:
    """Return the weights of a mixture that tell some events best; they are 0 or more, sum 1.

    Parameters
    ----------
    log_intensity
        Of each event by each member, shape ``(n_events, n_members)``.
    integral
        Of each member over the window of these events, ``(n_members,)``.

    Notes
    -----
    The log-likelihood ``sum ln(sum_k w_k lambda_k) - sum_k w_k I_k`` is concave in the weights; it
    is climbed with its gradient, the weights as softmax.

    Examples
    --------
    >>> mixture_weights(np.log([[1.0, 3.0], [1.0, 3.0]]), np.array([2.0, 2.0])).round(3).tolist()
    [0.0, 1.0]
    """
    from scipy.optimize import minimize  # noqa: PLC0415

    n, n_members = log_intensity.shape
    scaled = np.exp(log_intensity - log_intensity.max(axis=1, keepdims=True))

    def cost(free: FloatArray) -> tuple[float, FloatArray]:
        weights = np.exp(free - np.logaddexp.reduce(free))
        mixed = scaled @ weights
        value = np.log(mixed).sum() - weights @ integral
        slope = weights * ((scaled / mixed[:, None]).sum(axis=0) - integral)
        return -value / n, -(slope - weights * slope.sum()) / n

    found = minimize(
        cost, np.zeros(n_members), jac=True, method="L-BFGS-B", bounds=[(-12, 12)] * n_members
    )
    weights = np.exp(found.x - np.logaddexp.reduce(found.x))
    weights = np.where(weights < 1e-4, 0.0, weights)
    return np.asarray(weights / weights.sum())


@dataclass(frozen=True, slots=True, eq=False)
class PooledModel:
    """A mixture of fitted models.

    Parameters
    ----------
    info
        With the weight of each member as a parameter.
    members
        Fitted to the whole window, all with places or all without.
    """

    info: ModelInfo
    members: tuple[RateModel, ...]

    @property
    def weights(self) -> FloatArray:
        """Return the weight of each member, shape ``(n_members,)``."""
        return np.array([self.info.parameters[f"weight_{one.info.kind}"] for one in self.members])

    @property
    def is_spatial(self) -> bool:
        """Whether it knows places."""
        return self.members[0].is_spatial

    def log_intensity(self, targets: Catalogue, history: Catalogue) -> FloatArray:
        """Return ln intensity at each target, shape ``(n_targets,)``."""
        found = np.full(len(targets), -np.inf)
        for weight, member in zip(self.weights, self.members, strict=True):
            if weight > 0:
                found = np.logaddexp(found, np.log(weight) + member.log_intensity(targets, history))
        return found

    def integral(self, history: Catalogue, start_days: float, end_days: float) -> float:
        """Return the expected number of events in a window, given those in it."""
        parts = [
            weight * member.integral(history, start_days, end_days)
            for weight, member in zip(self.weights, self.members, strict=True)
            if weight > 0
        ]
        return float(sum(parts))

    def simulate(
        self, history: Catalogue, start_days: float, days: float, n: int, seed: int
    ) -> SimulatedCatalogues:
        """Return possible catalogues: of each member as many as its weight asks for.

        A catalogue is one member's throughout, so that it holds together; over many catalogues
        rates are those of the mixture.
        """
        rng = np.random.default_rng(np.random.SeedSequence([seed, 1]))
        chosen = rng.choice(len(self.members), n, p=self.weights)
        parts, numbers = [], []
        for number, member in enumerate(self.members):
            mine = np.flatnonzero(chosen == number)
            if len(mine):
                drawn = member.simulate(history, start_days, days, len(mine), seed + number)
                parts.append(drawn)
                numbers.append(mine[drawn.catalogue])
        return _joined(parts, numbers, n, seed, self.info)

    def save(self, folder: Path) -> None:
        """Write each member into a folder of its own."""
        for member in self.members:
            place = folder / "members" / member.info.kind
            make_folder(place)
            member.save(place)
            (place / "model.json").write_text(json.dumps(info_document(member.info)) + "\n")


def _joined(
    parts: Sequence[SimulatedCatalogues],
    numbers: Sequence[NDArray[np.int64]],
    n: int,
    seed: int,
    info: ModelInfo,
) -> SimulatedCatalogues:
    """Return catalogues of several models as one, in order of number and time."""
    number, when = np.concatenate(numbers), np.concatenate([one.time_days for one in parts])
    order = np.lexsort((when, number))
    columns: dict[str, NDArray[np.float32]] = {}
    for name in ("magnitude", "longitude", "latitude"):
        values = [getattr(one, name) for one in parts]
        if all(one is not None for one in values):
            columns[name] = np.concatenate(values)[order]
    return SimulatedCatalogues(
        start_days=parts[0].start_days,
        end_days=parts[0].end_days,
        n_catalogues=n,
        mc=info.mc,
        catalogue=number[order].astype(np.int32),
        time_days=when[order],
        seed=seed,
        model=f"{info.kind} {info.catalogue_sha256[:16]}".strip(),
        is_synthetic=info.is_synthetic,
        **columns,
    )


@dataclass(frozen=True, slots=True)
class _Pooled:
    """The kind: members, weighed on the later part of the window."""

    name: str

    def fit(self, catalogue: Catalogue, settings: FitSettings) -> PooledModel:
        """Fit members to the earlier part, weigh them on the later, fit them again to all.

        Options: ``members``, names with commas between; ``learning_share``, the part of the
        window that comes before the weighing.

        Raises
        ------
        DataError
            If a part of the window has too few events.
        SettingsError
            If an option is not known or makes no sense.
        """
        begun, cpu = time.perf_counter(), time.process_time()
        options = fit_options(self.name, settings, _OPTIONS)
        usual = _SPATIAL if settings.region is not None else _TEMPORAL
        names = [one.strip() for one in (options["members"] or usual).split(",")]
        share = float(options["learning_share"])
        if not 0.0 < share < 1.0 or len(set(names)) < len(names) or self.name in names:
            raise SettingsError(
                f"members {', '.join(names)} with a learning share of {share:g}; give different "
                "models, none of them an ensemble, and a share between 0 and 1"
            )
        plain = replace(settings, options={})
        middle = settings.start_days + share * (settings.end_days - settings.start_days)
        weights = _weights(catalogue, plain, names, middle)
        members = tuple(RATE_MODELS.load(one).fit(catalogue, plain) for one in names)
        return _made(self.name, catalogue, settings, members, weights, begun, cpu)

    def open(self, folder: Path, info: ModelInfo) -> PooledModel:
        """Return the mixture of a folder.

        Raises
        ------
        ModelError
            If a member is missing.
        """
        names = [one.removeprefix("weight_") for one in info.parameters]
        if not names:
            raise ModelError(f"{folder} names no members; fit the ensemble again")
        return PooledModel(info, tuple(open_model(folder / "members" / one) for one in names))


def _weights(
    catalogue: Catalogue, settings: FitSettings, names: Sequence[str], middle: float
) -> FloatArray:
    earlier, later = replace(settings, end_days=middle), replace(settings, start_days=middle)
    try:
        judged = targets_of(catalogue, later)
        fitted = [RATE_MODELS.load(one).fit(catalogue, earlier) for one in names]
    except DataError as error:
        raise DataError(f"members cannot be weighed: {error}") from error
    history = as_history(catalogue, settings, settings.end_days)
    told = np.column_stack([one.log_intensity(judged, history) for one in fitted])
    expected = [one.integral(history, middle, settings.end_days) for one in fitted]
    return mixture_weights(told, np.array(expected))


def _made(
    name: str,
    catalogue: Catalogue,
    settings: FitSettings,
    members: tuple[RateModel, ...],
    weights: FloatArray,
    begun: float,
    cpu: float,
) -> PooledModel:
    first = members[0].info
    if len({one.is_spatial for one in members}) > 1:
        raise SettingsError("members with places and members of times alone cannot be mixed")
    warned = [f"{one.info.kind}: {text}" for one in members for text in one.info.warnings]
    info = replace(
        first,
        kind=name,
        settings=settings,
        parameters={
            f"weight_{one.info.kind}": float(w) for one, w in zip(members, weights, strict=True)
        },
        standard_errors={},
        warnings=tuple(warned),
    )
    model = PooledModel(info, members)
    history = as_history(catalogue, settings, settings.end_days)
    targets = targets_of(catalogue, settings)
    value = float(model.log_intensity(targets, history).sum())
    value -= model.integral(history, settings.start_days, settings.end_days)
    done = replace(
        info,
        log_likelihood=value,
        seconds=time.perf_counter() - begun,
        cpu_s=time.process_time() - cpu,
    )
    return PooledModel(done, members)


POOLED = _Pooled("ensemble")
"""The kind ``ensemble``."""
