"""Types of options that read well on a command line, where everything is text."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator


def _split(value: Any) -> Any:
    return [part for text in value.split(",") if (part := text.strip())] if isinstance(value, str) else value


def _pairs(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in _split(value)]
    if not all(equals for _, equals, _ in pairs):
        raise ValueError("expected COLUMN=ATTRIBUTE, several with commas between them")
    return {old.strip(): new.strip() for old, _, new in pairs}


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
"""A list of names; as text: ``a,b``."""

Renames = Annotated[dict[str, str], BeforeValidator(_pairs)]
"""Old name to new name; as text: ``a=b,c=d``."""
