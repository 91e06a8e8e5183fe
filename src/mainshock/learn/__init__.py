"""Training, splits, model store, calibration and export: what every learned capability shares."""

from mainshock.learn.models import ModelManifest, find_model, list_models, load_manifest

__all__ = ["ModelManifest", "find_model", "list_models", "load_manifest"]
