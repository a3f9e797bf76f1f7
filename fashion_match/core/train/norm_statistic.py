"""Statistics of normalisation layers, measured on the photos that a run trains on."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from fashion_match.core.model.network import Network
from fashion_match.core.train.batch import Batch


@torch.no_grad()
def measure_norms(network: Network, batches: Iterable[Batch]) -> None:
    """Give the backbone's batch norms the means and variances of these photos, in place of those it came with.

    A random network comes with means of 0 and variances of 1, which normalise nothing: over 50 layers the signal falls
    to 1e-8 of what it was, and then a single step of Adam, which moves every bias by the learning rate, is a thousand
    times as large as it. All photos are alike from then on.
    """
    norms = [module for module in network.backbone.modules() if isinstance(module, _BatchNorm)]
    if not norms:
        return
    before = [(norm.training, norm.momentum) for norm in norms]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.training, norm.momentum = True, None  # the plain mean over the batches
    for batch in batches:
        if len(batch) > 1:
            network.features(batch.photos.to(network.scale.device))
    for norm, (training, momentum) in zip(norms, before, strict=True):
        norm.training, norm.momentum = training, momentum
