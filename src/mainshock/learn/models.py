"""The model store: folders that hold weights, a manifest and a card.

A model folder holds ``manifest.json``, ``card.md`` and the files that the manifest lists with
their checksums. Packaged models lie inside this package, added ones in ``Settings.model_store``,
and those of a Python environment in ``Settings.environment_store``.
"""

import json
import os
import re
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from mainshock.core.errors import ModelError, RegistryError, SourceError, UnreachableError
from mainshock.core.files import make_folder
from mainshock.core.provenance import file_sha256
from mainshock.core.settings import Settings

__all__ = [
    "ModelManifest",
    "find_model",
    "is_packaged",
    "list_models",
    "load_manifest",
    "new_model_folder",
    "verify_model",
    "write_manifest",
]

MANIFEST = "manifest.json"
# Names that stand for a packaged model: `default` is the picker of that name
_ALIASES: Mapping[str, str] = {"default": "phasenet"}
_ADD_EQTRANSFORMER = "mainshock models add eqtransformer"
_ADDABLE = dict.fromkeys(("eqtransformer", "eqtransformer-original"), _ADD_EQTRANSFORMER)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


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


def _package() -> Path:
    return Path(str(files("mainshock")))


def _folders() -> list[Path]:
    settings = Settings.from_environment()
    stores = [*_package().glob("*/models"), settings.model_store]
    if settings.environment_store is not None:
        stores.insert(-1, settings.environment_store)  # what the user added comes later and wins
    found = (path.parent for store in stores for path in sorted(store.glob(f"*/{MANIFEST}")))
    return [folder for folder in found if not folder.name.startswith(".")]


def _by_name() -> dict[str, Path]:
    """Return the folders by the names of their models; a damaged one is told and left out."""
    found = {}
    for folder in _folders():
        try:
            found[load_manifest(folder).name] = folder
        except ModelError as error:
            warnings.warn(f"{error}; it is left out", stacklevel=3)
    return found


def is_packaged(folder: Path) -> bool:
    """Return whether a model folder came with this package; if not, a user added it."""
    return folder.resolve().is_relative_to(_package().resolve())


def list_models() -> list[ModelManifest]:
    """Return the manifests of all packaged and added models, in order of name."""
    return [load_manifest(folder) for _, folder in sorted(_by_name().items())]


def find_model(name: str | Path) -> Path:
    """Return the folder of a model, given its name or the folder itself.

    ``default`` is another name of the model that the picker ``default`` runs.

    Raises
    ------
    RegistryError
        If there is no such model.
    UnreachableError
        If the name is that of a model which must be added first.
    """
    if (Path(name) / MANIFEST).is_file():
        return Path(name)
    found = _by_name()
    known_as = _ALIASES.get(str(name), str(name))
    if known_as not in found and known_as in _ADDABLE:
        raise UnreachableError(
            f"the model {known_as!r} is not in the model store yet; add it: {_ADDABLE[known_as]}"
        )
    if known_as not in found:
        known = ", ".join(sorted(found)) or "none"
        raise RegistryError(
            f"no model is called {str(name)!r} and no folder of that name holds a {MANIFEST}; "
            f"known models: {known}"
        )
    return found[known_as]


@contextmanager
def new_model_folder(name: str) -> Iterator[Path]:
    """Give an empty folder beside the user's models and move it to its name in the end.

    Nobody sees half a model: an error, or a stop, leaves the store as it was. A model of the
    same name that a user added before is replaced.

    Raises
    ------
    ModelError
        If the name is no name, or that of a packaged model.
    SourceError
        If the store cannot be written.
    """
    _check_new_name(name)
    target = make_folder(Settings.from_environment().model_store) / name
    # hidden names: the store does not list them
    temporary = target.with_name(f".{name}.{os.getpid()}.new")
    shutil.rmtree(temporary, ignore_errors=True)  # what a killed process may have left
    make_folder(temporary)
    old = target.with_name(f".{name}.{os.getpid()}.old")
    try:
        yield temporary
        _swap(temporary, target, old)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _swap(new: Path, target: Path, old: Path) -> None:
    try:
        if target.exists():
            target.replace(old)
        new.replace(target)
    except OSError as error:
        if old.exists() and not target.exists():
            old.replace(target)
        raise SourceError(
            f"cannot write {target}: {error}; check the folder that MAINSHOCK_MODELS names"
        ) from error


def _check_new_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ModelError(
            f"{name!r} cannot name a model; use small letters, digits, '.', '_' and '-'"
        )
    if name in _ALIASES or any(
        load_manifest(folder).name == name for folder in _folders() if is_packaged(folder)
    ):
        raise ModelError(f"{name!r} is the name of a packaged model; choose another one")


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
