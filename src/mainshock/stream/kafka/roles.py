"""What a process of the live path can do, and which stages that is."""

from collections.abc import Sequence

from mainshock.core.errors import SettingsError

__all__ = ["INGEST", "ROLES", "stages_of"]

INGEST = "ingest"
ROLES: dict[str, tuple[str, ...]] = {
    "pick": ("picking",),
    "late": ("late",),
    "shadow": ("shadow",),
    "associate": ("settling", "events"),
    "alert": ("alerts",),
    "context": ("context",),
    "shaking": ("shaking",),
    "forecast": ("forecasts",),
    "drift": ("drift",),
    "store": ("store",),
}
"""What a process can do beside ingest, and which stages that is."""


def stages_of(roles: Sequence[str]) -> list[str]:
    """Return the names of the stages that some roles are, each once.

    Raises
    ------
    SettingsError
        If there is no such role.
    """
    known = [INGEST, *ROLES]
    for role in roles:
        if role not in known:
            raise SettingsError(f"there is no stage {role!r}; name some of {', '.join(known)}")
    return list(dict.fromkeys(name for role in roles for name in ROLES.get(role, ())))
