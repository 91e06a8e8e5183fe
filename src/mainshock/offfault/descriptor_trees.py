"""Boosted trees on the numbers that describe a map, many of them, as one ONNX file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.offfault.base import LARGEST_EFFICIENCY

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

__all__ = ["DESCRIPTORS", "ESTIMATES", "bagged_trees", "export_trees", "said_by_trees"]

FloatArray = NDArray[np.float64]

DESCRIPTORS, ESTIMATES = "descriptors", "estimates"  # input and output of the ONNX file
_LEAST_SD = 0.015
# attributes of ONNX's TreeEnsembleRegressor
_NODES = (
    "nodes_treeids",
    "nodes_nodeids",
    "nodes_featureids",
    "nodes_values",
    "nodes_modes",
    "nodes_truenodeids",
    "nodes_falsenodeids",
)
_LEAVES = ("target_treeids", "target_nodeids", "target_ids", "target_weights")
_SD_OF_ABSOLUTE = float(np.sqrt(np.pi / 2.0))  # of a normal distribution


def bagged_trees(
    inputs: FloatArray, ke: FloatArray, run: NDArray[np.str_], n: int, seed: int
) -> list["HistGradientBoostingRegressor"]:
    """Return ``n`` ensembles of trees for KE, and one for the absolute error of their mean.

    Each is fitted to whole runs drawn with replacement; the last to the errors on runs that were
    not drawn.

    Parameters
    ----------
    inputs
        Descriptors, ``(n_windows, n_descriptors)``.
    ke, run
        Label and run of each window.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415 - training only

    def trees() -> HistGradientBoostingRegressor:
        return HistGradientBoostingRegressor(
            max_iter=250, learning_rate=0.05, max_leaf_nodes=14, random_state=seed
        )

    rng = np.random.default_rng(seed)
    names, number = np.unique(run, return_inverse=True)
    fitted, total, n_out = [], np.zeros(len(ke)), np.zeros(len(ke))
    for _ in range(n):
        times = np.bincount(rng.integers(0, names.size, names.size), minlength=names.size)
        weight = times[number]
        fitted.append(trees().fit(inputs[weight > 0], ke[weight > 0], weight[weight > 0]))
        out = weight == 0
        total[out] += fitted[-1].predict(inputs[out])
        n_out[out] += 1.0
    seen = n_out > 0.0
    error = np.abs(total[seen] / n_out[seen] - ke[seen])
    return [*fitted, trees().fit(inputs[seen], error)]


def export_trees(ensembles: Sequence["HistGradientBoostingRegressor"], path: Path) -> None:
    """Write ensembles of trees as one ONNX file whose output has a column for each."""
    import onnx  # noqa: PLC0415 - the extra `train`

    attributes = _attributes(ensembles)
    node = onnx.helper.make_node(
        "TreeEnsembleRegressor", [DESCRIPTORS], [ESTIMATES], domain="ai.onnx.ml", **attributes
    )
    kind = onnx.TensorProto.FLOAT
    n_inputs = ensembles[0].n_features_in_
    graph = onnx.helper.make_graph(
        [node],
        "trees",
        [onnx.helper.make_tensor_value_info(DESCRIPTORS, kind, ["batch", n_inputs])],
        [onnx.helper.make_tensor_value_info(ESTIMATES, kind, ["batch", len(ensembles)])],
    )
    versions = [onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("ai.onnx.ml", 3)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=versions, ir_version=8), str(path))


def said_by_trees(estimates: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return KE and the logarithm of its standard deviation of each ensemble, ``(n, k, 2)``.

    Parameters
    ----------
    estimates
        Of the ONNX file, ``(n, k + 1)``: KE ``k`` times, and the absolute error expected.
    """
    ke = np.clip(estimates[:, :-1], 0.0, LARGEST_EFFICIENCY)
    log_sd = np.log(np.maximum(_SD_OF_ABSOLUTE * estimates[:, -1:], _LEAST_SD))
    return np.stack([ke, np.broadcast_to(log_sd, ke.shape)], axis=2)


def _rounded_down(threshold: float) -> float:
    """Return the largest single-precision number that is not above a threshold.

    Inputs are in single precision too, so that each goes the same way as in scikit-learn.
    """
    single = np.float32(threshold)
    is_above = float(single) > threshold  # as floats: NumPy would round the threshold
    return float(np.nextafter(single, np.float32(-np.inf)) if is_above else single)


def _attributes(ensembles: Sequence["HistGradientBoostingRegressor"]) -> dict[str, Any]:
    """Return the attributes of ONNX's operator: all nodes of all trees in a row."""
    nodes: dict[str, list[Any]] = {one: [] for one in _NODES}
    leaves: dict[str, list[Any]] = {one: [] for one in _LEAVES}
    tree = 0
    for target, ensemble in enumerate(ensembles):
        for (predictor,) in ensemble._predictors:
            for number, node in enumerate(predictor.nodes):
                is_leaf = bool(node["is_leaf"])
                row = (
                    tree,
                    number,
                    0 if is_leaf else int(node["feature_idx"]),
                    0.0 if is_leaf else _rounded_down(float(node["num_threshold"])),
                    "LEAF" if is_leaf else "BRANCH_LEQ",
                    int(node["left"]),
                    int(node["right"]),
                )
                for name, value in zip(_NODES, row, strict=True):
                    nodes[name].append(value)
                if is_leaf:
                    leaf = (tree, number, target, float(node["value"]))
                    for name, value in zip(_LEAVES, leaf, strict=True):
                        leaves[name].append(value)
            tree += 1
    bases = [float(np.ravel(one._baseline_prediction)[0]) for one in ensembles]
    return {**nodes, **leaves, "base_values": bases, "n_targets": len(ensembles)}
