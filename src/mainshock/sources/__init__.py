"""Where records, stations and tables come from.

Only light names stand here; import readers from the modules that define them, such as
``mainshock.sources.stations`` or ``mainshock.sources.tables``.
"""

from mainshock.sources.base import SkippedInput, WaveformSource
from mainshock.sources.registry import SOURCES, open_source

__all__ = ["SOURCES", "SkippedInput", "WaveformSource", "open_source"]
