"""Items with their vectors: what protocols measure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fashion_match.core.evaluation import Shown
from fashion_match.core.item import Item

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Ints = NDArray[np.int64]

MISSING = -1


@dataclass(frozen=True)
class Sample:
    """Items that could be embedded. Letters for shapes: N items, E embedding width."""

    items: Sequence[Item]
    vectors: Vectors
    """Unit rows (N x E)."""
    labels: Sequence[str | None]
    """N: what belongs together; ``None`` for an item that belongs to nothing."""
    styles: Sequence[str] | None = None
    """N: of what is of one style, where ``labels`` are classes of styles; ``None`` where they are the styles."""

    def __len__(self) -> int:
        return len(self.items)

    def take(self, numbers: Iterable[int]) -> Sample:
        """Return some of the items."""
        kept = list(numbers)
        return Sample(
            [self.items[n] for n in kept],
            self.vectors[kept],
            [self.labels[n] for n in kept],
            None if self.styles is None else [self.styles[n] for n in kept],
        )

    def shown(self, number: int) -> Shown:
        """Return an item as a report shows it."""
        item = self.items[number]
        return Shown(
            id=item.id,
            image=item.image,
            box=item.box,
            label=self.labels[number] if self.styles is None else item.label,
            attributes=item.attributes,
        )


def number(*columns: Sequence[str | None]) -> tuple[list[Ints], list[str]]:
    """Return columns of names as whole numbers, `MISSING` for none, and the names, sorted."""
    import numpy as np

    names = sorted({name for column in columns for name in column if name is not None})
    of_name = {name: n for n, name in enumerate(names)}
    codes = [
        np.array([MISSING if name is None else of_name[name] for name in column], dtype=np.int64) for column in columns
    ]
    return codes, names
