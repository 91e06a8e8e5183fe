"""What each feature adds to what a fitted classifier says of a segment.

Relevance (LRP) and integrated gradients need a network, tree SHAP needs trees and the package shap,
permutation needs nothing but probabilities. The first three share the output among features row by
row, less an offset that no feature gets; permutation tells how much probability of the observed
class is lost when a group of features is shuffled among the segments, and adds up to nothing.

References
----------
Lundberg et al. (2020), https://doi.org/10.1038/s42256-019-0138-9 (tree SHAP)
Breiman (2001), https://doi.org/10.1023/A:1010933404324 (permutation)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import MissingDependencyError, SettingsError
from mainshock.learn.integrated_gradients import integrated_gradients
from mainshock.learn.relevance import (
    AlphaBeta,
    DenseLayer,
    Epsilon,
    Gamma,
    RelevanceRule,
    WSquare,
    ZBox,
    class_contrast,
    propagate,
)
from mainshock.megathrust.base import SegmentClassifier
from mainshock.megathrust.feature_groups import MISSING

__all__ = [
    "INPUT_RULES",
    "LOCATION",
    "METHODS",
    "RULES",
    "Attribution",
    "AttributionSettings",
    "DenseNetworks",
    "attribute",
    "permutation_losses",
]

FloatArray = NDArray[np.float64]
Classes = NDArray[np.int64]
METHODS = ("lrp", "gradients", "shap", "permutation")
RULES = ("epsilon", "gamma", "alpha-beta")
INPUT_RULES = ("same", "w-square", "z-box")
LOCATION = "location"  # the group of what is no feature: region and distance along the trench
_PERTURBATIONS = ("tree_path_dependent", "interventional")
_INDICATOR = "missingindicator_"  # begins scikit-learn's name of an input that says "missing"
_MOST_BACKGROUND = 100


@dataclass(frozen=True, slots=True)
class AttributionSettings:
    """How outputs are shared among features.

    Parameters
    ----------
    method
        One of :data:`METHODS`.
    rule, input_rule
        Of relevance: one of :data:`RULES`, and of :data:`INPUT_RULES` for the first layer.
    epsilon, gamma, alpha
        Of the rules of those names; beta is alpha less 1.
    is_difference
        Whether relevance and gradients explain a class's logit less the mean of the others, or its
        logit alone, as the published maps do.
    n_steps
        Points of the integral of gradients.
    perturbation
        Of tree SHAP. ``"tree_path_dependent"``: what is not known of a segment is drawn along the
        trees, as the training was. ``"interventional"``: it is taken from training segments, as if
        features were independent.
    n_repeats
        Shuffles of each group.
    """

    method: str = "lrp"
    rule: str = "epsilon"
    input_rule: str = "same"
    epsilon: float = 1e-9
    gamma: float = 0.25
    alpha: float = 2.0
    is_difference: bool = True
    n_steps: int = 200
    perturbation: str = "tree_path_dependent"
    n_repeats: int = 10

    def __post_init__(self) -> None:
        for name, known in (
            ("method", METHODS),
            ("rule", RULES),
            ("input_rule", INPUT_RULES),
            ("perturbation", _PERTURBATIONS),
        ):
            if getattr(self, name) not in known:
                raise SettingsError(
                    f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(known)}"
                )
        if self.n_repeats < 1:
            raise SettingsError(f"n_repeats is {self.n_repeats}; give 1 or more")
        self.hidden_rule()

    def hidden_rule(self) -> RelevanceRule:
        """Return the rule of all layers, or of all but the first."""
        rules: Mapping[str, RelevanceRule] = {
            "epsilon": Epsilon(self.epsilon),
            "gamma": Gamma(self.gamma),
            "alpha-beta": AlphaBeta(self.alpha, self.alpha - 1.0),
        }
        return rules[self.rule]


@runtime_checkable
class DenseNetworks(Protocol):
    """A fitted classifier of plain ReLU networks whose outputs are averaged.

    ``inputs_`` has ``names`` and ``transform(table)``; ``members_`` the layers of each network as
    weight ``(n_out, n_in)`` and bias.
    """

    inputs_: Any  # of mainshock.megathrust.network_inputs, or alike
    members_: Sequence[Sequence[tuple[FloatArray, FloatArray]]]


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """What each feature adds, row by row.

    Parameters
    ----------
    values
        Shape ``(n_rows, n_names)``, in units of the output.
    names
        Features.
    target
        Class that is explained, the likeliest, shape ``(n_rows,)``.
    output, offset
        What is explained, and its part that no feature gets: biases, the baseline's output, or the
        mean of the training; shape ``(n_rows,)``.
    """

    values: FloatArray
    names: tuple[str, ...]
    target: Classes
    output: FloatArray
    offset: FloatArray

    @property
    def sum_error(self) -> FloatArray:
        """Distance of values and offset together from the output, shape ``(n_rows,)``."""
        total: FloatArray = self.values.sum(axis=1) + self.offset
        return np.abs(total - self.output)


def attribute(
    classifier: SegmentClassifier,
    table: pd.DataFrame,
    background: pd.DataFrame,
    settings: AttributionSettings,
) -> Attribution:
    """Return what each feature adds to the likeliest class of each segment.

    Parameters
    ----------
    classifier
        Fitted: networks for ``lrp`` and ``gradients``, trees for ``shap``.
    table
        Segments to be explained.
    background
        Segments of the training: they bound the box of z-B, and are what interventional SHAP
        compares with.
    settings
        Of any method but permutation, for which see :func:`permutation_losses`.

    Raises
    ------
    SettingsError
        If the method does not suit the classifier.
    MissingDependencyError
        If shap is asked for and not installed.
    """
    target = np.asarray(classifier.predict_proba(table).argmax(axis=1), dtype=np.int64)
    if settings.method == "shap":
        return _tree_shap(classifier, table, background, target, settings)
    if settings.method == "permutation":
        raise SettingsError("permutation shares no output; call permutation_losses instead")
    if not isinstance(classifier, DenseNetworks):
        raise SettingsError(
            f"{settings.method} explains networks, and {type(classifier).__name__} is none; "
            "take --method shap for trees, or permutation for any classifier"
        )
    return _network_shares(classifier, table, background, target, settings)


def permutation_losses(
    classifier: SegmentClassifier,
    table: pd.DataFrame,
    y: Classes,
    groups: Mapping[str, Sequence[str]],
    n_repeats: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Return how much probability of its class each segment loses when groups are shuffled.

    All columns of a group are shuffled together among the rows, which keeps their relations and
    breaks those to all other columns: probabilities are asked of segments that cannot exist.

    Parameters
    ----------
    classifier
        Fitted.
    table, y
        Segments that it was not trained on, and their classes.
    groups
        Columns of each group.
    n_repeats
        Shuffles, averaged.
    rng
        Of the shuffles.

    Returns
    -------
    numpy.ndarray
        Shape ``(n_rows, n_groups)``; negative where the group did harm.
    """
    rows = np.arange(len(table))
    before = classifier.predict_proba(table)[rows, y]
    losses = np.zeros((rows.size, len(groups)))
    for column, members in enumerate(groups.values()):
        for _ in range(n_repeats):
            shuffled = table.copy()
            own = list(members)
            shuffled[own] = table[own].iloc[rng.permutation(rows)].to_numpy()
            losses[:, column] += before - classifier.predict_proba(shuffled)[rows, y]
    return losses / n_repeats


