"""Makes the losses of pytorch-metric-learning from plain options. Imports nothing of it before one is made."""

from __future__ import annotations

from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import Field

from fashion_match import Choice, Options, PluginError, Registry

from .made import Made
from .parts import DISTANCES, MINERS, REDUCERS
from .table import LOSSES

if TYPE_CHECKING:
    from .adapter import LibraryLoss

PARTS = {"distance": DISTANCES, "miner": MINERS, "reducer": REDUCERS}


def loss_options(name: str) -> type[Options]:
    """Return the options of the loss called ``name``: its own, then those that all of them take."""
    return LOSSES[name].model(
        {
            "distance": _choice("distance", "how far apart two rows are"),
            "miner": _choice("miner", "which pairs or triplets count"),
            "reducer": _choice("reducer", "how they become one number"),
            "memory": (int, Field(default=0, ge=0, description="compare with that many rows of past batches, too")),
        }
    )


def make_loss(name: str, options: Any, *, dim: int, n_labels: int) -> LibraryLoss:
    """Return the loss called ``name`` over embeddings of width ``dim`` and labels 0..``n_labels`` - 1.

    Raises:
        PluginError: a part is unknown or has no such option, or the options do not go together.
    """
    from . import repaired
    from .adapter import LibraryLoss

    made = LOSSES[name]
    if options.memory:
        able = [other for other, entry in LOSSES.items() if entry.by in repaired.CrossBatchMemory.supported_losses()]
        if name not in able:
            raise PluginError(f"{name} cannot compare with a memory.", f"These can: batch_hard, {', '.join(able)}.")
    context = {"dim": dim, "n_labels": n_labels}
    filled = {argument: context[what] for argument, what in made.fills.items()}
    try:
        arguments = filled | _arguments(made, options)
        miner = arguments.pop("miner", None)
        loss = LibraryLoss(getattr(repaired, made.by)(**arguments), miner, memory=options.memory, dim=dim)
        loss.try_out(dim, n_labels)
    except PluginError:
        raise
    except Exception as error:  # it asserts, and raises each of the built-in ones
        if not options.model_fields_set:
            raise
        asked = ", ".join(f"{key}={getattr(options, key)}" for key in sorted(options.model_fields_set))
        told = isinstance(error, AssertionError | ValueError | NotImplementedError) and str(error)
        reason = " ".join(str(told or f"it fails with {type(error).__name__}({error})").split()).rstrip(".")
        raise PluginError(
            f"{name} does not work with {asked}: {reason}.", f"`fm plugins show {name}` lists its options."
        ) from error
    return loss


def _arguments(made: Made, options: Any) -> dict[str, Any]:
    """Return what the constructor of ``made`` is called with: plain values, and the parts that were chosen."""
    chosen = {kind: getattr(options, kind, None) for kind in PARTS}
    parts = {kind: _make_part(kind, choice) for kind, choice in chosen.items() if choice is not None}
    return {name: getattr(options, name) for name in made.options} | parts


def _make_part(kind: str, choice: Choice) -> Any:
    """Return the distance, miner or reducer that was chosen. Raises PluginError for a name or option unknown."""
    entry = _registry(kind)[choice.name]
    try:
        options = entry.parse(choice.options)
    except PluginError as error:
        # Parts are no plugins, so the command that a plugin would point to does not know them.
        remedy = error.remedy
        if "fm plugins show" in remedy:
            remedy = f"Options of the {kind} {choice.name}: {', '.join(entry.options.model_fields)}."
        raise PluginError(error.problem, remedy) from None
    return entry.factory(options)


@cache
def _registry(kind: str) -> Registry[Any]:
    """Return the parts of one kind, so that they are looked up and checked as plugins are."""
    registry: Registry[Any] = Registry(kind)
    module = f"pytorch_metric_learning.{kind}s"
    shared = {"distance": _choice("distance", "how far apart two rows are")} if kind == "miner" else {}
    for name, made in PARTS[kind].items():
        registry.register(name, partial(_call, module, made), options=made.model(shared))
    return registry


def _call(module: str, made: Made, options: Any) -> Any:
    return getattr(import_module(module), made.by)(**_arguments(made, options))


def _choice(kind: str, description: str) -> tuple[Any, Any]:
    return Choice | None, Field(default=None, description=f"{description}: {', '.join(PARTS[kind])}")
