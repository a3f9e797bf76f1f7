"""A web address that can be asked for: checked once, canonical, and free of anything that could end a header line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote, urljoin, urlsplit

MAX_CHARS = 8192
PORTS = {"http": 80, "https": 443}

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_KEPT = "/%:@!$&'()*+,;=-._~"


class AddressError(Exception):
    """Text that is no address to ask for; the message says why, in half a line."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An http or https address. Two that mean the same in writing are equal; the fragment is left out."""

    scheme: str
    host: str
    """Lower case, in ASCII; an IPv6 address without its brackets."""
    port: int
    target: str
    """Path and query as they go into the request line: percent-encoded ASCII that starts with ``/``."""

    @property
    def authority(self) -> str:
        """Host, and the port where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def site(self) -> str:
        """What one robots.txt is for: ``https://shop.example``."""
        return f"{self.scheme}://{self.authority}"

    def __str__(self) -> str:
        return self.site + self.target


def parse_address(text: str, base: WebAddress | None = None) -> WebAddress:
    """Return the address that ``text`` is, or is relative to ``base``.

    Raises:
        AddressError: it is not http(s), has no host, a user name, or a host that only some programs understand.
    """
    text = text.strip(" ")
    if not text:
        raise AddressError("is empty")
    if len(text) > MAX_CHARS:
        raise AddressError(f"is longer than {MAX_CHARS:,} characters")
    if _CONTROL.search(text):
        raise AddressError("contains a line break or another control character")
    try:
        text.encode()
        parts = urlsplit(urljoin(str(base), text) if base is not None else text)
        port = parts.port
    except UnicodeEncodeError:
        raise AddressError("is not text") from None
    except ValueError as error:
        raise AddressError(f"cannot be understood: {error}") from None
    if parts.scheme not in PORTS:
        raise AddressError(
            f"has the scheme {parts.scheme[:20]}; only http and https are asked for"
            if parts.scheme
            else "is no full web address: it does not start with http:// or https://"
        )
    if "@" in parts.netloc:
        raise AddressError("contains a user name; what needs a login is not collected")
    if port == 0:
        raise AddressError("has the port 0")
    target = _segments(_encoded(parts.path)) + (f"?{_encoded(parts.query, '?')}" if parts.query else "")
    return WebAddress(parts.scheme, _host(parts.hostname), port or PORTS[parts.scheme], target)


def _host(host: str | None) -> str:
    if not host:
        raise AddressError("has no host")
    if ":" in host:
        try:
            address = IPv6Address(host)
        except AddressValueError as error:
            raise AddressError(f"cannot be understood: {error}") from None
        if address.scope_id:
            raise AddressError(f"names a network interface: {host}")
        return address.compressed
    try:
        name = (host if host.isascii() else host.encode("idna").decode("ascii")).lower()
    except UnicodeError:
        raise AddressError(f"has a host that cannot be a name: {host[:80]!r}") from None
    name = name.removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressError(f"has a host that cannot be a name: {host[:80]!r}")
    if _NUMBER.fullmatch(labels[-1]):
        # 2130706433, 0x7f.1 and 0177.0.0.1 are all 127.0.0.1 for some programs and names for others.
        try:
            return str(IPv4Address(name))
        except AddressValueError:
            raise AddressError(f"has a number for a host, and not in the usual form 1.2.3.4: {name}") from None
    return name


def _encoded(text: str, more: str = "") -> str:
    return quote(_STRAY_PERCENT.sub("%25", text), safe=_KEPT + more)


def _segments(path: str) -> str:
    """Resolve ``.`` and ``..``, as the server would: a robots.txt is about what is meant, however it is written."""
    kept: list[str] = []
    segments = path.split("/")[1:] if path.startswith("/") else path.split("/")
    for n, segment in enumerate(segments):
        plain = segment.lower().replace("%2e", ".")
        if plain == "..":
            del kept[-1:]
        elif plain != ".":
            kept.append(segment)
        if plain in (".", "..") and n == len(segments) - 1:
            kept.append("")
    return "/" + "/".join(kept)
