"""``fm plugins``: what is installed, what broke and why, with which options, and whether it keeps its contract."""

from __future__ import annotations

import types
import typing
from typing import Annotated, Any

import typer

from fashion_match.command import option, show
from fashion_match.command.catalogue import plugins_of
from fashion_match.core.plugin.registry import Choice

app = typer.Typer(help="List plugins, show their options, check their contracts.", invoke_without_command=True)
Name = Annotated[str, typer.Argument(metavar="NAME")]


@app.callback()
def list_plugins(context: typer.Context, json: option.JsonOption = False) -> None:
    """List plugin packages and what they register; a broken one is listed with its reason."""
    if context.invoked_subcommand is not None:
        return
    plugins = plugins_of(context)
    registries = plugins.registries  # fires the hooks, so that a package that fails in one is known to be broken
    entries = [(kind, entry) for kind, registry in registries.items() for entry in registry]
    if json:
        for package in plugins.packages:
            registered = {
                kind: [entry.name for entry in registry if entry.provider == package.name]
                for kind, registry in registries.items()
            }
            show.as_json(
                {
                    "name": package.name,
                    "module": package.module,
                    "version": package.version,
                    "built_in": package.built_in,
                    "disabled": package.disabled,
                    "hooks": package.hooks,
                    "error": package.error,
                    "registered": {kind: names for kind, names in registered.items() if names},
                }
            )
        return
    show.table(
        ["package", "version", "hooks", "state"],
        [
            [
                p.name,
                "built in" if p.built_in else p.version,
                ", ".join(p.hooks),
                p.error or ("disabled" if p.disabled else "ok"),
            ]
            for p in plugins.packages
        ],
        wrapped=("hooks", "state"),
    )
    many = {kind: [e for k, e in entries if k == kind] for kind in registries}
    for kind, found in many.items():
        if len(found) > SHOWN:
            show.tell(f"{kind} ({len(found)}): {', '.join(e.name for e in found)}\n")
        elif found:
            show.table([kind, "from", ""], [[e.name, e.provider, e.summary] for e in found], wrapped=("",))


SHOWN = 30
"""More plugins of one kind than this are listed by name alone."""


@app.command("show")
def show_plugin(context: typer.Context, name: Name, json: option.JsonOption = False) -> None:
    """Show the options of a plugin with types and defaults."""
    found = plugins_of(context).find(name)
    if json:
        show.as_json_lines(
            {"name": e.name, "from": e.provider, "summary": e.summary, "options": _options(e.options)} for e in found
        )
        return
    for entry in found:
        show.tell(f"{entry.name} (from {entry.provider}): {entry.summary}")
        options = _options(entry.options)
        if options:
            show.table(
                ["option", "type", "default", ""], [list(o.values()) for o in options], wrapped=("type", "default", "")
            )
        else:
            show.tell("It takes no options.")


@app.command("check")
def check_plugin(
    context: typer.Context,
    name: Name,
    source: Annotated[str | None, typer.Option(help="A source to check a reader on.")] = None,
    json: option.JsonOption = False,
) -> None:
    """Run the contract checks of `fashion_match.testing` on a plugin. Exit code 3 if one fails."""
    from fashion_match.testing import run_checks

    results = run_checks(plugins_of(context), name, source=source)
    if json:
        show.as_json_lines(vars(result) for result in results)
    else:
        show.table(
            ["kind", "plugin", "check", "outcome", "detail"],
            [[r.kind, r.plugin, r.check, r.outcome, r.detail] for r in results],
            wrapped=("check", "detail"),
        )
    if any(result.outcome == "failed" for result in results):
        raise typer.Exit(3)


def _options(model: Any) -> list[dict[str, Any]]:
    return [
        {
            "option": name,
            "type": _type_name(field.annotation),
            "default": "required" if field.is_required() else _default(field),
            "description": field.description or "",
        }
        for name, field in model.model_fields.items()
    ]


def _type_name(annotation: Any) -> str:
    """Return ``float``, ``hard | semihard``, ``list of int``, ``plugin`` or the like."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return " | ".join(map(str, arguments))
    if origin is typing.Annotated:
        return _type_name(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return " | ".join(_type_name(argument) for argument in arguments)
    if origin in (list, tuple, set, frozenset):
        return f"list of {_type_name(arguments[0])}"
    if annotation is type(None):
        return "none"
    if annotation is Choice:
        return "plugin"
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _default(field: Any) -> Any:
    value = field.get_default(call_default_factory=True)
    return str(value) if value is not None else None
