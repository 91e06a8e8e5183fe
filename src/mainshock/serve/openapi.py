"""Writes the description of the API: ``python -m mainshock.serve.openapi FILE``."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from mainshock.core.errors import SettingsError
from mainshock.core.files import replacing
from mainshock.serve.app import create_app
from mainshock.serve.context import ServiceContext
from mainshock.sources.stations import StationList
from mainshock.stream.store.live_store import LiveStore

__all__ = ["main", "openapi_document"]


def openapi_document() -> dict[str, Any]:  # an OpenAPI document
    """Return the OpenAPI document of the service; it does not depend on any data."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with LiveStore.open(root / "empty.sqlite") as store:
            return create_app(ServiceContext(store, root, StationList([]))).openapi()


def main(arguments: list[str]) -> None:
    """Write the document to the file that is the one argument.

    Raises
    ------
    SettingsError
        If there is not exactly one argument.
    SourceError
        If the file cannot be written.
    """
    if len(arguments) != 1:
        raise SettingsError("name one file: python -m mainshock.serve.openapi openapi.json")
    with replacing(Path(arguments[0])) as temporary:
        text = json.dumps(openapi_document(), indent=2, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
