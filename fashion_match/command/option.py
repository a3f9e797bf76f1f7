"""Options that several commands share, so that one grammar serves all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fashion_match.core.error import UsageError
from fashion_match.core.where import Where

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="DIR|URL",
        help="Folder of the embedded store, or URL of a Qdrant server. [FM_STORE, then ./fm-data]",
    ),
]
CollectionOption = Annotated[
    str | None, typer.Option("--collection", metavar="NAME", help="[FM_COLLECTION, then default]")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Machine-readable results on standard output: JSON lines, or one object.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Option of a plugin; `fm plugins show NAME` lists them."),
]
ReaderOption = Annotated[str | None, typer.Option("--reader", metavar="NAME", help="How to read SOURCE. [guessed]")]
WhereOption = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="CONDITION", help="price<50, color!=Blue, 'color in Blue,Navy Blue', price=20..50"),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")]
EngineOption = Annotated[str, typer.Option("--engine", help="auto, torch or openvino (CPU).")]
PrecisionOption = Annotated[str, typer.Option("--precision", help="fp32, bf16 or fp16.")]


def _values(name: str) -> Any:
    return Annotated[
        list[str] | None, typer.Option(f"--{name}", metavar="VALUE", help="Repeat it for one or the other.")
    ]


ColorOption = _values("color")
SeasonOption = _values("season")
PatternOption = _values("pattern")
CategoryOption = _values("category")
GenderOption = _values("gender")
BrandOption = _values("brand")
UsageOption = _values("usage")
PriceOption = Annotated[str | None, typer.Option("--price", metavar="LOW..HIGH", help="Either end may be left out.")]
SheetOption = Annotated[Path | None, typer.Option("--sheet", metavar="FILE.png", help="Write a contact sheet.")]
HtmlOption = Annotated[Path | None, typer.Option("--html", metavar="FILE.html", help="Write a self-contained page.")]

SHOWN = ("category", "color", "pattern", "season", "gender", "price", "name")
"""Attributes that a table of items shows, where any of them has them."""


def parse_settings(pairs: list[str] | None) -> dict[str, Any]:
    """Turn ``["a=1", "b.c=2"]`` into ``{"a": "1", "b": {"c": "2"}}``; the plugin's options give the types.

    Raises:
        UsageError: a pair has no ``=``, or a key stands for a value and for a group.
    """
    settings: dict[str, Any] = {}
    for pair in pairs or ():
        key, equal, value = pair.partition("=")
        if not equal or not key.strip("."):
            raise UsageError(f"--set {pair!r} is not KEY=VALUE.", "Write --set margin=0.3.")
        *groups, name = key.strip().split(".")
        inner = settings
        for group in groups:
            inner = inner.setdefault(group, {})
            if not isinstance(inner, dict):
                raise UsageError(f"--set {pair!r}: {group!r} has a value already.", "Use it as a value or as a group.")
        if isinstance(inner.get(name), dict):
            raise UsageError(f"--set {pair!r}: {name!r} is a group already.", "Use it as a value or as a group.")
        inner[name] = value
    return settings


def build_filter(where: list[str] | None, price: str | None = None, **values: list[str] | None) -> Where:
    """Join ``--where``, ``--price`` and the options named after attributes."""
    joined = Where()
    for name, wanted in values.items():
        if wanted:
            joined = joined & Where.equal(name, *wanted)
    if price is not None:
        joined = joined & Where.parse(f"price={price}")
    for condition in where or ():
        joined = joined & Where.parse(condition)
    return joined
