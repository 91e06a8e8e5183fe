"""The model store: folders that hold weights, a manifest and a card.

A model folder holds ``manifest.json``, ``card.md`` and the files that the manifest lists with
their checksums. Packaged models lie inside this package, added ones in ``Settings.model_store``.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from mainshock.core.errors import ModelError, RegistryError
from mainshock.core.provenance import file_sha256
from mainshock.core.settings import Settings

__all__ = [
    "ModelManifest",
    "find_model",
    "list_models",
    "load_manifest",
    "verify_model",
    "write_manifest",
]

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class ModelManifest:
    """What a model is, how it was made and how it must be used.

    Parameters
    ----------
    name, version, task, description, licence
        As a user reads them in a list.
    files
        File name to SHA-256 of every file the model needs.
    settings
        What inference needs beside the weights: rates, windows, thresholds, calibration.
    training
        Recipe and its checksum, seed, data checksums, split and the sets used.
    metrics
        Scores on data that the model was not trained on, each with its spread.
    """

    name: str
    version: str
    task: str
    description: str
    licence: str
    files: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return asdict(self)


def _folders() -> list[Path]:
    packaged = Path(str(files("mainshock")))
    stores = [*packaged.glob("*/models"), Settings.from_environment().model_store]
    return sorted(path.parent for store in stores for path in store.glob(f"*/{MANIFEST}"))


def list_models() -> list[ModelManifest]:
    """Return the manifests of all packaged and added models, in order of name."""
    return sorted((load_manifest(folder) for folder in _folders()), key=lambda item: item.name)


def find_model(name: str | Path) -> Path:
    """Return the folder of a model, given its name or the folder itself.

    Raises
    ------
    RegistryError
        If there is no such model.
    """
    if (Path(name) / MANIFEST).is_file():
        return Path(name)
    found = {load_manifest(folder).name: folder for folder in _folders()}
    if str(name) not in found:
        known = ", ".join(sorted(found)) or "none"
        raise RegistryError(
            f"no model is called {str(name)!r} and no folder of that name holds a {MANIFEST}; "
            f"known models: {known}"
        )
    return found[str(name)]


def load_manifest(folder: Path) -> ModelManifest:
    """Return the manifest of a model folder.

    Raises
    ------
    ModelError
        If the manifest is missing, damaged or lacks a field.
    """
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return ModelManifest(**content)
    except (OSError, ValueError, TypeError) as error:
        names = ", ".join(item.name for item in fields(ModelManifest))
        raise ModelError(f"{path} is no usable manifest ({error}); it needs {names}") from error


def write_manifest(folder: Path, manifest: ModelManifest) -> None:
    """Write a manifest into its folder, keys in order, so that differences can be read."""
    text = json.dumps(manifest.as_dict(), indent=2, sort_keys=True) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def verify_model(folder: Path) -> list[str]:
    """Return the names of the files that match their checksums, which must be all of them.

    Raises
    ------
    ModelError
        If a file is missing or differs from what the manifest states.
    """
    manifest = load_manifest(folder)
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise ModelError(f"{path} is missing; add the model again")
        actual = file_sha256(path)
        if actual != expected:
            raise ModelError(
                f"{path} has sha256 {actual[:12]}..., its manifest says {expected[:12]}...; the "
                "file is damaged or was changed: add the model again"
            )
    return sorted(manifest.files)
