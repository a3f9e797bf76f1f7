"""Protocols and what each needs beside the tested items: a gallery, neighbours, a threshold, the model's own heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fashion_match.core.error import UsageError
from fashion_match.core.evaluate.option import (
    ClassifyOptions,
    MatchOptions,
    Options,
    PairOptions,
    RetrievalOptions,
)
from fashion_match.core.evaluate.outcome import Outcome
from fashion_match.core.evaluate.sample import Sample
from fashion_match.core.evaluation_request import EvalProgress, Tell
from fashion_match.core.item import Item
from fashion_match.core.model.artifact import read_card
from fashion_match.core.tested import Sides
from fashion_match.core.train.dataset import group_of, label_of


@dataclass(frozen=True)
class Measured:
    """What is measured, and on what."""

    options: Options
    model: Path
    tested: Sample
    gallery: Sample | None
    """What is searched; ``None`` where tested items search each other."""
    fitting: Sample
    """What fits the threshold; empty where none is fitted."""
    seed: int
    tell: Tell

    def told(self, done: int) -> None:
        self.tell(EvalProgress("rank", done, len(self.tested)))


def measure(asked: Measured) -> Outcome:
    """Let the protocol do its work.

    Raises:
        UsageError: the items or the model have not what it needs.
    """
    options = asked.options
    if isinstance(options, PairOptions):
        return _pairs(asked, options)
    if isinstance(options, RetrievalOptions):
        from fashion_match.core.evaluate.retrieval import retrieval

        return retrieval(
            asked.tested,
            asked.gallery,
            ks=options.ks,
            by_product=options.by_product,
            metric=options.metric,
            on_progress=asked.told,
        )
    if isinstance(options, MatchOptions):
        from fashion_match.core.evaluate.match import match

        assert asked.gallery is not None  # see `needs_targets`
        return match(asked.tested, asked.gallery, ks=options.ks, metric=options.metric, on_progress=asked.told)
    if isinstance(options, ClassifyOptions):
        return _classify(asked, options)
    from fashion_match.core.filter_store import measure_filters

    return measure_filters(
        asked.tested,
        fingerprint=read_card(asked.model).fingerprint,
        k=options.k,
        n_queries=options.n_queries,
        seed=asked.seed,
        on_progress=lambda done, total: asked.tell(EvalProgress("rank", done, total)),
    )


def neighbours(options: Options, model: Path, sides: Sides) -> list[Item] | None:
    """Return what is searched: for neighbours that tell classes it is what else the source has, if anything."""
    if not isinstance(options, ClassifyOptions) or sides.gallery is not None:
        return sides.gallery
    if _by_heads(options, model):
        return None
    return [item for item in sides.rest if item.split in ("train", None)] or None


def searches_itself(options: Options, model: Path, gallery: Sequence[Item] | None) -> bool:
    """Whether tested items are compared with each other."""
    if isinstance(options, ClassifyOptions) and _by_heads(options, model):
        return False
    return gallery is None


def threshold_by(options: PairOptions, model: Path) -> str:
    """Return where the threshold comes from: ``model``, ``fit``, ``none`` or ``given``."""
    if options.threshold == "auto":
        return "fit" if read_card(model).threshold is None else "model"
    return options.threshold if isinstance(options.threshold, str) else "given"


def _pairs(asked: Measured, options: PairOptions) -> Outcome:
    from fashion_match.core.evaluate.pairs import fit_threshold, pairs

    drawn: dict[str, Any] = {
        "n_pairs": options.n_pairs,
        "n_draws": options.draws,
        "negatives": options.negatives,
        "hard_by": options.hard_by,
        "seed": asked.seed,
    }
    by, threshold, origin = threshold_by(options, asked.model), None, "given"
    if by == "fit":
        threshold = fit_threshold(asked.fitting, **drawn)
        origin = f"fitted on {len(asked.fitting):,} items that are not tested"
    elif by == "model":
        threshold, origin = read_card(asked.model).threshold, "the model's"
        if threshold is None:
            raise UsageError("the model has no threshold.", "Use --threshold fit, or give a cosine.")
    elif not isinstance(options.threshold, str):
        threshold = options.threshold
    return pairs(asked.tested, threshold=threshold, threshold_from=origin, **drawn)


def _by_heads(options: ClassifyOptions, model: Path) -> bool:
    return options.knn is None and bool(read_card(model).classes)


def _classify(asked: Measured, options: ClassifyOptions) -> Outcome:
    from fashion_match.core.evaluate.classify import Predicted, by_neighbours, classify

    names = options.attributes or tuple(read_card(asked.model).classes) or ("category",)
    truths = {name: _values(asked.tested.items, name) for name in names}
    told: dict[str, Any] = {"clusters": [group_of(item) for item in asked.tested.items]}
    if _by_heads(options, asked.model):
        return classify(asked.tested, truths, _by_model(asked, names), how="the model's own heads", **told)
    k = options.knn or 1
    others = asked.tested if asked.gallery is None else asked.gallery
    there = {name: _values(others.items, name) for name in names}
    predicted: dict[str, Predicted] = {
        name: by_neighbours(asked.tested, asked.gallery, there[name], k=k, on_progress=asked.told) for name in names
    }
    how = f"{'the nearest neighbour' if k == 1 else f'{k} nearest neighbours'} among {len(others):,}"
    return classify(asked.tested, truths, predicted, how=how, gallery=asked.gallery, gallery_truths=there, **told)


def _by_model(asked: Measured, names: Sequence[str]) -> dict[str, Any]:
    from fashion_match.core.evaluate.classify import from_probabilities, joined
    from fashion_match.core.model.predictor import Predictor

    predictor = Predictor(asked.model)
    known = predictor.probabilities(asked.tested.vectors)
    parts = {name: name.split(",") for name in names}
    for part in sorted({part for several in parts.values() for part in several} - known.keys()):
        raise UsageError(
            f"the model does not predict {part}.", f"It predicts {', '.join(known)}. Let neighbours tell: --knn 1."
        )
    told = {part: from_probabilities(table, predictor.classes[part]) for part, table in known.items()}
    return {name: told[name] if len(of) == 1 else joined([told[part] for part in of]) for name, of in parts.items()}


def _values(items: Sequence[Item], name: str) -> list[str | None]:
    return [label_of(item, name.split(","), override=True) for item in items]