def _network_shares(
    classifier: DenseNetworks,
    table: pd.DataFrame,
    background: pd.DataFrame,
    target: Classes,
    settings: AttributionSettings,
) -> Attribution:
    """Return relevance or integrated gradients, averaged over the networks."""
    inputs = classifier.inputs_.transform(table)
    input_rule = _input_rule(settings, inputs, classifier.inputs_.transform(background))
    values, output, offset = np.zeros_like(inputs), np.zeros(len(inputs)), np.zeros(len(inputs))
    for member in classifier.members_:
        layers = [
            DenseLayer(np.asarray(weight, np.float64), np.asarray(bias, np.float64), depth > 1)
            for depth, (weight, bias) in zip(range(len(member), 0, -1), member, strict=True)
        ]
        for one in np.unique(target):
            rows = target == one
            given, explained, rest = _shares(layers, inputs[rows], int(one), settings, input_rule)
            values[rows] += given / len(classifier.members_)
            output[rows] += explained / len(classifier.members_)
            offset[rows] += rest / len(classifier.members_)
    folded, names = _fold_indicators(values, classifier.inputs_.names)
    return Attribution(folded, names, target, output, offset)


def _input_rule(
    settings: AttributionSettings, inputs: FloatArray, known: FloatArray
) -> RelevanceRule | None:
    if settings.input_rule == "z-box":
        both = np.concatenate([inputs, known])
        return ZBox(both.min(axis=0), both.max(axis=0))
    return WSquare() if settings.input_rule == "w-square" else None


