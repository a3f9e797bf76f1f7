"""Vectors as points of a plane: principal components, t-SNE or UMAP."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fashion_match.core.error import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Method = Literal["pca", "tsne", "umap"]
NAMES: dict[Method, str] = {"pca": "principal components", "tsne": "t-SNE", "umap": "UMAP"}
PERPLEXITY = 30
N_NEIGHBORS = 15
"""UMAP's."""
FIRST_DIM = 50
"""Components that t-SNE looks at: the rest is noise that costs time."""
LEAST = 5
"""Different items that neighbours can be kept of; fewer are placed by their principal components."""


@dataclass(frozen=True)
class Projection:
    """Places in the plane; they mean something relative to each other alone."""

    places: NDArray[np.float64]
    """N x 2."""
    method: Method
    """The one that was used."""
    note: str
    """What the places tell, and what not; one line."""


def check_method(method: Method) -> None:
    """Raise UsageError where the method is unknown, or its library is not there; before any work is done."""
    if method not in NAMES:
        raise UsageError(f"there is no way {method!r} to make a map.", "Give pca, tsne or umap.")
    if method == "umap":
        _umap()


def project(vectors: NDArray[np.float32], method: Method, *, seed: int = 0) -> Projection:
    """Place unit rows (N x E) in the plane; the same rows and seed give the same places.

    On one core 1,500 x 576 take 10 ms by PCA and 6 s by t-SNE.

    Raises:
        UsageError: the library of the method is not there.
    """
    import numpy as np

    check_method(method)
    if method != "pca" and len(np.unique(vectors.round(5), axis=0)) < LEAST:
        method = "pca"
    if method == "pca":
        return _pca(vectors)
    if method == "tsne":
        return Projection(_tsne(vectors, seed), method, "near ones are alike; how far apart groups lie says little.")
    return Projection(_by_umap(vectors, seed), method, "near ones are alike; how far apart groups lie says little.")


def _components(vectors: NDArray[np.float32], n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the first ``n`` components of each row, and all variances, falling; the signs do not depend on chance."""
    import numpy as np

    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    variances, axes = np.linalg.eigh(centred.T @ centred / len(vectors))
    variances, axes = variances[::-1].clip(min=0), axes[:, ::-1][:, :n]
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    found = centred @ (axes * np.where(signs == 0, 1, signs))
    return np.pad(found, ((0, 0), (0, n - found.shape[1]))), variances


def _pca(vectors: NDArray[np.float32]) -> Projection:
    places, variances = _components(vectors, 2)
    total = float(variances.sum())
    share = float(variances[:2].sum()) / total if total > 0 else 1.0
    return Projection(places, "pca", f"the two directions hold {share:.0%} of the variance.")


def _tsne(vectors: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    import numpy as np
    from sklearn.manifold import TSNE

    first, _ = _components(vectors, min(FIRST_DIM, *vectors.shape))
    start = (
        first[:, :2] / max(float(first[:, 0].std()), 1e-12) * 1e-4
    )  # as scikit-learn does, with signs that are fixed
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    model = TSNE(perplexity=perplexity, init=start.astype(np.float32), random_state=seed, learning_rate="auto")
    return np.asarray(model.fit_transform(first.astype(np.float32)), np.float64)


def _by_umap(vectors: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a seed makes it use one core
        model = _umap()(n_neighbors=min(N_NEIGHBORS, len(vectors) - 1), random_state=seed)
        return np.asarray(model.fit_transform(vectors), np.float64)


def _umap() -> Any:
    try:
        from umap import UMAP
    except ImportError:
        raise UsageError(
            "a map by UMAP needs the package umap-learn, which is not installed.",
            "pip install 'fashion-match[umap]', or use --method tsne.",
        ) from None
    return UMAP
