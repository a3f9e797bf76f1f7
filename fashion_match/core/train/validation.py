"""What is looked at after each epoch: held-out items that must find their like, or views that must find their own."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn import functional as F

from fashion_match.core.metric.retrieval import leave_one_out, query_gallery
from fashion_match.core.model.encoding import PHOTO
from fashion_match.core.model.network import Network, to_unit
from fashion_match.core.train.batch import Batch, photo_alone
from fashion_match.core.train.loader import HeldOutPhotos

GALLERY, VIEWS, ORACLE = 0, 1, 2
"""Numbers of the loaders of a validation by views: the items, their augmented views, photos whose item is known."""
ORACLE_KS = (1, 5)


@dataclass
class Collected:
    """What one loader gave."""

    rows: list[torch.Tensor] = field(default_factory=list)
    fused: list[torch.Tensor] = field(default_factory=list)
    """Photo and attributes together, of a head that looks at both; ``rows`` are of the photo alone then."""
    told: list[torch.Tensor] = field(default_factory=list)
    """Attributes alone."""
    batches: list[Batch] = field(default_factory=list)
    logits: dict[str, list[torch.Tensor]] = field(default_factory=dict)

    def embeddings(self) -> torch.Tensor:
        return torch.cat(self.rows)

    def column(self, name: str) -> torch.Tensor:
        return torch.cat([getattr(batch, name) for batch in self.batches])

    def target(self, name: str) -> torch.Tensor:
        return torch.cat([batch.targets[name] for batch in self.batches])


class Validation:
    """Collects vectors, and turns them into figures named ``val/...``; higher is better, but for the loss.

    Args:
        photos: the loaders, in the order of `GALLERY`, `VIEWS`, `ORACLE` for a validation by views.
        kind: see `Recipe.validation`.
    """

    def __init__(self, photos: list[HeldOutPhotos], kind: str) -> None:
        self.photos = photos
        self.kind = kind
        self.oracle_ks: tuple[int, ...] = ORACLE_KS
        """The k of the error of photos whose item is known."""
        self.start()

    @property
    def monitor(self) -> str:
        return "val/view_mrr" if self.kind == "views" else "val/map@r"

    def loaders(self) -> Any:
        return self.photos

    def start(self) -> None:
        self.collected = [Collected() for _ in self.photos]

    def add(self, loader: int, batch: Batch, network: Network, features: torch.Tensor | None = None) -> None:
        """Embed a batch; by a head that looks at attributes thrice, because what it is told makes the search easy.

        Args:
            features: B x D, where they are known already.
        """
        collected = self.collected[loader]
        codes = batch.codes
        features = network.features(batch.photos, codes) if features is None else features
        rows = to_unit(network.embed(features, codes))
        if codes is not None and bool(codes[:, PHOTO].any()):
            collected.fused.append(rows)
            rows = to_unit(network.embed(features, photo_alone(codes)))
            told = codes.clone()
            told[:, PHOTO] = 0
            collected.told.append(to_unit(network.embed(features * 0, told)))
        collected.rows.append(rows)
        logits = {} if network.classifier is None else network.classifier(rows)
        # The photos themselves are no longer needed, and would fill the memory.
        collected.batches.append(Batch(batch.photos[:0], batch.labels, batch.items, batch.targets))
        for name, values in logits.items():
            collected.logits.setdefault(name, []).append(values)

    def figures(self) -> dict[str, float]:
        """Return the figures of what was collected."""
        return self._of_views() if self.kind == "views" else self._of_held_out()

    def _of_held_out(self) -> dict[str, float]:
        held_out = self.collected[0]
        embeddings = held_out.embeddings()
        labels: dict[str, torch.Tensor] = {"": held_out.column("labels")} if self.kind == "labels" else {}
        labels |= {name: held_out.target(name) for name in held_out.batches[0].targets}
        figures: dict[str, float] = {}
        found = {name: v for name, v in leave_one_out(embeddings, labels).items() if v.pop("n_queries")}
        for name, values in found.items():
            figures |= {f"val/{figure}{f':{name}' if name else ''}": value for figure, value in values.items()}
        if self.kind == "attributes" and found:
            for figure in next(iter(found.values())):
                figures[f"val/{figure}"] = _mean([values[figure] for values in found.values()])
        return figures | self._of_fusion(held_out) | self._of_classifier(held_out)

    def _of_fusion(self, held_out: Collected) -> dict[str, float]:
        """Return how well a photo alone, and attributes alone, find items that were stored with both."""
        if not held_out.fused:
            return {}
        items, labels, fused = held_out.column("items"), held_out.column("labels"), torch.cat(held_out.fused)
        by_photo = query_gallery(held_out.embeddings(), items, fused, items, ks=(1,))
        told = query_gallery(torch.cat(held_out.told), labels, fused, labels, ks=(1,))
        return {
            "val/photo_finds_item@1": by_photo.get("recall@1", 0.0),
            "val/attributes_find_label@1": told.get("recall@1", 0.0),
        }

    def _of_classifier(self, held_out: Collected) -> dict[str, float]:
        figures: dict[str, float] = {}
        losses = []
        for name, parts in held_out.logits.items():
            logits, targets = torch.cat(parts), held_out.target(name)
            known = targets >= 0
            if known.any():
                figures[f"val/accuracy:{name}"] = float((logits[known].argmax(1) == targets[known]).float().mean())
                losses.append(float(F.cross_entropy(logits[known], targets[known])))
        return figures | ({"val/loss": _mean(losses)} if losses else {})

    def _of_views(self) -> dict[str, float]:
        gallery, views = self.collected[GALLERY], self.collected[VIEWS]
        figures: dict[str, float] = {}
        if views.rows:
            found = query_gallery(
                views.embeddings(), views.column("items"), gallery.embeddings(), gallery.column("items"), ks=(1,)
            )
            figures = {"val/view_mrr": found["mrr"], "val/view_recall@1": found["recall@1"]}
        if len(self.photos) > ORACLE:
            oracle = self.collected[ORACLE]
            known = query_gallery(
                oracle.embeddings(),
                oracle.column("labels"),
                gallery.embeddings(),
                gallery.column("labels"),
                ks=self.oracle_ks,
            )
            if known["n_queries"]:
                figures |= {f"val/oracle_top{k}_error": 1 - known[f"recall@{k}"] for k in self.oracle_ks}
        return figures


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)
