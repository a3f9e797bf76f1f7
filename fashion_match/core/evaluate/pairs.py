"""Protocol ``pairs``: are two photos of one style or not?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from fashion_match.core.error import UsageError
from fashion_match.core.evaluate.outcome import N_WORST, Outcome, Table, curve
from fashion_match.core.evaluate.pair_draw import PairSource
from fashion_match.core.evaluate.pair_figure import FMRS, best_threshold, guesses, make_roc
from fashion_match.core.evaluate.sample import MISSING, Sample, number
from fashion_match.core.evaluation import ClassRow, Confusion, Found, Worst

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

N_PAIRS, N_DRAWS = 10_000, 5
"""As the published test of the triplet network has it: 10,000 pairs, half of them same, and the mean of five draws."""
Negatives = Literal["random", "hard"]
VERDICT = "verdict"
CLASSES = ("different", "same")
BINS = 60
BLOCK = 65_536
"""Pairs whose vectors are in memory at once."""
DIGITS = 6
"""Of a score; engines differ beyond them."""


def pairs(
    sample: Sample,
    *,
    threshold: float | None,
    threshold_from: str = "given",
    n_pairs: int = N_PAIRS,
    n_draws: int = N_DRAWS,
    negatives: Negatives = "random",
    hard_by: str = "category",
    seed: int = 0,
) -> Outcome:
    """Draw pairs, and measure accuracy, AUC, equal error rate, and FNMR at several FMR.

    Args:
        threshold: least cosine of one style; ``None`` for no accuracy.
        threshold_from: where it comes from, for the heading.
        hard_by: the attribute that both photos of a hard pair share.

    Raises:
        UsageError: there are no such pairs.
    """
    import numpy as np

    (labels,), names = number(sample.labels)
    source = _source(sample, labels, negatives, hard_by)
    drawn = [source.draw(n_pairs, np.random.default_rng([seed, n])) for n in range(n_draws)]
    a, b = (np.concatenate([draw[side] for draw in drawn]) for side in (0, 1))
    same = np.concatenate([draw[2] for draw in drawn])
    began = time.perf_counter()
    scores = cosines(sample, a, b)
    compare_s = time.perf_counter() - began
    kind = f"hard pairs (different styles of the same {hard_by})" if negatives == "hard" else "random pairs"
    at = "no threshold" if threshold is None else f"threshold {threshold:.3f} ({threshold_from})"
    ids = [item.id for item in sample.items]
    table: Table = {
        "draw": np.repeat(np.arange(n_draws), n_pairs).tolist(),
        "a": [ids[n] for n in a],
        "b": [ids[n] for n in b],
        "label_a": [names[n] for n in labels[a]],
        "label_b": [names[n] for n in labels[b]],
        "same": same.tolist(),
        "score": scores.tolist(),
        "threshold": [threshold] * len(a),
    }
    roc = make_roc(scores, same, np.ones((1, len(scores))))
    share = 0.5 if threshold is None else float((scores >= threshold).mean())
    edges = np.linspace(min(-0.0, float(scores.min())), 1.0, BINS + 1)
    middles = ((edges[1:] + edges[:-1]) / 2).tolist()
    histograms = {
        name: np.histogram(scores[chosen], edges)[0] / max(1, int(chosen.sum()))
        for name, chosen in (("same", same), ("different", ~same))
    }
    unlike = {(x, y) if x < y else (y, x) for x, y in zip(a.tolist(), b.tolist(), strict=True)}
    confusion, classes = ({}, {}) if threshold is None else _verdicts(scores >= threshold, same)
    return Outcome(
        heading=f"{kind}: {n_draws} x {n_pairs:,}, half of them of one style, {at}",
        table=table,
        guesses=guesses(share),
        draws=tuple(_draw(scores[part], same[part], threshold) for part in np.split(np.arange(len(a)), n_draws)),
        classes=classes,
        confusion=confusion,
        curves={
            "roc": curve(roc.fmr[0].tolist(), (1 - roc.fnmr[0]).tolist()),
            "det": curve(roc.fmr[0].tolist(), roc.fnmr[0].tolist()),
            "same": curve(middles, histograms["same"].tolist()),
            "different": curve(middles, histograms["different"].tolist()),
        },
        worst=_worst(sample, a, b, same, scores, threshold),
        seconds={"compare a pair of vectors": compare_s / len(a)},
        options={} if threshold is None else {"threshold": round(threshold, DIGITS)},
        notes=(f"{len(unlike):,} of the {len(a):,} pairs are distinct.",) if len(unlike) < len(a) else (),
    )


def fit_threshold(
    sample: Sample,
    *,
    n_pairs: int = N_PAIRS,
    n_draws: int = N_DRAWS,
    negatives: Negatives = "random",
    hard_by: str = "category",
    seed: int = 0,
) -> float:
    """Return the threshold of the greatest accuracy on pairs drawn in the same way, of items that are not tested.

    Raises:
        UsageError: there are no such pairs.
    """
    import numpy as np

    (labels,), _ = number(sample.labels)
    source = _source(sample, labels, negatives, hard_by)
    drawn = [source.draw(n_pairs, np.random.default_rng([seed, n])) for n in range(n_draws)]
    a, b, same = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    return best_threshold(cosines(sample, a, b), same)


def cosines(sample: Sample, a: NDArray[np.int64], b: NDArray[np.int64]) -> Floats:
    """Return the cosine of each pair of items."""
    import numpy as np

    scores = np.empty(len(a))
    for start in range(0, len(a), BLOCK):
        part = slice(start, start + BLOCK)
        scores[part] = np.einsum("pe,pe->p", sample.vectors[a[part]], sample.vectors[b[part]], dtype=np.float64)
    return scores.clip(-1, 1).round(DIGITS)


def _source(sample: Sample, labels: NDArray[np.int64], negatives: Negatives, hard_by: str) -> PairSource:
    if negatives == "random":
        return PairSource(labels)
    values = [item.attributes.get(hard_by) for item in sample.items]
    (groups,), _ = number([None if value is None else str(value) for value in values])
    if (groups == MISSING).all():
        raise UsageError(
            f"there are no hard pairs: no item has the attribute {hard_by!r}.", "Name another one with --hard-by."
        )
    return PairSource(labels, groups)


def _draw(scores: Floats, same: NDArray[np.bool_], threshold: float | None) -> dict[str, float]:
    import numpy as np

    roc = make_roc(scores, same, np.ones((1, len(scores))))
    right = {} if threshold is None else {"accuracy": float(((scores >= threshold) == same).mean())}
    found = right | {"auc": float(roc.auc()[0]), "eer": float(roc.equal_error_rate()[0])}
    return found | {f"fnmr@fmr={fmr:g}": float(roc.fnmr_at(fmr)[0]) for fmr in FMRS}


def _verdicts(
    accepted: NDArray[np.bool_], same: NDArray[np.bool_]
) -> tuple[dict[str, Confusion], dict[str, tuple[ClassRow, ...]]]:
    from fashion_match.core.evaluate.classify import class_rows, confusion_of

    truth, taken = ([CLASSES[int(flag)] for flag in flags] for flags in (same, accepted))
    return {VERDICT: confusion_of(truth, taken)}, {VERDICT: class_rows(truth, taken)}


def _worst(
    sample: Sample,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    same: NDArray[np.bool_],
    scores: Floats,
    threshold: float | None,
) -> tuple[Worst, ...]:
    """Return the same pairs of the lowest score and the different ones of the highest, in turn, each pair once."""
    import numpy as np

    order = np.argsort(scores, kind="stable").tolist()
    queues = ([n for n in order if same[n]], [n for n in reversed(order) if not same[n]])
    seen: set[frozenset[int]] = set()
    chosen: list[list[int]] = [[], []]
    for kept, queue in zip(chosen, queues, strict=True):
        for n in queue:
            pair = frozenset((int(a[n]), int(b[n])))
            if pair not in seen:
                seen.add(pair)
                kept.append(n)
            if len(kept) == N_WORST // 2:
                break
    worst = []
    for n in [n for both in zip(*chosen, strict=False) for n in both]:
        wrong = threshold is not None and bool(scores[n] >= threshold) != bool(same[n])
        said = "one style" if same[n] else "two styles"
        taken = f", taken for {'two styles' if same[n] else 'one style'}" if wrong else ""
        worst.append(
            Worst(
                query=sample.shown(int(a[n])),
                said=f"{said}, score {scores[n]:.3f}{taken}",
                answers=(Found(item=sample.shown(int(b[n])), score=float(scores[n]), right=not wrong),),
            )
        )
    return tuple(worst)
