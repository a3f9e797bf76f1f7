"""The losses of pytorch-metric-learning 2.9 by name, with the options of their constructors.

Written down, because asking the library would import torch whenever plugins are listed. A test compares the two.
"""

from __future__ import annotations

from typing import Literal

from .made import Fill, Made, Option

PROXIES: dict[str, Fill] = {"num_classes": "n_labels", "embedding_size": "dim"}
PER_ANCHOR = Option("all", "triplets of an anchor: all, or so many at random", int | Literal["all"])

LOSSES = {
    "angular": Made(
        "AngularLoss",
        "bounds the angle at the negative of a triplet (Wang et al. 2017)",
        alpha=Option(40.0, "that angle, in degrees"),
    ),
    "arc_face": Made(
        "ArcFaceLoss",
        "softmax over a proxy for each label, with a margin on the angle (Deng et al. 2019)",
        PROXIES,
        margin=Option(28.6, "added to the angle to the own proxy, in degrees"),
        scale=Option(64.0, "factor of the cosines"),
    ),
    "circle": Made(
        "CircleLoss",
        "pairs weighted by how far they are from where they should be (Sun et al. 2020)",
        m=Option(0.4, "relaxation: similarities should pass 1 - m and stay below m"),
        gamma=Option(80.0, "factor of the similarities"),
    ),
    "contrastive": Made(
        "ContrastiveLoss",
        "pulls positives within one margin, pushes negatives beyond another (Hadsell et al. 2006)",
        pos_margin=Option(0.0, "positives closer than this are left alone"),
        neg_margin=Option(1.0, "negatives farther than this are left alone"),
    ),
    "cos_face": Made(
        "CosFaceLoss",
        "softmax over a proxy for each label, with a margin on the cosine (Wang et al. 2018)",
        PROXIES,
        margin=Option(0.35, "taken from the cosine to the own proxy"),
        scale=Option(64.0, "factor of the cosines"),
    ),
    "dynamic_soft_margin": Made(
        "DynamicSoftMarginLoss",
        "triplets weighted by their rank among those seen so far (Zhang & Rusinkiewicz 2019)",
        min_val=Option(-2.0, "least difference of distances that counts"),
        num_bins=Option(10, "bins of the histogram of differences"),
        momentum=Option(0.01, "weight of a batch in that histogram"),
    ),
    "fast_ap": Made(
        "FastAPLoss",
        "average precision by histogram binning (Cakir et al. 2019)",
        num_bins=Option(10, "bins of the distances"),
    ),
    "generalized_lifted_structure": Made(
        "GeneralizedLiftedStructureLoss",
        "lifted structure over all positives of an anchor (Hermans et al. 2017)",
        neg_margin=Option(1.0, "how far negatives should be"),
        pos_margin=Option(0.0, "how far positives may be"),
    ),
    "histogram": Made(
        "HistogramLoss",
        "chance that a negative is more similar than a positive (Ustinova & Lempitsky 2016)",
        n_bins=Option(None, "bins of the similarities; 100 where neither this nor delta is given", int | None),
        delta=Option(None, "width of a bin, 2 / n_bins", float | None),
    ),
    "instance": Made(
        "InstanceLoss",
        "softmax over the rows of the batch (Zheng et al. 2020)",
        gamma=Option(64.0, "factor of the similarities"),
    ),
    "intra_pair_variance": Made(
        "IntraPairVarianceLoss",
        "variance of the similarities of positives, and of negatives (Yu & Tao 2019)",
        pos_eps=Option(0.01, "how far below their mean those of positives may be"),
        neg_eps=Option(0.01, "how far above their mean those of negatives may be"),
    ),
    "large_margin_softmax": Made(
        "LargeMarginSoftmaxLoss",
        "softmax over a proxy for each label, the angle to the own one multiplied (Liu et al. 2016)",
        PROXIES,
        margin=Option(4, "factor of that angle"),
        scale=Option(1.0, "factor of the logits"),
    ),
    "lifted_structure": Made(
        "LiftedStructureLoss",
        "each positive pair against all negatives of both its rows (Oh Song et al. 2016)",
        neg_margin=Option(1.0, "how far negatives should be"),
        pos_margin=Option(0.0, "how far positives may be"),
    ),
    "manifold": Made(
        "ManifoldLoss",
        "random walks between rows and proxies of groups of labels (Aziere & Todorovic 2019)",
        {"l": "dim"},
        K=Option(50, "proxies; labels share them in turn"),
        lambdaC=Option(1.0, "weight of the context part"),
        alpha=Option(0.8, "share of similarity that a walk passes on, 0..1"),
        margin=Option(5e-4, "lead of the own proxy over the others"),
    ),
    "margin": Made(
        "MarginLoss",
        "positives within, negatives beyond a boundary that can be learned (Wu et al. 2017)",
        {"num_classes": "n_labels"},
        margin=Option(0.2, "on each side of the boundary"),
        nu=Option(0.0, "weight of the boundary itself, where it is learned"),
        beta=Option(1.2, "distance of the boundary"),
        triplets_per_anchor=PER_ANCHOR,
        learn_beta=Option(False, "learn a boundary for each label"),
    ),
    "multi_similarity": Made(
        "MultiSimilarityLoss",
        "soft weights for pairs, by how they compare with others of the anchor (Wang et al. 2019)",
        alpha=Option(2.0, "sharpness of the weights of positives"),
        beta=Option(50.0, "sharpness of the weights of negatives"),
        base=Option(0.5, "similarity between the two"),
    ),
    "n_pairs": Made("NPairsLoss", "one positive pair of each label against those of the others (Sohn 2016)"),
    "nca": Made(
        "NCALoss",
        "chance that a row picks a neighbour of its own label (Goldberger et al. 2004)",
        softmax_scale=Option(1.0, "factor of the distances"),
    ),
    "normalized_softmax": Made(
        "NormalizedSoftmaxLoss",
        "softmax over a unit proxy for each label (Zhai & Wu 2019)",
        PROXIES,
        temperature=Option(0.05, "divides the similarities"),
    ),
    "nt_xent": Made(
        "NTXentLoss",
        "each positive pair against the negatives of its anchor, by softmax (Chen et al. 2020)",
        temperature=Option(0.07, "divides the similarities"),
    ),
    "p2s_grad": Made(
        "P2SGradLoss",
        "squared error of the cosines to a proxy for each label (Zhang et al. 2019)",
        {"descriptors_dim": "dim", "num_classes": "n_labels"},
    ),
    "pnp": Made(
        "PNPLoss",
        "penalises negatives that rank before a positive (Li et al. 2022)",
        b=Option(2.0, "of variant Ib: how fast the penalty grows"),
        alpha=Option(1.0, "of variant Dq: power of the rank"),
        anneal=Option(0.01, "temperature of the ranking"),
        variant=Option(
            "O", "how the penalty grows with the number of such negatives", Literal["Ds", "Dq", "Iu", "Ib", "O"]
        ),
    ),
    "proxy_anchor": Made(
        "ProxyAnchorLoss",
        "a proxy for each label as the anchor of all rows (Kim et al. 2020)",
        PROXIES,
        margin=Option(0.1, "on the cosine, to either side"),
        alpha=Option(32.0, "factor of the cosines"),
    ),
    "proxy_nca": Made(
        "ProxyNCALoss",
        "chance that a row picks the proxy of its own label (Movshovitz-Attias et al. 2017)",
        PROXIES,
        softmax_scale=Option(1.0, "factor of the distances"),
    ),
    # In the library margin and Tn have no default. The margin is the paper's; of its Tn, 10, the library warns.
    "ranked_list": Made(
        "RankedListLoss",
        "positives within a sphere, negatives beyond it by a margin (Wang et al. 2019)",
        margin=Option(0.4, "between the positives and the negatives"),
        Tn=Option(5.0, "how much nearer negatives weigh more"),
        imbalance=Option(0.5, "weight of the negatives, 0..1"),
        alpha=Option(None, "how far negatives should be; 1 + margin / 2 where it is not given", float | None),
        Tp=Option(0.0, "how much farther positives weigh more"),
    ),
    "signal_to_noise_ratio_contrastive": Made(
        "SignalToNoiseRatioContrastiveLoss",
        "contrastive, over the signal-to-noise ratio (Yuan et al. 2019)",
        pos_margin=Option(0.0, "positives closer than this are left alone"),
        neg_margin=Option(1.0, "negatives farther than this are left alone"),
    ),
    "smooth_ap": Made(
        "SmoothAPLoss",
        "average precision with soft ranks (Brown et al. 2020)",
        temperature=Option(0.01, "softness of a comparison of two similarities"),
    ),
    "soft_triple": Made(
        "SoftTripleLoss",
        "softmax over labels that have several proxies each (Qian et al. 2019)",
        PROXIES,
        centers_per_class=Option(10, "proxies of a label"),
        la=Option(20.0, "factor of the similarities"),
        gamma=Option(0.1, "softness of the choice among the proxies of a label"),
        margin=Option(0.01, "taken from the similarity to the own label"),
    ),
    "sphere_face": Made(
        "SphereFaceLoss",
        "large-margin softmax over unit proxies (Liu et al. 2017)",
        PROXIES,
        margin=Option(4, "factor of the angle to the own proxy"),
        scale=Option(1.0, "factor of the logits"),
    ),
    "sub_center_arc_face": Made(
        "SubCenterArcFaceLoss",
        "ArcFace with several proxies for a label (Deng et al. 2020)",
        PROXIES,
        margin=Option(28.6, "added to the angle to the own proxy, in degrees"),
        scale=Option(64.0, "factor of the cosines"),
        sub_centers=Option(3, "proxies of a label"),
    ),
    "sup_con": Made(
        "SupConLoss",
        "each positive against all other rows, averaged over an anchor's positives (Khosla et al. 2020)",
        temperature=Option(0.1, "divides the similarities"),
    ),
    "threshold_consistent_margin": Made(
        "ThresholdConsistentMarginLoss",
        "positives above one similarity, negatives below another, for all labels alike (Zhang et al. 2023)",
        lambda_plus=Option(1.0, "weight of the positives"),
        lambda_minus=Option(1.0, "weight of the negatives"),
        margin_plus=Option(0.9, "similarity that positives should pass"),
        margin_minus=Option(0.5, "similarity that negatives should stay below"),
    ),
    "triplet_margin": Made(
        "TripletMarginLoss",
        "the positive closer than the negative by a margin (Schroff et al. 2015)",
        margin=Option(0.05, "how much closer"),
        swap=Option(False, "where the positive is closer to the negative than the anchor is, take that distance"),
        smooth_loss=Option(False, "softplus in place of the hinge"),
        triplets_per_anchor=PER_ANCHOR,
    ),
    "tuplet_margin": Made(
        "TupletMarginLoss",
        "each positive pair against the negatives of its anchor, with slack on the angle (Yu & Tao 2019)",
        margin=Option(5.73, "that slack, in degrees"),
        scale=Option(64.0, "factor of the cosines"),
    ),
    "vic_reg": Made(
        "VICRegLoss",
        "rows of one label alike, each column varied and unlike the others (Bardes et al. 2022)",
        invariance_lambda=Option(25.0, "weight of being alike"),
        variance_mu=Option(25.0, "weight of the variance of a column"),
        covariance_v=Option(1.0, "weight of the covariance of two columns"),
        eps=Option(1e-4, "added to the variance under the root"),
    ),
}
