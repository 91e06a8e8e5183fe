"""Signed tokens (JWT): who a caller is, for whom, from when to when, by which key."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OKPKey
from joserfc.jwt import ClaimsOption

from mainshock.serve.security.signing import ALGORITHM, SigningKeys

__all__ = ["AUDIENCE", "ISSUER", "Tokens"]

ISSUER = "mainshock"
AUDIENCE = "mainshock-api"
_LONGEST = 4096
_NEEDED: ClaimsOption = {"essential": True}


class Tokens:
    """Signs claims and reads them again.

    Parameters
    ----------
    keys
        What signs.
    clock
        Seconds since 1970.

    References
    ----------
    RFC 7519, https://doi.org/10.17487/RFC7519; RFC 8725, https://doi.org/10.17487/RFC8725
    """

    def __init__(self, keys: SigningKeys, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._clock = clock

    def sign(
        self, claims: Mapping[str, object], lasts_s: float, audience: str = AUDIENCE
    ) -> tuple[str, float]:
        """Return a token with claims, and the seconds since 1970 at which it ends."""
        kid, key = self._keys.current()
        now_s = int(self._clock())
        ends_s = now_s + int(lasts_s)
        times = {"iat": now_s, "nbf": now_s, "exp": ends_s}
        whole = {**claims, "iss": ISSUER, "aud": audience, **times}
        header = {"alg": ALGORITHM, "kid": kid, "typ": "JWT"}
        return jwt.encode(header, whole, key, algorithms=[ALGORITHM]), float(ends_s)

    def read(self, text: str, audience: str = AUDIENCE) -> dict[str, Any] | None:  # JSON
        """Return the claims of a token of this service that is good now, or None."""
        if not text or len(text) > _LONGEST:
            return None
        try:
            token = jwt.decode(text, self._key, algorithms=[ALGORITHM])
            registry = jwt.JWTClaimsRegistry(
                now=int(self._clock()),
                iss={"essential": True, "value": ISSUER},
                aud={"essential": True, "value": audience},
                iat=_NEEDED,
                nbf=_NEEDED,
                exp=_NEEDED,
            )
            registry.validate(token.claims)
        except (JoseError, ValueError, KeyError, TypeError):
            return None
        claims: dict[str, Any] = token.claims
        return claims if isinstance(claims.get("aud"), str) else None

    def _key(self, token: GuestProtocol) -> OKPKey:
        key = self._keys.find(str(token.headers().get("kid", "")))
        if key is None:
            raise KeyError("kid")
        return key
