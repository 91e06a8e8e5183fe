"""The residual model: a space-time ETAS model times a bounded factor that networks give."""

import math
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import ModelError, SettingsError
from mainshock.forecast.base import FitSettings, ModelInfo
from mainshock.forecast.etas.kinds import ETAS
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.fit_options import fit_options
from mainshock.forecast.residual.evidence import Evidence, evidence_of
from mainshock.forecast.residual.evidence_kernels import EVIDENCE_NAMES
from mainshock.forecast.residual.network import Correction
from mainshock.forecast.residual.rows import training_rows
from mainshock.forecast.residual.samples import Sampling, sample_intensity
from mainshock.forecast.residual.training import LearningSettings, Learnt, learn, learn_all
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["RESIDUAL", "ResidualEtas", "ResidualKind"]

FloatArray = NDArray[np.float64]
_FILE = "residual.npz"
_NAMES = ("networks", "hidden", "bound", "most_steps")
_LATER_SHARE = 0.25  # of the window, on which the number of steps is chosen
_MOST_BOUND = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class ResidualEtas:
    """An ETAS model whose ln intensity is corrected by what sequences did so far.

    Parameters
    ----------
    info
        What it is.
    base
        The ETAS model.
    correction
        Of its ln intensity.
    """

    info: ModelInfo
    base: SpaceTimeEtas
    correction: Correction
    _kept: dict[str, Any] = field(init=False, repr=False, default_factory=dict)  # last evidence

    @property
    def is_spatial(self) -> bool:
        """Whether it knows places: yes."""
        return True

    def evidence(self, history: Catalogue) -> Evidence:
        """Return past events as the ETAS model sees them; the last answer is kept."""
        kept: Evidence | None = self._kept.get("evidence")
        if kept is None or kept.history is not history:
            kept = evidence_of(self.base, history)
            self._kept["evidence"] = kept
        return kept

    def log_correction(
        self,
        targets: Catalogue,
        history: Catalogue,
        log_intensity: FloatArray,
        background_share: FloatArray,
    ) -> FloatArray:
        """Return the correction of ln intensity at targets where the ETAS model says so much."""
        if self.correction.is_none or len(targets) == 0:
            return np.zeros(len(targets))
        evidence = self.evidence(history)
        return self.correction(evidence.at(targets, log_intensity, background_share))

    def log_intensity(self, targets: Catalogue, history: Catalogue) -> FloatArray:
        """Return ln intensity at each target, events a day and km^2, shape ``(n_targets,)``."""
        said = self.base.log_intensity(targets, history)
        share = self.base.background_probability(targets, history)
        return said + self.log_correction(targets, history, said, share)

    def integral(self, history: Catalogue, start_days: float, end_days: float) -> float:
        """Return the intensity integrated over the region and a window.

        That of the ETAS model, plus what the correction adds at moments and places drawn from it:
        20 for each event expected, 32 a day at least. The standard error is about 5 % for a quiet
        day and 0.2 % for a thousand events; sums over windows that follow each other add up.
        """
        return float(self.integrals(history, np.array([start_days, end_days]))[0])

    def integrals(self, history: Catalogue, edges_days: FloatArray) -> FloatArray:
        """Return the integrals over spans that follow each other, ``(n_edges - 1,)``."""
        known = history.between(-np.inf, float(edges_days[-1]))
        spans = zip(edges_days[:-1].tolist(), edges_days[1:].tolist(), strict=True)
        plain = np.array([self.base.integral(known, start, end) for start, end in spans])
        if self.correction.is_none:
            return plain
        start, end = float(edges_days[0]), float(edges_days[-1])
        sampling = Sampling(seed=self.info.settings.seed)
        sample = sample_intensity(self.base, known, start, end, sampling)
        factor = self.log_correction(
            sample.targets, history, sample.log_intensity, sample.background_share
        )
        span = np.searchsorted(edges_days, sample.targets.time_days, side="right") - 1
        added = sample.weight * np.expm1(factor)
        return np.asarray(plain + np.bincount(np.clip(span, 0, None), added, len(plain)))

    def simulate(
        self, history: Catalogue, start_days: float, days: float, n: int, seed: int
    ) -> SimulatedCatalogues:
        """Return possible catalogues of a window, given the events before it.

        Events are proposed by the ETAS model at the largest intensity that the correction allows,
        in order of time, and kept with the probability that the correction gives them.
        """
        from mainshock.forecast.residual.simulation import simulate  # noqa: PLC0415 - it compiles

        return simulate(self.info, self.base, self.correction, history, start_days, days, n, seed)

    def save(self, folder: Path) -> None:
        """Write the ETAS model and the networks into a folder."""
        self.base.save(folder)
        arrays: dict[str, Any] = self.correction._asdict()
        np.savez_compressed(folder / _FILE, evidence=np.array(EVIDENCE_NAMES), **arrays)


