"""How a table says which class of the library is meant, and what its constructor takes."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pydantic import Field, create_model

from fashion_match import Options

Fill = Literal["dim", "n_labels"]
"""What the factory of a loss is told, and fills in: E and K."""


class Option(NamedTuple):
    """One argument of a constructor. A default of ``80.0`` is any number, one of ``10`` a whole one."""

    default: Any
    description: str
    type: Any = None
    """Where the default does not tell."""

    @property
    def field(self) -> tuple[Any, Any]:
        """The pydantic field; a number must be finite."""
        kind = type(self.default) if self.type is None else self.type
        is_number = float in (kind, *typing.get_args(kind))
        field = Field(default=self.default, description=self.description, allow_inf_nan=False if is_number else None)
        return kind, field


class Made:
    """A class of the library, as a table describes it.

    Args:
        by: name of the class.
        summary: one line.
        fills: arguments that the factory fills in, and with what.
        options: all other arguments that are plain values.
    """

    def __init__(
        self, by: str, summary: str = "", fills: Mapping[str, Fill] | None = None, /, **options: Option
    ) -> None:
        self.by = by
        self.summary = summary
        self.fills = fills or {}
        self.options = options

    def model(self, shared: Mapping[str, tuple[Any, Any]]) -> type[Options]:
        """Return the pydantic model of these options and of those that all of its kind share."""
        fields: dict[str, Any] = {name: option.field for name, option in self.options.items()} | dict(shared)
        return create_model(f"{self.by}Options", __base__=Options, **fields)
