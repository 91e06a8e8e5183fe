"""Explains the packaged segments: relevance of each feature, by networks that did not see them.

Run ``python recipes/megathrust/explain.py`` after ``mainshock megathrust features`` has written the
tables. Writes ``relevance.npz`` and ``relevance.json`` beside them; takes about two minutes and
needs torch. The same folds and seeds as ``mainshock megathrust explain --all-rows --seeds 5``.
"""

import json

from mainshock.megathrust import stored
from mainshock.megathrust.held_out_relevance import relevance_of_segments
from mainshock.megathrust.labels import read_labels
from mainshock.megathrust.segment_relevance import write_relevance
from mainshock.megathrust.segments import read_segments

FOLDER = stored.DEFAULT_FOLDER.parent


def main() -> None:
    """Train, explain, write."""
    table = read_segments(FOLDER / "segments")
    y = read_labels(FOLDER / "labels.csv", table)["class2"].to_numpy("int64")
    columns = json.loads((FOLDER / "provenance.json").read_text(encoding="utf-8"))["columns"]
    methods = {name: one["method"] for name, one in columns.items()}
    write_relevance(FOLDER, relevance_of_segments(table, y, methods, progress=print))


if __name__ == "__main__":
    main()
