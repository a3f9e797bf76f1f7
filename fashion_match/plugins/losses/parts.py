"""What losses of pytorch-metric-learning can be put together with: distances, miners and reducers, by name.

Left out is what cannot be made from plain options or cannot serve our batches: the miner that takes rows as packaged
triplets, the reducers that weight by label, differ between parts of a loss or return no number.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from .made import Made, Option

POWER = Option(1.0, "power to raise it to")
NORM = Option(2.0, "p of the norm that rows are scaled by")
SCALED = Option(True, "scale rows to unit length first")

DISTANCES = {
    "cosine_similarity": Made("CosineSimilarity", p=NORM, power=POWER),
    "dot_product_similarity": Made("DotProductSimilarity", normalize_embeddings=SCALED, p=NORM, power=POWER),
    "lp_distance": Made("LpDistance", normalize_embeddings=SCALED, p=Option(2.0, "p of the norm"), power=POWER),
    "snr_distance": Made("SNRDistance", normalize_embeddings=SCALED, p=NORM, power=POWER),
}


def _split(value: object) -> object:
    return value.split(",") if isinstance(value, str) else value


Strategy = Literal["hard", "semihard", "easy", "all"]
Range = Annotated[tuple[float, float] | None, BeforeValidator(_split)]
RANGES = {
    "allowed_pos_range": Option(None, "LOW,HIGH: distances that positives may have", Range),
    "allowed_neg_range": Option(None, "LOW,HIGH: distances that negatives may have", Range),
}

MINERS = {
    "angular": Made("AngularMiner", angle=Option(20.0, "least angle at the negative, in degrees")),
    "batch_easy_hard": Made(
        "BatchEasyHardMiner",
        pos_strategy=Option("easy", "which positives", Strategy),
        neg_strategy=Option("semihard", "which negatives", Strategy),
        **RANGES,
    ),
    "batch_hard": Made("BatchHardMiner", **RANGES),
    "distance_weighted": Made(
        "DistanceWeightedMiner",
        cutoff=Option(0.5, "distances below this count as this"),
        nonzero_loss_cutoff=Option(1.4, "negatives farther than this are left out"),
    ),
    "hdc": Made("HDCMiner", filter_percentage=Option(0.5, "share of the pairs, the hardest, that is kept")),
    "multi_similarity": Made("MultiSimilarityMiner", epsilon=Option(0.1, "by how much a pair may miss being hard")),
    "pair_margin": Made(
        "PairMarginMiner",
        pos_margin=Option(0.2, "positives farther than this"),
        neg_margin=Option(0.8, "negatives closer than this"),
    ),
    "triplet_margin": Made(
        "TripletMarginMiner",
        margin=Option(0.2, "triplets that miss this margin"),
        type_of_triplets=Option("all", "which of them", Literal["all", "hard", "semihard", "easy"]),
    ),
    "uniform_histogram": Made(
        "UniformHistogramMiner",
        num_bins=Option(100, "bins of the distances"),
        pos_per_bin=Option(10, "positives drawn from a bin"),
        neg_per_bin=Option(10, "negatives drawn from a bin"),
    ),
}

HIGH = Option(None, "leave out what is not below this", float | None)

REDUCERS = {
    "avg_non_zero": Made("AvgNonZeroReducer", high=HIGH),
    "divisor": Made("DivisorReducer"),
    "mean": Made("MeanReducer"),
    "per_anchor": Made("PerAnchorReducer"),
    "sum": Made("SumReducer"),
    "threshold": Made(
        "ThresholdReducer",
        low=Option(None, "leave out what is not above this", float | None),
        high=HIGH,
    ),
}
