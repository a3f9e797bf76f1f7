"""The tutorial on plugins is run: its package is loaded, checked, and its own tests pass."""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import fashion_match
from fashion_match import Item, Plugins
from fashion_match.cli import make_app
from fashion_match.core.plugin import hookspecs
from fashion_match.testing import run_checks

PAGE = (Path(fashion_match.__file__).parents[1] / "docs" / "plugins.md").read_text("utf-8")
FENCED = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
FILES = {code.split("\n")[0].removeprefix("# "): code for language, code in FENCED if language}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The files of the page, importable."""
    for name, code in FILES.items():
        file = tmp_path / "package" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "package" / "src"))
    monkeypatch.syspath_prepend(str(tmp_path / "package" / "tests"))
    yield tmp_path / "package"
    for name in [name for name in sys.modules if name.split(".")[0] in ("fm_lookbook", "test_lookbook")]:
        del sys.modules[name]


@pytest.fixture
def plugins(package: Path) -> Plugins:
    announced = tomllib.loads(FILES["pyproject.toml"])["project"]["entry-points"]["fashion_match"]
    return Plugins(installed=[EntryPoint(name, module, "fashion_match") for name, module in announced.items()])


def test_the_package_loads_and_keeps_its_contracts(plugins: Plugins) -> None:
    assert [package.error for package in plugins.packages] == [None] * len(plugins.packages)
    assert plugins.backbones["patches"].make({"width": "16"}, weights="none").dim == 16
    results = [r for name in ("lookbook", "patches", "pull", "rank") for r in run_checks(plugins, name)]
    assert [f"{r.check}: {r.detail}" for r in results if r.outcome == "failed"] == []
    assert len([r for r in results if r.outcome == "passed"]) > 20


def test_the_reader_is_guessed_and_reads(plugins: Plugins, tmp_path: Path) -> None:
    (tmp_path / "lookbook.txt").write_text("red.png Shirt Red\n")
    assert plugins.guess_reader(str(tmp_path)) == "lookbook"
    (item,) = plugins.readers["lookbook"].make({"season": "Spring"}).read(str(tmp_path))
    assert isinstance(item, Item)
    assert item.attributes == {"category": "Shirt", "color": "Red", "season": "Spring"}
    assert item.image == tmp_path / "red.png"


def test_its_own_tests_pass(package: Path, tmp_path: Path) -> None:
    tests = importlib.import_module("test_lookbook")
    (tmp_path / "source").mkdir()
    tests.test_reader(tmp_path / "source")
    tests.test_backbone()
    tests.test_loss()
    tests.test_method()


@pytest.mark.parametrize("name", [f"src/fm_lookbook/{part}.py" for part in ("reader", "backbone", "loss", "method")])
def test_a_plugin_needs_about_25_lines(name: str) -> None:
    assert len([line for line in FILES[name].splitlines()[1:] if line.strip()]) <= 28
    assert "fashion_match." not in FILES[name], "only what fashion_match itself exports"


def test_every_hook_is_described_with_its_arguments() -> None:
    described = dict(re.findall(r"^\| `(fm_\w+)\((\w+)\)`", PAGE, re.MULTILINE))
    hooks = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("fm_")}
    assert described == {name: hook.__code__.co_varnames[0] for name, hook in hooks.items()}


def test_its_commands_are_commands_of_fm() -> None:
    import typer

    group = vars(typer.main.get_command(make_app()))["commands"]
    blocks = "".join(code for language, code in FENCED if not language)
    told = [line.split()[1:] for line in blocks.splitlines() if line.startswith("fm ")]
    assert len(told) >= 6
    for command, *rest in told:
        assert command in group
        inner = getattr(group[command], "commands", None)
        if inner and rest:
            assert rest[0] in inner
        known = {
            option for part in (inner[rest[0]] if inner and rest else group[command]).params for option in part.opts
        }
        assert {word for word in rest if word.startswith("--")} <= known
