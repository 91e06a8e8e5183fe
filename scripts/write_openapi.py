"""Write the service's description of its API (OpenAPI 3.1): ``write_openapi.py FILE``."""

import json
import sys
import tempfile
from pathlib import Path

from mainshock.serve.app import create_app
from mainshock.serve.context import ServiceContext
from mainshock.sources.stations import StationList
from mainshock.stream.store.live_store import LiveStore


def write_openapi(path: Path) -> None:
    """Write the description as JSON; it depends on the code alone."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LiveStore.open(Path(folder) / "empty.sqlite") as store,
    ):
        app = create_app(ServiceContext(store, Path(folder), StationList([])))
        path.write_text(json.dumps(app.openapi(), indent=1), encoding="utf-8")


if __name__ == "__main__":
    write_openapi(Path(sys.argv[1]))
