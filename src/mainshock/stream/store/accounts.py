"""Accounts, API keys and ended sign-ins in a store; what they may do is decided elsewhere."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from mainshock.core.errors import NothingFoundError, SettingsError
from mainshock.stream.store.database import Database, upsert
from mainshock.stream.store.rows import utc_from_microseconds
from mainshock.stream.store.schema import ended_sessions, tokens, users

__all__ = ["AccountStore", "KeyRow", "UserRow"]

_SECOND_US = 1_000_000
_MINUTE_US = 60 * _SECOND_US


@dataclass(frozen=True, slots=True)
class UserRow:
    """An account.

    Parameters
    ----------
    name
        As it is told in the audit log.
    password_hash
        Or None for one who signs in elsewhere, or with keys alone.
    subject
        Issuer and subject of one who signs in elsewhere, or None.
    generation
        Grows whenever all sign-ins of the account end.
    """

    name: str
    role: str
    is_active: bool
    created: datetime
    password_hash: str | None
    subject: str | None
    generation: int
    signed_in: datetime | None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key; the key itself is not kept.

    Parameters
    ----------
    prefix
        The part of it that may be shown.
    secret_hash
        SHA-256 of the other part, hexadecimal.
    scopes
        Permissions that it was made for.
    """

    prefix: str
    secret_hash: str
    user_name: str
    label: str
    scopes: tuple[str, ...]
    created: datetime
    expires: datetime | None
    used: datetime | None


