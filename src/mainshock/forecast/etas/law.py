"""The triggering law of each event: the model's parameters, and how they vary between events."""

from dataclasses import asdict, dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.events import Sources
from mainshock.forecast.etas.kernels import Columns
from mainshock.forecast.etas.parameters import EtasParameters, decay_integral
from mainshock.forecast.etas.transform import NAMES, Bounds, bounds_of, from_vector, to_vector

__all__ = ["LAW_NAMES", "VARIATION_NAMES", "TriggeringLaw", "Variation", "law_bounds"]

FloatArray = NDArray[np.float64]

VARIATION_NAMES = ("productivity_activity", "omega_activity", "omega_magnitude", "c_magnitude")
"""What a fit may vary of a :class:`Variation`."""

LAW_NAMES = (*NAMES, *VARIATION_NAMES)
"""Entries of the vector of a law; those of the variation are no logarithms."""


@dataclass(frozen=True, slots=True)
class Variation:
    """How the law differs between events; all 0: not at all.

    With ``m`` the magnitude above the reference and ``y`` the activity above its mean, an event
    has ``productivity_activity y`` more ln productivity, ``ln c`` larger by ``c_magnitude m``, and
    ``omega`` larger by ``omega_magnitude m + omega_activity y``. The activity of an event is the
    natural logarithm of how many times the intensity exceeded the background when it came.

    Parameters
    ----------
    productivity_activity, omega_activity, omega_magnitude, c_magnitude
        As above.
    mean_activity
        The activity of an event to which the plain parameters apply.

    Notes
    -----
    Some sequences are more productive than others (Marsan & Helmstetter 2017,
    https://doi.org/10.1002/2016JB013807); events in them come at high intensity. That the decay
    depends on magnitude: Ouillon & Sornette (2005), https://doi.org/10.1029/2004JB003311.
    """

    productivity_activity: float = 0.0
    omega_activity: float = 0.0
    omega_magnitude: float = 0.0
    c_magnitude: float = 0.0
    mean_activity: float = 0.0

    @property
    def is_none(self) -> bool:
        """Return whether all events have one law."""
        return not any(getattr(self, name) for name in VARIATION_NAMES)

    @property
    def needs_activity(self) -> bool:
        """Return whether the activity of events plays a part."""
        return bool(self.productivity_activity or self.omega_activity)

    def as_dict(self) -> dict[str, float]:
        """Return the numbers by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, float]) -> "Variation":
        """Return what :meth:`as_dict` gave; other names are ignored."""
        return cls(**{one.name: float(values.get(one.name, 0.0)) for one in fields(cls)})


@dataclass(frozen=True, slots=True)
class TriggeringLaw:
    """Parameters of the model and their variation between events.

    Parameters
    ----------
    parameters
        Of an event of reference magnitude and mean activity.
    variation
        Of the others.
    """

    parameters: EtasParameters
    variation: Variation = field(default_factory=Variation)

    @property
    def vector(self) -> FloatArray:
        """Return the vector that is fitted, shape ``(13,)``."""
        extra = [getattr(self.variation, name) for name in VARIATION_NAMES]
        return np.append(to_vector(self.parameters), extra)

    def at(self, vector: FloatArray) -> "TriggeringLaw":
        """Return the law of another vector; reference magnitude and mean activity stay."""
        n = len(NAMES)
        varied = dict(zip(VARIATION_NAMES, map(float, vector[n:]), strict=True))
        return TriggeringLaw(
            from_vector(vector[:n], self.parameters.m_ref),
            Variation(**varied, mean_activity=self.variation.mean_activity),
        )

    def without_activity(self) -> "TriggeringLaw":
        """Return the law that all events would have were their activity the mean."""
        varied = self.variation
        plain = Variation(
            omega_magnitude=varied.omega_magnitude,
            c_magnitude=varied.c_magnitude,
            mean_activity=varied.mean_activity,
        )
        return TriggeringLaw(self.parameters, plain)

    def recentred(self, mean_activity: float) -> "TriggeringLaw":
        """Return the same law, written with another mean activity."""
        varied, parameters = self.variation, self.parameters
        shift = mean_activity - varied.mean_activity
        values = {
            **parameters.as_dict(),
            "k0": parameters.k0 * float(np.exp(varied.productivity_activity * shift)),
            "omega": parameters.omega + varied.omega_activity * shift,
        }
        moved = Variation.from_dict({**varied.as_dict(), "mean_activity": mean_activity})
        return TriggeringLaw(EtasParameters.from_dict(values), moved)

    def typical(self, beta: float, m_max: float, factor: float = 1.0) -> EtasParameters:
        """Return parameters of one law for all events that comes near to this one on average.

        ``c`` and ``omega`` are those of the magnitude that direct aftershocks have on average come
        from, and an event has as many within a day as by this law.

        Parameters
        ----------
        beta, m_max
            Of the magnitudes.
        factor
            How many times more productive events are than at mean activity.
        """
        above = np.linspace(0.0, m_max - self.parameters.m_ref, 201)
        plenty = np.exp(-beta * above) * self.parameters.space_factor(above + self.parameters.m_ref)
        middle = float(plenty @ above / plenty.sum())
        varied, one = self.variation, self.parameters
        c = one.c_days * np.exp(varied.c_magnitude * above)
        omega = one.omega + varied.omega_magnitude * above
        within = [
            float(decay_integral(1.0, *each, one.tau_days)) for each in zip(c, omega, strict=True)
        ]
        found = replace(
            one,
            c_days=float(one.c_days * np.exp(varied.c_magnitude * middle)),
            omega=one.omega + varied.omega_magnitude * middle,
        )
        same = float(plenty @ within / (plenty.sum() * found.integral_to(1.0)))
        return replace(found, k0=one.k0 * factor * same)

    def active(self, sources: Sources) -> FloatArray:
        """Return the activity of sources above the mean."""
        return sources.activity - self.variation.mean_activity

    def c_days(self, sources: Sources) -> FloatArray:
        """Return ``c`` of each source."""
        return np.asarray(
            self.parameters.c_days * np.exp(self.variation.c_magnitude * sources.above)
        )

    def omega(self, sources: Sources) -> FloatArray:
        """Return ``omega`` of each source."""
        varied = self.variation
        extra = varied.omega_magnitude * sources.above
        return self.parameters.omega + extra + varied.omega_activity * self.active(sources)

    def factor(self, sources: Sources) -> FloatArray:
        """Return the space factor of each source: times the integral of its decay, aftershocks."""
        plain = self.parameters.space_factor(sources.above + self.parameters.m_ref)
        return plain * np.exp(self.variation.productivity_activity * self.active(sources))

    def columns(self, sources: Sources) -> Columns:
        """Return the columns of sources that kernels need."""
        parameters = self.parameters
        active = self.active(sources)
        weight = np.log(parameters.k0) + parameters.a * sources.above
        weight = weight + self.variation.productivity_activity * active
        found = (
            weight,
            parameters.spread_km2(sources.above + parameters.m_ref),
            sources.above,
            active,
            self.c_days(sources),
            1.0 + self.omega(sources),
        )
        return Columns(*(one.astype(np.float32) for one in found))


def law_bounds(n_targets: int, days: float, history_days: float) -> Bounds:
    """Return what no entry of the vector of a law may leave.

    Parameters
    ----------
    n_targets, days
        Events and length of the window.
    history_days
        From the first source to the end of the window: a longer taper cannot be told from none.
    """
    plain = bounds_of(n_targets, days)
    high = plain.high.copy()
    high[NAMES.index("tau_days")] = np.log(history_days)
    return Bounds(
        np.append(plain.low, [-0.5, -0.1, -0.1, -1.0]), np.append(high, [0.8, 0.15, 0.5, 3.0])
    )
