"""The tables against the installed library: every class is there, with its options and their defaults."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from pytorch_metric_learning import distances, losses, miners, reducers

from fashion_match.plugins.losses.made import Made
from fashion_match.plugins.losses.parts import DISTANCES, MINERS, REDUCERS
from fashion_match.plugins.losses.table import LOSSES

LEFT_OUT = {
    # Bases, mixins and wrappers.
    "BaseMetricLossFunction", "GenericPairLoss", "EmbeddingRegularizerMixin", "WeightRegularizerMixin",
    "BaseLossWrapper", "CrossBatchMemory", "MultipleLosses", "SelfSupervisedLoss", "BaseMiner", "BaseReducer",
    "BaseDistance", "BatchedDistance",
    # Not from plain options, or of no use to batches of labelled rows.
    "EmbeddingsAlreadyPackagedAsTriplets", "ClassWeightedReducer", "DoNothingReducer", "MultipleReducers",
}  # fmt: skip
NO_OPTIONS = {
    # Objects and functions of the library, and what goes with them; its bookkeeping.
    "distance", "reducer", "embedding_regularizer", "embedding_reg_weight", "weight_regularizer", "weight_reg_weight",
    "weight_init_func", "aggregation_func", "collect_stats",
}  # fmt: skip
SETTLED = {
    # What a subclass passes to its base itself.
    "BatchHardMiner": {"pos_strategy", "neg_strategy"},
    "AvgNonZeroReducer": {"low"},
    "CosineSimilarity": {"normalize_embeddings"},
}
SETTLED_BY_ALL = {"mat_based_loss", "is_inverted"}
GIVEN_BY_US = {"ranked_list": {"margin": 0.4, "Tn": 5.0}}
"""Where the library has no default."""

KINDS = {
    "losses": (losses, LOSSES, "Loss"),
    "distances": (distances, DISTANCES, ""),
    "miners": (miners, MINERS, "Miner"),
    "reducers": (reducers, REDUCERS, "Reducer"),
}


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def arguments(made_by: type) -> dict[str, Any]:
    """Return what the constructor takes, with defaults; what it passes on is looked up in its bases."""
    found: dict[str, Any] = {}
    for base in made_by.__mro__:
        if "__init__" not in vars(base):
            continue
        for name, parameter in list(inspect.signature(base.__init__).parameters.items())[1:]:
            if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                found.setdefault(name, parameter.default)
    return {name: default for name, default in found.items() if name not in NO_OPTIONS | SETTLED_BY_ALL}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_class_of_the_library_has_its_own_name(kind: str) -> None:
    module, table, ending = KINDS[kind]
    there = {name for name, value in vars(module).items() if inspect.isclass(value)} - LEFT_OUT
    assert {name: made.by for name, made in table.items()} == {
        snake_case(name.removesuffix(ending)): name for name in there
    }


@pytest.mark.parametrize(
    ("module", "name", "made"),
    [
        pytest.param(module, name, made, id=f"{kind}-{name}")
        for kind, (module, table, _) in KINDS.items()
        for name, made in table.items()
    ],
)
def test_its_options_are_those_of_the_library(module: Any, name: str, made: Made) -> None:
    taken = arguments(getattr(module, made.by))
    settled = SETTLED.get(made.by, set()) | made.fills.keys()
    options = {option: default for option, default in taken.items() if option not in settled}
    assert made.fills.keys() <= taken.keys()
    assert {option: entry.default for option, entry in made.options.items()} == options | GIVEN_BY_US.get(name, {})
    assert all(entry.description for entry in made.options.values())


def test_widths_and_numbers_of_labels_are_never_options() -> None:
    for name, made in LOSSES.items():
        assert not made.options.keys() & {"num_classes", "embedding_size", "descriptors_dim", "l"}, name
        assert made.summary
