"""What remains of a run: the model with its threshold and calibration, and the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from fashion_match.core.item import Failure
from fashion_match.core.metric.calibration import fit_calibration, fit_temperature
from fashion_match.core.model.artifact import fingerprint
from fashion_match.core.model.card import ModelCard
from fashion_match.core.model.network import Network, to_unit
from fashion_match.core.train.assembly import Assembly
from fashion_match.core.train.batch import Batch, photo_alone
from fashion_match.core.train.loader import HeldOutPhotos


@dataclass
class RunReport:
    """What a run came to."""

    folder: Path
    model: Path
    card: ModelCard
    before: dict[str, float]
    """Figures on held-out items before training."""
    figures: dict[str, float]
    """The same for the model that was kept."""
    history: list[dict[str, float]]
    """A row for each epoch."""
    monitor: str
    """Figure that the model was chosen by."""
    improved: bool
    """Whether any epoch was better than the start; where none was, the start was kept."""
    seconds: float
    n_train: int
    n_judged: int
    """Photos that chose the checkpoint."""
    failures: list[Failure] = field(default_factory=list)
    found_lr: dict[str, Any] | None = None
    """Rates and losses of the learning-rate finder, and what it suggests."""


def make_card(
    assembly: Assembly, network: Network, figures: dict[str, float], run: dict[str, Any], fitted: dict[str, Any]
) -> ModelCard:
    """Return the card of the trained network.

    Args:
        run: what is said about the run.
        fitted: threshold, calibration and temperatures.
    """
    encoding = assembly.recipe.encoding
    card = ModelCard(
        backbone=assembly.initial.name,
        backbone_options=assembly.initial.options,
        head=assembly.head,
        head_options=assembly.head_options if assembly.head else {},
        vocabularies=encoding.vocabularies if encoding else {},
        numbers=encoding.numbers if encoding else {},
        classes=dict(assembly.recipe.classes),
        dim=network.dim,
        preprocess=assembly.initial.preprocess,
        fingerprint="",
        metrics=figures,
        provenance={**assembly.initial.provenance, "run": run, "torch": torch.__version__},
        **fitted,
    )
    return card.model_copy(update={"fingerprint": fingerprint(card, network.state_dict())})


@torch.no_grad()
def fit_thresholds(
    network: Network, photos: HeldOutPhotos | None, *, false_match_rate: float, seed: int
) -> dict[str, Any]:
    """Return threshold, calibration and temperatures, fitted on held-out photos; what cannot be fitted is left out."""
    if photos is None:
        return {}
    batches = list(photos)
    rows = torch.cat([_embed(network, batch) for batch in batches])
    fitted: dict[str, Any] = {}
    labels = torch.cat([batch.labels for batch in batches])
    calibration = fit_calibration(rows, labels, false_match_rate=false_match_rate, seed=seed)
    if calibration is not None:
        kept = calibration.model_dump(exclude={"threshold"}, exclude_none=True)
        fitted = {"threshold": calibration.threshold, "calibration": kept}
    if network.classifier is not None:
        logits = network.classifier(rows)
        fitted["temperatures"] = {
            name: fit_temperature(values, torch.cat([batch.targets[name] for batch in batches]))
            for name, values in logits.items()
        }
    return fitted


def _embed(network: Network, batch: Batch) -> torch.Tensor:
    """Return unit rows (B x E) of the photos alone: it is photos that `fm match` compares."""
    codes = None if batch.codes is None else photo_alone(batch.codes)
    return to_unit(network.embed(network.features(batch.photos, codes), codes))
