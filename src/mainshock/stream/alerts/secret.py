"""Secrets by the name of the environment variable or file that holds them, never by value."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mainshock.core.errors import SettingsError

__all__ = ["SecretSource"]

_LARGEST_BYTES = 4096
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class SecretSource(BaseModel):
    """Where a secret lies: exactly one of an environment variable and a file.

    Parameters
    ----------
    env
        Name of the environment variable.
    file
        Path of a file with nothing else in it; a line break at its end is left out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    env: VariableName | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "SecretSource":
        if (self.env is None) == (self.file is None):
            raise ValueError('a secret needs one of env = "NAME" and file = "PATH"')
        return self

    def read(self, folder: Path) -> str:
        """Return the secret; a relative ``file`` is looked for in ``folder``.

        Raises
        ------
        SettingsError
            If the variable is not set, or the file cannot be read, is empty or too large.
        """
        if self.env is not None:
            value = os.environ.get(self.env, "")
            if not value:
                raise SettingsError(f"environment variable {self.env} is not set; set it")
            return value
        path = folder / (self.file or "")
        try:
            with path.open(encoding="utf-8") as handle:
                text = handle.read(_LARGEST_BYTES + 1).rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"secret file {path} cannot be read ({type(error).__name__}); "
                "check its path and rights"
            ) from None  # a decoding error quotes the bytes
        if not 0 < len(text) <= _LARGEST_BYTES:
            raise SettingsError(
                f"secret file {path} holds {'nothing' if not text else 'too much'}; "
                f"1 to {_LARGEST_BYTES} characters are expected"
            )
        return text
