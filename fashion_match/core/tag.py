"""``fm tag``: what a model takes the attributes of photos for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from fashion_match.core.compute import Compute
from fashion_match.core.item import Record
from fashion_match.core.model.predictor import Prediction, Predictor

if TYPE_CHECKING:
    from fashion_match.core.plugin.loader import Plugins


class Tagged(Record):
    """A photo and what its attributes are taken for."""

    image: str
    attributes: dict[str, Prediction] = Field(default_factory=dict)
    failure: str | None = None
    """Why the photo cannot be used."""


def tag(
    plugins: Plugins,
    model: Path,
    photos: Sequence[Path],
    *,
    compute: Compute | None = None,
    notify: Callable[[str], None] = lambda _: None,
) -> Iterator[Tagged]:
    """Yield what is found about each photo, in their order.

    Raises:
        ModelError: the model cannot be had, or predicts no attributes.
    """
    from fashion_match.core.model.embedder import Photo

    compute = compute or Compute()
    predictor = Predictor(model)
    embedder = compute.embedder(model, plugins, batch_size=1 if len(photos) == 1 else None, notify=notify)
    with embedder:
        for done in embedder.stream(Photo(photo, photo) for photo in photos):
            if done.vector is None:
                assert done.failure is not None
                yield Tagged(image=str(done.key), failure=done.failure.detail)
            else:
                yield Tagged(image=str(done.key), attributes=predictor.predict([done.vector])[0])
