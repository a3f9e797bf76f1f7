"""Every hook, and when it fires. A plugin implements any of them with ``@fashion_match.hookimpl``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import typer

    from fashion_match.core.plugin.registry import Registry
    from fashion_match.core.protocol import Backbone, Loss, Reader, Recommender, TrainingMethod

NAMESPACE = "fashion_match"
"""Name of the pluggy project and of the entry-point group that installed packages announce themselves under."""

hookspec = pluggy.HookspecMarker(NAMESPACE)
hookimpl = pluggy.HookimplMarker(NAMESPACE)


@hookspec
def fm_register_readers(readers: Registry[Reader]) -> None:
    """Register dataset readers. Fires once, before the first reader is looked up."""


@hookspec
def fm_register_backbones(backbones: Registry[Backbone]) -> None:
    """Register backbones. Fires once, before the first backbone is looked up."""


@hookspec
def fm_register_losses(losses: Registry[Loss]) -> None:
    """Register losses. Fires once, before the first loss is looked up."""


@hookspec
def fm_register_methods(methods: Registry[TrainingMethod]) -> None:
    """Register training methods. Fires once, before the first method is looked up."""


@hookspec
def fm_register_recommenders(recommenders: Registry[Recommender]) -> None:
    """Register recommenders. Fires once, before the first recommender is looked up."""


@hookspec(firstresult=True)
def fm_guess_reader(source: str) -> str | None:
    """Return the name of the reader that understands ``source``, or ``None``. Fires when no ``--reader`` is given.

    The first answer that is not ``None`` wins: plugins are asked before the built-in readers, and the plain folder
    reader answers last (``hookimpl(trylast=True)``). Look at names and at most the first kilobytes of a file.
    """


@hookspec
def fm_register_commands(app: typer.Typer) -> None:
    """Add subcommands to ``fm``. Fires once, when the command line starts."""
