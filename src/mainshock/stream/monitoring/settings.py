"""What the watch for drift may be told."""

from dataclasses import dataclass, field

from mainshock.core.errors import SettingsError
from mainshock.stream.monitoring.limits import Limits

__all__ = ["ChannelLimits", "DriftSettings", "ModelLimits"]


@dataclass(frozen=True, slots=True)
class ChannelLimits:
    """Limits of the figures of a channel, judged once a minute.

    Parameters
    ----------
    level
        Decades of rms: a factor of 2.8 is 0.45.
    slope
        Decades of power in a decade of frequency.
    offset
        In usual rms.
    """

    level: Limits = field(default_factory=lambda: Limits(0.45, 5.0))
    slope: Limits = field(default_factory=lambda: Limits(1.0, opens_after=3))
    offset: Limits = field(default_factory=lambda: Limits(30.0, sigmas=12.0, opens_after=3))


def _of_bins(floor: float, sigmas: float = 5.0) -> Limits:
    return Limits(floor, sigmas, fewest=12, every=1, closes_after=2, adopts_after=144)


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """Limits of the figures of a picker, judged once a bin.

    Parameters
    ----------
    pick_rate
        Twice the square root of the picks that no event has, whose scatter is 1 by chance.
    probability
        Mean probability.
    phase_ratio
        Natural logarithm of P to S.
    unsettled
        Share of early picks that were withdrawn.
    residual_mean, residual_sd
        Seconds; decades of seconds.
    """

    pick_rate: Limits = field(default_factory=lambda: _of_bins(8.0))
    probability: Limits = field(default_factory=lambda: _of_bins(0.15))
    phase_ratio: Limits = field(default_factory=lambda: _of_bins(1.5))
    unsettled: Limits = field(default_factory=lambda: _of_bins(0.35))
    residual_mean: Limits = field(default_factory=lambda: _of_bins(0.3))
    residual_sd: Limits = field(default_factory=lambda: _of_bins(0.4))


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """Times of the watch, in seconds of record.

    Parameters
    ----------
    block_s
        What one set of figures is of.
    recent_s
        Whose quiet level is compared with the reference.
    look_s
        From one comparison to the next.
    quiet
        Quantile of the recent blocks that counts as their quiet level.
    flat_s
        A channel that does not move for so long is dead.
    fewest_clipped
        Recent blocks that are clipped from which on it is told.
    bin_s
        What one set of figures of a picker is of.
    retell_s
        From one word on an open flag to the next.
    channel, model
        Limits.

    Raises
    ------
    SettingsError
        If a time is not positive, or the quantile does not lie between 0 and 1.
    """

    block_s: float = 5.0
    recent_s: float = 360.0
    look_s: float = 60.0
    quiet: float = 0.2
    flat_s: float = 30.0
    fewest_clipped: int = 3
    bin_s: float = 600.0
    retell_s: float = 600.0
    channel: ChannelLimits = field(default_factory=ChannelLimits)
    model: ModelLimits = field(default_factory=ModelLimits)

    def __post_init__(self) -> None:
        for name in ("block_s", "recent_s", "look_s", "flat_s", "bin_s", "retell_s"):
            if not getattr(self, name) > 0.0:
                raise SettingsError(f"{name} is {getattr(self, name)}; it must be above 0 seconds")
        if not 0.0 < self.quiet < 1.0:
            raise SettingsError(f"quiet is {self.quiet}; it must lie between 0 and 1")
