"""Segments and features of trenches, built from open data."""

from mainshock.megathrust.build.builder import BuildSettings
from mainshock.megathrust.build.inputs import read_inputs
from mainshock.megathrust.build.tables import BuiltSegments, build_segments, write_built
from mainshock.megathrust.build.trenches import ZONES, chosen_zones

__all__ = [
    "ZONES",
    "BuildSettings",
    "BuiltSegments",
    "build_segments",
    "chosen_zones",
    "read_inputs",
    "write_built",
]
