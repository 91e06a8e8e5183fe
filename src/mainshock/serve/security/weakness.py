"""What is wrong with a password or a token that others would guess."""

import re

__all__ = ["SHORTEST_PASSWORD", "SHORTEST_TOKEN", "token_weakness", "weakness"]

SHORTEST_PASSWORD = 12
SHORTEST_TOKEN = 16
_LONGEST_PASSWORD = 256
_FEWEST_DIFFERENT = 5
_LONGEST_PERIOD = 4
# what installations are left with; compared without case, digits at the end and marks
_DEFAULTS = frozenset(
    {
        "admin",
        "administrator",
        "changeme",
        "changethis",
        "changethissecret",
        "default",
        "defaultpassword",
        "demo",
        "example",
        "exampletoken",
        "insecure",
        "letmein",
        "mainshock",
        "mainshockadmin",
        "mypassword",
        "mysecret",
        "mysecrettoken",
        "password",
        "passwordpassword",
        "passw",
        "qwerty",
        "qwertyuiop",
        "qwertyuiopasdf",
        "replaceme",
        "root",
        "secret",
        "secretkey",
        "secretsecret",
        "secrettoken",
        "supersecret",
        "supersecretkey",
        "supersecrettoken",
        "test",
        "testtest",
        "token",
        "tokentoken",
        "topsecret",
        "welcome",
        "yourpassword",
        "yoursecret",
        "yoursecretkey",
        "yoursecrettoken",
        "yourtoken",
    }
)


def weakness(password: str, name: str = "") -> str:
    """Return what is wrong with a password; empty where nothing is.

    Parameters
    ----------
    name
        Of the account, which the password must not hold.

    Examples
    --------
    >>> weakness("Password1234!")
    'is one that everybody tries first'
    >>> weakness("brown slate under the harbour")
    ''
    """
    if len(password) < SHORTEST_PASSWORD:
        return f"has {len(password)} characters; it needs at least {SHORTEST_PASSWORD}"
    if len(password) > _LONGEST_PASSWORD:
        return f"has {len(password)} characters; it may have at most {_LONGEST_PASSWORD}"
    if name and name.casefold() in password.casefold():
        return "holds the name of the account"
    return _pattern(password)


def token_weakness(token: str) -> str:
    """Return what is wrong with the token of a service; empty where nothing is."""
    if len(token) < SHORTEST_TOKEN or not token.isascii():
        return f"has {len(token)} characters; it needs at least {SHORTEST_TOKEN} ASCII ones"
    return _pattern(token)


def _pattern(secret: str) -> str:
    folded = secret.casefold()
    if len(set(folded)) < _FEWEST_DIFFERENT:
        return f"has {len(set(folded))} different characters; it needs {_FEWEST_DIFFERENT}"
    for period in range(1, _LONGEST_PERIOD + 1):
        if folded == (folded[:period] * len(folded))[: len(folded)]:
            return "repeats the same few characters"
    letters = re.sub(r"[^a-z]", "", re.sub(r"[\d\W_]+$", "", folded))
    is_default = any(letters and not letters.replace(one, "") for one in _DEFAULTS)
    return "is one that everybody tries first" if is_default else ""
