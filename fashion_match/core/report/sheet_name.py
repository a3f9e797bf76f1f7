"""File names for sheets, from ids that may be anything."""

from __future__ import annotations

import re
from hashlib import blake2b

_OTHER = re.compile(r"[^\w.-]+")
MOST = 80
"""Characters of an id in a name: with what is added it fits every file system, in any script."""


def sheet_name(item_id: str, suffix: str = ".png") -> str:
    """Return a name of one part that no folder or command stumbles over; ids that differ get different names."""
    plain = _OTHER.sub("_", item_id.encode("utf-8", "replace").decode()).lstrip(".-")
    plain = plain.encode("utf-8")[: 2 * MOST].decode("utf-8", "ignore")[:MOST]
    if plain != item_id or not plain:
        mark = blake2b(item_id.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
        plain = f"{plain}-{mark}" if plain else mark
    return plain + suffix
