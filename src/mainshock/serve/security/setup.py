"""How a service is guarded, by what its settings and its store say."""

import time
from dataclasses import dataclass

from mainshock.core.errors import SettingsError
from mainshock.serve.context import ServiceContext
from mainshock.serve.security.audit import AuditLog
from mainshock.serve.security.checks import check_settings
from mainshock.serve.security.gates import AccountGate, Gate, OpenGate, TokenGate
from mainshock.serve.security.login_rates import LoginRates
from mainshock.serve.security.rates import RateLimit
from mainshock.serve.security.settings import SecuritySettings
from mainshock.stream.store.accounts import AccountStore
from mainshock.stream.store.audit_log import AuditStore

__all__ = ["Protection", "protection_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Protection:
    """What guards a service, and what its routes for accounts need.

    Parameters
    ----------
    settings
        How it guards itself.
    gate
        How callers show who they are.
    log
        Where changes and refusals are written.
    audit
        Where they are read.
    limit
        How often a client may ask, or None.
    is_encrypted
        Whether browsers reach it by TLS.
    users
        All accounts.
    login_rates
        How often somebody may try to sign in.
    """

    settings: SecuritySettings
    gate: Gate
    log: AuditLog
    audit: AuditStore
    users: AccountStore
    login_rates: LoginRates
    limit: RateLimit | None
    is_encrypted: bool


def protection_of(context: ServiceContext) -> Protection:
    """Return what guards a service.

    With ``settings.accounts``, or where the store has accounts, callers must sign in; else with a
    token they must show it; else the service must listen to this machine alone.

    Raises
    ------
    SettingsError
        If it would be open to a network, accounts are asked for and there is none, or others may
        read its keys.
    """
    settings = context.settings
    own = settings.security or SecuritySettings()
    users = AccountStore(context.store.database)
    has_users = users.has_users()
    if settings.accounts and not has_users and own.oidc is None:
        raise SettingsError(
            "there is no account yet; make one by `mainshock users add NAME --role admin`"
        )
    has_accounts = settings.accounts or has_users
    check_settings(settings, has_accounts=has_accounts)
    public = own.public_url or ""
    is_encrypted = settings.tls_cert is not None or public.startswith("https://")
    audit = AuditStore(context.store.database)
    is_limited = has_accounts or settings.token is not None or settings.security is not None
    limit = RateLimit(own.requests_per_minute, own.requests_burst, time.monotonic)
    return Protection(
        own,
        _gate(context, own, users, has_accounts=has_accounts, is_encrypted=is_encrypted),
        AuditLog(audit),
        audit,
        users,
        LoginRates(time.monotonic),
        limit if is_limited else None,
        is_encrypted,
    )


def _gate(
    context: ServiceContext,
    own: SecuritySettings,
    users: AccountStore,
    *,
    has_accounts: bool,
    is_encrypted: bool,
) -> Gate:
    settings = context.settings
    if has_accounts:
        from mainshock.serve.security.accounts import Accounts  # noqa: PLC0415 - loads ciphers
        from mainshock.serve.security.signing import SigningKeys  # noqa: PLC0415

        accounts = Accounts(users, SigningKeys(settings.key_file), own)
        return AccountGate(accounts, settings.token, is_encrypted=is_encrypted)
    if settings.token is not None:
        return TokenGate(settings.token, is_encrypted=is_encrypted)
    return OpenGate()
