"""Folders of models for tables: JSON and plain arrays, nothing that runs when it is opened."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, ModelError
from mainshock.core.files import make_folder, replacing
from mainshock.core.provenance import file_sha256
from mainshock.forecast.selection.calibrators import Calibrator
from mainshock.forecast.selection.encoding import TableEncoding
from mainshock.forecast.selection.predictors import Predictor, predictor_from
from mainshock.forecast.selection.tabular_scores import Spread
from mainshock.forecast.selection.user_table import CLASSIFY, texts_of, times_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TabularModel", "open_tabular", "save_tabular"]

FloatArray = NDArray[np.float64]
_FORMAT = 1
_KIND = "forecast-table"


@dataclass(frozen=True, slots=True, eq=False)
class TabularModel:
    """A fitted model of a user's own table.

    Parameters
    ----------
    task
        ``classify``, ``count`` or ``regress``.
    classes
        Their names, in the order of the probabilities.
    encoding, predictor, calibrator, spread
        Its parts, in the order in which they are used.
    reference
        Shares of the classes, or the mean, in the training.
    target, time, group
        Names of columns; ``""`` where there is none.
    gap
        How far ahead the target looks, in the unit of time.
    trained_until
        Time of the last row of the training.
    about
        Kind of model, options, versions: whatever a reader may want.
    """

    task: str
    classes: tuple[str, ...]
    encoding: TableEncoding
    predictor: Predictor
    calibrator: Calibrator
    spread: Spread
    reference: FloatArray
    target: str
    time: str
    group: str
    gap: float
    trained_until: float
    about: Mapping[str, Any] = field(default_factory=dict)  # JSON

    def said(self, features: "pd.DataFrame") -> FloatArray:
        """Return probabilities ``(n, n_classes)``, or expected values ``(n, 1)``.

        Raises
        ------
        DataError
            If a column is missing.
        """
        series = None
        if self.group and self.group in features:
            series = texts_of(features[self.group])
        found = self.predictor.predict(self.encoding.matrix(features, series))
        return self.calibrator(found) if self.task == CLASSIFY else found

    def apply(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """Return what it says of rows, beside what was normal in the training.

        Of two classes ``probability`` is that of the second one in order; of more,
        ``probability_CLASS`` of each. Counts and values have ``expected`` and their 90 % interval
        ``low90``, ``high90``. ``reference_...`` is the mean of the training, ``n_outside`` the
        number of features outside what the training held. Times and series are carried along.

        Raises
        ------
        DataError
            If a column is missing or there is no row.
        """
        import pandas as pd  # noqa: PLC0415

        if len(frame) == 0:
            raise DataError("the table has no rows")
        said = self.said(frame)
        told: dict[str, Any] = {
            name: frame[name].to_numpy()
            for name in (self.time, self.group)
            if name and name in frame
        }
        if self.task != CLASSIFY:
            low, high = self.spread.interval(said[:, 0], self.task)
            told |= {"expected": said[:, 0], "low90": low, "high90": high}
            told["reference_expected"] = float(self.reference[0])
        elif len(self.classes) == 2:
            told["probability"] = said[:, 1]
            told["reference_probability"] = float(self.reference[1])
        else:
            told |= {f"probability_{name}": said[:, i] for i, name in enumerate(self.classes)}
        told["n_outside"] = self.encoding.n_outside(frame)
        return pd.DataFrame(told)

    def n_known(self, frame: "pd.DataFrame") -> int:
        """Return how many rows are no later than the training: of them it forecasts nothing."""
        if not self.time or self.time not in frame:
            return 0
        moments, _ = times_of(frame[self.time], self.time)
        return int((moments <= self.trained_until).sum())


def save_tabular(folder: Path, model: TabularModel) -> None:
    """Write a model into a folder: ``model.json`` and ``arrays.npz``.

    Raises
    ------
    SourceError
        If it cannot be written.
    """
    make_folder(folder)
    with replacing(folder / "arrays.npz") as written, written.open("wb") as stream:
        arrays: dict[str, Any] = dict(model.predictor.arrays())
        np.savez_compressed(stream, **arrays)
    plain = ("task", "target", "time", "group", "gap", "trained_until")
    document = {
        "format": _FORMAT,
        "kind": _KIND,
        **{name: getattr(model, name) for name in plain},
        "classes": list(model.classes),
        "reference": model.reference.tolist(),
        "encoding": model.encoding.to_document(),
        "predictor": model.predictor.document(),
        "calibrator": model.calibrator.to_document(),
        "spread": asdict(model.spread),
        "about": dict(model.about),
        "arrays_sha256": file_sha256(folder / "arrays.npz"),
    }
    with replacing(folder / "model.json") as written:
        written.write_text(json.dumps(document, indent=1) + "\n")


def open_tabular(folder: str | Path) -> TabularModel:
    """Return the model in a folder that ``forecast select --table`` wrote.

    Raises
    ------
    ModelError
        If there is none, or it is damaged.
    """
    folder = Path(folder)
    if not (folder / "model.json").is_file():
        raise ModelError(f"{folder} holds no model; make one with `forecast select --table`")
    try:
        document = json.loads((folder / "model.json").read_text())
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}/model.json cannot be read ({error}); select again") from error
    if document.get("kind") != _KIND or document.get("format") != _FORMAT:
        raise ModelError(
            f"{folder} holds no model for tables of this version; name the --out folder of "
            "`forecast select --table`"
        )
    if file_sha256(folder / "arrays.npz") != document["arrays_sha256"]:
        raise ModelError(f"{folder}/arrays.npz is not the file that was saved; select again")
    with np.load(folder / "arrays.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    try:
        return _model(document, arrays)
    except (KeyError, TypeError) as error:
        raise ModelError(f"{folder}/model.json is damaged ({error!r}); select again") from error


def _model(document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> TabularModel:
    plain = ("task", "target", "time", "group", "gap", "trained_until", "about")
    return TabularModel(
        **{name: document[name] for name in plain},
        classes=tuple(document["classes"]),
        reference=np.array(document["reference"], dtype=np.float64),
        encoding=TableEncoding.from_document(document["encoding"]),
        predictor=predictor_from(document["predictor"], arrays),
        calibrator=Calibrator.from_document(document["calibrator"]),
        spread=Spread(**document["spread"]),
    )
