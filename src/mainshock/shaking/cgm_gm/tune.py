"""Searches CGM-GM's published space of hyper-parameters, judged by the discriminative score."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from mainshock.core.errors import MissingDependencyError
from mainshock.learn.shared_study import one_at_a_time, open_study
from mainshock.shaking.cgm_gm.architecture import CGM_GM
from mainshock.shaking.cgm_gm.model import CgmModel
from mainshock.shaking.cgm_gm.preparation import read_component
from mainshock.shaking.records import GroundMotionRecords
from mainshock.shaking.splits import split_by_event
from mainshock.shaking.training import TrainingSettings

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

__all__ = ["SPACE", "Tuned", "score_model", "tune"]

SPACE: Mapping[str, tuple[float, ...]] = {
    "learning_rate": (6e-4, 7e-4, 8e-4),
    "n_latent": (8, 16, 32),
    "n_prior": (16, 32),
    "n_embedded": (16, 32),
    "beta": (0.01, 0.02, 0.04, 0.05, 0.06, 0.08, 0.1, 0.2),
    "alpha": (0.01, 0.05, 0.1),
    "weight_decay": (1e-6, 5e-6, 1e-5),
    "batch_size": (128, 256),
}
_JUDGED_SHARE = 0.2  # of the events
_N_REPEATS = 3  # networks that judge a trial; the published score takes 10


@dataclass(frozen=True, slots=True)
class Tuned:
    """The best of all trials.

    Parameters
    ----------
    parameters
        As in :class:`~mainshock.shaking.cgm_gm.training.HyperParameters`.
    score
        Discriminative, 0 (best) to 0.5, on events that no trial was trained on.
    trials
        Parameters and score of each trial.
    """

    parameters: Mapping[str, Any]
    score: float
    trials: tuple[Mapping[str, Any], ...]


def tune(
    records: GroundMotionRecords,
    folder: Path,
    settings: TrainingSettings,
    *,
    n_trials: int = 30,
    n_iterations: int = 2000,
    storage: str | None = None,
) -> Tuned:
    """Return the hyper-parameters whose motions are hardest to tell from recorded ones.

    Parameters
    ----------
    records
        A fifth of their events is kept apart to judge by.
    folder
        Where the best model is written.
    settings
        Of each training.
    n_trials
        Models that are trained; the search is by Optuna's tree-structured Parzen estimator.
    n_iterations
        Batches that the judging network is trained on.
    storage
        A journal file, or the address of a database that Optuna knows, such as
        ``sqlite:///study.db``. Processes that name the same one search together: each trains
        until the study has ``n_trials`` in all, and the best model of all is kept. They need the
        same records, settings and folder.

    Raises
    ------
    MissingDependencyError
        If Optuna or torch is not installed.
    """
    optuna = _optuna()
    train, judged = split_by_event(
        records.scenarios, settings.seed, (1.0 - _JUDGED_SHARE, _JUDGED_SHARE)
    )
    study = open_study(optuna, storage, settings.seed)

    def score(trial: "Trial", place: Path) -> float:
        one = _trial(
            records.take(train), records.take(judged), place, settings, trial, n_iterations
        )
        settings.say(f"trial {trial.number + 1}/{n_trials}: score {one:.3f}, {trial.params}")
        return one

    if len(study.trials) < n_trials:
        enough = optuna.study.MaxTrialsCallback(n_trials, states=None)
        _search(study, score, folder, n_trials, enough)
    done = [one for one in study.trials if one.value is not None]
    trials = tuple({**one.params, "score": one.value} for one in done)
    return Tuned(study.best_params, float(study.best_value), trials)


def _search(
    study: "Study",
    score: Callable[["Trial", Path], float],
    folder: Path,
    n_trials: int,
    enough: Callable[["Study", "FrozenTrial"], None],
) -> None:
    """Train until it is enough; the folder holds the best model of all processes."""
    with TemporaryDirectory() as scratch:

        def objective(trial: "Trial") -> float:
            return score(trial, Path(scratch) / str(trial.number))

        def keep(study: "Study", trial: "FrozenTrial") -> None:
            place = Path(scratch) / str(trial.number)
            with one_at_a_time(folder):
                if study.best_trial.number == trial.number:
                    shutil.copytree(place, folder, dirs_exist_ok=True)
            shutil.rmtree(place)

        study.optimize(objective, n_trials=n_trials, callbacks=[keep, enough])


def _optuna() -> Any:
    try:
        import optuna  # noqa: PLC0415 - an extra
        import torch  # noqa: F401, PLC0415 - told before the first trial
    except ImportError as error:
        raise MissingDependencyError(
            "tuning needs Optuna and torch; pip install 'mainshock[train]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _trial(
    train: GroundMotionRecords,
    judged: GroundMotionRecords,
    folder: Path,
    settings: TrainingSettings,
    trial: "Trial",
    n_iterations: int,
) -> float:
    """Train one model and return its score."""
    from mainshock.shaking.cgm_gm.training import HyperParameters  # noqa: PLC0415 - needs torch

    given: dict[str, Any] = {
        name: trial.suggest_categorical(name, values) for name, values in SPACE.items()
    }
    if settings.epochs is not None:
        given["epochs"] = settings.epochs
    CGM_GM.train(train, folder, settings, HyperParameters(**given))
    model = CGM_GM.open(folder).waveforms
    if not isinstance(model, CgmModel):
        raise TypeError(f"{folder} holds {type(model).__name__}, not a CGM-GM")
    return score_model(model, judged, settings, n_iterations)


def score_model(
    model: CgmModel, judged: GroundMotionRecords, settings: TrainingSettings, n_iterations: int
) -> float:
    """Return the discriminative score of a model on records that it was not trained on.

    With ``settings.is_legacy`` generated waveforms get the phase of the records and pairs are
    split at random, as published; by default the phase is the model's own and no event is on
    both sides.
    """
    from mainshock.shaking.cgm_gm.discriminative import recurrent_score  # noqa: PLC0415

    recorded = read_component(judged).waveforms
    rng = np.random.default_rng(settings.seed)
    if settings.is_legacy:
        made = model.component_with_phase(judged.scenarios, recorded, rng)
    else:
        made = model.component(judged.scenarios, rng)
    spectrograms = [model.transform.analyse(one)[0] for one in (recorded, made)]
    groups = None if settings.is_legacy else judged.scenarios.event
    return recurrent_score(
        spectrograms[0],
        spectrograms[1],
        groups,
        n_iterations=n_iterations,
        n_repeats=_N_REPEATS,
        seed=settings.seed,
    )
