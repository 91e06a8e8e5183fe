"""Which bus carries the messages of one process: a file of its own, or a cluster."""

from dataclasses import dataclass
from pathlib import Path

from mainshock.core.errors import SettingsError
from mainshock.sources.packets import PacketSource
from mainshock.stream.bus import Bus
from mainshock.stream.bus_registry import BUSES
from mainshock.stream.run_folder import kind_of

__all__ = ["EMBEDDED", "BusChoice"]

EMBEDDED = "embedded"
_OWNER = "run"


@dataclass(frozen=True, slots=True)
class BusChoice:
    """A bus by name, and how it is reached.

    Parameters
    ----------
    name
        A name of ``BUSES``.
    settings
        Where its settings stand; None: the environment. The embedded bus has none.

    Raises
    ------
    SettingsError
        If settings are named for the embedded bus.
    """

    name: str = EMBEDDED
    settings: Path | None = None

    def __post_init__(self) -> None:
        if self.name == EMBEDDED and self.settings is not None:
            raise SettingsError(
                f"{self.settings} tells how a cluster is reached, but the bus is {EMBEDDED}; name "
                "--bus kafka as well, or leave --bus-settings out"
            )

    def open(self, path: Path, source: PacketSource) -> Bus:
        """Return the bus.

        Parameters
        ----------
        path
            Where the embedded bus has its file; it goes with the folder of its run.
        source
            What the run reads; a cluster keeps what kind it is. Only a live run goes on with what
            an earlier one left.

        Raises
        ------
        RegistryError
            If there is no such bus.
        SettingsError
            If a setting makes no sense, or the cluster holds what another kind of run, or an
            earlier replay, left under the same names.
        SourceError
            If the bus cannot be reached.
        """
        made = BUSES.load(self.name)
        if self.name == EMBEDDED:
            return made(path)
        bus = made(self.settings)
        try:
            _claim(bus, kind_of(source), is_live=source.is_live)
        except BaseException:
            bus.close()
            raise
        return bus


def _claim(bus: Bus, kind: str, *, is_live: bool) -> None:
    """Note what the records of a cluster are, unless it holds others."""
    found = bus.committed_state(_OWNER)
    if found is None:
        bus.commit(_OWNER, kind.encode())
        return
    there = found.decode()
    if there != kind or not is_live:
        raise SettingsError(
            f"the cluster holds messages of an earlier run ({there}), which must not mix with "
            f"those of this one ({kind}); name another topic_prefix in the settings of the bus"
        )
