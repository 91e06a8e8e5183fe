"""CGM-GM as a kind of model: training to a folder, and opening what lies there."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mainshock import __version__
from mainshock.core.errors import MissingDependencyError, ModelError
from mainshock.core.files import make_folder
from mainshock.core.provenance import file_sha256
from mainshock.learn.models import ModelManifest, load_manifest, write_manifest
from mainshock.shaking.cgm_gm.card import card_text
from mainshock.shaking.cgm_gm.conditions import CONDITION_SETS
from mainshock.shaking.cgm_gm.model import CgmModel
from mainshock.shaking.cgm_gm.preparation import ComponentRecords, Scaling, read_component
from mainshock.shaking.cgm_gm.sampler import Sampler, Weights
from mainshock.shaking.cgm_gm.spectrogram import Transform
from mainshock.shaking.records import GroundMotionRecords
from mainshock.shaking.splits import split_by_event
from mainshock.shaking.training import ShakingModel, TrainingSettings

if TYPE_CHECKING:
    from mainshock.shaking.cgm_gm.training import HyperParameters

__all__ = ["CGM_GM", "NETWORK", "CgmArchitecture"]

NETWORK = "network.npz"
_VALIDATION_SHARE = 0.1  # of the events
_LEGACY_SHARE = 0.2  # of the records
_EPOCHS = 200
_ROUNDS, _LEGACY_ROUNDS = 100, 500  # of Griffin and Lim's iterations


class CgmArchitecture:
    """Trains and opens CGM-GM."""

    def train(
        self,
        records: GroundMotionRecords,
        folder: Path,
        settings: TrainingSettings,
        hyper_parameters: "HyperParameters | None" = None,
    ) -> None:
        """Fit to component E of records and write a model folder.

        A tenth of the events is kept apart: scales are fitted without them, and the weights with
        the lowest loss on them are kept. With ``settings.is_legacy`` a fifth of the *records* is
        kept apart, scales are fitted to all, and the lowest loss on the training records counts.

        Parameters
        ----------
        settings
            ``profile`` is of no effect: the network trains on a processor.
        hyper_parameters
            By default the published ones.

        Raises
        ------
        DataError
            If records differ in rate, length or start.
        MissingDependencyError
            If torch is not installed.
        """
        try:
            from mainshock.shaking.cgm_gm.training import HyperParameters  # noqa: PLC0415 - extra
        except ImportError as error:
            raise MissingDependencyError(
                "training cgm-gm needs torch; pip install 'mainshock[train]'"
            ) from error
        chosen = hyper_parameters or HyperParameters(epochs=settings.epochs or _EPOCHS)
        component = read_component(records)
        transform = Transform.of(
            component.sampling_rate_hz,
            component.waveforms.shape[1],
            is_legacy=settings.is_legacy,
        )
        weights, scaling = _fit(records, component, transform, settings, chosen)
        make_folder(folder)
        np.savez(folder / NETWORK, allow_pickle=False, **weights)
        _describe(folder, records, settings, chosen, _use(component, transform, scaling))

    def open(self, folder: Path) -> ShakingModel:
        """Return the model in a folder; needs no torch.

        Raises
        ------
        ModelError
            If the folder holds no such model.
        """
        manifest = load_manifest(folder)
        settings = manifest.settings
        scaling = Scaling.of_dict(settings)
        try:
            is_legacy = bool(settings["is_legacy"])
            rate_hz, start_s = settings["sampling_rate_hz"], settings["start_rel_origin_s"]
            transform = Transform.of(rate_hz, settings["n_samples"], is_legacy=is_legacy)
            is_synthetic = bool(settings["is_synthetic"])
            with np.load(folder / NETWORK, allow_pickle=False) as stored:
                weights = dict(stored)
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise ModelError(f"{folder} holds no usable cgm-gm: {error!r}") from error
        sampler = Sampler(weights, transform.n_frames, is_legacy=is_legacy)
        start = float("nan") if start_s is None else float(start_s)
        rounds = _LEGACY_ROUNDS if is_legacy else _ROUNDS
        model = CgmModel(sampler, transform, scaling, float(rate_hz), start, n_iterations=rounds)
        return ShakingModel(manifest.name, model, model, is_synthetic)


CGM_GM = CgmArchitecture()


def _fit(
    records: GroundMotionRecords,
    component: ComponentRecords,
    transform: Transform,
    settings: TrainingSettings,
    chosen: "HyperParameters",
) -> tuple[Weights, Scaling]:
    """Return weights, and the scaling that was fitted to the records trained on."""
    from mainshock.shaking.cgm_gm.training import Examples, fit, waveform_loss  # noqa: PLC0415

    logarithms, phase = transform.analyse(component.waveforms)
    if settings.is_legacy:
        shuffled = np.random.default_rng(settings.seed).permutation(len(records))
        train = np.sort(shuffled[round(_LEGACY_SHARE * len(records)) :])
        validation, scaled_on = train[:0], np.arange(len(records))
    else:
        shares = (1.0 - _VALIDATION_SHARE, _VALIDATION_SHARE)
        train, validation = split_by_event(records.scenarios, settings.seed, shares)
        scaled_on = train
    scaling = Scaling.fitted(
        records.scenarios.take(scaled_on), logarithms[scaled_on], settings.condition
    )
    conditions = scaling.scaled_conditions(records.scenarios).astype(np.float32)
    scaled = scaling.scaled(logarithms)
    parts = (conditions, scaled, phase, component.waveforms)
    settings.say(f"{len(train)} records to train on, {len(validation)} to choose the epoch by")
    weights = fit(
        Examples(*(one[train] for one in parts)),
        Examples(*(one[validation] for one in parts)) if len(validation) else None,
        waveform_loss(transform, scaling),
        chosen,
        seed=settings.seed,
        is_legacy=settings.is_legacy,
        say=settings.say,
    )
    return weights, scaling


def _use(component: ComponentRecords, transform: Transform, scaling: Scaling) -> dict[str, Any]:
    """Return what inference needs beside the weights."""
    start_s = component.start_rel_origin_s
    return {
        "architecture": "cgm-gm",
        "component": "E",
        "is_legacy": transform.is_legacy,
        "n_samples": transform.n_samples,
        "sampling_rate_hz": component.sampling_rate_hz,
        "start_rel_origin_s": start_s if np.isfinite(start_s) else None,
        **scaling.as_dict(),
    }


def _describe(
    folder: Path,
    records: GroundMotionRecords,
    settings: TrainingSettings,
    chosen: "HyperParameters",
    use: Mapping[str, Any],
) -> None:
    kind = "baseline" if settings.condition == 4 else "gm"
    name = f"cgm-{kind}{'-legacy' if settings.is_legacy else ''}"
    card = card_text(
        name=name,
        conditions=CONDITION_SETS[settings.condition],
        condition=settings.condition,
        n_records=len(records),
        epochs=chosen.epochs,
        seed=settings.seed,
        is_synthetic=records.is_synthetic,
        is_legacy=settings.is_legacy,
    )
    (folder / "card.md").write_text(card, encoding="utf-8")
    write_manifest(
        folder,
        ModelManifest(
            name=name,
            version=__version__,
            task="shaking",
            description="Conditional generative ground motion of one component (CGM-GM)",
            licence="GPL-3.0-or-later",
            files={NETWORK: file_sha256(folder / NETWORK)},
            settings={**use, "is_synthetic": records.is_synthetic},
            training={
                "data": records.path.name,
                "data_sha256": file_sha256(records.path),
                "n_records": len(records),
                "seed": settings.seed,
                "hyper_parameters": asdict(chosen),
            },
        ),
    )
