"""Which computers may be talked to: a name is resolved once, and a connection goes to what was checked, by number.

A page or a table from the web may name anything. Without this, it could have us ask the machines of our own network, or
the one that tells a cloud server its keys.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from fashion_match.core.web.address import WebAddress
from fashion_match.core.web.error import FetchError
from fashion_match.core.web.reason import CollectReason

Resolver = Callable[[str, int], list[str]]
"""Host and port to the numerical addresses that the host has."""

# Written out, because what Python's `is_global` says depends on its version. IANA special-purpose registries, 2024.
_IPV4: dict[str, tuple[str, ...]] = {
    "an unspecified": ("0.0.0.0/8",),
    "a private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),
    "a loopback": ("127.0.0.0/8",),
    "a link-local": ("169.254.0.0/16",),
    "a multicast": ("224.0.0.0/4",),
    "a reserved": (
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4"),
    ),
}
_IPV6: dict[str, tuple[str, ...]] = {
    "an unspecified": ("::/128",),
    "a loopback": ("::1/128",),
    "a private": ("fc00::/7", "fec0::/10"),
    "a link-local": ("fe80::/10",),
    "a multicast": ("ff00::/8",),
    # 2001::/23 has Teredo and 2002::/16 is 6to4: both carry an IPv4 address that nobody here could check in time.
    "a reserved": ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
}
_RANGES_4 = [(kind, IPv4Network(network)) for kind, networks in _IPV4.items() for network in networks]
_RANGES_6 = [(kind, IPv6Network(network)) for kind, networks in _IPV6.items() for network in networks]
_GLOBAL_6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


OWN = frozenset({"a private", "a loopback"})
"""What ``--allow-private`` permits. A link-local address is how a cloud server is told its keys, so never a photo's."""


def forbidden(address: str) -> str | None:
    """Return what kind of address that is not of the public internet ``address`` is, or ``None``."""
    try:
        number = ip_address(address)
    except ValueError:
        return "an unknown kind of"
    if isinstance(number, IPv6Address):
        within = number.ipv4_mapped or (IPv4Address(int(number) & 0xFFFFFFFF) if number in _NAT64 else None)
        if within is None:
            kind = next((kind for kind, network in _RANGES_6 if number in network), None)
            return kind or (None if number in _GLOBAL_6 else "a reserved")
        number = within
    return next((kind for kind, network in _RANGES_4 if number in network), None)


def system_resolver(host: str, port: int) -> list[str]:
    """Ask the system. Raises OSError where the host is not known."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(peer[0]) for *_, peer in found))


def checked_peers(address: WebAddress, resolver: Resolver, *, allow_private: bool) -> list[str]:
    """Return the numerical addresses to connect to. One that is forbidden makes all of them so.

    Raises:
        FetchError: forbidden_address, unknown_host.
    """
    try:
        peers = resolver(address.host, address.port)
    except (OSError, UnicodeError) as error:
        again = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        detail = f"the host {address.host} is not known: {getattr(error, 'strerror', None) or error}"
        raise FetchError(CollectReason.UNKNOWN_HOST, detail, retry=again) from None
    if not peers:
        raise FetchError(CollectReason.UNKNOWN_HOST, f"the host {address.host} has no address")
    for peer in peers:
        kind = forbidden(peer)
        if kind is not None and not (allow_private and kind in OWN):
            detail = f"{address.host} is {kind} address" + (f", {peer}" if peer != address.host else "")
            detail += "; --allow-private permits it" if kind in OWN else ""
            raise FetchError(CollectReason.FORBIDDEN_ADDRESS, detail)
    return peers
