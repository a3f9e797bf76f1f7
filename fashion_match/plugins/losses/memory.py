"""The last rows that a loss has seen: more to mine among than one batch holds."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class RowMemory(nn.Module):
    """A ring of rows and their labels, without gradient. What it holds is part of its state.

    Args:
        n_rows: M, how many rows it holds; each further one takes the place of the oldest.
        dim: E, their width.
    """

    rows: torch.Tensor
    labels: torch.Tensor

    def __init__(self, n_rows: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("rows", torch.zeros(n_rows, dim))
        self.register_buffer("labels", torch.zeros(n_rows, dtype=torch.long))
        self.n_seen = 0

    def contents(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the rows that have been filled (at most M x E) and their labels."""
        n = min(self.n_seen, len(self.rows))
        return self.rows[:n], self.labels[:n]

    @torch.no_grad()
    def push(self, rows: torch.Tensor, labels: torch.Tensor) -> None:
        """Remember rows (B x E) and labels (B), the last M of them where there are more."""
        rows, labels = rows[-len(self.rows) :], labels[-len(self.rows) :]
        places = (self.n_seen + torch.arange(len(rows), device=self.rows.device)) % len(self.rows)
        self.rows[places] = rows.to(self.rows)
        self.labels[places] = labels.to(self.labels)
        self.n_seen += len(rows)

    def get_extra_state(self) -> dict[str, Any]:
        return {"n_seen": self.n_seen}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        self.n_seen = state["n_seen"]
