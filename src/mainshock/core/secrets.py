"""Secrets by the name of the place that holds them, never by value."""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mainshock.core.errors import SettingsError
from mainshock.core.vault import read_vault

__all__ = ["Secret", "SecretReference", "read_secret_file"]

_MOST_CHARACTERS = 4096
_FORMS = "env:NAME, file:PATH or vault:MOUNT/PATH#KEY"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_IN_VAULT = re.compile(r"([^#/]+/[^#]+)#(.+)")
_OTHERS_RIGHTS = stat.S_IROTH | stat.S_IWOTH


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that is not shown where objects are shown: in logs, errors and sessions.

    Parameters
    ----------
    value
        Ask for it by ``reveal``, where it is used.
    """

    value: str

    def reveal(self) -> str:
        """Return the value itself."""
        return self.value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret lies; it is read each time that it is asked for, so it may be changed there.

    Parameters
    ----------
    kind
        ``"env"``, an environment variable; ``"file"``; ``"vault"``, a key of a secret manager.
    place
        Name of the variable, path of the file, or path of the secret.
    key
        Key of the secret in a secret manager; empty for other kinds.

    Examples
    --------
    >>> SecretReference.parse("env:QUAKES_PASSWORD")
    SecretReference(kind='env', place='QUAKES_PASSWORD', key='')
    >>> str(SecretReference.parse("vault:secret/quakes#password"))
    'vault:secret/quakes#password'
    """

    kind: Literal["env", "file", "vault"]
    place: str
    key: str = ""

    @classmethod
    def parse(cls, text: str) -> "SecretReference":
        """Return the place that ``env:NAME``, ``file:PATH`` or ``vault:MOUNT/PATH#KEY`` names.

        Raises
        ------
        SettingsError
            If the text has another form. It is not repeated: it may be the secret itself.
        """
        kind, _, place = text.partition(":")
        if kind == "env" and _NAME.fullmatch(place):
            return cls("env", place)
        if kind == "file" and place:
            return cls("file", place)
        in_vault = _IN_VAULT.fullmatch(place)
        if kind == "vault" and in_vault:
            return cls("vault", in_vault[1], in_vault[2])
        raise SettingsError(f"a secret does not stand here; say where it lies: {_FORMS}")

    @classmethod
    def is_one(cls, text: str) -> bool:
        """Return whether a text begins as a reference does."""
        return text.startswith(("env:", "file:", "vault:"))

    def read(self, folder: Path | None = None, environ: Mapping[str, str] | None = None) -> Secret:
        """Return the secret.

        Parameters
        ----------
        folder
            Where relative paths of files start; by default the current folder.
        environ
            Environment variables; by default those of the process.

        Raises
        ------
        SettingsError
            If the variable is not set, the file cannot be read, is open to all users of the
            machine, is empty or too large, or the secret manager refuses or has no such key.
        UnreachableError
            If the secret manager does not answer.
        """
        env = os.environ if environ is None else environ
        if self.kind == "env":
            value = env.get(self.place, "")
            if not value:
                raise SettingsError(f"environment variable {self.place} is not set; set it")
            return Secret(value)
        if self.kind == "file":
            return read_secret_file((folder or Path()) / self.place)
        return Secret(read_vault(self.place, self.key, _vault_token(env), env))

    def __str__(self) -> str:
        return f"{self.kind}:{self.place}" + (f"#{self.key}" if self.key else "")


def read_secret_file(path: Path) -> Secret:
    """Return what a file holds, without the line break at its end.

    Raises
    ------
    SettingsError
        If it is no file that can be read, all users of the machine may read or write it, or it
        holds nothing or more than 4096 characters.
    """
    try:
        # a pipe without a writer would be waited for
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(number, encoding="utf-8") as handle:
            rights = os.fstat(number).st_mode  # of the file that is read, whatever is renamed
            if not stat.S_ISREG(rights):
                raise SettingsError(f"secret file {path} is no plain file; name one")
            if rights & _OTHERS_RIGHTS:
                raise SettingsError(
                    f"secret file {path} is open to all users of this machine (mode "
                    f"{stat.S_IMODE(rights):04o}); run `chmod 600` on it (0440 where a platform "
                    "mounts it)"
                )
            text = handle.read(_MOST_CHARACTERS + 1).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, SettingsError):
            raise
        raise SettingsError(
            f"secret file {path} cannot be read ({type(error).__name__}); check its path and rights"
        ) from None  # a decoding error quotes the bytes
    if not 0 < len(text) <= _MOST_CHARACTERS:
        raise SettingsError(
            f"secret file {path} holds {'nothing' if not text else 'too much'}; "
            f"1 to {_MOST_CHARACTERS} characters are expected"
        )
    return Secret(text)


def _vault_token(env: Mapping[str, str]) -> str:
    """Return the token that the secret manager asks for, from the environment or a file."""
    if env.get("VAULT_TOKEN"):
        return env["VAULT_TOKEN"]
    if env.get("VAULT_TOKEN_FILE"):
        return read_secret_file(Path(env["VAULT_TOKEN_FILE"])).reveal()
    raise SettingsError(
        "a secret manager asks for a token; name the file that holds it by VAULT_TOKEN_FILE, or "
        "set VAULT_TOKEN"
    )
