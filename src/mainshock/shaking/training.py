"""Training models of shaking from records, and opening what was trained."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from zipfile import BadZipFile

from mainshock.core.errors import ModelError, RegistryError
from mainshock.learn.models import find_model, is_packaged, load_manifest
from mainshock.shaking.base import MotionModel, WaveformModel
from mainshock.shaking.registry import ARCHITECTURES, MOTION_MODELS

if TYPE_CHECKING:  # pandas and HDF5, which a process that only predicts need not carry
    from mainshock.shaking.records import GroundMotionRecords

__all__ = ["DEFAULT_MODEL", "Architecture", "ShakingModel", "TrainingSettings", "open_model"]

DEFAULT_MODEL = "shaking"  # name of the packaged model


def _ignore(_said: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a model is trained.

    Parameters
    ----------
    seed
        Of everything drawn.
    profile
        ``cpu`` (20 minutes on two cores) or ``gpu`` (larger network).
    epochs
        Passes through the records; None for the architecture's own number.
    condition
        CGM-GM's set of conditions, 0 to 5; 4 is CGM-baseline.
    is_legacy
        CGM-GM as released, with its defects.
    say
        Called with a line of progress.
    """

    seed: int = 0
    profile: str = "cpu"
    epochs: int | None = None
    condition: int = 2
    is_legacy: bool = False
    say: Callable[[str], None] = _ignore


@dataclass(frozen=True, slots=True, eq=False)
class ShakingModel:
    """A trained model, open.

    Parameters
    ----------
    name
        As in its manifest; of a folder of one's own, the folder's.
    motions
        Distribution of measures.
    waveforms
        Accelerograms; None for a model that makes none.
    is_synthetic
        It was trained on made-up records: every output says so.
    origin
        Longitude and latitude that its training table counted kilometres from.
    """

    name: str
    motions: MotionModel
    waveforms: WaveformModel | None
    is_synthetic: bool
    origin: tuple[float, float] = (0.0, 0.0)


class Architecture(Protocol):
    """A kind of model that can be trained and opened."""

    def train(
        self, records: "GroundMotionRecords", folder: Path, settings: TrainingSettings
    ) -> None:
        """Fit to records and write a model folder with manifest and card.

        The manifest's settings hold ``architecture`` (the registered name) and
        ``is_synthetic`` (whether the records were made up).
        """
        ...

    def open(self, folder: Path) -> ShakingModel:
        """Return the model in a folder; needs no torch."""
        ...


def open_model(name: str | Path) -> ShakingModel:
    """Return a model, whoever made it.

    Parameters
    ----------
    name
        ``default`` or another packaged model; a folder of a trained one; a published one's
        registered name, such as ``bssa14``; or the ``.npz`` of an ergodic regression.

    Raises
    ------
    ModelError
        If there is no such model, or it is no model of shaking.
    """
    if str(name) in MOTION_MODELS:
        return ShakingModel(str(name), MOTION_MODELS.load(str(name))(), None, is_synthetic=False)
    if Path(name).suffix == ".npz":
        return _open_regression(Path(name))
    try:
        folder = find_model(DEFAULT_MODEL if str(name) == "default" else name)
    except RegistryError as error:
        raise ModelError(f"{error}; published ones: {', '.join(MOTION_MODELS.names())}") from error
    manifest = load_manifest(folder)
    architecture = manifest.settings.get("architecture")
    if not isinstance(architecture, str) or architecture not in ARCHITECTURES:
        raise ModelError(
            f"{folder} holds {manifest.name!r}, a model of {manifest.task}; give one of shaking, "
            f"whose architecture is {' or '.join(ARCHITECTURES.names())}"
        )
    try:
        opened = ARCHITECTURES.load(architecture).open(folder)
    except (KeyError, TypeError, ValueError, OSError, BadZipFile) as error:
        raise ModelError(f"{folder} cannot be opened ({error!r}); train it again") from error
    return opened if is_packaged(folder) else replace(opened, name=folder.resolve().name)


def _open_regression(path: Path) -> ShakingModel:
    from mainshock.shaking.ergodic import ErgodicMotion  # noqa: PLC0415 - seldom wanted

    return ShakingModel(path.stem, ErgodicMotion.load(path), None, is_synthetic=False)
