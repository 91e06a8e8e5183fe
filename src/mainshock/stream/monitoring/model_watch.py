"""Watches one picker: how often, how surely and how well it picks, against its own past."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mainshock.core.records import Arrival
from mainshock.sources.fragments import NANOSECONDS, datetime_from_ns, ns_from_datetime
from mainshock.stream.monitoring.flags import DriftFlag
from mainshock.stream.monitoring.limits import Figure
from mainshock.stream.monitoring.settings import DriftSettings
from mainshock.stream.records import LivePick

__all__ = ["ModelWatch", "PickBin"]

_LATE_S = 180.0  # picks settle, and events with them, so long after
_FEWEST, _FEWEST_FOR_PHASES = 10, 20
_NAMES = {
    "pick_rate": "rate of picks that no event has",
    "probability": "mean probability of its picks",
    "phase_ratio": "ratio of P to S",
    "unsettled": "share of early picks that were withdrawn",
    "residual_mean": "mean residual of arrivals",
    "residual_sd": "scatter of residuals",
}


@dataclass(slots=True)
class PickBin:
    """What was picked in some minutes."""

    n_p: int = 0
    n_s: int = 0
    n_kept: int = 0
    n_withdrawn: int = 0
    sum_probability: float = 0.0
    n_owned: int = 0
    residuals: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Return what can be told of it; too few picks tell nothing but their number."""
        n_settled = self.n_p + self.n_s
        told = {"pick_rate": 2.0 * math.sqrt(max(0, n_settled - self.n_owned))}
        if n_settled >= _FEWEST:
            told["probability"] = self.sum_probability / n_settled
        if n_settled >= _FEWEST_FOR_PHASES:
            told["phase_ratio"] = math.log((self.n_p + 1.0) / (self.n_s + 1.0))
        n_early = self.n_kept + self.n_withdrawn
        if n_early >= _FEWEST:
            told["unsettled"] = self.n_withdrawn / n_early
        if len(self.residuals) >= _FEWEST:
            told["residual_mean"] = float(np.mean(self.residuals))
            told["residual_sd"] = math.log10(max(1e-3, float(np.std(self.residuals))))
        return told


@dataclass(slots=True, eq=False)
class ModelWatch:
    """What is known of one picker.

    Parameters
    ----------
    model
        Its name, as its picks state it.
    settings
        Times and limits.

    Notes
    -----
    Picks that an event has do not count in the rate: it shall tell what the picker makes of noise,
    not how the earth moves. The others are figures of settled picks and settled events, which a
    sequence of earthquakes may move as well: they say where to look, not what is wrong.
    """

    model: str
    settings: DriftSettings
    flags: dict[str, DriftFlag] = field(default_factory=dict)
    figures: dict[str, Figure] = field(init=False)
    _bins: dict[int, PickBin] = field(default_factory=dict)
    _judged: int = -1

    def __post_init__(self) -> None:
        limits = self.settings.model
        self.figures = {name: Figure(getattr(limits, name)) for name in _NAMES}

    def see_pick(self, version: LivePick) -> None:
        """Take a settled version of a pick."""
        if version.status != "settled":
            return
        one = self._bin(ns_from_datetime(version.pick.time))
        if one is None:
            return
        if version.kind == "cancel":
            one.n_withdrawn += 1
            return
        one.n_kept += version.kind == "update"
        one.sum_probability += version.pick.probability
        if version.pick.phase.startswith("P"):
            one.n_p += 1
        else:
            one.n_s += 1

    def see_arrivals(self, arrivals: Sequence[Arrival]) -> None:
        """Take the arrivals of a settled event that are picks of this model."""
        for arrival in arrivals:
            one = self._bin(ns_from_datetime(arrival.pick.time))
            if one is not None:
                one.n_owned += 1
                one.residuals.append(arrival.residual_s)

    def _bin(self, time_ns: int) -> PickBin | None:
        number = self._number(time_ns)
        return None if number <= self._judged else self._bins.setdefault(number, PickBin())

    def _number(self, time_ns: int) -> int:
        return time_ns // round(self.settings.bin_s * NANOSECONDS)

    def judge(self, newest_ns: int) -> list[DriftFlag]:
        """Judge the minutes that are over, and return the flags that open, change or close."""
        last = self._number(newest_ns - round(_LATE_S * NANOSECONDS)) - 1
        if self._judged < 0:
            self._judged = min(self._bins, default=last + 1) - 1
        told: list[DriftFlag] = []
        # after a long silence nothing is made up for what was not seen
        self._judged = max(self._judged, last - self.settings.model.pick_rate.fewest)
        while self._judged < last:
            self._judged += 1
            over = self._bins.pop(self._judged, PickBin())
            end_ns = (self._judged + 1) * round(self.settings.bin_s * NANOSECONDS)
            for name, value in over.figures().items():
                told += self._judge_figure(name, value, end_ns)
        for number in [one for one in self._bins if one <= self._judged]:
            del self._bins[number]
        return told

    def _judge_figure(self, kind: str, value: float, now_ns: int) -> list[DriftFlag]:
        figure = self.figures[kind]
        change = figure.see(value)
        if not change:
            return []
        now = datetime_from_ns(now_ns)
        was = self.flags.get(kind)
        is_open = change in ("opens", "stays")
        words = f"the {_NAMES[kind]} is {value:.3g}, usually {figure.usual:.3g}"
        if change == "adopted":
            words += "; it has become the usual one"
        since = now if was is None else was.since
        flag = DriftFlag(
            self.model, kind, is_open, since, now, value, figure.usual, figure.limit, words
        )
        if is_open:
            self.flags[kind] = flag
        else:
            self.flags.pop(kind, None)
        return [flag]

    def pack(self) -> dict[str, Any]:  # a JSON document
        """Return the state, but for the flags."""
        return {
            "judged": self._judged,
            "bins": {
                str(number): {name: getattr(one, name) for name in PickBin.__slots__}
                for number, one in self._bins.items()
            },
            "figures": {name: one.pack() for name, one in self.figures.items()},
        }

    def unpack(self, document: Mapping[str, Any]) -> None:
        """Take the state from a document of ``pack``."""
        self._judged = document["judged"]
        self._bins = {int(number): PickBin(**one) for number, one in document["bins"].items()}
        limits = self.settings.model
        for name, one in document["figures"].items():
            if name in self.figures:
                self.figures[name] = Figure.unpack(getattr(limits, name), one)