class AccountStore:
    """Accounts, keys and ended sign-ins of a store.

    Parameters
    ----------
    database
        Of an open store.
    clock
        Nanoseconds since 1970.
    """

    def __init__(self, database: Database, clock: Callable[[], int] = time.time_ns) -> None:
        self._database = database
        self._clock = clock

    def has_users(self) -> bool:
        """Return whether there is any account, active or not."""
        with self._database.reading() as connection:
            return connection.execute(select(users.c.name).limit(1)).first() is not None

    def users(self) -> list[UserRow]:
        """Return all accounts by name."""
        with self._database.reading() as connection:
            found = connection.execute(select(users).order_by(users.c.name)).all()
        return [_user(row) for row in found]

    def user(self, name: str) -> UserRow | None:
        """Return an account, or None."""
        with self._database.reading() as connection:
            row = connection.execute(select(users).where(users.c.name == name)).first()
        return None if row is None else _user(row)

    def user_of(self, subject: str) -> UserRow | None:
        """Return the account of one who signs in elsewhere, or None."""
        with self._database.reading() as connection:
            row = connection.execute(select(users).where(users.c.subject == subject)).first()
        return None if row is None else _user(row)

    def add_user(
        self, name: str, role: str, password_hash: str | None = None, subject: str | None = None
    ) -> None:
        """Add an account.

        Raises
        ------
        SettingsError
            If the name, or the subject, is taken.
        """
        row = {
            "name": name,
            "role": role,
            "is_active": True,
            "created_us": self._now_us(),
            "password_hash": password_hash,
            "subject": subject,
        }
        try:
            with self._database.writing() as connection:
                connection.execute(insert(users), [row])
        except IntegrityError as error:
            raise SettingsError(
                f"there is an account {name!r} already; choose another name"
            ) from error

    def set_role(self, name: str, role: str, last: str = "") -> None:
        """Give an account another role; all its sign-ins end.

        Parameters
        ----------
        last
            Role of which one active account must remain; empty for none.

        Raises
        ------
        NothingFoundError
            If there is no such account.
        SettingsError
            If it is the last active one of that role.
        """
        self._change(name, {"role": role}, "" if role == last else last)

    def set_active(self, name: str, *, is_active: bool, last: str = "") -> None:
        """Open or close an account; all its sign-ins end. Raises as ``set_role``."""
        self._change(name, {"is_active": is_active}, "" if is_active else last)

    def set_password(self, name: str, password_hash: str) -> None:
        """Give an account another password; all its sign-ins end. Raises as ``set_role``."""
        self._change(name, {"password_hash": password_hash}, "")

    def end_sessions(self, name: str) -> None:
        """End all sign-ins of an account. Raises as ``set_role``."""
        self._change(name, {}, "")

    def note_sign_in(self, name: str) -> None:
        """Keep when an account signed in last."""
        with self._database.writing() as connection:
            connection.execute(
                update(users).where(users.c.name == name).values(signed_in_us=self._now_us())
            )

    def add_key(
        self,
        prefix: str,
        secret_hash: str,
        user_name: str,
        scopes: Sequence[str],
        lasts_s: float,
        label: str = "",
    ) -> None:
        """Add an API key of an account.

        Raises
        ------
        NothingFoundError
            If there is no such account.
        """
        now_us = self._now_us()
        row = {
            "prefix": prefix,
            "token_hash": secret_hash,
            "user_name": user_name,
            "label": label,
            "scopes": " ".join(sorted(scopes)),
            "created_us": now_us,
            "expires_us": now_us + round(lasts_s * _SECOND_US),
        }
        with self._database.writing() as connection:
            _require(connection, user_name)
            connection.execute(insert(tokens), [row])

    def keys(self, user_name: str = "") -> list[KeyRow]:
        """Return the keys of an account, or of all, the oldest first."""
        statement = select(tokens).where(tokens.c.prefix.is_not(None))
        if user_name:
            statement = statement.where(tokens.c.user_name == user_name)
        with self._database.reading() as connection:
            found = connection.execute(statement.order_by(tokens.c.created_us)).all()
        return [_key(row) for row in found]

    def key(self, prefix: str) -> KeyRow | None:
        """Return a key that has not expired, or None."""
        with self._database.reading() as connection:
            row = connection.execute(select(tokens).where(tokens.c.prefix == prefix)).first()
        if row is None or row.expires_us is None or row.expires_us <= self._now_us():
            return None
        return _key(row)

    def note_use(self, prefix: str) -> None:
        """Keep when a key was used last, to the minute."""
        now_us = self._now_us()
        is_old = tokens.c.used_us.is_(None) | (tokens.c.used_us < now_us - _MINUTE_US)
        of_key = (tokens.c.prefix == prefix) & is_old
        with self._database.reading() as connection:
            if connection.execute(select(tokens.c.prefix).where(of_key)).first() is None:
                return
        with self._database.writing() as connection:
            connection.execute(update(tokens).where(of_key).values(used_us=now_us))

    def remove_key(self, prefix: str) -> None:
        """Remove a key.

        Raises
        ------
        NothingFoundError
            If there is none of that prefix.
        """
        with self._database.writing() as connection:
            done = connection.execute(delete(tokens).where(tokens.c.prefix == prefix))
            if not done.rowcount:
                raise NothingFoundError(f"there is no key {prefix!r}; list the keys")

    def end_session(self, session_id: str, expires_s: float) -> None:
        """End one sign-in, and forget those that ended by themselves meanwhile."""
        row = {"session_id": session_id, "expires_us": round(expires_s * _SECOND_US)}
        with self._database.writing() as connection:
            connection.execute(
                delete(ended_sessions).where(ended_sessions.c.expires_us < self._now_us())
            )
            upsert(connection, ended_sessions, [row])

    def has_ended(self, session_id: str) -> bool:
        """Return whether a sign-in was ended."""
        wanted = ended_sessions.c.session_id == session_id
        with self._database.reading() as connection:
            found = connection.execute(select(ended_sessions.c.session_id).where(wanted)).first()
        return found is not None

    def _now_us(self) -> int:
        return self._clock() // 1000

    def _change(self, name: str, values: dict[str, object], last: str) -> None:
        with self._database.writing() as connection:
            row = _require(connection, name)
            if last and row.role == last and row.is_active and _n_active(connection, last) == 1:
                raise SettingsError(
                    f"{name!r} is the last active account of role {last}; give another one that "
                    "role first"
                )
            connection.execute(
                update(users)
                .where(users.c.name == name)
                .values({**values, "generation": users.c.generation + 1})
            )


def _require(connection: Connection, name: str) -> Row[tuple[object, ...]]:
    row = connection.execute(select(users).where(users.c.name == name)).first()
    if row is None:
        raise NothingFoundError(f"there is no account {name!r}; list the accounts")
    return row


def _n_active(connection: Connection, role: str) -> int:
    wanted = (users.c.role == role) & users.c.is_active
    return connection.execute(select(func.count()).select_from(users).where(wanted)).scalar_one()


def _user(row: Row[tuple[object, ...]]) -> UserRow:
    return UserRow(
        row.name,
        row.role,
        bool(row.is_active),
        utc_from_microseconds(row.created_us),
        row.password_hash,
        row.subject,
        row.generation,
        None if row.signed_in_us is None else utc_from_microseconds(row.signed_in_us),
    )


def _key(row: Row[tuple[object, ...]]) -> KeyRow:
    times = (row.expires_us, row.used_us)
    return KeyRow(
        row.prefix,
        row.token_hash,
        row.user_name,
        row.label,
        tuple(row.scopes.split()),
        utc_from_microseconds(row.created_us),
        *(None if one is None else utc_from_microseconds(one) for one in times),
    )
