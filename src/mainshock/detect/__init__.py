"""Pickers: the arrivals of P and S in the record of one station."""

from mainshock.detect.base import Picker, ProbabilityCurves
from mainshock.detect.registry import PICKERS, open_picker

__all__ = ["PICKERS", "Picker", "ProbabilityCurves", "open_picker"]