def _shares(
    layers: Sequence[DenseLayer],
    inputs: FloatArray,
    target: int,
    settings: AttributionSettings,
    input_rule: RelevanceRule | None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return each input's share of the output, the output, and what no input gets."""
    n_classes = layers[-1].bias.size
    contrast = class_contrast(n_classes, target, is_difference=settings.is_difference)
    if settings.method == "gradients":
        path = integrated_gradients(layers, inputs, contrast, n_steps=settings.n_steps)
        return path.inputs, path.output, path.baseline_output
    found = propagate(layers, inputs, contrast, rule=settings.hidden_rule(), input_rule=input_rule)
    return found.inputs, found.output, found.bias.sum(axis=1)


def _tree_shap(
    classifier: SegmentClassifier,
    table: pd.DataFrame,
    background: pd.DataFrame,
    target: Classes,
    settings: AttributionSettings,
) -> Attribution:
    """Return tree SHAP of the likeliest class: of its probability, or log odds where boosted."""
    try:
        from shap import TreeExplainer  # noqa: PLC0415 - only in an extra, and slow to import
    except ImportError as error:
        raise MissingDependencyError(
            f"tree SHAP needs the package shap: {error}; pip install 'mainshock[train]', or take "
            "--method permutation"
        ) from error
    matrix, reference, names, trees = _tree_inputs(classifier, table, background)
    is_interventional = settings.perturbation == "interventional"
    step = max(1, len(reference) // _MOST_BACKGROUND)
    explainer = TreeExplainer(
        trees,
        reference[::step][:_MOST_BACKGROUND] if is_interventional else None,
        feature_perturbation=settings.perturbation,
    )
    shares = explainer.shap_values(matrix, check_additivity=False)
    base = np.atleast_1d(explainer.expected_value)
    if shares.ndim == 2:  # log odds of the second of two classes
        shares = np.stack([-shares, shares], axis=2)
        base = np.array([-base[0], base[0]])
        above = trees.decision_function(matrix)
        outputs = np.column_stack([-above, above])
    else:
        outputs = trees.predict_proba(matrix)
    column = np.searchsorted(trees.classes_, target)
    rows = np.arange(len(matrix))
    folded, features = _fold_indicators(shares[rows, :, column], names)
    return Attribution(folded, features, target, outputs[rows, column], base[column])


def _tree_inputs(
    classifier: SegmentClassifier, table: pd.DataFrame, background: pd.DataFrame
) -> tuple[FloatArray, FloatArray, list[str], Any]:
    """Return what the trees see of both tables, the names of its columns, and the trees."""
    from sklearn.ensemble import (  # noqa: PLC0415 - slow to import
        ExtraTreesClassifier,
        HistGradientBoostingClassifier,
        RandomForestClassifier,
    )

    from mainshock.megathrust.models import (  # noqa: PLC0415 - loads scikit-learn
        FeatureClassifier,
        feature_matrix,
    )

    kinds = (ExtraTreesClassifier, RandomForestClassifier, HistGradientBoostingClassifier)
    own = classifier.pipeline_ if isinstance(classifier, FeatureClassifier) else [None]
    imputer: Any = own[0]
    trees = own[-1]
    if not isinstance(classifier, FeatureClassifier) or not isinstance(trees, kinds):
        raise SettingsError(
            f"shap explains forests and boosted trees, and this {type(classifier).__name__} holds "
            "none; take --method permutation"
        )
    known = classifier.feature_names_
    matrices = [imputer.transform(feature_matrix(one, known)) for one in (table, background)]
    names = [str(name) for name in imputer.get_feature_names_out(known)]
    return matrices[0], matrices[1], names, trees


def _fold_indicators(
    values: FloatArray, names: Sequence[str]
) -> tuple[FloatArray, tuple[str, ...]]:
    """Return values with those of "is missing" added to the feature that was missing."""
    owners = [name.removeprefix(_INDICATOR).removesuffix(MISSING) for name in names]
    features = tuple(dict.fromkeys(owners))
    folded = np.zeros((values.shape[0], len(features)))
    for column, owner in enumerate(owners):
        folded[:, features.index(owner)] += values[:, column]
    return folded, features
