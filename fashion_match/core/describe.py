"""A garment in words: what was asked for, as the attributes that a model looks at."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from fashion_match.core.attribute import canonical_attributes
from fashion_match.core.error import UsageError, did_you_mean
from fashion_match.core.model.artifact import read_card
from fashion_match.core.model.choice import ModelChoice, resolve_model
from fashion_match.core.model.encoding import Encoding
from fashion_match.core.plugin.loader import Plugins
from fashion_match.core.store.protocol import Location, VectorStore
from fashion_match.core.where import Scalar


def understand(
    plugins: Plugins, location: Location, store: VectorStore, described: Mapping[str, str]
) -> dict[str, Scalar]:
    """Return a description in the spelling of the collection's own model: ``color=blue`` as ``color=Blue``.

    Raises:
        UsageError: the model looks at photos alone, or not at such an attribute, or knows no such value.
        ModelError: the model cannot be had.
    """
    encoding = read_card(resolve_model(plugins, location.library, ModelChoice(), store.spec)).encoding
    if encoding is None:
        raise UsageError(
            f"the model of the collection {store.name} looks at photos alone, so nothing can be described to it.",
            "To filter by attributes, give --color Blue and the like, or --where KEY=VALUE.",
        )
    return dict(_attribute(name, text, encoding) for name, text in described.items())


def _attribute(name: str, text: str, encoding: Encoding) -> tuple[str, Scalar]:
    known = _alike(name, tuple(encoding.columns))
    if known is None:
        raise UsageError(
            f"the model does not look at {name!r}.", did_you_mean(name, encoding.columns, what="attributes")
        )
    if known in encoding.numbers:
        return known, _number(known, text)
    meant = str(canonical_attributes({known: text}).get(known, text))
    values = encoding.vocabularies[known]
    value = _alike(meant, values) or _alike(text, values)
    if value is None:
        raise UsageError(
            f"the model knows no {known} {text!r}.", did_you_mean(meant, values, what=f"values of {known}")
        )
    return known, value


def _alike(word: str, known: Sequence[str]) -> str | None:
    """Return the one of ``known`` that ``word`` is, else the first that differs in case alone."""
    return word if word in known else next((one for one in known if one.casefold() == word.casefold()), None)


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{name} is a number, which {text!r} is not.", f"Write {name}=20.")
    return int(number) if number.is_integer() else number
