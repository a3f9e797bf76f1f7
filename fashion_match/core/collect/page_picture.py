"""The pictures in a page of HTML: of each its address, and what the page says about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from fashion_match.core.collect.page_product import price_of, products
from fashion_match.core.collect.record import plain_text
from fashion_match.core.item import AttributeValue

LAZY = ("data-src", "data-original", "data-lazy-src", "data-lazy", "data-image")
"""Where pages that load pictures late keep the address, in the place of which ``src`` has an empty picture."""
LAZY_SETS = ("data-srcset", "data-lazy-srcset")
MAX_SRCSET_CHARS = 20_000
DRAWINGS = (".svg", ".ico", ".svgz")

_CANDIDATE = re.compile(r"[\s,]*(\S*[^\s,])(?:\s+([\d.]{1,12})[wx])?\s*(?:,|$)")
_OG_ATTRIBUTES = {
    "og:title": "name",
    "product:brand": "brand",
    "og:brand": "brand",
    "product:color": "color",
    "product:category": "category",
    "product:pattern": "pattern",
    "product:material": "material",
    "product:target_gender": "gender",
    "product:price:amount": "price",
    "og:price:amount": "price",
}


@dataclass
class Picture:
    """One address in a page."""

    address: str
    """As it is written, so perhaps relative."""
    label: str | None = None
    attributes: dict[str, AttributeValue] = field(default_factory=dict)


@dataclass
class Page:
    """What was found in a page."""

    pictures: list[Picture]
    """In the order of the page: products first, each address once."""
    base: str | None
    """What relative addresses start from, where the page itself says so."""
    skipped: dict[str, int]


def read_page(html: str) -> Page:
    """Return the pictures of a page. Whatever is in it, no part of it can make this fail."""
    markup = _Markup()
    # Without `close`, which would go over an unfinished tag at the end again and again.
    markup.feed(html)
    found: dict[str, Picture] = {}
    skipped: dict[str, int] = {}
    for picture in (*_of_products(markup, skipped), *_of_head(markup), *markup.pictures):
        address = re.sub(r"[\t\r\n]", "", picture.address).strip()  # as browsers do
        if not address:
            continue
        if not address.lower().startswith(("http:", "https:")) and re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", address):
            skipped["pictures within the page"] = skipped.get("pictures within the page", 0) + 1
        elif re.split(r"[?#]", address)[0].lower().endswith(DRAWINGS):
            skipped["drawings"] = skipped.get("drawings", 0) + 1
        elif address in found:
            first = found[address]
            first.label = first.label or picture.label
            first.attributes = {**picture.attributes, **first.attributes}
        else:
            found[address] = Picture(address, picture.label, dict(picture.attributes))
    return Page(list(found.values()), markup.base or markup.canonical, skipped)


def largest(srcset: str) -> tuple[float, str] | None:
    """Return size (in pixels, or in times) and address of the largest picture of a ``srcset``."""
    candidates = [(_size(size), address) for address, size in _CANDIDATE.findall(srcset[:MAX_SRCSET_CHARS])]
    candidates = [candidate for candidate in candidates if not candidate[1].startswith("data:")]
    return max(candidates, key=lambda candidate: candidate[0]) if candidates else None


def _size(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0


def _of_products(markup: _Markup, skipped: dict[str, int]) -> Iterator[Picture]:
    for text in markup.json_ld:
        found = products(text)
        if found is None:
            skipped["broken JSON-LD"] = skipped.get("broken JSON-LD", 0) + 1
        for product in found or ():
            for address in product.images:
                yield Picture(address, product.label, product.attributes)


def _of_head(markup: _Markup) -> Iterator[Picture]:
    attributes: dict[str, AttributeValue] = {}
    for name, attribute in _OG_ATTRIBUTES.items():
        text = plain_text(markup.meta.get(name, [""])[0])
        value: AttributeValue | None = price_of(text) if attribute == "price" else text
        if value:
            attributes.setdefault(attribute, value)
    for name in ("og:image", "og:image:secure_url", "og:image:url", "twitter:image"):
        for address in markup.meta.get(name, ()):
            yield Picture(address, attributes=attributes)


class _Markup(HTMLParser):
    """Gathers what the tags say; keeps going whatever they are."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pictures: list[Picture] = []
        self.meta: dict[str, list[str]] = {}
        self.json_ld: list[str] = []
        self.base: str | None = None
        self.canonical: str | None = None
        self._sources: list[str] | None = None
        """Of the ``picture`` that is open."""
        self._script: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in reversed(attrs)}  # of two, the first one counts
        if tag == "img":
            self._image(given)
        elif tag == "picture":
            self._sources = []
        elif tag == "source" and self._sources is not None:
            self._sources += _sets(given)
        elif tag == "meta":
            name = (given.get("property") or given.get("name", "")).strip().lower()
            if name and given.get("content", "").strip():
                self.meta.setdefault(name, []).append(given["content"].strip())
        elif tag == "base" and self.base is None:
            self.base = given.get("href") or None
        elif tag == "link" and "canonical" in given.get("rel", "").lower().split():
            self.canonical = self.canonical or given.get("href") or None
        elif tag == "script" and given.get("type", "").strip().lower() == "application/ld+json":
            self._script = []

    def handle_endtag(self, tag: str) -> None:
        if tag == "picture":
            self._sources = None
        elif tag == "script" and self._script is not None:
            self.json_ld.append("".join(self._script))
            self._script = None

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self._script.append(data)

    def unknown_decl(self, data: str) -> None:
        """A marked section that nobody knows says nothing about pictures."""

    def _image(self, given: dict[str, str]) -> None:
        sets = [*_sets(given), *(self._sources or ())]
        best = max(filter(None, map(largest, sets)), key=lambda found: found[0], default=None)
        late = next((given[name] for name in LAZY if given.get(name)), None)
        address = best[1] if best else late or given.get("src", "")
        name = plain_text(given.get("alt", ""))
        self.pictures.append(Picture(address, attributes={"name": name} if name else {}))


def _sets(given: dict[str, str]) -> list[str]:
    return [given[name] for name in ("srcset", *LAZY_SETS) if given.get(name)]
