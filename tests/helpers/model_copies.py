"""Copies of the packaged picker under other names, with other settings."""

import shutil
from dataclasses import replace
from pathlib import Path

from mainshock.learn.models import find_model, load_manifest, write_manifest

__all__ = ["copy_picker"]


def copy_picker(models: Path, name: str, **settings: object) -> Path:
    """Put a copy of the packaged picker into a model store, and return its folder."""
    folder = models / name
    shutil.copytree(find_model("phasenet"), folder)
    manifest = load_manifest(folder)
    made = replace(manifest, name=name, version="9.1", settings={**manifest.settings, **settings})
    write_manifest(folder, made)
    return folder
