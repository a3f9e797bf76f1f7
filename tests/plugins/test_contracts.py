"""Every built-in plugin keeps the contract that third-party ones are held to."""

from __future__ import annotations

import pytest

from fashion_match import Plugins
from fashion_match.testing import run_checks

PLUGINS = Plugins(installed=[])
NINE = (
    "alexnet",
    "densenet121",
    "convnext_tiny",
    "efficientnet_b0",
    "googlenet",
    "inception_v3",
    "maxvit_t",
    "mnasnet0_5",
    "mobilenet_v3_small",
)
QUICK = ("mnasnet0_5", "mobilenet_v3_small")
MAY_BE_SKIPPED = {
    # Readers of attributes alone; and the one that makes its own source.
    "outfits": {"photos are found from here"},
    "drawn": {"a missing source is a reader error"},
    # The method goes on with the head of a model, and has none of its own.
    "orthogonal": {"head options survive json", "its head gives rows of its width"},
}


def check(name: str) -> None:
    results = run_checks(PLUGINS, name)
    assert [f"{r.check}: {r.detail}" for r in results if r.outcome == "failed"] == []
    skipped = {f"{r.check}: {r.detail}" for r in results if r.outcome == "skipped"}
    assert {line.partition(":")[0] for line in skipped} <= MAY_BE_SKIPPED.get(name, set()), skipped
    assert len(results) > 3


@pytest.mark.parametrize("name", [entry.name for entry in PLUGINS.readers])
def test_readers(name: str) -> None:
    check(name)


@pytest.mark.parametrize("name", [entry.name for entry in PLUGINS.recommenders])
def test_recommenders(name: str) -> None:
    check(name)


@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in NINE if name not in QUICK)]
)
def test_backbones(name: str) -> None:
    check(name)


@pytest.mark.parametrize("name", [*(e.name for e in PLUGINS.losses), *(e.name for e in PLUGINS.methods)])
def test_losses_and_methods(name: str) -> None:
    check(name)
