"""The forecast of a region as events come in: milliseconds from an event to new chances."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, ModelError
from mainshock.core.rate_forecast import ForecastRow
from mainshock.forecast.base import ModelInfo, as_history
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.live_grid import ForecastGrid
from mainshock.forecast.live_law import LiveLaw
from mainshock.forecast.live_state import LiveState, Shock, widening
from mainshock.forecast.long_term import Circle, LongTermRates
from mainshock.forecast.probability import ClusterCounts, Window
from mainshock.forecast.refusals import (
    refuse_below_model_completeness,
    refuse_beyond_horizon,
    refuse_overlap,
    refuse_supercritical,
)
from mainshock.forecast.region import Region
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.sources.seismicity.catalogue import Catalogue, text_from_days

__all__ = ["Change", "LiveEvent", "LiveForecast", "LiveModel", "LiveSettings", "live_model"]

FloatArray = NDArray[np.float64]
ChangeKind = Literal["added", "replaced", "removed", "unchanged", "ignored"]
_FORMAT = 1
_SURE = 1.96  # standard deviations on either side hold 95 %
_STEADY_SPREAD = 0.1  # of ln of the background rate


class LiveModel(Protocol):
    """What the live state needs of a model: space-time ETAS parameters and a background."""

    @property
    def info(self) -> ModelInfo:
        """Region, magnitudes, and what the model was fitted to."""
        ...

    @property
    def parameters(self) -> EtasParameters:
        """Background rate and triggering kernel."""
        ...

    @property
    def background(self) -> SmoothedPlaces | None:
        """Density of background events; None where it is uniform."""
        ...


def live_model(model: object) -> LiveModel:
    """Return a model that can be kept up to date event by event.

    Raises
    ------
    ModelError
        If it is none: it has no triggering kernel in space and time, or no region.
    """
    parameters, info = getattr(model, "parameters", None), getattr(model, "info", None)
    if not (isinstance(parameters, EtasParameters) and isinstance(info, ModelInfo)):
        kind = getattr(info, "kind", type(model).__name__)
        raise ModelError(
            f"{kind} is no space-time ETAS model, which live forecasts need; fit one with "
            "`forecast fit CATALOGUE --model etas`, or use `forecast simulate`"
        )
    if info.region is None:
        raise ModelError("the model has no region; fit it again with --region")
    found: LiveModel = model  # type: ignore[assignment]  # its parts were looked at
    return found


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """An event as it is known now.

    Parameters
    ----------
    event_id
        The same for all its versions.
    time_days
        Origin time, days after 1970-01-01.
    longitude, latitude
        Degrees.
    magnitude
        Of the scale that the model was fitted to.
    """

    event_id: str
    time_days: float
    longitude: float
    latitude: float
    magnitude: float


@dataclass(frozen=True, slots=True)
class Change:
    """What an event did to the forecast.

    Parameters
    ----------
    event_id, kind
        Of the event, and what was done with it.
    reason
        Why it was ignored; else empty.
    now_days
        Moment of the state after it.
    """

    event_id: str
    kind: ChangeKind
    reason: str
    now_days: float


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """How a live forecast is kept.

    Parameters
    ----------
    most_cells
        Of the grid; the finest one of round steps is taken.
    rate_spread
        Standard deviation of the natural logarithm of the factor by which the part of the expected
        number may be wrong that past events trigger. 0.4 did best on the days of 2005 to 2013 of
        southern California, by a model fitted until 2004; :attr:`ModelInfo.validated` replaces it
        by ``ln_rate_sd`` where that was measured.
    """

    most_cells: int = 6000
    rate_spread: float = 0.4


@dataclass(slots=True, eq=False)
class LiveForecast:
    """Expected numbers and chances of earthquakes, kept up to date event by event.

    Parameters
    ----------
    model
        A fitted space-time ETAS model.
    history
        Events before ``now_days``; complete from the model's magnitude on. Later ones are left
        out.
    now_days
        Moment that the forecast is made at, days after 1970-01-01.
    settings
        How it is kept.

    Raises
    ------
    DataError
        If the moment lies in the window that the model was fitted to.
    ModelError
        If it is no such model, or its branching ratio is 1 or more.

    Notes
    -----
    Expected numbers hold the aftershocks of events that are yet to come: they obey a renewal
    equation, which is linear, so that means over the plane are exact (:class:`ClusterCounts`). In
    space, generations after the first take a wider kernel (:class:`LiveState`). The decay in time
    is a sum of exponentials in single precision, exact to 1e-5 of the rate. Past events follow the
    model's own law, later generations its mean (:class:`LiveLaw`); the background is that of the
    moment of opening. Aftershocks hidden in the wake of a large event are not made up for.
    May be used by one thread at a time.
    """

    model: LiveModel
    history: Catalogue
    now_days: float
    settings: LiveSettings = field(default_factory=LiveSettings)
    grid: ForecastGrid = field(init=False)
    counts: ClusterCounts = field(init=False)
    long_term: LongTermRates = field(init=False)
    _region: Region = field(init=False)
    _near: Region = field(init=False)
    _state: LiveState = field(init=False)
    _background: FloatArray = field(init=False)
    _steady: float = field(init=False)
    _calm: float = field(init=False)
    _live: dict[str, LiveEvent | None] = field(default_factory=dict)
    _activity: dict[str, float] = field(default_factory=dict)
    _numbers: dict[str, tuple[int, Shock]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.model = live_model(self.model)
        info, parameters = self.model.info, self.model.parameters
        region = info.region
        if region is None:
            raise ModelError("the model has no region; fit it again with --region")
        refuse_overlap(info, self.now_days)
        refuse_supercritical(parameters.branching_ratio(info.beta, info.m_max))
        self._region, self._near = region, region.buffered(info.settings.buffer_km)
        self.grid = ForecastGrid.over(region, self.settings.most_cells)
        history = as_history(self.history, info.settings, self.now_days)
        self.history = history
        law, columns = LiveLaw.of(self.model, history)
        self.counts = ClusterCounts(law.later, info.beta, info.m_max, law.rates)
        self._calm = law.calm
        levels = getattr(self.model, "levels", ((), ()))
        self.long_term = LongTermRates.of(info, self.grid, history, law.background, levels)
        self._background = self.grid.share_of(law.background)
        self._steady = law.law.parameters.mu_per_day
        wider = widening(self.counts, law.law.parameters.rho)
        self._state = LiveState(self.grid, law, wider, self.now_days)
        self._state.load(history, columns)
        for number, event_id in enumerate(history.event_id):
            if event_id:
                self._numbers[str(event_id)] = (number, _shock(history, number))

    @property
    def info(self) -> ModelInfo:
        """Return what the model is."""
        return self.model.info

    @property
    def region(self) -> Region:
        """Return where it holds."""
        return self._region

    @property
    def rate_spread(self) -> float:
        """Return the standard deviation of ln of the factor that expected numbers may be off."""
        measured = self.info.validated.get("ln_rate_sd")
        return float(measured) if isinstance(measured, int | float) else self.settings.rate_spread

    def event_times(self) -> list[float]:
        """Return the times of the events that came since the history, whether they count or not."""
        return [one.time_days for one in self._live.values() if one is not None]

    def update(self, event: LiveEvent, activity: float | None = None) -> Change:
        """Take in an event, or a new version of one.

        An event later than the present moment moves that on to its time. Its activity follows from
        the events before it, unless it is known.

        Raises
        ------
        DataError
            If a number of it is not finite.
        """
        numbers = (event.time_days, event.longitude, event.latitude, event.magnitude)
        if not all(math.isfinite(one) for one in numbers):
            raise DataError(f"event {event.event_id} has a time, place or magnitude that is none")
        shock = Shock(*numbers)
        known = self._numbers.get(event.event_id)
        self._live[event.event_id] = event
        if known is not None and known[1] == shock:
            self.advance(event.time_days)
            return Change(event.event_id, "unchanged", "", self.now_days)
        if known is not None:
            self._remove(event.event_id)
        reason = _why_no_source(self.info, self._near, shock)
        if reason:
            self.advance(event.time_days)
        else:
            activity = self._state.activity(shock) if activity is None else activity
            self._activity[event.event_id] = activity
            self._numbers[event.event_id] = (self._state.add(shock, activity), shock)
            self.now_days = self._state.now_days
        kind: ChangeKind = "replaced" if known is not None else "ignored" if reason else "added"
        return Change(event.event_id, kind, reason, self.now_days)

    def cancel(self, event_id: str) -> Change:
        """Take out an event that turned out to be none."""
        self._live[event_id] = None
        if event_id not in self._numbers:
            return Change(event_id, "ignored", "it was not counted", self.now_days)
        self._remove(event_id)
        return Change(event_id, "removed", "", self.now_days)

    def advance(self, now_days: float) -> None:
        """Let time pass up to a moment; an earlier one changes nothing."""
        self._state.advance(now_days)
        self.now_days = self._state.now_days

    def expected(self, days: float = 1.0, start_days: float | None = None) -> FloatArray:
        """Return the expected number of events of at least ``mc`` in each cell of the grid.

        Parameters
        ----------
        days, start_days
            Length of the window, and when it opens; by default now.

        Returns
        -------
        Shape ``(n_rows, n_columns)``; cells outside the region hold 0.
        """
        window = self._window(days, start_days)
        direct, later = self._factors(window)
        cells = self._state.by_cell(direct, later)
        total = self._steady_number(window) * self._background
        found = np.maximum(cells, 0.0) * self.grid.share_inside + total
        return np.asarray(found.reshape(self.grid.shape))

    def expected_number(
        self,
        magnitude: float,
        area: Region | Circle | None = None,
        days: float = 1.0,
        start_days: float | None = None,
    ) -> float:
        """Return the expected number of events of at least a magnitude in an area."""
        refuse_below_model_completeness(magnitude, self.info)
        _, mean, _ = self._first_and_mean(area, self._window(days, start_days))
        return mean * self.counts.share_above(magnitude)

    def probability(
        self,
        magnitude: float,
        area: Region | Circle | None = None,
        days: float = 1.0,
        start_days: float | None = None,
    ) -> ForecastRow:
        """Return the chance of at least one event, with its range, its reference and the number.

        Parameters
        ----------
        magnitude
            From this one on.
        area
            A part of the region, or a circle whose middle lies in it; by default all of it.
        days, start_days
            Length of the window, and when it opens; by default now.

        Raises
        ------
        DataError
            If the magnitude is below ``mc``, the area outside the region, or the window opens
            before now.
        SettingsError
            If the window is too long for the model.
        """
        refuse_below_model_completeness(magnitude, self.info)
        window = self._window(days, start_days)
        first, mean, steady = self._first_and_mean(area, window)
        alone = float(first @ self.counts.growth(window))
        factor = mean / alone if alone > 0 else 0.0
        hazard = factor * float(first @ self.counts.chance_of_any(magnitude, window))
        triggered = 1.0 - steady / mean if mean > 0 else 0.0
        spread = _uncertainty(self.info, self.rate_spread * max(triggered, 0.0), magnitude)
        counted = self.counts.counts(magnitude, window, first, factor, spread)
        low, high = counted.range_of()
        usual = self.long_term.number(magnitude, self.counts, area, days)
        return ForecastRow(
            magnitude=magnitude,
            days=days,
            probability=-math.expm1(-hazard),
            probability_low=-math.expm1(-hazard * math.exp(-_SURE * spread)),
            probability_high=-math.expm1(-hazard * math.exp(_SURE * spread)),
            reference_probability=-math.expm1(-usual),
            multiple=counted.mean / usual if usual > 0 else 0.0,
            expected=counted.mean,
            expected_low=low,
            expected_high=high,
            is_validated=refuse_beyond_horizon(days, self.info),
        )

    def snapshot(self) -> bytes:
        """Return what came since the history, as JSON."""
        told = [
            [name, None if one is None else asdict(one), self._activity.get(name)]
            for name, one in self._live.items()
        ]
        document = {"format": _FORMAT, "now_days": self.now_days, "events": told}
        return json.dumps(document, separators=(",", ":")).encode()

    def restore(self, snapshot: bytes) -> None:
        """Take in what :meth:`snapshot` of the same model and history told.

        Raises
        ------
        DataError
            If it is no such snapshot.
        """
        now_days, told = _told(snapshot)
        self.advance(now_days)
        for event_id, event, activity in told:
            if event is None:
                self.cancel(event_id)
            else:
                self.update(event, activity)

    def _remove(self, event_id: str) -> None:
        number, shock = self._numbers.pop(event_id)
        self._state.remove(number, shock)

    def _window(self, days: float, start_days: float | None) -> Window:
        refuse_beyond_horizon(days, self.info)
        lead = 0.0 if start_days is None else start_days - self.now_days
        if lead < -1e-9:
            raise DataError(
                f"the window opens at {text_from_days(self.now_days + lead)}, before "
                f"{text_from_days(self.now_days)}, up to which events are known; take a later one"
            )
        # a rounded lead finds the clusters that were worked out before; 0.1 s does not matter
        return max(round(lead, 6), 0.0), days

    def _factors(self, window: Window) -> tuple[FloatArray, FloatArray]:
        """Return what a unit of each exponential gives in a window: at first hand, and later."""
        lead, days = window
        rate = np.maximum(self._state.rates, 1e-300)
        at_once = np.exp(-rate * lead) * -np.expm1(-rate * days) / rate
        return at_once, self.counts.hats(window) @ self.counts.growth(window) - at_once

    def _steady_number(self, window: Window) -> float:
        """Return the expected number of background events and their aftershocks."""
        nothing = np.zeros(len(self._state.rates))
        first = self.counts.first_generation(window, nothing, self._steady)
        own = self._steady * window[1]
        # what nothing triggered comes in calm places, and triggers less than the rest
        return own + self._calm * (float(first @ self.counts.growth(window)) - own)

    def _first_and_mean(
        self, area: Region | Circle | None, window: Window
    ) -> tuple[FloatArray, float, float]:
        """Return the first generation by time node, the whole number, and the background's part."""
        share = self.long_term.shares_in(area)
        if isinstance(area, Circle):
            states = self._state.in_circle(area, share)
        else:
            states = self._state.in_cells(share)
        states = np.maximum(states, 0.0)
        here = self.long_term.part_of(self._background, area)
        direct, later = self._factors(window)
        first = self.counts.first_generation(window, states[0], self._steady * here)
        steady = here * self._steady_number(window)
        return first, float(direct @ states[0] + later @ states[1]) + steady, steady


