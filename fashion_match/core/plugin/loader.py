"""Find plugin packages, load each on its own, and remember what broke and why."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
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
    "fashion_match.plugins.methods",
    "fashion_match.plugins.readers",
    "fashion_match.plugins.recommenders",
    "fashion_match.plugins.losses",
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
    plugin: object | None = field(default=None, repr=False)
    """The loaded module; ``None`` while it is disabled or broken."""


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
        entries = entry_points(group=NAMESPACE) if installed is None else installed
        for entry in sorted(entries, key=lambda entry: (entry.name, entry.value)):
            package = Package(entry.name, entry.value, _version(entry), disabled=entry.name in skipped)
            if package.disabled:
                self.packages.append(package)
            else:
                self._load(package, entry.load)

    def _load(self, package: Package, load: Callable[[], object]) -> None:
        taken = {other.name for other in self.packages}
        self.packages.append(package)
        try:
            if package.name in taken:
                raise PluginError(f"another plugin package is already called {package.name!r}.")
            # What a package prints while it is imported must not end up in the results on standard output.
            with redirect_stdout(sys.stderr):
                package.plugin = load()
            self.manager.register(package.plugin, package.name)
            # After every package, so that a hook with a wrong name or argument is blamed on the package that has it.
            self.manager.check_pending()
        except (Exception, SystemExit) as error:
            if package.built_in:
                raise
            self._break(package, error)
        else:
            callers = self.manager.get_hookcallers(package.plugin) or []
            package.hooks = sorted(caller.name for caller in callers)

    def _break(self, package: Package, error: BaseException) -> None:
        """Take out a package that cannot be used, with all that it registered so far."""
        _note(package, error)
        if package.plugin is not None and self.manager.get_plugin(package.name) is package.plugin:
            self.manager.unregister(package.plugin)
        package.plugin = None
        for registry in vars(self).values():
            if isinstance(registry, Registry):
                registry.discard(package.name)

    def _fire(self, hook: str, package: Package, **arguments: object) -> Any:
        """Call ``hook`` of one package alone, so that its error can be told from another's."""
        others = [other.plugin for other in self.packages if other is not package and other.plugin is not None]
        return self.manager.subset_hook_caller(hook, remove_plugins=others)(**arguments)

    def _collect(self, kind: str) -> Registry[Any]:
        """Fire the hook that registers this kind on each package in turn; one that fails leaves nothing."""
        registry: Registry[Any] = Registry(kind)
        for package in self.packages:
            if package.plugin is None:
                continue
            registry.provider = package.name
            try:
                self._fire(f"fm_register_{registry.plural}", package, **{registry.plural: registry})
            except (Exception, SystemExit) as error:
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

    def _in_call_order(self, hook: str) -> Iterator[Package]:
        """Yield the packages that implement ``hook``, as pluggy would call them: the last registered first."""
        package_of = {id(package.plugin): package for package in self.packages if package.plugin is not None}
        for implementation in reversed(getattr(self.manager.hook, hook).get_hookimpls()):
            yield package_of[id(implementation.plugin)]

    def guess_reader(self, source: str) -> str:
        """Return the name of the reader that says it understands ``source``.

        An installed package whose guess fails is recorded and passed over.

        Raises:
            PluginError: no reader does.
        """
        for package in self._in_call_order("fm_guess_reader"):
            try:
                name = self._fire("fm_guess_reader", package, source=source)
            except (Exception, SystemExit) as error:
                if package.built_in:
                    raise
                _note(package, error)
            else:
                if name is not None:
                    return str(name)
        raise PluginError(
            f"no reader recognises {source!r}.", "Name one with --reader; `fm plugins` lists them with their layouts."
        )

    def register_commands(self, app: typer.Typer) -> None:
        """Let plugins add subcommands to ``app``. An installed package that fails to is recorded and passed over."""
        for package in self._in_call_order("fm_register_commands"):
            try:
                self._fire("fm_register_commands", package, app=app)
            except (Exception, SystemExit) as error:
                if package.built_in:
                    raise
                _note(package, error)

    def find(self, name: str) -> list[Any]:
        """Return the entries called ``name`` in any registry, or all those of the package called ``name``.

        Raises:
            PluginError: there is none, or the package is broken or disabled.
        """
        entries = [entry for registry in self.registries.values() for entry in registry]
        found = [entry for entry in entries if entry.name == name] or [e for e in entries if e.provider == name]
        if found:
            return found
        for package in self.packages:
            if package.name != name:
                continue
            if package.error:
                raise PluginError(f"the plugin package {name} is broken: {package.error}", "`fm plugins` tells more.")
            if package.disabled:
                raise PluginError(f"the plugin package {name} is disabled.", "Take it out of FM_DISABLE_PLUGINS.")
            return []
        known = {entry.name for entry in entries} | {package.name for package in self.packages}
        raise PluginError(f"there is no plugin {name!r}.", did_you_mean(name, known, what="plugins"))


def _note(package: Package, error: BaseException) -> None:
    package.error = f"{type(error).__name__}: {error}".splitlines()[0]
    package.traceback = "".join(traceback.format_exception(error))


def _version(entry: EntryPoint) -> str | None:
    try:
        return entry.dist.version if entry.dist else None
    except Exception:  # an installation without its metadata: the package may work all the same
        return None
