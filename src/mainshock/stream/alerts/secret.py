"""Secrets of channels by the place that holds them, as an alerts file names it."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mainshock.core.secrets import SecretReference

__all__ = ["SecretSource"]

VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
VaultKey = Annotated[str, Field(pattern=r"^[^#/]+/[^#]+#[^#]+$")]


class SecretSource(BaseModel):
    """Where a secret lies: exactly one of a variable, a file and a key of a secret manager.

    Parameters
    ----------
    env
        Name of the environment variable.
    file
        Path of a file with nothing else in it; a line break at its end is left out. Users other
        than its owner and group must have no rights on it.
    vault
        ``MOUNT/PATH#KEY`` of a secret manager, see :func:`mainshock.core.vault.read_vault`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    env: VariableName | None = None
    file: Path | None = None
    vault: VaultKey | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> "SecretSource":
        if sum(one is not None for one in (self.env, self.file, self.vault)) != 1:
            raise ValueError(
                'a secret needs one of env = "NAME", file = "PATH" and vault = "MOUNT/PATH#KEY"'
            )
        return self

    def read(self, folder: Path) -> str:
        """Return the secret; a relative ``file`` is looked for in ``folder``.

        Raises
        ------
        SettingsError
            If it cannot be had, see :meth:`mainshock.core.secrets.SecretReference.read`.
        UnreachableError
            If the secret manager does not answer.
        """
        return self._reference().read(folder).reveal()

    def _reference(self) -> SecretReference:
        if self.env is not None:
            return SecretReference("env", self.env)
        if self.file is not None:
            return SecretReference("file", str(self.file))
        return SecretReference.parse(f"vault:{self.vault}")