def _why_no_source(info: ModelInfo, near: Region, shock: Shock) -> str:
    """Return why an event triggers none in the model; nothing where it does."""
    if shock.magnitude < info.mc - 1e-6:
        return f"its magnitude is below {info.mc:g}"
    place = shock.longitude, shock.latitude
    # the region has far fewer corners
    region = info.region
    if not ((region and region.contains(*place)[0]) or near.contains(*place)[0]):
        return "it is too far from the region"
    if shock.time_days < info.settings.history_start_days:
        return "it is older than the sources of the model"
    return ""


def _shock(history: Catalogue, number: int) -> Shock:
    names = ("time_days", "longitude", "latitude", "magnitude")
    return Shock(*(float(getattr(history, name)[number]) for name in names))


def _uncertainty(info: ModelInfo, rate_spread: float, magnitude: float) -> float:
    """Return the standard deviation of ln of the expected number above a magnitude."""
    error = info.standard_errors.get("beta", math.nan)
    if not math.isfinite(error):
        error = info.beta / math.sqrt(max(info.n_events, 1))
    return math.hypot(rate_spread, _STEADY_SPREAD, (magnitude - info.mc) * error)


def _told(snapshot: bytes) -> tuple[float, list[tuple[str, LiveEvent | None, float | None]]]:
    """Return moment and events of a snapshot."""
    try:
        document: Mapping[str, Any] = json.loads(snapshot)
        if document["format"] != _FORMAT:
            raise ValueError("made by another version of this package")
        told = [
            (str(name), None if event is None else LiveEvent(**event), activity)
            for name, event, activity in document["events"]
        ]
        return float(document["now_days"]), told
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f"no snapshot of a live forecast: {error!r}") from error
