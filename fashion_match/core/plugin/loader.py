"""Find plugin packages, load each on its own, and remember what broke and why."""

from __future__ import annotations

import importlib
import os
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

import pluggy

from fashion_match.core.error import PluginError, did_you_mean
from fashion_match.core.plugin import hookspecs
from fashion_match.core.plugin.hookspecs import NAMESPACE
from fashion_match.core.plugin.registry import Registry

if TYPE_CHECKING:
    import typer

    from fashion_match.core.protocol import Backbone, Loss, Reader, Recommender, TrainingMethod

BUILT_IN = (
    "fashion_match.plugins.torchvision_backbones",
    "fashion_match.plugins.readers",
    "fashion_match.plugins.recommenders",
)
"""Built-in plugin modules, by name only: the core never imports them as code."""


@dataclass
class Package:
    """One plugin package: what it is, and what became of it."""

    name: str
    module: str
    version: str | None = None
    built_in: bool = False
    disabled: bool = False
    hooks: list[str] = field(default_factory=list)
    error: str | None = None
    """One line that says why it does not work, or ``None``."""
    traceback: str | None = None


class Plugins:
    """The catalogue of plugins. There is no global one: it is made at the program's edge and passed on.

    Args:
        built_in: modules that are loaded first; a broken one is our bug and raises.
        installed: entry points; a broken one is recorded and skipped. ``None`` looks for the installed packages.
        disabled: names to skip. ``None`` reads ``FM_DISABLE_PLUGINS`` (comma-separated).
    """

    def __init__(
        self,
        *,
        built_in: Iterable[str] = BUILT_IN,
        installed: Iterable[EntryPoint] | None = None,
        disabled: Iterable[str] | None = None,
    ) -> None:
        self.manager = pluggy.PluginManager(NAMESPACE)
        self.manager.add_hookspecs(hookspecs)
        self.packages: list[Package] = []
        for module in built_in:
            self._load(
                Package(module.rpartition(".")[2], module, built_in=True), partial(importlib.import_module, module)
            )
        if disabled is None:
            disabled = os.environ.get("FM_DISABLE_PLUGINS", "").split(",")
        skipped = {name.strip() for name in disabled}
        for entry in entry_points(group=NAMESPACE) if installed is None else installed:
            version = entry.dist.version if entry.dist else None
            package = Package(entry.name, entry.value, version, disabled=entry.name in skipped)
            if package.disabled:
                self.packages.append(package)
            else:
                self._load(package, entry.load)

    def _load(self, package: Package, load: Callable[[], object]) -> None:
        self.packages.append(package)
        try:
            plugin = load()
            self.manager.register(plugin, package.name)
            # After every package, so that a hook with a wrong name or argument is blamed on the package that has it.
            self.manager.check_pending()
        except Exception as error:
            if package.built_in:
                raise
            self._break(package, error)
        else:
            callers = self.manager.get_hookcallers(plugin) or []
            package.hooks = sorted(caller.name for caller in callers)

    def _break(self, package: Package, error: Exception) -> None:
        package.error = f"{type(error).__name__}: {error}".splitlines()[0]
        package.traceback = "".join(traceback.format_exception(error))
        if self.manager.has_plugin(package.name):
            self.manager.unregister(name=package.name)

    def _collect(self, kind: str) -> Registry[Any]:
        """Fire ``fm_register_<kind>s`` on one package after the other; one that fails is recorded, and leaves nothing."""
        registry: Registry[Any] = Registry(kind)
        for package in self.packages:
            plugin = self.manager.get_plugin(package.name)
            if plugin is None:
                continue
            others = [
                other for _, other in self.manager.list_name_plugin() if other is not None and other is not plugin
            ]
            caller = self.manager.subset_hook_caller(f"fm_register_{kind}s", remove_plugins=others)
            registry.provider = package.name
            try:
                caller(**{f"{kind}s": registry})
            except Exception as error:
                if package.built_in:
                    raise
                registry.discard(package.name)
                self._break(package, error)
        registry.provider = "this program"
        return registry

    @cached_property
    def readers(self) -> Registry[Reader]:
        return self._collect("reader")

    @cached_property
    def backbones(self) -> Registry[Backbone]:
        return self._collect("backbone")

    @cached_property
    def losses(self) -> Registry[Loss]:
        return self._collect("loss")

    @cached_property
    def methods(self) -> Registry[TrainingMethod]:
        return self._collect("method")

    @cached_property
    def recommenders(self) -> Registry[Recommender]:
        return self._collect("recommender")

    @property
    def registries(self) -> dict[str, Registry[Any]]:
        """All registries by the plural of their kind, collected if they were not yet."""
        return {
            "readers": self.readers,
            "backbones": self.backbones,
            "losses": self.losses,
            "methods": self.methods,
            "recommenders": self.recommenders,
        }

    def guess_reader(self, source: str) -> str:
        """Return the name of the reader that says it understands ``source``.

        Raises:
            PluginError: none does.
        """
        name = self.manager.hook.fm_guess_reader(source=source)
        if name is None:
            raise PluginError(
                f"no reader recognises {source!r}.",
                "Name one with --reader; `fm plugins` lists them with their layouts.",
            )
        return str(name)

    def register_commands(self, app: typer.Typer) -> None:
        """Let plugins add subcommands to ``app``."""
        self.manager.hook.fm_register_commands(app=app)

    def find(self, name: str) -> list[Any]:
        """Return the entries called ``name`` in any registry, or all those of the package called ``name``.

        Raises:
            PluginError: there is none, or the package is broken.
        """
        entries = [entry for registry in self.registries.values() for entry in registry]
        found = [entry for entry in entries if entry.name == name] or [e for e in entries if e.provider == name]
        if found:
            return found
        for package in self.packages:
            if package.name == name and package.error:
                raise PluginError(f"the plugin package {name} is broken: {package.error}", "`fm plugins` tells more.")
        known = {entry.name for entry in entries} | {package.name for package in self.packages}
        raise PluginError(f"there is no plugin {name!r}.", did_you_mean(name, known, what="plugins"))
