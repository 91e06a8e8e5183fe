"""A SeedLink server, versions 3.1 and 4.0, for what was ingested."""

from mainshock.serve.seedlink.server import SeedLinkServer
from mainshock.serve.seedlink.settings import SeedLinkSettings

__all__ = ["SeedLinkServer", "SeedLinkSettings"]
