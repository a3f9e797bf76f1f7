"""An item as a point of Qdrant and back: its point id and its payload.

Attributes lie flat in the payload under their own names, so that anyone who opens the database understands it;
everything internal lies under one key.
"""

from __future__ import annotations

import os
import uuid
from functools import partial
from hashlib import sha1
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from fashion_match.core.error import StoreError
from fashion_match.core.item import Item
from fashion_match.core.store.protocol import Payload, Stored

OWN = "_fm"
"""Key of everything internal."""

OWN_FIELDS = {"label": f"{OWN}.label", "split": f"{OWN}.split", "role": f"{OWN}.role", "source": f"{OWN}.source"}
"""Where the item's own fields lie that a filter can name. Its id is not among them: the point id is made of it."""

_ITEM_FIELDS = set(Item.model_fields)
_INT64 = 2**63


def namespace(collection: str) -> bytes:
    """Return what the point ids of a collection begin with."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"fashion-match/{collection}").bytes


def point_id(space: bytes, item_id: str) -> str:
    """Return the UUID (version 5) of an item in the collection of that `namespace`."""
    # The same as str(uuid.uuid5(...)) in a third of the time, which every upsert and every look-up pays.
    digest = sha1(space + item_id.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def make_payload(item: Item, content: str, stat: tuple[int, int], source: str) -> Payload:
    """Return the payload of an item. Two payloads are equal exactly when nothing has to be written.

    Raises:
        StoreError: an attribute is a whole number that no database holds (64 bits).
    """
    own: dict[str, Any] = {"id": item.id, "content": content, "stat": list(stat), "source": source, "role": item.role}
    if item.image is not None:
        own["image"] = _path_text(item.image)
    if item.label is not None:
        own["label"] = item.label
    if item.split is not None:
        own["split"] = item.split
    if item.box is not None:
        own["box"] = list(item.box)
    if item.scores:
        own["scores"] = item.scores
    for name, value in item.attributes.items():
        if isinstance(value, int) and not -_INT64 <= value < _INT64:
            raise StoreError(f"the item {item.id!r}: {name} = {value} is too large to be stored.", "Write it as text.")
    return {**item.attributes, OWN: own}


def parse_payload(payload: Payload) -> tuple[Item, str, tuple[int, int], str]:
    """Return item, content, stat and source of a payload that `make_payload` built.

    Raises:
        StoreError: the payload was not written by this program.
    """
    try:
        own = payload[OWN]
        box = own.get("box")
        image = own.get("image")
        item = object.__new__(Item)
        # The values were validated before they were stored; `model_construct` would take twice as long, and every run
        # of an unchanged source parses all its items.
        fields = {
            "id": own["id"],
            "image": None if image is None else _path(image),
            "box": None if box is None else tuple(box),
            "label": own.get("label"),
            "role": own["role"],
            "split": own.get("split"),
            "attributes": {name: value for name, value in payload.items() if name != OWN},
            "scores": own.get("scores") or {},
        }
        object.__setattr__(item, "__dict__", fields)
        object.__setattr__(item, "__pydantic_fields_set__", _ITEM_FIELDS.copy())
        object.__setattr__(item, "__pydantic_extra__", None)
        object.__setattr__(item, "__pydantic_private__", None)
        size, modified = own["stat"]
        return item, own["content"], (size, modified), own["source"]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise StoreError(
            "the collection holds a point that `fm` did not write.", "Use a collection of its own for the items."
        ) from None


def make_stored(record: Any, *, scored: bool = False, with_vectors: bool = False) -> Stored:
    """Return an engine's record or scored point; both libraries name its fields alike."""
    return Stored.unparsed(
        partial(_parse_record, record),
        record.score if scored else None,
        list(record.vector) if with_vectors else None,
    )


def _parse_record(record: Any) -> tuple[Item, str, tuple[int, int], str]:
    return parse_payload(record.payload or {})


def _path_text(path: Path) -> str:
    """Return a path as text that a database can hold; a name that is no text (possible on Linux) as a ``file:`` URI."""
    text = str(path)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return path.absolute().as_uri()
    return text


def _path(text: str) -> Path:
    return Path(os.fsdecode(unquote_to_bytes(text[7:])) if text.startswith("file://") else text)
