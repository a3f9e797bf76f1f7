"""Pairs of photos drawn at random: half of one label, half of two.

Of one label: a label that has two photos or more, each as likely, then two of its photos. Of two labels: two labels,
each as likely, then a photo of each; hard ones are of one group, such as one category. So frequent labels weigh no
more than others, and a pair may be drawn more than once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fashion_match.core.error import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


class PairSource:
    """Draws pairs of items.

    Args:
        labels: whole numbers (N), -1 for none.
        groups: whole numbers (N), -1 for none: the different pairs are of one group. ``None`` for any two labels.

    Raises:
        UsageError: there are no two photos of one label, or none of two.
    """

    def __init__(self, labels: Ints, groups: Ints | None = None) -> None:
        import numpy as np

        known = np.flatnonzero(labels >= 0 if groups is None else (labels >= 0) & (groups >= 0))
        self._of_label = _Grouped(labels, np.flatnonzero(labels >= 0))
        if not (self._of_label.sizes > 1).any():
            raise UsageError(
                "no two photos have the same label, so there is no pair of one style.",
                "Say what belongs together with --label-by, or give a source whose items have labels.",
            )
        # A cell is a label within a group; a hard pair is of two cells of one group.
        parts = np.zeros_like(labels) if groups is None else groups
        cells, cell_of = np.unique(np.stack([parts[known], labels[known]]), axis=1, return_inverse=True)
        self._of_cell = _Grouped(cell_of.reshape(-1), np.arange(len(known)), known)
        first = np.searchsorted(cells[0], cells[0])
        last = np.searchsorted(cells[0], cells[0], side="right")
        self._first, self._n_in_group = first, last - first
        self._can = np.flatnonzero(self._n_in_group > 1)
        if not len(self._can):
            raise UsageError(
                "there is no pair of two styles.",
                "Give a source with several labels." if groups is None else "Use --negatives random.",
            )

    def draw(self, n_pairs: int, random: np.random.Generator) -> tuple[Ints, Ints, NDArray[np.bool_]]:
        """Return the numbers of both items of each pair, and whether they are of one label; the first half are."""
        import numpy as np

        n_same = n_pairs // 2
        label = random.choice(np.flatnonzero(self._of_label.sizes > 1), n_same)
        size = self._of_label.sizes[label]
        one = random.integers(size)
        other = (one + random.integers(1, size)) % size
        a, b = self._of_label.member(label, one), self._of_label.member(label, other)
        n_different = n_pairs - n_same
        cell = random.choice(self._can, n_different)
        n = self._n_in_group[cell]
        place = cell - self._first[cell]
        partner = self._first[cell] + (place + random.integers(1, n)) % n
        cells = self._of_cell
        c = cells.member(cell, random.integers(cells.sizes[cell]))
        d = cells.member(partner, random.integers(cells.sizes[partner]))
        same = np.arange(n_pairs) < n_same
        return np.concatenate([a, c]), np.concatenate([b, d]), same


class _Grouped:
    """Items by label."""

    def __init__(self, labels: Ints, items: Ints, names: Ints | None = None) -> None:
        import numpy as np

        order = items[np.argsort(labels[items], kind="stable")]
        _, self._starts, self.sizes = np.unique(labels[order], return_index=True, return_counts=True)
        self._members = order if names is None else names[order]

    def member(self, label: Ints, place: Ints) -> Ints:
        found: Ints = self._members[self._starts[label] + place]
        return found
