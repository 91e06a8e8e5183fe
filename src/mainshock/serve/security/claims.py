"""What a provider says of a person, as names and roles here."""

import re
from collections.abc import Mapping

from mainshock.core.errors import SettingsError
from mainshock.serve.security.permissions import ROLES
from mainshock.serve.security.settings import OidcSettings

__all__ = ["account_name", "role_of"]

_LONGEST = 60


def account_name(claims: Mapping[str, object], name_claim: str) -> str:
    """Return a name for the account of a person, told apart from local ones by ``sso:``.

    Examples
    --------
    >>> account_name({"preferred_username": "Ana Díaz", "sub": "7"}, "preferred_username")
    'sso:ana-d-az'
    """
    told = str(claims.get(name_claim) or claims.get("sub", "")).lower()
    name = re.sub(r"[^a-z0-9._@]+", "-", told).strip("-")[:_LONGEST]
    return f"sso:{name or 'nobody'}"


def role_of(claims: Mapping[str, object], settings: OidcSettings) -> str:
    """Return the role of a person: the mightiest that its groups give.

    Raises
    ------
    SettingsError
        If none gives one and there is no default.
    """
    found: object = claims
    for part in settings.role_claim.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    groups = found if isinstance(found, list) else [found]
    roles = [
        settings.roles[one] for one in groups if isinstance(one, str) and one in settings.roles
    ]
    if roles:
        return max(roles, key=lambda role: (len(ROLES[role]), -list(ROLES).index(role)))
    if settings.default_role is None:
        raise SettingsError("none of the person's groups has a role here")
    return settings.default_role
