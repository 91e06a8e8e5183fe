"""How the SeedLink server serves."""

from dataclasses import dataclass
from pathlib import Path

from mainshock.core.errors import SettingsError

__all__ = ["SeedLinkSettings"]


@dataclass(frozen=True, slots=True)
class SeedLinkSettings:
    """How the server listens, what it keeps and what it allows.

    Parameters
    ----------
    host, port
        Where it listens; port 0 takes any free one.
    organisation
        Who runs it, as clients show it.
    ring_bytes
        Most bytes of records that are kept for clients that come late.
    ring_seconds
        Longest time that a record is kept after it arrived, or None: as long as it fits.
    archive
        SDS root that time windows are read from where the ring begins later, or None.
    state_file
        Where the last sequence number is kept, so that numbers go on after a restart, or None.
    token
        What clients must show, or None where everybody who reaches the port may read. AUTH is a
        command of version 4: clients of version 3 then get nothing. It is not encrypted.
    max_clients
        Connections at a time; more are refused.
    max_stations
        STATION requests of one connection.
    max_selectors
        SELECT patterns of one STATION request.
    handshake_seconds
        A connection that asked for no data is closed when it is silent for so long.
    stall_seconds
        A client that takes no byte for so long is dropped.
    window_grace_seconds
        How long after its end a time window waits for records that come late.
    """

    host: str = "127.0.0.1"
    port: int = 18000
    organisation: str = "mainshock"
    ring_bytes: int = 64 * 1024 * 1024
    ring_seconds: float | None = None
    archive: Path | None = None
    state_file: Path | None = None
    token: str | None = None
    max_clients: int = 200
    max_stations: int = 1000
    max_selectors: int = 100
    handshake_seconds: float = 120.0
    stall_seconds: float = 60.0
    window_grace_seconds: float = 60.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise SettingsError(f"SeedLink port is {self.port}; it must lie between 0 and 65535")
        if not self.organisation.isprintable() or len(self.organisation) > 200:
            raise SettingsError(
                f"organisation is {self.organisation!r}; it must be one line of 200 letters at most"
            )
        if self.token is not None and (not self.token.isascii() or len(self.token) < 16):
            raise SettingsError("SeedLink token is too short or no ASCII; take 16 letters or more")
        positive = (
            "ring_bytes",
            "max_clients",
            "max_stations",
            "max_selectors",
            "handshake_seconds",
            "stall_seconds",
        )
        for name in positive:
            if getattr(self, name) <= 0:
                raise SettingsError(f"{name} is {getattr(self, name)}; it must be above 0")
        if self.ring_seconds is not None and self.ring_seconds <= 0:
            raise SettingsError(f"ring_seconds is {self.ring_seconds}; it must be above 0, or None")
        if self.window_grace_seconds < 0:
            raise SettingsError(
                f"window_grace_seconds is {self.window_grace_seconds}; it must not be negative"
            )
