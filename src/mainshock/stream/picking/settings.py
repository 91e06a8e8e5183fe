"""What the live picking stage may be told."""

from dataclasses import dataclass

from mainshock.core.errors import SettingsError

__all__ = ["PickingSettings"]


@dataclass(frozen=True, slots=True)
class PickingSettings:
    """Times of the live picking stage, in seconds of record.

    Parameters
    ----------
    stride_s
        From one early window to the next.
    patience_s
        How long a hole in a component, or a component behind the others, is waited for.
    max_gap_s
        A longer silence ends a record; the next one starts anew, as in a batch run.
    shortest_s
        Record that an early window needs.
    recent_s
        Part of an early window, counted from its end, whose picks are told.
    same_s
        Picks of one phase nearer than this are versions of one pick.

    Raises
    ------
    SettingsError
        If a time is not positive, or the patience reaches the longest gap.
    """

    stride_s: float = 1.0
    patience_s: float = 10.0
    max_gap_s: float = 60.0
    shortest_s: float = 5.0
    recent_s: float = 10.0
    same_s: float = 0.5

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0.0:
                raise SettingsError(f"{name} is {getattr(self, name)}; it must be above 0 seconds")
        if self.patience_s >= self.max_gap_s:
            raise SettingsError(
                f"patience_s is {self.patience_s}; it must be less than max_gap_s "
                f"({self.max_gap_s})"
            )
