"""Named factories of one kind of plugin, each with the options it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from fashion_match.core.error import PluginError, did_you_mean

T = TypeVar("T")


class Options(BaseModel):
    """Base of a plugin's options: frozen, refusing what it does not know. Used as it is where there are none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _split_lists(cls, data: Any) -> Any:
        """``--set keep=brand,price`` gives text; an option that is a list takes it apart at the commas."""
        if not isinstance(data, dict):
            return data
        fields = cls.model_fields.items()
        listed = {name for name, field in fields if get_origin(field.annotation) in (list, tuple, set)}
        return {
            name: [part.strip() for part in value.split(",") if part.strip()]
            if name in listed and isinstance(value, str)
            else value
            for name, value in data.items()
        }


class Choice(BaseModel):
    """An option that names another plugin and gives it options: ``--set loss=triplet_margin --set loss.margin=0.2``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    options: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _from_settings(cls, data: Any) -> Any:
        """``"contrastive"``, or ``{"name": "contrastive", "neg_margin": 0.8}``."""
        if isinstance(data, str):
            return {"name": data}
        if isinstance(data, dict) and "name" in data and "options" not in data:
            return {"name": data["name"], "options": {key: value for key, value in data.items() if key != "name"}}
        return data

    def __str__(self) -> str:
        return self.name + "".join(f" {key}={value}" for key, value in self.options.items())


@dataclass(frozen=True)
class Entry(Generic[T]):
    """One registered plugin: its name, where it came from, and how it is made."""

    name: str
    factory: Callable[..., T]
    options: type[BaseModel]
    summary: str
    provider: str
    """Name of the plugin package or built-in module that registered it."""

    def make(self, options: Mapping[str, Any] | None = None, **context: Any) -> T:
        """Validate ``options`` and call the factory as ``factory(options, **context)``.

        Raises:
            PluginError: an option is unknown or does not fit its type.
        """
        return self.factory(self.parse(options or {}), **context)

    def parse(self, options: Mapping[str, Any]) -> BaseModel:
        """Return ``options`` as the plugin's own model. Raises PluginError as `make` does."""
        try:
            return self.options.model_validate(dict(options))
        except ValidationError as error:
            raise self._explain(error) from None

    def _explain(self, error: ValidationError) -> PluginError:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        message = f"{first['msg'][:1].lower()}{first['msg'][1:]}".removeprefix("value error, ")
        show = f"`fm plugins show {self.name}` lists its options."
        known = list(self.options.model_fields)
        if first["type"] == "extra_forbidden":
            return PluginError(
                f"{self.name} has no option {name!r}.",
                did_you_mean(name, known, what="options") if known else f"{self.name} takes no options.",
            )
        if first["type"] == "missing":
            return PluginError(f"{self.name} needs the option {name!r}.", f"Give it with --set {name}=VALUE.")
        if not name:  # options that do not go together
            return PluginError(f"{self.name}: {message}.", show)
        return PluginError(f"{self.name}: option {name} = {first['input']!r}: {message}.", show)


class Registry(Generic[T]):
    """The plugins of one kind by name. Factories are only called when a plugin is used, so listing loads nothing.

    Args:
        kind: singular noun for messages, such as ``"reader"``.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.plural = f"{kind}es" if kind.endswith("s") else f"{kind}s"
        self.provider = "fashion_match"
        self._entries: dict[str, Entry[T]] = {}

    def register(
        self, name: str, factory: Callable[..., T], *, options: type[BaseModel] = Options, summary: str = ""
    ) -> None:
        """Add a plugin.

        Args:
            name: what the user types; letters, digits, ``_``, ``-`` and ``.``.
            factory: called with an ``options`` instance (and the context its protocol names) when the plugin is used.
            options: pydantic model with ``extra="forbid"``; ``--set key=value`` is validated by it.
            summary: one line for ``fm plugins``.

        Raises:
            PluginError: the name is taken or malformed, or ``options`` would silently ignore unknown keys.
        """
        if not name or not all(c.isalnum() or c in "_-." for c in name):
            raise PluginError(f"{name!r} cannot be the name of a {self.kind}: use letters, digits, '_', '-' and '.'.")
        if name in self._entries:
            raise PluginError(
                f"the {self.kind} {name!r} of {self.provider} is already registered by {self._entries[name].provider}.",
                "Register it under another name.",
            )
        if not (isinstance(options, type) and issubclass(options, BaseModel)) or (
            options.model_config.get("extra") != "forbid"
        ):
            raise PluginError(
                f"the options of {self.kind} {name!r} must be a pydantic model with extra='forbid'.",
                "Derive them from fashion_match.Options.",
            )
        self._entries[name] = Entry(name, factory, options, summary, self.provider)

    def __getitem__(self, name: str) -> Entry[T]:
        """Return the entry called ``name``. Raises PluginError, with the nearest spelling, where there is none."""
        try:
            return self._entries[name]
        except KeyError:
            remedy = did_you_mean(name, self._entries, what=self.plural)
            raise PluginError(f"there is no {self.kind} {name!r}.", remedy) from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[Entry[T]]:
        return iter(sorted(self._entries.values(), key=lambda entry: entry.name))

    def __len__(self) -> int:
        return len(self._entries)

    def discard(self, provider: str) -> None:
        """Remove everything that ``provider`` registered: what a plugin leaves behind when its hook fails half-way."""
        self._entries = {name: entry for name, entry in self._entries.items() if entry.provider != provider}
