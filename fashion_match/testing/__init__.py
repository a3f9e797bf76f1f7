"""Contract checks that plugin authors run on their own plugins, as ``fm plugins check`` does.

In a test, ``check_reader(MyReader, source="photos")`` and its like raise `ContractError` with one sentence for each
promise that is broken. Nothing here needs pytest, and torch is only imported where a network is checked.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from fashion_match.core.error import FashionMatchError
from fashion_match.core.plugin.loader import Plugins
from fashion_match.core.plugin.registry import Entry
from fashion_match.testing.backbone import BACKBONE_CHECKS, BackboneSubject
from fashion_match.testing.contract import CheckResult, ContractError, as_entry, raise_failures, run_in_order
from fashion_match.testing.memory_store import MemoryStore, matches
from fashion_match.testing.method import METHOD_CHECKS, MethodSubject
from fashion_match.testing.reader import READER_CHECKS, ReaderSubject
from fashion_match.testing.recommender import RECOMMENDER_CHECKS, RecommenderSubject
from fashion_match.testing.sample import write_samples
from fashion_match.testing.training import LOSS_CHECKS, LossSubject

__all__ = [
    "CheckResult",
    "ContractError",
    "MemoryStore",
    "check_backbone",
    "check_loss",
    "check_method",
    "check_reader",
    "check_recommender",
    "checks_for",
    "matches",
    "run_checks",
    "write_samples",
]

GivenOptions = Mapping[str, Any] | BaseModel | None
Factory = Callable[..., Any]


def checks_for(
    entry: Entry[Any], kind: str, *, source: str | None = None, options: Mapping[str, Any] | None = None
) -> Iterator[CheckResult]:
    """Run the checks of one plugin, one after the other.

    Args:
        kind: ``"reader"``, ``"backbone"``, ``"loss"``, ``"method"`` or ``"recommender"``.
        source: what a reader is to read; without one the checks that need it are skipped.
        options: as ``--set`` would give them.
    """
    given = options or {}
    match kind:
        case "reader":
            return run_in_order(kind, ReaderSubject(entry, given, source), READER_CHECKS)
        case "backbone":
            return run_in_order(kind, BackboneSubject(entry, given), BACKBONE_CHECKS)
        case "loss":
            return run_in_order(kind, LossSubject(entry, given), LOSS_CHECKS)
        case "method":
            return run_in_order(kind, MethodSubject(entry, given), METHOD_CHECKS)
        case "recommender":
            return run_in_order(kind, RecommenderSubject(entry, given), RECOMMENDER_CHECKS)
    raise ValueError(f"there is no kind of plugin {kind!r}")


def check_reader(reader: Entry[Any] | Factory, *, source: str | None = None, options: GivenOptions = None) -> None:
    """Raise ContractError where a reader breaks its contract. ``source`` is what it is to read; give a small one."""
    _check(reader, "reader", options, source)


def check_backbone(backbone: Entry[Any] | Factory, *, options: GivenOptions = None) -> None:
    """Raise ContractError where a backbone breaks its contract. It is made with random weights; choose it small."""
    _check(backbone, "backbone", options)


def check_loss(loss: Entry[Any] | Factory, *, options: GivenOptions = None) -> None:
    """Raise ContractError where a loss breaks its contract."""
    _check(loss, "loss", options)


def check_method(method: Entry[Any] | Factory, *, options: GivenOptions = None) -> None:
    """Raise ContractError where a training method breaks its contract."""
    _check(method, "method", options)


def check_recommender(recommender: Entry[Any] | Factory, *, options: GivenOptions = None) -> None:
    """Raise ContractError where a recommender breaks its contract."""
    _check(recommender, "recommender", options)


def run_checks(plugins: Plugins, name: str, source: str | None = None) -> list[CheckResult]:
    """Check the plugins called ``name``, or all those of the package called ``name``.

    Without a ``source``, a reader is checked on the sample that it guesses to be its own, of one for each usual layout.

    Raises:
        PluginError: there is no such plugin, or its package is broken.
    """
    found = plugins.find(name)
    results: list[CheckResult] = []
    with tempfile.TemporaryDirectory() as folder:
        samples = write_samples(folder)
        for registry in plugins.registries.values():
            for entry in registry:
                if entry not in found:
                    continue
                sample = source or next((s for s in samples if _guess(plugins, s) == entry.name), None)
                results += checks_for(entry, registry.kind, source=sample)
    return results


def _check(plugin: Entry[Any] | Factory, kind: str, options: GivenOptions, source: str | None = None) -> None:
    entry, given = as_entry(plugin, options)
    raise_failures(checks_for(entry, kind, source=source, options=given))


def _guess(plugins: Plugins, source: str) -> str | None:
    try:
        return plugins.guess_reader(source)
    except FashionMatchError:
        return None
