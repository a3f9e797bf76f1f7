"""What every loss and every training method promises."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fashion_match.testing.contract import Subject, options_refuse_what_they_do_not_know, require

if TYPE_CHECKING:
    import torch

NEEDS = frozenset({"label", "attributes"})


@dataclass
class LossSubject(Subject):
    @cached_property
    def loss(self) -> Any:
        import torch

        torch.manual_seed(0)
        return self.entry.make(self.options)

    def of(self, labels: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss and the embeddings (B x 16, unit rows) that it was taken of."""
        import torch

        rows = torch.randn(len(labels), 16, generator=torch.Generator().manual_seed(1))
        embeddings = torch.nn.functional.normalize(rows).requires_grad_()
        return self.loss(embeddings, torch.tensor(labels)), embeddings


def is_made_and_can_be_called(subject: LossSubject) -> None:
    require(callable(subject.loss), f"the factory must return something to call, not {type(subject.loss).__name__}")


def is_a_finite_scalar(subject: LossSubject) -> None:
    import torch

    value, _ = subject.of([0, 0, 1, 1, 2, 2])
    require(isinstance(value, torch.Tensor), f"a loss must be a tensor, but is {type(value).__name__}")
    require(value.ndim == 0, f"a loss must be a scalar, but has the shape {tuple(value.shape)}")
    require(bool(value.isfinite()), f"a loss must be finite, but is {value.item()}")


def its_gradient_reaches_the_embeddings(subject: LossSubject) -> None:
    value, embeddings = subject.of([0, 0, 1, 1, 2, 2])
    gradient = _gradient(value, embeddings)
    require(gradient is not None, "the gradient must reach the embeddings")
    require(gradient is None or bool(gradient.isfinite().all()), "the gradient must be finite")


def without_a_pair_it_is_a_zero_that_keeps_the_graph(subject: LossSubject) -> None:
    value, embeddings = subject.of([0])
    require(bool(value.requires_grad), "the loss of a single row must keep the graph, so that backward() works")
    gradient = _gradient(value, embeddings)
    require(gradient is None or bool(gradient.isfinite().all()), "the gradient must be finite")
    # Proxies are partners that a single row still has.
    has_proxies = hasattr(subject.loss, "parameters") and any(True for _ in subject.loss.parameters())
    require(has_proxies or value.item() == 0, f"the loss of a single row must be zero, but is {value.item()}")


def one_label_or_all_different_labels_are_allowed(subject: LossSubject) -> None:
    for labels in ([0, 0, 0, 0], [0, 1, 2, 3]):
        value, embeddings = subject.of(labels)
        require(bool(value.isfinite()), f"a batch with the labels {labels} must give a finite loss, but gave {value}")
        _gradient(value, embeddings)


def _gradient(value: torch.Tensor, embeddings: torch.Tensor) -> torch.Tensor | None:
    import torch

    (gradient,) = torch.autograd.grad(value, [embeddings], allow_unused=True)
    return gradient


LOSS_CHECKS = (
    is_made_and_can_be_called,
    options_refuse_what_they_do_not_know,
    is_a_finite_scalar,
    its_gradient_reaches_the_embeddings,
    without_a_pair_it_is_a_zero_that_keeps_the_graph,
    one_label_or_all_different_labels_are_allowed,
)


def is_made_with_its_parts(subject: Subject) -> None:
    method = subject.entry.make(subject.options)
    for part in ("recipe", "make_head"):
        require(callable(getattr(method, part, None)), f"a training method must have a method {part}()")


def needs_what_there_can_be(subject: Subject) -> None:
    needs = getattr(subject.entry.make(subject.options), "needs", None)
    require(isinstance(needs, frozenset), f"needs must be a frozenset, but is {type(needs).__name__}")
    surplus = sorted(needs - NEEDS) if isinstance(needs, frozenset) else []
    require(not surplus, f"needs may name {sorted(NEEDS)}, but names {surplus}")


METHOD_CHECKS = (is_made_with_its_parts, options_refuse_what_they_do_not_know, needs_what_there_can_be)
