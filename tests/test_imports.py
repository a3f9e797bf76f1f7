"""Who may import whom, and what is not imported until it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import fashion_match

ROOT = Path(fashion_match.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

WORDS = ("attribute", "comparison", "error", "evaluation", "item", "kind", "output", "protocol", "settings", "where")
"""Modules of the core that everyone shares."""
FLOORS = (
    ("__main__",),
    ("cli", "command", "serve", "testing"),
    ("use case",),
    ("train", "evaluate", "report", "collect"),
    ("metric",),
    ("model", "store", "web"),
    ("plugin",),
    ("word",),
)
"""Rooms from the top down. Imports go down; within one floor they stay in their room."""


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """Return the room of a module of the package, ``""`` for the package itself."""
    first, *rest = module.split(".")[1:] or [""]
    if first != "core":
        return first
    if len(rest) > 1 or (rest and (ROOT / "core" / rest[0]).is_dir()):
        return rest[0]
    return "word" if rest and rest[0] in WORDS else "use case" if rest else "word"


def is_for_types_alone(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports_of(file: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each imported module with the names taken from it, as they are when the program runs."""
    package = name_of(file) if file.name == "__init__.py" else name_of(file).rpartition(".")[0]

    def walk(node: ast.AST) -> Iterator[tuple[str, list[str]]]:
        for child in ast.iter_child_nodes(node):
            if is_for_types_alone(child):
                continue
            if isinstance(child, ast.Import):
                yield from ((alias.name, []) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = ".".join(package.split(".")[: len(package.split(".")) - child.level + 1]) if child.level else ""
                yield ".".join(filter(None, [base, child.module])), [alias.name for alias in child.names]
            else:
                yield from walk(child)

    yield from walk(ast.parse(file.read_text("utf-8")))


def own_imports(file: Path) -> Iterator[str]:
    """Yield the modules of the package that ``file`` imports."""
    for module, names in imports_of(file):
        if module.split(".")[0] != "fashion_match":
            continue
        inner = [f"{module}.{name}" for name in names]
        inner = [name for name in inner if (ROOT.parent / name.replace(".", "/")).with_suffix(".py").exists()]
        yield from inner or [module]


@pytest.mark.parametrize("file", [f for f in MODULES if room_of(name_of(f)) not in ("", "plugins")], ids=name_of)
def test_imports_go_down_only(file: Path) -> None:
    floor = {room: n for n, rooms in enumerate(FLOORS) for room in rooms}
    here = room_of(name_of(file))
    for module in own_imports(file):
        there = room_of(module)
        if there in ("", here):
            continue
        top = {"cli", "command", "serve", "testing"}
        allowed = there in floor and (floor[there] > floor[here] or {here, there} <= top)
        assert allowed, f"{name_of(file)} ({here}) must not import {module} ({there})"


@pytest.mark.parametrize("file", [file for file in MODULES if "plugins" in file.parts], ids=name_of)
def test_built_in_plugins_import_what_a_stranger_could(file: Path) -> None:
    for module, names in imports_of(file):
        if module == "fashion_match":
            for name in names:
                assert name in fashion_match.__all__ or (ROOT / name).is_dir(), f"{name} is not exported"
        elif module.startswith("fashion_match."):
            assert module.startswith("fashion_match.plugins"), f"{name_of(file)} imports {module}"


def test_every_exported_name_is_there() -> None:
    for name in fashion_match.__all__:
        assert getattr(fashion_match, name) is not None
        assert name in dir(fashion_match)
    with pytest.raises(AttributeError, match="no attribute 'Itme'"):
        fashion_match.Itme  # noqa: B018


def test_the_type_checker_sees_the_same_names() -> None:
    tree = ast.parse((ROOT / "__init__.py").read_text("utf-8"))
    (block,) = [node for node in tree.body if is_for_types_alone(node)]
    seen = {alias.name for node in ast.walk(block) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == {name for name in fashion_match.__all__ if not name.startswith("__")}


HEAVY = (
    "PIL",
    "lightning",
    "matplotlib",
    "numpy",
    "openvino",
    "pyarrow",
    "pytorch_metric_learning",
    "qdrant_client",
    "safetensors",
    "scipy",
    "sklearn",
    "torch",
    "torchvision",
)


@pytest.mark.parametrize(
    "program",
    [
        "import fashion_match",
        "from fashion_match import *",
        "import fashion_match; [list(r) for r in fashion_match.Plugins().registries.values()]",
        "import sys; sys.argv = ['fm', '--help']; from fashion_match.cli import main; sys.exit(main())",
        "import sys; sys.argv = ['fm', 'plugins', '--json']; from fashion_match.cli import main; sys.exit(main())",
        "import fashion_match.testing",
    ],
)
def test_what_is_not_needed_is_not_imported(program: str) -> None:
    report = f"import sys; print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    code = f"import atexit; atexit.register(lambda: exec({report!r}, {{}}))\n{program}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "[]"
