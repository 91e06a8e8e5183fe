"""A folder of trained networks that are used again only for the same data and settings."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mainshock.core.errors import DataError, ModelError, SettingsError
from mainshock.core.files import make_folder, replacing
from mainshock.core.provenance import file_sha256
from mainshock.megathrust.network import PublishedNetwork
from mainshock.megathrust.published_layout import read_network, write_network

__all__ = ["NetworkFolder"]

_FORMAT = 1


class NetworkFolder:
    """Networks in files, with a manifest of what they were trained on and of their checksums.

    Parameters
    ----------
    path
        Of the manifest.
    data
        SHA-256 of the files that the networks were trained on, by name.
    key
        All that must be the same for a network to be used again.
    """

    def __init__(self, path: Path, data: Mapping[str, Any], key: Mapping[str, Any]) -> None:
        self.path, self.data, self._key = path, dict(data), dict(key)
        self.files: dict[str, str] = {}
        self.n_trained = self.n_reused = 0

    @classmethod
    def open(
        cls, folder: Path, files: Sequence[Path], settings: Mapping[str, Any]
    ) -> "NetworkFolder":
        """Return the folder of networks of these files and settings, empty or as it is.

        Raises
        ------
        DataError
            If its manifest is damaged.
        SettingsError
            If its networks are of other data or settings.
        """
        data = {file.name: file_sha256(file) for file in files}
        key = json.loads(json.dumps({"format": _FORMAT, "data": data, **settings}))
        new = cls(make_folder(folder) / "manifest.json", data, key)
        if not new.path.exists():
            return new
        try:
            old = json.loads(new.path.read_text(encoding="utf-8"))
            new.files = dict(old.pop("files"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{new.path} is damaged ({error}); give an empty folder") from error
        if old != key:
            differs = ", ".join(one for one in key if old.get(one) != key[one])
            raise SettingsError(
                f"{folder} holds networks of other {differs or 'settings'}; give another folder"
            )
        return new

    def read(self, name: str) -> PublishedNetwork | None:
        """Return a network that is there and as it was written."""
        path = self.path.parent / name
        if not path.exists() or self.files.get(name) != file_sha256(path):
            return None
        try:
            network = read_network(path)[0]
        except ModelError:  # as written, but by another version
            return None
        self.n_reused += 1
        return network

    def write(self, name: str, network: PublishedNetwork, about: Mapping[str, Any]) -> None:
        """Write a network and note its checksum."""
        path = self.path.parent / name
        write_network(network, path, {**about, "data": self.data})
        self.files[name] = file_sha256(path)
        self.n_trained += 1
        with replacing(self.path) as temporary:
            text = json.dumps({**self._key, "files": self.files}, indent=2)
            temporary.write_text(text + "\n", encoding="utf-8")
