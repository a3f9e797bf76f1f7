"""Items to samples: each photo is embedded once, whatever it is for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.compute import Compute
from fashion_match.core.error import UsageError
from fashion_match.core.evaluation_request import EvalProgress, Tell
from fashion_match.core.item import Box, Failure, Item
from fashion_match.core.train.dataset import group_of, label_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fashion_match.core.evaluate.sample import Sample
    from fashion_match.core.plugin.loader import Plugins

    Key = tuple[Path | None, Box | None]

EVERY = 32
"""Photos after which progress is told."""


@dataclass(frozen=True)
class Sampled:
    """Groups of items with their vectors."""

    samples: list[Sample]
    failures: list[Failure]
    """Photos that cannot be used."""
    n_photos: int
    seconds: float


def embed_groups(
    plugins: Plugins,
    model: Path,
    groups: Sequence[Sequence[Item]],
    *,
    label_by: tuple[str, ...],
    compute: Compute,
    notify: Callable[[str], None],
    tell: Tell,
) -> Sampled:
    """Return those items of each group that can be embedded; a model that looks at attributes sees the photo alone.

    Args:
        label_by: attributes whose values together are the label, in place of the items' own.

    Raises:
        UsageError: no photo of the first group can be used, or there is no such engine or device.
        ModelError: the model cannot be had.
    """
    import numpy as np

    from fashion_match.core.evaluate.sample import Sample
    from fashion_match.core.model.embedder import Photo

    first_of: dict[Key, Item] = {}
    for group in groups:
        for item in group:
            if item.image is not None:
                first_of.setdefault((item.image, item.box), item)
    embedder = compute.embedder(model, plugins, notify=notify)
    vectors: dict[Key, NDArray[np.float32]] = {}
    failures = []
    with embedder:
        embedder.describe()  # loads the model, which is no part of what a photo takes
        began = time.perf_counter()
        for n, done in enumerate(embedder.stream(Photo(key, key[0], key[1]) for key in first_of), start=1):
            if done.vector is not None:
                vectors[done.key] = np.asarray(done.vector, np.float32)
            elif done.failure is not None:
                item, reason = first_of[done.key], done.failure.reason
                failures.append(Failure(item=item.id, file=str(item.image), reason=reason, detail=done.failure.detail))
            if n % EVERY == 0 or n == len(first_of):
                tell(EvalProgress("embed", n, len(first_of)))
        seconds = time.perf_counter() - began

    def sample(group: Sequence[Item]) -> Sample:
        kept = [item for item in group if (item.image, item.box) in vectors]
        rows = [vectors[item.image, item.box] for item in kept]
        return Sample(
            kept,
            np.stack(rows) if rows else np.zeros((0, embedder.card.dim), np.float32),
            [label_of(item, label_by, override=bool(label_by)) for item in kept],
            [group_of(item) for item in kept] if label_by else None,
        )

    samples = [sample(group) for group in groups]
    if not len(samples[0]):
        raise UsageError("none of the tested photos can be used.", "`fm readers check` tells more.")
    return Sampled(samples, failures, len(first_of), seconds)
