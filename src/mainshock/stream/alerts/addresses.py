"""Which addresses a message may go to: no service on this machine or network by accident."""

import ipaddress
import socket

from mainshock.core.errors import SettingsError, UnreachableError

__all__ = ["is_public", "is_surely_private", "resolve"]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _carried(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


def is_public(text: str) -> bool:
    """Return whether an address belongs to a host on the public Internet.

    Examples
    --------
    >>> is_public("8.8.8.8"), is_public("::ffff:127.0.0.1"), is_public("169.254.169.254")
    (True, False, False)
    """
    address = _carried(ipaddress.ip_address(text.partition("%")[0]))
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not getattr(address, "is_site_local", False)  # IPv6 of before 2004


def is_surely_private(host: str) -> bool:
    """Return whether a host is not public whatever its network says: no name is looked up.

    Examples
    --------
    >>> is_surely_private("localhost"), is_surely_private("192.168.1.2"), is_surely_private("a.org")
    (True, True, False)
    """
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return not is_public(name)
    except ValueError:  # a name, not an address
        return False


def resolve(host: str, port: int, allow_private: bool) -> str:
    """Return one address of a host, to be connected to without asking again.

    Raises
    ------
    UnreachableError
        If the name is not known now.
    SettingsError
        If one of its addresses is not public and ``allow_private`` is false.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnreachableError(f"host {host} is not known: {error}; check its name") from error
    addresses = [str(entry[4][0]) for entry in found]
    private = [address for address in addresses if not is_public(address)]
    if private and not allow_private:
        raise SettingsError(
            f"host {host} has the address {private[0]}, which is not public; name another host, "
            "or set allow_private = true if that is meant"
        )
    return addresses[0]