@dataclass(frozen=True, slots=True)
class ResidualKind:
    """Fits and opens ETAS models with a learnt correction.

    Options of a fit: ``networks``, ``hidden``, ``bound``, ``most_steps``; others are those of the
    ETAS model.
    """

    def fit(self, catalogue: Catalogue, settings: FitSettings) -> ResidualEtas:
        """Fit the ETAS model, then networks to what it leaves, both inside the window.

        Raises
        ------
        DataError
            If there are too few targets, or the events have no places.
        SettingsError
            If an option is unknown or out of range.
        """
        begun, cpu = time.perf_counter(), time.process_time()
        start, end = settings.start_days, settings.end_days
        learning, base = _begun(catalogue, settings)
        rows = training_rows(base, catalogue, end)
        learnt = learn_all(rows, end - _LATER_SHARE * (end - start), learning)
        return _model(base, settings, learnt, (begun, cpu))

    def fit_until(
        self, catalogue: Catalogue, settings: FitSettings, until_days: float
    ) -> ResidualEtas:
        """Fit to the window, and choose the number of steps on the time from its end to a day.

        Errors as of :meth:`fit`; neither the ETAS model nor the networks are trained on that time.
        """
        begun, cpu = time.perf_counter(), time.process_time()
        learning, base = _begun(catalogue, settings)
        rows, end = training_rows(base, catalogue, until_days), settings.end_days
        learnt = learn(rows.between(-np.inf, end), rows.between(end, np.inf), learning)
        return _model(base, settings, learnt, (begun, cpu))

    def open(self, folder: Path, info: ModelInfo) -> ResidualEtas:
        """Return the model that was saved.

        Raises
        ------
        ModelError
            If a file is missing or damaged, or made by another version.
        """
        path = folder / _FILE
        base = ETAS.open(folder, replace(info, kind="etas"))
        try:
            with np.load(path, allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
            correction = Correction.from_arrays(arrays)
            evidence = tuple(arrays["evidence"].tolist())
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"{path} cannot be read ({error}); fit the model again") from error
        if evidence != EVIDENCE_NAMES:
            raise ModelError(f"{path} asks for other evidence; fit the model again")
        return ResidualEtas(info, base, correction)


RESIDUAL = ResidualKind()
"""Space-time ETAS with a learnt correction."""


def _learning(settings: FitSettings) -> LearningSettings:
    usual = LearningSettings(seed=settings.seed)
    defaults = {name: getattr(usual, name) for name in _NAMES}
    given = fit_options("residual", settings, defaults)
    whole = {name: int(given[name]) for name in ("networks", "hidden", "most_steps")}
    bound = float(given["bound"])
    if min(whole.values()) < 1 or not 0.0 < bound <= _MOST_BOUND:
        raise SettingsError(
            f"options {given} are out of range; give whole numbers from 1 on and a bound above 0 "
            f"and at most {_MOST_BOUND:g}"
        )
    return replace(usual, bound=bound, **cast("dict[str, Any]", whole))


def _begun(catalogue: Catalogue, settings: FitSettings) -> tuple[LearningSettings, SpaceTimeEtas]:
    """Return how networks are trained, and the ETAS model."""
    own = {name: one for name, one in settings.options.items() if name in _NAMES}
    rest = {name: one for name, one in settings.options.items() if name not in _NAMES}
    learning = _learning(replace(settings, options=own))
    return learning, ETAS.fit(catalogue, replace(settings, options=rest))


def _model(
    base: SpaceTimeEtas, settings: FitSettings, learnt: Learnt, begun: tuple[float, float]
) -> ResidualEtas:
    given = replace(base.info.settings, options=settings.options)
    info = replace(
        _info(base, given, learnt),
        seconds=time.perf_counter() - begun[0],
        cpu_s=time.process_time() - begun[1],
    )
    return ResidualEtas(info, base, learnt.correction)


def _info(base: SpaceTimeEtas, settings: FitSettings, learnt: Learnt) -> ModelInfo:
    said = {
        "correction_steps": float(learnt.steps),
        "correction_bound": learnt.correction.bound,
        "correction_gain": learnt.gain,
        "correction_gain_later": learnt.gain_later,
    }
    info = base.info
    warnings = info.warnings
    if learnt.steps == 0:
        warnings = (*warnings, "the later part of the window gains nothing: this is plain ETAS")
    return replace(
        info,
        kind="residual",
        settings=settings,
        log_likelihood=info.log_likelihood + learnt.gain * info.n_events,
        parameters={**info.parameters, **said},
        standard_errors={**info.standard_errors, **dict.fromkeys(said, math.nan)},
        warnings=warnings,
    )
