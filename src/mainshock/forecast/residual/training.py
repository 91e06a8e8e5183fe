"""Trains the correction: events against places and moments drawn from the model itself.

With ``lambda`` the intensity of the model and ``f`` the correction, the log-likelihood gains
``sum over events of f - integral of lambda (exp(f) - 1)``. The integral is a weighted sum over
moments and places that were drawn from ``lambda``. Telling both sets apart is all that is learnt.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.residual.network import FARTHEST, Correction

__all__ = ["LearningSettings", "Learnt", "Rows", "gain_of", "learn", "learn_all"]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]
_EVERY = 40  # steps between looks at the later part
_PATIENCE = 400
_FEWEST = 30
_DECAYS = (0.9, 0.999)  # of the means in Adam
_EPSILON = 1e-8


@dataclass(frozen=True, slots=True)
class LearningSettings:
    """How networks are trained.

    Parameters
    ----------
    networks, hidden
        How many, and units of each of their two layers.
    bound
        Largest correction of ln intensity.
    rate, weight_decay
        Step of Adam, and the share of each step by which weights shrink.
    most_steps, batch
        Steps at most, and drawn places and moments of one.
    seed
        Of weights and batches.
    """

    networks: int = 3
    hidden: int = 32
    bound: float = 1.0
    rate: float = 2e-3
    weight_decay: float = 0.5
    most_steps: int = 2000
    batch: int = 8192
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Evidence at events, and at moments and places drawn from the model.

    Parameters
    ----------
    events, drawn
        Shapes ``(n_events, n_inputs)`` and ``(n_drawn, n_inputs)``.
    weight
        Of the drawn ones: they sum to the number of events that the model expects.
    event_days, drawn_days
        Moments, days after 1970-01-01.
    """

    events: FloatArray
    drawn: FloatArray
    weight: FloatArray
    event_days: FloatArray
    drawn_days: FloatArray

    def between(self, start_days: float, end_days: float) -> "Rows":
        """Return the rows of ``start <= time < end``."""
        one = (self.event_days >= start_days) & (self.event_days < end_days)
        two = (self.drawn_days >= start_days) & (self.drawn_days < end_days)
        return Rows(
            self.events[one],
            self.drawn[two],
            self.weight[two],
            self.event_days[one],
            self.drawn_days[two],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """What was learnt.

    Parameters
    ----------
    correction
        Zero where nothing was gained on the later rows.
    steps
        Of training, chosen on the later rows.
    gain
        On the rows of the training, nats an event; in sample.
    gain_later
        On the later rows, of networks that were not trained on them. The number of steps was
        chosen there, so that it is a little too high.
    """

    correction: Correction
    steps: int
    gain: float
    gain_later: float


def gain_of(correction: Correction, rows: Rows) -> float:
    """Return the information gain of a correction over the model, nats an event."""
    events, drawn = correction(rows.events), correction(rows.drawn)
    return float((events.sum() - rows.weight @ np.expm1(drawn)) / max(len(events), 1))


def learn(early: Rows, late: Rows, settings: LearningSettings) -> Learnt:
    """Return the correction that rows teach, stopped where later rows gain most.

    Parameters
    ----------
    early
        To train on.
    late
        Of later days, to choose the number of steps on.
    settings
        How networks are trained.
    """
    none = _correction(early, _begun(early.drawn.shape[1], settings), settings)
    best = Learnt(none, 0, 0.0, 0.0)
    if min(len(early.events), len(late.events)) < _FEWEST:
        return best
    for step, weights in _trained(early, settings, settings.most_steps):
        found = _correction(early, weights, settings)
        gain = gain_of(found, late)
        if gain > best.gain_later:
            best = Learnt(found, step, 0.0, gain)
        elif step - best.steps >= _PATIENCE:
            break
    return replace(best, gain=gain_of(best.correction, early))


def learn_all(rows: Rows, cut_days: float, settings: LearningSettings) -> Learnt:
    """Return the correction that all rows teach, in as many steps as served those since a day.

    Parameters
    ----------
    rows
        To train on.
    cut_days
        Rows before train networks while the number of steps is chosen on the others.
    settings
        How networks are trained.
    """
    learnt = learn(rows.between(-np.inf, cut_days), rows.between(cut_days, np.inf), settings)
    if learnt.steps == 0:
        return learnt
    *_, (_, weights) = _trained(rows, settings, learnt.steps)
    correction = _correction(rows, weights, settings)
    return replace(learnt, correction=correction, gain=gain_of(correction, rows))


def _correction(rows: Rows, weights: list[SingleArray], settings: LearningSettings) -> Correction:
    mean, sd = _scale(rows)
    first, second, last = weights
    return Correction(mean, sd, first, second, last, settings.bound)


def _scale(rows: Rows) -> tuple[FloatArray, FloatArray]:
    return rows.drawn.mean(axis=0), rows.drawn.std(axis=0) + 1e-6


def _scaled(evidence: FloatArray, mean: FloatArray, sd: FloatArray) -> SingleArray:
    rows = np.clip((evidence - mean) / sd, -FARTHEST, FARTHEST)
    return np.asarray(rows, dtype=np.float32)


def _begun(n_inputs: int, settings: LearningSettings) -> list[SingleArray]:
    """Return weights to begin with; the last layer is 0, so that nothing is corrected yet."""
    rng = np.random.default_rng(settings.seed)
    k, h = settings.networks, settings.hidden
    shapes = ((k, n_inputs + 1, h), (k, h + 1, h))
    begun = [rng.uniform(-1, 1, one) / np.sqrt(one[1] - 1) for one in shapes]
    return [one.astype(np.float32) for one in (*begun, np.zeros((k, h + 1)))]


def _trained(
    rows: Rows, settings: LearningSettings, steps: int
) -> Iterator[tuple[int, list[SingleArray]]]:
    """Yield the number of steps done and the weights, every 40 steps and at the end."""
    mean, sd = _scale(rows)
    events, drawn = (_scaled(one, mean, sd) for one in (rows.events, rows.drawn))
    share = (rows.weight / rows.weight.mean()).astype(np.float32)
    ratio = float(rows.weight.sum()) / len(events)
    weights = _begun(events.shape[1], settings)
    moments = [[np.zeros_like(one), np.zeros_like(one)] for one in weights]
    rng = np.random.default_rng(settings.seed + 1)
    n_batches = max(1, round(len(drawn) / settings.batch))
    for step in range(1, steps + 1):
        if (step - 1) % n_batches == 0:
            of_drawn = np.array_split(rng.permutation(len(drawn)), n_batches)
            of_events = np.array_split(rng.permutation(len(events)), n_batches)
        one, two = of_events[(step - 1) % n_batches], of_drawn[(step - 1) % n_batches]
        inputs = np.concatenate([events[one], drawn[two]])
        pull = np.append(np.zeros(len(one)), ratio / len(two) * share[two]).astype(np.float32)
        for k in range(settings.networks):
            slopes = _slopes([part[k] for part in weights], inputs, len(one), pull, settings.bound)
            _step(weights, moments, slopes, k, step, settings)
        if step % _EVERY == 0 or step == steps:
            yield step, [one.copy() for one in weights]


def _slopes(
    weights: list[SingleArray], inputs: SingleArray, n_events: int, pull: SingleArray, bound: float
) -> list[SingleArray]:
    """Return slopes of the loss: minus mean f of events, plus ``pull`` times ``exp(f) - 1``."""
    first, second, last = weights
    below = np.tanh(inputs @ first[:-1] + first[-1])
    above = np.tanh(below @ second[:-1] + second[-1])
    squeezed = np.tanh((above @ last[:-1] + last[-1]) / np.float32(bound))
    slope = pull * np.exp(np.float32(bound) * squeezed)
    slope[:n_events] -= np.float32(1.0 / n_events)
    slope *= 1 - squeezed**2
    of_above = slope[:, None] * last[:-1] * (1 - above**2)
    of_below = (of_above @ second[:-1].T) * (1 - below**2)
    return [
        np.vstack([inputs.T @ of_below, of_below.sum(axis=0)]),
        np.vstack([below.T @ of_above, of_above.sum(axis=0)]),
        np.append(above.T @ slope, slope.sum()),
    ]


def _step(
    weights: list[SingleArray],
    moments: list[list[SingleArray]],
    slopes: list[SingleArray],
    k: int,
    step: int,
    settings: LearningSettings,
) -> None:
    """Change the weights of one network by a step of Adam with decoupled decay.

    References
    ----------
    Loshchilov & Hutter (2019), https://doi.org/10.48550/arXiv.1711.05101
    """
    low, high = _DECAYS
    for weight, (mean, square), slope in zip(weights, moments, slopes, strict=True):
        mean[k] = low * mean[k] + (1 - low) * slope
        square[k] = high * square[k] + (1 - high) * slope**2
        size = np.sqrt(square[k] / (1 - high**step)) + _EPSILON
        weight[k] *= 1 - settings.rate * settings.weight_decay
        weight[k] -= settings.rate * (mean[k] / (1 - low**step)) / size
