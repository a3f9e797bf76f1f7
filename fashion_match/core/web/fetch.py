"""Fetch what an address leads to: politely, hop by hop, and only from where it is permitted."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property

from fashion_match.core.error import UsageError
from fashion_match.core.web.address import AddressError, WebAddress, parse_address
from fashion_match.core.web.error import FetchError
from fashion_match.core.web.pace import Pace, retry_after_s
from fashion_match.core.web.peer import Resolver, checked_peers, system_resolver
from fashion_match.core.web.reason import CollectReason
from fashion_match.core.web.request import Patience, opened, read_body
from fashion_match.core.web.robots import MAX_BYTES, RobotsCache, Rules, robots_refusal

AGENT = "fm-collect"
"""Product token: what a robots.txt may address."""
MAX_REDIRECTS = 5
LONGEST_WAIT_S = 300.0
"""A host that asks for more is given up for this run."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Fetched:
    """What an address led to."""

    final: WebAddress
    status: int
    content_type: str
    """Lower case, without parameters; empty where the server says nothing."""
    charset: str | None
    body: bytes = field(repr=False)
    robots: str
    """Why it was permitted to ask: ``allowed`` or ``no robots.txt``."""


def user_agent(contact: str | None) -> str:
    """Return who asks: name, version, and how to reach whoever runs this.

    Raises:
        UsageError: the contact is not one word of printable ASCII, so it has no place in a header.
    """
    from fashion_match import __version__

    if contact is None:
        return f"{AGENT}/{__version__}"
    if not contact.isascii() or not contact.isprintable() or set(contact) & set(' ()<>"\\') or not contact:
        raise UsageError(f"--contact {contact!r} is no mail or web address.", "Write --contact you@example.org.")
    return f"{AGENT}/{__version__} (+{contact})"


@dataclass
class Fetcher:
    """One for a run; threads share it."""

    agent: str
    pace: Pace
    robots: RobotsCache
    patience: Patience = field(default_factory=Patience)
    allow_private: bool = False
    resolver: Resolver = system_resolver
    notify: Callable[[str], None] = lambda _: None
    tls: ssl.SSLContext | None = None

    def get(
        self, address: WebAddress, *, accept: str, max_bytes: int, check: Callable[[str], None] = lambda _: None
    ) -> Fetched:
        """Follow at most five redirects, each of them checked like the first address, and return what is there.

        Args:
            accept: value of the Accept header.
            check: called with the content type before the body is read; what it raises is raised.

        Raises:
            FetchError: see `CollectReason`.
        """
        current = address
        try:
            for _ in range(MAX_REDIRECTS + 1):
                decision = self._permission(current)
                found = self._ask(current, decision, accept, max_bytes, check)
                if isinstance(found, Fetched):
                    return found
                current = found
        except FetchError as error:
            error.final_address = str(current)
            raise
        raise FetchError(CollectReason.TOO_MANY_REDIRECTS, f"was redirected more than {MAX_REDIRECTS} times")

    def _ask(
        self, address: WebAddress, decision: str, accept: str, max_bytes: int, check: Callable[[str], None]
    ) -> Fetched | WebAddress:
        """Make one request; return what it gave, or where it points to."""
        headers = {"User-Agent": self.agent, "Accept": accept}
        peers = checked_peers(address, self.resolver, allow_private=self.allow_private)
        self.pace.wait(address.host)
        tls = self._tls if address.scheme == "https" else None
        with opened(address, peers, headers, self.patience, tls) as response:
            if response.status in _REDIRECTS:
                return _location(address, response.headers)
            if response.status != 200:
                raise self._complaint(address, response.status, response.headers)
            content_type = response.headers.get_content_type() if "Content-Type" in response.headers else ""
            check(content_type)
            body = read_body(response, max_bytes)
            charset = response.headers.get_content_charset()
            return Fetched(address, response.status, content_type, charset, body, decision)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made once: reading all certificates takes longer than some photos."""
        return self.tls or ssl.create_default_context()

    def _complaint(self, address: WebAddress, status: int, headers: Message) -> FetchError:
        detail = f"the server answers {status}"
        wait_s = retry_after_s(headers.get("Retry-After")) if status in _BUSY else None
        if wait_s is None:
            return FetchError(CollectReason.HTTP_ERROR, detail, retry=status in _BUSY, status=status)
        detail += f" and asks to be left alone for {wait_s:,.0f} s"
        if wait_s > LONGEST_WAIT_S:
            return FetchError(CollectReason.HTTP_ERROR, detail, status=status)
        self.pace.pause(address.host, wait_s)
        return FetchError(CollectReason.HTTP_ERROR, detail, retry=True, wait_s=wait_s, status=status)

    # -- robots.txt -------------------------------------------------------------------------------------------------

    def _permission(self, address: WebAddress) -> str:
        """Return why ``address`` may be asked for. Raises FetchError where it may not, or nobody can tell."""
        site = self.robots.site(address.site)
        with site.lock:
            if site.error is not None:
                raise site.error
            if site.rules is None:
                try:
                    site.rules, site.decision = self._rules(address)
                except FetchError as error:
                    raise site.fail(error) from None
                delay_s = site.rules.delay_s
                if delay_s is not None and self.pace.slow_down(address.host, delay_s):
                    self.notify(f"{address.host} asks for {delay_s:g} s between two requests; that is kept.")
        if not site.rules.allow(address.target):
            raise FetchError(CollectReason.ROBOTS, f"the robots.txt of {address.site} forbids it")
        return site.decision

    def _rules(self, address: WebAddress) -> tuple[Rules, str]:
        current = WebAddress(address.scheme, address.host, address.port, "/robots.txt")
        try:
            for _ in range(MAX_REDIRECTS + 1):
                found = self._ask(current, "", "text/plain,*/*;q=0.1", 4 * MAX_BYTES, lambda _: None)
                if isinstance(found, Fetched):
                    return Rules(found.body[:MAX_BYTES].decode("utf-8", "replace"), AGENT), "allowed"
                current = found
        except FetchError as error:
            if error.status is None and error.reason not in (CollectReason.TOO_LARGE, CollectReason.BAD_RESPONSE):
                raise  # the site itself cannot be reached
            if error.status is not None and 400 <= error.status < 500 and error.status not in _BUSY:
                return Rules("", AGENT), "no robots.txt"
            raise robots_refusal(error) from None
        return Rules("", AGENT), "no robots.txt"  # RFC 9309: after five redirects it counts as missing


def _location(address: WebAddress, headers: Message) -> WebAddress:
    location = headers.get("Location")
    if location is None:
        raise FetchError(CollectReason.BAD_RESPONSE, "is redirected, but the server does not say where to")
    try:
        # http.client reads headers as Latin-1; what servers send is UTF-8, where it is not ASCII.
        return parse_address(location.encode("latin-1", "replace").decode("utf-8", "replace"), address)
    except AddressError as error:
        raise FetchError(CollectReason.BAD_ADDRESS, f"is redirected to {location[:100]!r}, which {error}") from None
