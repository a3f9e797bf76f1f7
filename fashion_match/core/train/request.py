"""What was asked for, from the command line and from a recipe file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from fashion_match.core.error import UsageError, did_you_mean
from fashion_match.core.train.manifest import TrainRequest

DEFAULT_METHOD = "triplet"
KEYS: dict[str, tuple[str, Any]] = {
    "methods": ("a list of names", list),
    "set": ("a table", dict),
    "options": ("a table", dict),
} | dict.fromkeys(("source", "reader", "backbone", "weights", "init"), ("text", str))
"""What a recipe file may say, and as what; ``set`` as ``--set`` would, ``options`` by the names of `TrainOptions`."""


def make_request(
    *,
    recipe: str | None,
    source: str | None,
    methods: tuple[str, ...],
    settings: Mapping[str, Any],
    options: Mapping[str, Any],
    **asked: str | None,
) -> TrainRequest:
    """Join a recipe with what was given beside it, which wins.

    Args:
        settings: of ``--set``: for the reader and the backbone under their names, else for the method.

    Raises:
        UsageError: there is no such recipe, it does not fit, or no source is given.
    """
    given = read_recipe(recipe) if recipe is not None else {}
    wanted = methods or tuple(given.get("methods", ())) or (DEFAULT_METHOD,)
    merged = _merge(given.get("set", {}), settings)
    found = source or given.get("source")
    if not found:
        raise UsageError("nothing is given to train on.", "fm train SOURCE --plugin triplet")
    reader_options, backbone_options = _options_of("reader", merged), _options_of("backbone", merged)
    single = len(wanted) == 1 and not (set(merged) & set(wanted) and isinstance(merged.get(wanted[0]), dict))
    stray = (
        [] if single else [name for name, value in merged.items() if name not in wanted or not isinstance(value, dict)]
    )
    if stray:
        raise UsageError(
            f"--set {stray[0]} does not say of which method it is an option.",
            f"Write --set {wanted[0]}.{stray[0]}=VALUE.",
        )
    own = {name: asked.get(name) or given.get(name) for name in ("reader", "backbone", "weights", "init")}
    return TrainRequest(
        source=found,
        methods=wanted,
        method_options={wanted[0]: merged} if single and merged else {} if single else merged,
        reader_options=reader_options,
        backbone_options=backbone_options,
        options={**given.get("options", {}), **options},
        **own,
    )


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with the program."""
    return sorted(file.name.removesuffix(".toml") for file in _shipped().iterdir() if file.name.endswith(".toml"))


def _shipped() -> Any:
    return files("fashion_match") / "recipes"


def read_recipe(name: str) -> dict[str, Any]:
    """Read a recipe: a file, or one that comes with the program, by name.

    Raises:
        UsageError: there is none, or it says what no recipe can.
    """
    file: Any = Path(name)
    if name in recipe_names():
        file = _shipped() / f"{name}.toml"
    elif not file.is_file():
        raise UsageError(f"there is no recipe {name!r}.", did_you_mean(name, recipe_names(), what="recipes"))
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"the recipe {name} is no TOML: {error}.") from None
    except OSError as error:
        raise UsageError(f"the recipe {name} cannot be read: {error.strerror}.") from None
    for key, value in found.items():
        if key not in KEYS:
            raise UsageError(f"the recipe {name} has an unknown key {key!r}.", did_you_mean(key, KEYS, what="keys"))
        what, kind = KEYS[key]
        if not isinstance(value, kind) or (kind is list and not all(isinstance(part, str) for part in value)):
            raise UsageError(f"the recipe {name}: {key} = {value!r} must be {what}.")
    return found


def _options_of(what: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Take the options of the reader or the backbone out of ``settings``."""
    found = settings.pop(what, {})
    if not isinstance(found, dict):
        raise UsageError(
            f"--set {what}={found} is no option of a {what}.", f"Write --{what} {found}, or --set {what}.KEY=VALUE."
        )
    return found


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return both, ``above`` winning. Another plugin's name takes away the options of the one before."""
    merged = dict(below)
    for name, value in above.items():
        before = merged.get(name)
        if isinstance(value, dict) and isinstance(before, str):
            before = {"name": before}
        if isinstance(value, dict) and isinstance(before, dict) and value.get("name") in (None, before.get("name")):
            value = _merge(before, value)
        merged[name] = value
    return merged
