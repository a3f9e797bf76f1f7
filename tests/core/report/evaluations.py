"""Evaluations as the protocols write them, and as bad as they can get."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from fashion_match.core.comparison import Comparison, Difference, Verdict
from fashion_match.core.evaluation import (
    ClassRow,
    Confusion,
    Curve,
    Estimate,
    Evaluation,
    FilterRow,
    Found,
    Group,
    Leak,
    LeakCheck,
    Shown,
    Worst,
)

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>' &amp; $\\frac$ {{x}} ]]> -->"
LONG = "Very long product name " * 13
KINDS = ("same file", "same content", "same label", "near duplicate")
CLEAN = LeakCheck(
    sides=("1,600 tested items against 6,400 that the model was trained on",), counts=dict.fromkeys(KINDS, 0)
)
MARKED = LeakCheck(
    sides=("1,600 tested items against 6,400 that the model was trained on",),
    counts={"same file": 0, "same content": 3, "same label": 117, "near duplicate": 8},
    n_leaking=120,
    examples=(
        Leak(kind="same label", side="trained on", item="10001", other="10002", label="Puma <b>tee</b>"),
        Leak(kind="near duplicate", side="trained on", item="10003", other="10007", difference=0.0123),
    ),
)
GARMENTS = ("T-shirts", "Shirts", "Casual shoes", "Watches", "Sports shoes", "Kurtas", "Tops", "Handbags", "Heels")


def evaluation(protocol: str, **more: object) -> Evaluation:
    """Return an evaluation with what every protocol writes."""
    given: dict[str, object] = {
        "protocol": protocol,
        "heading": f"{protocol}: 1,600 held-out photos of products",
        "source": "/data/products",
        "model": "/store/models/3f2a",
        "fingerprint": "3f2a9c0d7e5b41aa8c9e",
        "created": "2025-11-29T16:12:33Z",
        "options": {"seed": 0, "split": "test", "ks": [1, 5, 10], "where": None},
        "n_items": 8000,
        "n_queries": 1600,
        "n_labels": 742,
        "n_failed": 3,
        "leaks": CLEAN,
        "figures": {"accuracy": Estimate(value=0.812, low=0.790, high=0.833, guess=0.5)},
        "seconds": {"embed": 41.3, "compare": 0.42, "resample": 2.0},
        "notes": ("Class sizes are very uneven: a trivial guess gets 0.206.",),
    }
    return Evaluation.model_validate({**given, **more})


def pairs(**more: object) -> Evaluation:
    rates = [10 ** (-4 + n / 12.5) for n in range(51)]
    misses = [min(1.0, 0.5 * math.exp(-1.1 * (math.log10(rate) + 4))) for rate in rates[:-1]] + [0.0]
    scores = [-1 + n / 40 for n in range(81)]
    different, same = (
        [math.exp(-((score - middle) ** 2) / wide) for score in scores] for middle, wide in ((0.2, 0.09), (0.8, 0.02))
    )
    figures = {
        "accuracy": Estimate(value=0.938, low=0.931, high=0.945, guess=0.5),
        "auc": Estimate(value=0.981, low=0.975, high=0.986, guess=0.5),
        "eer": Estimate(value=0.0319, low=0.028, high=0.036),
        "fmr": Estimate(value=0.021, low=0.017, high=0.026),
        "fnmr": Estimate(value=0.0389, low=0.033, high=0.045),
        "threshold": Estimate(value=0.62),
        "ms per pair": Estimate(value=0.00042),
    }
    return evaluation(
        "pairs",
        **{
            "figures": figures,
            "heading": "hard pairs (same category): 5 x 10,000, threshold 0.62",
            "n_queries": 50_000,
            "draws": tuple({"accuracy": 0.93 + n / 500, "auc": 0.98, "fmr": 0.02} for n in range(5)),
            "classes": {
                "verdict": (
                    ClassRow(value="same", n=25_000, precision=0.978, recall=0.921, f1=0.949),
                    ClassRow(value="different", n=25_000, precision=0.925, recall=0.979, f1=0.951),
                )
            },
            "confusion": {"verdict": Confusion(classes=("same", "different"), counts=((23_013, 1987), (525, 24_475)))},
            "curves": {
                "roc": Curve(x=(0.0, *rates), y=(0.0, *(1 - miss for miss in misses))),
                "det": Curve(x=tuple(rates), y=tuple(misses)),
                "same": Curve(x=tuple(scores), y=tuple(share / sum(same) for share in same)),
                "different": Curve(x=tuple(scores), y=tuple(share / sum(different) for share in different)),
            },
            **more,
        },
    )


def group(value: str, n: int, recall: float, guess: float | None = 0.05) -> Group:
    wide = 1.5 * math.sqrt(recall * (1 - recall) / max(n, 1))
    found = Estimate(value=recall, low=max(recall - wide, 0), high=min(recall + wide, 1), guess=guess)
    return Group(value=value, n_queries=n, figures={"recall@1": found, "map@r": Estimate(value=recall / 2)})


def retrieval(**more: object) -> Evaluation:
    ks = (1, 2, 5, 10, 20, 50, 100)
    recalls = (0.412, 0.521, 0.648, 0.733, 0.801, 0.874, 0.921)
    figures = {
        f"recall@{k}": Estimate(value=recall, low=recall - 0.02, high=recall + 0.019, guess=min(k * 0.004, 1))
        for k, recall in zip(ks, recalls, strict=True)
        if k in (1, 5, 10, 100)
    }
    groups = {
        "category": tuple(group(name, 400 - 40 * n, 0.8 - 0.07 * n) for n, name in enumerate(GARMENTS)),
        "color": tuple(group(name, 90 - n, (n * 37 % 97) / 100) for n, name in enumerate(many(44))),
    }
    curve = Curve(x=tuple(map(float, ks)), y=recalls)
    given = {"figures": {**figures, "map@r": Estimate(value=0.287, low=0.27, high=0.305)}, "groups": groups}
    return evaluation("retrieval", **{**given, "curves": {"recall@k": curve}, **more})


def match(**more: object) -> Evaluation:
    figures = {
        f"top-{k} error": Estimate(value=1.1 / (k + 1), low=1 / (k + 2), high=1.3 / (k + 1)) for k in range(1, 6)
    }
    figures = {
        name: figure.model_copy(update={"guess": 1 - k / 17}) for k, (name, figure) in enumerate(figures.items(), 1)
    }
    curve = Curve(x=(1, 2, 3, 4, 5), y=tuple(figure.value for figure in figures.values()))
    return evaluation(
        "match", **{"figures": figures, "n_queries": 31, "n_labels": 17, "curves": {"top-k error": curve}, **more}
    )


def classify(names: Sequence[str] = GARMENTS, **more: object) -> Evaluation:
    n = len(names)
    counts = tuple(
        tuple(max(2, 300 // (row + 1)) if row == column else (row * 7 + column * 3) % 5 for column in range(n))
        for row in range(n)
    )
    rows = tuple(
        ClassRow(value=name, n=sum(counts[k]), precision=0.95 - k / n / 2, recall=0.9 - k / n / 3, f1=0.9 - k / n / 2.4)
        for k, name in enumerate(names)
    )
    figures = {
        "accuracy:category": Estimate(value=0.847, low=0.829, high=0.864, guess=0.206),
        "macro F1:category": Estimate(value=0.61, low=0.57, high=0.65, guess=0.004),
    }
    confusion = {"category": Confusion(classes=tuple(names), counts=counts)}
    return evaluation("classify", **{"figures": figures, "classes": {"category": rows}, "confusion": confusion, **more})


def filtered(**more: object) -> Evaluation:
    shares = (1.0, 0.63, 0.21, 0.043, 0.009, 0.0011, 0.00025)
    filters = tuple(
        FilterRow(
            filter=f"category={name} price<{k}$",
            share=share,
            n_matching=int(share * 80_000),
            recall=Estimate(value=0.999 - 0.002 * k, low=0.99 - 0.004 * k, high=1.0),
            index_ms=1.1 + 0.3 * k,
            index_p99_ms=3.0 + k,
            exact_ms=40 * share + 0.3,
            exact_p99_ms=61 * share + 0.5,
        )
        for k, (share, name) in enumerate(zip(shares, GARMENTS, strict=False))
    )
    figures = {"recall": Estimate(value=0.993, low=0.99, high=0.996)}
    return evaluation("filtered", **{"figures": figures, "filters": filters, **more})


PROTOCOLS = {"pairs": pairs, "retrieval": retrieval, "match": match, "classify": classify, "filtered": filtered}


def many(n: int) -> tuple[str, ...]:
    """Return so many names of classes, among them long ones and ones that would be formulas."""
    return tuple(
        f"Lounge $hort$ and pants no. {k}" + (" with a very long name" * 12 if k % 7 == 0 else "") for k in range(n)
    )


def worst(photos: Sequence[Path | None], n: int = 20, n_answers: int = 5) -> tuple[Worst, ...]:
    """Return queries with wrong and right answers, whose photos go round."""

    def shown(k: int, **more: object) -> Shown:
        names = {"name": f"Thing no. {k}"} if k % 2 else {"category": "Shirt", "color": "Blue"}
        return Shown.model_validate(
            {"id": f"item-{k}", "image": photos[k % len(photos)], "label": f"style {k % 9}", "attributes": names} | more
        )

    return tuple(
        Worst(
            query=shown(10 * k),
            said=f"first match at rank {212 - k}",
            answers=tuple(
                Found(item=shown(10 * k + j + 1), score=0.93 - j / 20, right=j == 3) for j in range(n_answers)
            ),
            expected=(shown(10 * k + 8), shown(10 * k + 9)),
        )
        for k in range(n)
    )


NAN = math.nan
EXTREMES = {
    "one class": classify(("only",)),
    "75 classes": classify(many(75)),
    "no classes": classify(()),
    "marked": pairs(leaks=MARKED),
    "hostile": evaluation(
        HOSTILE,
        figures={HOSTILE: Estimate(value=0.5)},
        heading=HOSTILE,
        source=HOSTILE,
        model=LONG,
        created=HOSTILE,
        options={HOSTILE: HOSTILE},
        groups={HOSTILE: (group(HOSTILE, 0, 0), group(LONG, 3, 1))},
        classes={HOSTILE: (ClassRow(value=HOSTILE, n=0, precision=0, recall=0, f1=0),)},
        confusion={HOSTILE: Confusion(classes=(HOSTILE, LONG), counts=((0, 0), (1, 2)))},
        curves={HOSTILE: Curve(x=(1,), y=(1,))},
        draws=({HOSTILE: 1.0}, {}),
        notes=(HOSTILE,),
        leaks=LeakCheck(
            sides=(HOSTILE,),
            counts={"same label": 2},
            n_leaking=2,
            unknown=(HOSTILE,),
            examples=(Leak(kind="same label", side=HOSTILE, item=HOSTILE, other=LONG, label=HOSTILE),),
        ),
    ),
    "nothing": evaluation(
        "retrieval", figures={}, n_queries=0, n_labels=0, leaks=LeakCheck(), seconds={}, notes=(), options={}
    ),
    "no queries in groups": retrieval(
        groups={"color": (Group(value="Red", n_queries=0, figures={}), group("None", 1, 0))}
    ),
    "not numbers": retrieval(
        figures={"recall@1": Estimate(value=NAN, low=NAN, high=NAN, guess=NAN)},
        groups={
            "color": (Group(value="Red", n_queries=2, figures={"recall@1": Estimate(value=NAN, low=NAN, high=1)}),)
        },
        curves={"recall@k": Curve(x=(1, 2), y=(NAN, math.inf)), "roc": Curve(x=(NAN,), y=(1,))},
    ),
    "one point": pairs(
        curves={name: Curve(x=(0.5,), y=(0.5,)) for name in ("roc", "det", "same", "different")},
        figures={"auc": Estimate(value=0.5)},
    ),
    "perfect": pairs(
        curves={
            "roc": Curve(x=(0, 0, 1), y=(0, 1, 1)),
            "det": Curve(x=(0, 1), y=(0, 0)),
            "same": Curve(x=(1,), y=(1,)),
        },
        figures={"auc": Estimate(value=1, low=1, high=1), "eer": Estimate(value=0), "fmr": Estimate(value=0)},
    ),
    "one filter": filtered().model_copy(update={"filters": filtered().filters[:1]}),
}
"""What a report must survive."""


def difference(figure: str, a: str, b: str, values: tuple[float, float], wide: float, **more: object) -> Difference:
    """Return what is found where the interval of the difference is so wide."""
    by = values[1] - values[0]
    lower = bool(more.get("lower_is_better"))
    better = by < 0 if lower else by > 0
    verdict: Verdict = "better" if better else "worse"
    return Difference(
        figure=figure,
        a=a,
        b=b,
        value_a=values[0],
        value_b=values[1],
        difference=Estimate(value=by, low=by - wide / 2, high=by + wide / 2),
        p_better=0.9995 if better else 0.02,
        higher_is_better=not lower,
        verdict=verdict if abs(by) > wide / 2 else "no difference that these queries can show",
    )


def comparison(names: Sequence[str] = ("batch-hard", "semihard"), **more: object) -> Comparison:
    pairs = [(a, b) for n, a in enumerate(names) for b in names[n + 1 :]]
    differences = [
        each
        for a, b in pairs
        for each in (
            difference("recall@1", a, b, (0.412, 0.455), 0.03),
            difference("recall@10", a, b, (0.733, 0.741), 0.031),
            difference("map@r", a, b, (0.287, 0.251), 0.02),
            difference("top-5 error", a, b, (0.2, 0.15), 0.06, lower_is_better=True),
            difference("median rank", a, b, (12.0, 9.0), 2.0, lower_is_better=True),
        )
    ]
    given = {"protocol": "retrieval", "names": tuple(names), "n_queries": 1600, "n_labels": 742, "n_left_out": 12}
    said = {"resampled": "labels, 2,000 times, the same for all", "differences": differences, "notes": ("A note.",)}
    return Comparison.model_validate({**given, **said, **more})
