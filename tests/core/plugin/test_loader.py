"""Whatever an installed package does wrong is told, blamed on that package alone, and stops nobody else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from textwrap import dedent

import pytest

from fashion_match import PluginError, Plugins

Add = Callable[[str, str], EntryPoint]

GOOD = """
    from fashion_match import hookimpl

    @hookimpl
    def fm_register_readers(readers):
        readers.register("good", lambda options: "a good reader", summary="reads well")

    @hookimpl
    def fm_guess_reader(source):
        return "good" if source.endswith(".good") else None
"""

FALLBACK = """
    from fashion_match import hookimpl

    @hookimpl
    def fm_register_readers(readers):
        readers.register("folder", lambda options: "folder")

    @hookimpl(trylast=True)
    def fm_guess_reader(source):
        return "folder" if source.startswith("/") else None
"""


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Add]:
    """Write a plugin module and return the entry point that announces it."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(name: str, code: str) -> EntryPoint:
        (tmp_path / f"plugin_{name}.py").write_text(dedent(code))
        return EntryPoint(name, f"plugin_{name}", "fashion_match")

    yield write
    for module in set(sys.modules) - before:
        if module.startswith("plugin_"):
            del sys.modules[module]


def load(*installed: EntryPoint, built_in: tuple[str, ...] = (), disabled: tuple[str, ...] = ()) -> Plugins:
    return Plugins(built_in=built_in, installed=installed, disabled=disabled)


def package(plugins: Plugins, name: str) -> object:
    return next(package for package in plugins.packages if package.name == name)


