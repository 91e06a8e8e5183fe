"""Pickers that others trained, converted to the one interface that every picker here has."""

from mainshock.detect.converted.registry import CONVERTERS, AddedModel, AddOptions, add_model

__all__ = ["CONVERTERS", "AddOptions", "AddedModel", "add_model"]
