"""Where a store lies: a file, or a database behind a URL whose password lies elsewhere."""

import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from mainshock.core.errors import SettingsError
from mainshock.core.secrets import SecretReference

__all__ = ["StoreAddress", "without_password"]

_BACKENDS = ("sqlite", "postgresql")
_USER = re.compile(r"://.*@", re.DOTALL)
_EXAMPLE = "postgresql+psycopg://user@host/name"


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """The address of a database; what shows it leaves the password out.

    Parameters
    ----------
    url
        As SQLAlchemy reads it.
    password
        Where the password lies, asked for at each new connection, so that it may be changed there;
        None: none is needed, or it stands in the URL.
    """

    url: URL
    password: SecretReference | None = None

    @classmethod
    def read(cls, text: str, password: str | None = None) -> "StoreAddress":
        """Return the address that an option or a setting states.

        Parameters
        ----------
        text
            A URL such as ``postgresql+psycopg://user@host/name`` without a password, or a
            reference (``env:NAME``, ``file:PATH``, ``vault:MOUNT/PATH#KEY``) to where a whole URL
            lies.
        password
            A reference to where the password lies, or None.

        Raises
        ------
        SettingsError
            If it is no address of a store, states a password openly or twice, or a secret cannot be
            had.
        UnreachableError
            If the secret manager that holds the address does not answer.
        """
        is_hidden = SecretReference.is_one(text)
        made = cls.of_url(SecretReference.parse(text).read().reveal() if is_hidden else text)
        if made.url.password is not None and not is_hidden:
            raise SettingsError(
                f"the password in {made} can be read by all users of this machine; leave it out "
                "and say where it lies by --store-password env:NAME, file:PATH or vault:PATH#KEY"
            )
        if password is None:
            return made
        if made.url.password is not None:
            raise SettingsError(f"{made} holds a password already; leave --store-password out")
        return cls(made.url, SecretReference.parse(password))

    @classmethod
    def of_url(cls, text: str) -> "StoreAddress":
        """Return the address that a URL states, with its password if it has one.

        Raises
        ------
        SettingsError
            If it is no URL, or one of a database that cannot hold a store.
        """
        shown = without_password(text)
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            raise SettingsError(
                f"{shown!r} is no database URL; write it as {_EXAMPLE}"
            ) from None  # what is quoted may hold the password
        if url.get_backend_name() not in _BACKENDS:
            raise SettingsError(
                f"{shown!r} is no database URL that a store can lie behind: "
                f"{' or '.join(_BACKENDS)} are; write it as {_EXAMPLE}"
            )
        return cls(url)

    @classmethod
    def of_file(cls, path: Path) -> "StoreAddress":
        """Return the address of an SQLite file."""
        return cls(URL.create("sqlite", database=str(path)))

    @property
    def is_file(self) -> bool:
        """Whether it is a file of SQLite."""
        return self.url.get_backend_name() == "sqlite"

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)


def without_password(text: str) -> str:
    """Return a URL without user and password, also one that cannot be parsed."""
    return _USER.sub("://***@", text)
