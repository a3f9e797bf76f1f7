"""How photos are embedded: which engine, on what, how many at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fashion_match.core.model.embedder import Embedder
    from fashion_match.core.plugin.loader import Plugins


@dataclass(frozen=True)
class Compute:
    """How the photos are embedded; see `fashion_match.core.model.embedder.Embedder`."""

    engine: str = "auto"
    device: str = "auto"
    precision: str = "fp32"
    batch_size: int | None = None
    workers: int | None = None
    max_pixels: int = 100_000_000

    def embedder(
        self,
        model: Path,
        plugins: Plugins,
        *,
        batch_size: int | None = None,
        notify: Callable[[str], None] = lambda _: None,
    ) -> Embedder:
        """Return the model in a folder, ready to work. See `fashion_match.core.model.embedder.Embedder`.

        Args:
            batch_size: where none is given.
        """
        from fashion_match.core.model.embedder import Embedder

        return Embedder(
            model,
            plugins,
            engine=self.engine,
            device=self.device,
            precision=self.precision,
            batch_size=self.batch_size or batch_size,
            workers=self.workers,
            max_pixels=self.max_pixels,
            notify=notify,
        )
