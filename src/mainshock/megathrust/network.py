"""The published network of Graciosa et al. (2025), trained without its leaks, and ensembles."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from mainshock.core.errors import DataError, SettingsError
from mainshock.megathrust.network_inputs import NetworkInputs, fit_inputs
from mainshock.megathrust.network_training import (
    Layers,
    TrainingFold,
    TrainingSettings,
    forward,
    train_networks,
)
from mainshock.megathrust.splits import BufferedBlocks, Fold
from mainshock.megathrust.table_classifier import TableClassifier

__all__ = ["PUBLISHED", "PublishedNetwork", "fit_folds", "network_ensemble"]

FloatArray = NDArray[np.float64]
Classes = NDArray[np.int64]
_VALIDATION_FOLDS = 5
PUBLISHED: Mapping[str, Any] = {
    "protocol": "published",
    "input_dropout": 0.0,
    "learning_rate": 1e-2,
    "weight_decay": 0.0,
    "n_epochs": 120,
    "patience": 120,
}


class PublishedNetwork(TableClassifier):
    """Linear layers, dropout and ReLU, one sigmoid a class: 49 inputs, 500, 100, classes.

    Parameters
    ----------
    hidden, dropout, input_dropout, learning_rate, weight_decay, batch_size, n_epochs, patience
        As :class:`~mainshock.megathrust.network_training.TrainingSettings` says; the units, the
        dropout and the batch are the paper's defaults.
    protocol
        ``"blocks"``: the validation that ends the training is of whole blocks along the trench,
        the learning rate falls. ``"published"``: it is of random segments, neighbours of the
        training, the learning rate rises a little and never falls, rows with gaps are dropped.
    block_km, buffer_km
        Length of the blocks, and what is left out of the training on either side of one.
    n_members
        Networks whose probabilities are averaged; each has its own first weights and blocks.
    random_state
        Seed. The same seed gives the same network.

    Notes
    -----
    The sigmoids of the classes are independent; probabilities are those divided by their sum, so
    the likeliest class is the published one. Learning needs torch, predicting does not.

    After ``fit``: ``inputs_`` (the preprocessing), ``members_`` (layers of each network),
    ``classes_``.

    References
    ----------
    Graciosa et al. (2025), JGR Solid Earth, https://doi.org/10.1029/2024JB028774
    """

    def __init__(
        self,
        hidden: tuple[int, ...] = (500, 100),
        dropout: float = 0.2,
        input_dropout: float = 0.5,
        learning_rate: float = 3e-3,
        weight_decay: float = 1e-2,
        batch_size: int = 16,
        n_epochs: int = 60,
        patience: int = 15,
        protocol: str = "blocks",
        block_km: float = 300.0,
        buffer_km: float = 50.0,
        n_members: int = 1,
        random_state: int = 0,
    ) -> None:
        self.hidden = hidden
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.n_epochs = n_epochs
        self.patience = patience
        self.protocol = protocol
        self.block_km = block_km
        self.buffer_km = buffer_km
        self.n_members = n_members
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: Classes) -> "PublishedNetwork":
        """Learn from segments and their classes, numbered from 0.

        Raises
        ------
        DataError
            If there is one class only, or no row for the training.
        SettingsError
            If a setting makes no sense.
        MissingDependencyError
            If torch is not installed.
        """
        fitted = fit_folds(self, X, y, [(np.arange(len(X)), np.arange(0))])[0]
        self.set_fitted(fitted.inputs_, fitted.members_)
        return self

    def set_fitted(self, inputs: NetworkInputs, members: Sequence[Layers]) -> "PublishedNetwork":
        """Take a preprocessing and the layers of trained networks as if it had learnt them.

        Raises
        ------
        DataError
            If they do not fit together.
        """
        n_inputs, n_classes = members[0][0][0].shape[1], members[0][-1][1].size
        if n_inputs != len(inputs.names):
            raise DataError(
                f"the network takes {n_inputs} inputs and the preprocessing gives "
                f"{len(inputs.names)}; give the segments with the columns it was trained on"
            )
        self.inputs_ = inputs
        self.members_ = tuple(members)
        self.classes_ = np.arange(n_classes)
        return self

    def predict_proba(self, X: pd.DataFrame) -> FloatArray:
        """Return probabilities, shape ``(n_segments, n_classes)``."""
        probability: FloatArray = self.member_probabilities(X).mean(axis=0)
        return probability

    def member_probabilities(self, X: pd.DataFrame) -> FloatArray:
        """Return each network's probabilities, shape ``(n_members, n_segments, n_classes)``."""
        check_is_fitted(self, "members_")
        inputs = self.inputs_.transform(X)
        logits = np.array([forward(layers, inputs) for layers in self.members_])
        share = 1.0 / (1.0 + np.exp(-np.clip(logits, -50.0, 50.0)))
        probability: FloatArray = share / share.sum(axis=2, keepdims=True)
        return probability

    def training_settings(self) -> TrainingSettings:
        """Return what the training needs of the settings.

        Raises
        ------
        SettingsError
            If one makes no sense.
        """
        if self.protocol not in {"blocks", "published"} or self.n_members < 1:
            raise SettingsError(
                f"protocol is {self.protocol!r} and n_members {self.n_members}; "
                "give 'blocks' or 'published', and 1 or more"
            )
        return TrainingSettings(
            hidden=tuple(self.hidden),
            dropout=self.dropout,
            input_dropout=self.input_dropout,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            batch_size=self.batch_size,
            n_epochs=self.n_epochs,
            patience=self.patience,
            schedule="cosine" if self.protocol == "blocks" else "published",
        )


