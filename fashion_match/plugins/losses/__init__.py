"""Built-in losses: two of our own, and every one of pytorch-metric-learning under its own name."""

from __future__ import annotations

from functools import partial

from fashion_match import Loss, Registry, hookimpl


@hookimpl
def fm_register_losses(losses: Registry[Loss]) -> None:
    from .library import loss_options, make_loss
    from .own import BatchHardOptions, OrthogonalOptions, make_batch_hard, make_orthogonal
    from .table import LOSSES

    losses.register(
        "batch_hard",
        make_batch_hard,
        options=BatchHardOptions,
        summary="each row with its farthest positive and its closest negative (Hermans et al. 2017)",
    )
    losses.register(
        "orthogonal",
        make_orthogonal,
        options=OrthogonalOptions,
        summary="sum of the dot products of all pairs of rows, whatever their labels",
    )
    for name, made in LOSSES.items():
        losses.register(name, partial(make_loss, name), options=loss_options(name), summary=made.summary)
