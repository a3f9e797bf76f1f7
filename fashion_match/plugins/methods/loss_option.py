"""The option ``loss`` of a method: any registered loss, and one that is usual."""

from __future__ import annotations

from typing import Any

from pydantic import BeforeValidator

from fashion_match import Choice


def usually(usual: Choice) -> BeforeValidator:
    """Return what makes options without a name, as of ``--set loss.margin=0.3`` alone, options of the usual loss."""

    def named(value: Any) -> Any:
        is_nameless = isinstance(value, dict) and "name" not in value
        return {"name": usual.name, **usual.options, **value} if is_nameless else value

    return BeforeValidator(named)
