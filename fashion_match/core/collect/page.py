"""A page of products, from the web or from a file, to what is wanted."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator, Mapping

from fashion_match.core.collect.page_picture import read_page
from fashion_match.core.collect.record import BadWanted, Wanted
from fashion_match.core.error import ReaderError, UsageError
from fashion_match.core.web.address import AddressError, WebAddress, parse_address
from fashion_match.core.web.error import FetchError
from fashion_match.core.web.fetch import Fetcher
from fashion_match.core.web.pace import retry_wait_s
from fashion_match.core.web.reason import CollectReason

MAX_BYTES = 5_000_000
ACCEPT = "text/html,application/xhtml+xml"
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w:.-]{1,40})", re.IGNORECASE)

_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class ProductPage:
    """One page.

    Args:
        source: a web address, or a file of HTML.
        base: what relative addresses start from; by default what the page says, or its own address.
        n_attempts: times that the page is asked for.

    Raises:
        UsageError: ``base`` is no web address.
    """

    def __init__(self, source: str, base: str | None, fetcher: Fetcher, n_attempts: int) -> None:
        self.source = source
        self.skipped: Mapping[str, int] = {}
        self._base = _address(base, "--base") if base is not None else None
        self._address = _address(source, "--page") if is_web(source) else None
        self._fetcher = fetcher
        self._n_attempts = n_attempts

    def wanted(self) -> Iterator[Wanted | BadWanted]:
        """Yield each picture of the page once. Raises ReaderError where the page cannot be had."""
        if self._address is None:
            html, base = _decoded(_read(self.source), None), self._base
        else:
            html, found_at = self._fetched(self._address)
            base = self._base or found_at
        page = read_page(html)
        self.skipped = page.skipped
        if not page.pictures:
            raise ReaderError(
                f"there is no picture in {self.source}.",
                "Where a browser shows some, a program of the page has fetched them: save it there, and name the file.",
            )
        if page.base is not None and self._base is None:
            base = _joined(page.base, base)
        if base is None and not any(is_web(picture.address) for picture in page.pictures):
            raise ReaderError(
                f"all addresses in {self.source} are relative, and it does not say to what.",
                "Say where the page is from: --base https://shop.example/dresses.",
            )
        for n, picture in enumerate(page.pictures, start=1):
            where = f"picture {n}"
            if base is None and not is_web(picture.address):
                detail = f"{picture.address[:100]} is relative, and the page does not say to what; say --base ADDRESS"
                yield BadWanted(where, detail)
                continue
            try:
                address = str(parse_address(picture.address, base))
            except AddressError:
                address = picture.address  # told where all addresses are looked at
            yield Wanted(address, where, label=picture.label, attributes=picture.attributes)

    def _fetched(self, address: WebAddress) -> tuple[str, WebAddress]:
        attempt = 1
        while True:
            try:
                found = self._fetcher.get(address, accept=ACCEPT, max_bytes=MAX_BYTES, check=_check_type)
                return _decoded(found.body, found.charset), found.final
            except FetchError as error:
                if not error.retry or attempt >= self._n_attempts:
                    raise ReaderError(
                        f"the page {address} cannot be had: {error.detail} ({error.reason}).",
                        "Save it from a browser, and name the file with --page.",
                    ) from None
                self._fetcher.pace.sleep(retry_wait_s(attempt, error.wait_s))
                attempt += 1


def is_web(text: str) -> bool:
    """Whether ``text`` is meant to be a full web address."""
    return re.match(r"(?i)https?:/", text.strip()) is not None


def _check_type(content_type: str) -> None:
    if content_type not in ("text/html", "application/xhtml+xml", ""):
        raise FetchError(CollectReason.WRONG_TYPE, f"it is {content_type}, not a page of HTML")


def _address(text: str, option: str) -> WebAddress:
    try:
        return parse_address(text)
    except AddressError as error:
        remedy = "Write it in full: https://shop.example/dresses."
        raise UsageError(f"{option} {text[:200]!r} {error}.", remedy) from None


def _joined(text: str, base: WebAddress | None) -> WebAddress | None:
    """Return the base that a page names; one that makes no sense is as good as none, as it is to browsers."""
    try:
        return parse_address(text, base)
    except AddressError:
        return base


def _read(source: str) -> bytes:
    try:
        with open(source, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ReaderError(
            f"the page {source!r} cannot be read: {why}.", "Name a file of HTML, or an address with https://."
        ) from None
    if len(data) > MAX_BYTES:
        size = os.path.getsize(source)
        raise ReaderError(f"{source!r} has {size:,} bytes; a page has at most {MAX_BYTES:,}.")
    return data


def _decoded(data: bytes, charset: str | None) -> str:
    """Return the text of a page. What cannot be decoded is marked, and matters only in the names of things."""
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    declared = _CHARSET.search(data[:4096])
    for name in (charset, declared and declared[1].decode("ascii", "replace")):
        try:
            if name:
                return data.decode(name, "replace")
        except (LookupError, ValueError):
            continue
    return data.decode("utf-8", "replace")