BROKEN = {
    "import_error": ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
    "syntax": ("def f(:", "SyntaxError"),
    "exits": ("raise SystemExit(7)", "SystemExit: 7"),
    "silent": ("raise RuntimeError", "RuntimeError"),
    "many_lines": ("raise ValueError('first\\nsecond')", "ValueError: first"),
    "argument": (
        "from fashion_match import hookimpl\n@hookimpl\ndef fm_register_readers(reader): ...",
        "PluginValidationError",
    ),
    "unknown_hook": (
        "from fashion_match import hookimpl\n@hookimpl\ndef fm_register_reader(readers): ...",
        "fm_register_reader",
    ),
    "hook_raises": (
        "from fashion_match import hookimpl\n@hookimpl\ndef fm_register_readers(readers):\n"
        "    readers.register('half', lambda options: None)\n    raise KeyError('half-way')",
        "KeyError: 'half-way'",
    ),
    "hook_exits": (
        "from fashion_match import hookimpl\n@hookimpl\ndef fm_register_readers(readers):\n    raise SystemExit(1)",
        "SystemExit: 1",
    ),
    "duplicate": (
        "from fashion_match import hookimpl\n@hookimpl\ndef fm_register_readers(readers):\n"
        "    readers.register('mine', lambda options: None)\n    readers.register('good', lambda options: None)",
        "PluginError: the reader 'good' of duplicate is already registered by agood.",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_package_is_explained_and_the_others_work(name: str, add: Add) -> None:
    code, reason = BROKEN[name]
    plugins = load(add("agood", GOOD), add(name, code), add("zlast", FALLBACK))
    assert [entry.name for entry in plugins.readers] == ["folder", "good"]
    broken = package(plugins, name)
    assert reason in broken.error
    assert "\n" not in broken.error
    assert "Traceback" in broken.traceback
    assert package(plugins, "agood").error is None
    assert package(plugins, "zlast").error is None
    assert plugins.readers["good"].make() == "a good reader"
    assert plugins.guess_reader("/x.good") == "good"
    with pytest.raises(PluginError, match=f"the plugin package {name} is broken"):
        plugins.find(name)


def test_a_built_in_that_breaks_is_our_bug_and_raises(add: Add) -> None:
    add("mine", "import nowhere_to_be_found")
    with pytest.raises(ModuleNotFoundError):
        load(built_in=("plugin_mine",))


def test_a_healthy_package_says_its_hooks(add: Add) -> None:
    good = package(load(add("good", GOOD)), "good")
    assert good.hooks == ["fm_guess_reader", "fm_register_readers"]
    assert good.module == "plugin_good"


def test_a_missing_attribute_of_an_entry_point_is_explained(add: Add) -> None:
    add("good", GOOD)
    plugins = load(EntryPoint("good", "plugin_good:nothing", "fashion_match"))
    assert "has no attribute 'nothing'" in package(plugins, "good").error


def test_a_broken_hook_takes_out_everything_its_package_registered(add: Add) -> None:
    code = """
        from fashion_match import hookimpl

        @hookimpl
        def fm_register_backbones(backbones):
            backbones.register("net", lambda options, *, weights: None)

        @hookimpl
        def fm_register_readers(readers):
            raise RuntimeError("no")
    """
    plugins = load(add("half", code))
    assert [entry.name for entry in plugins.backbones] == ["net"]
    assert [entry.name for entry in plugins.readers] == []
    assert [entry.name for entry in plugins.backbones] == []


def test_two_packages_of_one_name_the_second_is_refused(add: Add, tmp_path: Path) -> None:
    first = add("good", GOOD)
    add("other", GOOD.replace('"good"', '"second"'))
    plugins = load(first, EntryPoint("good", "plugin_other", "fashion_match"))
    assert [entry.name for entry in plugins.readers] == ["good"]
    healthy, refused = plugins.packages
    assert healthy.error is None
    assert "another plugin package is already called 'good'" in refused.error


def test_a_package_cannot_displace_a_built_in_by_its_name(add: Add) -> None:
    add("mine", FALLBACK)
    thief = EntryPoint("plugin_mine", "plugin_thief", "fashion_match")
    add("thief", GOOD)
    plugins = load(thief, built_in=("plugin_mine",))
    assert [entry.name for entry in plugins.readers] == ["folder"]
    assert plugins.packages[1].error is not None


def test_disabled_packages_are_listed_but_not_imported(add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = add("evil", "raise SystemExit('imported')")
    monkeypatch.setenv("FM_DISABLE_PLUGINS", " evil , unheard-of")
    plugins = Plugins(built_in=(), installed=[entry, add("good", GOOD)])
    evil = package(plugins, "evil")
    assert evil.disabled
    assert evil.error is None
    assert "plugin_evil" not in sys.modules
    assert [entry.name for entry in plugins.readers] == ["good"]
    with pytest.raises(PluginError, match="the plugin package evil is disabled"):
        plugins.find("evil")


def test_what_a_package_prints_stays_off_standard_output(add: Add, capsys: pytest.CaptureFixture[str]) -> None:
    load(add("chatty", "print('thank you for installing chatty')"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "thank you" in captured.err


def test_installed_packages_are_loaded_in_the_order_of_their_names(add: Add) -> None:
    plugins = load(add("b", GOOD), add("a", FALLBACK))
    assert [package.name for package in plugins.packages] == ["a", "b"]


def test_plugins_guess_before_built_ins_and_the_plain_folder_last(add: Add) -> None:
    add("builtin", GOOD.replace('"good"', '"builtin"'))
    add("folder", FALLBACK)
    third = add("third", GOOD.replace('"good"', '"third"').replace(".good", ".third.good"))
    plugins = load(third, built_in=("plugin_folder", "plugin_builtin"))
    assert plugins.guess_reader("/x.third.good") == "third"
    assert plugins.guess_reader("/x.good") == "builtin"
    assert plugins.guess_reader("/x") == "folder"
    with pytest.raises(PluginError, match=r"no reader recognises 'x'\.\nName one with --reader"):
        plugins.guess_reader("x")


def test_a_guess_that_raises_is_recorded_and_passed_over(add: Add) -> None:
    code = GOOD.replace('return "good" if source.endswith(".good") else None', 'raise OSError("cannot look")')
    plugins = load(add("zwild", code.replace('"good"', '"wild"')), add("good", GOOD))
    assert plugins.guess_reader("x.good") == "good"
    assert package(plugins, "zwild").error == "OSError: cannot look"
    assert "wild" in plugins.readers, "its reader can still be named with --reader"


def test_a_built_in_guess_that_raises_is_our_bug(add: Add) -> None:
    add("wild", "from fashion_match import hookimpl\n@hookimpl\ndef fm_guess_reader(source):\n    raise OSError('no')")
    with pytest.raises(OSError, match="no"):
        load(built_in=("plugin_wild",)).guess_reader("x")


def test_commands_of_a_broken_package_do_not_stop_the_program(add: Add) -> None:
    typer = pytest.importorskip("typer")
    code = """
        from fashion_match import hookimpl

        @hookimpl
        def fm_register_commands(app):
            app.command("hello")(lambda: None)
    """
    app = typer.Typer()
    wild = code.replace('app.command("hello")(lambda: None)', 'raise KeyError("no")')
    plugins = load(add("hello", code), add("wild", wild))
    plugins.register_commands(app)
    assert package(plugins, "wild").error == "KeyError: 'no'"
    assert package(plugins, "hello").error is None
    assert "hello" in [command.name for command in app.registered_commands]


def test_find_by_plugin_by_package_and_by_nearest_spelling(add: Add) -> None:
    plugins = load(add("shelf", GOOD), add("quiet", "x = 1"))
    assert [entry.name for entry in plugins.find("good")] == ["good"]
    assert [entry.name for entry in plugins.find("shelf")] == ["good"]
    assert plugins.find("quiet") == []
    with pytest.raises(PluginError, match=r"there is no plugin 'goood'\.\nDid you mean 'good'\?"):
        plugins.find("goood")


@pytest.mark.parametrize("kind", ["readers", "backbones", "losses", "methods", "recommenders"])
def test_every_kind_of_plugin_has_its_hook_and_its_registry(kind: str, add: Add) -> None:
    code = f"""
        from fashion_match import hookimpl

        @hookimpl
        def fm_register_{kind}({kind}):
            {kind}.register("mine", lambda options, **context: "made")
    """
    plugins = load(add("good", code))
    assert plugins.registries[kind]["mine"].make() == "made"
    assert sum(map(len, plugins.registries.values())) == 1
    assert plugins.packages[0].error is None


def test_every_catalogue_is_its_own(add: Add) -> None:
    with_plugin, without = load(add("good", GOOD)), load()
    assert len(with_plugin.readers) == 1
    assert len(without.readers) == 0
