"""``fm collect --dry-run``: what a run would do, without asking for a single picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from fashion_match.core.collect.folder import PROVENANCE
from fashion_match.core.collect.provenance import Provenance
from fashion_match.core.collect.record import BadWanted, Wanted
from fashion_match.core.collect.request import CollectRequest
from fashion_match.core.collecting import Collecting
from fashion_match.core.item import AttributeValue, Record
from fashion_match.core.web.address import AddressError, parse_address
from fashion_match.core.web.reason import CollectReason

Would = Literal["fetch", "keep", "leave", "refuse"]


class Planned(Record):
    """What would be done about one picture of the source."""

    would: Would
    """``leave``: it failed or was refused before, and is tried again with --retry-failed only."""
    where: str
    address: str | None
    id: str | None
    reason: CollectReason | None = None
    detail: str | None = None
    attributes: dict[str, AttributeValue] = Field(default_factory=dict)


def plan(collecting: Collecting) -> Iterator[Planned]:
    """Yield what `Collecting.run` would do about each picture, as far as that is known without the network.

    A page from the web is asked for all the same, because it is the source. What robots.txt and name servers would say,
    and which pictures are the same, is not known before.

    Raises:
        ReaderError: the source cannot be read.
    """
    request = collecting.request
    known = _known(request)
    seen: set[str] = set()
    claims: dict[str, str] = {}
    n_fetched = 0
    for wanted in collecting.source.wanted():
        if isinstance(wanted, BadWanted):
            yield _refusal(wanted, None, CollectReason.BAD_RECORD, wanted.detail)
            continue
        try:
            address = str(parse_address(wanted.address))
        except AddressError as error:
            yield _refusal(wanted, None, CollectReason.BAD_ADDRESS, f"{wanted.address[:200]!r} {error}")
            continue
        if wanted.id is not None and (first := claims.setdefault(wanted.id, address)) != address:
            detail = f"another row has the id {wanted.id!r}, with the address {first[:200]}"
            yield _refusal(wanted, address, CollectReason.DUPLICATE_ID, detail)
            continue
        would: Would = "keep" if address in seen else known.get(address, "fetch")
        seen.add(address)
        if would == "fetch" or (would == "leave" and request.retry_failed):
            if n_fetched == request.limit:
                return
            n_fetched += 1
            would = "fetch"
        yield Planned(
            would=would, where=wanted.where, address=address, id=wanted.id, attributes=dict(wanted.attributes)
        )


def _known(request: CollectRequest) -> dict[str, Would]:
    file = request.out / PROVENANCE / "provenance.jsonl"
    if not file.exists():
        return {}
    entries = Provenance(file, writable=False).by_address
    return {address: "keep" if entry.reason is None else "leave" for address, entry in entries.items()}


def _refusal(wanted: Wanted | BadWanted, address: str | None, reason: CollectReason, detail: str) -> Planned:
    return Planned(would="refuse", where=wanted.where, address=address, id=wanted.id, reason=reason, detail=detail)
