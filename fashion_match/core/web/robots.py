"""robots.txt as RFC 9309 has it: what a site asks programs to leave alone.

The standard library's ``urllib.robotparser`` takes ``*`` and ``$`` in a path for themselves and the first rule for the
right one, so it permits much of what today's shops forbid (``Disallow: /*?*``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from urllib.parse import unquote_to_bytes

from fashion_match.core.web.error import FetchError
from fashion_match.core.web.reason import CollectReason

MAX_BYTES = 512_000
"""Of a robots.txt that are read; RFC 9309 asks for 500 KiB."""
MAX_DELAY_S = 86_400.0


@dataclass
class _Group:
    agents: set[str] = field(default_factory=set)
    rules: list[tuple[bool, str]] = field(default_factory=list)
    """Permitted or not, and the pattern as it is written."""
    delay_s: float | None = None


class Rules:
    """What one robots.txt says to one program.

    Args:
        text: whatever the site sent. Lines that make no sense are passed over: a page of HTML forbids nothing.
        agent: product token of the program, such as ``fm-collect``.
    """

    def __init__(self, text: str, agent: str) -> None:
        groups = list(_groups(text.splitlines()))
        mine = [group for group in groups if agent.lower() in group.agents] or [g for g in groups if "*" in g.agents]
        self._rules = [(len(path), ok, _pattern(path)) for group in mine for ok, path in group.rules]
        self.delay_s = max((group.delay_s for group in mine if group.delay_s is not None), default=None)
        """Seconds between two requests that the site asks for."""

    def allow(self, target: str) -> bool:
        """Whether ``target`` (path and query) may be asked for: the longest rule that fits decides, and Allow wins."""
        path = _bytes(target)
        fitting = [(length, ok) for length, ok, pattern in self._rules if pattern.match(path)]
        return max(fitting)[1] if fitting else True


def _groups(lines: Iterable[str]) -> Iterable[_Group]:
    group = _Group()
    in_head = True
    for line in lines:
        name, colon, value = line.partition("#")[0].partition(":")
        name, value = name.strip(" \t\ufeff").lower(), value.strip()
        if not colon:
            continue
        if name == "user-agent":
            if not in_head:
                yield group
                group = _Group()
            in_head = True
            # Some write a version behind the token, which says nothing here.
            group.agents.add(value.lower().partition("/")[0])
        elif name in ("allow", "disallow"):
            in_head = False
            if value:
                group.rules.append((name == "allow", value))
        elif name == "crawl-delay":
            in_head = False
            if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value, re.ASCII):
                group.delay_s = min(float(value), MAX_DELAY_S)
    yield group


def _pattern(path: str) -> re.Pattern[bytes]:
    """Turn ``/a/*.jpg$`` into an expression. Stars in a row are one, and none can make the matching slow."""
    anchored = path.endswith("$")
    pieces = re.sub(r"\*+", "*", path.removesuffix("$")).split("*")
    first, *others = (re.escape(_bytes(piece)) for piece in pieces)
    # Atomic groups (?>...) keep each star at its first fit, which is as good as any for what may follow.
    if anchored and others:
        *others, last = others
        middle = b"".join(b"(?>.*?" + piece + b")" for piece in others)
        return re.compile(first + middle + b".*" + last + rb"\Z", re.DOTALL)
    return re.compile(first + b"".join(b"(?>.*?" + p + b")" for p in others) + (rb"\Z" if anchored else b""), re.DOTALL)


def _bytes(path: str) -> bytes:
    return unquote_to_bytes(path.encode("utf-8", "replace"))


class RobotsCache:
    """The rules of each site, asked for once in a run, however many threads want to know.

    Args:
        n_attempts: times that a site is asked for a robots.txt that it does not give; after that, nothing more is
            asked of it in this run.
    """

    def __init__(self, n_attempts: int) -> None:
        self._n_attempts = n_attempts
        self._lock = Lock()
        self._sites: dict[str, _Site] = {}

    def site(self, name: str) -> _Site:
        """Return what is known of a site, such as ``https://shop.example``. Hold its lock while it is asked."""
        with self._lock:
            return self._sites.setdefault(name, _Site(self._n_attempts))


class _Site:
    def __init__(self, n_attempts: int) -> None:
        self.lock = Lock()
        self.rules: Rules | None = None
        self.decision = "allowed"
        self.error: FetchError | None = None
        """Why there will be no rules."""
        self._n_left = n_attempts

    def fail(self, error: FetchError) -> FetchError:
        """Note that the rules could not be had; return the error to raise."""
        self._n_left -= 1
        if not error.retry or self._n_left <= 0:
            self.error = FetchError(error.reason, error.detail, status=error.status)
            return self.error
        return error


def robots_refusal(error: FetchError) -> FetchError:
    """Return the error for a site that has a robots.txt, perhaps, but does not give it."""
    detail = f"its robots.txt cannot be had ({error.detail}), so nothing is asked of this site"
    return FetchError(CollectReason.ROBOTS, detail, retry=error.retry, wait_s=error.wait_s, status=error.status)
