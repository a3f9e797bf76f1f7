"""Attributes as numbers: what a head that looks at attributes is given beside the features of the photo."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import Field

from fashion_match.core.item import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fashion_match.core.item import AttributeValue

    Attributes = Mapping[str, AttributeValue]

PHOTO = 0
"""Column that is 1 where there is a photo, 0 where the attributes stand alone."""
FARTHEST = 5.0
"""Deviations from the mean beyond which a number counts as no farther: a price of a million is just expensive."""


class Encoding(Record):
    """How attributes become a row of numbers (A wide).

    Column 0 says whether there is a photo. A categorical attribute takes a column for a value that the vocabulary
    lacks, and one for each value of it; a numeric one takes a column that says whether it is given, and its distance
    from the mean in deviations. What is missing is zero throughout.
    """

    vocabularies: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Values of each categorical attribute."""
    numbers: dict[str, tuple[float, float]] = Field(default_factory=dict)
    """Mean and deviation of each numeric attribute."""

    @cached_property
    def columns(self) -> dict[str, slice]:
        """Where each attribute lies in a row."""
        columns: dict[str, slice] = {}
        start = PHOTO + 1
        for name, width in (
            *((name, 1 + len(values)) for name, values in self.vocabularies.items()),
            *((name, 2) for name in self.numbers),
        ):
            columns[name] = slice(start, start + width)
            start += width
        return columns

    @property
    def width(self) -> int:
        """A, the width of a row."""
        return PHOTO + 1 + sum(1 + len(values) for values in self.vocabularies.values()) + 2 * len(self.numbers)

    @cached_property
    def _place(self) -> dict[str, dict[str, int]]:
        return {
            name: {value: self.columns[name].start + 1 + n for n, value in enumerate(values)}
            for name, values in self.vocabularies.items()
        }

    def encode(self, rows: Sequence[Attributes], has_photo: Sequence[bool]) -> NDArray[np.float32]:
        """Return the codes (B x A) of attributes; a value that is not in the vocabulary is marked as unknown."""
        import numpy as np

        codes = np.zeros((len(rows), self.width), np.float32)
        codes[:, PHOTO] = has_photo
        for code, attributes in zip(codes, rows, strict=True):
            for name, places in self._place.items():
                value = attributes.get(name)
                for one in value if isinstance(value, list) else () if value is None else (str(value),):
                    code[places.get(one, self.columns[name].start)] = 1
            for name, (mean, deviation) in self.numbers.items():
                value = attributes.get(name)
                if isinstance(value, int | float):
                    start = self.columns[name].start
                    code[start] = 1
                    code[start + 1] = min(max((value - mean) / deviation, -FARTHEST), FARTHEST)
        return codes


def hash_codes(codes: NDArray[np.float32]) -> str:
    """Return a hash of one row (A) of codes: it changes when the model is told something else."""
    return hashlib.blake2b(codes.tobytes(), digest_size=16).hexdigest()
