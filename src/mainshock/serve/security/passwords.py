"""Passwords as they are kept: by scrypt, each with its own salt."""

import base64
import hashlib
import hmac
import secrets

__all__ = ["check_password", "hash_password"]

_LOG2_N = 15
_BLOCK = 8
_PASSES = 3
_SALT_BYTES = 16
_HASH_BYTES = 32


def hash_password(password: str, log2_n: int = _LOG2_N) -> str:
    """Return what is kept of a password: ``scrypt$log2(N)$r$p$salt$hash``.

    Parameters
    ----------
    log2_n
        Cost; one more takes twice the time and memory (15: 32 MiB).

    References
    ----------
    RFC 7914, https://doi.org/10.17487/RFC7914
    """
    salt = secrets.token_bytes(_SALT_BYTES)
    made = _scrypt(password, salt, log2_n, _BLOCK, _PASSES)
    texts = (base64.b64encode(one).decode() for one in (salt, made))
    return "$".join(("scrypt", str(log2_n), str(_BLOCK), str(_PASSES), *texts))


def check_password(password: str, kept: str | None) -> bool:
    """Return whether a password is the one that was kept; in the same time where none was.

    Parameters
    ----------
    kept
        What ``hash_password`` gave, or None for an account that is not there or has no password.
    """
    if kept is None:
        _scrypt(password, bytes(_SALT_BYTES), _LOG2_N, _BLOCK, _PASSES)
        return False
    _, log2_n, block, passes, salt, made = kept.split("$")
    tried = _scrypt(password, base64.b64decode(salt), int(log2_n), int(block), int(passes))
    return hmac.compare_digest(tried, base64.b64decode(made))


def _scrypt(password: str, salt: bytes, log2_n: int, block: int, passes: int) -> bytes:
    n = 2**log2_n
    return hashlib.scrypt(
        password.encode(errors="surrogatepass"),
        salt=salt,
        n=n,
        r=block,
        p=passes,
        maxmem=256 * n * block,
        dklen=_HASH_BYTES,
    )
