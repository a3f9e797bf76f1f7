"""What is trained: the backbone with its weights, the head, the loss terms, and the options they go by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from fashion_match.core.error import UsageError
from fashion_match.core.model.choice import DEFAULT_BACKBONE
from fashion_match.core.model.network import Classifier, Network
from fashion_match.core.plugin.loader import Plugins
from fashion_match.core.protocol import TrainingMethod
from fashion_match.core.train.data import RunData
from fashion_match.core.train.initial import Initial, head_of, make_initial, take_over
from fashion_match.core.train.manifest import TrainRequest
from fashion_match.core.train.option import TrainOptions, parse_options
from fashion_match.core.train.recipe import Recipe, TrainingContext, join_recipes


@dataclass
class Assembly:
    """A network that is ready to be trained."""

    initial: Initial
    network: Network
    recipe: Recipe
    options: TrainOptions
    """With the wishes of the method."""
    head: str | None
    """Method that makes the head, for the card."""
    head_options: dict[str, Any]


def make_methods(plugins: Plugins, request: TrainRequest) -> dict[str, TrainingMethod]:
    """Return the methods of a run with their options.

    Raises:
        PluginError: there is no such method, or it has no such option.
        UsageError: options are given for a method that is not among them.
    """
    for name in request.method_options:
        if name not in request.methods:
            raise UsageError(
                f"options are given for {name!r}, which is not among the methods of this run.",
                f"Its methods: {', '.join(request.methods)}.",
            )
    return {name: plugins.methods[name].make(request.method_options.get(name, {})) for name in request.methods}


def assemble(
    plugins: Plugins,
    request: TrainRequest,
    methods: Mapping[str, TrainingMethod],
    data: RunData,
    asked: TrainOptions,
    notify: Callable[[str], None],
) -> Assembly:
    """Build the network. The first method makes the head; where it makes none, that of the initial model stays.

    Raises:
        PluginError: an option does not fit the data.
        ModelError: the weights cannot be had.
        UsageError: what was asked for does not go together.
    """
    initial = make_initial(
        plugins,
        backbone=request.backbone or DEFAULT_BACKBONE,
        backbone_options=request.backbone_options,
        weights=request.weights or "pretrained",
        init=_checked_init(request),
        image_size_px=asked.image_size_px or (asked.stages[-1].image_size_px if asked.stages else None),
        seed=asked.seed,
        notify=notify,
    )
    dim = int(initial.module.dim)
    first = next(iter(methods.values()))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(asked.seed)
        context = TrainingContext(
            dim=dim,
            n_items=len(data.split.train),
            label_counts=dict(data.label_counts),
            attributes=data.attributes,
            make_loss=partial(_make_loss, plugins, max(1, len(data.label_counts))),
        )
        recipe = join_recipes({name: method.recipe(context) for name, method in methods.items()})
        options = parse_options(request.options, recipe.defaults)
        head_options = dict(recipe.head_options)
        head = first.make_head(dim, head_options, recipe.encoding)
        name: str | None = request.methods[0]
        if head is None:
            head, name, head_options = head_of(initial, plugins)
            # A head that stays is told what it was told before.
            if head is not None and initial.card is not None:
                recipe = replace(recipe, encoding=initial.card.encoding)
        width: Any = dim if head is None else head.dim
        classifier = Classifier(int(width), recipe.classes) if recipe.classes else None
        network = Network(initial.module, head, initial.preprocess, classifier)
    lost = initial.card is not None and initial.card.head not in (None, name)
    if not take_over(network, initial, name, head_options, recipe.encoding) and lost:
        notify(f"The head of {request.init} is not taken over: {' and '.join(methods)} makes its own.")
    return Assembly(initial, network, recipe, options, name, head_options)


def _checked_init(request: TrainRequest) -> str | None:
    if request.init is None:
        return None
    if request.weights is not None or (Path(request.init).is_dir() and request.backbone):
        raise UsageError(
            "--init brings its own weights, and a model its own backbone.",
            "Leave out --weights, and with a model --backbone too.",
        )
    return request.init


def _make_loss(plugins: Plugins, n_labels: int, name: str, options: Any = None, *, dim: int) -> Any:
    return plugins.losses[name].make(options, dim=dim, n_labels=n_labels)
