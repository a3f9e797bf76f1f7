"""The products that a page describes for machines: JSON-LD in the words of schema.org."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fashion_match.core.collect.record import plain_text
from fashion_match.core.item import AttributeValue

PRODUCT_TYPES = frozenset({"Product", "ProductGroup", "ProductModel", "IndividualProduct", "SomeProducts"})
IDENTITY = ("inProductGroupWithID", "productGroupID", "sku", "productID", "mpn", "gtin", "gtin13", "gtin12", "gtin8")
"""What tells a product from others, the best first."""
_TEXTS = {
    "name": "name",
    "color": "color",
    "category": "category",
    "brand": "brand",
    "pattern": "pattern",
    "material": "material",
    "license": "license",
    "creditText": "credit",
    "copyrightNotice": "copyright",
}
_PRICE = re.compile(r"\d{1,12}([.,]\d{1,2})?|\d{1,3}([., ]\d{3})+([.,]\d{1,2})?", re.ASCII)


@dataclass(frozen=True)
class Product:
    """One product, as it is described."""

    images: tuple[str, ...]
    label: str | None
    attributes: dict[str, AttributeValue]


def products(text: str) -> list[Product] | None:
    """Return the products in one script of JSON-LD, ``None`` where it is not JSON."""
    try:
        document = json.loads(text.strip().removeprefix("<!--").removesuffix("-->"), strict=False)
    except (ValueError, RecursionError):
        return None
    return [_product(found) for found in _walk(document) if _types(found) & PRODUCT_TYPES]


def price_of(value: object) -> float | None:
    """Return a price in its currency: ``49.9``, ``"49,90"``, ``"1.299,00 EUR"``; ``None`` where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str):
        text = value.strip("$€£¥ \xa0ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        if not _PRICE.fullmatch(text):
            return None
        whole, fraction = (text[:-3], text[-2:]) if text[-3:-2] in (".", ",") else (text, "0")
        if text[-2:-1] in (".", ","):
            whole, fraction = text[:-2], text[-1:]
        value = float(re.sub(r"[^0-9]", "", whole) + "." + fraction)
    price = float(value)
    return price if math.isfinite(price) and price >= 0 else None


def _walk(document: Any) -> Iterator[dict[str, Any]]:
    """Yield every object, in the order of the text, however deep: ``@graph``, lists, variants."""
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting += reversed(list(node.values()))
        elif isinstance(node, list):
            waiting += reversed(node)


def _types(node: dict[str, Any]) -> set[str]:
    named = node.get("@type")
    return {str(name).rpartition("/")[2] for name in (named if isinstance(named, list) else [named])}


def _product(node: dict[str, Any]) -> Product:
    attributes: dict[str, AttributeValue] = {}
    images = list(_images(node.get("image"), attributes))
    for word, attribute in _TEXTS.items():
        if text := _text(node.get(word)):
            attributes[attribute] = text
    audience = node.get("audience")
    gender = _text(audience.get("suggestedGender")) if isinstance(audience, dict) else None
    if gender := gender or _text(node.get("gender")):
        attributes["gender"] = gender
    price = next((p for offer in _offers(node) if (p := _offer_price(offer)) is not None), None)
    if price is not None:
        attributes["price"] = price
    label = next((text for word in IDENTITY if (text := _text(node.get(word)))), None)
    return Product(tuple(images), label, attributes)


def _text(value: Any) -> str | None:
    """Return the text that ``value`` is, or the name of the thing that it is; of several, the first."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("name") or value.get("@value")
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return plain_text(" ".join(str(value).split())) or None


def _images(value: Any, attributes: dict[str, AttributeValue]) -> Iterator[str]:
    """Yield the addresses of a product's pictures; what is said about whose they are goes into ``attributes``."""
    for image in value if isinstance(value, list) else [value]:
        if isinstance(image, str):
            yield image
        elif isinstance(image, dict):
            address = image.get("contentUrl") or image.get("url") or image.get("@id")
            if isinstance(address, list):
                address = address[0] if address else None
            if isinstance(address, str):
                yield address
            for word, attribute in (*_TEXTS.items(), ("creator", "creator")):
                if attribute in ("license", "credit", "copyright", "creator") and (text := _text(image.get(word))):
                    attributes.setdefault(attribute, text)


def _offers(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    offers = node.get("offers")
    for offer in offers if isinstance(offers, list) else [offers]:
        if isinstance(offer, dict):
            yield offer
            inner = offer.get("priceSpecification")
            yield from (one for one in (inner if isinstance(inner, list) else [inner]) if isinstance(one, dict))


def _offer_price(offer: dict[str, Any]) -> float | None:
    return next((p for word in ("price", "lowPrice") if (p := price_of(offer.get(word))) is not None), None)
