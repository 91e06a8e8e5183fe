"""Where things are kept, read from the environment when asked, never at import."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mainshock.core.errors import SettingsError

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Folders of one run.

    Parameters
    ----------
    model_store
        Folder for the models a user adds (``MAINSHOCK_MODELS``); packaged models are elsewhere.
    data_dir
        Folder of the open data sets used for training and tests (``MAINSHOCK_DATA``), or None.
    environment_store
        Folder for models that belong to the Python environment, read beside ``model_store``;
        None where ``MAINSHOCK_MODELS`` says that one folder holds all.
    """

    model_store: Path
    data_dir: Path | None = None
    environment_store: Path | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Return the settings that the environment states.

        Raises
        ------
        SettingsError
            If ``MAINSHOCK_DATA`` names a folder that is not there.
        """
        env = os.environ if environ is None else environ
        share = Path(env.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
        store = Path(env.get("MAINSHOCK_MODELS") or share / "mainshock" / "models")
        data = env.get("MAINSHOCK_DATA")
        if data and not Path(data).is_dir():
            raise SettingsError(
                f"MAINSHOCK_DATA is {data!r}, which is no folder; name an existing one or unset it"
            )
        shared = Path(sys.prefix) / "share" / "mainshock" / "models"
        return cls(
            model_store=store,
            data_dir=Path(data) if data else None,
            environment_store=None if env.get("MAINSHOCK_MODELS") else shared,
        )
