"""Trains and scores the packaged classifier of segments, and assesses each segment held out.

Run ``python recipes/megathrust/train.py`` after ``mainshock megathrust features`` has written the
tables. Writes ``model/``, ``evaluation.json`` and ``assessments.csv`` beside them.
"""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd

from mainshock.megathrust import stored
from mainshock.megathrust.assessment import COLUMNS
from mainshock.megathrust.evaluate import LabelledSegments, evaluate
from mainshock.megathrust.held_out import assess_held_out
from mainshock.megathrust.labels import read_labels
from mainshock.megathrust.segments import read_segments

FOLDER = stored.DEFAULT_FOLDER.parent
EXCLUSION_KM, SEED = 100.0, 0


def main() -> None:
    """Train, score, assess."""
    data = labelled()
    stored.save_model(
        stored.DEFAULT_FOLDER,
        data.table,
        data.y,
        model="default",
        n_classes=2,
        seed=SEED,
        runs=data.runs,
    )
    found = assess_held_out(data.table, "default", SEED)
    columns = found[list(COLUMNS)].round({"probability": 4, "applicability": 4})
    columns.to_csv(FOLDER / "assessments.csv", index=False)
    documents = [scores(data, scheme) for scheme in ("exclusion", "rupture", "region")]
    text = json.dumps(documents, indent=1).replace("NaN", "null")
    (FOLDER / "evaluation.json").write_text(text + "\n", encoding="utf-8")


def labelled() -> LabelledSegments:
    """Return the packaged segments with their labels."""
    table = read_segments(FOLDER / "segments")
    labels = read_labels(FOLDER / "labels.csv", table)
    table["m_max"] = labels["m_max"].to_numpy()
    return LabelledSegments(
        pd.DataFrame(table), labels["class2"].to_numpy(np.int64), labels["run_id"].to_numpy(str)
    )


def scores(data: LabelledSegments, scheme: str) -> dict[str, object]:
    """Return what ``mainshock megathrust evaluate --json`` says."""
    distances_km = None if scheme == "region" else (EXCLUSION_KM,)
    results, baselines = evaluate(data, scheme, "default", distances_km, print)
    return {
        "scheme": scheme,
        "classes": 2,
        "model": "default",
        "results": [asdict(one) for one in results],
        "baselines": {name: [asdict(one) for one in lines] for name, lines in baselines.items()},
    }


if __name__ == "__main__":
    main()
