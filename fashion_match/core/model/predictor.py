"""Attributes told from vectors: the model's own classifier, without torch and without the photo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_match.core.error import ModelError
from fashion_match.core.item import Record
from fashion_match.core.model.artifact import WEIGHTS, read_card

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Prediction(Record):
    """What a model takes an attribute for."""

    value: str
    confidence: float
    """0..1, calibrated on held-out photos by the temperature of the model's card."""


class Predictor:
    """Tells attributes from unit vectors, as `fashion_match.core.model.network.Classifier` does.

    Args:
        folder: of the model.

    Raises:
        ModelError: the folder is no model, or its model predicts nothing.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file

        card = read_card(folder)
        if not card.classes:
            raise ModelError(
                f"the model {folder} predicts no attributes.",
                "Train one that does: fm train SOURCE --plugin classifier.",
            )
        state = load_file(folder / WEIGHTS)
        self.classes = card.classes
        self._layers: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}
        for n, name in enumerate(card.classes):
            import numpy as np

            scale = np.exp(state["classifier.log_scale"][n]) / card.temperatures.get(name, 1.0)
            bias = state[f"classifier.layers.{n}.bias"] / card.temperatures.get(name, 1.0)
            self._layers[name] = (state[f"classifier.layers.{n}.weight"].T * scale, bias)

    def probabilities(self, vectors: Sequence[Sequence[float]] | NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Return the probability of each class (N x K) of each attribute for unit vectors (N x E)."""
        import numpy as np

        rows = np.asarray(vectors, np.float32)
        found = {}
        for name, (weights, bias) in self._layers.items():
            logits = rows @ weights + bias
            odds = np.exp(logits - logits.max(axis=1, keepdims=True))
            found[name] = odds / odds.sum(axis=1, keepdims=True)
        return found

    def predict(self, vectors: Sequence[Sequence[float]]) -> list[dict[str, Prediction]]:
        """Return, for each unit vector (N x E), the most likely value of each attribute."""
        found = self.probabilities(vectors)
        predictions: list[dict[str, Prediction]] = [{} for _ in vectors]
        for name, probabilities in found.items():
            for row, best, confidence in zip(
                predictions, probabilities.argmax(axis=1), probabilities.max(axis=1), strict=True
            ):
                row[name] = Prediction(value=self.classes[name][best], confidence=round(float(confidence), 4))
        return predictions
