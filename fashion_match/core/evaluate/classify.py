"""Protocol ``classify``: are attributes told right, by a model's own heads or by the nearest neighbours?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fashion_match.core.error import UsageError
from fashion_match.core.evaluate.class_figure import guesses
from fashion_match.core.evaluate.outcome import N_ANSWERS, N_WORST, Outcome, Table
from fashion_match.core.evaluate.sample import Sample, number
from fashion_match.core.evaluate.table import ITEM, LABEL, TAKEN, TOP, TRUTH
from fashion_match.core.evaluation import ClassRow, Confusion, Found, Worst

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    Floats = NDArray[np.float32]

N_TOP = 5
CELLS = 2**24
"""Similarities in memory at once, at most."""
Truth = Sequence[str | None]


@dataclass(frozen=True)
class Predicted:
    """What items are taken for."""

    taken: list[str]
    """N."""
    top: list[list[str]]
    """N: up to five classes, the likeliest first."""
    confidence: list[float]
    """N: of the likeliest; a probability, or the cosine to the nearest neighbour."""
    neighbours: list[list[tuple[int, float]]] | None = None
    """N: numbers in the gallery and cosines, nearest first, where neighbours told it."""


def classify(
    sample: Sample,
    truths: Mapping[str, Truth],
    predicted: Mapping[str, Predicted],
    *,
    how: str,
    clusters: Sequence[str],
    gallery: Sample | None = None,
    gallery_truths: Mapping[str, Truth] | None = None,
) -> Outcome:
    """Measure accuracy, top-5 accuracy and macro F1 of each attribute; an item without a value is left out of it.

    Args:
        truths: by attribute, the value of each item (N).
        predicted: by attribute.
        how: who told it, for the heading.
        clusters: what is of one product (N), and so is resampled together.
        gallery: of which the neighbours are.

    Raises:
        UsageError: no item has any of the attributes.
    """
    missing = [name for name, truth in truths.items() if all(value is None for value in truth)]
    if missing:
        raise UsageError(f"no item that is tested has the attribute {missing[0]!r}.", "Name another: --attribute NAME.")
    table: Table = {ITEM: [item.id for item in sample.items], LABEL: list(clusters)}
    said: dict[str, float] = {}
    classes, confusion, notes = {}, {}, []
    for name, truth in truths.items():
        told = predicted[name]
        known = [n for n, value in enumerate(truth) if value is not None]
        right = [str(truth[n]) for n in known]
        taken = [told.taken[n] for n in known]
        table |= {
            name + TRUTH: list(truth),
            name + TAKEN: [value if truth[n] is not None else None for n, value in enumerate(told.taken)],
            name + TOP: [truth[n] in top if truth[n] is not None else None for n, top in enumerate(told.top)],
        }
        (codes,), _ = number(right)
        said |= {figure if len(truths) == 1 else f"{figure}:{name}": value for figure, value in guesses(codes).items()}
        classes[name] = class_rows(right, taken)
        confusion[name] = confusion_of(right, taken)
        if len(known) < len(sample):
            notes.append(f"{len(sample) - len(known):,} items have no {name} and were left out of it.")
    first = next(iter(truths))
    return Outcome(
        heading=f"{', '.join(truths)} of {len(sample):,} items, told by {how}",
        table=table,
        guesses=said,
        classes=classes,
        confusion=confusion,
        worst=_worst(sample, first, truths[first], predicted[first], gallery, (gallery_truths or {}).get(first)),
        notes=tuple(notes),
    )


def from_probabilities(probabilities: Floats, classes: Sequence[str]) -> Predicted:
    """Return what a model's head tells by the probability of each class (N x K)."""
    import numpy as np

    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :N_TOP]
    return Predicted(
        [classes[row[0]] for row in order],
        [[classes[k] for k in row] for row in order],
        [float(row[best[0]]) for row, best in zip(probabilities, order, strict=True)],
    )


def joined(parts: Sequence[Predicted]) -> Predicted:
    """Return what several attributes together are taken for: each by itself, so only one combination is told."""
    taken = [" / ".join(values) for values in zip(*(part.taken for part in parts), strict=True)]
    confidence = [min(values) for values in zip(*(part.confidence for part in parts), strict=True)]
    return Predicted(taken, [[value] for value in taken], confidence)


