"""Write ``docs/cli.md`` from the commands themselves: ``python docs/make_cli.py``. A test compares."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from fashion_match.cli import make_app

HEAD = """# Commands

Made by `python docs/make_cli.py` from the commands themselves.

Exit codes: 0 done, 2 wrong use, 3 some data failed, 4 model, 5 store, 130 interrupted; 1 is a bug of ours. With
`--json`, results go to standard output (JSON lines for lists, one object for a report) and everything for people to
standard error.
"""


def render() -> str:
    """Return the page."""
    return HEAD + "".join(_describe(typer.main.get_command(make_app()), "fm"))


def _describe(command: Any, path: str) -> Iterator[str]:
    children = getattr(command, "commands", {})
    if path != "fm":
        yield f"\n## {path}\n\n{_paragraphs(command.help or '')}\n"
        options = [p for p in command.params if p.name != "help"]
        if options:
            yield f"\n```\n{_usage(path, command)}\n```\n\n| option | meaning |\n|---|---|\n"
            yield from (f"| `{_name(option)}` | {_meaning(option)} |\n" for option in options)
    for name, child in children.items():
        yield from _describe(child, f"{path} {name}")


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _usage(path: str, command: Any) -> str:
    arguments = [
        _name(p).replace("\\|", "|") if p.required else f"[{_name(p)}]"
        for p in command.params
        if p.param_type_name == "argument"
    ]
    return " ".join([path, *arguments, "[OPTIONS]"])


def _name(option: Any) -> str:
    if option.param_type_name == "argument":
        return option.metavar or option.name.upper()
    names = ", ".join([*option.opts, *option.secondary_opts])
    value = "" if option.is_flag else f" {option.metavar or _type(option)}"
    return (names + value).replace("|", "\\|")


def _type(option: Any) -> str:
    return "NUMBER" if isinstance(option.default, int | float) else "TEXT"


def _meaning(option: Any) -> str:
    text = (option.help or "").replace("|", "\\|")
    default = option.default
    plain = isinstance(default, str | int | float) and not isinstance(default, bool) and default != ""
    return f"{text} [{default}]".strip() if plain else text


if __name__ == "__main__":
    target = Path(__file__).with_name("cli.md")
    target.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"{target}\n")