def network_ensemble(**settings: Any) -> PublishedNetwork:
    """Return ten networks with their own first weights and validation blocks."""
    return PublishedNetwork(**{"n_members": 10, **settings})


def fit_folds(
    network: PublishedNetwork,
    X: pd.DataFrame,
    y: Classes,
    folds: Sequence[Fold],
    inputs: NetworkInputs | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[PublishedNetwork]:
    """Return a network for each fold, all trained at once.

    Parameters
    ----------
    network
        Its settings count; it is left as it is.
    X, y
        All segments and their classes.
    folds
        Rows of the training, and of the test, which are not looked at.
    inputs
        A preprocessing for all folds instead of one fitted to each training: the published
        protocol fits it to all rows.
    """
    settings = network.training_settings()
    y = np.asarray(y, dtype=np.int64)
    fitted = [
        inputs or fit_inputs(X.iloc[train], network.protocol == "published") for train, _ in folds
    ]
    jobs = [
        _training_fold(network, X.iloc[train], y[train], own, member)
        for (train, _), own in zip(folds, fitted, strict=True)
        for member in range(network.n_members)
    ]
    layers = train_networks(jobs, int(y.max()) + 1, settings, progress)
    n = network.n_members
    return [
        clone(network).set_fitted(own, layers[n * number : n * (number + 1)])
        for number, own in enumerate(fitted)
    ]


def _training_fold(
    network: PublishedNetwork, table: pd.DataFrame, y: Classes, inputs: NetworkInputs, member: int
) -> TrainingFold:
    """Return the rows of one member: what it learns from, and what tells when to stop."""
    if np.unique(y).size < 2:
        raise DataError(f"{y.size} segments of one class cannot be told apart; give both kinds")
    seed = network.random_state + member
    values = inputs.transform(table)
    if network.protocol == "published":
        rows = np.flatnonzero(table[list(inputs.features)].notna().all(axis=1))
        rows = np.random.default_rng(seed).permutation(rows)
        n_checks = rows.size // _VALIDATION_FOLDS
        train, checks = rows[n_checks:], rows[:n_checks]
    else:
        train, checks = _block_fold(network, table, y, member)
    return TrainingFold(values[train], y[train], values[checks], y[checks], seed)


def _block_fold(network: PublishedNetwork, table: pd.DataFrame, y: Classes, member: int) -> Fold:
    """Return the blocks that a member is checked on; every fifth member has the same seed."""
    blocks = BufferedBlocks(
        network.block_km,
        network.buffer_km,
        _VALIDATION_FOLDS,
        network.random_state + member // _VALIDATION_FOLDS,
    )
    folds = [
        (train, checks)
        for train, checks in blocks.split(table)
        if np.unique(y[train]).size > 1 and np.unique(y[checks]).size > 1
    ]
    if not folds:
        rows = np.arange(y.size)
        return rows, rows
    return folds[member % len(folds)]
