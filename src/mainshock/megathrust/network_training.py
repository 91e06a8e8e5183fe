"""Trains many small networks at once: all folds and all members of an ensemble in one product.

Networks of one batch share nothing but the random numbers of their member: a network has the same
weights, up to rounding, whether its fold is trained alone or with fifty others.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import MissingDependencyError, SettingsError

if TYPE_CHECKING:
    import torch

__all__ = ["Layers", "TrainingFold", "TrainingSettings", "forward", "train_networks"]

FloatArray = NDArray[np.float64]
Layers = tuple[tuple[FloatArray, FloatArray], ...]
"""Weight ``(n_out, n_in)`` and bias ``(n_out,)`` of each layer; ReLU between two."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How networks are trained.

    Parameters
    ----------
    hidden
        Units of each hidden layer.
    dropout, input_dropout
        Share of hidden units, and of inputs, left out in each update. A left out input looks like
        one with a gap, and no few features can stand for the place.
    learning_rate, weight_decay
        Of Adam, with decay apart from the gradient (AdamW).
    batch_size
        Segments of an update, each class drawn alike.
    n_epochs
        An epoch has as many updates as draw each segment once on average.
    patience
        Training ends after so many epochs without a lower validation loss.
    schedule
        ``"cosine"`` falls from ``learning_rate`` to a hundredth of it. ``"published"`` is a cycle
        set up for updates and advanced by epochs: it rises from 4 % to 5 to 17 % and never falls.
    """

    hidden: tuple[int, ...] = (500, 100)
    dropout: float = 0.2
    input_dropout: float = 0.5
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    batch_size: int = 16
    n_epochs: int = 60
    patience: int = 15
    schedule: str = "cosine"

    def __post_init__(self) -> None:
        if not self.hidden or min(self.hidden) < 1:
            raise SettingsError(f"hidden is {self.hidden}; give the units of one layer or more")
        for dropout in (self.dropout, self.input_dropout):
            if not 0.0 <= dropout < 1.0:
                raise SettingsError(f"a dropout is {dropout}; it must be from 0 to below 1")
        if min(self.batch_size, self.n_epochs, self.patience) < 1:
            raise SettingsError("batch_size, n_epochs and patience must be 1 or more")
        if self.learning_rate <= 0.0 or self.weight_decay < 0.0:
            raise SettingsError(
                f"learning_rate is {self.learning_rate} and weight_decay {self.weight_decay}; "
                "the one must be above 0, the other not below"
            )
        if self.schedule not in {"cosine", "published"}:
            raise SettingsError(f"no schedule is called {self.schedule!r}: cosine, published")


class TrainingFold(NamedTuple):
    """Inputs and classes of one network: what it learns from, and what tells when to stop.

    ``seed`` gives the first weights, the draws and the dropout.
    """

    inputs: FloatArray
    classes: NDArray[np.int64]
    validation_inputs: FloatArray
    validation_classes: NDArray[np.int64]
    seed: int


def forward(layers: Layers, inputs: FloatArray) -> FloatArray:
    """Return the logits of inputs, shape ``(n, n_classes)``, without torch."""
    for weight, bias in layers[:-1]:
        inputs = np.maximum(inputs @ weight.T + bias, 0.0)
    weight, bias = layers[-1]
    return inputs @ weight.T + bias


def train_networks(
    folds: Sequence[TrainingFold],
    n_classes: int,
    settings: TrainingSettings,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Layers]:
    """Return the layers of each fold's network at its lowest validation loss.

    Parameters
    ----------
    folds
        All with the same number of inputs.
    n_classes
        Outputs of each network.
    progress
        Called with a text after each group of folds that have equally many updates.

    Raises
    ------
    MissingDependencyError
        If torch is not installed.
    """
    try:
        import torch  # noqa: F401, PLC0415 - only in the extra `train`
    except ImportError as error:
        raise MissingDependencyError(
            f"the network is trained with torch, which is not there ({error}); "
            "install the extra: pip install 'mainshock[train]'"
        ) from error
    groups: dict[tuple[int, int], list[int]] = {}
    for number, fold in enumerate(folds):
        n_updates = math.ceil(fold.classes.size / settings.batch_size)
        groups.setdefault((n_updates, fold.inputs.shape[1]), []).append(number)
    found: dict[int, Layers] = {}
    for (n_updates, _), numbers in sorted(groups.items()):
        trained = _train_group([folds[one] for one in numbers], n_classes, n_updates, settings)
        found.update(zip(numbers, trained, strict=True))
        progress(f"{len(found)} of {len(folds)} networks")
    return [found[number] for number in range(len(folds))]


def _train_group(
    folds: Sequence[TrainingFold], n_classes: int, n_updates: int, settings: TrainingSettings
) -> list[Layers]:
    import torch  # noqa: PLC0415

    seeds = sorted({fold.seed for fold in folds})
    member = torch.tensor([seeds.index(fold.seed) for fold in folds])
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    sizes = (folds[0].inputs.shape[1], *settings.hidden, n_classes)
    parameters = _first_weights(sizes, generators, member)
    data = _Stack.of([(fold.inputs, fold.classes) for fold in folds], n_classes)
    checks = _Stack.of(
        [(fold.validation_inputs, fold.validation_classes) for fold in folds], n_classes
    )
    optimiser = torch.optim.AdamW(
        parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )
    best = [parameter.detach().clone() for parameter in parameters]
    lowest = torch.full((len(folds),), math.inf)
    since = torch.zeros(len(folds), dtype=torch.int64)
    for epoch in range(settings.n_epochs):
        _set_rate(optimiser, settings, epoch, n_updates)
        _train_epoch(parameters, data, optimiser, generators, member, n_updates, settings)
        with torch.no_grad():
            loss = checks.loss(_logits(parameters, checks.inputs))
            is_better = (loss < lowest) & (since < settings.patience)
            for kept, parameter in zip(best, parameters, strict=True):
                kept[is_better] = parameter[is_better]
        lowest = torch.where(is_better, loss, lowest)
        since = torch.where(is_better, 0, since + 1)
        if bool((since >= settings.patience).all()):
            break
    return [_layers(best, number) for number in range(len(folds))]


class _Stack(NamedTuple):
    """Rows of several folds, filled up to the longest; each class of a fold weighs alike."""

    inputs: "torch.Tensor"  # fold, row, input
    targets: "torch.Tensor"  # fold, row, class: 1 or 0
    weights: "torch.Tensor"  # fold, row: sums to 1, 0 where filled up

    @classmethod
    def of(cls, rows: Sequence[tuple[FloatArray, NDArray[np.int64]]], n_classes: int) -> "_Stack":
        import torch  # noqa: PLC0415

        longest = max(classes.size for _, classes in rows)
        inputs = np.zeros((len(rows), longest, rows[0][0].shape[1]), dtype=np.float32)
        targets = np.zeros((len(rows), longest, n_classes), dtype=np.float32)
        weights = np.zeros((len(rows), longest))
        for number, (values, classes) in enumerate(rows):
            inputs[number, : classes.size] = values
            targets[number, np.arange(classes.size), classes] = 1.0
            counts = np.bincount(classes, minlength=n_classes)
            weights[number, : classes.size] = 1.0 / (counts[classes] * np.count_nonzero(counts))
        return cls(*(torch.from_numpy(array) for array in (inputs, targets, weights)))

    def loss(self, logits: "torch.Tensor") -> "torch.Tensor":
        """Return the mean loss of each fold."""
        return (self.weights * _cross_entropy(logits, self.targets)).sum(dim=1)


def _cross_entropy(logits: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """Return the loss of each row: of every class against the others, as published."""
    from torch.nn.functional import binary_cross_entropy_with_logits  # noqa: PLC0415

    return binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(dim=2)


def _first_weights(
    sizes: Sequence[int], generators: Sequence["torch.Generator"], member: "torch.Tensor"
) -> list["torch.Tensor"]:
    """Return weights ``(fold, n_in, n_out)`` and biases ``(fold, 1, n_out)`` of each layer."""
    import torch  # noqa: PLC0415

    parameters = []
    for n_in, n_out in pairwise(sizes):
        bound = n_in**-0.5  # as torch.nn.Linear begins
        for shape in ((n_in, n_out), (1, n_out)):
            drawn = [torch.rand(shape, generator=one) * 2.0 * bound - bound for one in generators]
            parameters.append(torch.stack(drawn)[member].requires_grad_())
    return parameters


def _logits(
    parameters: Sequence["torch.Tensor"],
    inputs: "torch.Tensor",
    masks: Sequence["torch.Tensor | None"] = (),
) -> "torch.Tensor":
    import torch  # noqa: PLC0415

    masks = masks or [None] * (len(parameters) // 2)
    for layer, mask in enumerate(masks):
        if layer:
            inputs = inputs.relu()
        if mask is not None:  # before or after ReLU is the same
            inputs = inputs * mask
        inputs = torch.baddbmm(parameters[2 * layer + 1], inputs, parameters[2 * layer])
    return inputs


def _draw_masks(
    sizes: Sequence[int],
    settings: TrainingSettings,
    generators: Sequence["torch.Generator"],
    member: "torch.Tensor",
) -> list["torch.Tensor | None"]:
    """Return for each layer which of its inputs count, and how much."""
    import torch  # noqa: PLC0415

    masks: list[torch.Tensor | None] = []
    for layer, size in enumerate(sizes[:-1]):
        keep = 1.0 - (settings.dropout if layer else settings.input_dropout)
        if keep == 1.0:
            masks.append(None)
            continue
        shape = (settings.batch_size, size)
        drawn = [torch.empty(shape).bernoulli_(keep, generator=one) for one in generators]
        masks.append((torch.stack(drawn) / keep)[member])
    return masks


def _train_epoch(
    parameters: Sequence["torch.Tensor"],
    data: _Stack,
    optimiser: "torch.optim.Optimizer",
    generators: Sequence["torch.Generator"],
    member: "torch.Tensor",
    n_updates: int,
    settings: TrainingSettings,
) -> None:
    import torch  # noqa: PLC0415

    size = settings.batch_size
    sizes = [parameter.shape[1] for parameter in parameters[::2]] + [0]
    draws = torch.stack(
        [torch.rand(n_updates * size, generator=one, dtype=torch.float64) for one in generators]
    )
    sums = data.weights.cumsum(dim=1)
    rows = torch.searchsorted(sums / sums[:, -1:], draws[member]).clamp(max=sums.shape[1] - 1)
    fold = torch.arange(len(member))[:, None]
    for batch in torch.split(rows, size, dim=1):
        masks = _draw_masks(sizes, settings, generators, member)
        logits = _logits(parameters, data.inputs[fold, batch], masks)
        loss = _cross_entropy(logits, data.targets[fold, batch]).mean(dim=1).sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch has none
        optimiser.step()


def _set_rate(
    optimiser: "torch.optim.Optimizer", settings: TrainingSettings, epoch: int, n_updates: int
) -> None:
    """Set the learning rate of an epoch, and of the published schedule the momentum as well."""
    if settings.schedule == "cosine":
        share = 0.5 * (1.0 + math.cos(math.pi * epoch / settings.n_epochs))
        optimiser.param_groups[0]["lr"] = settings.learning_rate * (0.01 + 0.99 * share)
        return
    rising = 0.3 * settings.n_epochs * n_updates - 1.0
    share = 0.5 * (1.0 - math.cos(math.pi * min(epoch / max(rising, 1.0), 1.0)))
    optimiser.param_groups[0]["lr"] = settings.learning_rate * (0.04 + 0.96 * share)
    optimiser.param_groups[0]["betas"] = (0.95 - 0.1 * share, 0.999)


def _layers(parameters: Sequence["torch.Tensor"], number: int) -> Layers:
    arrays = [parameter[number].detach().numpy().astype(np.float64) for parameter in parameters]
    return tuple(
        (np.ascontiguousarray(weight.T), bias[0])
        for weight, bias in zip(arrays[::2], arrays[1::2], strict=True)
    )
