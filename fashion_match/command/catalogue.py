"""Open the catalogue that a command's options mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from fashion_match.core.catalogue import Catalogue
    from fashion_match.core.plugin.loader import Plugins


def open_catalogue(context: typer.Context, store: str | None, collection: str | None = None) -> Catalogue:
    from fashion_match.core.catalogue import Catalogue

    return Catalogue(store, collection, plugins=plugins_of(context))


def plugins_of(context: typer.Context) -> Plugins:
    """Return the plugins that `fashion_match.cli.main` loaded for this call."""
    plugins: Plugins = context.obj
    return plugins
