"""What stands between the network and the routes; ``permissions`` holds the one table of rights."""

from mainshock.serve.security.audit import current_identity, record
from mainshock.serve.security.body import MOST_BODY_BYTES
from mainshock.serve.security.checks import check_settings, is_loopback
from mainshock.serve.security.headers import SECURITY_HEADERS
from mainshock.serve.security.rates import RateLimit

__all__ = [
    "MOST_BODY_BYTES",
    "SECURITY_HEADERS",
    "RateLimit",
    "check_settings",
    "current_identity",
    "is_loopback",
    "record",
]
