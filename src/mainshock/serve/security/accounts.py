"""Signing in, tokens of sign-ins, and API keys."""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mainshock.core.errors import SettingsError
from mainshock.serve.security.identity import KEY_START, Identity
from mainshock.serve.security.passwords import check_password, hash_password
from mainshock.serve.security.permissions import ADMIN, ALL_PERMISSIONS, ROLES
from mainshock.serve.security.settings import SecuritySettings
from mainshock.serve.security.signing import SigningKeys
from mainshock.serve.security.tokens import Tokens
from mainshock.serve.security.weakness import weakness
from mainshock.stream.store.accounts import AccountStore, UserRow

__all__ = [
    "LAST",
    "Accounts",
    "Session",
    "add_user",
    "change_password",
    "check_role",
    "make_key",
]

LAST = ADMIN
"""Role of which one active account must remain."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_KEY = re.compile(r"msk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_RESERVED = frozenset({"local", "token", "system", "console", "nobody"})
_DAY_S = 86_400.0
_MOST_KEY_DAYS = 366.0


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in: the token that shows it, and until when."""

    token: str
    identity: Identity
    expires_s: float


class Accounts:
    """Tells who a caller is, by what the caller shows.

    Parameters
    ----------
    store
        Accounts and keys.
    keys
        What signs tokens.
    settings
        How long tokens and sign-ins last.
    clock
        Seconds since 1970.
    """

    def __init__(
        self,
        store: AccountStore,
        keys: SigningKeys,
        settings: SecuritySettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store = store
        self.tokens = Tokens(keys, clock)
        self.settings = settings
        self._clock = clock

    def sign_in(self, name: str, password: str) -> Session | None:
        """Return a new sign-in, or None: whether name, password or account is wrong is not told."""
        user = self.store.user(name)
        is_right = check_password(password, None if user is None else user.password_hash)
        if user is None or not is_right or not user.is_active:
            return None
        return self.begin(user)

    def begin(self, user: UserRow) -> Session:
        """Return a new sign-in of an account that showed who it is."""
        self.store.note_sign_in(user.name)
        return self._issue(user, secrets.token_hex(16), int(self._clock()))

    def of_token(self, text: str) -> Session | None:
        """Return the sign-in that a token shows, or None where it does not count."""
        claims = self.tokens.read(text)
        if claims is None:
            return None
        user = self.store.user(str(claims.get("sub", "")))
        session_id = str(claims.get("sid", ""))
        if user is None or not user.is_active or claims.get("gen") != user.generation:
            return None
        if not session_id or self.store.has_ended(session_id):
            return None
        identity = self._identity(user, session_id, float(claims["auth_time"]))
        return Session(text, identity, float(claims["exp"]))

    def renewed(self, session: Session) -> Session | None:
        """Return the sign-in with a new token when half the time of the old one is over."""
        claims = self.tokens.read(session.token)
        user = None if claims is None else self.store.user(session.identity.name)
        if claims is None or user is None:
            return None
        began_s, now_s = float(claims["auth_time"]), self._clock()
        is_young = now_s < (claims["iat"] + claims["exp"]) / 2.0
        if is_young or claims["exp"] >= began_s + self._session_s - 1.0:
            return None
        return self._issue(user, session.identity.session_id, int(began_s))

    def of_key(self, text: str) -> Identity | None:
        """Return the account that an API key belongs to, with no more than the key's scopes."""
        parts = _KEY.fullmatch(text)
        row = None if parts is None else self.store.key(parts[1])
        if parts is None or row is None:
            return None
        if not hmac.compare_digest(_digest(parts[2]), row.secret_hash):
            return None
        user = self.store.user(row.user_name)
        if user is None or not user.is_active:
            return None
        self.store.note_use(row.prefix)
        allowed = ROLES.get(user.role, frozenset()) & frozenset(row.scopes)
        return Identity(user.name, "key", allowed, user.role, row.prefix, user.generation)

    def still_counts(self, identity: Identity) -> bool:
        """Return whether a sign-in or key of an open connection still counts."""
        if identity.kind not in ("session", "key"):
            return True
        if identity.expires_s is not None and identity.expires_s <= self._clock():
            return False
        user = self.store.user(identity.name)
        if user is None or not user.is_active or user.generation != identity.generation:
            return False
        if identity.kind == "key":
            return self.store.key(identity.session_id) is not None
        return not self.store.has_ended(identity.session_id)

    def sign_out(self, identity: Identity) -> None:
        """End a sign-in with all its tokens."""
        self.store.end_session(identity.session_id, self._clock() + self._session_s)

    @property
    def _session_s(self) -> float:
        return self.settings.session_hours * 3600.0

    def _issue(self, user: UserRow, session_id: str, began_s: int) -> Session:
        left_s = began_s + self._session_s - self._clock()
        claims = {
            "sub": user.name,
            "sid": session_id,
            "gen": user.generation,
            "auth_time": began_s,
            "jti": secrets.token_hex(16),
        }
        token, ends_s = self.tokens.sign(claims, min(self.settings.token_minutes * 60.0, left_s))
        return Session(token, self._identity(user, session_id, began_s), ends_s)

    def _identity(self, user: UserRow, session_id: str, began_s: float) -> Identity:
        allowed = ROLES.get(user.role, frozenset())
        ends_s = began_s + self._session_s
        return Identity(
            user.name, "session", allowed, user.role, session_id, user.generation, ends_s
        )


def add_user(store: AccountStore, name: str, role: str, password: str | None) -> None:
    """Add an account.

    Parameters
    ----------
    password
        Or None for one that has API keys alone.

    Raises
    ------
    SettingsError
        If the name or the role cannot be one, the name is taken, or the password is weak.
    """
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise SettingsError(
            f"{name[:100]!r} is no name of an account; take up to 64 of a-z, 0-9, '.', '_', '-', a "
            f"letter or number first, and none of {', '.join(sorted(_RESERVED))}"
        )
    check_role(role)
    store.add_user(name, role, None if password is None else _hashed(password, name))


def change_password(store: AccountStore, name: str, password: str) -> None:
    """Give an account another password; all its sign-ins end.

    Raises
    ------
    SettingsError
        If it is weak.
    NothingFoundError
        If there is no such account.
    """
    store.set_password(name, _hashed(password, name))


def check_role(role: str) -> None:
    """Refuse what is no role.

    Raises
    ------
    SettingsError
        If it is none.
    """
    if role not in ROLES:
        raise SettingsError(f"{role!r} is no role; there are {', '.join(ROLES)}")


def make_key(
    store: AccountStore, user_name: str, scopes: Sequence[str], days: float, label: str = ""
) -> str:
    """Return a new API key of an account; it is shown this once and only its hash is kept.

    Parameters
    ----------
    scopes
        Permissions; what the role of the account lacks is never given.
    days
        How long it lasts.

    Raises
    ------
    SettingsError
        If a scope is none, is not the account's, there is none, or it lasts too long.
    NothingFoundError
        If there is no such account.
    """
    unknown = sorted(set(scopes) - ALL_PERMISSIONS)
    if unknown or not scopes:
        named = f"{unknown[0]!r} is no scope" if unknown else "a key needs a scope"
        raise SettingsError(f"{named}; there are {', '.join(sorted(ALL_PERMISSIONS))}")
    if not 0.0 < days <= _MOST_KEY_DAYS:
        raise SettingsError(f"a key for {days:g} days; it may last up to {_MOST_KEY_DAYS:g}")
    user = store.user(user_name)
    beyond = sorted(set(scopes) - ROLES[user.role]) if user is not None else []
    if user is not None and beyond:
        raise SettingsError(
            f"{user_name!r} is {user.role} and may not {beyond[0]!r}; leave that scope out"
        )
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    store.add_key(prefix, _digest(secret), user_name, scopes, days * _DAY_S, label)
    return f"{KEY_START}{prefix}_{secret}"


def _hashed(password: str, name: str) -> str:
    fault = weakness(password, name)
    if fault:
        raise SettingsError(f"the password {fault}; take another one, such as four rare words")
    return hash_password(password)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