def by_neighbours(
    sample: Sample,
    gallery: Sample | None,
    truth: Truth,
    *,
    k: int = 1,
    on_progress: Callable[[int], None] = lambda n_done: None,
) -> Predicted:
    """Return what the k nearest neighbours tell: the class of most of them, of several the one that comes nearest.

    Classes are ranked by votes, then by their nearest item. Ties in similarity go to the class whose name comes first.

    Args:
        gallery: ``None`` to let each item look among the others, leaving out those of its own style.
        truth: class of each item of the gallery.

    Raises:
        UsageError: no item of the gallery has a class.
    """
    import torch

    others = gallery or sample
    (codes,), names = number(truth)
    known = torch.from_numpy(codes).argsort(stable=True)
    known = known[torch.from_numpy(codes)[known] >= 0]
    if not len(known):
        raise UsageError("no neighbour has the attribute that is to be told.", "Name another: --attribute NAME.")
    classes = torch.from_numpy(codes)[known]
    there, asked = torch.from_numpy(others.vectors)[known], torch.from_numpy(sample.vectors)
    own = _own(sample, gallery)
    taken, top, confidence, neighbours = [], [], [], []
    step = max(1, CELLS // len(known))
    for rows in torch.split(torch.arange(len(sample)), step):
        similar = asked[rows] @ there.T
        if own is not None:
            similar[own[0][rows, None] == own[1][known]] = -torch.inf
        nearest = similar.new_full((len(rows), len(names)), -torch.inf)
        nearest.scatter_reduce_(1, classes.expand_as(similar), similar, "amax")
        found = similar.topk(min(max(k, N_ANSWERS), len(known)), dim=1)
        votes = torch.zeros_like(nearest)
        if k > 1:  # of one neighbour its nearness tells
            voters = found.indices[:, :k]
            votes.scatter_add_(1, classes[voters], (found.values[:, :k] > -torch.inf).float())
        order = (votes * 4 + nearest.clamp(min=-3)).argsort(dim=1, descending=True, stable=True)[:, :N_TOP]
        for row, best in enumerate(order.tolist()):
            taken.append(names[best[0]])
            top.append([names[c] for c in best])
            confidence.append(float(nearest[row, best[0]]))
            neighbours.append(
                [
                    (int(known[m]), score)
                    for m, score in zip(found.indices[row].tolist(), found.values[row].tolist(), strict=True)
                    if score > -torch.inf
                ][:N_ANSWERS]
            )
        on_progress(int(rows[-1]) + 1)
    return Predicted(taken, top, confidence, neighbours)


def _own(sample: Sample, gallery: Sample | None) -> tuple[Tensor, Tensor] | None:
    """Return numbers of the items and of their neighbours; where they are equal, the neighbour is not asked."""
    import torch

    if gallery is not None:
        return None
    styles = sample.styles or [
        label or f"item {item.id}" for label, item in zip(sample.labels, sample.items, strict=True)
    ]
    (codes,), _ = number(styles)
    return (torch.from_numpy(codes),) * 2


def class_rows(truth: Sequence[str], taken: Sequence[str]) -> tuple[ClassRow, ...]:
    """Return how each class fared, most frequent first; those that nothing is of come last."""
    from sklearn.metrics import precision_recall_fscore_support

    names = sorted({*truth, *taken})
    columns = precision_recall_fscore_support(truth, taken, labels=names, zero_division=0.0)
    rows = [
        ClassRow(value=name, n=int(n), precision=float(precision), recall=float(recall), f1=float(f1))
        for name, precision, recall, f1, n in zip(names, *columns, strict=True)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.n, row.value)))


def confusion_of(truth: Sequence[str], taken: Sequence[str]) -> Confusion:
    """Return what was taken for what, most frequent class first."""
    from sklearn.metrics import confusion_matrix

    names = [row.value for row in class_rows(truth, taken)]
    counts = confusion_matrix(truth, taken, labels=names)
    return Confusion(classes=tuple(names), counts=tuple(tuple(int(n) for n in row) for row in counts))


def _worst(
    sample: Sample, name: str, truth: Truth, told: Predicted, gallery: Sample | None, there: Truth | None
) -> tuple[Worst, ...]:
    """Return the items that were taken for something else with the greatest confidence."""
    wrong = [n for n, value in enumerate(truth) if value is not None and told.taken[n] != value]
    others, values = gallery or sample, there or truth
    shown = []
    for n in sorted(wrong, key=lambda n: (-told.confidence[n], n))[:N_WORST]:
        answers = () if told.neighbours is None else tuple(told.neighbours[n])
        shown.append(
            Worst(
                query=sample.shown(n),
                said=f"taken for {told.taken[n]} ({told.confidence[n]:.2f}), is {truth[n]}",
                answers=tuple(
                    Found(item=others.shown(m), score=round(score, 4), right=values[m] == truth[n])
                    for m, score in answers
                ),
            )
        )
    return tuple(shown)
