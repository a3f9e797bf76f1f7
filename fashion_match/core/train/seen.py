"""What a run has seen, for its model to say so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fashion_match.core.error import ModelError
from fashion_match.core.item import Item
from fashion_match.core.model.artifact import model_in
from fashion_match.core.model.seen import Seen, SeenRole, join_seen, make_seen, read_seen
from fashion_match.core.train.data import RunData


def seen_by(data: RunData, *, by_views: bool, init: str | None, notify: Callable[[str], None]) -> Seen:
    """Return the items of a run, and those that the model it began with had been trained on.

    Args:
        by_views: the checkpoint was chosen by the items themselves, and by queries where the source has them.
        init: what the run began with: the folder of a model or of a run, or anything else.
    """
    split = data.split
    judged = [*split.held_out, *(split.queries if by_views else [])]
    roles: list[tuple[list[Item], SeenRole]] = [
        (split.train, "train"),
        (judged, "validation"),
        (split.left_alone, "test"),
    ]
    # The style, not the class that it may have been trained for; none where labels played no part.
    known = [(item, role, None if by_views else item.label) for items, role in roles for item in items]
    seen = make_seen(known, data.source)
    if init is None or not Path(init).is_dir():
        return seen
    try:
        earlier = read_seen(model_in(Path(init)))
    except ModelError as error:  # the run must not be lost for that
        notify(error.problem)
        earlier = None
    if earlier is None:
        notify(f"What {init} was trained on is not known, so the new model does not say it either.")
        return seen
    return join_seen(seen, earlier)
