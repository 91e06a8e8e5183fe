"""Trains the flow and the median model that it needs, and opens what was trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.core.files import make_folder
from mainshock.learn.models import load_manifest
from mainshock.shaking.base import MotionModel, Motions
from mainshock.shaking.flow.description import MEDIAN, describe
from mainshock.shaking.flow.stored import INPUT, NETWORK, OUTPUT, open_flow
from mainshock.shaking.measures import MEASURES, place_of
from mainshock.shaking.scenarios import Scenarios
from mainshock.shaking.training import ShakingModel, TrainingSettings

if TYPE_CHECKING:  # pandas and HDF5, which only training needs
    from mainshock.shaking.records import GroundMotionRecords

__all__ = ["FLOW", "FlowArchitecture", "SomeMeasures"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SomeMeasures:
    """A model of motions that shows only some of the measures it gives."""

    motions: MotionModel
    measures: tuple[str, ...]

    def predict(self, scenarios: Scenarios, measures: Sequence[str] | None = None) -> Motions:
        """Return the distribution of measures for each row."""
        return self.motions.predict(scenarios, place_of(self.measures, measures)[0])

    def sample(
        self,
        scenarios: Scenarios,
        n: int,
        rng: np.random.Generator,
        measures: Sequence[str] | None = None,
    ) -> FloatArray:
        """Return realisations, ``(n_rows, n, n_measures)``, natural logarithms."""
        return self.motions.sample(scenarios, n, rng, place_of(self.measures, measures)[0])


class FlowArchitecture:
    """A non-ergodic median and flow matching.

    An :class:`~mainshock.shaking.training.Architecture`.
    """

    def train(
        self, records: "GroundMotionRecords", folder: Path, settings: TrainingSettings
    ) -> None:
        """Fit to records and write a model folder.

        Raises
        ------
        SettingsError
            If there is no such profile.
        DataError
            If the records are too few, or do not say when they start.
        """
        # torch is needed here alone
        from threadpoolctl import threadpool_limits  # noqa: PLC0415

        from mainshock.learn.onnx_export import export_onnx  # noqa: PLC0415
        from mainshock.shaking.flow.fitting import fit_motions, fit_parts  # noqa: PLC0415
        from mainshock.shaking.flow.training import PROFILES, train_flow  # noqa: PLC0415
        from mainshock.shaking.flow.uniform import read_uniform  # noqa: PLC0415

        if settings.profile not in PROFILES:
            raise SettingsError(
                f"no profile {settings.profile!r}; give one of {', '.join(PROFILES)}"
            )
        profile = PROFILES[settings.profile]
        make_folder(folder)
        settings.say(f"reading {len(records)} records")
        uniform = read_uniform(records)
        with threadpool_limits(limits=1):  # more threads wait for each other on small matrices
            motions = fit_motions(records, uniform, settings.say)
            motions.save(make_folder(folder / MEDIAN))
            parts, codes, conditions = fit_parts(
                records, uniform, motions, profile.n_latent, settings.seed
            )
        epochs = profile.epochs if settings.epochs is None else settings.epochs
        settings.say(f"training the flow on {len(codes)} codes, {epochs} epochs")
        with TemporaryDirectory() as logs:
            network = train_flow(codes, conditions, profile, epochs, settings.seed, Path(logs))
        moment = np.full((len(codes), 1), 0.5, dtype=np.float32)
        example = np.concatenate([codes, moment, conditions], axis=1)[:16]
        export_onnx(network, folder / NETWORK, example, input_name=INPUT, output_name=OUTPUT)
        describe(records, folder, settings, parts, epochs)

    def open(self, folder: Path) -> ShakingModel:
        """Return the model in a folder."""
        from mainshock.shaking.motion import NonErgodicMotion  # noqa: PLC0415

        manifest = load_manifest(folder)
        motions = NonErgodicMotion.open(folder / MEDIAN)
        shown = tuple(one for one in MEASURES if one in motions.measures)
        return ShakingModel(
            manifest.name,
            SomeMeasures(motions, shown),
            open_flow(folder, motions),
            is_synthetic=bool(manifest.settings["is_synthetic"]),
            origin=tuple(manifest.settings["local_origin"]),
        )


FLOW = FlowArchitecture()
