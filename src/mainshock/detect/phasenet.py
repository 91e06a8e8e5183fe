"""TEMPORARY alias while other files move."""

from mainshock.detect.network import NetworkPicker as PhaseNetPicker

__all__ = ["PhaseNetPicker"]
