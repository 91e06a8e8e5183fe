"""Whom a request comes from, where a proxy stands before the service."""

import ipaddress
from collections.abc import Sequence

__all__ = ["Network", "client_of"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def client_of(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """Return the address that counts as the client of a request.

    Parameters
    ----------
    peer
        Address that the connection comes from.
    forwarded
        Values of the headers ``X-Forwarded-For``, in order: each proxy adds whom it serves at the
        end.
    trusted
        Proxies whose word counts.

    Returns
    -------
    str
        The last hop that is no trusted proxy: what stands before it in the header, that hop may
        have made up. ``peer`` itself where it is not trusted, or names nobody.

    Examples
    --------
    >>> proxies = [ipaddress.ip_network("10.0.0.0/8")]
    >>> client_of("10.0.0.1", ["192.0.2.1, 198.51.100.7"], proxies)
    '198.51.100.7'
    >>> client_of("203.0.113.5", ["198.51.100.7"], proxies)
    '203.0.113.5'
    """
    client, address = peer, _address(peer)
    hops = [hop for value in forwarded for hop in value.split(",")]
    for hop in reversed(hops):
        if address is None or not any(address in network for network in trusted):
            break
        address = _address(hop)
        if address is None:
            break
        client = str(address)
    return client


def _address(text: str) -> Address | None:
    """Return an address, written with a port or without, or None for what is none."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
