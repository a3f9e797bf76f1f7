"""The command line: ``fm``. Here, and in ``fashion_match.command``, is the only printing and the only exit."""

from __future__ import annotations

import sys

import typer

from fashion_match.command import (
    cluster,
    collect,
    collection_map,
    collections,
    compare,
    doctor,
    evaluate,
    ingest,
    items,
    match,
    neighbors,
    plugins,
    query,
    readers,
    recommend,
    show,
    study,
    tag,
    train,
)
from fashion_match.core.error import FashionMatchError
from fashion_match.core.plugin.loader import Plugins

INTERRUPTED = 130
"""What a shell reports for a program that Ctrl-C ended."""


def make_app() -> typer.Typer:
    """Return the built-in commands."""
    app = typer.Typer(
        name="fm",
        help="Garment photos in, a searchable catalogue out.",
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",  # as "rich" it would take "[the default]" for a style, and show nothing
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_version)
    app.command("collect")(collect.collect)
    app.command("ingest")(ingest.ingest)
    app.command("query")(query.query)
    app.command("recommend")(recommend.recommend)
    app.command("neighbors")(neighbors.neighbors)
    app.command("cluster")(cluster.cluster)
    app.command("map")(collection_map.draw_map)
    app.command("match")(match.match)
    app.command("tag")(tag.tag)
    app.command("eval")(evaluate.evaluate)
    app.command("compare")(compare.compare)
    app.command("train")(train.train)
    app.command("reproduce")(train.reproduce)
    app.command("study")(study.study)
    app.add_typer(items.app, name="items")
    app.add_typer(collections.app, name="collections")
    app.add_typer(readers.app, name="readers")
    app.add_typer(plugins.app, name="plugins")
    app.command("doctor")(doctor.doctor)
    return app


def _add_commands(app: typer.Typer, plugins: Plugins) -> None:
    """Add the plugins' own commands; one that is called like a built-in one is left out, and that is said."""
    added = typer.Typer()
    plugins.register_commands(added)
    taken = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    for command in added.registered_commands:
        if _is_free(command.name or getattr(command.callback, "__name__", "").replace("_", "-"), taken):
            app.registered_commands.append(command)
    for group in added.registered_groups:
        if _is_free(group.name or "", taken):
            app.registered_groups.append(group)


def _is_free(name: str, taken: set[str | None]) -> bool:
    if name in taken:
        show.say(f"A plugin's command {name} is left out: fm has a command of that name already.")
    return name not in taken


def _print_version(wanted: bool) -> None:
    if wanted:
        from fashion_match import __version__

        show.tell(f"fm {__version__}")
        raise typer.Exit


def _version(
    version: bool = typer.Option(False, "--version", help="Print the version.", is_eager=True, callback=_print_version),
) -> None:
    """Garment photos in, a searchable catalogue out."""


def main(arguments: list[str] | None = None) -> int:
    """Run ``fm`` and return its exit code.

    0 done; 2 wrong use; 3 some data failed; 4 model; 5 store. A bug of ours raises, which makes Python exit with 1.
    """
    loaded = Plugins()
    app = make_app()
    _add_commands(app, loaded)
    try:
        code = app(args=arguments, standalone_mode=False, obj=loaded)
    except FashionMatchError as error:
        show.say(f"fm: {error}")
        return error.exit_code
    except typer.TyperException as error:  # the parser's: an unknown command, a value of the wrong type
        error.show()  # type: ignore[attr-defined]  # all that the parser raises have it
        return error.exit_code
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # who reads our output has seen enough, as `head` does
            return 0
        raise
    except typer.Abort:  # Ctrl-C or the end of input at a question
        return INTERRUPTED
    if code == INTERRUPTED:
        show.say(
            "Interrupted. What was stored stays: after ingest, neighbors --all, collect and study the same command "
            "goes on from there, `fm train` with --resume; others begin anew."
        )
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(main())
