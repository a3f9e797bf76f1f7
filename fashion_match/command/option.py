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

    What has a value and options of its own, ``["loss=contrastive", "loss.neg_margin=0.8"]``, becomes
    ``{"loss": {"name": "contrastive", "neg_margin": "0.8"}}``.

    Raises:
        UsageError: a pair has no ``=`` or no key.
    """
    settings: dict[str, Any] = {}
    for pair in pairs or ():
        key, equal, value = pair.partition("=")
        groups = key.strip().split(".")
        if not equal or not all(groups):
            raise UsageError(f"--set {pair!r} is not KEY=VALUE.", "Write --set margin=0.3.")
        name = groups.pop()
        inner = settings
        for group in groups:
            before = inner.setdefault(group, {})
            if not isinstance(before, dict):
                before = inner[group] = {NAME: before}
            inner = before
        if isinstance(inner.get(name), dict):
            inner, name = inner[name], NAME
        inner[name] = value
    return settings


NAME = "name"
"""Key of the value itself, where a key has a value and options."""


def parse_description(pairs: list[str] | None) -> dict[str, str]:
    """Turn ``["color=Blue", "season=Summer"]`` into ``{"color": "Blue", "season": "Summer"}``.

    Raises:
        UsageError: a pair lacks the key or the value, or a key is given twice.
    """
    described: dict[str, str] = {}
    for pair in pairs or ():
        name, _, value = (part.strip() for part in pair.partition("="))
        if not name or not value:
            raise UsageError(f"--describe {pair!r} is not KEY=VALUE.", "Write --describe color=Blue.")
        if name in described:
            raise UsageError(
                f"--describe gives two values of {name}: {described[name]} and {value}.", "One garment has one of them."
            )
        described[name] = value
    return described


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
