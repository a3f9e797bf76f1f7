"""What every loss promises."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fashion_match.testing.contract import Skip, Subject, options_refuse_what_they_do_not_know, require

if TYPE_CHECKING:
    import torch

DIM, N_LABELS = 16, 8


@dataclass
class LossSubject(Subject):
    @cached_property
    def loss(self) -> Any:
        return self.make(seed=0)

    def make(self, *, seed: int) -> Any:
        import torch

        torch.manual_seed(seed)
        return self.entry.make(self.options, dim=DIM, n_labels=N_LABELS)

    def of(self, labels: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss and the embeddings (B x 16, unit rows) that it was taken of."""
        import torch

        embeddings = _unit_rows(len(labels)).requires_grad_()
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


def labels_may_be_any_of_its_labels(subject: LossSubject) -> None:
    last = N_LABELS - 1
    for labels in ([last, last, 0, 0], [*range(N_LABELS), *range(N_LABELS)], [last, 3, last, 3, 3]):
        value, embeddings = subject.of(labels)
        require(bool(value.isfinite()), f"a batch with the labels {labels} must give a finite loss, but gave {value}")
        gradient = _gradient(value, embeddings)
        require(gradient is None or bool(gradient.isfinite().all()), f"the gradient of labels {labels} must be finite")


def its_state_can_be_saved_and_loaded(subject: LossSubject) -> None:
    """Proxies, and whatever past batches have left, must decide about the next batch as if nothing had happened."""
    import torch

    if not hasattr(subject.loss, "state_dict"):
        raise Skip("it has no state")
    subject.of([0, 0, 1, 1, 2, 2])
    file = io.BytesIO()
    torch.save(subject.loss.state_dict(), file)
    file.seek(0)
    other = subject.make(seed=1)
    other.load_state_dict(torch.load(file, weights_only=True))
    values = []
    for loss in (subject.loss, other):
        torch.manual_seed(2)
        values.append(loss(_unit_rows(6, seed=2), torch.tensor([0, 0, 1, 1, 2, 3])).item())
    require(values[0] == values[1], f"a loss that took over the state of one that gives {values[0]} gave {values[1]}")


def _unit_rows(n: int, *, seed: int = 1) -> torch.Tensor:
    """Return n x 16, the same each time."""
    import torch

    return torch.nn.functional.normalize(torch.randn(n, DIM, generator=torch.Generator().manual_seed(seed)))


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
    labels_may_be_any_of_its_labels,
    its_state_can_be_saved_and_loaded,
)
