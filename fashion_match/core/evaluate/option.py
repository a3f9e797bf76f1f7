"""What protocols can be told."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fashion_match.core.error import UsageError, did_you_mean

Ks = tuple[Annotated[int, Field(ge=1)], ...]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PairOptions(_Options):
    """Of ``pairs``."""

    n_pairs: int = Field(10_000, ge=4, le=10_000_000)
    """Of a draw; half of them of one style."""
    draws: int = Field(5, ge=1, le=1000)
    negatives: Literal["random", "hard"] = "random"
    """``hard``: both photos of a different pair share the value of ``hard_by``."""
    hard_by: str = "category"
    threshold: Annotated[float, Field(ge=-1, le=1)] | Literal["auto", "model", "fit", "none"] = "auto"
    """A cosine, the ``model``'s own, or one ``fit`` on items that are not tested. [the model's, else fit]"""
    fit_part: float = Field(0.5, gt=0, lt=1)
    """Share of the labels that fit the threshold and are not tested, where no other items are there for it."""


class RetrievalOptions(_Options):
    """Of ``retrieval``."""

    ks: Ks = Field((1, 5, 10, 50), min_length=1)
    by_product: bool = False
    """The photos of one style are one answer."""
    metric: Literal["cosine", "l2", "l1"] = "cosine"


class MatchOptions(_Options):
    """Of ``match``."""

    ks: Ks = Field((1, 5, 10), min_length=1)
    metric: Literal["cosine", "l2", "l1"] = "cosine"


class ClassifyOptions(_Options):
    """Of ``classify``."""

    attributes: tuple[str, ...] = ()
    """To be told; ``category,color`` for both together. [those that the model predicts, else category]"""
    knn: int | None = Field(None, ge=1)
    """Let so many nearest neighbours tell. [the model's own heads, where it has them, else 1]"""


class FilteredOptions(_Options):
    """Of ``filtered``."""

    k: int = Field(10, ge=1)
    n_queries: int = Field(200, ge=1)


Options = PairOptions | RetrievalOptions | MatchOptions | ClassifyOptions | FilteredOptions
PROTOCOLS: dict[str, type[Options]] = {
    "pairs": PairOptions,
    "retrieval": RetrievalOptions,
    "match": MatchOptions,
    "classify": ClassifyOptions,
    "filtered": FilteredOptions,
}


def parse_options(protocol: str, given: dict[str, Any]) -> Options:
    """Return the options of a protocol.

    Raises:
        UsageError: there is no such protocol, it has no such option, or a value does not fit.
    """
    if protocol not in PROTOCOLS:
        raise UsageError(f"there is no protocol {protocol!r}.", did_you_mean(protocol, PROTOCOLS, what="protocols"))
    model = PROTOCOLS[protocol]
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        if first["type"] == "extra_forbidden":
            raise UsageError(
                f"the protocol {protocol} has no option {name!r}.",
                did_you_mean(name, model.model_fields, what="its options"),
            ) from None
        raise UsageError(f"{name} = {first['input']!r} does not fit {protocol}: {first['msg']}.") from None
